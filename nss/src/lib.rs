//! libnss_muster.so.2: names straight from the snapshot into the caller's buffer.
//!
//! A request goes `passwd`, `group` or `shadow` (C in, C out) → `entry` (the guard) → `current` (the snapshot
//! kept mapped; `page` counts who reads it) → `answer`, `initgroups` or `listing`
//! → `caller` (the caller's memory). Nothing here reads configuration or starts a
//! thread: this code runs inside every program. Nobody is asked and nothing waited
//! for, but on the miss of a name where a directory is asked by name (`lazy`).
//!
//! No construct here can panic (the lints forbid them); the guard in `entry` and
//! the silent hook of this library's own copy of std are for the case that one does.

mod answer;
mod caller;
mod current;
mod entry;
pub mod group;
mod initgroups;
mod lazy;
mod listing;
mod page;
pub mod passwd;
mod seat;
pub mod shadow;

#[cfg(test)]
mod tests;
