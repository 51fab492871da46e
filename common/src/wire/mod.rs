//! The wire between modules, command line and broker: Varlink.
//!
//! [`message`] has one type per call, [`codec`] the frames, [`client`] the
//! calling side whose one deadline covers connect, too; `publish` (feature
//! `broker`) the way from broker to publisher; `socket` holds the system calls
//! that std has no safe way for.

pub mod client;
pub mod codec;
pub mod message;
#[cfg(feature = "broker")]
pub mod publish;
mod socket;

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
];

#[cfg(test)]
mod description_tests;
