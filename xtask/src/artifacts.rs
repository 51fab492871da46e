//! What is built: each module alone, so that no other package's features get into it, and the programs.

use crate::program::{Outcome, cargo, execute, target, tree};
use std::path::PathBuf;
use std::process::Command;

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
    let names = NeutralNames::of_this_machine();
    for (package, _) in MODULES {
        let library = ["--lib", "-p", package, "--crate-type", "cdylib"];
        execute(names.tell(cargo(["rustc", "--profile", "shipped"]).args(library)))?;
    }
    let programs = ["--bins", "-p", "muster-daemon", "-p", "muster-cli"];
    execute(names.tell(cargo(["build", "--profile", "shipped"]).args(programs)))
}

/// What compilers call the folders of this machine, each with what it is called instead. The last that fits counts.
struct NeutralNames(Vec<(PathBuf, &'static str)>);

impl NeutralNames {
    /// Crates have one name, whether they come from cargo's registry or lie beside the source.
    fn of_this_machine() -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let cargo_home = std::env::var_os("CARGO_HOME")
            .map_or_else(|| home.unwrap_or_default().join(".cargo"), PathBuf::from);
        let registries = std::fs::read_dir(cargo_home.join("registry/src"));
        let registries = registries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok().map(|entry| (entry.path(), CRATES)));
        let mut names = vec![
            (cargo_home, "/usr/src/cargo"),
            (tree(), "/usr/src/muster"),
            (target(), "/usr/src/muster/target"),
            (tree().join("vendor"), CRATES),
        ];
        names.extend(registries);
        Self(names)
    }

    /// For rustc, and for the compiler of the C that some crates carry.
    fn tell<'a>(&self, cargo: &'a mut Command) -> &'a mut Command {
        let c_flags = std::env::var("CFLAGS").unwrap_or_default();
        cargo
            .env("RUSTFLAGS", self.words("--remap-path-prefix"))
            .env(
                "CFLAGS",
                format!("{HARDENED} {c_flags} {}", self.words("-ffile-prefix-map")),
            )
    }

    fn words(&self, option: &str) -> String {
        let words: Vec<String> = self
            .0
            .iter()
            .map(|(folder, name)| format!("{option}={}={name}", folder.display()))
            .collect();
        words.join(" ")
    }
}

/// How the C that some crates carry (SQLite, ring) is hardened where it is shipped; a distribution's own flags count more.
const HARDENED: &str = "-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2";

/// What the folder of the crates is called.
const CRATES: &str = "/usr/src/crates";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_has_one_name_from_the_registry_and_from_beside_the_source() {
        let words = NeutralNames::of_this_machine().words("--map");
        let place = |text: &str| words.find(text).unwrap();
        let tree = tree();
        let own = format!("--map={}=/usr/src/muster ", tree.display());
        let vendored = format!("--map={}/vendor={CRATES}", tree.display());
        assert!(place(&own) < place(&vendored), "{words}");
    }
}
