//! Running other programs: what is run is shown, and what fails is named.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a command of xtask stopped. The caller's only decision is to stop too, so a sentence is enough.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// What every command of xtask ends with.
pub(crate) type Outcome = Result<(), Failure>;

impl Failure {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// A failed system call on a file.
    pub(crate) fn at(path: &Path, error: &std::io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A headline for the step that follows.
pub(crate) fn headline(text: &str) {
    println!("\n── {text}");
}

/// The root of the source tree; cargo says it at run time, so that a moved checkout is no trouble.
pub(crate) fn tree() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map(Path::to_owned).unwrap_or(manifest)
}

/// Cargo's target folder: where this very program was built, whatever the configuration calls it.
pub(crate) fn target() -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|exe| exe.ancestors().nth(2).map(Path::to_owned))
        .unwrap_or_else(|| tree().join("target"))
}

/// This very program, for others to call: by its name, since cargo may have put a newer build of it in its place.
pub(crate) fn own() -> PathBuf {
    let folder = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned));
    folder
        .unwrap_or_else(|| target().join("debug"))
        .join("xtask")
}

/// Whether we are root (the owner of our own /proc entry says it without a libc call).
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

/// Whether a program of this name is on the PATH.
pub(crate) fn on_path(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()))
}

/// A program with its arguments, to be run from the root of the tree.
pub(crate) fn program<A: AsRef<OsStr>>(
    name: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = A>,
) -> Command {
    let mut command = Command::new(name);
    command.args(arguments).current_dir(tree());
    command
}

/// Cargo, building into the folder that we were built in.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = program(cargo, arguments);
    command.env("CARGO_TARGET_DIR", target());
    // What `cargo run` says of xtask: build scripts that watch it (ring's) would start over each time.
    for (name, _) in std::env::vars_os() {
        let own = |start| name.to_str().is_some_and(|name| name.starts_with(start));
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].into_iter().any(own) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program with its output on ours.
pub(crate) fn execute(command: &mut Command) -> Outcome {
    let shown = shown(command);
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("cannot run {shown}: {error}")))?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(format!("{shown}: {status}"))),
    }
}

/// Runs a program and returns what it says on stdout; its stderr is ours.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let shown = shown(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("cannot run {shown}: {error}")))?;
    if !output.status.success() {
        return Err(Failure::new(format!("{shown}: {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program in silence: whether it succeeded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    std::iter::once(name)
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
