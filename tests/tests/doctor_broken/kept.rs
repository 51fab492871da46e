//! What a file was, and its way back.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

/// A file, a folder, a link or a socket as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// There was nothing.
    Absent,
    /// A link and where it led.
    Link(PathBuf),
    /// A file.
    File(About, Vec<u8>),
    /// A folder or a socket, whose content is nobody's business here.
    Other(About),
}

/// Whose it was, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Kept {
    /// What is at `path`.
    pub fn of(path: &Path) -> Self {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return Self::Absent;
        };
        let about = About {
            uid: metadata.uid(),
            gid: metadata.gid(),
            mode: metadata.mode() & 0o7777,
        };
        match metadata.file_type() {
            kind if kind.is_symlink() => Self::Link(fs::read_link(path).unwrap()),
            kind if kind.is_file() => Self::File(about, fs::read(path).unwrap()),
            _ => Self::Other(about),
        }
    }

    /// Makes `path` what it was. A file whose content is another is exchanged, never written to: somebody may map it.
    pub fn put_back(&self, path: &Path) {
        if Self::of(path) == *self {
            return;
        }
        match self {
            Self::Absent => remove(path),
            Self::Link(to) => {
                remove(path);
                symlink(to, path).unwrap();
            }
            Self::File(about, content) => {
                if !matches!(Self::of(path), Self::File(_, found) if found == *content) {
                    let new = path.with_file_name(".put-back");
                    fs::write(&new, content).unwrap();
                    about.set(&new);
                    fs::rename(&new, path).unwrap();
                }
                about.set(path);
            }
            Self::Other(about) => about.set(path),
        }
    }
}

impl About {
    fn set(self, path: &Path) {
        chown(path, Some(self.uid), Some(self.gid)).unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(self.mode)).unwrap();
    }
}

fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}
