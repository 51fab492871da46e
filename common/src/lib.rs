//! What every part of muster knows.
//!
//! The light half (always there) holds the values everybody talks about and the
//! snapshot's safe reader; it enters every process that resolves a name, so it
//! must not grow. Features add to it: `ask` the one question that the NSS module has
//! for the broker, `wire` the messages between modules and
//! broker, `writer` the making of snapshots, `journal` audit lines, `broker`
//! the heavy half (configuration, directories, stores), which the modules
//! never carry.

pub mod account;
pub mod clock;
pub mod local;
pub mod members;
pub mod name;
pub mod paths;
pub mod secret;
pub mod snapshot;
pub mod text;

#[cfg(feature = "writer")]
pub mod overrides;
#[cfg(feature = "broker")]
pub mod template;

#[cfg(feature = "journal")]
pub mod journal;
#[cfg(feature = "ask")]
pub mod wire;

#[cfg(feature = "broker")]
pub mod access;
#[cfg(feature = "broker")]
pub mod admitted;
#[cfg(feature = "broker")]
pub mod authorized_keys;
#[cfg(feature = "broker")]
pub mod certificate;
#[cfg(feature = "broker")]
pub mod config;
#[cfg(feature = "broker")]
pub mod connect;
#[cfg(feature = "broker")]
pub mod directory;
#[cfg(feature = "broker")]
pub mod homes;
#[cfg(feature = "broker")]
pub mod import_fas;
#[cfg(feature = "broker")]
pub mod memory;
#[cfg(feature = "broker")]
pub mod portable;
#[cfg(feature = "broker")]
pub mod registry;
#[cfg(feature = "broker")]
pub mod ssh_key;
#[cfg(feature = "broker")]
pub mod store;
#[cfg(feature = "broker")]
pub mod verifier;
