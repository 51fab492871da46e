//! `cargo xtask bench nss`: lookups through glibc, side by side with others.

use crate::program::{Failure, Outcome};

/// Runs the named benchmark.
pub(crate) fn run(words: &[String]) -> Outcome {
    match words {
        [what] if what == "nss" => Err(Failure::new(
            "the benchmark of the NSS module is not there yet",
        )),
        _ => Err(Failure::new("usage: cargo xtask bench nss")),
    }
}
