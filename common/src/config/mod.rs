//! The configuration: what is said, then what is meant.
