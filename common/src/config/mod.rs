//! The configuration: what is said (`raw`), then what is meant (`checked`).
//!
//! One table ([`keys`]) feeds the check for unknown keys, the errors and the
//! reference page. The configuration holds no secret: see [`SecretSource`].

use std::path::{Path, PathBuf};

mod checked;
mod directories;
mod files;
mod home;
mod ids;
pub mod keys;
mod kinds;
mod merge;
mod names;
mod overrides;
mod problem;
mod raw;
mod reading;
mod restricted;
mod rules;
mod secret_source;
mod settings;
mod show;

use files::{Source, Trust};
pub use files::{drop_in_folder, files_of};
pub use home::FULL_NAME_MAX;
pub use problem::{ConfigErrors, Problem};
pub use secret_source::{SecretFileError, SecretSource, SecretStamp, read_secret, secret_stamp};
pub use settings::{
    ApicrudConfig, Config, CrowdAttributes, CrowdConfig, DirectoryConfig, DirectoryKind, FasConfig,
    GafaelfawrConfig, Home, Ids, LocalConfig, Login, Offline, ServerConfig, Sync, Throttle,
    TokenRules,
};
pub use show::{Setting, Shown, ShownSection, Standing, show};

/// Reads and checks the configuration at `path` and its drop-ins, whoever owns them.
pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
    check(&files::read(path, Trust::Anybody)?)
}

/// The same, but only if nobody except root can have written it: for the broker and the publisher.
pub fn load_trusted(path: &Path) -> Result<Config, ConfigErrors> {
    load_trusted_by(path, 0)
}

/// As [`load_trusted`], but trusts `owner` in root's place: for tests.
pub fn load_trusted_by(path: &Path, owner: u32) -> Result<Config, ConfigErrors> {
    check(&files::read(path, Trust::Only(owner))?)
}

/// What the configuration at `path` would be with `text` in `file`: as its first file, or as one of its drop-ins.
pub fn load_with(path: &Path, file: &Path, text: &str) -> Result<Config, ConfigErrors> {
    let new = Source {
        path: file.to_owned(),
        text: text.to_owned(),
    };
    check(&files::read_with(path, new)?)
}

/// Checks `text` alone; `path` stands in the messages.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigErrors> {
    check(&[Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }])
}

fn check(files: &[Source]) -> Result<Config, ConfigErrors> {
    checked::check(files).map_err(ConfigErrors::Wrong)
}

/// `path` as an absolute path, if it is one.
fn absolute(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    (path.is_absolute() && crate::text::fits_field(text)).then_some(path)
}

#[cfg(test)]
mod tests;
