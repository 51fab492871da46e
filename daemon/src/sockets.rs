//! The broker's two sockets: handed over by systemd, or bound in a root-owned folder.

use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use muster_common::paths::{LOOKUP_SOCKET, ROOT_SOCKET, RUN_DIR};
use muster_daemon::inherited;

/// Both doors, listening.
pub struct Sockets {
    /// Logins and administration.
    pub root: UnixListener,
    /// Lookups by anyone.
    pub lookup: UnixListener,
}

/// Takes the sockets from systemd, or binds them.
pub fn open() -> io::Result<Sockets> {
    let sockets = match handed_over()? {
        Some(sockets) => sockets,
        None => bind()?,
    };
    sockets.root.set_nonblocking(true)?;
    sockets.lookup.set_nonblocking(true)?;
    Ok(sockets)
}

fn handed_over() -> io::Result<Option<Sockets>> {
    let (mut root, mut lookup) = (None, None);
    let mut others = 0u32;
    for (name, listener) in inherited::listeners() {
        match name.as_str() {
            "root.sock" => root = Some(listener),
            "lookup.sock" => lookup = Some(listener),
            _ => others += 1,
        }
    }
    match (root, lookup) {
        (Some(root), Some(lookup)) => Ok(Some(Sockets { root, lookup })),
        (None, None) if others == 0 => Ok(None),
        _ => Err(io::Error::other(
            "systemd handed sockets over, but not root.sock and lookup.sock (FileDescriptorName=)",
        )),
    }
}

fn bind() -> io::Result<Sockets> {
    match std::fs::DirBuilder::new().mode(0o755).create(RUN_DIR) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    Ok(Sockets {
        root: bind_one(ROOT_SOCKET, 0o600)?,
        lookup: bind_one(LOOKUP_SOCKET, 0o666)?,
    })
}

/// Binds under a name that nobody knows, sets the mode, and moves it into place: no moment with a wrong mode.
fn bind_one(path: &str, mode: u32) -> io::Result<UnixListener> {
    let fresh = format!("{path}.{}", std::process::id());
    remove_if_there(Path::new(&fresh))?;
    let listener = UnixListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(mode))?;
    std::fs::rename(&fresh, path)?;
    Ok(listener)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
