//! `cargo xtask bench nss` and `cargo xtask bench logins`: build muster and the benchmark, and hand over to
//! `muster-bench`, which measures muster and its peers in private namespaces and writes docs/benchmarks/nss.md or
//! logins.md. `cargo xtask bench sync`: the same with `muster-sync-bench`, which measures what a host's syncs cost and
//! writes docs/benchmarks/sync.md; `cargo xtask bench directories`: with `muster-directories-bench`, for directories
//! that are asked by name, read whole or never answer, and docs/benchmarks/directories.md.

use crate::artifacts;
use crate::program::{Failure, Outcome, cargo, execute, headline, is_root, program, target, tree};
use crate::{requirements, test};
use std::path::Path;

const USAGE: &str = "usage: cargo xtask bench nss|logins|sync|directories [quick]
    nss         names, side by side with the peers: up to forty minutes
    nss quick   the same rows with fewer rounds and smaller directories: some minutes
    logins      logins, side by side with the peers: some minutes
    sync        syncs of 10,000 and 100,000 people: some minutes
    sync quick  10,000 people only
    sync large  1,000,000 people, too: up to an hour
    directories        look-ups at a Gafaelfawr, a FAS of 40,000 people, servers that hang: a few minutes
    directories quick  the same rows with a tenth of the look-ups";
/// Where the peers' packages come from.
const MIRROR: &str = "http://deb.debian.org/debian";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bench {
    /// With muster's peers: names or logins.
    Peers {
        subject: &'static str,
        pace: &'static str,
    },
    /// Of some people, or of many.
    Syncs { size: &'static str },
    /// Asked by name, read whole, never answering.
    Directories { pace: &'static str },
}

/// Runs the named benchmark.
pub(crate) fn run(words: &[String]) -> Outcome {
    let bench = bench(words)?;
    if !is_root() {
        return Err(Failure::new(
            "a benchmark makes private namespaces and needs root: sudo -E env \"PATH=$PATH\" cargo xtask bench …",
        ));
    }
    match bench {
        Bench::Peers { subject, pace } => with_peers(subject, pace),
        Bench::Syncs { size } => in_worlds("muster-sync-bench", &[], "sync.md", size),
        Bench::Directories { pace } => directories(pace),
    }
}

/// The program that asks the broker is the command line's own example.
fn directories(pace: &str) -> Outcome {
    let asking = [
        "build",
        "--release",
        "-p",
        "muster-cli",
        "--example",
        "lookup_rate",
    ];
    execute(&mut cargo(asking))?;
    let asking = artifacts::folder(artifacts::Speed::Release).join("examples/lookup_rate");
    in_worlds(
        "muster-directories-bench",
        &[&asking],
        "directories.md",
        pace,
    )
}

/// Measures in worlds with muster as it is shipped; the simulators are the tests' own. The benchmark's program is given
/// the worlds' place, `more`, the document that it writes, and `word` if it is not empty.
fn in_worlds(benchmark: &str, more: &[&Path], document: &str, word: &str) -> Outcome {
    requirements::for_building()?;
    requirements::for_worlds()?;
    headline("building muster as it is shipped, the simulators and the benchmark");
    artifacts::build_modules()?;
    artifacts::build_programs()?;
    execute(&mut cargo(["build", "-p", "muster-tests", "--bins"]))?;
    headline("measuring");
    let world = test::stage(artifacts::Speed::Release)?;
    let own = artifacts::folder(artifacts::Speed::Dev).join(benchmark);
    let mut measuring = program(own, [""; 0]);
    measuring.arg(world).args(more);
    measuring.arg(tree().join("docs/benchmarks").join(document));
    if !word.is_empty() {
        measuring.arg(word);
    }
    execute(&mut measuring)
}

fn with_peers(subject: &str, pace: &str) -> Outcome {
    let release = debian_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())?;
    requirements::for_building()?;
    requirements::for_worlds()?;
    requirements::for_peers()?;
    headline("building muster as it is shipped, and the benchmark");
    artifacts::build_modules()?;
    artifacts::build_programs()?;
    execute(&mut cargo(["build", "-p", "muster-bench"]))?;
    // As quick as a real server, which is not ours to wait for.
    execute(&mut cargo([
        "build",
        "--release",
        "-p",
        "muster-tests",
        "--bin",
        "muster-sim",
    ]))?;
    headline("measuring");
    let own = artifacts::folder(artifacts::Speed::Dev).join("muster-bench");
    execute(
        program(own, [subject, pace])
            .arg(target())
            .args([&release, MIRROR])
            .arg(tree().join("docs/benchmarks")),
    )
}

fn bench(words: &[String]) -> Result<Bench, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let peers = |subject, pace| Bench::Peers { subject, pace };
    match words[..] {
        ["nss"] => Ok(peers("nss", "full")),
        ["nss", "quick"] => Ok(peers("nss", "quick")),
        ["logins"] => Ok(peers("logins", "full")),
        ["logins", "quick"] => Ok(peers("logins", "quick")),
        ["sync"] => Ok(Bench::Syncs { size: "" }),
        ["sync", "quick"] => Ok(Bench::Syncs { size: "quick" }),
        ["sync", "large"] => Ok(Bench::Syncs { size: "large" }),
        ["directories"] => Ok(Bench::Directories { pace: "" }),
        ["directories", "quick"] => Ok(Bench::Directories { pace: "quick" }),
        _ => Err(Failure::new(USAGE)),
    }
}

/// The name of this machine's Debian release: the peers' tree is of the same, so that modules built here load there.
fn debian_release(os: &str) -> Result<String, Failure> {
    let value = |key: &str| {
        let line = os
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    match (value("ID").as_deref(), value("VERSION_CODENAME")) {
        (Some("debian"), Some(release)) => Ok(release),
        _ => Err(Failure::new(
            "the peers come from Debian's packages and run with the glibc that muster is built against: use a Debian \
             machine or container",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn only_what_is_there_can_be_measured() {
        assert_eq!(
            bench(&said("logins quick")).unwrap(),
            Bench::Peers {
                subject: "logins",
                pace: "quick"
            }
        );
        assert_eq!(
            bench(&said("sync quick")).unwrap(),
            Bench::Syncs { size: "quick" }
        );
        assert_eq!(
            bench(&said("directories")).unwrap(),
            Bench::Directories { pace: "" }
        );
        for wrong in ["", "pam", "nss slow", "nss quick quick"] {
            let failure = bench(&said(wrong)).unwrap_err().to_string();
            assert!(
                failure.contains("cargo xtask bench nss|logins|sync|directories [quick]"),
                "{failure}"
            );
        }
    }

    #[test]
    fn the_peers_are_of_this_debian_and_elsewhere_a_sentence_says_what_to_do() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!(debian_release(debian).unwrap(), "bookworm");
        for other in [
            "",
            "ID=fedora\n",
            "ID=ubuntu\nVERSION_CODENAME=noble\nID_LIKE=debian\n",
        ] {
            let failure = debian_release(other).unwrap_err().to_string();
            assert!(failure.contains("use a Debian"), "{failure}");
        }
    }
}
