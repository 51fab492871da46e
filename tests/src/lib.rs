//! What muster is tested against, and in; never shipped.
//!
//! [`sim`] holds simulated web directories that answer as the wire documents
//! say and fail when told to; [`world`] makes hosts of their own, with muster installed
//! and real programs to log in with.

pub mod sim;
pub mod world;
