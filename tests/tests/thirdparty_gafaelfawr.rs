//! The simulated Gafaelfawr is judged by Gafaelfawr's own client, from PyPI.
//!
//! It needs a newer Python than hosts usually have; where there is none, the test says
//! so and passes.

mod clients;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a Python that is new enough may be: on PATH first, then where it is often put.
fn candidates() -> Vec<PathBuf> {
    let names = ["python3.14", "python3.13", "python3"];
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let versions = home.map(|home| home.join(".pyenv/versions"));
    let pyenv = versions.and_then(|versions| std::fs::read_dir(versions).ok());
    let mut built: Vec<PathBuf> = pyenv
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin/python3"))
        .collect();
    built.sort();
    built.reverse();
    let folders = ["", "/usr/bin", "/usr/local/bin", "/opt/python/bin"];
    folders
        .into_iter()
        .flat_map(|folder| names.map(|name| Path::new(folder).join(name)))
        .chain(built)
        .collect()
}

/// Whether it is there, really runs, and is new enough to have what the client needs.
fn suits(python: &Path) -> bool {
    let question = "import sys, ssl, venv, ensurepip; sys.exit(sys.version_info < (3, 13))";
    let run = Command::new(python).args(["-c", question]).output();
    run.is_ok_and(|output| output.status.success())
}

#[test]
fn gafaelfawrs_own_client_finds_a_gafaelfawr_in_the_simulator() {
    let Some(python) = candidates().into_iter().find(|python| suits(python)) else {
        // Not by println!, which the harness hides where a test passes.
        let told = "SKIPPED: rubin-gafaelfawr needs Python 3.13 or newer, and there is none here";
        let _ = writeln!(std::io::stdout(), "{told}");
        return;
    };
    let clients = clients::Clients {
        name: "gafaelfawr-client",
        folder: "gafaelfawr",
    };
    clients.judge(&python);
}
