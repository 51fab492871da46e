//! Each fault looks from outside as it is named, and ends when it is ended.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::time::Duration;

use common::{Asker, people};
use muster_tests::sim::control;
use muster_tests::sim::fault::{Fault, Rule};
use reqwest::{Method, Response};
use serde_json::json;

async fn fetch(asker: &Asker, path: &str) -> reqwest::Result<Response> {
    asker.request(Method::GET, path).send().await
}

const ADA: &str = "/user?username=ada";

#[tokio::test]
async fn a_server_that_is_down_refuses_and_comes_back_at_the_same_port() {
    let asker = Asker::new(people());
    assert_eq!(fetch(&asker, ADA).await.unwrap().status(), 200);
    for _ in 0..3 {
        asker.crowd.fault(Fault::Down);
        assert!(fetch(&asker, ADA).await.unwrap_err().is_connect());
        asker.crowd.heal();
        assert_eq!(fetch(&asker, ADA).await.unwrap().status(), 200);
    }
    asker
        .crowd
        .fault(Rule::from(Fault::Down).below("/user").times(1));
    let cut = fetch(&asker, ADA).await.unwrap_err();
    assert!(!cut.is_connect(), "{cut:?}");
    assert_eq!(fetch(&asker, ADA).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_server_that_hangs_takes_the_request_and_never_answers() {
    let asker = Asker::new(people());
    asker.crowd.fault(Fault::Hang);
    let request = asker
        .request(Method::GET, ADA)
        .timeout(Duration::from_millis(200));
    assert!(request.send().await.unwrap_err().is_timeout());
    let requests = asker.crowd.requests();
    assert_eq!((requests.len(), requests[0].status), (1, None));
    asker.crowd.heal();
    assert_eq!(fetch(&asker, ADA).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_slow_server_answers_all_the_same() {
    let asker = Asker::new(people());
    asker.crowd.fault(Fault::Slow(Duration::from_millis(5)));
    assert_eq!(fetch(&asker, ADA).await.unwrap().status(), 200);
    assert_eq!(asker.crowd.requests()[0].fault.as_deref(), Some("slow=5"));
}

#[tokio::test]
async fn bodies_can_be_pages_garbage_or_half() {
    let asker = Asker::new(people());
    asker.crowd.fault(Fault::HtmlPage);
    let page = fetch(&asker, ADA).await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(!page.headers().contains_key("x-embedded-crowd-version"));
    assert!(page.text().await.unwrap().contains("<html"));

    asker.crowd.fault(Fault::Garbage);
    let garbage = fetch(&asker, ADA).await.unwrap();
    assert_eq!(garbage.headers()["content-type"], "application/json");
    assert!(garbage.json::<serde_json::Value>().await.is_err());

    asker.crowd.fault(Fault::Truncated);
    let half = fetch(&asker, ADA).await.unwrap();
    assert_eq!(half.status(), 200);
    assert!(half.bytes().await.is_err());
}

#[tokio::test]
async fn crowd_fails_in_its_own_words() {
    let asker = Asker::new(people());
    asker.crowd.fault(Fault::OperationFailed);
    let (status, body) = asker.get(ADA).await;
    assert_eq!((status, &body["reason"]), (500, &json!("OPERATION_FAILED")));

    asker.crowd.fault(Fault::Unauthorized);
    assert_eq!(fetch(&asker, ADA).await.unwrap().status(), 401);

    asker.crowd.fault(Fault::Forbidden);
    let forbidden = fetch(&asker, ADA).await.unwrap();
    assert_eq!(forbidden.status(), 403);
    let page = forbidden.text().await.unwrap();
    assert!(
        page.contains("&quot;127.0.0.1&quot; is forbidden"),
        "{page}"
    );

    asker.crowd.fault(Fault::NoVersion);
    let bare = fetch(&asker, ADA).await.unwrap();
    assert_eq!(bare.status(), 200);
    assert!(!bare.headers().contains_key("x-embedded-crowd-version"));

    asker.crowd.fault(Fault::RateLimited(7));
    let limited = fetch(&asker, ADA).await.unwrap();
    assert_eq!(limited.status(), 429);
    assert_eq!(limited.headers()["retry-after"], "7");
    assert_eq!(limited.headers()["x-ratelimit-remaining"], "0");

    asker.crowd.fault(Fault::Limited);
    let limited = fetch(&asker, ADA).await.unwrap();
    assert_eq!(limited.status(), 429);
    assert!(!limited.headers().contains_key("retry-after"));
    assert_eq!(limited.headers()["x-ratelimit-interval-seconds"], "60");

    asker.crowd.fault(Fault::EmptyUsers);
    assert!(asker.names("/search?entity-type=user").await.is_empty());
    assert!(!asker.names("/search?entity-type=group").await.is_empty());

    asker.crowd.fault(Fault::WrongName("mallory".to_owned()));
    let (status, user) = asker
        .post("/authentication?username=alee", json!({"value": "pw"}))
        .await;
    assert_eq!((status, &user["name"]), (200, &json!("mallory")));
}

#[tokio::test]
async fn lists_can_be_empty_bare_or_shifted() {
    let asker = Asker::new(people());
    asker.crowd.fault(Fault::EmptyGroups);
    for path in [
        "/search?entity-type=group",
        "/user/group/nested?username=ada",
    ] {
        assert!(asker.names(path).await.is_empty(), "{path}");
    }
    assert!(!asker.names("/search?entity-type=user").await.is_empty());

    asker.crowd.fault(Fault::EmptyMemberships);
    let memberships = asker.xml("/group/membership").await;
    assert!(
        memberships.ends_with("<memberships></memberships>"),
        "{memberships}"
    );

    asker.crowd.fault(Fault::NoAttributes);
    let expanded = "&expand=user,attributes";
    let (_, list) = asker
        .get(&format!("/search?entity-type=user{expanded}"))
        .await;
    assert_eq!(list["users"][0]["attributes"]["attributes"], json!([]));
    let (_, user) = asker.get(&format!("{ADA}{expanded}")).await;
    assert!(
        !user["attributes"]["attributes"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn pages_can_begin_elsewhere_than_was_asked() {
    let asker = Asker::new(people());
    let page = async |start: u32| {
        let path = format!("/search?entity-type=user&max-results=2&start-index={start}");
        asker.names(&path).await
    };
    let everybody = [page(0).await, page(2).await, page(4).await].concat();
    assert_eq!(everybody, ["ada", "ALee", "Bob B@x", "gone", "old"]);
    for (fault, second) in [
        (Fault::IgnoredStartIndex, &everybody[0..2]),
        (Fault::ShiftedPages(1), &everybody[3..5]),
        (Fault::ShiftedPages(-1), &everybody[1..3]),
    ] {
        asker.crowd.fault(fault);
        assert_eq!(page(0).await, everybody[0..2]);
        assert_eq!(page(2).await, second);
    }
}

#[tokio::test]
async fn the_records_show_who_was_asked_for_and_no_secret() {
    let asker = Asker::new(people());
    asker
        .post(
            "/authentication?username=alee",
            json!({"value": "pass-phrase"}),
        )
        .await;
    asker.get("/session/token-of-somebody").await;
    asker
        .delete("/session?username=ada&exclude=token-of-somebody")
        .await;
    let requests = asker.crowd.requests();
    assert_eq!(requests[0].person.as_deref(), Some("alee"));
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path.as_str()),
        ("POST", "/authentication")
    );
    assert_eq!(requests[1].path, "/session/***");
    let shown = serde_json::to_string(&requests).unwrap();
    for secret in ["pass-phrase", "token-of-somebody", "secret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn orders_over_the_socket_do_what_the_library_does() {
    let asker = Asker::new(people());
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("ctl");
    asker.crowd.control_at(&socket).unwrap();
    let order = |order: serde_json::Value| control::send(&socket, &order);

    order(json!({"do": "fault", "faults": [{"fault": "down"}]})).unwrap();
    assert!(fetch(&asker, ADA).await.unwrap_err().is_connect());
    order(json!({"do": "fault", "faults": []})).unwrap();
    assert_eq!(fetch(&asker, ADA).await.unwrap().status(), 200);

    order(json!({"do": "add-user", "user": {"name": "new", "password": "pw"}})).unwrap();
    order(json!({"do": "add-member", "group": "alone", "user": "new"})).unwrap();
    assert_eq!(
        asker.names("/group/user/direct?groupname=alone").await,
        ["new"]
    );
    let key = asker.get("/user?username=new").await.1["key"].clone();
    order(json!({"do": "rename-user", "name": "new", "new": "newer"})).unwrap();
    assert_eq!(asker.get("/user?username=newer").await.1["key"], key);
    assert_eq!(
        asker.names("/group/user/direct?groupname=alone").await,
        ["newer"]
    );
    order(json!({"do": "remove-user", "name": "newer"})).unwrap();
    assert_eq!(asker.get("/user?username=newer").await.0, 404);
    order(json!({"do": "add-user", "user": {"name": "new"}})).unwrap();
    assert_ne!(asker.get("/user?username=new").await.1["key"], key);

    let requests = order(json!({"do": "requests"})).unwrap();
    assert!(requests.as_array().unwrap().len() > 5);
    for wrong in [
        json!({}),
        json!({"do": "x"}),
        json!({"do": "remove-user", "name": "newer"}),
    ] {
        assert!(order(wrong).is_err());
    }
}
