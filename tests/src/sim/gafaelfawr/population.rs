//! Who and what a simulated Gafaelfawr knows: users, groups, tokens.
//!
//! The file that describes it is JSON; all but names and tokens may be left out:
//!
//! ```json
//! {"ldap": true, "add_user_group": false,
//!  "known_scopes": {"exec:login": "Log in to hosts"},
//!  "users": [{"username": "vera", "name": "Vera Rubin", "email": "vera@example.org",
//!             "uid": 60001, "gid": 61000}],
//!  "groups": [{"name": "staff", "id": 61000, "members": ["vera"], "system": false}],
//!  "tokens": [{"token": "gt-….….", "username": "vera", "token_type": "user",
//!              "scopes": ["exec:login"], "token_name": "laptop", "created": 1795303375,
//!              "expires": null, "uid": null, "gid": null, "groups": null}],
//!  "bootstrap_token": null, "quota": null, "lists": true, "discovered": null}
//! ```
//!
//! Without `ldap` there is no user directory, as with GitHub: users and groups are
//! what tokens themselves hold, and the lists here are never shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account::{Group, GroupId, Token, User};
use super::grammar;
use crate::sim::SimError;

fn yes() -> bool {
    true
}

/// The three that every deployment has, and the one that the wire document proposes.
fn usual_scopes() -> BTreeMap<String, String> {
    [
        ("admin:token", "Can create and modify tokens for any user"),
        ("admin:userinfo", "Can see user information for any user"),
        ("user:token", "Can create and modify user tokens"),
        ("exec:login", "Can log in to hosts"),
    ]
    .map(|(name, description)| (name.to_owned(), description.to_owned()))
    .into()
}

/// The population as its file has it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    #[serde(default = "yes")]
    ldap: bool,
    #[serde(default)]
    add_user_group: bool,
    #[serde(default = "usual_scopes")]
    known_scopes: BTreeMap<String, String>,
    #[serde(default)]
    users: Vec<User>,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    tokens: Vec<Token>,
    #[serde(default)]
    bootstrap_token: Option<String>,
    #[serde(default)]
    quota: Option<Map<String, Value>>,
    #[serde(default = "yes")]
    lists: bool,
    #[serde(default)]
    discovered: Option<String>,
}

/// Everything a simulated Gafaelfawr knows.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Described")]
pub struct Population {
    /// Whether a user directory (LDAP) stands behind it; without one it is as with GitHub.
    pub ldap: bool,
    /// Whether every user has a group of the same name and number.
    pub add_user_group: bool,
    /// The scopes that new tokens may have, with their descriptions.
    pub known_scopes: BTreeMap<String, String>,
    /// The users of the user directory, by name.
    pub users: BTreeMap<String, User>,
    /// The groups of the user directory, by name.
    pub groups: BTreeMap<String, Group>,
    /// The tokens, by key.
    pub tokens: BTreeMap<String, Token>,
    /// A token that is good for making tokens only.
    pub bootstrap_token: Option<String>,
    /// Everybody's quota, as answers show it.
    pub quota: Option<Map<String, Value>>,
    /// Whether there are `/users` and `/groups`: servers older than 15.4.0 have none.
    pub lists: bool,
    /// The URL of the API that discovery tells, if not this server's own.
    pub discovered: Option<String>,
}

impl From<Described> for Population {
    fn from(described: Described) -> Self {
        let mut population = Self {
            ldap: described.ldap,
            add_user_group: described.add_user_group,
            known_scopes: described.known_scopes,
            bootstrap_token: described.bootstrap_token,
            quota: described.quota,
            lists: described.lists,
            discovered: described.discovered,
            ..Self::new()
        };
        described
            .users
            .into_iter()
            .for_each(|user| population.add_user(user));
        described
            .groups
            .into_iter()
            .for_each(|group| population.add_group(group));
        described
            .tokens
            .into_iter()
            .for_each(|token| population.add_token(token));
        population
    }
}

impl Default for Population {
    fn default() -> Self {
        Self::new()
    }
}

/// What is known of somebody, from wherever.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) groups: Vec<GroupId>,
}

impl Population {
    /// Nobody, with a user directory.
    pub fn new() -> Self {
        Self {
            ldap: true,
            add_user_group: false,
            known_scopes: usual_scopes(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            tokens: BTreeMap::new(),
            bootstrap_token: None,
            quota: None,
            lists: true,
            discovered: None,
        }
    }

    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, SimError> {
        let named = path.display().to_string();
        let text = std::fs::read(path).map_err(SimError::io(format!("reading {named}")))?;
        serde_json::from_slice(&text).map_err(|source| SimError::Population {
            path: named,
            source,
        })
    }

    /// This population and a user.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.add_user(user);
        self
    }

    /// This population and a group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.add_group(group);
        self
    }

    /// This population and a token.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.add_token(token);
        self
    }

    /// Adds or replaces a user.
    pub fn add_user(&mut self, user: User) {
        self.users.insert(user.username.clone(), user);
    }

    /// Adds or replaces a group.
    pub fn add_group(&mut self, group: Group) {
        self.groups.insert(group.name.clone(), group);
    }

    /// Adds a token, or replaces the one with the same key.
    pub fn add_token(&mut self, token: Token) {
        self.tokens.insert(token.key().to_owned(), token);
    }

    /// Removes a user and all memberships; whether there was one. Tokens stay, as they do.
    pub fn remove_user(&mut self, name: &str) -> bool {
        for group in self.groups.values_mut() {
            group.members.retain(|member| member != name);
        }
        self.users.remove(name).is_some()
    }

    /// Revokes a token and those made from it; whether there was one.
    pub fn revoke_token(&mut self, key: &str) -> bool {
        let mut doomed = BTreeSet::from([key.to_owned()]);
        loop {
            let more = self.tokens.iter().filter(|(key, token)| {
                let orphaned = token.parent.as_ref();
                !doomed.contains(*key) && orphaned.is_some_and(|parent| doomed.contains(parent))
            });
            let more: Vec<String> = more.map(|(key, _)| key.clone()).collect();
            if more.is_empty() {
                break;
            }
            doomed.extend(more);
        }
        let was = self.tokens.contains_key(key);
        self.tokens.retain(|key, _| !doomed.contains(key));
        was
    }

    /// The token of which `text` is the whole, secret included, if it is still good.
    pub(super) fn good_token(&self, text: &str, now: u64) -> Option<&Token> {
        let (key, _) = grammar::token_parts(text)?;
        let token = self.tokens.get(key)?;
        (token.token == text && token.is_good_at(now)).then_some(token)
    }

    /// What the user directory knows of `username`.
    pub(super) fn in_directory(&self, username: &str) -> Known {
        let Some(user) = self.users.get(username).filter(|_| self.ldap) else {
            return Known::default();
        };
        let own = self.add_user_group.then_some(user.uid).flatten();
        let gid = user.gid.or(own);
        let belongs = |group: &&Group| {
            group.members.iter().any(|member| member == username)
                || u64::try_from(group.id).is_ok_and(|id| gid == Some(id))
        };
        let mut groups: Vec<GroupId> = self
            .groups
            .values()
            .filter(belongs)
            .map(Group::shown)
            .collect();
        if let Some(id) = own.and_then(|uid| i64::try_from(uid).ok())
            && !groups.iter().any(|group| group.name == username)
        {
            groups.push(GroupId {
                name: username.to_owned(),
                id,
            });
            groups.sort_by(|one, other| one.name.cmp(&other.name));
        }
        Known {
            name: user.name.clone(),
            email: user.email.clone(),
            uid: user.uid,
            gid,
            groups,
        }
    }

    /// What is known of a token's owner: what the token itself holds goes first.
    pub(super) fn of_token(&self, token: &Token) -> Known {
        let below = self.in_directory(&token.username);
        Known {
            name: token.name.clone().or(below.name),
            email: token.email.clone().or(below.email),
            uid: token.uid.or(below.uid),
            gid: token.gid.or(below.gid),
            groups: token.groups.clone().unwrap_or(below.groups),
        }
    }
}
