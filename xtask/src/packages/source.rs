//! The source packages: whole without a network, and what is built from them is what `cargo xtask dist` packs.

use super::same;
use super::tally::Tally;
use crate::artifacts::Speed;
use crate::dist::{self, Deb, Source};
use crate::program::{Failure, Outcome, execute, headline, program};
use crate::{no_words, requirements};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `cargo xtask test-source`: builds the debs from the source package, without network, and from this tree, and compares
/// them. Two whole builds, so no part of what each change must pass.
pub(crate) fn run(words: &[String]) -> Outcome {
    no_words("test-source", words)?;
    requirements::for_building()?;
    requirements::for_source_packages()?;
    let mut tally = Tally::default();
    let unpacked = made(&mut tally)?;
    headline("building from the source package, without network");
    execute(offline("dpkg-buildpackage", &unpacked)?.args(["-b", "-us", "-uc", "-d"]))?;
    let from_source = dist::files_in(unpacked.parent().unwrap_or(&unpacked), &["deb"])?;
    headline("building from this tree");
    dist::build(Speed::Shipped)?;
    let from_tree = dist::debs(Speed::Shipped, &Deb::current()?)?;
    tally.judge(
        "source: two builds, of which one without network, are the same bytes",
        same(&from_source, &from_tree),
    );
    tally.end()
}

/// Makes them and has cargo look, without network, whether every crate is there.
pub(crate) fn prove(tally: &mut Tally) -> Outcome {
    let unpacked = made(tally)?;
    std::fs::remove_dir_all(&unpacked).map_err(|error| Failure::at(&unpacked, &error))
}

/// Makes them and returns the folder in which the one for Debian is unpacked.
fn made(tally: &mut Tally) -> Result<PathBuf, Failure> {
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
    Ok(unpacked)
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
