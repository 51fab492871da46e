//! A web directory: what muster asks of each, and what the answers mean.
//!
//! One folder per service, `{client, model, mapping}`: their wire, their JSON,
//! our meaning. All HTTP goes through [`http`]. A directory keeps nothing and
//! decides nothing: the store keeps, the broker decides. What it is called, where
//! it is and what kind it is of are the configuration's
//! ([`crate::config::DirectoryConfig`]); docs/directories.md says how to add one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::name::{GroupTypeName, UserName};
use crate::secret::Secret;

pub mod apicrud;
pub mod crowd;
pub mod fas;
pub mod gafaelfawr;
pub mod http;
mod nesting;
pub mod passwords;
pub mod questions;
mod remarks;
mod rolls;
mod scope;
#[cfg(test)]
mod script;
pub mod sessions;

pub use nesting::Nesting;
pub use rolls::Rolls;
pub use scope::{Pattern, Scope};

/// How the people of a directory become known on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Everybody is read ([`Directory::listing`]): whoever is missing from that does not exist.
    Complete,
    /// People are asked about one by one, by name, when somebody wants to know them:
    /// a miss may be asked, and the service cannot look up ids.
    ByName,
    /// [`Self::Complete`] while the last reading of everybody has succeeded, and otherwise
    /// [`Self::ByName`]: not every server of the kind can list people.
    WhereListed,
}

/// Where ids come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// The service gives one to everybody: who has one that this host does not accept is not served.
    Given,
    /// The service may give some: for the others ids are derived from keys.
    GivenOrDerived,
}

/// When a directory says which groups hold a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupsTold {
    /// Whenever it is asked about the person.
    Always,
    /// When the person logs in, and never otherwise: until somebody's first login nothing is
    /// decided about them, and afterwards what the last one told counts for as long as a
    /// decision may be old.
    AtLogin,
}

/// What a person types to prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A password: kept as a slow, keyed hash.
    Password,
    /// A long random token: a keyed fast hash is enough.
    Token,
}

/// A person's or group's key that survives renames; Crowd's old servers and
/// groups have none, then it is `name:` and the canonical name. Copies share the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImmutableKey(Arc<str>);

impl serde::Serialize for ImmutableKey {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for ImmutableKey {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = ImmutableKey;
            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a key")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ImmutableKey, E> {
                Ok(ImmutableKey(text.into()))
            }
        }
        from.deserialize_str(Text)
    }
}

impl ImmutableKey {
    /// The key as the service gives it.
    pub fn given(key: &str) -> Self {
        Self(format!("key:{key}").into())
    }

    /// The key of something that the service knows by its name alone.
    pub fn from_name(canonical: &str) -> Self {
        Self(format!("name:{canonical}").into())
    }

    /// A key as it was stored.
    pub fn stored(text: &str) -> Self {
        Self(text.into())
    }

    /// The key as text, its kind in front.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ImmutableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ImmutableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person as one directory says it; names and ids not yet admitted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Person {
    /// The key that survives renames.
    pub key: ImmutableKey,
    /// The name as the directory spells it.
    pub name: String,
    /// The full name.
    pub display_name: String,
    /// Whether the account may be used.
    pub active: bool,
    /// A user id that the service gives, decimal and unchecked beyond being a number.
    pub uid: Option<u32>,
    /// A primary group's id that the service gives.
    pub gid: Option<u32>,
    /// A login shell that the service gives.
    pub shell: Option<String>,
    /// A home folder that the service gives.
    pub home: Option<String>,
    /// SSH public keys, one line each, unparsed.
    pub ssh_keys: Vec<String>,
}

impl Person {
    /// An active person of whom nothing but key and name is known.
    pub fn named(key: ImmutableKey, name: &str) -> Self {
        Self {
            key,
            name: name.to_owned(),
            display_name: String::new(),
            active: true,
            uid: None,
            gid: None,
            shell: None,
            home: None,
            ssh_keys: Vec::new(),
        }
    }
}

/// A group as one directory says it, without its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The key that survives renames.
    pub key: ImmutableKey,
    /// The name as the directory spells it.
    pub name: String,
    /// Whether the group counts.
    pub active: bool,
    /// A group id that the service gives.
    pub gid: Option<u32>,
    /// What the service calls this kind of groups, where it tells kinds apart.
    pub group_type: Option<GroupTypeName>,
}

/// A group with the names of its members, as an answer about it alone gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The group.
    pub team: Team,
    /// The members' names as the directory spells them.
    pub members: Vec<String>,
}

/// A person or group of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// Who or what is listed.
    pub entry: T,
    /// The places, in [`Projection::teams`], of the groups that hold it directly:
    /// ascending, each once.
    pub groups: Vec<u32>,
}

/// Everything that one directory contributes: the result of a finished full sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    /// The persons.
    pub people: Vec<Listed<Person>>,
    /// The groups.
    pub teams: Vec<Listed<Team>>,
    /// What could not be understood and was left out, a line each for `status`.
    pub remarks: Vec<String>,
    /// The moment in the directory's history from which changes lead on, where it keeps one.
    pub until: Option<Cursor>,
}

impl Projection {
    /// The projection of these people and of groups with the names of their members, none nested.
    pub fn of(people: Vec<Person>, rosters: Vec<Roster>) -> Self {
        let (teams, members): (Vec<Team>, Vec<Vec<String>>) = rosters
            .into_iter()
            .map(|roster| (roster.team, roster.members))
            .unzip();
        let mut rolls = Rolls::new(&people, &teams);
        for (team, members) in teams.iter().zip(&members) {
            for member in members {
                rolls.add_person(&team.name, member);
            }
        }
        let (people, teams) = rolls.fill(people, teams);
        Self {
            people,
            teams,
            ..Self::default()
        }
    }

    /// The names of everybody in the group called `name`, through other groups as well.
    pub fn members(&self, name: &str) -> Vec<&str> {
        let wanted = self.teams.iter().position(|team| team.entry.name == name);
        let mut nesting = Nesting::of(&self.teams);
        let is_member = |person: &&Listed<Person>| {
            let mut around = nesting.around(&person.groups).iter();
            around.any(|place| usize::try_from(*place).ok() == wanted)
        };
        let members = self.people.iter().filter(is_member);
        members.map(|person| person.entry.name.as_str()).collect()
    }
}

/// A group as an answer about one of its members names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group's key that survives renames.
    pub key: ImmutableKey,
    /// The group's name as the directory spells it.
    pub name: String,
    /// The group's id, if the answer says one; `None` is "not said", not "has none".
    pub gid: Option<u32>,
    /// The group's type, as `gid`.
    pub group_type: Option<GroupTypeName>,
}

/// One person as the directory says it now, with every group that counts and holds the
/// person directly: mere applications for membership are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The person.
    pub person: Person,
    /// The person's groups.
    pub groups: Vec<Membership>,
}

/// One group as the directory says it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamSighting {
    /// The group.
    pub team: Team,
    /// The groups that hold it directly.
    pub groups: Vec<Membership>,
}

/// A moment in a directory's history of changes: the service's own text, opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Who may have changed since a moment. It names, and says nothing: whoever is named
/// is asked about anew, so that a replay, or a change of which little is told, does no harm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    /// Persons' names as the directory spells them, each with what is told of the change:
    /// the same again is a replay, as far as can be told.
    pub people: BTreeMap<String, u64>,
    /// Groups' names as the directory spells them, as `people`.
    pub teams: BTreeMap<String, u64>,
    /// Those of `people` that are told to have been removed: if nobody of that name is known,
    /// it is somebody who had another one when last heard of.
    pub people_removed: BTreeSet<String>,
    /// Those of `teams` that are told to have been removed: one that is there all the same
    /// has been made anew, and holds nobody of old.
    pub teams_removed: BTreeSet<String>,
    /// The moment up to which this goes.
    pub until: Option<Cursor>,
}

/// A positive verdict of the directory about one person's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The key of the person whose secret it is. The caller compares it with the one it asked about.
    pub key: ImmutableKey,
    /// The name that the directory answered with, as it spells it.
    pub name: String,
    /// When the secret itself expires (tokens), seconds since 1970.
    pub expires: Option<crate::clock::Time>,
    /// Who that person is, where the service says it in the same exchange.
    pub sighting: Option<Sighting>,
}

/// What a server says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion(pub String);

/// A refusal of a person's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why, for the log alone: the person is told nothing. Holds no secret.
    pub reason: Cow<'static, str>,
    /// Whether it can only mean that the secret is not good (any more). Crowd says the
    /// same when a directory behind it is sick: there one refusal proves nothing.
    pub certain: bool,
}

impl Refusal {
    /// The secret is not good, for this reason.
    pub fn certain(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
            certain: true,
        }
    }

    /// The secret is refused, but that could have other reasons.
    pub fn doubtful(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: reason.into(),
            certain: false,
        }
    }
}

/// Why a directory gave no answer, told apart by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Could not be asked, or is sick: what was known stays, verifiers serve.
    #[error("unreachable: {reason}")]
    Unreachable {
        /// One line for the log and `status`; holds no secret.
        reason: String,
        /// How long the server wants to be left alone (429, 503).
        retry_after: Option<Duration>,
        /// What lies below.
        #[source]
        source: Option<BoxedError>,
    },
    /// The person's secret is refused.
    #[error("refused: {}", .0.reason)]
    Refused(Refusal),
    /// The directory does not know the person or group.
    #[error("not found")]
    NotFound,
    /// The secret is right, and the service wants this person's one-time code as well:
    /// [`Directory::verify_with_code`].
    #[error("a one-time code is wanted")]
    CodeWanted,
    /// The service takes no more tries for this person for a while. Anybody can bring that
    /// about, so it says nothing about the account, and verifiers stay.
    #[error("the service takes no more tries for this account for a while")]
    TooManyTries,
    /// The account is locked, disabled or expired: verifiers go.
    #[error("the account is locked or disabled")]
    Locked,
    /// The secret must be changed first.
    #[error("the password has expired")]
    SecretExpired,
    /// Our own credentials, URL or permissions are wrong: only an administrator can help.
    #[error("misconfigured: {reason}")]
    Misconfigured {
        /// One line that says what to do.
        reason: String,
    },
    /// An answer that cannot be believed: treated like unreachable, but reported.
    #[error("nonsense: {reason}")]
    Nonsense {
        /// What was wrong with it, one line, capped.
        reason: String,
        /// What lies below.
        #[source]
        source: Option<BoxedError>,
    },
}

/// A cause, kept for the log.
pub type BoxedError = Box<dyn std::error::Error + Send + Sync>;

impl DirectoryError {
    /// Whether the directory could not be asked: no statement about the person at all.
    pub fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Misconfigured { .. } | Self::Nonsense { .. }
        )
    }

    /// The state that `status` shows.
    pub fn state(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Nonsense { .. } => "nonsense",
            Self::Refused(_)
            | Self::NotFound
            | Self::CodeWanted
            | Self::TooManyTries
            | Self::Locked
            | Self::SecretExpired => "online",
        }
    }
}

/// A web directory.
#[async_trait::async_trait]
pub trait Directory: Send + Sync {
    /// Asks whether the server is there and takes our credentials: the cheapest authenticated read.
    async fn probe(&self) -> Result<ServerVersion, DirectoryError>;

    /// Asks about one person by canonical name. *NotFound* only where the service
    /// itself says that it knows nobody of this name, or where its own rules for names
    /// leave no room for it; everything that cannot be told is another error.
    async fn find(&self, name: &UserName) -> Result<Sighting, DirectoryError>;

    /// Whether `secret` can be one of the person `name` at all, by its form alone: what
    /// cannot is refused before it counts as a try, and never sent.
    fn plausible(&self, _name: &UserName, _secret: &Secret) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether `secret` is the secret of the person `name` (canonical). Never retried,
    /// never answered from a cache; `Ok` means that the directory itself said yes.
    async fn verify(&self, name: &UserName, secret: &Secret) -> Result<Verified, DirectoryError>;

    /// [`Self::verify`] with a one-time code beside the secret, for services of which
    /// [`Self::code_prompt`] says that they want one, and after *CodeWanted*.
    async fn verify_with_code(
        &self,
        name: &UserName,
        secret: &Secret,
        _code: &Secret,
    ) -> Result<Verified, DirectoryError> {
        self.verify(name, secret).await
    }

    /// [`Self::verify`] before a new password is asked for: for services that want a one-time
    /// code at a login, and none for a new password.
    async fn verify_for_change(
        &self,
        name: &UserName,
        secret: &Secret,
    ) -> Result<Verified, DirectoryError> {
        self.verify(name, secret).await
    }

    /// What a person is asked for beside the secret, for services that want a one-time code
    /// of everybody, before anything is sent.
    fn code_prompt(&self) -> Option<&'static str> {
        None
    }

    /// Whose `secret` is, for services that can say that without a name
    /// ([`Self::introduces`]). It lets nobody in.
    async fn introduce(&self, _secret: &Secret) -> Result<Sighting, DirectoryError> {
        Err(DirectoryError::Misconfigured {
            reason: "nobody can be introduced to directories of this kind by a secret".to_owned(),
        })
    }

    /// Whether [`Self::introduce`] has an answer.
    fn introduces(&self) -> bool {
        false
    }

    /// The way to everybody at once, for services that have one.
    fn listing(&self) -> Option<&dyn Listing> {
        None
    }

    /// The way to what has changed since a moment, for services that have one.
    fn changes(&self) -> Option<&dyn Changes> {
        None
    }

    /// The way to a new password, for services that have one.
    fn passwords(&self) -> Option<&dyn passwords::Passwords> {
        None
    }

    /// The way to what the service itself says, for services that are asked for it.
    fn questions(&self) -> Option<&dyn questions::Questions> {
        None
    }

    /// Its single sign-on, for services that have one.
    fn sessions(&self) -> Option<&dyn sessions::Sessions> {
        None
    }
}

/// A directory that can name everybody: its coverage is [`Coverage::Complete`] or
/// [`Coverage::WhereListed`].
#[async_trait::async_trait]
pub trait Listing: Send + Sync {
    /// Why this server has no lists, where it says so itself; `None` where it has.
    async fn missing(&self) -> Result<Option<&'static str>, DirectoryError> {
        Ok(None)
    }

    /// Everybody and everything, read whole.
    async fn everybody(&self) -> Result<Projection, DirectoryError>;
}

/// A directory that can tell what has changed.
#[async_trait::async_trait]
pub trait Changes: Send + Sync {
    /// The present moment of its history, to be taken before everybody is read; `None`
    /// where this server keeps none.
    async fn present(&self) -> Result<Option<Cursor>, DirectoryError>;

    /// Who may have changed since `cursor`; `None` where the history does not go back so
    /// far, or is kept no more: then everybody has to be read.
    async fn since(&self, cursor: &Cursor) -> Result<Option<Notices>, DirectoryError>;

    /// One person by the name that a notice gives. *NotFound* as in [`Directory::find`].
    async fn person(&self, name: &str) -> Result<Sighting, DirectoryError>;

    /// One group by the name that a notice gives. *NotFound* as in [`Directory::find`].
    async fn team(&self, name: &str) -> Result<TeamSighting, DirectoryError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_key_and_a_name_that_stands_for_one_never_meet() {
        assert_ne!(ImmutableKey::given("ada"), ImmutableKey::from_name("ada"));
        assert_eq!(
            ImmutableKey::stored(ImmutableKey::given("x").as_str()),
            ImmutableKey::given("x")
        );
    }
}
