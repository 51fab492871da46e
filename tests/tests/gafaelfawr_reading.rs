//! What the simulated Gafaelfawr tells of users and tokens, and to whom.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use common::rubin::{ADMIN, CAROL, READER, ROBOT, VERA, Visitor, key, listed, observatory};
use muster_tests::sim::gafaelfawr::Population;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn user_info_is_about_whom_the_token_belongs_to() {
    let visitor = Visitor::new(observatory());
    assert_eq!(
        visitor.read(VERA, "/user-info").await,
        json!({"username": "vera", "name": "Vera Rubin", "uid": 60001, "gid": 61000,
            "groups": [{"name": "g_admins", "id": 61001}, {"name": "staff", "id": 61000}]})
    );
    assert_eq!(
        visitor.read(CAROL, "/user-info").await,
        json!({"username": "carol", "groups": []})
    );
}

#[tokio::test]
async fn what_a_token_holds_is_shown_to_its_owner_and_not_by_name() {
    let visitor = Visitor::new(observatory());
    assert_eq!(
        visitor.read(ROBOT, "/user-info").await,
        json!({"username": "bot-robot", "uid": 100_007, "gid": 100_008,
            "groups": [{"name": "bots", "id": 100_008}]})
    );
    assert_eq!(
        visitor.read(READER, "/users/bot-robot").await,
        json!({"username": "bot-robot"})
    );
}

#[tokio::test]
async fn a_user_who_does_not_exist_is_answered_with_200() {
    let visitor = Visitor::new(observatory());
    assert_eq!(
        visitor.read(READER, "/users/nobody").await,
        json!({"username": "nobody"})
    );
    assert_eq!(
        visitor.read(READER, "/users/carol").await,
        json!({"username": "carol"})
    );
    assert_eq!(visitor.read(READER, "/users/vera").await["uid"], 60001);
}

#[tokio::test]
async fn quotas_are_everybodys_and_shown_without_what_is_empty() {
    let quota =
        json!({"api": {"svc": 100}, "notebook": {"cpu": 2.0, "memory": 4.0, "spawn": true}});
    let mut population = observatory();
    population.quota = quota.as_object().cloned();
    let visitor = Visitor::new(population);
    assert_eq!(
        visitor.read(CAROL, "/user-info").await["quota"],
        json!({"api": {"svc": 100}, "disk": {}, "tap": {},
            "notebook": {"cpu": 2.0, "memory": 4.0, "spawn": true}})
    );
    assert_eq!(
        visitor.read(READER, "/users/nobody").await["quota"],
        json!({"api": {"svc": 100}, "notebook": {"cpu": 2.0, "memory": 4.0}})
    );
    let users = visitor.read(READER, "/users").await;
    assert_eq!(users[0], json!({"username": "carol"}));
}

#[tokio::test]
async fn everybody_is_listed_with_groups_and_groups_without_members() {
    let visitor = Visitor::new(observatory());
    visitor
        .gafaelfawr
        .update(|population| population.groups.get_mut("staff").unwrap().system = true);
    let users = visitor.read(READER, "/users").await;
    assert_eq!(users.as_array().unwrap().len(), 2);
    assert_eq!(users[1]["groups"][1], json!({"name": "staff", "id": 61000}));
    assert_eq!(
        visitor.read(READER, "/groups").await,
        json!({"system": [{"name": "staff", "id": 61000}],
            "user": [{"name": "empty.group", "id": 61002}, {"name": "g_admins", "id": 61001}]})
    );
}

#[tokio::test]
async fn groups_of_users_are_added_where_there_is_none_of_that_name() {
    let mut population = observatory();
    population.add_user_group = true;
    population.users.get_mut("vera").unwrap().gid = None;
    let visitor = Visitor::new(population);
    let vera = visitor.read(READER, "/users/vera").await;
    assert_eq!(vera["gid"], 60001);
    assert_eq!(
        vera["groups"],
        json!([{"name": "g_admins", "id": 61001}, {"name": "vera", "id": 60001}])
    );
}

#[tokio::test]
async fn others_are_shown_to_readers_only_and_oneself_to_everybody() {
    let visitor = Visitor::new(observatory());
    assert_eq!(visitor.get(VERA, "/users/vera").await.status, 200);
    for path in ["/users/carol", "/users", "/groups"] {
        let denied = visitor.get(VERA, path).await;
        assert_eq!(denied.problem(), (403, "permission_denied".to_owned()));
        assert_eq!(denied.header("www-authenticate"), None, "{path}");
    }
}

#[tokio::test]
async fn without_a_user_directory_nobody_is_found_by_name_whatever_the_scope() {
    let mut population = observatory();
    population.ldap = false;
    let visitor = Visitor::new(population);
    for (token, path) in [
        (READER, "/users/vera"),
        (VERA, "/users/vera"),
        (VERA, "/users/carol"),
        (VERA, "/users"),
        (READER, "/groups"),
    ] {
        let answer = visitor.get(token, path).await;
        let message = "No external user information source configured";
        assert_eq!(
            (answer.status, answer.json()),
            (404, listed(message, "not_supported")),
            "{path}"
        );
    }
    assert_eq!(visitor.read(ROBOT, "/user-info").await["uid"], 100_007);
    assert_eq!(
        visitor.read(VERA, "/user-info").await,
        json!({"username": "vera", "groups": []})
    );
    assert_eq!(visitor.get("gt-x.y", "/users/vera").await.status, 401);
    assert_eq!(visitor.get(READER, "/users/_apt").await.status, 422);
}

#[tokio::test]
async fn what_is_no_username_is_refused_before_anybody_looks() {
    let visitor = Visitor::new(observatory());
    for name in ["a", "a1", "a-b", "_apt", "Vera", "a--b", "root.", "42"] {
        let refused = visitor.get(READER, &format!("/users/{name}")).await;
        assert_eq!(
            refused.problem(),
            (422, "string_pattern_mismatch".to_owned()),
            "{name}"
        );
        let problem = refused.json()["detail"][0].clone();
        assert_eq!(problem["loc"], json!(["path", "username"]));
        assert_eq!(problem["input"], name);
    }
    let long = format!("/users/{}", "a".repeat(65));
    assert_eq!(
        visitor.get(READER, &long).await.problem(),
        (422, "string_too_long".to_owned())
    );
    assert_eq!(visitor.get(READER, "/users/ver%61").await.status, 200);
}

#[tokio::test]
async fn token_info_shows_the_key_and_never_the_secret() {
    let visitor = Visitor::new(observatory());
    let info = visitor.get(VERA, "/token-info").await;
    assert_eq!(
        info.json(),
        json!({"username": "vera", "token_type": "user", "scopes": ["exec:login", "user:token"],
            "created": 1_700_000_000, "token": key(VERA), "token_name": key(VERA)})
    );
    let listed = visitor.get(ADMIN, "/users/vera/tokens").await;
    assert_eq!(listed.json(), json!([info.json()]));
    for answer in [info, listed] {
        assert!(!answer.text.contains("vera-laptop-secret"), "{answer:?}");
    }
}

#[tokio::test]
async fn beside_the_api_there_are_health_version_and_discovery() {
    let visitor = Visitor::new(Population::new());
    let get = async |path: &str| common::rubin::answer(visitor.bare(Method::GET, path)).await;
    assert_eq!(get("/health").await.json(), json!({"status": "healthy"}));
    let about = get("/").await.json();
    assert_eq!(
        (&about["name"], &about["version"]),
        (&json!("gafaelfawr"), &json!("15.4.1"))
    );
    let found = get("/repertoire/discovery").await.json();
    let gafaelfawr = &found["services"]["internal"]["gafaelfawr"];
    let v1 = format!("{}/auth/api/v1", visitor.gafaelfawr.url());
    assert_eq!(gafaelfawr["versions"]["v1"]["url"], v1);
    let openid = get("/.well-known/openid-configuration").await;
    assert_eq!(openid.problem(), (404, "not_supported".to_owned()));
}
