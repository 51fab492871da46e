//! `cargo xtask bench nss`: builds muster and the benchmark, and hands over to `muster-bench`, which measures muster
//! and its peers in private namespaces and writes docs/benchmarks/nss.md.

use crate::artifacts;
use crate::program::{Failure, Outcome, cargo, execute, headline, is_root, program, target, tree};
use crate::requirements;

const USAGE: &str = "usage: cargo xtask bench nss [quick]
    nss         everything: up to forty minutes
    nss quick   the same rows with fewer rounds and smaller directories: some minutes";
/// Where the peers' packages come from.
const MIRROR: &str = "http://deb.debian.org/debian";

/// Runs the named benchmark.
pub(crate) fn run(words: &[String]) -> Outcome {
    let pace = pace(words)?;
    if !is_root() {
        return Err(Failure::new(
            "the benchmark makes private namespaces and needs root: sudo -E env \"PATH=$PATH\" cargo xtask bench nss",
        ));
    }
    let release = debian_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())?;
    requirements::for_building()?;
    requirements::for_worlds()?;
    requirements::for_peers()?;
    headline("building muster as it is shipped, and the benchmark");
    artifacts::build_modules()?;
    artifacts::build_programs()?;
    execute(&mut cargo([
        "build",
        "-p",
        "muster-bench",
        "-p",
        "muster-tests",
        "--bins",
    ]))?;
    headline("measuring");
    let own = artifacts::folder(artifacts::Speed::Dev).join("muster-bench");
    execute(
        program(own, ["outside", pace])
            .arg(target())
            .args([&release, MIRROR])
            .arg(tree().join("docs/benchmarks")),
    )
}

fn pace(words: &[String]) -> Result<&'static str, Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["nss"] => Ok("full"),
        ["nss", "quick"] => Ok("quick"),
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
        assert_eq!(pace(&said("nss")).unwrap(), "full");
        assert_eq!(pace(&said("nss quick")).unwrap(), "quick");
        for wrong in ["", "pam", "nss slow", "nss quick quick"] {
            let failure = pace(&said(wrong)).unwrap_err().to_string();
            assert!(
                failure.contains("cargo xtask bench nss [quick]"),
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
