//! The host's own key in its file: made once, whole or not at all, and read only
//! where nobody else could have read it; or as a credential that systemd has unsealed.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

const KEY_LENGTH: usize = 32;

/// The host's own key: 32 random bytes in a file of its own, so that a copy of the
/// store alone can be attacked by nobody. Wiped when dropped, shown nowhere.
pub struct HostKey(Box<Zeroizing<[u8; KEY_LENGTH]>>);

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why there is no host key. Without one, nobody logs in offline.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// The file cannot be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// The file could have been read or written by others: an administrator must look.
    #[error("{}: {what}", path.display())]
    Unsafe {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The kernel gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// What the credential with the key is called; docs/host-key.md says how to make it.
const CREDENTIAL: &str = "muster.host-key";

impl HostKey {
    /// The key that systemd has unsealed into `credentials` (`$CREDENTIALS_DIRECTORY`), if
    /// there is one; else the one at `path`, made there first.
    ///
    /// A credential that is there and unfit is an error: going on with another key would
    /// leave everybody's verifiers behind without a word.
    pub fn unsealed_or_own(credentials: Option<&Path>, path: &Path) -> Result<Self, HostKeyError> {
        let Some(sealed) = credentials.map(|folder| folder.join(CREDENTIAL)) else {
            return Self::load_or_create(path);
        };
        match open_private(&sealed) {
            // systemd answers for the folder's and the file's modes.
            Ok(file) => Self::read(&sealed, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::load_or_create(path),
            Err(error) => Err(at(&sealed)(error)),
        }
    }

    /// Known bytes, for tests.
    pub fn from_bytes(bytes: [u8; KEY_LENGTH]) -> Self {
        Self(Box::new(Zeroizing::new(bytes)))
    }

    pub(super) fn expose(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }

    /// Reads the key at `path`, or makes it there first. Two that start at once get
    /// the same key, and a crash leaves a whole key or none.
    pub fn load_or_create(path: &Path) -> Result<Self, HostKeyError> {
        match open_private(path) {
            Ok(file) => Self::load(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::create(path)?;
                Self::load(path, open_private(path).map_err(at(path))?)
            }
            Err(error) => Err(at(path)(error)),
        }
    }

    fn load(path: &Path, file: File) -> Result<Self, HostKeyError> {
        check_private(path, &file)?;
        Self::read(path, file)
    }

    fn read(path: &Path, mut file: File) -> Result<Self, HostKeyError> {
        let length = file.metadata().map_err(at(path))?.len();
        if u64::try_from(KEY_LENGTH) != Ok(length) {
            let path = path.to_owned();
            let what = "does not hold 32 bytes";
            return Err(HostKeyError::Unsafe { path, what });
        }
        let mut key = Box::new(Zeroizing::new([0; KEY_LENGTH]));
        file.read_exact(key.as_mut_slice()).map_err(at(path))?;
        Ok(Self(key))
    }

    /// Writes a new key beside `path` and links it there, which fails if one is there by now.
    fn create(path: &Path) -> Result<(), HostKeyError> {
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        getrandom::fill(key.as_mut_slice()).map_err(HostKeyError::Random)?;
        let draft = path.with_extension(format!("new-{}", std::process::id()));
        // Left by a crash of an earlier process with our number.
        let _ = std::fs::remove_file(&draft);
        let linked = write_private(&draft, key.as_slice())
            .and_then(|()| std::fs::hard_link(&draft, path))
            .or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Ok(()),
                _ => Err(error),
            });
        let removed = std::fs::remove_file(&draft);
        linked
            .and(removed)
            .and_then(|()| sync_folder(path))
            .map_err(at(path))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> HostKeyError {
    move |source| HostKeyError::Io {
        path: path.to_owned(),
        source,
    }
}

/// No link is followed, and a FIFO in the file's place does not make us wait.
fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)
}

fn check_private(path: &Path, file: &File) -> Result<(), HostKeyError> {
    let status = file.metadata().map_err(at(path))?;
    let length = u64::try_from(KEY_LENGTH).unwrap_or(u64::MAX);
    let what = if !status.is_file() {
        "is not a regular file"
    } else if status.uid() != rustix::process::geteuid().as_raw() {
        "belongs to somebody else"
    } else if status.mode() & 0o7177 != 0 {
        "others may read or write it: its mode must be 0600; if it was so by mistake, remove the \
         file, and everybody logs in online once"
    } else if status.len() != length {
        "does not hold 32 bytes: remove it, and everybody logs in online once"
    } else {
        return Ok(());
    };
    Err(HostKeyError::Unsafe {
        path: path.to_owned(),
        what,
    })
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_host_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.key");
        let first = HostKey::load_or_create(&path).unwrap();
        let again = HostKey::load_or_create(&path).unwrap();
        assert_eq!(first.0.as_slice(), again.0.as_slice());
        assert_ne!(first.0.as_slice(), [0; KEY_LENGTH]);
        assert_eq!(format!("{first:?}"), "***");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing but the key is left");
    }

    #[test]
    fn a_key_that_systemd_has_unsealed_counts_and_an_unfit_one_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let (credentials, path) = (folder.path().join("creds"), folder.path().join("host.key"));
        std::fs::create_dir(&credentials).unwrap();
        let load = || HostKey::unsealed_or_own(Some(&credentials), &path);
        let own = load().unwrap();
        std::fs::write(credentials.join(CREDENTIAL), [9; KEY_LENGTH]).unwrap();
        assert_eq!(load().unwrap().0.as_slice(), [9; KEY_LENGTH]);
        assert_ne!(own.0.as_slice(), [9; KEY_LENGTH]);
        std::fs::write(credentials.join(CREDENTIAL), b"too short").unwrap();
        assert!(matches!(load(), Err(HostKeyError::Unsafe { .. })));
        let without = HostKey::unsealed_or_own(None, &path).unwrap();
        assert_eq!(without.0.as_slice(), own.0.as_slice());
    }

    #[test]
    fn a_key_that_another_has_made_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.key");
        HostKey::create(&path).unwrap();
        let first = std::fs::read(&path).unwrap();
        HostKey::create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
    }

    #[test]
    fn an_exposed_short_or_foreign_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.key");
        let refused = || {
            matches!(
                HostKey::load_or_create(&path),
                Err(HostKeyError::Unsafe { .. })
            )
        };
        let mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        HostKey::load_or_create(&path).unwrap();
        for exposed in [0o640, 0o604, 0o620, 0o700, 0o4600] {
            mode(exposed);
            assert!(refused(), "{exposed:o}");
        }
        mode(0o400);
        assert!(!refused());
        mode(0o600);
        std::fs::write(&path, b"short").unwrap();
        assert!(refused());
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(HostKey::load_or_create(&path).is_err());
    }
}
