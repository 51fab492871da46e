//! Sessions of persons: what python-fedora's `FasProxyClient` does for a server that
//! logs people in. None of them is ever the service account's, and a password goes out
//! without any session beside it.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::DirectoryError;
use super::super::http::Answer;
use super::client::Extent;
use super::records::PersonRecord;
use super::verdict::{believed, failed, is_anonymous, nonsense};
use super::visit::Visit;
use super::{Fas, mapping};
use crate::name::UserName;
use crate::secret::Secret;

/// A session of a person's. Whoever holds its key is that person: it shows nothing of itself.
pub struct PersonalSession(Visit);

impl PersonalSession {
    /// The session's key, to be kept elsewhere: what python-fedora calls the session id.
    pub fn key(&self) -> Option<Secret> {
        Secret::typed(self.0.key().as_bytes()).ok()
    }
}

impl fmt::Debug for PersonalSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalSession(***)")
    }
}

/// What `login` answers.
#[derive(Deserialize)]
struct LoggedIn {
    user: Option<PersonRecord>,
}

/// What `user/view` answers.
#[derive(Deserialize)]
struct Viewed {
    person: Option<PersonRecord>,
}

impl Fas {
    /// Logs a person in: the session, to be ended with [`Self::logout`], and who it is.
    /// Counts as a try at the server and is never repeated. The code is sent as `otp` of the settings
    /// says. Where python-fedora takes any 200, the answer must name exactly `name`, in use.
    pub async fn login(
        &self,
        name: &UserName,
        password: &Secret,
        code: Option<&Secret>,
    ) -> Result<(PersonalSession, PersonRecord), DirectoryError> {
        let form = self.credentials(name, password, code)?;
        let (answer, visit): (LoggedIn, _) = self.client.log_in_as(&form).await?;
        let visit = visit.ok_or_else(|| self.client.no_cookie())?;
        let person = answer
            .user
            .ok_or_else(|| nonsense("FAS accepts a password and does not say whose"));
        let checked = person.and_then(|person| check(person, name));
        match checked {
            Ok(person) => Ok((PersonalSession(visit), person)),
            Err(error) => {
                self.client.log_out(visit).await;
                Err(error)
            }
        }
    }

    /// The session with this key, got from [`PersonalSession::key`]; `None` for what cannot be one.
    pub fn session_with_key(&self, key: &Secret) -> Option<PersonalSession> {
        self.client.visit_with_key(key).map(PersonalSession)
    }

    /// Ends a session. One that is over already is no error, as for python-fedora's
    /// `AccountSystem`; its other class raises `AuthError`.
    pub async fn logout(&self, session: PersonalSession) -> Result<(), DirectoryError> {
        let answer = self.as_person(&session, "logout").await?;
        if is_anonymous(&answer) {
            return Ok(());
        }
        believed::<Map<String, Value>>(&answer).map(drop)
    }

    /// Whether this is the person's password. `false` is FAS's own "no"; that it could not
    /// be asked is an error. Nothing empty is sent, and the session that the check opens is ended,
    /// which python-fedora leaves open.
    pub async fn verify_password(
        &self,
        name: &UserName,
        password: &Secret,
    ) -> Result<bool, DirectoryError> {
        match self.checked(name, password, None).await {
            Ok(_verified) => Ok(true),
            Err(error) if error.is_silence() => Err(error),
            Err(_refused) => Ok(false),
        }
    }

    /// Whether a session is alive and somebody's.
    pub async fn verify_session(&self, session: &PersonalSession) -> Result<bool, DirectoryError> {
        let answer = self.as_person(session, "home").await?;
        if is_anonymous(&answer) {
            return Ok(false);
        }
        believed::<Map<String, Value>>(&answer).map(|_| true)
    }

    /// Keeps a session alive: whether it still was. FAS never fails here: it answers a dead
    /// session with another cookie, and one that nobody is logged in under with the time, as it
    /// answers strangers. python-fedora hands out either as if it were the session.
    pub async fn refresh_session(&self, session: &PersonalSession) -> Result<bool, DirectoryError> {
        let answer = self.as_person(session, "").await?;
        let said = believed::<Map<String, Value>>(&answer)?;
        let now = self.client.visit_of(&answer.head);
        let same = now.is_some_and(|now| now.key() == session.0.key());
        Ok(same && !said.contains_key("now"))
    }

    /// Who a session's person is, as FAS shows people to themselves, without the hash.
    /// *NotFound* for a session that is over.
    pub async fn get_user_info(
        &self,
        session: &PersonalSession,
    ) -> Result<PersonRecord, DirectoryError> {
        let answer = self.as_person(session, "user/view").await?;
        if is_anonymous(&answer) {
            return Err(DirectoryError::NotFound);
        }
        let viewed: Viewed = believed(&answer)?;
        viewed
            .person
            .ok_or_else(|| nonsense("the answer about a session's person lacks the person"))
    }

    async fn as_person(
        &self,
        session: &PersonalSession,
        path: &str,
    ) -> Result<Wiped, DirectoryError> {
        let answer = self.client.ask(&session.0, path, &[], Extent::One).await?;
        match answer.head.status {
            200 | 401 | 403 => Ok(Wiped(answer)),
            _ => Err(failed(&answer)),
        }
    }
}

/// An answer that holds the person's own hash.
struct Wiped(Answer);

impl std::ops::Deref for Wiped {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.0
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0.body);
    }
}

fn check(person: PersonRecord, asked: &UserName) -> Result<PersonRecord, DirectoryError> {
    mapping::check_name(&person.username, asked.as_str())?;
    match person.may_log_in() {
        true => Ok(person),
        false => Err(DirectoryError::Locked),
    }
}
