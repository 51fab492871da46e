//! Tokens of the simulated Gafaelfawr: made, listed, expired and revoked.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::rubin::{ADMIN, CAROL, VERA, Visitor, answer, key, observatory};
use muster_tests::sim::gafaelfawr::{Token, TokenType};
use reqwest::Method;
use serde_json::{Value, json};

fn in_seconds(seconds: u64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() + seconds
}

#[tokio::test]
async fn a_user_makes_tokens_with_scopes_of_the_own_one() {
    let visitor = Visitor::new(observatory());
    let wanted = json!({"token_name": "host login", "scopes": ["exec:login"],
        "expires": in_seconds(3600)});
    let made = visitor.post(VERA, "/users/vera/tokens", wanted).await;
    assert_eq!(made.status, 201);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 48);
    let place = format!("/auth/api/v1/users/vera/tokens/{}", key(&token));
    assert_eq!(made.header("location"), Some(place.as_str()));
    let info = visitor.read(&token, "/token-info").await;
    assert_eq!(
        (&info["token_type"], &info["token_name"], &info["scopes"]),
        (&json!("user"), &json!("host login"), &json!(["exec:login"]))
    );
    assert_eq!(visitor.read(&token, "/user-info").await["uid"], 60001);
}

#[tokio::test]
async fn what_a_user_may_not_ask_for_is_refused() {
    let visitor = Visitor::new(observatory());
    let check = async |token: &str, user: &str, body: Value, expected: (u16, &str)| {
        let refused = visitor
            .post(token, &format!("/users/{user}/tokens"), body.clone())
            .await;
        let (status, kind) = refused.problem();
        assert_eq!((status, kind.as_str()), expected, "{body}");
    };
    let named = |more: Value| {
        let mut body = json!({"token_name": "new"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    check(VERA, "vera", json!({}), (422, "missing")).await;
    let short = named(json!({"expires": in_seconds(200)}));
    check(VERA, "vera", short, (422, "invalid_expires")).await;
    let broad = named(json!({"scopes": ["admin:token"]}));
    check(VERA, "vera", broad, (422, "invalid_scopes")).await;
    let taken = json!({"token_name": key(VERA)});
    check(VERA, "vera", taken, (409, "duplicate_token_name")).await;
    check(VERA, "carol", named(json!({})), (403, "permission_denied")).await;
    check(CAROL, "carol", named(json!({})), (403, "permission_denied")).await;
    check(ADMIN, "vera", named(json!({})), (403, "permission_denied")).await;
    let empty = json!({"token_name": ""});
    check(VERA, "vera", empty, (422, "string_too_short")).await;
}

#[tokio::test]
async fn an_administrator_makes_tokens_for_machines_and_users() {
    let visitor = Visitor::new(observatory());
    let token = visitor
        .make(
            json!({"username": "bot-muster", "token_type": "service", "uid": 100_009,
            "scopes": ["admin:userinfo"], "gid": null, "groups": [{"name": "bots", "id": 7}]}),
        )
        .await;
    assert_eq!(visitor.read(&token, "/users/vera").await["uid"], 60001);
    assert_eq!(
        visitor.read(&token, "/user-info").await,
        json!({"username": "bot-muster", "uid": 100_009, "groups": [{"name": "bots", "id": 7}]})
    );
    let info = visitor.read(&token, "/token-info").await;
    assert!(info.get("expires").is_none() && info.get("token_name").is_none());
    let iso = json!({"username": "vera", "token_type": "user", "token_name": "iso",
        "expires": "2099-01-01T00:00:00.5Z"});
    let token = visitor.make(iso).await;
    assert_eq!(
        visitor.read(&token, "/token-info").await["expires"],
        4_070_908_800_u64
    );
    for (body, expected) in [
        (
            json!({"username": "vera", "token_type": "service"}),
            (403, "permission_denied"),
        ),
        (
            json!({"username": "vera", "token_type": "session"}),
            (422, "value_error"),
        ),
        (
            json!({"username": "vera", "token_type": "user"}),
            (422, "value_error"),
        ),
        (
            json!({"username": "bot-x", "token_type": "service", "scopes": ["made:up"]}),
            (422, "invalid_scopes"),
        ),
    ] {
        let (status, kind) = visitor.post(ADMIN, "/tokens", body.clone()).await.problem();
        assert_eq!((status, kind.as_str()), expected, "{body}");
    }
    let body = json!({"username": "bot-x", "token_type": "service"});
    let denied = visitor.post(VERA, "/tokens", body).await.problem();
    assert_eq!(denied, (403, "permission_denied".to_owned()));
}

#[tokio::test]
async fn the_bootstrap_token_makes_tokens_and_reads_nothing() {
    let bootstrap = format!("gt-{}.{}", "b".repeat(22), "b".repeat(22));
    let mut population = observatory();
    population.bootstrap_token = Some(bootstrap.clone());
    let visitor = Visitor::new(population);
    let body = json!({"username": "bot-first", "token_type": "service"});
    assert_eq!(visitor.post(&bootstrap, "/tokens", body).await.status, 201);
    assert_eq!(visitor.get(&bootstrap, "/user-info").await.status, 401);
    assert_eq!(visitor.get(&bootstrap, "/users/vera").await.status, 401);
}

#[tokio::test]
async fn a_token_ends_by_the_servers_clock() {
    let visitor = Visitor::new(observatory());
    let token = visitor
        .make(
            json!({"username": "vera", "token_type": "user", "token_name": "short",
            "expires": in_seconds(600)}),
        )
        .await;
    assert_eq!(visitor.get(&token, "/token-info").await.status, 200);
    visitor.gafaelfawr.advance(Duration::from_secs(601));
    let ended = visitor.get(&token, "/token-info").await;
    assert_eq!(ended.problem(), (401, "invalid_token".to_owned()));
    let listed = visitor.read(ADMIN, "/users/vera/tokens").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_revoked_token_takes_those_made_from_it_along() {
    let child = format!("gt-{}.{}", "c".repeat(22), "c".repeat(22));
    let mut token = Token::new(&child, "vera", TokenType::Internal);
    token.parent = Some(key(VERA).to_owned());
    token.service = Some("portal".to_owned());
    let visitor = Visitor::new(observatory().token(token));
    assert_eq!(
        visitor.read(&child, "/token-info").await["service"],
        "portal"
    );
    let place = |user: &str, key: &str| format!("/users/{user}/tokens/{key}");
    let delete =
        async |token: &str, path: &str| answer(visitor.request(Method::DELETE, token, path)).await;
    let vera = place("vera", key(VERA));
    assert_eq!(visitor.read(VERA, &vera).await["username"], "vera");
    for (token, path, expected) in [
        (CAROL, &vera, (403, "permission_denied")),
        (VERA, &place("vera", "short"), (422, "string_too_short")),
        (VERA, &place("vera", key(CAROL)), (404, "not_found")),
        (ADMIN, &place("carol", key(VERA)), (404, "not_found")),
    ] {
        let (status, kind) = delete(token, path).await.problem();
        assert_eq!((status, kind.as_str()), expected, "{path}");
    }
    assert_eq!(delete(VERA, &vera).await.status, 204);
    for token in [VERA, child.as_str()] {
        assert_eq!(visitor.get(token, "/user-info").await.status, 401);
    }
    let gone = delete(ADMIN, &vera).await;
    assert_eq!(gone.json()["detail"][0]["loc"], json!(["path", "key"]));
}
