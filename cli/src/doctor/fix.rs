//! What `--fix` may do: modes and owners of files whose every folder is root's, the word in nsswitch.conf, and
//! nscd's memory. It never touches anything below a folder that somebody else could have put something into.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, Uid, fchmod, fchown, fstat, openat};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::runtime::Builder;

/// A repair that cannot take anything from anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// The file's mode.
    Mode {
        /// Which; absolute.
        path: PathBuf,
        /// The permission bits.
        mode: u32,
    },
    /// The file's owner; its group stays.
    Owner {
        /// Which; absolute.
        path: PathBuf,
        /// The owner: id and name.
        user: (u32, &'static str),
    },
    /// `muster` behind `files` for passwd and group.
    Nsswitch,
    /// nscd forgets what it kept.
    ForgetNames,
}

/// Why a repair was not made.
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    /// A folder on the way is not root's alone.
    #[error("{} is not root's alone: nothing below it is touched", .0.display())]
    NotRoots(PathBuf),
    /// It is a link, a device or something else that is not repaired.
    #[error("{} is neither a file nor a folder", .0.display())]
    NoFile(PathBuf),
    /// What the system said.
    #[error("{}: {source}", path.display())]
    System {
        /// What was worked on.
        path: PathBuf,
        /// Why it could not be.
        source: io::Error,
    },
    /// A program did not do it.
    #[error("{0} did not succeed")]
    Program(&'static str),
    /// A program did not end.
    #[error("{program} did not end within {} s", within.as_secs())]
    TooSlow {
        /// Which.
        program: &'static str,
        /// The deadline.
        within: Duration,
    },
}

impl Fix {
    /// The same as a command that an administrator could type.
    pub fn command(&self) -> String {
        match self {
            Self::Mode { path, mode } => format!("chmod {mode:04o} {}", path.display()),
            Self::Owner { path, user } => format!("chown {} {}", user.1, path.display()),
            Self::Nsswitch => format!("{NSSWITCH} add"),
            Self::ForgetNames => "nscd -i passwd; nscd -i group".to_owned(),
        }
    }

    /// Does it on this host, whose root is `owner` (0).
    pub fn apply(&self, owner: u32) -> Result<(), FixError> {
        match self {
            Self::Mode { path, mode } => {
                let file = open_below_root(path, owner)?;
                let done = fchmod(&file, Mode::from_raw_mode(*mode));
                done.map_err(|error| FixError::of(path, error.into()))
            }
            Self::Owner { path, user } => {
                let file = open_below_root(path, owner)?;
                let done = fchown(&file, Some(Uid::from_raw(user.0)), None);
                done.map_err(|error| FixError::of(path, error.into()))
            }
            Self::Nsswitch => run(NSSWITCH, &["add"]),
            Self::ForgetNames => {
                run("/usr/sbin/nscd", &["-i", "passwd"])?;
                run("/usr/sbin/nscd", &["-i", "group"])
            }
        }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command())
    }
}

impl FixError {
    fn of(path: &Path, source: io::Error) -> Self {
        Self::System {
            path: path.to_owned(),
            source,
        }
    }
}

/// Where the packages put the script.
const NSSWITCH: &str = "/usr/lib/muster/muster-nsswitch";

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn run(program: &'static str, arguments: &[&str]) -> Result<(), FixError> {
    run_within(program, arguments, PATIENCE)
}

/// Runs it in a process group of its own, which ends with the deadline, whatever the program has started.
pub(super) fn run_within(
    program: &'static str,
    arguments: &[&str],
    within: Duration,
) -> Result<(), FixError> {
    let failed = |error: io::Error| FixError::of(Path::new(program), error);
    let runtime = Builder::new_current_thread().enable_all().build();
    let status = runtime.map_err(failed)?.block_on(async {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        match tokio::time::timeout(within, child.wait()).await {
            Ok(status) => status.map_err(failed),
            Err(_elapsed) => {
                end_group(&child);
                let _gone = child.wait().await;
                Err(FixError::TooSlow { program, within })
            }
        }
    })?;
    match status.success() {
        true => Ok(()),
        false => Err(FixError::Program(program)),
    }
}

fn end_group(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(group) = id.and_then(Pid::from_raw) {
        let _gone = kill_process_group(group, Signal::KILL);
    }
}

/// Opens what lies at `path` without following a link, if every folder on the way is `owner`'s (or root's) and
/// nobody else can write to it. What is opened is a file or a folder, nothing that could wait or act.
fn open_below_root(path: &Path, owner: u32) -> Result<OwnedFd, FixError> {
    let failed = |at: &Path, error: rustix::io::Errno| FixError::of(at, error.into());
    let names: Vec<&OsStr> = path
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    let Some((last, folders)) = names.split_last() else {
        return Err(FixError::NoFile(path.to_owned()));
    };
    let way = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = PathBuf::from("/");
    let mut folder =
        openat(CWD, "/", way, Mode::empty()).map_err(|error| failed(Path::new("/"), error))?;
    for (position, name) in folders.iter().enumerate() {
        at.push(name);
        folder = openat(&folder, *name, way, Mode::empty()).map_err(|error| failed(&at, error))?;
        let stat = fstat(&folder).map_err(|error| failed(&at, error))?;
        let is_last = position == folders.len().saturating_sub(1);
        // In a sticky folder nobody replaces what is root's, but anybody may put something beside it.
        let sticky = stat.st_mode & 0o1000 != 0 && !is_last;
        let shared = stat.st_mode & 0o022 != 0 && !sticky;
        if shared || (stat.st_uid != owner && stat.st_uid != 0) {
            return Err(FixError::NotRoots(at));
        }
    }
    let look = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let seen = openat(&folder, *last, look, Mode::empty()).map_err(|error| failed(path, error))?;
    let stat = fstat(&seen).map_err(|error| failed(path, error))?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if !matches!(kind, FileType::RegularFile | FileType::Directory) {
        return Err(FixError::NoFile(path.to_owned()));
    }
    let read = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(&folder, *last, read, Mode::empty()).map_err(|error| failed(path, error))
}
