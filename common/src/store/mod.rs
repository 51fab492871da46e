//! What the broker keeps on disk: projections, the ledger of ids and names,
//! verifiers and attempts. (Answers that are kept for a while in memory only are
//! [`crate::memory`]'s.)
//!
//! Only `disk` names SQLite. The broker's files lie in
//! a folder of its own (0700 muster); losing them costs a full sync, the offline
//! verifiers, revocations and the memory of which derived ids were given, nothing else.

pub mod attempts;
pub mod disk;
pub mod ledger;
mod listed;
pub mod names;
pub mod projection;
pub mod renewal;
pub mod revocations;
pub mod verifiers;

pub use disk::{Store, StoreError};
