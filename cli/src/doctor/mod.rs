//! `muster doctor`: what could go wrong with muster on this host, looked for before it does.
//!
//! A check is a function from a [`host::Host`] (files below a root, and facts that were gathered before) to
//! findings. None of them waits, asks anybody, or changes anything.

mod broker;
pub mod catalogue;
pub mod facts;
mod files;
pub mod finding;
pub mod fix;
mod gather;
mod handshakes;
mod hardening;
pub mod host;
mod identities;
mod machine;
mod nsswitch;
mod pam;
mod privileged;
pub mod report;
mod sshd;
#[cfg(test)]
mod tests;
mod tls;
mod units;

pub use gather::gather;
