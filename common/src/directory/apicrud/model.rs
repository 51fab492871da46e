//! apicrud's JSON as it comes: what may be missing is optional.

use serde::Deserialize;
use serde_json::Value;

/// What `/auth_methods` says: how people can log in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Methods {
    /// The methods, such as `local`.
    pub items: Vec<String>,
    /// How many there are.
    #[serde(default)]
    pub count: usize,
    /// Who may register, by where the account comes from.
    #[serde(default)]
    pub policies: std::collections::BTreeMap<String, String>,
}

/// What `/auth_params` says about whoever asks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuthParams {
    /// The account's id.
    pub account_id: String,
    /// The person's id.
    pub uid: String,
    /// Where apicrud says that its services are; never followed here.
    #[serde(default)]
    pub resources: Value,
    /// The account's settings.
    #[serde(default)]
    pub settings_id: Option<String>,
    /// Whether the person has set up one-time codes.
    #[serde(default)]
    pub totp: bool,
}

/// What a POST to `/auth` is answered with 201. Its `resources` are not read.
#[derive(Deserialize)]
pub(super) struct LoggedIn {
    pub jwt_token: String,
    pub username: Option<String>,
}

/// What a session's token says.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub auth: String,
    /// Text, though a number is what the standard wants.
    pub exp: Option<Value>,
    pub jti: String,
    pub sub: String,
}

/// A list of accounts.
#[derive(Deserialize)]
pub(super) struct Accounts {
    pub items: Vec<Account>,
}

/// An account of `/account`.
#[derive(Deserialize)]
pub(super) struct Account {
    pub name: String,
    pub uid: Option<String>,
    pub status: Option<String>,
    #[serde(default)]
    pub password_must_change: bool,
}

/// What a change of the password is answered with 200.
#[derive(Deserialize)]
pub(super) struct Changed {
    pub uid: Option<String>,
    pub username: Option<String>,
}

/// A refusal in apicrud's own form. Connexion's (`detail`, `status`, `title`) has no message,
/// and that of an error inside has `error` beside it.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub message: Option<String>,
    pub username: Option<String>,
    pub error: Option<serde::de::IgnoredAny>,
}
