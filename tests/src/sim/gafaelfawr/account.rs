//! One user, one group, one token, as the population's file has them.

use serde::{Deserialize, Serialize};

/// Somebody whom the user directory behind the server knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub username: String,
    /// The full name.
    #[serde(default)]
    pub name: Option<String>,
    /// The mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// The user id; without it the user exists and has no POSIX data.
    #[serde(default)]
    pub uid: Option<u64>,
    /// The primary group's id.
    #[serde(default)]
    pub gid: Option<u64>,
}

impl User {
    /// A user with these ids and a full name made from `username`.
    pub fn new(username: &str, uid: u64, gid: u64) -> Self {
        Self {
            username: username.to_owned(),
            name: Some(format!("{username} Example")),
            email: Some(format!("{username}@example.org")),
            uid: Some(uid),
            gid: Some(gid),
        }
    }

    /// A user of whom nothing but the name is known.
    pub fn without_ids(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            ..Self::default()
        }
    }
}

/// A group as answers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupId {
    /// The name.
    pub name: String,
    /// The id. The server sets it no bounds.
    pub id: i64,
}

/// A group with its members.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The name.
    pub name: String,
    /// The id. The server sets it no bounds.
    pub id: i64,
    /// The names of its members.
    #[serde(default)]
    pub members: Vec<String>,
    /// Whether it is one of the system's groups rather than of the users'.
    #[serde(default)]
    pub system: bool,
}

impl Group {
    /// A user-managed group without members.
    pub fn new(name: &str, id: i64) -> Self {
        Self {
            name: name.to_owned(),
            id,
            members: Vec::new(),
            system: false,
        }
    }

    /// With these members.
    #[must_use]
    pub fn members<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.members.extend(names.map(String::from));
        self
    }

    /// As answers show it.
    pub fn shown(&self) -> GroupId {
        GroupId {
            name: self.name.clone(),
            id: self.id,
        }
    }
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    /// The browser's cookie.
    Session,
    /// Made by a user for own use.
    User,
    /// Given to a notebook.
    Notebook,
    /// Given to one service on a user's behalf.
    Internal,
    /// A machine's.
    Service,
    /// An access token of the OpenID Connect server.
    Oidc,
}

/// A token, its secret included: the simulator is a test's tool.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// `gt-KEY.SECRET`.
    pub token: String,
    /// Whose it is.
    pub username: String,
    /// What it is for.
    pub token_type: TokenType,
    /// What it may be used for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The name that its user gave it.
    #[serde(default)]
    pub token_name: Option<String>,
    /// The service that an internal token was given to.
    #[serde(default)]
    pub service: Option<String>,
    /// The key of the token that it was made from.
    #[serde(default)]
    pub parent: Option<String>,
    /// When it was made, in seconds since 1970; some time ago if left out.
    #[serde(default)]
    pub created: Option<u64>,
    /// When it expires, in seconds since 1970; never if left out.
    #[serde(default)]
    pub expires: Option<u64>,
    /// A full name that goes before the user directory's.
    #[serde(default)]
    pub name: Option<String>,
    /// A mail address that goes before the user directory's.
    #[serde(default)]
    pub email: Option<String>,
    /// A user id that goes before the user directory's.
    #[serde(default)]
    pub uid: Option<u64>,
    /// A primary group's id that goes before the user directory's.
    #[serde(default)]
    pub gid: Option<u64>,
    /// Groups that stand in place of the user directory's.
    #[serde(default)]
    pub groups: Option<Vec<GroupId>>,
}

/// When tokens were made that do not say it: 2023-11-14.
pub(super) const MADE: u64 = 1_700_000_000;

impl Token {
    /// An eternal token without scopes; one of type user is named after its key.
    pub fn new(token: &str, username: &str, token_type: TokenType) -> Self {
        let mut made = Self {
            token: token.to_owned(),
            username: username.to_owned(),
            token_type,
            scopes: Vec::new(),
            token_name: None,
            service: None,
            parent: None,
            created: None,
            expires: None,
            name: None,
            email: None,
            uid: None,
            gid: None,
            groups: None,
        };
        if token_type == TokenType::User {
            made.token_name = Some(made.key().to_owned());
        }
        made
    }

    /// With these scopes.
    #[must_use]
    pub fn scopes<const N: usize>(mut self, scopes: [&str; N]) -> Self {
        self.scopes.extend(scopes.map(String::from));
        self
    }

    /// That ends at this second since 1970.
    #[must_use]
    pub fn expires(mut self, at: u64) -> Self {
        self.expires = Some(at);
        self
    }

    /// With ids of its own, which go before the user directory's.
    #[must_use]
    pub fn ids(mut self, uid: u64, gid: u64) -> Self {
        (self.uid, self.gid) = (Some(uid), Some(gid));
        self
    }

    /// The half that is no secret.
    pub fn key(&self) -> &str {
        let parts = self.token.strip_prefix("gt-").unwrap_or(&self.token);
        parts.split('.').next().unwrap_or_default()
    }

    /// Whether it is still good at `now`.
    pub(super) fn is_good_at(&self, now: u64) -> bool {
        self.expires.is_none_or(|end| now < end)
    }

    /// Whether `scope` is among its scopes.
    pub(super) fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}
