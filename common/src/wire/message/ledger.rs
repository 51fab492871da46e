//! The calls about the ledger: whose ids and names are, and how an administrator settles it.

use serde::{Deserialize, Serialize};

/// Gives a held name over to whoever claims it now: another person, with another id.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptName {
    /// Whether it is a group's name; a user's otherwise.
    pub group: bool,
    /// The name.
    pub name: String,
}

/// The name has been released and everything published anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptNameReply {
    /// Whether the name was held for anybody.
    pub held: bool,
    /// Whose it was. That id stays kept from everybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<HeldName>,
    /// Whose it is now, if anybody claims it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<HeldName>,
    /// The generation that is served now.
    pub generation: u64,
}

/// Asks whose names are, a page at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListNames {
    /// Whether groups' names are wanted; users' otherwise.
    pub group: bool,
    /// Only names behind this one, in the order of their bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Only names that somebody else claims; who does is said only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<bool>,
}

/// A page of names, in the order of their bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListNamesReply {
    /// The names.
    pub names: Vec<HeldName>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// A name and for whom it is held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldName {
    /// `user` or `group`.
    pub kind: String,
    /// The canonical name.
    pub name: String,
    /// The directory that it belongs to.
    pub directory: String,
    /// The key there.
    pub key: String,
    /// The id of that key, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Who else claims it.
    #[serde(default)]
    pub claimants: Vec<Claimant>,
}

/// Who claims a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimant {
    /// The directory.
    pub directory: String,
    /// The key there.
    pub key: String,
}

/// One line of the ledger of ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdEntry {
    /// The id.
    pub id: u32,
    /// `user` or `group`.
    pub kind: String,
    /// The holder's name when the id was given.
    pub name: String,
    /// The namespace of the holder's directory.
    pub namespace: String,
    /// The holder's immutable key.
    pub key: String,
    /// `service`, `derived`, `pinned`, `unpinned` or `override`.
    pub source: String,
    /// Whether it is the holder's id now; otherwise it is only kept from others.
    pub current: bool,
}

/// Whose a name is, as the ledger is carried from host to host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameEntry {
    /// `user` or `group`.
    pub kind: String,
    /// The canonical name.
    pub name: String,
    /// The directory that it belongs to.
    pub directory: String,
    /// The key there.
    pub key: String,
}

/// Asks for lines of the ledger, a page at a time: all, one id's, or those of a name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListIds {
    /// Only this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Only those of whoever has this name or had it when the id was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is a group's name; a user's otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<bool>,
    /// Whether ids that are only kept from others are wanted, too. Without an id or a
    /// name they are left out otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<bool>,
    /// Only ids above this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
}

/// A page of the ledger, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListIdsReply {
    /// The lines.
    pub entries: Vec<IdEntry>,
    /// Whether there are more above the last id.
    pub more: bool,
}

/// Gives somebody this id from now on, whatever the service says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinId {
    /// Whether it is a group; a user otherwise.
    pub group: bool,
    /// The canonical name.
    pub name: String,
    /// The id.
    pub id: u32,
    /// The directory, where several know the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The key, where several have the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Takes a pin away: the service's or derived id comes back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnpinId {
    /// Whether it is a group; a user otherwise.
    pub group: bool,
    /// The canonical name.
    pub name: String,
    /// The directory, where several know the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The key, where several have the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What came of [`PinId`] or [`UnpinId`]; it has been published when this arrives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinReply {
    /// Why not, in one sentence; then nothing has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The id before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
    /// The line of the ledger that counts now; none where nobody could be given an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<IdEntry>,
    /// The generation that is served now.
    pub generation: u64,
}

/// Hands lines of another host's ledger over. They wait on this connection, and are
/// forgotten with it, until [`CommitImport`] takes all of them in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageImport {
    /// Ids.
    pub ids: Vec<IdEntry>,
    /// Owners of names.
    pub names: Vec<NameEntry>,
}

/// How many lines wait.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageImportReply {
    /// On this connection, these included.
    pub staged: u64,
}

/// Takes everything in that was staged on this connection, in one transaction.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitImport {
    /// Only says what would come of it.
    pub dry_run: bool,
}

/// What came of an import; it has been published when this arrives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitImportReply {
    /// Ids that are new here.
    pub ids: u64,
    /// Names that are new here.
    pub names: u64,
    /// Lines that say nothing new.
    pub present: u64,
    /// Lines that this host's ledger contradicts, a sentence each: they are not taken in.
    pub conflicts: Vec<String>,
    /// Further conflicts that are only counted.
    pub more_conflicts: u64,
    /// The generation that is served now.
    pub generation: u64,
}
