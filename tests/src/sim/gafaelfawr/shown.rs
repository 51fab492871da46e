//! What answers show of users and tokens: optional keys that say nothing are left out.

use serde_json::{Map, Value, json};

use super::account::{MADE, Token};
use super::population::{Known, Population};

/// `/user-info`: nulls are left out, empty containers stay.
pub(super) fn user_info(population: &Population, username: &str, known: &Known) -> Value {
    let mut info = Map::from_iter([
        ("username".to_owned(), json!(username)),
        ("groups".to_owned(), json!(known.groups)),
    ]);
    for (key, value) in [
        ("name", json!(known.name)),
        ("email", json!(known.email)),
        ("uid", json!(known.uid)),
        ("gid", json!(known.gid)),
    ] {
        if !value.is_null() {
            info.insert(key.to_owned(), value);
        }
    }
    if let Some(quota) = &population.quota {
        let empty = ["api", "disk", "tap"].map(|key| (key.to_owned(), json!({})));
        let said = quota
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()));
        info.insert(
            "quota".to_owned(),
            Value::Object(empty.into_iter().chain(said).collect()),
        );
    }
    Value::Object(info)
}

/// `/users/…`: the same, and whatever is empty or as usual is left out, too.
pub(super) fn without_defaults(value: Value) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    let says_something = |(key, value): &(String, Value)| match value {
        Value::Null => false,
        Value::Object(members) => !members.is_empty(),
        Value::Array(entries) => !entries.is_empty(),
        Value::Bool(true) => key != "spawn",
        _ => true,
    };
    let members = members
        .into_iter()
        .map(|(key, value)| (key, without_defaults(value)));
    Value::Object(members.filter(says_something).collect())
}

/// A token's record. Only the half that is no secret is in it.
pub(super) fn token_info(token: &Token, username: &str) -> Value {
    let mut scopes = token.scopes.clone();
    scopes.sort();
    let mut info = Map::from_iter([
        ("username".to_owned(), json!(username)),
        ("token_type".to_owned(), json!(token.token_type)),
        ("scopes".to_owned(), json!(scopes)),
        ("created".to_owned(), json!(token.created.unwrap_or(MADE))),
        ("token".to_owned(), json!(token.key())),
    ]);
    for (key, value) in [
        ("expires", json!(token.expires)),
        ("token_name", json!(token.token_name)),
        ("service", json!(token.service)),
        ("parent", json!(token.parent)),
    ] {
        if !value.is_null() {
            info.insert(key.to_owned(), value);
        }
    }
    Value::Object(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_or_as_usual_is_left_out() {
        let value = json!({"username": "alice", "groups": [], "uid": 0, "quota": {
            "api": {"svc": 100}, "disk": {}, "tap": {}, "notebook": {"cpu": 2.0, "spawn": true}}});
        assert_eq!(
            without_defaults(value),
            json!({"username": "alice", "uid": 0,
                "quota": {"api": {"svc": 100}, "notebook": {"cpu": 2.0}}})
        );
        let stopped = json!({"quota": {"notebook": {"spawn": false}}});
        assert_eq!(without_defaults(stopped.clone()), stopped);
    }
}
