//! The listener's door: open, or shut with the port still ours.

use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Whether connections are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// They are.
    Open,
    /// They are refused.
    Shut,
}

#[derive(Debug)]
struct State {
    wanted: Door,
    is: Door,
    given_up: bool,
    connections: CancellationToken,
}

/// Orders to the listening task, with its answer that they are carried out.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    carried_out: Condvar,
    ordered: Notify,
}

impl Default for Gate {
    fn default() -> Self {
        let state = State {
            wanted: Door::Open,
            is: Door::Open,
            given_up: false,
            connections: CancellationToken::new(),
        };
        Self {
            state: Mutex::new(state),
            carried_out: Condvar::new(),
            ordered: Notify::new(),
        }
    }
}

impl Gate {
    /// Opens or shuts, and returns when it is done. Shutting cuts open connections.
    /// Blocks: never to be called from the listening task's own thread.
    pub fn order(&self, door: Door) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.wanted = door;
        if door == Door::Shut {
            state.connections.cancel();
            state.connections = CancellationToken::new();
        }
        self.ordered.notify_one();
        while state.is != door && !state.given_up {
            state = self
                .carried_out
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What a new connection's task watches: cancelled when the door shuts.
    pub fn connection(&self) -> CancellationToken {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .connections
            .clone()
    }

    /// Returns when an order differs from what is.
    pub async fn until_ordered(&self, door: Door) {
        loop {
            let ordered = self.ordered.notified();
            if self
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .wanted
                == door
            {
                return;
            }
            ordered.await;
        }
    }

    /// Lets those go who wait for a listening task that has ended.
    pub fn give_up(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .given_up = true;
        self.carried_out.notify_all();
    }

    /// Tells whoever gave the order that it is done.
    pub fn done(&self, door: Door) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is = door;
        self.carried_out.notify_all();
    }
}

/// Takes `address` without listening: connections to it are refused, and
/// nobody else can get it.
pub fn hold(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Begins to listen on what was held.
pub fn listen(socket: TcpSocket) -> std::io::Result<TcpListener> {
    socket.listen(BACKLOG)
}
