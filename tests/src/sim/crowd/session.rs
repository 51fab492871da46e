//! `/session`: single sign-on.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::authentication::{check_password, may_log_in};
use super::call::Call;
use super::entity::{Detail, Outcome, SessionEntity, UserEntity, found};
use super::population::{Population, fold};
use super::reason::{Reason, Refusal};
use crate::sim::token::random_token;

/// How long a session lives without being validated, in milliseconds.
const IDLE: u64 = 30 * 60 * 1000;

struct Session {
    user: String,
    factors: BTreeMap<String, String>,
    created: u64,
    expiry: u64,
    idle: u64,
}

/// The sessions by token.
#[derive(Default)]
pub(super) struct Sessions(BTreeMap<String, Session>);

#[derive(Deserialize)]
struct Factors {
    #[serde(rename = "validationFactors", default)]
    list: Vec<Factor>,
}

#[derive(Deserialize)]
struct Factor {
    name: String,
    value: String,
}

impl Factors {
    fn map(self) -> BTreeMap<String, String> {
        self.list
            .into_iter()
            .map(|factor| (factor.name, factor.value))
            .collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Context {
    username: String,
    password: Option<String>,
    validation_factors: Option<Factors>,
}

fn unknown() -> Refusal {
    Refusal::new(Reason::InvalidSsoToken, "the token is unknown or expired")
}

/// `/session` without a token: creating one, or removing all of a user's.
pub(super) fn all<'p>(
    sessions: &'p mut Sessions,
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    match *call.method() {
        Method::POST => create(sessions, population, call),
        Method::DELETE => {
            let user = fold(call.required("username")?);
            let spared = call.parameter("exclude");
            sessions.0.retain(|token, session| {
                fold(&session.user) != user || Some(token.as_str()) == spared
            });
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

fn create<'p>(
    sessions: &'p mut Sessions,
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    let context: Context = call.body()?;
    let name = context.username;
    if call.parameter("validate-password") == Some("false") {
        population
            .find_user(&name)
            .ok_or_else(|| Refusal::no_user(&name))?;
    } else {
        let password = context.password.unwrap_or_default();
        check_password(population, &name, &password, call.now)?;
    }
    if !may_log_in(population, &call.application, &name) {
        let message = format!("<{name}> may not use <{}>", call.application.name);
        return Err(Refusal::new(Reason::ApplicationAccessDenied, message));
    }
    let user = population
        .find_user(&name)
        .ok_or_else(|| Refusal::no_user(&name))?;
    let token = format!("{}00", random_token::<16>());
    let idle = match call.parameter("duration") {
        None => IDLE,
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| Refusal::illegal("duration is not a number"))?
            .saturating_mul(1000),
    };
    let session = Session {
        user: user.name.clone(),
        factors: context
            .validation_factors
            .map(Factors::map)
            .unwrap_or_default(),
        created: call.now,
        expiry: call.now.saturating_add(idle),
        idle,
    };
    sessions.0.insert(token.clone(), session);
    let entity = shown(sessions, population, &token, call)?;
    Ok(Outcome::Created(entity.link(), Some(Box::new(entity))))
}

/// `/session/{token}`.
pub(super) fn one<'p>(
    sessions: &'p mut Sessions,
    population: &'p Population,
    call: &Call<'_>,
    token: &str,
) -> Result<Outcome<'p>, Refusal> {
    match *call.method() {
        Method::GET => Ok(found(shown(sessions, population, token, call)?)),
        Method::POST => {
            let factors = call.body::<Factors>()?.map();
            let session = sessions
                .0
                .get_mut(token)
                .filter(|session| session.expiry > call.now);
            let session = session.ok_or_else(unknown)?;
            if session.factors != factors {
                // Which status a real server gives is not known; the reason is.
                return Err(unknown().into_bad_request());
            }
            session.expiry = call.now.saturating_add(session.idle);
            Ok(found(shown(sessions, population, token, call)?))
        }
        Method::DELETE => {
            sessions.0.remove(token);
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

fn shown<'p>(
    sessions: &'p Sessions,
    population: &'p Population,
    token: &str,
    call: &Call<'_>,
) -> Result<SessionEntity<'p>, Refusal> {
    let (token, session) = sessions.0.get_key_value(token).ok_or_else(unknown)?;
    if session.expiry <= call.now {
        return Err(unknown());
    }
    // A user who is gone or switched off takes the sessions along.
    let user = population
        .find_user(&session.user)
        .filter(|user| user.active);
    let detail = if call.expands("user") {
        Detail::Plain
    } else {
        Detail::Minimal
    };
    Ok(SessionEntity {
        token,
        user: UserEntity(user.ok_or_else(unknown)?, detail),
        created: session.created,
        expiry: session.expiry,
    })
}
