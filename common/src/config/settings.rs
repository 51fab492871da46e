//! The configuration as it is meant: checked values only.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::SecretSource;
use crate::access::AccessRules;
use crate::directory::apicrud::PersonId;
use crate::directory::fas::Otp;
use crate::directory::gafaelfawr::{Host, Lists, ScopesMatch};
use crate::directory::{self, Coverage, GroupsTold, Scope, SecretKind};
use crate::local::LocalFiles;
use crate::name::{DirectoryName, GroupName, NameRule, ServiceName, UserName};
use crate::overrides::Overrides;
use crate::snapshot::content::Forms;
use crate::snapshot::policy::Policy;
use crate::template::Template;
use crate::verifier::Cost;

/// A whole, checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The format's version: 1.
    pub version: u32,
    /// Which ids may be served.
    pub ids: Ids,
    /// The directories, in order of precedence.
    pub directories: Vec<DirectoryConfig>,
    /// Who may log in.
    pub access: AccessRules,
    /// How long a compiled access decision counts.
    pub access_max_staleness: Duration,
    /// Logging in without the directory.
    pub offline: Offline,
    /// Homes and shells.
    pub home: Home,
    /// The names' canonical form.
    pub names: NameRule,
    /// Whether getpwent and getgrent list everybody.
    pub enumerate: bool,
    /// By what else than their names people are found.
    pub forms: Forms,
    /// What is said of single users in the directory's place.
    pub overrides: Overrides,
    /// Reading the directories.
    pub sync: Sync,
    /// Logging in.
    pub login: Login,
    /// What wrong tries cost.
    pub throttle: Throttle,
    /// What can be followed but is probably not wanted, a line each.
    pub warnings: Vec<String>,
}

impl Config {
    /// Whether people of `directory` can log in while it cannot be reached.
    pub fn logs_in_offline(&self, directory: &DirectoryName) -> bool {
        let configured = self.directories.iter().find(|one| one.name == *directory);
        // What can always be asked needs no verifier.
        let served = configured.filter(|one| one.server.is_some());
        self.offline.enabled && served.is_some_and(|one| one.offline)
    }

    /// What may be served under this configuration on the host that `local` describes.
    pub fn policy(&self, local: LocalFiles) -> Policy {
        Policy {
            accept: self.ids.accept.clone(),
            derive: self.ids.derive.clone(),
            homes: self
                .directories
                .iter()
                .map(|one| self.home.folder_of(&one.name))
                .collect(),
            overrides: self.overrides.clone(),
            shells: self.access.restricted_shells(),
            names: self.names.clone(),
            enumerate: self.enumerate,
            forms: self.forms.clone(),
            directories: self
                .directories
                .iter()
                .map(|one| one.name.clone())
                .collect(),
            services: self.access.services().to_vec(),
            max_staleness: self.access_max_staleness,
            local,
        }
    }
}

/// `[ids]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// Ids that a directory may give.
    pub accept: RangeInclusive<u32>,
    /// Ids that are derived from keys.
    pub derive: RangeInclusive<u32>,
}

/// `[[directory]]`
#[derive(Debug, Clone)]
pub struct DirectoryConfig {
    /// Its name in rules, logs and commands.
    pub name: DirectoryName,
    /// What derived ids are made from beside the key.
    pub namespace: Arc<str>,
    /// Whom of it this host carries.
    pub scope: Scope,
    /// Whether its people can log in while it cannot be reached.
    pub offline: bool,
    /// Where its people change their passwords by themselves.
    pub password_page: Option<Url>,
    /// Its server; `None` for the host's own registry.
    pub server: Option<ServerConfig>,
    /// The service and its own settings.
    pub kind: DirectoryKind,
}

impl DirectoryConfig {
    /// How many requests that read may be under way.
    pub fn requests_at_once(&self) -> usize {
        self.server.as_ref().map_or(1, |one| one.requests_at_once)
    }
}

/// What service a directory is.
#[derive(Debug, Clone)]
pub enum DirectoryKind {
    /// Atlassian Crowd.
    Crowd(CrowdConfig),
    /// The Fedora Account System.
    Fas(FasConfig),
    /// Gafaelfawr.
    Gafaelfawr(GafaelfawrConfig),
    /// A service built on apicrud.
    Apicrud(ApicrudConfig),
    /// The host's own registry.
    Local(LocalConfig),
}

impl DirectoryKind {
    /// The kind as the configuration spells it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Crowd(_) => "crowd",
            Self::Fas(_) => "fas",
            Self::Gafaelfawr(_) => "gafaelfawr",
            Self::Apicrud(_) => "apicrud",
            Self::Local(_) => "local",
        }
    }

    /// How its people become known.
    pub const fn coverage(&self) -> Coverage {
        match self {
            Self::Crowd(_) | Self::Fas(_) | Self::Local(_) => Coverage::Complete,
            Self::Apicrud(_) => Coverage::ByName,
            Self::Gafaelfawr(own) => match own.lists {
                Lists::Never => Coverage::ByName,
                Lists::Auto | Lists::Always => Coverage::WhereListed,
            },
        }
    }

    /// Where its ids come from.
    pub const fn ids(&self) -> directory::Ids {
        match self {
            Self::Crowd(_) | Self::Apicrud(_) | Self::Local(_) => directory::Ids::GivenOrDerived,
            Self::Fas(_) | Self::Gafaelfawr(_) => directory::Ids::Given,
        }
    }

    /// When it says who is in which group.
    pub const fn groups_told(&self) -> GroupsTold {
        match self {
            Self::Crowd(_) | Self::Fas(_) | Self::Gafaelfawr(_) | Self::Local(_) => {
                GroupsTold::Always
            }
            Self::Apicrud(_) => GroupsTold::AtLogin,
        }
    }

    /// The key that names the file with our own secret, and that file, where we need one.
    pub const fn secret_file(&self) -> Option<(&'static str, &SecretSource)> {
        match self {
            Self::Crowd(crowd) => Some(("password_file", &crowd.password_file)),
            Self::Fas(fas) => Some(("password_file", &fas.password_file)),
            Self::Gafaelfawr(gafaelfawr) => Some(("token_file", &gafaelfawr.token_file)),
            Self::Apicrud(_) | Self::Local(_) => None,
        }
    }

    /// What its people are asked for.
    pub const fn prompt(&self) -> &'static str {
        match self {
            Self::Crowd(_) | Self::Fas(_) | Self::Apicrud(_) => "Password: ",
            Self::Gafaelfawr(_) => "Gafaelfawr token: ",
            Self::Local(_) => "Token or password: ",
        }
    }

    /// What its people type.
    pub const fn secret(&self) -> SecretKind {
        match self {
            Self::Crowd(_) | Self::Fas(_) | Self::Apicrud(_) | Self::Local(_) => {
                SecretKind::Password
            }
            Self::Gafaelfawr(_) => SecretKind::Token,
        }
    }
}

/// Where a directory's server is and how it is talked to.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The base URL, of a Repertoire where one is to say it: https, or http to a loopback
    /// address where that was written out.
    pub url: Url,
    /// The only certificate authorities to trust, if not the system's.
    pub ca_file: Option<PathBuf>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long one request may take.
    pub timeout: Duration,
    /// How many requests that read may be under way.
    pub requests_at_once: usize,
}

/// What only a Crowd directory needs.
#[derive(Debug, Clone)]
pub struct CrowdConfig {
    /// The application's name.
    pub application: String,
    /// Where the application's password is.
    pub password_file: SecretSource,
    /// Whether people may change their passwords from here.
    pub change_passwords: bool,
    /// The names of the attributes with POSIX values.
    pub attributes: CrowdAttributes,
}

/// What only a FAS directory needs.
#[derive(Debug, Clone)]
pub struct FasConfig {
    /// The service account.
    pub user: String,
    /// Where its password is.
    pub password_file: SecretSource,
    /// The name of the server's session cookie.
    pub session_cookie: String,
    /// How the server takes one-time codes.
    pub otp: Otp,
    /// Whether memberships are read past the server's own cache.
    pub force_refresh: bool,
    /// The group of those who have signed the agreement.
    pub cla_group: GroupName,
}

/// What only a Gafaelfawr directory needs.
#[derive(Debug, Clone)]
pub struct GafaelfawrConfig {
    /// Where the service token is.
    pub token_file: SecretSource,
    /// Where else than at its own host a Repertoire may say that Gafaelfawr is; `None`
    /// where the server's URL is Gafaelfawr's own.
    pub repertoire: Option<Vec<Host>>,
    /// Whether everybody is read.
    pub lists: Lists,
    /// What a person's token must be like.
    pub tokens: TokenRules,
}

/// What only an apicrud directory needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApicrudConfig {
    /// Who is known, by name, with the id that the service gave: `u-…`.
    pub people: BTreeMap<UserName, PersonId>,
    /// Which role makes somebody a member of which group.
    pub roles: Vec<(String, GroupName)>,
}

/// What only the host's own registry needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalConfig {
    /// How many wrong secrets in a row lock an account.
    pub lock_after: Option<u32>,
}

/// Which tokens of a person are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The scopes that a token must have; never empty.
    pub scopes: Vec<String>,
    /// All of them, or one.
    pub scopes_match: ScopesMatch,
    /// The types that are taken, as the service spells them; never empty.
    pub types: Vec<String>,
    /// Whether one that never expires is refused.
    pub require_expiry: bool,
    /// How long one may live from its making to its expiry.
    pub max_lifetime: Option<Duration>,
}

/// `[directory.attributes]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrowdAttributes {
    /// The user id.
    pub uid: String,
    /// A user's primary group's id, a group's id.
    pub gid: String,
    /// The login shell.
    pub shell: String,
    /// The home folder.
    pub home: String,
    /// The SSH public keys.
    pub ssh_keys: String,
    /// The full name.
    pub gecos: String,
}

/// `[offline]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offline {
    /// Whether anybody can log in while the directory cannot be reached.
    pub enabled: bool,
    /// How long after the last login online.
    pub max_age: Duration,
    /// PAM services that never let anybody in then.
    pub not_for: Vec<ServiceName>,
    /// What making a verifier from a password costs.
    pub cost: Cost,
}

/// `[home]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The folder that homes lie in, without a slash at its end: `/home`, `/home/{directory}`.
    pub folder: Template,
    /// The login shell of users for whom the directory gives none.
    pub shell: Template,
    /// The full name that is shown: `{display_name}`.
    pub gecos: Template,
}

impl Home {
    /// The folder that the homes of `directory`'s users lie in.
    pub fn folder_of(&self, directory: &DirectoryName) -> String {
        self.folder.fill(|_| directory.as_str())
    }

    /// The home of `user`.
    pub fn path_of(&self, directory: &DirectoryName, user: &UserName) -> String {
        let mut path = self.folder_of(directory);
        path.reserve_exact(user.as_bytes().len().saturating_add(1));
        path.push('/');
        path.push_str(user.as_str());
        path
    }

    /// The login shell where the directory gives none.
    pub fn shell_of(&self, directory: &DirectoryName) -> String {
        self.shell.fill(|_| directory.as_str())
    }

    /// The full name of `user`, whom the directory shows as `display_name`.
    pub fn gecos_of(
        &self,
        directory: &DirectoryName,
        user: &UserName,
        display_name: &str,
    ) -> String {
        self.gecos.fill(|place| match place {
            "name" => user.as_str(),
            "directory" => directory.as_str(),
            _ => display_name,
        })
    }
}

/// `[sync]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// How often a directory that does not tell what changes is read whole.
    pub interval: Duration,
    /// How often one that does is read whole all the same.
    pub full_interval: Duration,
    /// How often one that does is asked what has changed.
    pub changes_interval: Duration,
    /// The share of persons or groups, in percent, that a sync may remove unasked.
    pub shrink_percent: u8,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15 * 60),
            full_interval: Duration::from_secs(12 * 3600),
            changes_interval: Duration::from_secs(4),
            shrink_percent: 20,
        }
    }
}

/// `[login]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// How long a login may take, typing not counted.
    pub timeout: Duration,
}

/// `[throttle]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throttle {
    /// Wrong tries a person has in an hour.
    pub hourly_tries: u32,
    /// The delay after the first wrong try; each further one doubles it.
    pub first_delay: Duration,
    /// Where the delay stops growing.
    pub longest_delay: Duration,
}
