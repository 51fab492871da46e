//! The host that is examined: its files below a root, and what was asked of what runs.
//!
//! Nothing here waits: files are opened without blocking and read up to a limit, links stay below the root,
//! and below the broker's own folder nothing is opened at all.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use muster_common::config::{self, Config, ConfigErrors};
use muster_common::local::{self, LocalFiles};
use muster_common::paths;
use muster_common::snapshot::content::Content;
use muster_common::snapshot::reader::Snapshot;
use muster_common::text::with_causes;
use rustix::fs::{
    CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, readlinkat,
};

use super::facts::Facts;

/// No file that is examined is longer; of a longer one the rest is not read.
const FILE_MAX: u64 = 4 << 20;
/// The kernel gives no longer record of its log, and none to a reader with less room.
const KERNEL_RECORD_MAX: usize = 8192;
/// No folder that is examined has more files that matter.
const FOLDER_MAX: usize = 4096;

/// What the system says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// The permission bits.
    pub mode: u32,
    /// What it is.
    pub kind: FileType,
    /// When it was last written, seconds since 1970.
    pub modified: u64,
}

/// The end of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastLines {
    /// Its last lines.
    pub text: String,
    /// Whether these are all of it.
    pub is_whole: bool,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    root: PathBuf,
    /// Who stands in root's place: 0 but in tests.
    pub owner: u32,
    /// What was asked of what runs.
    pub facts: Facts,
    /// Local users and groups.
    pub local: io::Result<LocalFiles>,
    /// The configuration.
    pub config: Result<Config, ConfigErrors>,
    /// Whom the snapshot serves, or why it cannot be read.
    pub served: Result<Content, String>,
}

impl Host {
    /// The host whose files lie below `root`.
    pub fn at(root: &Path, owner: u32, facts: Facts) -> Self {
        let below = |absolute: &str| root.join(absolute.trim_start_matches('/'));
        Self {
            root: root.to_owned(),
            owner,
            facts,
            local: LocalFiles::read(root),
            config: config::load_trusted_by(&below(paths::CONFIG), owner),
            served: served(&below(paths::SNAPSHOT), owner),
        }
    }

    /// Whether it is the host that runs this.
    pub fn is_live(&self) -> bool {
        self.facts.live
    }

    /// The file's real path.
    pub fn path(&self, absolute: &str) -> PathBuf {
        self.root.join(absolute.trim_start_matches('/'))
    }

    /// The text of a file; bytes that are no UTF-8 are replaced.
    pub fn text(&self, absolute: &str) -> io::Result<String> {
        let file = File::from(self.open(absolute, OFlags::RDONLY | OFlags::NONBLOCK)?);
        if !file.metadata()?.is_file() {
            return Err(not_regular());
        }
        let mut bytes = Vec::new();
        file.take(FILE_MAX).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The end of a file that may be longer than what is examined: whole lines only.
    pub fn last_lines(&self, absolute: &str) -> io::Result<LastLines> {
        let mut file = File::from(self.open(absolute, OFlags::RDONLY | OFlags::NONBLOCK)?);
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(not_regular());
        }
        let before = about.len().saturating_sub(FILE_MAX);
        file.seek(SeekFrom::Start(before))?;
        let mut bytes = Vec::new();
        file.take(FILE_MAX).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let is_whole = before == 0;
        let text = match (is_whole, text.split_once('\n')) {
            (false, Some((_, whole_lines))) => whole_lines.to_owned(),
            _ => text.into_owned(),
        };
        Ok(LastLines { text, is_whole })
    }

    /// What the kernel remembers of what it has said, a record a line: all there is where nothing writes it to a log.
    pub fn kernel_messages(&self, device: &str) -> io::Result<LastLines> {
        let mut device = File::from(self.open(device, OFlags::RDONLY | OFlags::NONBLOCK)?);
        let (mut said, mut record) = (Vec::new(), [0; KERNEL_RECORD_MAX]);
        while u64::try_from(said.len()).is_ok_and(|length| length < FILE_MAX) {
            match device.read(&mut record) {
                Ok(0) => break,
                Ok(length) => said.extend_from_slice(record.get(..length).unwrap_or_default()),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    // The oldest ones were overwritten meanwhile; the next one is there.
                    io::ErrorKind::BrokenPipe | io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(LastLines {
            text: String::from_utf8_lossy(&said).into_owned(),
            is_whole: false,
        })
    }

    /// What the system says of a file, through links.
    pub fn meta(&self, absolute: &str) -> io::Result<Meta> {
        let file = self.open(absolute, OFlags::PATH)?;
        let stat = fstat(&file)?;
        Ok(Meta {
            uid: stat.st_uid,
            gid: stat.st_gid,
            mode: stat.st_mode & 0o7777,
            kind: FileType::from_raw_mode(stat.st_mode),
            modified: u64::try_from(stat.st_mtime).unwrap_or(0),
        })
    }

    /// Whether there is something at that path.
    pub fn has(&self, absolute: &str) -> bool {
        self.meta(absolute).is_ok()
    }

    /// Where a link leads to; none for what is no link.
    pub fn link(&self, absolute: &str) -> Option<String> {
        let link = self.open(absolute, OFlags::PATH | OFlags::NOFOLLOW).ok()?;
        let to = readlinkat(link, "", Vec::new()).ok()?;
        to.into_string().ok()
    }

    /// The names in a folder, sorted; none where there is no such folder.
    pub fn names_in(&self, absolute: &str) -> io::Result<Vec<String>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK;
        let folder = match self.open(absolute, flags) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names: Vec<String> = Dir::read_from(&folder)?
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned))
            .filter(|name| name != "." && name != "..")
            .take(FOLDER_MAX)
            .collect();
        names.sort();
        Ok(names)
    }

    /// A local user's id and group.
    pub fn local_user(&self, name: &str) -> Option<(u32, u32)> {
        local::ids_of_user(&self.path(paths::PASSWD), name)
            .ok()
            .flatten()
    }

    /// A local group's id.
    pub fn local_group(&self, name: &str) -> Option<u32> {
        local::group_id(&self.path(paths::GROUP), name)
            .ok()
            .flatten()
    }

    /// Opens below the root: links that leave it are followed as if it were `/`.
    fn open(&self, absolute: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        if self.root == Path::new("/") {
            return Ok(openat(CWD, absolute, flags, Mode::empty())?);
        }
        let way = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, &self.root, way, Mode::empty())?;
        let inside = OsStr::from_bytes(absolute.as_bytes());
        let opened = openat2(root, inside, flags, Mode::empty(), ResolveFlags::IN_ROOT)?;
        Ok(opened)
    }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

fn served(path: &Path, owner: u32) -> Result<Content, String> {
    let snapshot = Snapshot::open_trusted_by(path, owner).map_err(|error| with_causes(&error))?;
    snapshot.verified().map_err(|error| with_causes(&error))
}
