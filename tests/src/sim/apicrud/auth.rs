//! Logging in and out, and what whoever has a session is told.

use hyper::StatusCode;
use hyper::header::SET_COOKIE;
use serde_json::json;

use super::account::User;
use super::call::Call;
use super::reply::{failed, problem, shown, told};
use super::service::State;
use super::session::token;
use crate::sim::exchange::Reply;
use crate::sim::fault::Fault;

/// Wrong tries before an account is locked.
pub(super) const TRIES: u32 = 5;
/// How long it stays so after the last one, in milliseconds.
const LOCKED_FOR: u64 = 600_000;
/// What sessions live, in seconds: a day, whatever the settings say.
const LIFE: u64 = 86_400;
const LIFE_PENDING: u64 = 120;
const LIFE_RESTRICTED: u64 = 300;

/// Whether a locked account is being answered, and so late.
pub(super) enum Answered {
    Now(Reply),
    Late(Reply),
}

/// `/auth_methods`
pub(super) fn methods(state: &State) -> Reply {
    let items = &state.population.methods;
    let internal = match items.iter().any(|one| one == "local") {
        true => "open",
        false => "closed",
    };
    shown(
        StatusCode::OK,
        &json!({"items": items, "count": items.len(),
            "policies": {"login_internal": internal, "login_external": "auto"}}),
    )
}

/// POST `/auth`
pub(super) fn login(state: &mut State, call: &Call<'_>) -> Answered {
    let (Some(username), Some(password)) = (call.said("username"), call.said("password")) else {
        return Answered::Now(problem(
            StatusCode::BAD_REQUEST,
            "'username' is a required property",
        ));
    };
    if !(8..=64).contains(&password.chars().count()) {
        return Answered::Now(problem(
            StatusCode::BAD_REQUEST,
            &format!("'{password}' is too short - 'password'"),
        ));
    }
    if !matches!(call.said("method"), None | Some("local")) {
        return Answered::Now(told(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unsupported login method",
        ));
    }
    if let Some(otp) = call.said("otp") {
        return Answered::Now(with_code(state, call, otp));
    }
    let Some(user) = state.population.meant(username) else {
        return Answered::Now(not_valid(username, "not valid"));
    };
    let (tries, last) = user.invalid;
    if tries >= TRIES && last.saturating_add(LOCKED_FOR) > call.now {
        return Answered::Late(not_valid(&user.username, "locked out"));
    }
    if user.password.is_none() {
        return Answered::Now(not_valid(&user.username, "no password"));
    }
    if user.password.as_deref() != Some(password) {
        user.invalid = (tries.saturating_add(1), call.now);
        return Answered::Now(not_valid(&user.username, "not valid"));
    }
    user.invalid = (0, 0);
    let user = user.clone();
    if user.has_codes() && !user.password_must_change {
        let pending = vec!["pendingtotp".to_owned()];
        return Answered::Now(opened(state, call, &user, pending, LIFE_PENDING));
    }
    Answered::Now(accepted(state, call, &user))
}

/// The second POST, in the session that waits for the code.
fn with_code(state: &mut State, call: &Call<'_>, otp: &str) -> Reply {
    let denied = || told(StatusCode::FORBIDDEN, "access denied");
    let waiting = call
        .session
        .as_ref()
        .filter(|session| session.roles.iter().any(|role| role == "pendingtotp"));
    let Some(user) = waiting.and_then(|session| state.population.user_with_id(&session.uid)) else {
        return denied();
    };
    if !user.takes_code(otp) {
        return denied();
    }
    let user = user.clone();
    let bypass = format!(
        "__Secure-totp={}; Path=/api/v1/auth; Max-Age=43200; HttpOnly; SameSite=Strict; Secure",
        crate::sim::token::random_token::<4>()
    );
    accepted(state, call, &user).with(SET_COOKIE, &bypass)
}

fn accepted(state: &mut State, call: &Call<'_>, user: &User) -> Reply {
    let roles = user.roles();
    let life = match roles.iter().any(|role| role == "user") {
        true => LIFE,
        false => LIFE_RESTRICTED,
    };
    opened(state, call, user, roles, life)
}

fn opened(state: &mut State, call: &Call<'_>, user: &User, roles: Vec<String>, life: u64) -> Reply {
    let Some(session) = state.sessions.open(&user.uid, roles, call.seconds(), life) else {
        return told(StatusCode::INTERNAL_SERVER_ERROR, "login session trouble");
    };
    let username = match call.fault {
        Some(Fault::WrongName(other)) => other,
        _ => &user.username,
    };
    shown(
        StatusCode::CREATED,
        &json!({"jwt_token": token(&session, &user.account_id(), &user.identity),
            "resources": resources(), "settings_id": "x-75023275", "username": username}),
    )
}

/// Where the service says that it is, whatever it is reached by.
fn resources() -> serde_json::Value {
    json!({"account": "https://public.example.org/api/v1"})
}

fn not_valid(username: &str, message: &str) -> Reply {
    shown(
        StatusCode::FORBIDDEN,
        &json!({"username": username, "message": message}),
    )
}

/// GET `/logout`: said to everybody.
pub(super) fn logout(state: &mut State, call: &Call<'_>) -> Reply {
    state.sessions.close(call.request.basic().as_ref());
    told(StatusCode::OK, "logged out")
}

/// GET `/auth_params`
pub(super) fn params(state: &mut State, asker: &str) -> Reply {
    let Some(user) = state.population.user_with_id(asker) else {
        return failed();
    };
    let totp = user.has_codes();
    shown(
        StatusCode::OK,
        &json!({"account_id": user.account_id(), "uid": user.uid, "resources": resources(),
            "settings_id": "x-75023275", "totp": totp}),
    )
}
