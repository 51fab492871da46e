//! muster-userdb: the snapshot through systemd's door, `io.systemd.UserDatabase`.
//!
//! A process of its own without privileges and without network, which only reads the
//! root-owned snapshot, with the modules' own checks; it is off until its socket unit is
//! enabled. Programs that ask systemd for users (userdbctl, nss-systemd, homed's PAM module)
//! see the people of the directories then, with what passwd(5) has no room for.

pub mod answer;
pub mod record;
pub mod server;

/// The interface.
pub const INTERFACE: &str = "io.systemd.UserDatabase";
/// The name of our socket in `/run/systemd/userdb`, which every record repeats.
pub const SERVICE: &str = "org.muster1.UserDatabase";
