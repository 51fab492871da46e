//! The private namespaces of a world: entering them, running commands in them, ending them.

use super::base::Base;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// How namespaces are filled: plain enough to be tried by hand.
pub(super) const SCRIPT: &str = include_str!("world.sh");

/// The world's first process. Its stdin is our lifeline: when we end, however we end, it ends, and the kernel kills
/// all that lives in its process namespace.
#[derive(Debug)]
pub(super) struct Namespace {
    first: Child,
    lifeline: Option<ChildStdin>,
    pid: u32,
}

/// `unshare` running the script in new namespaces; the script's arguments follow.
pub(super) fn unshare(namespaces: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(namespaces)
        .args(["--fork", "--kill-child", "--propagation", "private"])
        .args(["bash", "-c", SCRIPT, "world.sh"]);
    command
}

impl Namespace {
    /// Makes a world: the base, a copy of the product and the test programs over the machine's root.
    #[track_caller]
    pub(super) fn enter(base: &Base, product: &Path, programs: &Path) -> Self {
        let mut first = unshare(&["--mount", "--pid", "--net", "--ipc", "--uts"])
            .arg("enter")
            .args([&base.folder, &base.tarball])
            .args([product, programs])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run unshare: {error}"));
        let lifeline = first.stdin.take();
        let mut said = String::new();
        if let Some(stdout) = first.stdout.take() {
            // What cannot be read is nothing said, and reported as such below.
            let _ = BufReader::new(stdout).read_line(&mut said);
        }
        let pid = said
            .strip_prefix("ready ")
            .and_then(|pid| pid.trim().parse().ok());
        let pid = pid.unwrap_or_else(|| panic!("the world could not be made (see above)"));
        Self {
            first,
            lifeline,
            pid,
        }
    }

    /// A command inside, killed after its deadline. It has no controlling terminal: a question for a password must
    /// not reach whoever runs the tests.
    pub(super) fn command<A: AsRef<OsStr>>(
        &self,
        deadline: Duration,
        words: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.pid.to_string()])
            .args(["--mount", "--pid", "--net", "--ipc", "--uts", "--"])
            .args(["setsid", "--wait", "timeout", "--signal=KILL"])
            .arg(deadline.as_secs().to_string())
            .args(words)
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .envs([
                ("HOME", "/root"),
                ("LC_ALL", "C.UTF-8"),
                ("DEBIAN_FRONTEND", "noninteractive"),
            ]);
        command
    }

    /// A path inside as seen from outside.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.pid.to_string())
            .join("root")
            .join(path.trim_start_matches('/'))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // It ends by itself now; waiting only clears the table of processes.
        let _ = self.first.wait();
    }
}
