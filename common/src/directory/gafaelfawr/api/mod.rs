//! Gafaelfawr's API for other programs, with the meaning of the vendor's own Python client
//! (rubin-gafaelfawr): users by token and by name, from caches of a thousand answers for
//! five minutes; tokens, lists, health and the making of service tokens, always asked.
//!
//! Two things are other than there, on purpose. What is known by name is known to the
//! token that asked alone, so that nobody with a bogus token reads what another was told;
//! and callers who want the same wait for one question, and for nobody else's. **No answer
//! from a cache proves that a token is good**: whoever lets people in asks
//! [`Api::token_info`], which is never kept.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use muster_common::directory::gafaelfawr::{Api, Whereabouts};
//! use muster_common::secret::Secret;
//!
//! let api = Api::new(Whereabouts::Url("https://data.example.org".parse()?), None)?;
//! let token = Secret::typed(b"gt-0PtFP0YR9L843B-01eljiw.sssssssssssssssssssssA")?;
//! let me = api.user_info(&token).await?;
//! println!("{} has the uid {:?}", me.username, me.uid);
//! # Ok(())
//! # }
//! ```

mod model;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::super::DirectoryError;
use super::super::http::{Answer, Timeouts};
use super::client::{Client, ClientSettings, Token};
use super::discovery::Whereabouts;
use super::grammar;
use super::remembered::{KEEPING, Place};
use super::verdict::kind;
use crate::clock::SystemClock;
use crate::memory::Memory;
use crate::secret::Secret;
use crate::text;

pub use self::model::{
    GroupInfo, Groups, Health, NewServiceToken, NotebookQuota, Quota, TokenRecord, User,
};

/// Why there is no answer, told apart as rubin-gafaelfawr does.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ApiError {
    /// There is no such thing: HTTP 404, or a user without a uid (`GafaelfawrNotFoundError`).
    /// A deployment that has no user directory is no such case but [`Self::Web`] with the
    /// kind `not_supported`.
    #[error("not found")]
    NotFound,
    /// What was to be sent, or what came, is not what the API speaks
    /// (`GafaelfawrValidationError`).
    #[error("not valid: {0}")]
    Validation(String),
    /// The server refuses (`GafaelfawrWebError`).
    #[error("HTTP {status} {}", kind.as_deref().unwrap_or_default())]
    Web {
        /// The HTTP status.
        status: u16,
        /// The server's own word for the problem, such as `invalid_token` or
        /// `permission_denied`.
        kind: Option<String>,
    },
    /// The server, or the Repertoire that knows where it is, cannot be asked: no answer, a
    /// pause that it asks for (429, 503), or a redirect (`GafaelfawrWebError` without a
    /// status, `GafaelfawrDiscoveryError`).
    #[error(transparent)]
    Directory(Arc<DirectoryError>),
}

impl From<DirectoryError> for ApiError {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(Arc::new(error))
    }
}

/// How many questions may be open at once.
const READINGS_AT_ONCE: usize = 16;

/// A Gafaelfawr server, asked with whichever tokens its callers hold. Cheap to share.
pub struct Api {
    client: Client,
    by_token: Memory<Place, Arc<User>>,
    by_name: Memory<Place, Arc<User>>,
}

impl Api {
    /// Sets up the client; nothing is sent. `ca_pem` are the only certificate authorities
    /// to trust, in PEM; without it the host's.
    pub fn new(server: Whereabouts, ca_pem: Option<Vec<u8>>) -> Result<Self, ApiError> {
        let making = ClientSettings {
            server,
            ca_pem,
            timeouts: Timeouts::default(),
            readings_at_once: READINGS_AT_ONCE,
            logins_at_once: 1,
            clock: Arc::new(SystemClock),
        };
        Ok(Self {
            client: Client::new(making)?,
            by_token: Memory::new(KEEPING),
            by_name: Memory::new(KEEPING),
        })
    }

    /// `GET /user-info`: whom `token` belongs to. Kept for five minutes: it does not prove
    /// that the token is still good.
    pub async fn user_info(&self, token: &Secret) -> Result<Arc<User>, ApiError> {
        check_token(token)?;
        let ask = self.ask_user_info(token);
        kept_or_asked(&self.by_token, Place::of_token(token), ask).await
    }

    async fn ask_user_info(&self, token: &Secret) -> Result<Arc<User>, ApiError> {
        let user: User = read(&self.client.user_info(token).await?)?;
        Ok(Arc::new(user))
    }

    /// `GET /users/{name}`: somebody by name. `token` needs the scope `admin:userinfo`
    /// unless it is that person's own. Who has no uid is [`ApiError::NotFound`], since the
    /// server answers so about everybody whom it does not know. Kept for five minutes, for
    /// the same token alone.
    pub async fn user(&self, token: &Secret, name: &str) -> Result<Arc<User>, ApiError> {
        check_token(token)?;
        if !grammar::is_username(name) {
            return Err(ApiError::NotFound);
        }
        let ask = self.ask_user(token, name);
        kept_or_asked(&self.by_name, Place::of_name(token, name), ask).await
    }

    async fn ask_user(&self, token: &Secret, name: &str) -> Result<Arc<User>, ApiError> {
        let user: User = read(&self.client.user(token, name).await?)?;
        if user.username != name {
            return Err(invalid("the answer is about somebody else"));
        }
        if user.uid.is_none() {
            return Err(ApiError::NotFound);
        }
        Ok(Arc::new(user))
    }

    /// `GET /token-info`: the record of `token`, asked for each time.
    pub async fn token_info(&self, token: &Secret) -> Result<TokenRecord, ApiError> {
        check_token(token)?;
        read(&self.client.token_info(token).await?)
    }

    /// `GET /users`: everybody whom the user directory knows, those without a uid, too.
    /// `token` needs `admin:userinfo`, the server LDAP and version 15.4.0; slow.
    pub async fn users(&self, token: &Secret) -> Result<Vec<User>, ApiError> {
        check_token(token)?;
        read(&self.client.users(token).await?)
    }

    /// `GET /groups`: all groups, without members; as [`Self::users`].
    pub async fn groups(&self, token: &Secret) -> Result<Groups, ApiError> {
        check_token(token)?;
        read(&self.client.groups(token).await?)
    }

    /// `GET /health`. It says nothing about any person.
    pub async fn health(&self) -> Result<Health, ApiError> {
        let health = self.client.health().await?;
        Ok(Health {
            status: health.status,
        })
    }

    /// `POST /tokens`: makes a service token for a `bot-` user and gives it, this once.
    /// `token` needs the scope `admin:token`, or is the bootstrap token. Sent once: if
    /// there is no answer, the token may have been made all the same.
    pub async fn create_service_token(
        &self,
        token: &Secret,
        wanted: &NewServiceToken,
    ) -> Result<Secret, ApiError> {
        check_token(token)?;
        if !grammar::is_bot(&wanted.username) {
            return Err(invalid("service tokens are for users called bot-…"));
        }
        let answer = self.client.create_token(token, &wanted.request()).await?;
        let head = &answer.head;
        if !matches!(head.status, 200 | 201) || !head.is_json() {
            return Err(refusal(&answer));
        }
        // It holds the token: wiped as soon as it has been read.
        let body = Zeroizing::new(answer.body);
        model::made_token(&body).ok_or_else(|| invalid("the answer holds no token"))
    }

    /// Forgets everything that is kept.
    pub fn clear(&self) {
        self.by_token.forget_all();
        self.by_name.forget_all();
    }
}

/// The answer that is kept, or that of `ask`, for which all who want it now wait. Only
/// success is kept.
async fn kept_or_asked(
    kept: &Memory<Place, Arc<User>>,
    place: Place,
    ask: impl Future<Output = Result<Arc<User>, ApiError>>,
) -> Result<Arc<User>, ApiError> {
    let asked = kept.get_or_ask(place, async { ask.await.map(Some) }).await;
    match asked {
        Ok(found) => found.ok_or(ApiError::NotFound),
        Err(error) => Err((*error).clone()),
    }
}

fn check_token(token: &Secret) -> Result<(), ApiError> {
    match Token::of(token) {
        Some(_) => Ok(()),
        None => Err(invalid("what is to be sent does not look like a token")),
    }
}

fn invalid(what: &str) -> ApiError {
    ApiError::Validation(what.to_owned())
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, ApiError> {
    if answer.head.status != 200 {
        return Err(refusal(answer));
    }
    if !answer.head.is_json() {
        let media = text::safe(&answer.head.media, 64);
        return Err(invalid(&format!(
            "the server answers with {media:?}, not with JSON"
        )));
    }
    // serde's own text may quote what came.
    serde_json::from_slice(&answer.body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        invalid(&format!(
            "not the JSON that was asked for, at line {line} column {column}"
        ))
    })
}

fn refusal(answer: &Answer) -> ApiError {
    match (answer.head.status, kind(answer)) {
        (404, kind) if kind.as_deref() != Some("not_supported") => ApiError::NotFound,
        (status, kind) => ApiError::Web { status, kind },
    }
}
