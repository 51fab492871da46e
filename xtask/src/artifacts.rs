//! What is built: each module alone, so that no other package's features get into it, and the programs.

use crate::program::{Outcome, cargo, execute, target};
use std::path::PathBuf;

/// How the programs are built; the modules are always built for release, as they ship.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Speed {
    /// Optimized as a whole: minutes.
    Release,
    /// Cargo's dev profile, shared with the tests.
    Dev,
}

/// The modules' packages with the libraries that they make.
pub(crate) const MODULES: [(&str, &str); 2] = [
    ("muster-nss", "libnss_muster.so"),
    ("muster-pam", "libpam_muster.so"),
];

/// Builds both modules for release, each by its own `-p`: together, or with the workspace, cargo would unify features.
/// Each as a C library alone: with an rlib beside it (pam's tests need one) there is no link-time optimisation.
pub(crate) fn build_modules() -> Outcome {
    for (package, _) in MODULES {
        execute(&mut cargo([
            "rustc",
            "--release",
            "--lib",
            "-p",
            package,
            "--crate-type",
            "cdylib",
        ]))?;
    }
    Ok(())
}

/// The target of 32-bit programs on x86-64 hosts.
pub(crate) const I386: &str = "i686-unknown-linux-gnu";

/// Where cargo puts the NSS module for 32-bit programs.
pub(crate) fn i386_folder() -> PathBuf {
    target().join(I386).join("release")
}

/// Builds the NSS module for 32-bit programs, which cannot load the other one and would see no users without it.
pub(crate) fn build_i386_module() -> Outcome {
    execute(&mut cargo([
        "rustc",
        "--release",
        "--lib",
        "-p",
        "muster-nss",
        "--crate-type",
        "cdylib",
        "--target",
        I386,
    ]))
}

/// Builds the broker, the publisher and the command line for release.
pub(crate) fn build_programs() -> Outcome {
    execute(&mut cargo([
        "build",
        "--release",
        "--bins",
        "-p",
        "muster-daemon",
        "-p",
        "muster-cli",
    ]))
}

/// Builds all programs and all tests of the workspace with the dev profile: one build that tests, worlds and demo share.
pub(crate) fn build_everything_for_tests() -> Outcome {
    execute(&mut cargo([
        "build",
        "--workspace",
        "--lib",
        "--bins",
        "--tests",
    ]))
}

/// Where cargo puts what it built.
pub(crate) fn folder(speed: Speed) -> PathBuf {
    target().join(match speed {
        Speed::Release => "release",
        Speed::Dev => "debug",
    })
}
