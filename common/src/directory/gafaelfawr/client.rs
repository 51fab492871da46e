//! Gafaelfawr's calls: one function each, typed. Nothing is decided here.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::super::DirectoryError;
use super::super::http::{Answer, Change, Question, STREAM_BODY, SensitiveBody, Timeouts, encoded};
use super::discovery::{Makings, Server, Way, Whereabouts};
use super::grammar;
use super::model::{About, GroupLists, Health, TokenInfo, UserInfo};
use super::verdict::{self, believed};
use crate::clock::Clock;
use crate::secret::Secret;

const TOKEN_INFO: &str = "token-info";
const USER_INFO: &str = "user-info";

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

/// What a client is made from.
pub(super) struct ClientSettings {
    pub(super) server: Whereabouts,
    pub(super) ca_pem: Option<Vec<u8>>,
    pub(super) timeouts: Timeouts,
    pub(super) readings_at_once: usize,
    pub(super) logins_at_once: usize,
    /// For the age of Repertoire's answers.
    pub(super) clock: Arc<dyn Clock>,
}

/// Talks to one Gafaelfawr server.
pub(super) struct Client {
    way: Way,
    within: Duration,
    /// For everybody at once.
    bulk: Duration,
}

impl Client {
    /// Nothing is sent. Errors are all *Misconfigured*.
    pub(super) fn new(settings: ClientSettings) -> Result<Self, DirectoryError> {
        let makings = Makings {
            ca_pem: settings.ca_pem,
            timeouts: settings.timeouts,
            readings_at_once: settings.readings_at_once,
            logins_at_once: settings.logins_at_once,
        };
        Ok(Self {
            way: Way::new(&settings.server, makings, settings.clock)?,
            within: settings.timeouts.request,
            bulk: settings.timeouts.bulk,
        })
    }

    /// How long one question, or one login, may take.
    pub(super) fn within(&self) -> Duration {
        self.within
    }

    async fn server(&self) -> Result<(Arc<Server>, Duration), DirectoryError> {
        self.way.server(self.within).await
    }

    /// The record of `token`, asked for by its holder.
    pub(super) async fn token_info(&self, token: &Secret) -> Result<Answer, DirectoryError> {
        self.read(TOKEN_INFO, token).await
    }

    /// Whom `token` belongs to.
    pub(super) async fn user_info(&self, token: &Secret) -> Result<Answer, DirectoryError> {
        self.read(USER_INFO, token).await
    }

    /// Somebody by name, as the user directory behind the server knows them.
    pub(super) async fn user(&self, token: &Secret, name: &str) -> Result<Answer, DirectoryError> {
        self.read(&format!("users/{}", encoded(name)), token).await
    }

    async fn read(&self, endpoint: &str, token: &Secret) -> Result<Answer, DirectoryError> {
        let (server, within) = self.server().await?;
        let question = Question::get(server.api(endpoint), within).bearer(token);
        server.http.ask(question).await
    }

    /// Everybody whom the user directory knows: a search there for each, so it takes long.
    pub(super) async fn users(&self, token: &Secret) -> Result<Answer, DirectoryError> {
        self.read_long("users", token).await
    }

    /// All groups, without members.
    pub(super) async fn groups(&self, token: &Secret) -> Result<Answer, DirectoryError> {
        self.read_long("groups", token).await
    }

    async fn read_long(&self, endpoint: &str, token: &Secret) -> Result<Answer, DirectoryError> {
        let (server, within) = self.way.server(self.bulk).await?;
        let question = Question::get(server.api(endpoint), within).bearer(token);
        server.http.ask(question.cap(STREAM_BODY)).await
    }

    /// Makes a token; sent once.
    pub(super) async fn create_token(
        &self,
        token: &Secret,
        request: &impl serde::Serialize,
    ) -> Result<Answer, DirectoryError> {
        let (server, within) = self.server().await?;
        let question = Question::change(Change::Post, server.api("tokens"), within);
        let question = question
            .bearer(token)
            .carrying(SensitiveBody::json_of(request));
        server.http.ask(question).await
    }

    /// Whether the server says that it is healthy. That says nothing about any person.
    pub(super) async fn health(&self) -> Result<Health, DirectoryError> {
        self.beside("health").await
    }

    /// What the server says it is, where that can be read at all.
    pub(super) async fn about(&self) -> Result<About, DirectoryError> {
        self.beside("").await
    }

    async fn beside<T: DeserializeOwned>(&self, path: &'static str) -> Result<T, DirectoryError> {
        let (server, within) = self.server().await?;
        let question = Question::get(server.beside(path)?, within);
        believed(&server.http.ask(question).await?, verdict::of_us)
    }

    /// The record of a token that somebody logs in with: never from a cache, never retried.
    pub(super) async fn login_token(
        &self,
        token: Token<'_>,
        within: Duration,
    ) -> Result<TokenInfo, DirectoryError> {
        self.login(TOKEN_INFO, token, within).await
    }

    /// Whom a token belongs to that somebody logs in with: as [`Self::login_token`].
    pub(super) async fn login_user(
        &self,
        token: Token<'_>,
        within: Duration,
    ) -> Result<UserInfo, DirectoryError> {
        self.login(USER_INFO, token, within).await
    }

    async fn login<T: DeserializeOwned>(
        &self,
        endpoint: &str,
        token: Token<'_>,
        within: Duration,
    ) -> Result<T, DirectoryError> {
        let (server, within) = self.way.server(within).await?;
        let question = Question::login_get(server.api(endpoint), within).bearer(token.secret);
        let answer = server.http.ask(question).await?;
        believed(&answer, |answer| verdict::of_person(answer, token.key))
    }
}

/// The group lists in an answer to [`Client::groups`].
pub(super) fn group_lists(answer: &Answer) -> Result<GroupLists, DirectoryError> {
    believed(answer, verdict::of_us)
}
