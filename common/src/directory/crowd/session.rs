//! Sessions of Crowd's single sign-on, with python-crowd's meaning. PAM needs none and
//! makes none; they are for handing a login on, and for administrators.
//!
//! A session is bound to factors, usually the address of the person's browser: whoever
//! validates one has to name the same. Tokens are secrets and stand in the path, which
//! no error and no Debug shows.

use std::time::Duration;

use serde::Serialize;
use zeroize::Zeroize as _;

use super::super::http::{Change, Question, SensitiveBody};
use super::super::sessions::{Factor, Factors, Session, Sessions};
use super::super::{DirectoryError, Refusal};
use super::verdict::{Quoting, believed, done, nonsense};
use super::{Crowd, mapping, model};
use crate::clock::Time;
use crate::name::UserName;
use crate::secret::Secret;

/// Why Crowd should believe that it is the person.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// Crowd checks the password; counts as a login.
    Password(&'a Secret),
    /// The caller has checked: Crowd makes the session without a password. The
    /// application's credentials are worth everybody's account because of this.
    CheckedBefore,
}

/// A session that has just been made.
#[derive(Debug)]
pub struct NewSession {
    /// Who has the token is the person, for everything that trusts Crowd.
    pub token: Secret,
    /// Whose it is and how long it lives.
    pub session: Session,
}

/// The body that asks for a session: the outer name with a hyphen, the inner without.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Context<'a> {
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    validation_factors: FactorList<'a>,
}

/// The body that validates one: the inner half alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactorList<'a> {
    validation_factors: Vec<FactorEntity<'a>>,
}

#[derive(Serialize)]
struct FactorEntity<'a> {
    name: &'static str,
    value: &'a str,
}

impl<'a> FactorList<'a> {
    fn of(factors: &'a Factors) -> Self {
        let entity = |(factor, value): (Factor, &'a str)| FactorEntity {
            name: match factor {
                Factor::RemoteAddress => "remote_address",
                Factor::ForwardedFor => "X-Forwarded-For",
            },
            value,
        };
        Self {
            validation_factors: factors.iter().map(entity).collect(),
        }
    }
}

impl Crowd {
    /// Makes a session for the person `name`, bound to `factors`; it ends when it is not
    /// validated for `duration` (Crowd's own default without it). Never retried.
    pub async fn create_session(
        &self,
        name: &UserName,
        credential: Credential<'_>,
        factors: &Factors,
        duration: Option<Duration>,
    ) -> Result<NewSession, DirectoryError> {
        let (password, checks) = match credential {
            Credential::Password(secret) => (Some(text_of(secret)?), "true"),
            Credential::CheckedBefore => (None, "false"),
        };
        let body = SensitiveBody::json_of(&Context {
            username: name.as_str(),
            password,
            validation_factors: FactorList::of(factors),
        });
        let mut question = self.client.change(Change::Post, "session").alone();
        question = question
            .carrying(body)
            .with("expand", "user")
            .with("validate-password", checks);
        if let Some(duration) = duration {
            question = question.with("duration", duration.as_secs().to_string());
        }
        let (session, token) = self.session(question).await?;
        mapping::check_about(Some(&session.name), name.as_str())?;
        let token = token.ok_or_else(|| nonsense("a new session without a token"))?;
        Ok(NewSession { token, session })
    }

    /// Looks at a session without prolonging it, whatever it is bound to.
    pub async fn read_session(&self, token: &Secret) -> Result<Session, DirectoryError> {
        check_token(token)?;
        let question = self.client.get("session").below(token);
        self.session_of(question.with("expand", "user"), token)
            .await
    }

    /// Ends all sessions of a person, everywhere.
    pub async fn end_sessions_of(&self, name: &UserName) -> Result<(), DirectoryError> {
        let question = self.client.change(Change::Delete, "session");
        let answer = self.client.ask(question.with("username", name.as_str()));
        done(&answer.await?, Quoting::Never)
    }

    async fn session(
        &self,
        question: Question<'_>,
    ) -> Result<(Session, Option<Secret>), DirectoryError> {
        let mut answer = self.client.ask(question).await?;
        let read = believed(&answer, Quoting::Never);
        answer.body.zeroize();
        meaning(&read?)
    }

    /// The session that `token` is of; its own token in the answer must be the same.
    async fn session_of(
        &self,
        question: Question<'_>,
        token: &Secret,
    ) -> Result<Session, DirectoryError> {
        match self.session(question).await? {
            (_, Some(other)) if other.expose() != token.expose() => Err(nonsense(
                "asked about one session, the server answers about another",
            )),
            (session, _) => Ok(session),
        }
    }
}

#[async_trait::async_trait]
impl Sessions for Crowd {
    async fn validate(&self, token: &Secret, factors: &Factors) -> Result<Session, DirectoryError> {
        check_token(token)?;
        let question = self.client.change(Change::Post, "session").below(token);
        let question = question
            .with("expand", "user")
            .carrying(SensitiveBody::json_of(&FactorList::of(factors)));
        self.session_of(question, token).await
    }

    async fn end(&self, token: &Secret) -> Result<(), DirectoryError> {
        check_token(token)?;
        let question = self.client.change(Change::Delete, "session").below(token);
        match done(&self.client.ask(question).await?, Quoting::Never) {
            // Some servers say that there is none, others are content: it is over either way.
            Err(DirectoryError::Refused(_)) => Ok(()),
            ended => ended,
        }
    }
}

/// What the server says of a session, and its token.
fn meaning(session: &model::Session) -> Result<(Session, Option<Secret>), DirectoryError> {
    let user = session.user.as_ref();
    let name = user.and_then(|user| user.name.as_deref());
    let (Some(user), Some(name)) = (user, name.filter(|name| !name.is_empty())) else {
        return Err(nonsense("the server does not say whose session it is"));
    };
    let token = session.token.as_ref();
    let meant = Session {
        key: mapping::user_key(user, name),
        name: name.to_owned(),
        created: moment(&session.created_date),
        expires: moment(&session.expiry_date),
    };
    Ok((meant, token.and_then(|text| secret(text))))
}

fn secret(text: &str) -> Option<Secret> {
    Secret::typed(text.as_bytes()).ok()
}

/// Milliseconds since 1970; anything else is no date that JSON has.
fn moment(date: &serde_json::Value) -> Option<Time> {
    let seconds = date.as_u64()?.checked_div(1000)?;
    Some(Time::from_unix(seconds))
}

fn text_of(secret: &Secret) -> Result<&str, DirectoryError> {
    let text = secret.expose_text();
    text.ok_or_else(|| refusal("this cannot be a password of Crowd's"))
}

/// What cannot be a token is not sent: in a path some characters have a meaning.
fn check_token(token: &Secret) -> Result<(), DirectoryError> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_~=+/".contains(byte);
    if token.expose().iter().all(plain) {
        return Ok(());
    }
    Err(refusal("this cannot be a session of Crowd's"))
}

fn refusal(reason: &'static str) -> DirectoryError {
    DirectoryError::Refused(Refusal::certain(reason))
}
