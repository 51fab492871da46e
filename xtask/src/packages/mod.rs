//! `cargo xtask test-packages`: the packages are made, linted, made again to see the same bytes, and proved by
//! installing them: with apt in Debian hosts that debootstrap makes, and with rpm in an empty tree.

mod policy;
mod rpm;
mod source;
mod tally;
mod tree;

use crate::artifacts::{self, Speed};
use crate::dist::{self, Deb, Surroundings};
use crate::program::{
    Failure, Outcome, execute, headline, is_root, program, target, tree as own_tree,
};
use crate::requirements;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tally::Tally;

pub(crate) use source::run as run_source;

/// The version that hosts are upgraded from: the same files under an older name.
const PREVIOUS: &str = "0.0.9-0muster1";
/// The people of the proof.
const PEOPLE: &str = "tests/src/world/people/crowd.json";

/// Makes, lints and proves the packages.
pub(crate) fn run(words: &[String]) -> Outcome {
    let (speed, built) = parse(words)?;
    if !is_root() {
        return Err(Failure::new(
            "packages are proved by installing them, which needs root",
        ));
    }
    requirements::for_building()?;
    requirements::for_packages()?;
    // Mostly waiting for the mirror, so beside what follows.
    let trees = tree::SUITES.map(|suite| std::thread::spawn(move || tree::of(suite)));
    if !built {
        headline("building");
        dist::build(speed)?;
        artifacts::build_simulator()?;
    }
    let mut tally = Tally::default();
    let debs = made_debs(speed, &mut tally)?;
    let rpms = rpm::made(speed, &mut tally)?;
    policy::prove(&mut tally);
    source::prove(&mut tally)?;
    for (suite, tree) in tree::SUITES.into_iter().zip(trees) {
        let made = tree
            .join()
            .unwrap_or_else(|_| Err(Failure::new("debootstrap: the thread ended")));
        match made {
            Ok(place) => {
                headline(&format!("the packages in a host of Debian {}", suite.name));
                prove(suite.name, &place, &debs, &mut tally)?;
                if !suite.may_be_absent {
                    headline("the rpms in a tree of their own");
                    rpm::prove(&place, &rpms, &mut tally)?;
                }
            }
            Err(failure) if suite.may_be_absent => tally.skipped(suite.name, &failure.to_string()),
            Err(failure) => return Err(failure),
        }
    }
    tally.end()
}

/// How the programs are built, and whether they have been already.
fn parse(words: &[String]) -> Result<(Speed, bool), Failure> {
    let (mut speed, mut built) = (Speed::Dev, false);
    for word in words {
        match word.as_str() {
            "--shipped" => speed = Speed::Shipped,
            "--built" => built = true,
            _ => return Err(Failure::new("test-packages knows --shipped and --built")),
        }
    }
    Ok((speed, built))
}

/// Packages of this tree and of the previous version, linted, and the same when made twice.
fn made_debs(speed: Speed, tally: &mut Tally) -> Result<Vec<PathBuf>, Failure> {
    headline("packing for Debian, twice");
    let current = Deb::current()?;
    let again = Deb {
        folder: "deb-again",
        version: current.version.clone(),
        surroundings: Surroundings::Strange,
    };
    let debs = dist::debs(speed, &current)?;
    let others = dist::debs(speed, &again)?;
    tally.judge(
        "debs: two packings, in other folders, masks and time zones, are the same bytes",
        same(&debs, &others),
    );
    headline("lintian");
    tally.judge(
        "debs: lintian finds no error and no warning",
        dist::lint_debs(&debs),
    );
    Ok(debs)
}

fn same(first: &[PathBuf], second: &[PathBuf]) -> Outcome {
    for (one, other) in first.iter().zip(second) {
        execute(&mut program("cmp", [one, other]))?;
    }
    match first.len() == second.len() && !first.is_empty() {
        true => Ok(()),
        false => Err(Failure::new("not the same packages")),
    }
}

/// Runs the proof in a host of this tree.
fn prove(suite: &str, place: &Path, debs: &[PathBuf], tally: &mut Tally) -> Outcome {
    let proof = proof_folder(debs)?;
    let mount = target().join("packages/mount");
    fs::create_dir_all(&mount).map_err(|error| Failure::at(&mount, &error))?;
    let mut host = Command::new("unshare");
    host.args(["--mount", "--pid", "--net", "--ipc", "--uts"])
        .args(["--fork", "--kill-child", "--propagation", "private"])
        .args(["bash", "-c", include_str!("host.sh"), "host.sh"])
        .arg(place)
        .arg(&mount)
        .arg(&proof);
    tally.take_from(suite, &mut host)
}

/// What the proof needs inside: packages, simulator, people, the script.
fn proof_folder(debs: &[PathBuf]) -> Result<PathBuf, Failure> {
    let folder = dist::empty_folder("proof")?;
    let current = Deb::current()?;
    let previous = Deb {
        folder: "deb-previous",
        version: PREVIOUS.to_owned(),
        surroundings: Surroundings::Own,
    };
    let older = dist::debs(Speed::Dev, &previous)?;
    let copy = |from: &Path, to: &str| {
        let to = folder.join(to);
        let made = to.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::copy(from, &to).map(drop))
            .map_err(|error| Failure::at(&to, &error))
    };
    for (list, place) in [(debs, "debs"), (&older, "previous")] {
        for deb in list {
            let name = deb.file_name().unwrap_or_default().to_string_lossy();
            if !name.contains("-dbgsym_") {
                copy(deb, &format!("{place}/{name}"))?;
            }
        }
    }
    let simulator = artifacts::folder(Speed::Dev).join("muster-sim");
    copy(&simulator, "muster-sim")?;
    copy(&own_tree().join(PEOPLE), "crowd.json")?;
    let write = |name: &str, text: &str| {
        let place = folder.join(name);
        fs::write(&place, text).map_err(|error| Failure::at(&place, &error))
    };
    write("version", &current.version)?;
    write("proof.sh", include_str!("proof.sh"))?;
    Ok(folder)
}
