//! The simulated directories are judged by clients that others wrote, from PyPI.
//!
//! They are installed into a virtual environment below cargo's target folder, in the
//! versions of `thirdparty/requirements.txt`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

fn thirdparty() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("thirdparty")
}

/// Runs a command to its end, or says which it was and what it is good for.
fn run(command: &mut Command, missing: &str) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {missing}"));
    assert!(status.success(), "{command:?}: {status}; {missing}");
}

/// An interpreter that has the clients.
fn python() -> PathBuf {
    let requirements = thirdparty().join("requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
    let python = folder.join("bin/python");
    let mark = folder.join("installed");
    if std::fs::read_to_string(&mark).is_ok_and(|have| have == wanted) {
        return python;
    }
    run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
        "the directory clients need Python: apt-get install python3 python3-venv",
    );
    run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
            ])
            .arg(&requirements),
        "the directory clients come from a Python package index, which must be reachable",
    );
    std::fs::write(mark, wanted).unwrap();
    python
}

#[test]
fn clients_that_others_wrote_find_their_servers_in_the_simulators() {
    run(
        Command::new(python())
            .args([
                "-B",
                "-m",
                "unittest",
                "discover",
                "--verbose",
                "--start-directory",
            ])
            .arg(thirdparty())
            .env("MUSTER_SIM", env!("CARGO_BIN_EXE_muster-sim"))
            .env_remove("REQUESTS_CA_BUNDLE")
            .env_remove("CURL_CA_BUNDLE")
            .env("NO_PROXY", "127.0.0.1,localhost"),
        "see the test's own lines above",
    );
}
