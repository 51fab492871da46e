//! What a careless client of Crowd's gets wrong, by the numbers of the wire document's
//! list of pitfalls: each has a test here, at muster's own client and the simulated
//! Crowd. Those that only an old, hostile or sick server shows stand beside the code;
//! docs/directories.md has the whole table.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

#[path = "../common/mod.rs"]
mod common;

mod changing;
mod events;
mod login;
mod reading;
mod transport;
