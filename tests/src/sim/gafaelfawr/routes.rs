//! The table of endpoints, and what each answers.

use hyper::header::LOCATION;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::account::{Group, Token};
use super::admission::{admit, admit_maker, may_act_on};
use super::grammar::PART;
use super::issue::{self, problem, username_problem};
use super::population::Population;
use super::refusal::Refusal;
use super::service::API;
use super::shown::{token_info, user_info, without_defaults};
use crate::sim::exchange::{Reply, Request};
use crate::sim::fault::Fault;

/// One request to the API.
pub(super) struct Call<'r> {
    pub(super) request: &'r Request,
    pub(super) fault: Option<&'r Fault>,
    /// Seconds since 1970.
    pub(super) now: u64,
}

impl Call<'_> {
    fn admit<'p>(&self, population: &'p Population) -> Result<&'p Token, Refusal> {
        admit(population, self.request, self.now)
    }

    fn ldap_is_down(&self) -> bool {
        matches!(self.fault, Some(Fault::LdapDown))
    }

    /// The name that an answer shows.
    fn shown<'n>(&'n self, username: &'n str) -> &'n str {
        match self.fault {
            Some(Fault::WrongName(other)) => other,
            _ => username,
        }
    }
}

/// JSON with a status.
pub(super) fn json_reply(status: StatusCode, value: &Value) -> Reply {
    Reply::of(status, "application/json", value.to_string())
}

fn found(value: &Value) -> Result<Reply, Refusal> {
    Ok(json_reply(StatusCode::OK, value))
}

/// The table of endpoints below the API's root.
pub(super) fn api(
    population: &mut Population,
    call: &Call<'_>,
    segments: &[&str],
) -> Result<Reply, Refusal> {
    match (&call.request.method, segments) {
        // A parameter in a path has at least one character.
        _ if segments.contains(&"") => Err(Refusal::NoSuchPath),
        (_, ["users" | "groups"]) if !population.lists => Err(Refusal::NoSuchPath),
        (&Method::GET, ["user-info"]) => own_info(population, call),
        (&Method::GET, ["token-info"]) => own_token(population, call),
        (&Method::GET, ["users"]) => all_users(population, call),
        (&Method::GET, ["groups"]) => all_groups(population, call),
        (&Method::GET, ["users", name]) => one_user(population, call, name),
        (&Method::GET, ["users", name, "tokens"]) => tokens_of(population, call, name),
        (&Method::POST, ["users", name, "tokens"]) => make_own_token(population, call, name),
        (&Method::GET, ["users", name, "tokens", key]) => one_token(population, call, name, key),
        (&Method::DELETE, ["users", name, "tokens", key]) => revoke(population, call, name, key),
        (&Method::POST, ["tokens"]) => make_token(population, call),
        (_, ["user-info" | "token-info" | "users" | "groups"] | ["users", _]) => {
            Err(Refusal::NoSuchMethod("GET"))
        }
        (_, ["users", _, "tokens"]) => Err(Refusal::NoSuchMethod("GET, POST")),
        (_, ["users", _, "tokens", _]) => Err(Refusal::NoSuchMethod("GET, DELETE")),
        (_, ["tokens"]) => Err(Refusal::NoSuchMethod("POST")),
        _ => Err(Refusal::NoSuchPath),
    }
}

/// `/user-info`: whoever the token belongs to; what the token holds goes first.
fn own_info(population: &Population, call: &Call<'_>) -> Result<Reply, Refusal> {
    let token = call.admit(population)?;
    if population.ldap && call.ldap_is_down() {
        return Err(Refusal::UserInfoFailed);
    }
    let known = population.of_token(token);
    found(&user_info(population, call.shown(&token.username), &known))
}

/// `/token-info`.
fn own_token(population: &Population, call: &Call<'_>) -> Result<Reply, Refusal> {
    let token = call.admit(population)?;
    if matches!(call.fault, Some(Fault::NotInSql)) {
        return Err(Refusal::NotInDatabase);
    }
    found(&token_info(token, call.shown(&token.username)))
}

/// Lets in who may read what the user directory says of `person`, or of everybody.
fn admit_reader(
    population: &Population,
    call: &Call<'_>,
    person: Option<&str>,
) -> Result<(), Refusal> {
    let token = call.admit(population)?;
    if let Some(name) = person {
        check_name(name)?;
    }
    if !population.ldap {
        let message = "No external user information source configured";
        return Err(Refusal::NotSupported(message));
    }
    if person != Some(&token.username) && !token.may("admin:userinfo") {
        let message = "Token does not have required scope admin:userinfo";
        return Err(Refusal::PermissionDenied(message.to_owned()));
    }
    if call.ldap_is_down() {
        return Err(Refusal::Crashed);
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Refusal> {
    match username_problem(&["path", "username"], name) {
        Some(problem) => Err(Refusal::Invalid(vec![problem])),
        None => Ok(()),
    }
}

/// `/users/{username}`: from the user directory alone. Nobody is answered with 200, too.
fn one_user(population: &Population, call: &Call<'_>, name: &str) -> Result<Reply, Refusal> {
    admit_reader(population, call, Some(name))?;
    let known = population.in_directory(name);
    let info = user_info(population, call.shown(name), &known);
    found(&without_defaults(info))
}

/// `/users`: everybody, without quotas.
fn all_users(population: &Population, call: &Call<'_>) -> Result<Reply, Refusal> {
    admit_reader(population, call, None)?;
    let shown = |name: &String| {
        let mut info = user_info(population, name, &population.in_directory(name));
        if let Some(members) = info.as_object_mut() {
            members.remove("quota");
        }
        without_defaults(info)
    };
    match call.fault {
        Some(Fault::EmptyUsers) => found(&json!([])),
        _ => found(&population.users.keys().map(shown).collect()),
    }
}

/// `/groups`: all of them, without members.
fn all_groups(population: &Population, call: &Call<'_>) -> Result<Reply, Refusal> {
    admit_reader(population, call, None)?;
    let (system, user): (Vec<&Group>, Vec<&Group>) =
        population.groups.values().partition(|group| group.system);
    let shown = |groups: Vec<&Group>| -> Value {
        groups
            .into_iter()
            .map(|group| json!(group.shown()))
            .collect()
    };
    found(&json!({"user": shown(user), "system": shown(system)}))
}

/// `/users/{username}/tokens`.
fn tokens_of(population: &Population, call: &Call<'_>, name: &str) -> Result<Reply, Refusal> {
    let token = call.admit(population)?;
    check_name(name)?;
    may_act_on(token, name)?;
    let theirs = population
        .tokens
        .values()
        .filter(|token| token.username == name && token.is_good_at(call.now));
    found(&theirs.map(|token| token_info(token, name)).collect())
}

/// The token of `name` with this key, if whoever asks may act on it.
fn named_token<'p>(
    population: &'p Population,
    call: &Call<'_>,
    name: &str,
    key: &str,
) -> Result<&'p Token, Refusal> {
    let asking = call.admit(population)?;
    let mut problems: Vec<Value> = username_problem(&["path", "username"], name)
        .into_iter()
        .collect();
    problems.extend(key_problem(key));
    if !problems.is_empty() {
        return Err(Refusal::Invalid(problems));
    }
    let found = population.tokens.get(key);
    let theirs = found.filter(|token| token.username == name && token.is_good_at(call.now));
    let token = theirs.ok_or(Refusal::TokenNotFound)?;
    may_act_on(asking, name)?;
    Ok(token)
}

fn key_problem(key: &str) -> Option<Value> {
    let (kind, bound) = match key.chars().count() {
        PART => return None,
        0..PART => ("string_too_short", "at least"),
        _ => ("string_too_long", "at most"),
    };
    let message = format!("String should have {bound} {PART} characters");
    Some(problem(kind, &["path", "key"], &message, &json!(key)))
}

/// `GET /users/{username}/tokens/{key}`.
fn one_token(
    population: &Population,
    call: &Call<'_>,
    name: &str,
    key: &str,
) -> Result<Reply, Refusal> {
    let token = named_token(population, call, name, key)?;
    found(&token_info(token, name))
}

/// `DELETE /users/{username}/tokens/{key}`.
fn revoke(
    population: &mut Population,
    call: &Call<'_>,
    name: &str,
    key: &str,
) -> Result<Reply, Refusal> {
    named_token(population, call, name, key)?;
    population.revoke_token(key);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// `POST /users/{username}/tokens`: for oneself only, administrators too.
fn make_own_token(
    population: &mut Population,
    call: &Call<'_>,
    name: &str,
) -> Result<Reply, Refusal> {
    let holder = call.admit(population)?.clone();
    check_name(name)?;
    let body = issue::body(&call.request.body)?;
    let request = issue::own_request(body, &holder)?;
    if holder.username != name {
        let message = format!("Cannot act on tokens for user {name}");
        return Err(Refusal::PermissionDenied(message));
    }
    may_act_on(&holder, name)?;
    created(&issue::own(population, &holder, request, call.now)?)
}

/// `POST /tokens`.
fn make_token(population: &mut Population, call: &Call<'_>) -> Result<Reply, Refusal> {
    admit_maker(population, call.request, call.now)?;
    let body = issue::body(&call.request.body)?;
    created(&issue::by_administrator(population, body, call.now)?)
}

fn created(token: &Token) -> Result<Reply, Refusal> {
    let place = format!("{API}/users/{}/tokens/{}", token.username, token.key());
    let reply = json_reply(StatusCode::CREATED, &json!({"token": token.token}));
    Ok(reply.with(LOCATION, &place))
}
