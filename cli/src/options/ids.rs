//! What can be typed about ids and names.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// What to do with ids.
#[derive(Debug, Subcommand)]
pub enum IdCommand {
    /// Show whose ids are, and where they come from
    List(IdQuery),
    /// Give somebody this id from now on, whatever the service says
    ///
    /// For people and groups that are left out because somebody else has their id, and for moving somebody to another
    /// id. Files keep their old one.
    Pin {
        /// Whose id
        #[command(flatten)]
        who: Who,
        /// The id: in `ids.accept` or `ids.derive`, and never anybody else's
        id: u32,
    },
    /// Take a pin away: the service's or derived id comes back, the pinned one stays kept from others
    Unpin {
        /// Whose id
        #[command(flatten)]
        who: Who,
    },
    /// Write the whole ledger as text, for other hosts and for safekeeping
    Export {
        /// The file; `-` is standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Take another host's ledger in: what is missing here is added, what is said otherwise here stays and is listed
    Import {
        /// The file; `-` is standard input
        file: PathBuf,
        /// Only say what would come of it
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which ids are wanted.
#[derive(Debug, Args)]
pub struct IdQuery {
    /// Only the user who has this name or had it when the id was given
    #[arg(long, value_name = "NAME", conflicts_with_all = ["group", "id"])]
    pub user: Option<String>,
    /// Only the group that has this name or had it when the id was given
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    pub group: Option<String>,
    /// Only this id
    #[arg(long, value_name = "N")]
    pub id: Option<u32>,
    /// Ids that nobody has any more, too: they are kept from others
    #[arg(long)]
    pub all: bool,
}

/// A user or group, by name.
#[derive(Debug, Args)]
pub struct Who {
    /// Whose name it is
    pub kind: NameKind,
    /// The name
    pub name: String,
    /// The directory, where several know the name
    #[arg(long, value_name = "NAME")]
    pub directory: Option<String>,
    /// The key, where several have the name
    #[arg(long)]
    pub key: Option<String>,
}

/// What to do with names.
#[derive(Debug, Subcommand)]
pub enum NameCommand {
    /// Show names that somebody else claims than whom they are held for
    List {
        /// Every name that was ever served
        #[arg(long)]
        all: bool,
    },
    /// Give a held name over to whoever claims it now: another person, with another id
    Accept {
        /// Whose name it is
        kind: NameKind,
        /// The name
        name: String,
    },
}

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NameKind {
    /// A user's
    User,
    /// A group's
    Group,
}
