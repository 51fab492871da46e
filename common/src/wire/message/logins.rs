//! The calls about logging in that root makes: shutting somebody out, wrong tries, the clock.

use serde::{Deserialize, Serialize};

/// Shuts a user out of this host, whatever the directory says, until it is taken back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// The user's name.
    pub user: String,
}

/// Lets a user in again who was shut out, as far as the rules do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unrevoke {
    /// The user's name.
    pub user: String,
}

/// What came of either; logins have followed it already.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeReply {
    /// Whose name it is.
    pub directory: String,
    /// The key there.
    pub key: String,
    /// Whether anything has changed by it.
    pub changed: bool,
    /// The generation that is served now.
    pub generation: u64,
    /// Why the snapshot does not show it yet, if it could not be published: logins that
    /// need no broker (SSH keys, cron) follow the old one until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpublished: Option<String>,
}

/// Somebody who is shut out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedUser {
    /// The name when root said so.
    pub user: String,
    /// The directory.
    pub directory: String,
    /// The key there.
    pub key: String,
    /// Since when (seconds since 1970).
    pub since: u64,
}

/// Asks for the books of wrong tries, a page at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListTries {
    /// Only those behind this place; none: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// A page of the books.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTriesReply {
    /// Sources with wrong tries since their last right one.
    pub tries: Vec<Tries>,
    /// The place to go on from, if there are more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<u64>,
}

/// Wrong tries at one user from one source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// The user's name; empty for somebody whose name is not known any more.
    pub user: String,
    /// The directory.
    pub directory: String,
    /// The remote host or the terminal.
    pub source: String,
    /// Wrong tries from there since the last right one.
    pub failures: u32,
    /// Wrong tries at this user from everywhere in the current hour.
    pub this_hour: u32,
    /// When the last one was (seconds since 1970).
    pub last: u64,
    /// When the next one is taken (seconds since 1970); 0: now.
    pub not_before: u64,
}

/// Forgets wrong tries: of one user, or all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearTries {
    /// The user's name; none: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// How many were forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearTriesReply {
    /// Sources.
    pub sources: u64,
}

/// Takes the host's clock for right: the mark of the last login online falls to it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetClock {}

/// The mark as it was and as it is (seconds since 1970).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetClockReply {
    /// Before.
    pub before: u64,
    /// Now.
    pub now: u64,
}
