//! Asks the broker: root at its own door, everybody else at lookup.sock.

use std::path::Path;
use std::time::Duration;

use muster_common::paths::{LOOKUP_SOCKET, ROOT_SOCKET};
use muster_common::wire::client::{ACKNOWLEDGE, Connection, Deadline};
use muster_common::wire::message::Call;

use crate::failure::Failure;

/// How long a look-up may take.
pub const QUICK: Duration = Duration::from_secs(5);
/// How long a full sync of a large directory may take.
pub const LONG: Duration = Duration::from_secs(600);

/// Connects to the door that this user may use.
pub fn connect() -> Result<Connection, Failure> {
    let door = if rustix::process::geteuid().is_root() {
        ROOT_SOCKET
    } else {
        LOOKUP_SOCKET
    };
    Ok(Connection::open(
        Path::new(door),
        Deadline::after(ACKNOWLEDGE),
    )?)
}

/// Makes one call.
pub fn ask<C: Call>(call: &C, patience: Duration) -> Result<C::Reply, Failure> {
    Ok(connect()?.call(call, Deadline::after(patience))?)
}
