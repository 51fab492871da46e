//! The broker's two sockets: handed over by systemd, or bound in a root-owned folder.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use muster_common::paths::{LOOKUP_SOCKET, ROOT_SOCKET, RUN_DIR};

/// systemd hands descriptors over from here on.
const FIRST_DESCRIPTOR: RawFd = 3;

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

/// The environment is read here, once, before any thread exists: it is systemd's protocol.
fn handed_over() -> io::Result<Option<Sockets>> {
    let environment = |name| std::env::var(name).unwrap_or_default();
    let for_us = environment("LISTEN_PID").parse() == Ok(std::process::id());
    if !for_us {
        return Ok(None);
    }
    let names = environment("LISTEN_FDNAMES");
    let (mut root, mut lookup) = (None, None);
    for (name, descriptor) in names.split(':').zip(FIRST_DESCRIPTOR..) {
        match name {
            "root.sock" => root = Some(adopt(descriptor)),
            "lookup.sock" => lookup = Some(adopt(descriptor)),
            _ => {}
        }
    }
    match (root, lookup) {
        (Some(root), Some(lookup)) => Ok(Some(Sockets { root, lookup })),
        _ => Err(io::Error::other(
            "systemd handed sockets over, but not root.sock and lookup.sock (FileDescriptorName=)",
        )),
    }
}

#[allow(
    unsafe_code,
    reason = "descriptors that systemd hands over can only be adopted by number"
)]
fn adopt(descriptor: RawFd) -> UnixListener {
    // SAFETY: LISTEN_PID names this process, so the descriptor is open, ours, and adopted once.
    let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
    UnixListener::from(owned)
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
