//! What is wrong with a configuration: everything at once, each with its place.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; none if it is about the file as a whole.
    pub line: Option<usize>,
    /// The key with its section, or empty.
    pub key: String,
    /// What was found; never a value that may be a secret.
    pub found: String,
    /// What is wanted instead.
    pub wanted: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " found {}; wanted {}", self.found, self.wanted)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigErrors {
    /// The file cannot be read at all.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody beside root may have written the file: whoever acts with root's rights must not follow it.
    #[error("{} is not to be trusted: {reason}", path.display())]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong with its owner or mode.
        reason: String,
    },
    /// The files were read and cannot be followed: all of their problems, in the order of files and lines.
    #[error("{}", lines(.0))]
    Wrong(Vec<Problem>),
}

impl ConfigErrors {
    /// The problems, one a line to show; a file that cannot be read is one problem.
    pub fn problems(&self) -> Vec<String> {
        match self {
            Self::Wrong(problems) => problems.iter().map(Problem::to_string).collect(),
            Self::Unreadable { source, .. } => vec![format!("{self}: {source}")],
            Self::Untrusted { .. } => vec![self.to_string()],
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
