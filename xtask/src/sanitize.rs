//! `cargo xtask sanitize`: the snapshot's reader and the NSS module's own tests under AddressSanitizer.

use crate::program::{Failure, Outcome, cargo, execute, headline, output, program, target};
use crate::{no_words, requirements};
use std::process::Command;

/// What runs, each package by itself: the words that follow `cargo test -p`.
const TESTS: [&[&str]; 2] = [
    &[
        "muster-common",
        "--features",
        "writer",
        "--lib",
        "snapshot::",
    ],
    &["muster-nss", "--lib"],
];

/// Builds into a folder of its own, so that nothing else has to be built anew, and runs.
pub(crate) fn run(words: &[String]) -> Outcome {
    no_words("sanitize", words)?;
    requirements::for_building()?;
    let host = host()?;
    for test in TESTS {
        let package = test.first().copied().unwrap_or_default();
        headline(&format!("{package} under AddressSanitizer"));
        execute(under_address_sanitizer(
            cargo(["test", "--target", &host, "-p"]).args(test),
        ))?;
    }
    Ok(())
}

/// The sanitizer is an unstable flag of a stable compiler. It cannot tell leaks here: tests leak paths on
/// purpose, since those of a process live as long as it does.
fn under_address_sanitizer(command: &mut Command) -> &mut Command {
    command
        .env("CARGO_TARGET_DIR", target().join("sanitize"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("ASAN_OPTIONS", "detect_leaks=0")
}

/// The target that this compiler is for: named, or build scripts would be sanitized too.
fn host() -> Result<String, Failure> {
    let said = output(&mut program("rustc", ["-vV"]))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc does not say what it is for"))
}
