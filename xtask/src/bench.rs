//! `cargo xtask bench nss`: lookups through glibc, side by side with others.

use crate::program::{Failure, Outcome, cargo, execute, is_root};
use crate::requirements;

/// Runs the named benchmark.
pub(crate) fn run(words: &[String]) -> Outcome {
    if !matches!(words, [what] if what == "nss") {
        return Err(Failure::new("usage: cargo xtask bench nss"));
    }
    if !is_root() {
        return Err(Failure::new(
            "the benchmark makes a private mount namespace and needs root",
        ));
    }
    requirements::for_building()?;
    execute(&mut cargo([
        "bench",
        "--package",
        "muster-nss",
        "--bench",
        "names",
    ]))
}
