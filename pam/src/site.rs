//! Where things lie on this host and how long the broker is waited for: given
//! in one value, so that tests can give others. Never read from the environment.

use std::path::Path;
use std::time::Duration;

use muster_common::clock::{Clock, SystemClock};
use muster_common::wire::ask::LOOK_UP;
use muster_common::wire::client::{ACKNOWLEDGE, Grace, SILENCE};
use muster_common::{journal, paths};

/// How long the broker may take in all, the person's typing not counted: well within sshd's LoginGraceTime of 120 s.
pub const OVERALL: Duration = Duration::from_secs(30);

/// How long the broker is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// To accept and to acknowledge.
    pub acknowledge: Duration,
    /// Between two signs of life.
    pub silence: Duration,
    /// For a sign of life that has reason to be late.
    pub grace: Grace,
    /// To look a name up.
    pub look_up: Duration,
    /// In all.
    pub overall: Duration,
}

/// A host, as far as the module looks at it.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// passwd(5).
    pub passwd: &'a Path,
    /// The snapshot.
    pub snapshot: &'a Path,
    /// The broker's socket for root.
    pub root_socket: &'a Path,
    /// The broker's socket for everybody.
    pub lookup_socket: &'a Path,
    /// Where syslog listens.
    pub log: &'a Path,
    /// Who must own the snapshot and the folder of the sockets.
    pub owner: u32,
    /// How long the broker is waited for.
    pub waits: Waits,
    /// What tells whether an access decision has expired.
    pub clock: &'a dyn Clock,
}

impl<'a> Site<'a> {
    /// The broker's socket for a program that may what `effective` may: root's programs speak
    /// for anybody, others only for whoever runs them.
    pub fn socket(&self, effective: u32) -> &'a Path {
        match effective {
            0 => self.root_socket,
            _ => self.lookup_socket,
        }
    }
}

impl Site<'static> {
    /// This host.
    pub fn host() -> Self {
        Self {
            passwd: Path::new(paths::PASSWD),
            snapshot: Path::new(paths::SNAPSHOT),
            root_socket: Path::new(paths::ROOT_SOCKET),
            lookup_socket: Path::new(paths::LOOKUP_SOCKET),
            log: Path::new(journal::DEV_LOG),
            owner: 0,
            waits: Waits {
                acknowledge: ACKNOWLEDGE,
                silence: SILENCE,
                grace: Grace::CROWDED,
                look_up: LOOK_UP,
                overall: OVERALL,
            },
            clock: &SystemClock,
        }
    }
}
