//! Clients that others wrote in Python: installed, and run against the simulators.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]
#![allow(dead_code, reason = "no test uses all of it")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Tests of one program run side by side; one of them installs.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Runs a command to its end, or says which it was and what it is good for.
fn run(command: &mut Command, missing: &str) {
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {missing}"));
    assert!(status.success(), "{command:?}: {status}; {missing}");
}

/// Clients in a folder below `tests/thirdparty`, with their `requirements.txt`.
pub struct Clients {
    /// What they are called among those that are installed.
    pub name: &'static str,
    /// Their folder below `tests/thirdparty`.
    pub folder: &'static str,
}

impl Clients {
    pub fn thirdparty() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("thirdparty")
    }

    /// An interpreter that has the clients, in a virtual environment of `python`'s
    /// below cargo's target folder.
    pub fn interpreter(&self, python: &Path) -> PathBuf {
        let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        let requirements = Self::thirdparty()
            .join(self.folder)
            .join("requirements.txt");
        let wanted = std::fs::read_to_string(&requirements).unwrap();
        let wanted = format!("{}\n{wanted}", python.display());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.name);
        let interpreter = folder.join("bin/python");
        let mark = folder.join("installed");
        if std::fs::read_to_string(&mark).is_ok_and(|have| have == wanted) {
            return interpreter;
        }
        run(
            Command::new(python)
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
            "the directory clients need Python: apt-get install python3 python3-venv",
        );
        let quietly = ["-m", "pip", "install", "--quiet"];
        run(
            Command::new(&interpreter)
                .args(quietly)
                .args(["--disable-pip-version-check", "-r"])
                .arg(&requirements),
            "the directory clients come from a Python package index, which must be reachable",
        );
        std::fs::write(mark, wanted).unwrap();
        interpreter
    }

    /// Runs their tests, which start the simulators that they need.
    pub fn judge(&self, python: &Path) {
        run(
            Command::new(self.interpreter(python))
                .args(["-B", "-m", "unittest", "discover", "--verbose"])
                .arg("--start-directory")
                .arg(Self::thirdparty().join(self.folder))
                .env("PYTHONPATH", Self::thirdparty())
                .env("MUSTER_SIM", env!("CARGO_BIN_EXE_muster-sim"))
                .env_remove("REQUESTS_CA_BUNDLE")
                .env_remove("CURL_CA_BUNDLE")
                .env("NO_PROXY", "127.0.0.1,localhost"),
            "see the test's own lines above",
        );
    }
}
