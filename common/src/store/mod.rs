//! What the broker keeps on disk: projections, the ledger of ids and names,
//! verifiers and attempts. (Answers that are kept for a while in memory only are
//! [`crate::memory`]'s.)
//!
//! Only `disk` names SQLite. The broker's files lie in
//! a folder of its own (0700 muster); losing them costs a full sync, the offline
//! verifiers, revocations, the memory of which derived ids were given, and the host's own
//! accounts (`kind = "local"`, see `registry`), which nobody else knows; nothing else.

pub mod attempts;
pub mod disk;
pub mod ledger;
mod listed;
pub mod names;
pub mod projection;
pub mod registry;
pub mod renewal;
pub mod revocations;
pub mod verifiers;
pub mod written;

pub use disk::{Store, StoreError};
