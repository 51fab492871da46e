//! Gafaelfawr's calls: one function each, typed. Nothing is decided here.

use std::time::Duration;

use super::super::http::{
    Connections, Cookies, Credentials, Http, HttpSettings, Question, encoded,
};
use super::super::{DirectoryError, Sighting};
use super::model::{About, TokenInfo, UserInfo};
use super::{GafaelfawrSettings, grammar, mapping, verdict};
use crate::name::UserName;
use crate::secret::Secret;

const TOKEN_INFO: &str = "auth/api/v1/token-info";
const USER_INFO: &str = "auth/api/v1/user-info";

/// A person's token that looks like one, with the half of it that may be shown.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    secret: &'a Secret,
    pub(super) key: &'a str,
}

impl<'a> Token<'a> {
    /// `secret`, if it looks like a token.
    pub(super) fn of(secret: &'a Secret) -> Option<Self> {
        let key = grammar::token_key(secret)?;
        Some(Self { secret, key })
    }
}

/// Talks to one Gafaelfawr server.
pub(super) struct Client {
    http: Http,
    /// Our own token.
    service: Secret,
    within: Duration,
}

impl Client {
    pub(super) fn new(settings: GafaelfawrSettings) -> Result<Self, DirectoryError> {
        if Token::of(&settings.token).is_none() {
            return Err(verdict::misconfigured(
                "token_file does not hold a token: they look like gt-KEY.SECRET, with 22 \
                 characters each",
            ));
        }
        let http = Http::new(&HttpSettings {
            base: &settings.url,
            ca_pem: settings.ca_pem.as_deref(),
            timeouts: settings.timeouts,
            // Each question carries its own, ours or a person's.
            credentials: Credentials::None,
            headers: &[],
            // A cookie would go before the token.
            cookies: Cookies::Dropped,
            login_connections: Connections::Kept,
            readings_at_once: settings.readings_at_once,
            logins_at_once: settings.logins_at_once,
        })?;
        Ok(Self {
            http,
            service: settings.token,
            within: settings.timeouts.request,
        })
    }

    /// Our own token.
    pub(super) fn service(&self) -> &Secret {
        &self.service
    }

    /// How long one question, or one login, may take.
    pub(super) fn within(&self) -> Duration {
        self.within
    }

    /// The record of our own token.
    pub(super) async fn own_token(&self) -> Result<TokenInfo, DirectoryError> {
        let question = Question::get(TOKEN_INFO, self.within).bearer(&self.service);
        verdict::believed(&self.http.ask(question).await?, verdict::of_us)
    }

    /// What the server says it is, where that can be read at all.
    pub(super) async fn about(&self) -> Result<About, DirectoryError> {
        let question = Question::get("", self.within);
        verdict::believed(&self.http.ask(question).await?, verdict::of_us)
    }

    /// Somebody by name, as the user directory behind the server knows them.
    pub(super) async fn user(&self, name: &UserName) -> Result<Sighting, DirectoryError> {
        let path = format!("auth/api/v1/users/{}", encoded(name.as_str()));
        let question = Question::get(path, self.within).bearer(&self.service);
        let answer = self.http.ask(question).await?;
        let info: UserInfo = verdict::believed(&answer, verdict::of_name)?;
        mapping::sighting(&info, name.as_str())
    }

    /// The record of a token that somebody logs in with: never from a cache, never retried.
    pub(super) async fn login_token(
        &self,
        token: Token<'_>,
        within: Duration,
    ) -> Result<TokenInfo, DirectoryError> {
        let question = Question::login_get(TOKEN_INFO, within).bearer(token.secret);
        let answer = self.http.ask(question).await?;
        verdict::believed(&answer, |answer| verdict::of_person(answer, token.key))
    }

    /// Whom a token belongs to that somebody logs in with: as [`Self::login_token`].
    pub(super) async fn login_user(
        &self,
        token: Token<'_>,
        within: Duration,
    ) -> Result<UserInfo, DirectoryError> {
        let question = Question::login_get(USER_INFO, within).bearer(token.secret);
        let answer = self.http.ask(question).await?;
        verdict::believed(&answer, |answer| verdict::of_person(answer, token.key))
    }

    /// Whom a token belongs to, for whoever only wants to know.
    pub(super) async fn token_user(&self, token: Token<'_>) -> Result<UserInfo, DirectoryError> {
        let question = Question::get(USER_INFO, self.within).bearer(token.secret);
        let answer = self.http.ask(question).await?;
        verdict::believed(&answer, |answer| verdict::of_person(answer, token.key))
    }
}
