//! A host of one's own: real glibc, libpam, sshd, sudo and su with muster installed, in private namespaces over this
//! machine's root. A world starts in a second or two, nothing of it reaches the machine, and it ends with its [`World`].
//!
//! A world is test equipment: what goes wrong with it is a failed test, so its functions panic with a sentence
//! and every command has a deadline, since a hang is a failure too.
#![allow(
    clippy::panic,
    reason = "a world that cannot be made is a failed test, said at the caller's line"
)]

mod base;
mod cost;
mod journal;
mod logins;
mod namespace;
mod output;
mod services;
pub mod simulators;
mod stand_in;
pub mod three;
pub mod usual;

pub use cost::Memory;
pub use output::Output;
pub use services::Process;
pub use simulators::Sim;
pub use stand_in::StandIn;

use base::Base;
use journal::Journal;
use namespace::Namespace;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a command may take before it counts as hanging: far above what a busy machine needs.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Says where the test command has installed muster; without it, or without root, there are no worlds.
const PLACE: &str = "MUSTER_TEST_WORLD";

/// A host in private namespaces, with muster installed but nothing running.
#[derive(Debug)]
pub struct World {
    namespace: Namespace,
    journal: Journal,
    processes: Vec<Process>,
}

impl World {
    /// Makes a world, or says loudly that its story is skipped: worlds need root and what `cargo xtask test` installs.
    #[track_caller]
    pub fn new() -> Option<Self> {
        let Some(place) = std::env::var_os(PLACE) else {
            eprintln!(
                "SKIPPED: a world needs root and an installed muster; run `cargo xtask test` as root"
            );
            return None;
        };
        Some(Self::at(Path::new(&place)))
    }

    /// Makes a world from what is installed below `place` (`target/world`).
    #[track_caller]
    pub fn at(place: &Path) -> Self {
        let base = Base::at(place);
        let namespace = Namespace::enter(&base, &place.join("product"), &programs(place));
        let journal = Journal::listen(&namespace.path("/dev/log"));
        let mut world = Self {
            namespace,
            journal,
            processes: Vec::new(),
        };
        world.prepare();
        world
    }

    /// Runs a command as root and waits for it.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = A>) -> Output {
        output::wait_for(self.namespace.command(DEADLINE, words), "", DEADLINE)
    }

    /// Runs a command that may take longer than usual.
    #[track_caller]
    pub fn run_within<A: AsRef<OsStr>>(
        &self,
        deadline: Duration,
        words: impl IntoIterator<Item = A>,
    ) -> Output {
        output::wait_for(self.namespace.command(deadline, words), "", deadline)
    }

    /// Runs a command as root with something on its stdin.
    #[track_caller]
    pub fn run_with<A: AsRef<OsStr>>(
        &self,
        input: &str,
        words: impl IntoIterator<Item = A>,
    ) -> Output {
        output::wait_for(self.namespace.command(DEADLINE, words), input, DEADLINE)
    }

    /// Runs a command as an unprivileged user without any group of theirs.
    #[track_caller]
    pub fn run_as(&self, user: &str, words: &[&str]) -> Output {
        self.run(
            [
                "setpriv",
                "--reuid",
                user,
                "--regid",
                "nogroup",
                "--clear-groups",
            ]
            .iter()
            .chain(words),
        )
    }

    /// Where a file of the world is for us outside. (Symbolic links in it are followed outside, too.)
    pub fn path(&self, path: &str) -> PathBuf {
        self.namespace.path(path)
    }

    /// A file's content; empty if there is none.
    pub fn read(&self, path: &str) -> String {
        std::fs::read(self.path(path))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// Writes a file of root's with mode 0644.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(path), content)
            .unwrap_or_else(|error| panic!("{path} in the world: {error}"));
    }

    /// Everything that programs said to syslog so far.
    pub fn journal(&self) -> String {
        self.journal.text()
    }

    /// Waits until something holds.
    #[track_caller]
    pub fn until(&self, what: &str, holds: impl FnMut(&Self) -> bool) {
        self.until_within(DEADLINE, what, holds);
    }

    /// Waits until something holds that may take `within`.
    #[track_caller]
    pub fn until_within(&self, within: Duration, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let end = Instant::now() + within;
        while !holds(self) {
            if Instant::now() > end {
                panic!("waited {within:?} in vain until {what}\n{}", self.logs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Compiles `programs/NAME.c` into the world, with these libraries.
    #[track_caller]
    pub fn compile(&self, name: &str, libraries: &[&str]) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("programs")
            .join(name)
            .with_extension("c");
        let status = std::process::Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"])
            .arg(self.path(&format!("/usr/local/bin/{name}")))
            .arg(source)
            .args(libraries)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{name}.c");
    }

    /// What everything in this world has logged, for whoever reads a failed test.
    pub fn logs(&self) -> String {
        let mut logs = String::new();
        for process in &self.processes {
            logs.push_str(&format!(
                "--- {}\n{}\n",
                process.name,
                self.read(&process.log())
            ));
        }
        logs + "--- syslog\n" + &self.journal()
    }
}

/// Cargo's folder with the programs of the tests.
fn programs(place: &Path) -> PathBuf {
    place.parent().unwrap_or(place).join("debug")
}
