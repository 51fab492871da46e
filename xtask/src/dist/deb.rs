//! Packages for Debian, by debhelper, from packaging/debian.

use super::{Surroundings, empty_folder, files_in, word};
use crate::artifacts::Speed;
use crate::program::{Failure, Outcome, execute, output, own, program, tree};
use std::fs;
use std::path::{Path, PathBuf};

/// Which packages are made.
pub(crate) struct Deb {
    /// The folder below target/packages.
    pub(crate) folder: &'static str,
    /// The version, as the changelog says it.
    pub(crate) version: String,
    /// In which they are made.
    pub(crate) surroundings: Surroundings,
}

impl Deb {
    /// The packages of this tree.
    pub(crate) fn current() -> Result<Self, Failure> {
        Ok(Self {
            folder: "deb",
            version: changelog_version(&changelog()?)?.to_owned(),
            surroundings: Surroundings::Own,
        })
    }
}

/// Makes them from what has been built, and returns them with those of debug symbols.
pub(crate) fn debs(speed: Speed, deb: &Deb) -> Result<Vec<PathBuf>, Failure> {
    let folder = empty_folder(deb.folder)?;
    let source = folder.join("muster");
    copy_folder(&tree().join("packaging/debian"), &source.join("debian"))?;
    // Which debhelper packs as the changelog of upstream where it builds from source.
    copy(&tree().join("CHANGELOG.md"), &source.join("CHANGELOG.md"))?;
    let changelog = changelog()?;
    let versioned = changelog.replacen(changelog_version(&changelog)?, &deb.version, 1);
    let place = source.join("debian/changelog");
    fs::write(&place, versioned).map_err(|error| Failure::at(&place, &error))?;
    let mut build = deb
        .surroundings
        .program("dpkg-buildpackage", &["-b", "-us", "-uc", "-d", "-nc"]);
    build
        .current_dir(&source)
        .env("MUSTER_XTASK", own())
        .env("MUSTER_SPEED", word(speed))
        .env("CARGO_MANIFEST_DIR", tree().join("xtask"));
    if speed == Speed::Dev {
        // Its debug symbols are large, and nobody installs them.
        build.env("DEB_BUILD_OPTIONS", "noautodbgsym");
    }
    quietly(&mut build, &folder.join("build.log"))?;
    fs::remove_dir_all(&source).map_err(|error| Failure::at(&source, &error))?;
    files_in(&folder, &["deb"])
}

/// lintian's errors and warnings are failures; what is overridden says why in packaging/debian.
pub(crate) fn lint(debs: &[PathBuf]) -> Outcome {
    let options = [
        "--fail-on",
        "error,warning",
        "--tag-display-limit",
        "0",
        "--allow-root",
    ];
    execute(program("lintian", options).args(debs))
}

/// What the build says goes to a file, which is shown when it fails.
pub(super) fn quietly(build: &mut std::process::Command, log: &Path) -> Outcome {
    let file = fs::File::create(log).map_err(|error| Failure::at(log, &error))?;
    let other = file.try_clone().map_err(|error| Failure::at(log, &error))?;
    let done = execute(build.stdout(file).stderr(other));
    if done.is_err() {
        print!("{}", fs::read_to_string(log).unwrap_or_default());
    }
    done
}

fn changelog() -> Result<String, Failure> {
    let path = tree().join("packaging/debian/changelog");
    fs::read_to_string(&path).map_err(|error| Failure::at(&path, &error))
}

/// What stands in the first pair of brackets.
fn changelog_version(changelog: &str) -> Result<&str, Failure> {
    changelog
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(version, _)| version)
        .ok_or_else(|| Failure::new("packaging/debian/changelog names no version"))
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to)
        .map(drop)
        .map_err(|error| Failure::at(to, &error))
}

pub(super) fn copy_folder(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to).map_err(|error| Failure::at(to, &error))?;
    output(
        program("cp", ["-a", "--no-target-directory"])
            .arg(from)
            .arg(to),
    )
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_changelog_names_the_version() {
        assert_eq!(
            changelog_version("muster (1.2-3) unstable;\n").unwrap(),
            "1.2-3"
        );
        assert!(changelog_version("nothing").is_err());
    }
}
