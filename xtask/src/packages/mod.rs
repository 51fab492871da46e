//! `cargo xtask test-packages`: the packages are made, linted, made again to see the same bytes, and proved by
//! installing them: with apt in Debian hosts that debootstrap makes, and with rpm in an empty tree.

mod boot;
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
use tree::Suite;

pub(crate) use source::run as run_source;

/// The version that hosts are upgraded from: the same files under an older name.
const PREVIOUS: &str = "0.0.9-0muster1";
/// What every host of the proof finds beside the packages.
const SCRIPTS: [(&str, &str); 3] = [
    ("mounts.sh", include_str!("mounts.sh")),
    ("words.sh", include_str!("words.sh")),
    ("proof.sh", include_str!("proof.sh")),
];
/// The people of the proof.
const PEOPLE: &str = "tests/src/world/people/crowd.json";

/// What is to be proved, and of which build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    speed: Speed,
    /// Everything has been built already.
    built: bool,
    /// Only what a systemd that is process 1 does with the packages.
    boot: bool,
}

/// Makes, lints and proves the packages.
pub(crate) fn run(words: &[String]) -> Outcome {
    let order = parse(words)?;
    if !is_root() {
        return Err(Failure::new(
            "packages are proved by installing them, which needs root",
        ));
    }
    requirements::for_building()?;
    requirements::for_packages()?;
    // Mostly waiting for the mirror, so beside what follows.
    let trees = tree::SUITES.map(|suite| (suite, std::thread::spawn(move || tree::of(suite))));
    if !order.built {
        headline("building");
        dist::build(order.speed)?;
        artifacts::build_simulator()?;
    }
    let mut tally = Tally::default();
    let (debs, rpms) = match order.boot {
        true => (dist::debs(order.speed, &Deb::current()?)?, Vec::new()),
        false => made(order.speed, &mut tally)?,
    };
    let proof = proof_folder(order.speed, &debs)?;
    for (suite, tree) in trees {
        let made = tree
            .join()
            .unwrap_or_else(|_| Err(Failure::new("debootstrap: the thread ended")));
        match made {
            Ok(place) => prove(suite, &place, &proof, &rpms, &mut tally)?,
            Err(failure) if suite.may_be_absent => tally.skipped(suite.name, &failure.to_string()),
            Err(failure) => return Err(failure),
        }
    }
    tally.end()
}

fn parse(words: &[String]) -> Result<Order, Failure> {
    let mut order = Order {
        speed: Speed::Dev,
        built: false,
        boot: false,
    };
    for word in words {
        match word.as_str() {
            "--shipped" => order.speed = Speed::Shipped,
            "--built" => order.built = true,
            "--boot" => order.boot = true,
            _ => {
                return Err(Failure::new(
                    "test-packages knows --shipped, --built and --boot",
                ));
            }
        }
    }
    Ok(order)
}

/// Packages of every kind, with what can be said of them before they are installed: debs and rpms.
fn made(speed: Speed, tally: &mut Tally) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
    let debs = made_debs(speed, tally)?;
    let rpms = rpm::made(speed, tally)?;
    policy::prove(tally);
    source::prove(tally)?;
    Ok((debs, rpms))
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

/// Everything that is proved in a tree. Without rpms only what systemd does.
fn prove(suite: Suite, place: &Path, proof: &Path, rpms: &[PathBuf], tally: &mut Tally) -> Outcome {
    let mount = target().join("packages/mount");
    fs::create_dir_all(&mount).map_err(|error| Failure::at(&mount, &error))?;
    if !rpms.is_empty() {
        headline(&format!("the packages in a host of Debian {}", suite.name));
        install(suite, place, &mount, proof, tally)?;
        if !suite.may_be_absent {
            headline("the rpms in a tree of their own");
            rpm::prove(place, rpms, tally)?;
        }
    }
    headline(&format!("Debian {} with systemd as process 1", suite.name));
    boot::prove(suite, place, &mount, proof, tally)
}

/// Runs the proof of installing, upgrading and removing in a host of this tree.
fn install(suite: Suite, place: &Path, mount: &Path, proof: &Path, tally: &mut Tally) -> Outcome {
    let mut host = Command::new("unshare");
    host.args(["--mount", "--pid", "--net", "--ipc", "--uts"])
        .args(["--fork", "--kill-child", "--propagation", "private"])
        .args(["bash", "-c", include_str!("host.sh"), "host.sh"])
        .arg(place)
        .arg(mount)
        .arg(proof);
    tally.take_from(suite.name, &mut host)
}

/// What the proof needs inside: packages, simulator, people, the script.
fn proof_folder(speed: Speed, debs: &[PathBuf]) -> Result<PathBuf, Failure> {
    let folder = dist::empty_folder("proof")?;
    let current = Deb::current()?;
    let previous = Deb {
        folder: "deb-previous",
        version: PREVIOUS.to_owned(),
        surroundings: Surroundings::Own,
    };
    let older = dist::debs(speed, &previous)?;
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
    for (name, text) in SCRIPTS.into_iter().chain(boot::SCRIPTS) {
        write(name, text)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn everything_is_proved_unless_only_the_starts_are_wanted() {
        assert!(!parse(&[]).unwrap().boot);
        let order = parse(&words("--built --boot")).unwrap();
        assert!(order.boot && order.built && order.speed == Speed::Dev);
        assert!(parse(&words("--reboot")).is_err());
    }
}
