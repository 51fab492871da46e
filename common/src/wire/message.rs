//! One type per Varlink call. Requests and replies are flat JSON objects; the
//! interfaces stand in the `.varlink` files beside this one.

mod introduce;
mod ledger;
mod logins;
mod password;
mod questions;
mod tokens;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use super::REPLY_MAX;
pub use introduce::*;
pub use ledger::*;
pub use logins::*;
pub use password::*;
pub use questions::*;
pub use tokens::*;

/// The largest request, in bytes, its NUL included.
pub const REQUEST_MAX: usize = 64 << 10;

/// A call: its method's name and its reply's shape.
pub trait Call: Serialize + DeserializeOwned {
    /// `interface.Method`.
    const METHOD: &'static str;
    /// What comes back, once or (for [`Begin`] and [`Answer`]) several times.
    type Reply: Serialize + DeserializeOwned;
}

macro_rules! calls {
    ($($call:ident = $method:literal -> $reply:ty;)*) => {
        $(impl Call for $call {
            const METHOD: &'static str = $method;
            type Reply = $reply;
        })*
        /// Every method of our interfaces.
        pub const METHODS: &[&str] = &[$($method),*];
    };
}

calls! {
    GetUser = "org.muster1.Names.GetUser" -> UserReply;
    GetGroup = "org.muster1.Names.GetGroup" -> GroupReply;
    Begin = "org.muster1.Login.Begin" -> Step;
    Answer = "org.muster1.Login.Answer" -> Step;
    ChangePassword = "org.muster1.Login.ChangePassword" -> Step;
    Status = "org.muster1.Admin.Status" -> StatusReply;
    Sync = "org.muster1.Admin.Sync" -> SyncReply;
    Explain = "org.muster1.Admin.Explain" -> ExplainReply;
    AcceptName = "org.muster1.Admin.AcceptName" -> AcceptNameReply;
    ValidateSession = "org.muster1.Admin.ValidateSession" -> ValidateSessionReply;
    EndSession = "org.muster1.Admin.EndSession" -> EndSessionReply;
    ListNames = "org.muster1.Admin.ListNames" -> ListNamesReply;
    ListIds = "org.muster1.Admin.ListIds" -> ListIdsReply;
    PinId = "org.muster1.Admin.PinId" -> PinReply;
    UnpinId = "org.muster1.Admin.UnpinId" -> PinReply;
    StageImport = "org.muster1.Admin.StageImport" -> StageImportReply;
    CommitImport = "org.muster1.Admin.CommitImport" -> CommitImportReply;
    Revoke = "org.muster1.Admin.Revoke" -> RevokeReply;
    Unrevoke = "org.muster1.Admin.Unrevoke" -> RevokeReply;
    ListTries = "org.muster1.Admin.ListTries" -> ListTriesReply;
    ClearTries = "org.muster1.Admin.ClearTries" -> ClearTriesReply;
    FasAsk = "org.muster1.Admin.FasAsk" -> FasAskReply;
    Introduce = "org.muster1.Admin.Introduce" -> IntroduceReply;
    ResetClock = "org.muster1.Admin.ResetClock" -> ResetClockReply;
    RegisterToken = "org.muster1.Tokens.RegisterToken" -> TokenReply;
    VerifyToken = "org.muster1.Tokens.VerifyToken" -> TokenReply;
    ResetToken = "org.muster1.Tokens.ResetToken" -> TokenReply;
    DeregisterToken = "org.muster1.Tokens.DeregisterToken" -> TokenReply;
    UnlockToken = "org.muster1.Tokens.UnlockToken" -> TokenReply;
    SetTokenGroups = "org.muster1.Tokens.SetTokenGroups" -> TokenReply;
    SetTokenPassword = "org.muster1.Tokens.SetTokenPassword" -> TokenReply;
    ListTokens = "org.muster1.Tokens.ListTokens" -> ListTokensReply;
    ImportFixie = "org.muster1.Tokens.ImportFixie" -> ImportFixieReply;
    ExportFixie = "org.muster1.Tokens.ExportFixie" -> ExportFixieReply;
}

/// Errors that a reply can carry instead of parameters.
pub mod error {
    /// No such user or group, and that is certain.
    pub const NOT_FOUND: &str = "org.muster1.NotFound";
    /// Could not be asked now: never to be taken for "not found".
    pub const UNAVAILABLE: &str = "org.muster1.Unavailable";
    /// This peer may not call that.
    pub const PERMISSION_DENIED: &str = "org.varlink.service.PermissionDenied";
    /// Too many calls from this peer.
    pub const BUSY: &str = "org.muster1.Busy";
    /// Parameters that do not fit.
    pub const INVALID_PARAMETER: &str = "org.varlink.service.InvalidParameter";
    /// No such method.
    pub const METHOD_NOT_FOUND: &str = "org.varlink.service.MethodNotFound";
}

/// What an error's reply says beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorParameters {
    /// Why, for the log and the administrator; no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Looks a user up, by name or by id (exactly one of them).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetUser {
    /// The canonical name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
}

/// A user and where the answer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserReply {
    /// The canonical name.
    pub name: String,
    /// The user id.
    pub uid: u32,
    /// The primary group's id.
    pub gid: u32,
    /// The full name.
    pub gecos: String,
    /// The home folder.
    pub home: String,
    /// The login shell.
    pub shell: String,
    /// The names of all groups, the primary one first.
    pub groups: Vec<String>,
    /// The directory that owns the name.
    pub directory: String,
    /// The directory's immutable key of the person.
    pub key: String,
    /// `service` (given by the directory), `derived`, `pinned`, `unpinned` or `override` (said by the configuration).
    pub id_source: String,
}

/// Looks a group up, by name or by id (exactly one of them).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetGroup {
    /// The canonical name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The group id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
}

/// A group and where the answer comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReply {
    /// The canonical name.
    pub name: String,
    /// The group id.
    pub gid: u32,
    /// All members, nested ones included.
    pub members: Vec<String>,
    /// The directory that owns the name.
    pub directory: String,
}

/// Begins a login. Called with `more`: the first reply acknowledges within
/// 500 ms, [`Step::Working`] follows every second, and the stream ends with a
/// [`Step::Prompt`] (answer it with [`Answer`]) or a [`Step::Verdict`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The PAM service: `sshd`.
    pub service: String,
    /// PAM_USER as typed.
    pub user: String,
    /// PAM_TTY, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// PAM_RHOST, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<String>,
    /// The real uid of the calling program.
    pub calling_uid: u32,
}

/// Answers the prompt of [`Begin`] on the same connection, with `more` as well.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What was typed, base64; wiped when dropped.
    pub secret: Zeroizing<String>,
}

/// One step of a login dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// Acknowledged, or a heartbeat: still at it.
    Working,
    /// Ask the person this and send the answer.
    Prompt {
        /// What to show: `Password: `.
        text: String,
        /// Whether what is typed may be seen.
        echo: bool,
    },
    /// Show the person this.
    Message {
        /// Stripped and capped.
        text: String,
    },
    /// The end of the dialogue.
    Verdict {
        /// What was decided.
        outcome: Outcome,
        /// What the person may be told, stripped and capped; often nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
}

/// What a login, or a change of a password, came to. One row each in the table of `pam/src/outcome.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The secret is right and the rules let the person in.
    Granted,
    /// The same, with the server out of reach: by the verifier.
    GrantedOffline,
    /// The directory refused the secret.
    WrongSecret,
    /// Proved not to be ours: neutral, other modules decide.
    NotOurs,
    /// Was ours once and is gone.
    Gone,
    /// The rules do not let this person use this service.
    NotAllowed,
    /// Locked or disabled by the directory.
    Locked,
    /// The password is right (or could be) but must be changed first.
    SecretExpired,
    /// Too many wrong tries; wait.
    Throttled,
    /// The directory cannot be asked and no verifier serves.
    Unavailable,
    /// Our own credentials or URL are refused: an administrator has to act.
    Misconfigured,
    /// The name is not the canonical form, or the id is not the one that names resolve to.
    Mismatch,
    /// The password of this person cannot be changed from here.
    CannotChange,
    /// The directory does not take the new password; the old one stays.
    Unfit,
    /// The new password was sent and nothing believable came back: either may be right.
    InDoubt,
}

impl Outcome {
    /// Every outcome, for tables and tests.
    pub const ALL: [Self; 15] = [
        Self::Granted,
        Self::GrantedOffline,
        Self::WrongSecret,
        Self::NotOurs,
        Self::Gone,
        Self::NotAllowed,
        Self::Locked,
        Self::SecretExpired,
        Self::Throttled,
        Self::Unavailable,
        Self::Misconfigured,
        Self::Mismatch,
        Self::CannotChange,
        Self::Unfit,
        Self::InDoubt,
    ];
}

/// Asks how everything is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {}

/// How everything is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReply {
    /// The broker's version.
    pub version: String,
    /// Seconds since the broker started.
    pub uptime_seconds: u64,
    /// The snapshot that names are resolved from; 0 when none is there.
    pub generation: u64,
    /// Users in it.
    pub users: u64,
    /// Groups in it.
    pub groups: u64,
    /// When it was published (seconds since 1970), 0 never.
    pub published: u64,
    /// The last failure to publish, if the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_error: Option<String>,
    /// Each directory.
    pub directories: Vec<DirectoryStatus>,
    /// What an administrator should know, a line each: records left out, clashes, missing rules.
    pub problems: Vec<String>,
    /// Whom root has shut out.
    #[serde(default)]
    pub revoked: Vec<RevokedUser>,
}

/// How one directory is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryStatus {
    /// Its name in the configuration.
    pub name: String,
    /// `crowd`, `fas`, `gafaelfawr`, `apicrud`, `local`.
    pub kind: String,
    /// Where it is, without credentials.
    pub url: String,
    /// What the server says it is, once it has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// `online`, `unreachable`, `misconfigured`, `nonsense`, `never asked`.
    pub state: String,
    /// The last failure, if the last call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it last vouched for everybody (seconds since 1970), 0 never: read whole, or its changes read.
    pub synced: u64,
    /// When it was last read whole (seconds since 1970), 0 never.
    #[serde(default)]
    pub read_whole: u64,
    /// Whether it tells what changes, so that it need not be read whole each time.
    #[serde(default)]
    pub tells_changes: bool,
    /// When the next sync is due (seconds since 1970).
    pub next_sync: u64,
    /// Persons that it contributes.
    pub users: u64,
    /// Groups that it contributes.
    pub groups: u64,
}

/// Syncs now: one directory, or all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    /// The directory's name; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Lets a sync through that was held because it would remove too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept_shrink: Option<bool>,
}

/// What the sync came to, per directory; it has been published when this arrives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReply {
    /// One each.
    pub directories: Vec<SyncOutcome>,
    /// The generation that is served now.
    pub generation: u64,
}

/// One directory's sync.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncOutcome {
    /// The directory.
    pub name: String,
    /// Persons found.
    pub users: u64,
    /// Groups found.
    pub groups: u64,
    /// Why it failed, if it did; what was known before stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Asks why a user may or may not use a service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// The user.
    pub user: String,
    /// The PAM service.
    pub service: String,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainReply {
    /// Whether the user may.
    pub allowed: bool,
    /// The rule that decided, in one sentence.
    pub decision: String,
    /// The facts, a line each: who owns the name, id, groups, rules with their line in the configuration, freshness.
    pub facts: Vec<String>,
}

/// The token of a session, base64; wiped when dropped. No Debug.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionToken(pub(super) Zeroizing<String>);

/// Asks whether a session of a directory's single sign-on is good; prolongs it if it is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidateSession {
    /// The directory's name; none: the only one that has sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The address that the session is bound to, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_address: Option<String>,
    /// The session's token.
    pub token: SessionToken,
}

/// Whether it is, and whose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidateSessionReply {
    /// The directory that was asked.
    pub directory: String,
    /// Whether the session is good.
    pub valid: bool,
    /// The person's name as the directory spells it, if it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// When it ends unless it is validated before (seconds since 1970), if that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// Ends a session of a directory's single sign-on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    /// The directory's name; none: the only one that has sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The session's token.
    pub token: SessionToken,
}

/// The session is over, and perhaps it was before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndSessionReply {
    /// The directory that was asked.
    pub directory: String,
}

/// A request as it goes over the wire.
#[derive(Debug, Serialize, Deserialize)]
pub struct Request<P> {
    /// `interface.Method`.
    pub method: String,
    /// The call.
    pub parameters: P,
    /// Whether several replies are wanted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// A reply as it goes over the wire: parameters, or an error and its parameters.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply<P> {
    /// The error's name, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is said.
    pub parameters: Option<P>,
    /// Whether more replies to this call follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
}
