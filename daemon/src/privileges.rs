//! From root to the user `muster`, for good, before any thread or network exists.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use muster_common::local;
use muster_common::paths::{BROKER_USER, PASSWD, PRIVATE_DIR};
use rustix::process::{Gid, Uid};

/// Why the broker will not start.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// The user is missing.
    #[error(
        "there is no user {BROKER_USER} in {PASSWD}: `useradd --system --home-dir /var/lib/muster --shell /usr/sbin/nologin {BROKER_USER}` makes one"
    )]
    NoUser,
    /// Root would hold the network and the secrets.
    #[error("the user {BROKER_USER} has uid 0: it must be a user of its own")]
    Root,
    /// The private folder is not the broker's own.
    #[error("{PRIVATE_DIR} must be a folder of {BROKER_USER} with mode 0700")]
    PrivateFolder,
    /// The system refused.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// Becomes the user `muster` if this is root; makes the private folder first.
pub fn drop_root() -> Result<(), PrivilegeError> {
    if rustix::process::geteuid().is_root() {
        let found = local::ids_of_user(Path::new(PASSWD), BROKER_USER)?;
        let (uid, gid) = found.ok_or(PrivilegeError::NoUser)?;
        if uid == 0 || gid == 0 {
            return Err(PrivilegeError::Root);
        }
        make_private_folder(uid, gid)?;
        become_user(uid, gid)?;
    }
    Ok(())
}

fn make_private_folder(uid: u32, gid: u32) -> Result<(), PrivilegeError> {
    let path = Path::new(PRIVATE_DIR);
    if let Some(parent) = path.parent() {
        std::fs::DirBuilder::new()
            .mode(0o755)
            .recursive(true)
            .create(parent)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => std::os::unix::fs::lchown(path, Some(uid), Some(gid))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    let found = std::fs::symlink_metadata(path)?;
    let private = found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0;
    if private {
        Ok(())
    } else {
        Err(PrivilegeError::PrivateFolder)
    }
}

/// Only one thread exists, so setting its ids sets the process's.
fn become_user(uid: u32, gid: u32) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}
