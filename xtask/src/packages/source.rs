//! The source packages: whole without a network, and what is built from them is what `cargo xtask dist` packs.

use super::same;
use super::tally::Tally;
use crate::artifacts::Speed;
use crate::dist::{self, Deb, Source, Surroundings};
use crate::program::{Failure, Outcome, execute, headline, program};
use crate::requirements;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `cargo xtask test-source`: builds debs and rpms from the source packages, without network, and from this tree, and
/// compares them. Three whole builds, so no part of what each change must pass.
pub(crate) fn run(words: &[String]) -> Outcome {
    let (deb, rpm) = parse(words)?;
    requirements::for_building()?;
    requirements::for_source_packages()?;
    let mut tally = Tally::default();
    let (source, unpacked) = made(&mut tally)?;
    headline("building from this tree");
    dist::build(Speed::Shipped)?;
    if deb {
        debs(&unpacked, &mut tally)?;
    }
    if rpm {
        rpms(&source, &mut tally)?;
    }
    tally.end()
}

/// Which kinds are built: debs, rpms; both unless one is named.
fn parse(words: &[String]) -> Result<(bool, bool), Failure> {
    let named = |word: &str| words.is_empty() || words.iter().any(|one| one == word);
    match words.iter().all(|one| one == "deb" || one == "rpm") {
        true => Ok((named("deb"), named("rpm"))),
        false => Err(Failure::new("test-source knows deb and rpm")),
    }
}

fn debs(unpacked: &Path, tally: &mut Tally) -> Outcome {
    headline("building from the source package, without network");
    execute(offline("dpkg-buildpackage", unpacked)?.args(["-b", "-us", "-uc", "-d"]))?;
    let from_source = dist::files_in(unpacked.parent().unwrap_or(unpacked), &["deb"])?;
    let from_tree = dist::debs(Speed::Shipped, &Deb::current()?)?;
    tally.judge(
        "source: two builds, of which one without network, are the same bytes",
        same(&from_source, &from_tree),
    );
    Ok(())
}

/// Bytes of whole rpms cannot be compared: this machine's rpm splits no debug symbols off, as Fedora's does.
fn rpms(source: &Source, tally: &mut Tally) -> Outcome {
    headline("rebuilding the .src.rpm, without network");
    let rebuilt = dist::rebuilt(offline("rpmbuild", &source.folder)?, &source.rpm)?;
    let packed = dist::rpms(Speed::Shipped, Surroundings::Own)?;
    let folder = dist::empty_folder("rpm-compared")?;
    let mut comparison = program("bash", ["-c", include_str!("rebuilt.sh"), "rebuilt.sh"]);
    comparison.arg(folder);
    for package in packed {
        let name = package.file_name().unwrap_or_default();
        let other = rebuilt.iter().find(|one| one.file_name() == Some(name));
        match other {
            Some(other) => drop(comparison.arg(&package).arg(other)),
            None if name.to_string_lossy().contains("-debuginfo-") => {}
            None => tally.judge(
                &format!("source: {} is among the rebuilt rpms", name.display()),
                Err(Failure::new(format!("there are only {rebuilt:?}"))),
            ),
        }
    }
    tally.take_from("source", &mut comparison)
}

/// Makes them and has cargo look, without network, whether every crate is there.
pub(crate) fn prove(tally: &mut Tally) -> Outcome {
    let (_, unpacked) = made(tally)?;
    std::fs::remove_dir_all(&unpacked).map_err(|error| Failure::at(&unpacked, &error))
}

/// Makes them and returns them with the folder in which the one for Debian is unpacked.
fn made(tally: &mut Tally) -> Result<(Source, PathBuf), Failure> {
    headline("packing the source with its crates");
    let source = dist::source("source")?;
    let unpacked = dist::empty_folder("source-unpacked")?.join(&source.name);
    execute(
        program("dpkg-source", ["--no-check", "--extract"])
            .arg(&source.dsc)
            .arg(&unpacked)
            .stdout(Stdio::null()),
    )?;
    tally.judge(
        "source: without network cargo finds every crate beside it",
        resolve(&unpacked),
    );
    tally.judge(
        "source: the .src.rpm has the archive and the spec",
        carries(&source),
    );
    Ok((source, unpacked))
}

fn resolve(unpacked: &Path) -> Outcome {
    let options = ["metadata", "--frozen", "--format-version", "1"];
    execute(
        offline("cargo", unpacked)?
            .args(options)
            .stdout(Stdio::null()),
    )
}

fn carries(source: &Source) -> Outcome {
    let listed = crate::program::output(program("rpm", ["-qpl"]).arg(&source.rpm))?;
    let archive = source.archive.file_name().unwrap_or_default();
    let wanted = ["muster.spec", &archive.to_string_lossy()];
    match wanted
        .iter()
        .all(|name| listed.lines().any(|line| line == *name))
    {
        true => Ok(()),
        false => Err(Failure::new(format!("it has only:\n{listed}"))),
    }
}

/// A program without network, and without any crate but those beside the source.
fn offline(name: &str, unpacked: &Path) -> Result<Command, Failure> {
    let mut command = program("unshare", ["--net", name]);
    command
        .current_dir(unpacked)
        .env("CARGO_HOME", dist::empty_folder("no-crates")?)
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_MANIFEST_DIR");
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_built_unless_one_is_named() {
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(parse(&[]).unwrap(), (true, true));
        assert_eq!(parse(&words("rpm")).unwrap(), (false, true));
        assert!(parse(&words("apk")).is_err());
    }
}
