//! The wire between modules, command line and broker: Varlink.
//!
//! [`message`] has one type per call, [`codec`] the frames, [`client`] the
//! calling side whose one deadline covers connect, too; [`ask`] the one question of the NSS
//! module, without allocating (feature `ask`, without the others); `publish` (feature
//! `broker`) the way from broker to publisher; `place` says whose socket is believed, `socket`
//! holds the system calls that std has no safe way for.

pub mod ask;
#[cfg(feature = "wire")]
pub mod client;
#[cfg(feature = "wire")]
pub mod codec;
#[cfg(feature = "wire")]
mod crowd;
pub mod deadline;
#[cfg(feature = "wire")]
pub mod message;
mod place;
#[cfg(feature = "broker")]
pub mod publish;
mod socket;

#[cfg(feature = "broker")]
pub use socket::uid_of_peer;

/// The largest reply, in bytes, its NUL included.
pub const REPLY_MAX: usize = 4 << 20;

#[cfg(feature = "wire")]
/// The interfaces that we define and their descriptions in Varlink's language,
/// for `org.varlink.service.GetInterfaceDescription`.
pub const INTERFACES: &[(&str, &str)] = &[
    ("org.muster1", include_str!("org.muster1.varlink")),
    (
        "org.muster1.Names",
        include_str!("org.muster1.Names.varlink"),
    ),
    (
        "org.muster1.Login",
        include_str!("org.muster1.Login.varlink"),
    ),
    (
        "org.muster1.Admin",
        include_str!("org.muster1.Admin.varlink"),
    ),
    (
        "org.muster1.Tokens",
        include_str!("org.muster1.Tokens.varlink"),
    ),
];

#[cfg(feature = "wire")]
#[cfg(test)]
mod description_tests;
