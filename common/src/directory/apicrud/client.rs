//! apicrud's calls: one function each, typed. Nothing is decided here but who is meant.
//!
//! Not called: the forgotten-password route, which gives whoever asks the token that resets
//! anybody's password; the URLs of `resources`, which point wherever the server's
//! `PUBLIC_URL` says. The cookie that would spare a second factor for hours is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zeroize::Zeroize as _;

use super::super::DirectoryError;
use super::super::http::{
    Answer, Change, Connections, Cookies, Credentials, Http, HttpSettings, Question, SensitiveBody,
    Timeouts, encoded,
};
use super::grammar::PersonId;
use super::model::{Account, Accounts, AuthParams, LoggedIn, Methods};
use super::session::Session;
use super::verdict::{believed, nonsense, refused_code, refused_login};
use super::visit::Visit;
use crate::secret::Secret;

/// A locked account is answered after five seconds; to hear that, one has to wait longer.
const LEAST_PATIENCE: Duration = Duration::from_secs(8);
const CODE_MAX: usize = 64;

/// Talks to one apicrud server as whoever is being logged in.
#[derive(Debug)]
pub(super) struct Client {
    http: Http,
    within: Duration,
}

/// What a person types to be logged in.
#[derive(Clone, Copy)]
pub(super) struct Typed<'a> {
    pub(super) name: &'a str,
    pub(super) password: &'a str,
}

impl Client {
    pub(super) fn new(
        url: &url::Url,
        ca_pem: Option<&[u8]>,
        timeouts: Timeouts,
        logins_at_once: usize,
    ) -> Result<Self, DirectoryError> {
        let within = timeouts.request.max(LEAST_PATIENCE);
        let http = Http::new(&HttpSettings {
            base: url,
            ca_pem,
            timeouts: Timeouts {
                request: within,
                ..timeouts
            },
            credentials: Credentials::None,
            // Refusals are told apart by their words.
            headers: &[("accept-language", "en")],
            cookies: Cookies::Dropped,
            login_connections: Connections::Kept,
            readings_at_once: 4,
            logins_at_once,
        })?;
        Ok(Self { http, within })
    }

    /// The moment until which the calls of one login may take.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.within
    }

    /// How people can log in.
    pub(super) async fn methods(&self) -> Result<Methods, DirectoryError> {
        let question = Question::get("auth_methods", self.within);
        believed(&self.http.ask(question).await?, 200)
    }

    /// Opens a session by the password. Counts as a try at the server: never retried.
    pub(super) async fn log_in(
        self: &Arc<Self>,
        typed: Typed<'_>,
        until: Instant,
    ) -> Result<Visit, DirectoryError> {
        let fields = [("username", typed.name), ("password", typed.password)];
        let body = SensitiveBody::json(&fields);
        let answer = self.http.ask(Question::login("auth", body, left(until)?));
        let answer = answer.await?;
        if answer.head.status != 201 {
            return Err(refused_login(&answer, typed.name));
        }
        self.opened(answer, typed.name)
    }

    /// Opens a session by the password and a one-time code, in the session that wants the code.
    pub(super) async fn log_in_with_code(
        self: &Arc<Self>,
        typed: Typed<'_>,
        code: &str,
        pending: &Visit,
        until: Instant,
    ) -> Result<Visit, DirectoryError> {
        if code.len() > CODE_MAX {
            return Err(super::verdict::certain(
                "what was typed is too long for a one-time code",
            ));
        }
        let fields = [
            ("username", typed.name),
            ("password", typed.password),
            ("otp", code),
        ];
        let body = SensitiveBody::json(&fields);
        let session = pending.session();
        let question = Question::login("auth", body, left(until)?)
            .basic(session.person.as_str(), &session.key);
        let answer = self.http.ask(question).await?;
        if answer.head.status != 201 {
            return Err(refused_code(&answer, typed.name));
        }
        self.opened(answer, typed.name)
    }

    /// The session of a 201, which is no login yet.
    fn opened(self: &Arc<Self>, mut answer: Answer, name: &str) -> Result<Visit, DirectoryError> {
        let read = believed::<LoggedIn>(&answer, 201);
        answer.body.zeroize();
        let mut logged_in = read?;
        let session = Session::of(&logged_in.jwt_token);
        logged_in.jwt_token.zeroize();
        // From here on the session is ended, whatever else the answer says.
        let visit = Visit::new(self, session?);
        match logged_in.username.as_deref() {
            Some(other) if other != name => Err(nonsense(
                "apicrud logs somebody of another name in than the one who was asked about",
            )),
            _ => Ok(visit),
        }
    }

    /// The account of this name, as the session's person may see it.
    pub(super) async fn account(
        &self,
        visit: &Visit,
        name: &str,
        until: Instant,
    ) -> Result<Account, DirectoryError> {
        // An administrator is shown everybody's accounts, in pages.
        let filter = serde_json::json!({ "name": name }).to_string();
        let session = visit.session();
        let question = Question::login_get("account", left(until)?)
            .with("filter", filter)
            .basic(session.person.as_str(), &session.key);
        let accounts: Accounts = believed(&self.http.ask(question).await?, 200)?;
        let mut named = accounts.items.into_iter().filter(|one| one.name == name);
        match (named.next(), named.next()) {
            (Some(account), None) => Ok(account),
            _ => Err(nonsense(
                "apicrud does not show the account of the name that has just logged in",
            )),
        }
    }

    /// What apicrud says about whoever has this session.
    pub(super) async fn auth_params(&self, visit: &Visit) -> Result<AuthParams, DirectoryError> {
        let session = visit.session();
        let question = Question::login_get("auth_params", self.within)
            .basic(session.person.as_str(), &session.key);
        believed(&self.http.ask(question).await?, 200)
    }

    /// What apicrud says about whoever owns this API key.
    pub(super) async fn auth_params_by_key(
        &self,
        api_key: &Secret,
    ) -> Result<AuthParams, DirectoryError> {
        let question = Question::login_get("auth_params", self.within).key("x-api-key", api_key);
        believed(&self.http.ask(question).await?, 200)
    }

    /// Sends a new password; the answer, unjudged. Never retried.
    pub(super) async fn put_password(
        &self,
        visit: &Visit,
        old: &str,
        new: &str,
    ) -> Result<Answer, DirectoryError> {
        let session = visit.session();
        let path = format!("account_password/{}", encoded(session.person.as_str()));
        let body = SensitiveBody::json(&[
            ("new_password", new),
            ("verify_password", new),
            ("old_password", old),
        ]);
        let question = Question::change(Change::Put, path, self.within)
            .alone()
            .carrying(body)
            .basic(session.person.as_str(), &session.key);
        self.http.ask(question).await
    }

    /// Ends a session. That it may fail is nobody's business: apicrud ends it, too.
    pub(super) async fn log_out(&self, person: &PersonId, key: &Secret) {
        let question = Question::get("logout", self.within).basic(person.as_str(), key);
        if let Err(error) = self.http.ask(question).await {
            log::debug!("the session of a password check could not be ended: {error}");
        }
    }
}

/// What is left of a login's time.
fn left(until: Instant) -> Result<Duration, DirectoryError> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(DirectoryError::Unreachable {
            reason: "a login's questions took too long together".to_owned(),
            retry_after: None,
            source: None,
        });
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_time_for_the_answer_about_a_locked_account() {
        let url = "https://club.example.org/api/v1".parse().unwrap();
        let within = |seconds| {
            let request = Duration::from_secs(seconds);
            let timeouts = Timeouts {
                request,
                ..Timeouts::default()
            };
            Client::new(&url, None, timeouts, 1).unwrap().within
        };
        assert_eq!(within(1), Duration::from_secs(8));
        assert_eq!(within(20), Duration::from_secs(20));
    }
}
