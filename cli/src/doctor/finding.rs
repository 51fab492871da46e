//! What a check found: how bad it is, what it rests on, and what to do.

use muster_common::text;
use serde::Serialize;

use super::fix::Fix;

/// The longest value of a file or a server that is shown, in bytes.
const VALUE_MAX: usize = 300;

/// How bad it is; the worst one is the report's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not examined, and why.
    Skipped,
    /// As it should be.
    Fine,
    /// Worth knowing.
    Note,
    /// Not as it should be; something may break or open.
    Warning,
    /// Broken or open now.
    Error,
}

impl Level {
    /// As it is written in the report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Fine => "fine",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a finding rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// A file, a folder, a socket, a program or a service.
    pub place: String,
    /// The line in it, the first is 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What stands there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What is the case, one sentence.
    pub says: String,
    /// What that rests on.
    pub evidence: Box<Evidence>,
    /// What to do, one line; none: what the table of checks says.
    pub repair: Option<String>,
    /// What `--fix` would do.
    pub fix: Option<Box<Fix>>,
}

impl Finding {
    /// Nobody looked.
    pub fn skipped(why: impl AsRef<str>) -> Self {
        Self::of(Level::Skipped, why.as_ref())
    }

    /// As it should be.
    pub fn fine(says: impl AsRef<str>) -> Self {
        Self::of(Level::Fine, says.as_ref())
    }

    /// Worth knowing.
    pub fn note(says: impl AsRef<str>) -> Self {
        Self::of(Level::Note, says.as_ref())
    }

    /// Not as it should be.
    pub fn warning(says: impl AsRef<str>) -> Self {
        Self::of(Level::Warning, says.as_ref())
    }

    /// Broken or open.
    pub fn error(says: impl AsRef<str>) -> Self {
        Self::of(Level::Error, says.as_ref())
    }

    fn of(level: Level, says: &str) -> Self {
        Self {
            level,
            says: text::safe(says, 2 * VALUE_MAX),
            evidence: Box::default(),
            repair: None,
            fix: None,
        }
    }

    /// Where it was seen.
    pub fn at(mut self, place: impl AsRef<str>) -> Self {
        self.evidence.place = text::safe(place.as_ref(), VALUE_MAX);
        self
    }

    /// In which line; the first is 1.
    pub fn line(mut self, line: usize) -> Self {
        self.evidence.line = Some(line);
        self
    }

    /// What stands there.
    pub fn value(mut self, value: impl AsRef<str>) -> Self {
        self.evidence.value = text::safe(value.as_ref().trim(), VALUE_MAX);
        self
    }

    /// What to do about this one.
    pub fn repair(mut self, repair: impl AsRef<str>) -> Self {
        self.repair = Some(text::safe(repair.as_ref(), 2 * VALUE_MAX));
        self
    }

    /// What `--fix` does about it.
    pub fn fix(mut self, fix: Fix) -> Self {
        self.repair = Some(fix.command());
        self.fix = Some(Box::new(fix));
        self
    }
}
