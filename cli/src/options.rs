//! What can be typed. Help, man page and completions come from here.

mod fas;
mod ids;
mod init;
mod tokens;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use muster_common::name::{ServiceName, UserName};
use muster_common::paths;

pub use fas::{FasCommand, FasQuestion};
pub use ids::{IdCommand, IdQuery, NameCommand, NameKind, Who};
pub use init::InitOptions;
pub use tokens::{TokenCommand, TokenOrder, TokenUser};

/// Exit codes, as the help shows them.
const EXIT_CODES: &str = "\
Exit codes:
  0  done; the answer is yes
  1  the answer is no: not found, not allowed, refused, not good, problems in a configuration or a file
  2  the command was not understood
  3  could not ask: the broker does not run or does not answer, the directory cannot be reached, or what was to be compared cannot be read
  4  this user may not ask that
  5  doctor found an error";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "muster", version, about = "Logs people in and resolves names from web directories", after_help = EXIT_CODES)]
pub struct Options {
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set this host up for a directory: ask, test, and write the configuration and the secret (root)
    ///
    /// What no option says is asked for on a terminal. The server is asked whether it takes the credentials before
    /// anything is written, and no file that is there is replaced: where there is a configuration without a
    /// directory, the directory goes into a drop-in of its own beside it.
    Init(Box<InitOptions>),
    /// Show how directories, snapshot and broker are
    Status {
        /// Show the wrong tries that are on the books instead (root)
        #[arg(long)]
        throttle: bool,
    },
    /// Look a user up, by name or uid, and say where the answer comes from
    User {
        /// The user's name or uid
        user: String,
    },
    /// Look a group up, by name or gid
    Group {
        /// The group's name or gid
        group: String,
    },
    /// Sync directories now and publish the result (root)
    Sync {
        /// Only this directory
        directory: Option<String>,
        /// Let a sync of this directory through that was held because it would remove too many
        #[arg(long, value_name = "DIRECTORY", conflicts_with = "directory")]
        accept_shrink: Option<String>,
    },
    /// Log a user in as PAM would, without a session: asks for the password
    LoginTest {
        /// The user's name
        user: String,
        /// The PAM service whose rules apply
        #[arg(long, default_value = "sshd")]
        service: String,
    },
    /// Say why a user may or may not use a service
    Explain {
        /// The user's name
        user: String,
        /// The PAM service
        #[arg(long, default_value = "sshd")]
        service: String,
    },
    /// Print a user's SSH keys for sshd (AuthorizedKeysCommand), from the snapshot alone
    ///
    /// In sshd_config: `AuthorizedKeysCommand /usr/bin/muster ssh-keys %u` and
    /// `AuthorizedKeysCommandUser muster-keys`. Nothing is printed for local accounts, reserved names, and whoever
    /// the access rules do not let in.
    SshKeys {
        /// The user's name
        user: String,
        /// The PAM service whose rules apply
        #[arg(long, default_value = "sshd")]
        service: ServiceName,
    },
    /// Shut a user out of this host at once, whatever the directory says (root)
    ///
    /// Logins are refused, also those by SSH key and those of cron, until `muster unrevoke`. It stays through
    /// restarts and outages. What the user already runs goes on: `loginctl terminate-user` ends it.
    Revoke {
        /// The user's name
        user: String,
    },
    /// Let a user in again who was shut out (root)
    Unrevoke {
        /// The user's name
        user: String,
    },
    /// Look after the books of wrong tries (root)
    Throttle {
        /// What to do
        #[command(subcommand)]
        command: ThrottleCommand,
    },
    /// Look after the mark that the clock must not fall behind (root)
    Clock {
        /// What to do
        #[command(subcommand)]
        command: ClockCommand,
    },
    /// Look after the homes of people who are gone (root)
    Homes {
        /// What to do
        #[command(subcommand)]
        command: HomesCommand,
    },
    /// Check, compare and import configurations
    Config {
        /// What to do with it
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Settle names that two persons claim (root)
    Name {
        /// What to do
        #[command(subcommand)]
        command: NameCommand,
    },
    /// Ask a FAS directory what it says itself, as python-fedora would (root)
    Fas(FasCommand),
    /// Look after Crowd's single sign-on (root)
    Crowd {
        /// What to do
        #[command(subcommand)]
        command: CrowdCommand,
    },
    /// Make people of Gafaelfawr known before their first login (root)
    Gafaelfawr {
        /// What to do
        #[command(subcommand)]
        command: GafaelfawrCommand,
    },
    /// Show, settle and carry the ids of users and groups (root)
    Id {
        /// What to do
        #[command(subcommand)]
        command: IdCommand,
    },
    /// Look after the host's own registry: people whom no server knows (root)
    ///
    /// For a directory of the kind `local`. Exit code 0 is yes or done, 1 no, 3 that it could not be settled.
    Token {
        /// What to do
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Make, check or print a snapshot: the file that names are resolved from
    Snapshot {
        /// What to do
        #[command(subcommand)]
        command: SnapshotCommand,
    },
    /// Look for what is or could go wrong with muster on this host, and say how to repair it
    ///
    /// Changes nothing without `--fix`. Run it as root: others may not read all that is looked at. Exit code 0: nothing
    /// worse than notes; 1: warnings; 5: errors.
    Doctor(DoctorOrder),
    /// Print the version
    Version,
}

/// What is examined, and what is done about it.
#[derive(Debug, Args)]
pub struct DoctorOrder {
    /// Repair what can be repaired without taking anything from anybody, then look again
    #[arg(long)]
    pub fix: bool,
    /// Only say what `--fix` would do
    #[arg(long)]
    pub dry_run: bool,
    /// Show what is as it should be, too
    #[arg(long)]
    pub all: bool,
    /// List the checks, and look at nothing
    #[arg(long)]
    pub list: bool,
    /// Examine the files of an image that is mounted there, not this host
    #[arg(long, value_name = "DIR", conflicts_with = "fix")]
    pub root: Option<PathBuf>,
}

/// What to do with the books of wrong tries.
#[derive(Debug, Subcommand)]
pub enum ThrottleCommand {
    /// Show wrong tries since the last right one, and when the next one is taken
    List,
    /// Forget wrong tries: of one user, or of everybody
    Clear {
        /// The user's name
        user: Option<String>,
    },
}

/// What to do with the clock.
#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Take the clock as it is now for right, so that people can log in offline again
    ///
    /// Nobody logs in offline while the clock lies more than five minutes before the last login online:
    /// set the clock right first. This command is for a mark that a wrong clock has left in the future.
    Reset,
}

/// What to do with homes.
#[derive(Debug, Subcommand)]
pub enum HomesCommand {
    /// Lock homes: root owns them then, and nobody else gets in
    ///
    /// Only lists what would be locked, unless `--yes` is given. Owner and mode are remembered, nothing is deleted,
    /// and what lies inside stays as it is.
    Lock {
        /// The homes of everybody who was served once and is not any more
        #[arg(long, required = true)]
        departed: bool,
        /// Lock them, rather than list them
        #[arg(long)]
        yes: bool,
    },
    /// Give a locked home back to whom it belonged, with the mode that it had
    Unlock {
        /// The user's name
        user: UserName,
    },
}

/// What to do with snapshots.
#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Make one from passwd(5) and group(5) text, for containers, images and tests
    ///
    /// Names, ids and text have to be as muster's are everywhere: each line that does not fit is listed and left out.
    /// Homes, shells and primary groups are taken as written. Passwords are not, and nobody may log in by what is made.
    /// Put at /var/lib/muster/public/snapshot and owned by root, it is served without a broker.
    Build(BuildOrder),
    /// Read one whole, and say what it is or what is wrong with it
    Verify {
        /// The file
        #[arg(default_value = paths::SNAPSHOT)]
        file: PathBuf,
    },
    /// Print one as text, as getent would; of a damaged one nothing
    Dump {
        /// The file
        file: PathBuf,
        /// What to print
        #[arg(default_value = "passwd")]
        what: Database,
    },
}

/// What a snapshot is made from.
#[derive(Debug, Args)]
pub struct BuildOrder {
    /// The users: passwd(5) text
    #[arg(long, value_name = "FILE")]
    pub passwd: PathBuf,
    /// The groups: group(5) text
    #[arg(long, value_name = "FILE")]
    pub group: PathBuf,
    /// Where the snapshot is put, whole or not at all
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Resolve names and ids, but do not let getent list them
    #[arg(long)]
    pub no_enumerate: bool,
    /// Write nothing if anything would be left out
    #[arg(long)]
    pub strict: bool,
    /// Further characters that names may hold after the first: the configuration's `names.extra`
    #[arg(long, value_name = "CHARACTERS", default_value = "")]
    pub extra: String,
}

/// A part of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Database {
    /// Users, as `getent passwd`
    Passwd,
    /// Groups, as `getent group`
    Group,
    /// Each user's groups, the primary one first
    Initgroups,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report every problem at once; ask nobody
    Check {
        /// The file; its drop-ins are read as well, as in `muster.d` beside `muster.toml`
        #[arg(default_value = paths::CONFIG)]
        file: PathBuf,
    },
    /// Show every key with its value and the line that says it, drop-ins and defaults included; ask nobody
    ///
    /// What is printed is a configuration itself. Secrets are files, and are not read.
    Show {
        /// The file
        #[arg(default_value = paths::CONFIG)]
        file: PathBuf,
    },
    /// Say who gains and who loses access by a new configuration; ask nobody
    ///
    /// The rules of both are applied to everybody in the snapshot as it is now. Whether an account is active or
    /// shut out is left out. Exit code 0 says that nobody's access changes, 1 that somebody's does, 3 that a
    /// configuration or the snapshot cannot be read.
    Diff {
        /// The configuration as it is
        old: PathBuf,
        /// The configuration as it would be
        new: PathBuf,
        /// The snapshot whose people are looked at
        #[arg(long, value_name = "FILE", default_value = paths::SNAPSHOT)]
        snapshot: PathBuf,
    },
    /// Make a configuration from fasClient's fas.conf, and say what could not be carried over
    ///
    /// The password goes into a file of its own beside the configuration, mode 0640, and never to standard output.
    ImportFas {
        /// fasClient's configuration
        #[arg(default_value = "/etc/fas.conf")]
        file: PathBuf,
        /// Where the configuration is written; without it, it is printed, and no password is written anywhere
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// What to do at Crowd.
#[derive(Debug, Subcommand)]
pub enum CrowdCommand {
    /// Validate or end sessions of single sign-on
    ///
    /// The token is asked for, or read from standard input: on a command line every user of the host could see it.
    Session {
        /// What to do
        #[command(subcommand)]
        command: SessionCommand,
    },
}

/// What to do about people of Gafaelfawr.
#[derive(Debug, Subcommand)]
pub enum GafaelfawrCommand {
    /// Make the person known whose token this is
    ///
    /// For deployments without LDAP, where nobody can be looked up by name: sshd refuses names that the host does
    /// not know before it asks for anything. It lets nobody in; the token is used once and not kept. The token
    /// itself is never an argument: every user of the host could see it.
    Import {
        /// The directory, where several could say whose a token is
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
        /// A file that holds the token, or `-` for standard input; without it the token is asked for
        #[arg(value_name = "TOKEN_FILE")]
        token: Option<PathBuf>,
    },
}

/// What to do with a session.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Say whose session it is and how long it is good; this prolongs it
    Validate {
        /// The directory, where there are several that have sessions
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
        /// The address of the person's browser, which most sessions are bound to
        #[arg(long, value_name = "ADDRESS")]
        remote_address: Option<IpAddr>,
    },
    /// End a session, wherever it is used
    End {
        /// The directory, where there are several that have sessions
        #[arg(long, value_name = "NAME")]
        directory: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }
}
