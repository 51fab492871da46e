//! The program as a script calls it: what it ends with, and what it says to whom.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn muster(words: &[&str], output: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(words).stdin(Stdio::null()).stdout(output);
    command
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    OwnedFd::from(writer).into()
}

#[test]
fn whoever_stops_reading_changes_nothing_about_how_it_ends() {
    for words in [
        vec!["--json", "version"],
        vec!["version"],
        vec!["--json", "doctor", "--list"],
        vec!["doctor", "--list"],
    ] {
        let output = muster(&words, closed());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {said}");
        assert_eq!(said, "", "{words:?}");
    }
}

#[test]
fn what_cannot_be_told_for_lack_of_room_is_said() {
    for words in [vec!["--json", "version"], vec!["version"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = muster(&words, full.into());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {said}");
        assert!(said.contains("No space left"), "{said}");
    }
}

/// `config diff` of two configurations that are alike, with this snapshot.
fn diff(folder: &Path, snapshot: &Path) -> Output {
    let config = folder.join("muster.toml");
    fs::write(&config, "version = 1\n[access]\nallow = [\"everyone\"]\n").unwrap();
    let config = config.to_str().unwrap();
    let words = ["config", "diff", config, config, "--snapshot"];
    let all = [&words[..], &[snapshot.to_str().unwrap()]].concat();
    muster(&all, Stdio::piped())
}

#[test]
fn a_comparison_without_people_is_no_change_of_anybodys_access() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged");
    fs::write(&damaged, "no snapshot").unwrap();
    for snapshot in [folder.path().join("missing"), damaged] {
        let output = diff(folder.path(), &snapshot);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("whose access changes is not known"), "{said}");
        assert!(said.contains(snapshot.to_str().unwrap()), "{said}");
    }
}
