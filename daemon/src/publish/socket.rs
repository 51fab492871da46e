//! Where the publisher listens: a socket from systemd, or one of its own in root's folder.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use muster_common::{local, paths};

/// The socket's name in a unit (`FileDescriptorName=`).
const NAME: &str = "publish.sock";

/// Why the publisher cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody else can put things into the folder.
    #[error("{} must be a folder of root that nobody else may write", .0.display())]
    Folder(PathBuf),
    /// Nobody but root could publish.
    #[error("there is no group {} in {}", paths::BROKER_USER, paths::GROUP)]
    NoGroup,
    /// systemd handed over sockets, but not ours.
    #[error("none of the sockets that systemd handed over is called {NAME} (FileDescriptorName=)")]
    NotOurs,
    /// The system would not.
    #[error("{} cannot be used", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The socket that systemd handed over, or a new one at the usual place.
pub fn open() -> Result<UnixListener, SocketError> {
    let mut inherited = crate::inherited::listeners();
    if inherited.is_empty() {
        let group = local::group_id(Path::new(paths::GROUP), paths::BROKER_USER);
        let group = group.map_err(at(Path::new(paths::GROUP)))?;
        return bind(
            Path::new(paths::PUBLISH_SOCKET),
            0,
            group.ok_or(SocketError::NoGroup)?,
        );
    }
    let ours = inherited.iter().position(|(name, _)| name == NAME);
    match (ours, inherited.len()) {
        (Some(position), _) => Ok(inherited.swap_remove(position).1),
        // A unit without names has nothing else to hand over.
        (None, 1) => Ok(inherited.swap_remove(0).1),
        (None, _) => Err(SocketError::NotOurs),
    }
}

/// Binds `path` for `owner` and `group` alone. It gets its name last, so that it
/// never stands there with another mode.
pub fn bind(path: &Path, owner: u32, group: u32) -> Result<UnixListener, SocketError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_folder(folder, owner)?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&fresh)(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh).map_err(at(&fresh))?;
    std::os::unix::fs::chown(&fresh, Some(owner), Some(group)).map_err(at(&fresh))?;
    let mode = std::fs::Permissions::from_mode(0o660);
    std::fs::set_permissions(&fresh, mode).map_err(at(&fresh))?;
    std::fs::rename(&fresh, path).map_err(at(path))?;
    Ok(listener)
}

fn make_folder(folder: &Path, owner: u32) -> Result<(), SocketError> {
    match std::fs::DirBuilder::new().mode(0o755).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(at(folder)(error));
        }
        _ => {}
    }
    let status = std::fs::symlink_metadata(folder).map_err(at(folder))?;
    match status.is_dir() && status.uid() == owner && status.mode() & 0o022 == 0 {
        true => Ok(()),
        false => Err(SocketError::Folder(folder.to_owned())),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> SocketError {
    let path = path.to_owned();
    move |source| SocketError::System { path, source }
}
