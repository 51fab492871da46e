//! How the simulated Gafaelfawr refuses: five shapes of body, each with its headers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use common::rubin::{ADMIN, Answer, CAROL, VERA, Visitor, answer, key, listed, observatory};
use reqwest::Method;
use serde_json::{Value, json};

async fn with_header(visitor: &Visitor, header: &str) -> Answer {
    let request = visitor.bare(Method::GET, "/auth/api/v1/user-info");
    answer(request.header("Authorization", header)).await
}

fn basic(text: &str) -> String {
    format!("Basic {}", BASE64.encode(text))
}

#[tokio::test]
async fn a_token_may_come_in_several_ways() {
    let visitor = Visitor::new(observatory());
    for header in [
        format!("Bearer {VERA}"),
        format!("bEARER {VERA}"),
        basic(&format!("{VERA}:x-oauth-basic")),
        basic(&format!("carol:{VERA}")),
        basic(&format!("{VERA}:{VERA}")),
    ] {
        let answer = with_header(&visitor, &header).await;
        assert_eq!(answer.status, 200, "{header}: {answer:?}");
        assert_eq!(answer.json()["username"], "vera", "{header}");
    }
}

#[tokio::test]
async fn no_token_is_told_by_an_object() {
    let visitor = Visitor::new(observatory());
    let bare = visitor.bare(Method::GET, "/auth/api/v1/user-info");
    for answer in [
        answer(bare).await,
        with_header(&visitor, &basic("vera:hunter2")).await,
    ] {
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.json(),
            json!({"detail": {"msg": "Authentication required", "type": "no_authorization"}})
        );
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Bearer realm=\"127.0.0.1\"")
        );
    }
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_told_by_a_list_whatever_is_wrong_with_it() {
    let visitor = Visitor::new(observatory());
    let wrong_secret = format!("gt-{}.{}", key(VERA), "x".repeat(22));
    let unknown = format!("gt-{}.{}", "k".repeat(22), "s".repeat(22));
    for token in [wrong_secret.as_str(), &unknown, "gt-short.x", "hunter2"] {
        let answer = visitor.get(token, "/user-info").await;
        assert_eq!(answer.status, 401, "{token}");
        assert_eq!(
            answer.json(),
            listed("Token is not valid", "invalid_token"),
            "{token}"
        );
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer realm=\"127.0.0.1\", error=\"invalid_token\""));
        assert_eq!(answer.header("x-error-status"), Some("401"));
        assert_eq!(answer.header("x-error-body"), Some(answer.text.as_str()));
    }
}

#[tokio::test]
async fn a_wrong_header_is_403_and_says_400_in_another_header() {
    let visitor = Visitor::new(observatory());
    for header in [
        "token".to_owned(),
        format!("Digest {VERA}"),
        "Basic !!!".to_owned(),
        basic("no-colon"),
        basic("one:two:three"),
        basic(&format!("{VERA}:{CAROL}")),
    ] {
        let answer = with_header(&visitor, &header).await;
        assert_eq!(
            answer.problem(),
            (403, "invalid_request".to_owned()),
            "{header}"
        );
        assert_eq!(answer.header("x-error-status"), Some("400"), "{header}");
    }
}

#[tokio::test]
async fn an_unknown_path_or_method_is_told_by_a_text() {
    let visitor = Visitor::new(observatory());
    for path in ["/user-information", "/users/vera/tokens/a/b", "/users/"] {
        let answer = visitor.get(VERA, path).await;
        assert_eq!(
            (answer.status, answer.json()),
            (404, json!({"detail": "Not Found"}))
        );
    }
    let method = answer(visitor.request(Method::PUT, VERA, "/user-info")).await;
    assert_eq!(
        (method.status, method.json()),
        (405, json!({"detail": "Method Not Allowed"}))
    );
    assert_eq!(method.header("allow"), Some("GET"));
}

#[tokio::test]
async fn what_has_the_wrong_form_is_told_all_at_once() {
    let visitor = Visitor::new(observatory());
    let body = json!({"username": "A", "token_type": "service", "uid": 0, "scopes": "all",
        "expires": "soon", "groups": [{"name": "42", "id": 1}], "token_name": "named"});
    let refused = visitor.post(ADMIN, "/tokens", body).await;
    assert_eq!(refused.status, 422);
    let problems = refused.json()["detail"].clone();
    let told: Vec<(&Value, &Value)> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| (&problem["loc"][1], &problem["type"]))
        .collect();
    for (field, kind) in [
        ("username", "string_pattern_mismatch"),
        ("token_name", "value_error"),
        ("scopes", "list_type"),
        ("expires", "datetime_parsing"),
        ("uid", "greater_than_equal"),
        ("groups", "string_pattern_mismatch"),
    ] {
        assert!(told.contains(&(&json!(field), &json!(kind))), "{told:?}");
    }
    let request = visitor.request(Method::POST, ADMIN, "/tokens");
    let refused = answer(request.body("{\"username\": ")).await;
    assert_eq!(refused.problem(), (422, "json_invalid".to_owned()));
    assert!(refused.json()["detail"][0]["loc"][1].is_u64());
}
