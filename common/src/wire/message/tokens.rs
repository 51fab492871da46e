//! The calls about the host's own registry (`kind = "local"`). Answers keep fixie-creds' three
//! parts: yes or no, a sentence, and whether the question could be settled at all.

use serde::{Deserialize, Serialize};

use super::Password;

/// Registers somebody and makes a token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterToken {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The user's name.
    pub user: String,
    /// The address that a reset has to name.
    pub email: String,
    /// The full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// The user id; none: it is derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// After how many seconds the token stops; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<u64>,
    /// How many times it serves; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Whether fixie-creds shall be able to verify it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixie: Option<bool>,
}

/// Asks whether a token is the user's: counts like a login by it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyToken {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The user's name.
    pub user: String,
    /// The token, base64.
    pub token: Password,
}

/// Makes another token; the former one serves no more.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetToken {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The user's name.
    pub user: String,
    /// The address that was registered.
    pub email: String,
    /// After how many seconds the token stops; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<u64>,
    /// How many times it serves; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Whether fixie-creds shall be able to verify it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixie: Option<bool>,
}

/// Takes a user out of the registry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeregisterToken {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The user's name.
    pub user: String,
}

/// Forgets a user's wrong tries, so that a locked account takes secrets again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnlockToken {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The user's name.
    pub user: String,
}

/// Puts a user into exactly these groups.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTokenGroups {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The user's name.
    pub user: String,
    /// The groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// Gives a user a password beside the token, or takes it away.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTokenPassword {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The user's name.
    pub user: String,
    /// The password, base64; none: it is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
}

/// The answer to all of these.
#[derive(Default, Serialize, Deserialize)]
pub struct TokenReply {
    /// Whether the token is right, or what was wanted has been done.
    pub valid: bool,
    /// A sentence for people.
    pub message: String,
    /// Whether the question could be settled at all: if not, `valid` says nothing.
    pub completed: bool,
    /// The new token, base64: it is told this once and kept nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Password>,
    /// The user's id as it is served now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// What else there is to know: why the user is not served, or not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Asks for the accounts, a page at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListTokens {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Only this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only those behind this name; none: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A page of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListTokensReply {
    /// The accounts, by name.
    pub accounts: Vec<TokenAccount>,
    /// Whether there are more behind the last one.
    pub more: bool,
}

/// One account. Moments are seconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenAccount {
    /// The user's name.
    pub user: String,
    /// The immutable key.
    pub key: String,
    /// The address.
    pub email: String,
    /// The full name.
    pub full_name: String,
    /// The id that root has given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The groups.
    pub groups: Vec<String>,
    /// When it was registered.
    pub registered: u64,
    /// When it last proved itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<u64>,
    /// When the token stops; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// How many times it still serves; none: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
    /// Wrong secrets since the last right one.
    pub failures: u32,
    /// Whether that locks it.
    pub locked: bool,
    /// Whether there is a password, too.
    pub has_password: bool,
    /// Whether the token is of fixie-creds' form.
    pub fixie: bool,
}

/// Takes accounts over from fixie-creds. Names that are registered stay as they are.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportFixie {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The accounts.
    pub entries: Vec<FixieEntry>,
    /// Whether more follow: they are served with the last ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<bool>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFixieReply {
    /// How many were taken over.
    pub imported: u64,
    /// Who was not, and why, a line each.
    pub refused: Vec<String>,
    /// Why they are not served yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Asks for the accounts whose tokens fixie-creds can verify, a page at a time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportFixie {
    /// The registry's name; none: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Only those behind this name; none: from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A page of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportFixieReply {
    /// The accounts, by name.
    pub entries: Vec<FixieEntry>,
    /// Whose tokens are of our own form: fixie-creds could not verify them.
    pub left_out: Vec<String>,
    /// The last name that was looked at; none: there are no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// An account as fixie-creds keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixieEntry {
    /// The address.
    pub email: String,
    /// The token's hash, hexadecimal.
    pub hashed_token: String,
    /// The user's name.
    pub user: String,
}
