//! The configuration: what is said (`raw`), then what is meant (`checked`).
//!
//! One table ([`keys`]) feeds the check for unknown keys, the errors and the
//! reference page. The configuration holds no secret: see [`SecretSource`].

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

mod checked;
mod directories;
mod home;
mod ids;
pub mod keys;
mod kinds;
mod names;
mod overrides;
mod problem;
mod raw;
mod reading;
mod restricted;
mod rules;
mod secret_source;
mod settings;

pub use home::FULL_NAME_MAX;
pub use problem::{ConfigErrors, Problem};
pub use secret_source::{SecretFileError, SecretSource, SecretStamp, read_secret, secret_stamp};
pub use settings::{
    ApicrudConfig, Config, CrowdAttributes, CrowdConfig, DirectoryConfig, DirectoryKind, FasConfig,
    GafaelfawrConfig, Home, Ids, Login, Offline, ServerConfig, Sync, Throttle, TokenRules,
};

/// No configuration is longer.
const FILE_MAX: u64 = 1 << 20;

/// Reads and checks the configuration at `path`, whoever owns it.
pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
    let text = read(path, |_| Ok(()))?;
    parse(&text, path)
}

/// The same, but only if nobody except root can have written the file: for the broker and the publisher.
pub fn load_trusted(path: &Path) -> Result<Config, ConfigErrors> {
    load_trusted_by(path, 0)
}

/// As [`load_trusted`], but trusts `owner` in root's place: for tests.
pub fn load_trusted_by(path: &Path, owner: u32) -> Result<Config, ConfigErrors> {
    let text = read(path, |metadata| only_owner_writes(metadata, owner))?;
    parse(&text, path)
}

/// Checks `text`; `path` stands in the messages.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigErrors> {
    checked::check(text, path).map_err(ConfigErrors::Wrong)
}

fn read(
    path: &Path,
    trust: impl FnOnce(&std::fs::Metadata) -> Result<(), String>,
) -> Result<String, ConfigErrors> {
    let unreadable = |source| ConfigErrors::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = open_regular(path).map_err(unreadable)?;
    trust(&file.metadata().map_err(unreadable)?).map_err(|reason| ConfigErrors::Untrusted {
        path: path.to_owned(),
        reason,
    })?;
    let mut text = String::new();
    file.take(FILE_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

/// Opens without waiting: a FIFO in a file's place must not hang anybody.
fn open_regular(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(std::io::Error::other("not a regular file"))
}

fn only_owner_writes(metadata: &std::fs::Metadata, owner: u32) -> Result<(), String> {
    let found = metadata.uid();
    if found != owner {
        return Err(format!("it belongs to the user {found}, not to {owner}"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!(
            "its mode {:04o} lets others than its owner write it",
            metadata.mode() & 0o7777
        ));
    }
    Ok(())
}

/// `path` as an absolute path, if it is one.
fn absolute(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    (path.is_absolute() && crate::text::fits_field(text)).then_some(path)
}

#[cfg(test)]
mod tests;
