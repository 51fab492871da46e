//! Homes of people who are gone: locked by root, and given back.
//!
//! A lock is `chown root:root` and mode 0700 of the home itself; what lies inside is neither
//! looked at nor changed. The home is opened below its folder, no link followed, and touched
//! only through that descriptor, since people could write where the path leads. Who owned it
//! and its mode are on record before anything changes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::process::{Gid, Uid};

use crate::name::UserName;
use crate::snapshot::content::Tombstone;

/// Nobody but the owner.
const LOCKED: u32 = 0o700;
/// A record is one line.
const RECORD_MAX: u64 = 4096;

/// Where homes and the records of locked ones lie.
#[derive(Debug, Clone, Copy)]
pub struct Homes<'a> {
    /// The folders that homes lie directly in.
    pub folders: &'a [PathBuf],
    /// The folder with a record of each locked home, made if it is not there.
    pub records: &'a Path,
    /// Who owns locked homes, folders and records (0; a test's own uid).
    pub owner: u32,
    /// The group of locked homes (0; a test's own gid).
    pub group: u32,
}

/// How one home was, before it was locked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The folder that the home lies in.
    pub folder: PathBuf,
    /// Whose it was.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its mode, without the type of the file.
    pub mode: u32,
}

/// A home of somebody who is gone, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// How it stands.
    pub state: State,
}

/// How a home stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is the former user's, and can be locked.
    Open,
    /// It is locked from now on.
    Locked,
    /// It was locked before.
    LockedBefore,
    /// It is left alone, for this reason.
    LeftAlone(String),
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolve {
    /// Only look.
    List,
    /// Lock what can be locked.
    Lock,
}

/// Why homes cannot be looked after.
#[derive(Debug, thiserror::Error)]
pub enum HomesError {
    /// Only root may.
    #[error("only root looks after homes")]
    NotRoot,
    /// A folder that others could write to, or that cannot be opened.
    #[error("{}: {why}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No home of this name was locked here.
    #[error("no locked home of this name is on record")]
    NoRecord,
    /// The home is not as it was left, so that it is not given to anybody.
    #[error("{}: {why}", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
        /// What is not as it was.
        why: String,
    },
    /// The system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl Homes<'_> {
    /// The homes of `gone`, one a folder where there is any; with [`Resolve::Lock`] they are locked.
    pub fn lock(&self, gone: &Tombstone, resolve: Resolve) -> Result<Vec<Found>, HomesError> {
        let mut found = Vec::new();
        for folder in self.folders {
            let path = folder.join(gone.name.as_str());
            let home = match self.open(folder, &gone.name) {
                Ok(home) => home,
                Err(Unopened::Missing) => continue,
                Err(Unopened::Unfit(why)) => {
                    let state = State::LeftAlone(why);
                    found.push(Found { path, state });
                    continue;
                }
                Err(Unopened::Folder(error)) => return Err(error),
            };
            let state = self.lock_open(&home, folder, gone, resolve);
            let state = state.map_err(|source| HomesError::Io {
                path: path.clone(),
                source,
            })?;
            found.push(Found { path, state });
        }
        Ok(found)
    }

    fn lock_open(
        &self,
        home: &OwnedFd,
        folder: &Path,
        gone: &Tombstone,
        resolve: Resolve,
    ) -> io::Result<State> {
        let status = rustix::fs::fstat(home)?;
        let mode = status.st_mode & 0o7777;
        if self.record_of(&gone.name)?.is_some() && (status.st_uid, mode) == (self.owner, LOCKED) {
            return Ok(State::LockedBefore);
        }
        if status.st_uid != gone.uid.get() {
            return Ok(State::LeftAlone(format!(
                "it belongs to the uid {}, not to {}, whom {} was",
                status.st_uid, gone.uid, gone.name
            )));
        }
        if resolve == Resolve::List {
            return Ok(State::Open);
        }
        self.keep(
            &gone.name,
            &Record {
                folder: folder.to_owned(),
                uid: status.st_uid,
                gid: status.st_gid,
                mode,
            },
        )?;
        let (uid, gid) = (Uid::from_raw(self.owner), Gid::from_raw(self.group));
        rustix::fs::fchown(home, Some(uid), Some(gid))?;
        rustix::fs::fchmod(home, Mode::from_raw_mode(LOCKED))?;
        Ok(State::Locked)
    }

    /// Gives the locked home of `name` back, if `present`, the uid that the name has now where
    /// it has one, is that of the record. Gives its path.
    pub fn unlock(&self, name: &UserName, present: Option<u32>) -> Result<PathBuf, HomesError> {
        let at_records = |source| HomesError::Io {
            path: self.records.to_owned(),
            source,
        };
        let record = self.record_of(name).map_err(at_records)?;
        let record = record.ok_or(HomesError::NoRecord)?;
        let path = record.folder.join(name.as_str());
        let changed = |why: String| HomesError::Changed {
            path: path.clone(),
            why,
        };
        if let Some(uid) = present.filter(|uid| *uid != record.uid) {
            let was = record.uid;
            return Err(changed(format!(
                "it was the uid {was}'s, and the name has the uid {uid} now"
            )));
        }
        if !self.folders.contains(&record.folder) {
            return Err(changed(
                "homes do not lie in that folder any more".to_owned(),
            ));
        }
        let home = self
            .open(&record.folder, name)
            .map_err(|unopened| match unopened {
                Unopened::Missing => changed("it is not there any more".to_owned()),
                Unopened::Unfit(why) => changed(why),
                Unopened::Folder(error) => error,
            })?;
        let at_home = |source: io::Error| HomesError::Io {
            path: path.clone(),
            source,
        };
        let status = rustix::fs::fstat(&home).map_err(|error| at_home(error.into()))?;
        if status.st_uid != self.owner {
            return Err(changed(format!("it belongs to the uid {}", status.st_uid)));
        }
        restore(&home, &record).map_err(at_home)?;
        std::fs::remove_file(self.records.join(name.as_str())).map_err(at_records)?;
        Ok(path)
    }

    /// The home of `name` in `folder`: a folder itself, reached without a link.
    fn open(&self, folder: &Path, name: &UserName) -> Result<OwnedFd, Unopened> {
        let refused = |why: String| {
            Unopened::Folder(HomesError::Folder {
                path: folder.to_owned(),
                why,
            })
        };
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(folder, flags | OFlags::PATH, Mode::empty());
        let below = match opened {
            Ok(below) => below,
            Err(rustix::io::Errno::NOENT) => return Err(Unopened::Missing),
            Err(error) => return Err(refused(io::Error::from(error).to_string())),
        };
        let status = rustix::fs::fstat(&below);
        let status = status.map_err(|error| refused(io::Error::from(error).to_string()))?;
        if status.st_uid != self.owner || status.st_mode & 0o022 != 0 {
            return Err(refused("others than root may write this folder".to_owned()));
        }
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::RDONLY | OFlags::NONBLOCK;
        let name = OsStr::new(name.as_str());
        match rustix::fs::openat2(below.as_fd(), name, flags, Mode::empty(), resolve) {
            Ok(home) => Ok(home),
            Err(rustix::io::Errno::NOENT) => Err(Unopened::Missing),
            Err(rustix::io::Errno::LOOP) => Err(Unopened::Unfit("it is a link".to_owned())),
            Err(rustix::io::Errno::NOTDIR) => Err(Unopened::Unfit("it is no folder".to_owned())),
            Err(error) => Err(Unopened::Unfit(io::Error::from(error).to_string())),
        }
    }

    /// The record of `name`, if it is root's.
    fn record_of(&self, name: &UserName) -> io::Result<Option<Record>> {
        let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let path = self.records.join(name.as_str());
        let file = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.uid() != self.owner || metadata.mode() & 0o022 != 0 {
            return Err(io::Error::other("the record is not root's alone"));
        }
        let record = serde_json::from_reader(io::Read::take(file, RECORD_MAX))?;
        Ok(Some(record))
    }

    /// Writes a record, whole or not at all.
    fn keep(&self, name: &UserName, record: &Record) -> io::Result<()> {
        let mut folder = std::fs::DirBuilder::new();
        match folder.mode(LOCKED).create(self.records) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let metadata = std::fs::symlink_metadata(self.records)?;
        if !metadata.is_dir() || metadata.uid() != self.owner || metadata.mode() & 0o022 != 0 {
            return Err(io::Error::other(
                "the folder of records is not root's alone",
            ));
        }
        // No name ends so: it starts with a letter.
        let partial = self.records.join(format!("-{name}"));
        let mut options = File::options();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&partial)?;
        serde_json::to_writer(&mut file, record)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&partial, self.records.join(name.as_str()))?;
        File::open(self.records)?.sync_all()
    }
}

/// Why a home was not opened.
enum Unopened {
    Missing,
    Unfit(String),
    Folder(HomesError),
}

fn restore(home: &OwnedFd, record: &Record) -> io::Result<()> {
    // root's own folder is never given to anybody who was not served.
    if crate::account::check_id(record.uid).is_err() {
        return Err(io::Error::other("the record names an id of the system"));
    }
    let (uid, gid) = (Uid::from_raw(record.uid), Gid::from_raw(record.gid));
    rustix::fs::fchown(home, Some(uid), Some(gid))?;
    rustix::fs::fchmod(home, Mode::from_raw_mode(record.mode & 0o7777))?;
    Ok(())
}

#[cfg(test)]
mod tests;
