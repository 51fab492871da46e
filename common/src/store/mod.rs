//! What the broker keeps.
