//! The only HTTP: deadlines, body caps, no redirects with credentials, TLS verified.
