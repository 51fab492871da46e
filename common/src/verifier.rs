//! What proves a person offline: argon2id with a host key, keyed SHA-256 for tokens.
