//! Where the broker's socket lies, and who serves it.
//!
//! Whom it trusts: the folder of the socket must belong to root and be writable
//! for nobody else, so whatever lies in it was put there by root. Then the
//! listener (SO_PEERCRED) must be root (a socket made by systemd), the owner of
//! the socket, or the broker's user: a listener that root bound and handed to
//! somebody else is not talked to.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::deadline::Deadline;
use super::socket::Socket;
use crate::{local, paths};

/// Why there is nobody to ask.
#[derive(Debug, thiserror::Error)]
pub enum Absence {
    /// What the system said.
    #[error(transparent)]
    System(#[from] io::Error),
    /// The folder, the socket or the listener is not whose it must be.
    #[error("{0}")]
    Untrusted(&'static str),
}

/// A connection to the socket at `path`, in a folder of `owner`'s.
pub(super) fn connect(path: &Path, owner: u32, deadline: Deadline) -> Result<Socket, Absence> {
    let socket_owner = check_place(path, owner)?;
    let socket = Socket::connect(path, deadline)?;
    let listener = socket.peer_uid()?;
    if listener != owner && listener != socket_owner && !is_broker(listener) {
        return Err(Absence::Untrusted(
            "the broker's socket is served by somebody else",
        ));
    }
    Ok(socket)
}

/// Checks that only `owner` could have put the socket there; the socket's own owner.
fn check_place(path: &Path, owner: u32) -> Result<u32, Absence> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = folder.symlink_metadata()?;
    if !folder.is_dir() || folder.uid() != owner || folder.mode() & 0o022 != 0 {
        return Err(Absence::Untrusted(
            "the socket's folder does not belong to root alone",
        ));
    }
    let socket = path.symlink_metadata()?;
    if !socket.file_type().is_socket() {
        return Err(Absence::Untrusted(
            "in the socket's place lies something else",
        ));
    }
    Ok(socket.uid())
}

/// passwd(5) is read only in the rare case that a listener is neither root nor the socket's owner.
fn is_broker(uid: u32) -> bool {
    let ids = local::ids_of_user(Path::new(paths::PASSWD), paths::BROKER_USER);
    matches!(ids, Ok(Some((broker, _))) if broker == uid)
}
