//! Where a secret lies: a file with a checked mode, or a systemd credential.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::secret::{SECRET_MAX, Secret, SecretError};

/// A secret's place as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file, absolute.
    File(PathBuf),
    /// The file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Credential(name) => write!(f, "credential:{name}"),
        }
    }
}

/// Why a secret cannot be had. An administrator has to act; the text says how.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The file cannot be opened or read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody may read or write the file who must not.
    #[error("{} is not kept safely: {reason}", path.display())]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What to change.
        reason: String,
    },
    /// The file's content is no secret.
    #[error("{} holds no secret", path.display())]
    NoSecret {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SecretError,
    },
    /// A credential is named, but this process was given none.
    #[error(
        "credential:{0} is named, but $CREDENTIALS_DIRECTORY is not set: the unit needs LoadCredential={0}:PATH"
    )]
    NoCredentials(String),
}

/// Reads the secret at `source`. One newline at its end does not belong to it.
pub fn read_secret(source: &SecretSource) -> Result<Secret, SecretFileError> {
    match source {
        SecretSource::File(path) => read_from(path, kept_safely),
        SecretSource::Credential(name) => {
            // systemd answers for the folder's and the file's modes.
            read_from(&credential(name)?, |_| Ok(()))
        }
    }
}

/// What tells a secret's file from the one that stood there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The stamp of the secret at `source` as it is now; it is not read.
pub fn secret_stamp(source: &SecretSource) -> Result<SecretStamp, SecretFileError> {
    let path = match source {
        SecretSource::File(path) => path.clone(),
        SecretSource::Credential(name) => credential(name)?,
    };
    match std::fs::metadata(&path) {
        Ok(metadata) => Ok(SecretStamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }),
        Err(source) => Err(SecretFileError::Unreadable { path, source }),
    }
}

fn credential(name: &str) -> Result<PathBuf, SecretFileError> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
    let folder = folder.ok_or_else(|| SecretFileError::NoCredentials(name.to_owned()))?;
    Ok(Path::new(&folder).join(name))
}

fn read_from(
    path: &Path,
    check: impl FnOnce(&std::fs::Metadata) -> Result<(), String>,
) -> Result<Secret, SecretFileError> {
    let unreadable = |source| SecretFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut file = super::files::open_regular(path).map_err(unreadable)?;
    check(&file.metadata().map_err(unreadable)?).map_err(|reason| SecretFileError::Unsafe {
        path: path.to_owned(),
        reason,
    })?;
    // Room for one newline and for one byte more, which tells "too long" apart; never
    // grown, so that no copy stays behind unwiped.
    let mut bytes = Zeroizing::new([0u8; SECRET_MAX + 2]);
    let length = fill(&mut file, bytes.as_mut_slice()).map_err(unreadable)?;
    let read = bytes.get(..length).unwrap_or_default();
    let text = read.strip_suffix(b"\n").unwrap_or(read);
    Secret::typed(text).map_err(|source| SecretFileError::NoSecret {
        path: path.to_owned(),
        source,
    })
}

fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0usize;
    while let Some(rest) = buffer.get_mut(filled..)
        && !rest.is_empty()
    {
        match file.read(rest)? {
            0 => break,
            count => filled = filled.saturating_add(count),
        }
    }
    Ok(filled)
}

/// root's file, writable by nobody else, readable at most by root's group or the broker's own.
fn kept_safely(metadata: &std::fs::Metadata) -> Result<(), String> {
    let mode = metadata.mode() & 0o7777;
    if metadata.uid() != 0 {
        return Err(format!(
            "it belongs to the user {}; wanted: root",
            metadata.uid()
        ));
    }
    if mode & 0o027 != 0 {
        return Err(format!("its mode is {mode:04o}; wanted: 0640 or stricter"));
    }
    if mode & 0o040 != 0 && metadata.gid() != 0 && !is_broker_group(metadata.gid()) {
        return Err(format!(
            "the group {} may read it; wanted: root or muster",
            metadata.gid()
        ));
    }
    Ok(())
}

fn is_broker_group(gid: u32) -> bool {
    let group = crate::local::group_id(Path::new(crate::paths::GROUP), crate::paths::BROKER_USER);
    group.is_ok_and(|found| found == Some(gid))
}
