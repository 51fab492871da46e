//! What was asked of what runs, before the checks look at it: each question has its deadline, and none of the
//! checks asks anything itself.

use muster_common::certificate::Certificate;
use muster_common::directory::http::handshake::Untrusted;
use muster_common::wire::message::StatusReply;

/// Room on a file system.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Room {
    /// A folder on it.
    pub place: String,
    /// Bytes that a user other than root can still write.
    pub free: u64,
    /// All bytes.
    pub all: u64,
    /// Files that can still be made.
    pub free_files: u64,
    /// All files; 0 where there is no limit.
    pub all_files: u64,
}

/// A running process, as far as it matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// What it maps that is not there any more: `/var/lib/muster/public/snapshot`, modules.
    pub gone: Vec<String>,
}

/// How a handshake with a server went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shaken {
    /// It is believed; its certificates, its own first.
    Believed(Vec<Certificate>),
    /// It is not.
    Untrusted(Untrusted),
    /// Nobody is there, or nobody who speaks; why.
    NotReached(String),
    /// It cannot go well as things are: why.
    Broken(String),
}

/// A handshake with the server of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The directory's name.
    pub directory: String,
    /// The server's URL, https.
    pub url: String,
    /// How it went.
    pub shaken: Shaken,
}

/// What runs and what it says.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Whether the host that is examined is the one that runs this; else the rest is empty.
    pub live: bool,
    /// Whether this is run by root.
    pub by_root: bool,
    /// Seconds since 1970.
    pub now: u64,
    /// The broker's status, or why there is none.
    pub broker: Option<Result<StatusReply, String>>,
    /// Handshakes with the servers that are asked by https.
    pub handshakes: Vec<Handshake>,
    /// File systems.
    pub rooms: Vec<Room>,
    /// Processes that map files of muster's which were replaced, and those that keep names.
    pub processes: Vec<Process>,
    /// Whether the kernel's clock is kept by somebody; none: not known.
    pub clock_kept: Option<bool>,
    /// This program's version.
    pub version: String,
}

impl Facts {
    /// Of what does not run.
    pub fn of_an_image() -> Self {
        Self {
            now: now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..Self::default()
        }
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |span| span.as_secs())
}
