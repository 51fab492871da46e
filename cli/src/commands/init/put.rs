//! Files that are whole and have their owner and mode before they have their name, and that replace none.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use muster_common::{local, paths};

use crate::failure::Failure;

/// Whose a file or folder is.
#[derive(Debug, Clone, Copy)]
pub enum Readers {
    /// Everybody may read it.
    All,
    /// Its owner and the broker.
    Broker,
}

/// Makes the file `path` with these bytes. Who asks for it by name finds all of it or nothing.
pub fn file(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let put = || {
        // Hidden, and 0600 from the first moment.
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(bytes)?;
        give(temporary.as_file(), readers, 0o644, 0o640)?;
        temporary.as_file().sync_all()?;
        temporary.persist_noclobber(path)?;
        File::open(folder)?.sync_all()
    };
    put().map_err(at(path))
}

/// Makes the folder `path` if it is not there.
pub fn folder(path: &Path, readers: Readers) -> Result<(), Failure> {
    let make = || match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => give(&File::open(path)?, readers, 0o755, 0o750),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    };
    make().map_err(at(path))
}

/// Sets mode and group. Root's go to the group of the broker, where the host has it; until then, and for
/// everybody else's, the owner alone reads what is not for all.
fn give(file: &File, readers: Readers, for_all: u32, for_broker: u32) -> io::Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    let group = local::group_id(Path::new(paths::GROUP), paths::BROKER_USER);
    let mode = match (readers, group) {
        (Readers::All, _) => for_all,
        (Readers::Broker, Ok(Some(group))) if is_root => {
            fchown(file, Some(0), Some(group))?;
            for_broker
        }
        // Without the group's bits.
        (Readers::Broker, _) => for_broker & 0o700,
    };
    file.set_permissions(Permissions::from_mode(mode))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path: PathBuf = path.to_owned();
    move |source| Failure::File { path, source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn a_file_is_there_whole_with_its_mode_and_nothing_else_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let secrets = place.path().join("secrets");
        folder(&secrets, Readers::Broker).unwrap();
        folder(&secrets, Readers::Broker).unwrap();
        file(&secrets.join("corp"), b"hunter2\n", Readers::Broker).unwrap();
        file(&place.path().join("muster.toml"), b"x", Readers::All).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(&place.path().join("muster.toml")), 0o644);
        // The group's bits are there only with the broker's group.
        assert_eq!(mode(&secrets) & 0o707, 0o700);
        assert_eq!(mode(&secrets.join("corp")) & 0o707, 0o600);
        assert_eq!(std::fs::read(secrets.join("corp")).unwrap(), b"hunter2\n");
        assert_eq!(std::fs::read_dir(&secrets).unwrap().count(), 1);
    }

    #[test]
    fn no_file_and_no_link_is_replaced_or_followed() {
        let place = tempfile::tempdir().unwrap();
        let there = place.path().join("there");
        std::fs::write(&there, "mine").unwrap();
        let link = place.path().join("link");
        std::os::unix::fs::symlink(place.path().join("nowhere"), &link).unwrap();
        for path in [&there, &link] {
            let refused = file(path, b"new", Readers::All).unwrap_err();
            assert!(refused.to_string().contains("exists"), "{refused}");
        }
        assert_eq!(std::fs::read(&there).unwrap(), b"mine");
        assert!(!place.path().join("nowhere").exists());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 2);
        std::fs::write(place.path().join("file"), "").unwrap();
        assert!(folder(&place.path().join("file"), Readers::All).is_err());
    }
}
