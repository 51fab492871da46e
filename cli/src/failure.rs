//! Why a command has no answer, what to do about it, and the exit code that says so.

use std::path::PathBuf;
use std::process::ExitCode;

use muster_common::config::ConfigErrors;
use muster_common::connect::ConnectError;
use muster_common::directory::DirectoryError;
use muster_common::homes::HomesError;
use muster_common::import_fas::ImportError;
use muster_common::name::NameError;
use muster_common::secret::SecretError;
use muster_common::snapshot::reader::OpenError;
use muster_common::snapshot::writer::WriteError;
use muster_common::text::with_causes;
use muster_common::wire::client::WireError;
use serde_json::json;

use crate::options::Options;

/// The answer is no.
pub const EXIT_NO: u8 = 1;
/// The command was not understood.
const EXIT_USAGE: u8 = 2;
/// Could not ask.
pub const EXIT_COULD_NOT_ASK: u8 = 3;
/// This user may not ask that.
pub const EXIT_DENIED: u8 = 4;

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The broker gave none.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// What was typed cannot be a password.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The terminal or standard output.
    #[error("{0}")]
    Terminal(#[from] std::io::Error),
    /// A file that was named cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that was named is no sound snapshot.
    #[error("{}: {}", path.display(), with_causes(source))]
    Snapshot {
        /// Which.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// Nobody's access can be compared without the people of a snapshot.
    #[error("whose access changes is not known: {0}")]
    NoPeople(#[source] Box<Failure>),
    /// A snapshot could not be made or put in its place.
    #[error("{}", with_causes(.0))]
    Write(#[from] WriteError),
    /// What was typed cannot be in a name.
    #[error("--extra {0}")]
    Name(#[from] NameError),
    /// A token stands on the command line.
    #[error(
        "this looks like a token: everybody on this host could see it on the command line, so revoke it; give `-` or a file instead"
    )]
    OnCommandLine,
    /// A configuration that was named has problems.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// What has to be said, and is not, where nobody can be asked.
    #[error("{0}")]
    Unsaid(String),
    /// A host cannot be set up as it was said; nothing was written.
    #[error("{0}")]
    Setup(String),
    /// The client of a directory cannot be made.
    #[error("{}", with_causes(.0))]
    Connect(#[from] ConnectError),
    /// A directory does not take what was said; nothing was written.
    #[error("{url}: {}", with_causes(source))]
    Directory {
        /// Its URL.
        url: String,
        /// What is wrong.
        source: DirectoryError,
    },
    /// A home could not be looked after.
    #[error(transparent)]
    Homes(#[from] HomesError),
    /// A file of fasClient's that cannot be carried over.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Two passwords that should be the same are not.
    #[error("the two are not the same: nothing is changed")]
    Different,
    /// The dialogue ended without a verdict.
    #[error("the broker ended the dialogue without a verdict")]
    NoVerdict,
}

impl Failure {
    /// Tells the person and gives the exit code.
    pub fn report(&self, options: &Options) -> ExitCode {
        let code = self.code();
        if options.json {
            println!("{}", json!({ "error": self.to_string(), "exit": code }));
        } else {
            eprintln!("muster: {self}");
            if let Some(advice) = self.advice() {
                eprintln!("        {advice}");
            }
        }
        ExitCode::from(code)
    }

    fn code(&self) -> u8 {
        match self {
            Self::Wire(WireError::NotFound)
            | Self::Secret(_)
            | Self::File { .. }
            | Self::Snapshot { .. }
            | Self::Write(_)
            | Self::Import(_)
            | Self::Name(_)
            | Self::Setup(_)
            | Self::Connect(_)
            | Self::Different
            | Self::OnCommandLine => EXIT_NO,
            Self::Directory { source, .. } if !is_silent(source) => EXIT_NO,
            Self::Unsaid(_) | Self::Wire(WireError::Unfit(_)) => EXIT_USAGE,
            Self::Wire(WireError::Denied) | Self::Homes(HomesError::NotRoot) => EXIT_DENIED,
            _ => EXIT_COULD_NOT_ASK,
        }
    }

    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Wire(WireError::NotThere { .. }) => {
                Some("Is the broker running? `systemctl status musterd`, `journalctl -u musterd`.")
            }
            Self::Wire(WireError::Silent) => Some(
                "The broker is there and does not answer: `journalctl -u musterd`, then `systemctl restart musterd`.",
            ),
            Self::Wire(WireError::Denied) | Self::Homes(HomesError::NotRoot) => {
                Some("Root may: try `sudo muster …`.")
            }
            Self::Directory { source, .. } if is_silent(source) => Some(
                "Nothing was written. Is the URL right, and the server's authority known (--ca-file)? \
                 --no-test writes the configuration unasked.",
            ),
            Self::Directory { .. } => Some("Nothing was written."),
            _ => None,
        }
    }
}

/// Whether the server itself said nothing: its own no is a misconfiguration, or a refusal.
const fn is_silent(error: &DirectoryError) -> bool {
    matches!(
        error,
        DirectoryError::Unreachable { .. } | DirectoryError::Nonsense { .. }
    )
}
