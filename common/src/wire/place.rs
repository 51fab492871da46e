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

/// A connection to the socket at `path`, in a folder of `owner`'s. `others` says whether a
/// listener who is neither `owner` nor the owner of the socket is the broker, too.
pub(super) fn connect(
    path: &Path,
    owner: u32,
    deadline: Deadline,
    others: fn(u32) -> bool,
) -> Result<Socket, Absence> {
    check_folder(path, owner)?;
    let socket = Socket::connect(path, deadline)?;
    let listener = socket.peer_uid()?;
    if listener != owner && listener != socket_owner(path)? && !others(listener) {
        return Err(Absence::Untrusted(
            "the broker's socket is served by somebody else",
        ));
    }
    Ok(socket)
}

/// Checks that only `owner` could have put the socket there.
fn check_folder(path: &Path, owner: u32) -> Result<(), Absence> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = folder.symlink_metadata()?;
    if folder.is_dir() && folder.uid() == owner && folder.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(Absence::Untrusted(
        "the socket's folder does not belong to root alone",
    ))
}

/// Whom a socket that root did not make belongs to. Whoever could put another one in its
/// place could have made this one.
fn socket_owner(path: &Path) -> Result<u32, Absence> {
    let socket = path.symlink_metadata()?;
    if !socket.file_type().is_socket() {
        return Err(Absence::Untrusted(
            "in the socket's place lies something else",
        ));
    }
    Ok(socket.uid())
}
