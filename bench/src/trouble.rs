//! Why a benchmark cannot go on. Whoever hears it can only stop, so a sentence is enough.

use std::error::Error;
use std::fmt;
use std::path::Path;

/// A sentence that says what went wrong and, where it is known, what to do.
#[derive(Debug)]
pub(crate) struct Trouble(String);

impl Trouble {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// For `map_err`: what was at hand, and the error with its causes.
    pub(crate) fn because<E: Error>(what: &str) -> impl Fn(E) -> Self + use<E> {
        let what = what.to_owned();
        move |error| {
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
            Self(format!("{what}: {text}"))
        }
    }

    /// For `map_err`: a file and what happened to it.
    pub(crate) fn at<E: Error>(path: &Path) -> impl Fn(E) -> Self + use<E> {
        Self::because(&path.display().to_string())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
