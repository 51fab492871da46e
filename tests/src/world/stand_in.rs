//! Something else where the broker listens: it takes connections, or not even those, and never says a word.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::net;

use super::World;

const SOCKET: &str = "/run/muster/root.sock";
/// More than a backlog of nothing takes.
const TRIES: usize = 4;

/// Listens until it is dropped.
#[derive(Debug)]
pub struct StandIn {
    _listener: UnixListener,
    _waiting: Vec<OwnedFd>,
}

impl World {
    /// A broker that takes connections and never answers.
    #[track_caller]
    pub fn deaf_broker(&self) -> StandIn {
        StandIn {
            _listener: self.listen(128),
            _waiting: Vec::new(),
        }
    }

    /// A broker whose backlog is full: connecting to it waits without an end.
    #[track_caller]
    pub fn full_broker(&self) -> StandIn {
        let listener = self.listen(0);
        let path = self.path(SOCKET);
        let waiting: Vec<_> = (0..TRIES).map_while(|_| connect_at_once(&path)).collect();
        if waiting.len() == TRIES {
            panic!("the backlog takes more than it should");
        }
        StandIn {
            _listener: listener,
            _waiting: waiting,
        }
    }

    #[track_caller]
    fn listen(&self, backlog: i32) -> UnixListener {
        let path = self.path(SOCKET);
        std::fs::remove_file(&path)
            .and_then(|()| UnixListener::bind(&path))
            .and_then(|listener| {
                std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
                net::listen(&listener, backlog)?;
                Ok(listener)
            })
            .unwrap_or_else(|error| panic!("{SOCKET}: {error}"))
    }
}

/// A connection, unless it would have to wait.
fn connect_at_once(path: &Path) -> Option<OwnedFd> {
    let flags = net::SocketFlags::NONBLOCK | net::SocketFlags::CLOEXEC;
    let stream = net::SocketType::STREAM;
    let socket = net::socket_with(net::AddressFamily::UNIX, stream, flags, None).ok()?;
    let address = net::SocketAddrUnix::new(path).ok()?;
    net::connect(&socket, &address).ok().map(|()| socket)
}
