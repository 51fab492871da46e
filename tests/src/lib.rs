//! What muster is tested against, and in; never shipped.
//!
//! [`sim`] holds simulated web directories that answer as the wire documents
//! say and fail when told to.

pub mod sim;
