//! New passwords: by the old one, or by a reset token, which anybody is given.

use hyper::StatusCode;
use serde_json::json;

use super::call::Call;
use super::reply::{problem, shown, told};
use super::service::State;
use crate::sim::exchange::Reply;
use crate::sim::token::random_token;

/// PUT `/account_password/UID`; the new password is looked at before the old one.
pub(super) fn change(state: &mut State, call: &Call<'_>, uid: &str) -> Reply {
    let new = call.said("new_password").unwrap_or_default().to_owned();
    if !(8..=64).contains(&new.chars().count()) {
        return problem(StatusCode::BAD_REQUEST, "'new_password' has a wrong length");
    }
    if call.said("verify_password") != Some(&new) {
        return told(StatusCode::METHOD_NOT_ALLOWED, "passwords do not match");
    }
    let active = |user: &&mut super::User| user.status == "active";
    let Some(user) = state.population.user_with_id(uid).filter(active) else {
        let gone = json!({"uid": uid, "message": "account not found"});
        return shown(StatusCode::NOT_FOUND, &gone);
    };
    if is_weak(&new) {
        return told(StatusCode::METHOD_NOT_ALLOWED, "rejected weak password");
    }
    let refused = |status: StatusCode, message: &str| {
        shown(
            status,
            &json!({"username": user.username, "message": message}),
        )
    };
    match call.said("old_password") {
        Some(old) if user.password.as_deref() != Some(old) => {
            return refused(StatusCode::FORBIDDEN, "invalid credential");
        }
        Some(_) => {}
        None => {
            let token = call.said("reset_token").unwrap_or_default();
            // Good once.
            if state.reset_tokens.remove(token).as_deref() != Some(uid) {
                return refused(StatusCode::METHOD_NOT_ALLOWED, "invalid token");
            }
        }
    }
    user.password = Some(new);
    user.password_must_change = false;
    user.invalid = (0, 0);
    shown(
        StatusCode::OK,
        &json!({"id": user.account_id(), "uid": user.uid, "username": user.username}),
    )
}

/// POST `/account` with `forgot_password`: the token goes to whoever asks.
pub(super) fn forgotten(state: &mut State, call: &Call<'_>) -> Reply {
    let (identity, username) = (call.said("identity"), call.said("username"));
    let meant = state.population.users.iter().find(|user| {
        let named = username == Some(&user.username) || identity == Some(&user.identity);
        named && !user.is_admin && user.status == "active"
    });
    let Some(user) = meant else {
        return told(StatusCode::NOT_FOUND, "username or email not found");
    };
    let token = random_token::<16>();
    state.reset_tokens.insert(token.clone(), user.uid.clone());
    shown(
        StatusCode::OK,
        &json!({"id": user.account_id(), "uid": user.uid, "token": token}),
    )
}

/// Fewer than three of four classes.
fn is_weak(password: &str) -> bool {
    let has = |class: fn(char) -> bool| usize::from(password.chars().any(class));
    let classes = has(|c| c.is_ascii_lowercase())
        + has(|c| c.is_ascii_uppercase())
        + has(|c| c.is_ascii_digit())
        + has(|c| c.is_ascii_punctuation());
    classes < 3
}
