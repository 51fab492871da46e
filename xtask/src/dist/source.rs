//! The source as packagers take it: one archive with every crate in it, a .dsc and a .src.rpm, built without a network.

use super::{Deb, empty_folder};
use crate::program::{Failure, Outcome, cargo, execute, output, program, tree};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Makes cargo take the crates from beside it and from nowhere else.
const VENDORED: &str = "\n[source.crates-io]
replace-with = \"vendored\"

[source.vendored]
directory = \"vendor\"
";
/// Crates of other systems begin so: they are in the lock file, and never compiled here. Most of their bytes are import
/// libraries, which no distribution takes in a source package.
const FOREIGN: [&str; 2] = ["windows", "winapi"];

/// What was made.
pub(crate) struct Source {
    /// Where it lies.
    pub(crate) folder: PathBuf,
    pub(crate) archive: PathBuf,
    pub(crate) dsc: PathBuf,
    pub(crate) rpm: PathBuf,
    /// `muster-VERSION`, the archive's only folder.
    pub(crate) name: String,
}

impl Source {
    /// What [`make`] makes of this tree, whether it is there or not.
    pub(crate) fn of_tree(folder: PathBuf) -> Result<Self, Failure> {
        let revision = Deb::current()?.version;
        let version = super::version()?;
        Ok(Self {
            archive: folder.join(format!("muster-{version}.tar.gz")),
            dsc: folder.join(format!("muster_{revision}.dsc")),
            rpm: folder.join(format!("muster-{version}-1.src.rpm")),
            name: format!("muster-{version}"),
            folder,
        })
    }
}

/// Makes them from what is committed.
pub(crate) fn make(folder: &'static str) -> Result<Source, Failure> {
    let source = Source::of_tree(empty_folder(folder)?)?;
    let root = source.folder.join(&source.name);
    check_out(&source.folder, &root)?;
    vendor(&root)?;
    pack(&source)?;
    dsc(&source, &root)?;
    source_rpm(&source)?;
    fs::remove_dir_all(&root).map_err(|error| Failure::at(&root, &error))?;
    Ok(source)
}

/// The committed files, below `root`.
fn check_out(folder: &Path, root: &Path) -> Outcome {
    let archive = folder.join("committed.tar");
    execute(program("git", ["archive", "--format=tar", "HEAD", "--output"]).arg(&archive))?;
    fs::create_dir_all(root).map_err(|error| Failure::at(root, &error))?;
    execute(
        program("tar", ["--extract", "--file"])
            .arg(&archive)
            .arg("--directory")
            .arg(root),
    )?;
    fs::remove_file(&archive).map_err(|error| Failure::at(&archive, &error))
}

/// Puts every crate of the lock file beside the source, in folders that say their versions, as cargo's own do.
fn vendor(root: &Path) -> Outcome {
    let crates = root.join("vendor");
    execute(
        cargo(["vendor", "--quiet", "--locked", "--versioned-dirs"])
            .arg(&crates)
            .current_dir(root)
            .stdout(std::process::Stdio::null()),
    )?;
    let entries = fs::read_dir(&crates).map_err(|error| Failure::at(&crates, &error))?;
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if FOREIGN.iter().any(|start| name.starts_with(start)) {
            hollow(&path)?;
        }
    }
    let config = root.join(".cargo/config.toml");
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(&config)
        .map_err(|error| Failure::at(&config, &error))?;
    file.write_all(VENDORED.as_bytes())
        .map_err(|error| Failure::at(&config, &error))
}

/// Leaves of a crate what the resolver reads.
fn hollow(folder: &Path) -> Outcome {
    let at = |name: &str| folder.join(name);
    let manifest = read(&at("Cargo.toml"))?;
    let sums = without_files(&read(&at(".cargo-checksum.json"))?)?;
    fs::remove_dir_all(folder).map_err(|error| Failure::at(folder, &error))?;
    for (name, text) in [
        ("Cargo.toml", manifest.as_str()),
        (".cargo-checksum.json", &sums),
        ("src/lib.rs", ""),
        ("build.rs", "fn main() {}\n"),
    ] {
        let place = at(name);
        let parent = place.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| Failure::at(parent, &error))?;
        fs::write(&place, text).map_err(|error| Failure::at(&place, &error))?;
    }
    Ok(())
}

/// cargo's list of a crate's files, emptied; the sum of the whole stays, which the lock file says, too.
fn without_files(sums: &str) -> Result<String, Failure> {
    let (_, rest) = sums
        .split_once("\"package\":\"")
        .ok_or_else(|| Failure::new("a vendored crate has no sum"))?;
    let sum = rest.split('"').next().unwrap_or_default();
    Ok(format!("{{\"files\":{{}},\"package\":\"{sum}\"}}"))
}

/// The archive, in which neither this machine nor the time shows.
fn pack(source: &Source) -> Outcome {
    execute(
        program("tar", ["--create", "--sort=name", "--format=gnu"])
            .args(["--owner=0", "--group=0", "--numeric-owner"])
            .arg("--mode=u=rwX,go=rX")
            .arg(format!("--mtime=@{}", changelog_time()?))
            .args(["--use-compress-program", "gzip -n -9"])
            .arg("--file")
            .arg(&source.archive)
            .arg("--directory")
            .arg(&source.folder)
            .arg(&source.name),
    )
}

/// Debian's: the archive under the name that dpkg-source wants, and the folder debian/.
fn dsc(source: &Source, root: &Path) -> Outcome {
    let original = source
        .folder
        .join(format!("{}.orig.tar.gz", source.name.replacen('-', "_", 1)));
    fs::hard_link(&source.archive, &original).map_err(|error| Failure::at(&original, &error))?;
    super::deb::copy_folder(&tree().join("packaging/debian"), &root.join("debian"))?;
    execute(
        program("dpkg-source", ["--build"])
            .arg(root)
            .current_dir(&source.folder)
            .env("SOURCE_DATE_EPOCH", changelog_time()?)
            .stdout(std::process::Stdio::null()),
    )
}

/// rpm's: the archive and the spec.
fn source_rpm(source: &Source) -> Outcome {
    let folder = source.folder.display();
    let mut build = program("rpmbuild", ["-bs", "--quiet"]);
    for (name, value) in [("_sourcedir", &folder), ("_srcrpmdir", &folder)] {
        build.arg("--define").arg(format!("{name} {value}"));
    }
    // A source package is no release's own.
    build.args(["--define", "dist %{nil}"]);
    execute(
        build
            .arg(tree().join("packaging/rpm/muster.spec"))
            .stdout(std::process::Stdio::null()),
    )
}

/// When the changelog's last entry was written, in seconds of Unix.
fn changelog_time() -> Result<String, Failure> {
    let changelog = tree().join("packaging/debian/changelog");
    let said =
        output(program("dpkg-parsechangelog", ["--show-field", "Timestamp", "-l"]).arg(changelog))?;
    Ok(said.trim().to_owned())
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::at(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hollow_crate_keeps_the_sum_that_the_lock_file_says() {
        let sums = r#"{"files":{"Cargo.toml":"aa","src/lib.rs":"bb"},"package":"cc"}"#;
        assert_eq!(
            without_files(sums).unwrap(),
            r#"{"files":{},"package":"cc"}"#
        );
        assert!(without_files("{}").is_err());
    }
}
