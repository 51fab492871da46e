//! What is built: each module alone, so that no other package's features get into it, and the programs.

use crate::program::{Outcome, cargo, execute, target, tree};
use std::path::PathBuf;

/// How the programs are built; the modules are always built for release, as they ship.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Speed {
    /// Optimized as a whole: minutes.
    Release,
    /// The same for packages: with what debuggers need, which packages carry apart, and no path of this machine.
    Shipped,
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

/// Builds the simulated directories.
pub(crate) fn build_simulator() -> Outcome {
    execute(&mut cargo([
        "build",
        "-p",
        "muster-tests",
        "--bin",
        "muster-sim",
    ]))
}

/// Where cargo puts what it built.
pub(crate) fn folder(speed: Speed) -> PathBuf {
    target().join(match speed {
        Speed::Release => "release",
        Speed::Shipped => "shipped",
        Speed::Dev => "debug",
    })
}

/// Where the modules are that go with programs of this speed.
pub(crate) fn modules_folder(speed: Speed) -> PathBuf {
    folder(match speed {
        Speed::Shipped => Speed::Shipped,
        Speed::Release | Speed::Dev => Speed::Release,
    })
}

/// Builds modules and programs as packages carry them: two builds of the same source, wherever it lies, are the same.
pub(crate) fn build_shipped() -> Outcome {
    let flags = remapped_paths();
    for (package, _) in MODULES {
        let library = ["--lib", "-p", package, "--crate-type", "cdylib"];
        execute(
            cargo(["rustc", "--profile", "shipped"])
                .args(library)
                .env("RUSTFLAGS", &flags),
        )?;
    }
    let programs = ["--bins", "-p", "muster-daemon", "-p", "muster-cli"];
    execute(
        cargo(["build", "--profile", "shipped"])
            .args(programs)
            .env("RUSTFLAGS", &flags),
    )
}

/// Tells the compiler what to call the folders of this machine.
fn remapped_paths() -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo_home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    format!(
        "--remap-path-prefix={cargo_home}=/usr/src/cargo --remap-path-prefix={}=/usr/src/muster",
        tree().display()
    )
}
