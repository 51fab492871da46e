//! What the API says and takes, as it is: optional things may be missing, and what a newer
//! server says beside is ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Token;
use crate::secret::Secret;

/// Somebody, as `/user-info` and `/users` say it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct User {
    /// The name; the one thing that is always there.
    pub username: String,
    /// The full name.
    #[serde(default)]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// The user id. Who has none is no user on a host.
    #[serde(default)]
    pub uid: Option<u32>,
    /// The primary group's id. It may name a group that is not among `groups`.
    #[serde(default)]
    pub gid: Option<u32>,
    /// The groups.
    #[serde(default, deserialize_with = "or_default")]
    pub groups: Vec<GroupInfo>,
    /// What the user may use up; not in lists.
    #[serde(default)]
    pub quota: Option<Quota>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GroupInfo {
    /// The name.
    pub name: String,
    /// The id. The server sets it no bounds, not even below.
    pub id: i64,
}

/// What a user may use up.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Quota {
    /// Requests a minute, by service.
    #[serde(default, deserialize_with = "or_default")]
    pub api: BTreeMap<String, u64>,
    /// Notebooks.
    #[serde(default)]
    pub notebook: Option<NotebookQuota>,
}

/// What a user's notebooks may use up.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NotebookQuota {
    /// Processors.
    pub cpu: f64,
    /// Memory in GiB.
    pub memory: f64,
    /// Whether any may be started.
    #[serde(default = "yes")]
    pub spawn: bool,
}

/// A token's record. It holds the token's key and never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TokenRecord {
    /// Whose it is.
    pub username: String,
    /// `session`, `user`, `notebook`, `internal`, `service` or `oidc`.
    pub token_type: String,
    /// What it may do, sorted.
    #[serde(default, deserialize_with = "or_default")]
    pub scopes: Vec<String>,
    /// The token's key.
    pub token: String,
    /// When it was made, seconds since 1970.
    #[serde(default)]
    pub created: Option<u64>,
    /// When it expires, seconds since 1970; never, if it is missing.
    #[serde(default)]
    pub expires: Option<u64>,
    /// What its user calls it.
    #[serde(default)]
    pub token_name: Option<String>,
    /// The service that an internal token was made for.
    #[serde(default)]
    pub service: Option<String>,
    /// The key of the token that it was made from.
    #[serde(default)]
    pub parent: Option<String>,
}

/// All groups, without members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Groups {
    /// Those that stand for one user each.
    #[serde(default, deserialize_with = "or_default")]
    pub user: Vec<GroupInfo>,
    /// The others.
    #[serde(default, deserialize_with = "or_default")]
    pub system: Vec<GroupInfo>,
}

/// How the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `healthy`.
    pub status: String,
}

/// A service token to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewServiceToken {
    /// Whose: `bot-` and more.
    pub username: String,
    /// What it may do, of the scopes that the deployment knows.
    pub scopes: Vec<String>,
    /// When it expires, seconds since 1970, at least five minutes ahead; without it never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// The full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The user id, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The primary group's id, at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Request<'a> {
    token_type: &'static str,
    #[serde(flatten)]
    wanted: &'a NewServiceToken,
}

impl NewServiceToken {
    pub(super) fn request(&self) -> Request<'_> {
        Request {
            token_type: "service",
            wanted: self,
        }
    }
}

/// The token in the answer to its making.
pub(super) fn made_token(body: &[u8]) -> Option<Secret> {
    #[derive(Deserialize)]
    struct Made {
        token: Zeroizing<String>,
    }
    let made: Made = serde_json::from_slice(body).ok()?;
    let secret = Secret::typed(made.token.as_bytes()).ok()?;
    Token::of(&secret)?;
    Some(secret)
}

/// Missing, or null, is the empty one.
fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn yes() -> bool {
    true
}
