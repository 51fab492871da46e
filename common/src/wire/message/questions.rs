//! What a service itself says, for administrators.

use serde::{Deserialize, Serialize};

/// Asks a FAS directory one of its own questions, in the service account's session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FasAsk {
    /// The directory's name; none: the only one of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The question as python-fedora calls it: `person_by_username`.
    pub question: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The place to go on from in an answer that this connection was given before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// The answer, or a piece of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FasAskReply {
    /// The directory that was asked.
    pub directory: String,
    /// JSON as text, without hashes, tokens and sessions; pieces are put together in order.
    pub answer: String,
    /// The place to go on from, if there is more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<u64>,
}
