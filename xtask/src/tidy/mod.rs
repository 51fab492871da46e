//! `cargo xtask tidy`: rules that no compiler knows, proved on the source and on the modules as they ship.

mod documents;
mod manifests;
mod modules;
mod sources;

use crate::program::{Failure, Outcome, headline};
use crate::{no_words, requirements};

/// Every rule.
pub(crate) fn run(words: &[String]) -> Outcome {
    no_words("tidy", words)?;
    requirements::for_building()?;
    sources()?;
    modules()
}

/// The rules that only need the source: a second or less.
pub(crate) fn sources() -> Outcome {
    headline("tidy: source, manifests, documents");
    let mut findings = sources::findings()?;
    findings.extend(manifests::findings()?);
    findings.extend(documents::findings()?);
    report(&findings)
}

/// What the modules carry, export and need, after building each for release.
pub(crate) fn modules() -> Outcome {
    headline("tidy: the modules as they ship");
    report(&modules::findings()?)
}

fn report(findings: &[String]) -> Outcome {
    for finding in findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        number => Err(Failure::new(format!("tidy: {number} findings"))),
    }
}
