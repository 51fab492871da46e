//! Whose token came along: the Authorization header, read as the server reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::header::AUTHORIZATION;

use super::account::Token;
use super::grammar::token_parts;
use super::population::Population;
use super::refusal::Refusal;
use crate::sim::exchange::Request;

/// The text of the token in the header: after `Bearer`, or either half of `Basic`
/// (whose other half is not looked at). `None` if there is none.
pub(super) fn presented(request: &Request) -> Result<Option<String>, Refusal> {
    let Some(header) = request
        .header(AUTHORIZATION)
        .filter(|text| !text.is_empty())
    else {
        return Ok(None);
    };
    let Some((scheme, rest)) = header.split_once(' ') else {
        return Err(malformed("Malformed Authorization header"));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Ok(Some(rest.trim_start().to_owned())),
        "basic" => token_in_basic(rest.trim_start()),
        _ => Err(malformed(&format!("Unknown Authorization type {scheme}"))),
    }
}

fn malformed(message: &str) -> Refusal {
    Refusal::InvalidRequest(message.to_owned())
}

fn token_in_basic(encoded: &str) -> Result<Option<String>, Refusal> {
    let decoded = BASE64.decode(encoded).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let halves = text.as_deref().and_then(|text| text.trim().split_once(':'));
    let Some((user, password)) = halves.filter(|(_, password)| !password.contains(':')) else {
        return Err(malformed("Invalid Basic auth string"));
    };
    let is_token = |text: &str| token_parts(text).is_some();
    match (is_token(user), is_token(password)) {
        (true, true) if user != password => Err(malformed(
            "Conflicting tokens in Basic username and password fields",
        )),
        (true, _) => Ok(Some(user.to_owned())),
        (false, true) => Ok(Some(password.to_owned())),
        (false, false) => Ok(None),
    }
}

/// The token with which a request may read.
pub(super) fn admit<'p>(
    population: &'p Population,
    request: &Request,
    now: u64,
) -> Result<&'p Token, Refusal> {
    let text = presented(request)?.ok_or(Refusal::NoAuthorization)?;
    population
        .good_token(&text, now)
        .ok_or(Refusal::InvalidToken)
}

/// Lets in who may make tokens for others: an administrator, or whoever holds the
/// bootstrap token.
pub(super) fn admit_maker(
    population: &Population,
    request: &Request,
    now: u64,
) -> Result<(), Refusal> {
    let text = presented(request)?.ok_or(Refusal::NoAuthorization)?;
    if population.bootstrap_token.as_ref() == Some(&text) {
        return Ok(());
    }
    if admit(population, request, now)?.may("admin:token") {
        return Ok(());
    }
    let message = "Token does not have required scope admin:token";
    Err(Refusal::PermissionDenied(message.to_owned()))
}

/// Lets `token` act on the tokens of `username`.
pub(super) fn may_act_on(token: &Token, username: &str) -> Result<(), Refusal> {
    let administrator = token.may("admin:token");
    if token.username != username && !administrator {
        let message = format!("Cannot act on tokens for user {username}");
        return Err(Refusal::PermissionDenied(message));
    }
    if !administrator && !token.may("user:token") {
        let message = "Missing required user:token scope".to_owned();
        return Err(Refusal::PermissionDenied(message));
    }
    Ok(())
}
