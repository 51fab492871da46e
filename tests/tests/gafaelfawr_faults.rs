//! Each of Gafaelfawr's own faults looks from outside as it is named; records hold no
//! secret; orders over the socket do what the library does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::time::{Duration, SystemTime};

use common::client;
use common::rubin::{ADMIN, READER, VERA, Visitor, answer, key, observatory};
use muster_tests::sim::control;
use muster_tests::sim::fault::{Fault, Rule};
use muster_tests::sim::gafaelfawr::Gafaelfawr;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_user_directory_that_is_down_leaves_tokens_readable() {
    let visitor = Visitor::new(observatory());
    visitor.gafaelfawr.fault(Fault::LdapDown);
    let info = visitor.get(VERA, "/user-info").await;
    assert_eq!(info.problem(), (500, "user_info_failed".to_owned()));
    for path in ["/users/vera", "/users", "/groups"] {
        let crashed = visitor.get(READER, path).await;
        assert_eq!(
            (crashed.status, crashed.text.as_str()),
            (500, "Internal Server Error")
        );
        assert_eq!(
            crashed.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
    assert_eq!(visitor.get(VERA, "/token-info").await.status, 200);
    assert_eq!(visitor.get(VERA, "/users/carol").await.status, 403);
}

#[tokio::test]
async fn a_user_directory_that_hangs_hangs_the_request_and_no_other() {
    let visitor = Visitor::new(observatory());
    visitor
        .gafaelfawr
        .fault(Rule::from(Fault::Hang).below("/user-info"));
    let request = visitor.request(Method::GET, VERA, "/user-info");
    let waited = request.timeout(Duration::from_millis(200)).send().await;
    assert!(waited.unwrap_err().is_timeout());
    assert_eq!(visitor.get(VERA, "/token-info").await.status, 200);
}

#[tokio::test]
async fn gafaelfawr_and_its_ingress_fail_in_their_own_words() {
    let visitor = Visitor::new(observatory());
    for (fault, status, kind) in [
        (Fault::Unauthorized, 401, "invalid_token"),
        (Fault::Forbidden, 403, "permission_denied"),
        (Fault::InvalidRequest, 403, "invalid_request"),
        (Fault::NotInSql, 403, "invalid_token"),
        (Fault::RateLimited(7), 429, "rate_limited"),
    ] {
        visitor.gafaelfawr.fault(fault.clone());
        let answer = visitor.get(VERA, "/token-info").await;
        assert_eq!(answer.problem(), (status, kind.to_owned()), "{fault}");
    }
    visitor.gafaelfawr.fault(Fault::NotInSql);
    assert_eq!(visitor.get(VERA, "/user-info").await.status, 200);

    visitor.gafaelfawr.fault(Fault::OperationFailed);
    assert_eq!(
        visitor.get(VERA, "/user-info").await.text,
        "Internal Server Error"
    );

    visitor
        .gafaelfawr
        .fault(Fault::WrongName("mallory".to_owned()));
    for path in ["/token-info", "/user-info", "/users/vera"] {
        assert_eq!(visitor.read(VERA, path).await["username"], "mallory");
    }

    visitor.gafaelfawr.fault(Fault::EmptyUsers);
    assert_eq!(visitor.read(READER, "/users").await, json!([]));

    visitor.gafaelfawr.fault(Fault::ProxyError(502));
    let page = visitor.get(VERA, "/user-info").await;
    assert_eq!(page.status, 502);
    assert!(page.text.contains("<html"));

    visitor.gafaelfawr.fault(Fault::NoDiscovery);
    let found = answer(visitor.bare(Method::GET, "/repertoire/discovery")).await;
    assert_eq!(found.json()["services"]["internal"], json!({}));
}

#[tokio::test]
async fn a_pause_is_asked_for_by_a_date() {
    let visitor = Visitor::new(observatory());
    visitor.gafaelfawr.fault(Fault::DateLimited(60));
    let limited = visitor.get(VERA, "/user-info").await;
    assert_eq!(limited.problem(), (429, "rate_limited".to_owned()));
    let until = limited.header("retry-after").unwrap();
    let until = httpdate::parse_http_date(until).unwrap();
    let ahead = until.duration_since(SystemTime::now()).unwrap();
    assert!(ahead <= Duration::from_secs(60), "{ahead:?}");
    assert_eq!(limited.header("x-ratelimit-remaining"), Some("0"));
}

#[tokio::test]
async fn the_ingress_redirects_to_its_login_page() {
    let visitor = Visitor::new(observatory());
    visitor.gafaelfawr.fault(Fault::Redirect);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("{}/auth/api/v1/user-info", visitor.gafaelfawr.url());
    let sent = client.get(url).bearer_auth(VERA).send().await.unwrap();
    assert_eq!(sent.status(), 302);
    assert!(
        sent.headers()["location"]
            .to_str()
            .unwrap()
            .starts_with("/login")
    );
}

#[tokio::test]
async fn the_records_show_who_was_asked_for_and_no_secret() {
    let visitor = Visitor::new(observatory());
    visitor.get(VERA, "/user-info").await;
    visitor.get(READER, "/users/carol").await;
    visitor.get(READER, &format!("/users/{VERA}")).await;
    visitor.get(VERA, &format!("/user-info?token={VERA}")).await;
    let requests = visitor.gafaelfawr.requests();
    let people: Vec<_> = requests
        .iter()
        .map(|request| request.person.as_deref())
        .collect();
    assert_eq!(people[..2], [Some("vera"), Some("carol")]);
    assert_eq!(requests[0].path, "/user-info");
    assert!(!requests[0].cookie);
    let shown = serde_json::to_string(&requests).unwrap();
    assert!(
        shown.contains(key(VERA)) && !shown.contains("secret"),
        "{shown}"
    );
}

#[tokio::test]
async fn orders_over_the_socket_do_what_the_library_does() {
    let visitor = Visitor::new(observatory());
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("ctl");
    visitor.gafaelfawr.control_at(&socket).unwrap();
    let order = |order: serde_json::Value| control::send(&socket, &order);
    let token = format!("gt-{}.{}", "n".repeat(22), "n".repeat(22));

    order(json!({"do": "add-user", "user": {"username": "nancy", "uid": 60009}})).unwrap();
    order(json!({"do": "add-group", "group": {"name": "roman", "id": 61009}})).unwrap();
    order(json!({"do": "add-member", "group": "roman", "user": "nancy"})).unwrap();
    order(
        json!({"do": "add-token", "token": {"token": token, "username": "nancy",
        "token_type": "user", "scopes": ["exec:login"]}}),
    )
    .unwrap();
    let expected = json!({"username": "nancy", "uid": 60009,
        "groups": [{"name": "roman", "id": 61009}]});
    assert_eq!(visitor.read(&token, "/user-info").await, expected);
    assert_eq!(visitor.read(READER, "/users/nancy").await, expected);

    order(json!({"do": "set-uid", "name": "nancy", "uid": 60010})).unwrap();
    order(json!({"do": "remove-member", "group": "roman", "user": "nancy"})).unwrap();
    let expected = json!({"username": "nancy", "uid": 60010});
    assert_eq!(visitor.read(READER, "/users/nancy").await, expected);

    order(json!({"do": "remove-user", "name": "nancy"})).unwrap();
    assert_eq!(
        visitor.read(READER, "/users/nancy").await,
        json!({"username": "nancy"})
    );
    assert_eq!(visitor.get(&token, "/user-info").await.status, 200);
    order(json!({"do": "revoke-token", "key": key(&token)})).unwrap();
    assert_eq!(visitor.get(&token, "/user-info").await.status, 401);

    let ends =
        json!({"username": "bot-x", "token_type": "service", "expires": "2098-01-01T00:00:00Z"});
    let ends = visitor.make(ends).await;
    order(json!({"do": "advance", "seconds": 3_000_000_000_u64})).unwrap();
    assert_eq!(visitor.get(&ends, "/token-info").await.status, 401);
    assert_eq!(visitor.get(ADMIN, "/token-info").await.status, 200);
    for wrong in [
        json!({"do": "remove-user", "name": "nancy"}),
        json!({"do": "revoke-token", "key": key(&token)}),
        json!({"do": "add-member", "group": "none", "user": "vera"}),
        json!({"do": "set-password", "name": "vera", "password": "x"}),
    ] {
        assert!(order(wrong.clone()).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn tls_is_trusted_through_the_throw_away_authority_only() {
    let gafaelfawr = Gafaelfawr::start(observatory()).unwrap();
    let stranger = Gafaelfawr::start(observatory()).unwrap();
    let ask = |asked: &Gafaelfawr| {
        let url = format!("{}/auth/api/v1/user-info", gafaelfawr.url());
        client(asked, false).get(url).bearer_auth(VERA).send()
    };
    assert!(gafaelfawr.url().starts_with("https://127.0.0.1:"));
    assert_eq!(ask(&gafaelfawr).await.unwrap().status(), 200);
    assert!(ask(&stranger).await.is_err());
}
