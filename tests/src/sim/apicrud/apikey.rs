//! API keys, with the fault of the real ones: what was good once is good with any secret.

use hyper::StatusCode;
use serde_json::json;

use super::call::Call;
use super::reply::{shown, told};
use super::service::State;
use crate::sim::exchange::Reply;
use crate::sim::token::random_token;

/// Whose key came along. Once one was good, its id is remembered, and nothing else is looked
/// at any more; not even whether it was revoked.
pub(super) fn owner(state: &mut State, key: &str) -> Option<String> {
    let (id, _) = key.split_once('.')?;
    if let Some(uid) = state.keys_seen.get(id) {
        return Some(uid.clone());
    }
    let owns =
        |user: &&super::User| user.status == "active" && user.api_keys.iter().any(|one| one == key);
    let uid = state.population.users.iter().find(owns)?.uid.clone();
    state.keys_seen.insert(id.to_owned(), uid.clone());
    Some(uid)
}

/// POST `/apikey`: a new key, shown this once.
pub(super) fn create(state: &mut State, call: &Call<'_>, asker: &str) -> Reply {
    if call.said("uid").is_some_and(|uid| uid != asker) {
        return told(StatusCode::FORBIDDEN, "access denied");
    }
    let key = format!("{}.{}", random_token::<4>(), random_token::<16>());
    let Some(user) = state.population.user_with_id(asker) else {
        return told(StatusCode::FORBIDDEN, "access denied");
    };
    user.api_keys.push(key.clone());
    let name = call.said("name").unwrap_or_default();
    shown(
        StatusCode::CREATED,
        &json!({"apikey": key, "id": "x-apikey", "name": name}),
    )
}

/// GET `/scope`
pub(super) fn scopes() -> Reply {
    let item = |id: &str, name: &str| json!({"id": id, "name": name});
    let items = [item("x-1", "full"), item("x-2", "readonly")];
    shown(StatusCode::OK, &json!({"items": items, "count": 2}))
}
