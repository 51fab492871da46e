//! The simulated Crowd's users, passwords and sessions, as the wire document has them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::time::Duration;

use common::{APPLICATION, Asker, people};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde_json::{Value, json};

async fn authenticate(asker: &Asker, name: &str, password: &str) -> (u16, Value) {
    asker
        .post(
            &format!("/authentication?username={name}"),
            json!({"value": password}),
        )
        .await
}

async fn reason(asker: &Asker, name: &str, password: &str) -> String {
    let (status, body) = authenticate(asker, name, password).await;
    assert_eq!(status, 400, "{body}");
    body["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_refused_login_is_a_400_with_its_reason() {
    let asker = Asker::new(people());
    assert_eq!(authenticate(&asker, "ADA", "p&<\"ä").await.1["name"], "ada");
    assert_eq!(
        authenticate(&asker, "Bob%20B%40x", "pw").await.1["name"],
        "Bob B@x"
    );
    assert_eq!(
        authenticate(&asker, "Bob+B%40x", "pw").await.1["name"],
        "Bob B@x"
    );
    assert_eq!(
        reason(&asker, "ada", "wrong").await,
        "INVALID_USER_AUTHENTICATION"
    );
    assert_eq!(
        reason(&asker, "ada", "").await,
        "INVALID_USER_AUTHENTICATION"
    );
    assert_eq!(reason(&asker, "nobody", "pw").await, "USER_NOT_FOUND");
    assert_eq!(reason(&asker, "gone", "pw").await, "INACTIVE_ACCOUNT");
    assert_eq!(reason(&asker, "old", "pw").await, "EXPIRED_CREDENTIAL");
    assert_eq!(
        reason(&asker, "old", "wrong").await,
        "INVALID_USER_AUTHENTICATION"
    );
    assert_eq!(reason(&asker, "", "pw").await, "ILLEGAL_ARGUMENT");
}

#[tokio::test]
async fn wrong_passwords_are_counted_until_the_right_one_is_refused_too() {
    let asker = Asker::new(people());
    asker
        .crowd
        .update(|population| population.max_wrong_passwords = Some(2));
    for _ in 0..2 {
        assert_eq!(
            reason(&asker, "alee", "wrong").await,
            "INVALID_USER_AUTHENTICATION"
        );
    }
    assert_eq!(
        reason(&asker, "alee", "pw").await,
        "INVALID_USER_AUTHENTICATION"
    );
    asker
        .send(
            Method::PUT,
            "/user/password?username=alee",
            json!({"value": "new"}),
        )
        .await;
    assert_eq!(authenticate(&asker, "alee", "new").await.0, 200);
}

#[tokio::test]
async fn a_user_has_the_documented_shape_in_json() {
    let asker = Asker::new(people());
    let (_, plain) = asker.get("/user?username=Ada").await;
    assert_eq!(plain["attributes"]["attributes"], json!([]));
    let (_, user) = asker.get("/user?key=32769:ada&expand=attributes").await;
    assert_eq!(user["name"], "ada");
    assert_eq!(user["created-date"], 1_700_000_000_000_u64);
    let attributes = user["attributes"]["attributes"].as_array().unwrap();
    assert_eq!(attributes[0]["values"].as_array().unwrap().len(), 2);
    assert_eq!(attributes[1]["values"], json!(["20001"]));
    // The server's own idea of its address is not the client's.
    assert!(
        user["link"]["href"]
            .as_str()
            .unwrap()
            .starts_with("http://localhost:8095/")
    );
    let (_, alone) = asker.get("/user/attribute?username=ada").await;
    assert_eq!(alone["attributes"][1]["name"], "uidNumber");
    assert_eq!(asker.get("/user?username=nobody").await.0, 404);
    assert_eq!(asker.get("/user?key=1").await.1["reason"], "USER_NOT_FOUND");
}

#[tokio::test]
async fn the_default_form_is_xml_and_xml_is_understood() {
    let asker = Asker::new(people());
    let user = asker.xml("/user?username=ada&expand=attributes").await;
    for part in [
        "<user name=\"ada\" expand=\"attributes\">",
        "<created-date>2023-11-14T22:13:20.000+00:00</created-date>",
        "<attribute name=\"uidNumber\">",
        "<values><value>20001</value></values>",
    ] {
        assert!(user.contains(part), "{part} in {user}");
    }
    let error = asker.xml("/user?username=nobody").await;
    assert!(
        error.contains("<error><reason>USER_NOT_FOUND</reason>"),
        "{error}"
    );

    let post = async |path: &str, body: &'static str| {
        let url = format!("{}/rest/usermanagement/1{path}", asker.crowd.url());
        let request = asker
            .client
            .post(url)
            .basic_auth(APPLICATION.0, Some(APPLICATION.1));
        let request = request.header(CONTENT_TYPE, "application/xml").body(body);
        request.send().await.unwrap().status().as_u16()
    };
    let login = "<password><value>p&amp;&lt;\"ä</value></password>";
    assert_eq!(post("/authentication?username=ada", login).await, 200);
    let made = "<user name=\"new\"><email>n@x</email><active>false</active>\
        <password><value>pw</value></password></user>";
    assert_eq!(post("/user", made).await, 201);
    assert_eq!(asker.get("/user?username=new").await.1["active"], false);
    let attribute = "<attributes><attribute name=\"gecos\"><values><value>a</value>\
        <value>b</value></values></attribute></attributes>";
    assert_eq!(post("/user/attribute?username=new", attribute).await, 204);
    assert_eq!(
        asker.get("/user/attribute?username=new").await.1["attributes"][0]["values"],
        json!(["a", "b"])
    );
    assert_eq!(post("/user", "<user").await, 400);
}

#[tokio::test]
async fn a_user_who_is_made_again_is_somebody_else() {
    let asker = Asker::new(people());
    let key = asker.get("/user?username=alee").await.1["key"].clone();
    assert_eq!(asker.delete("/user?username=alee").await, 204);
    assert_eq!(
        asker.names("/group/user/direct?groupname=leaf").await,
        [""; 0]
    );
    let (status, made) = asker.post("/user", json!({"name": "alee"})).await;
    assert_eq!(status, 201);
    assert_ne!(made["key"], key);
}

#[tokio::test]
async fn a_session_is_created_with_201_and_bound_to_its_factors() {
    let asker = Asker::new(people());
    let factors = json!({"validationFactors": [{"name": "remote_address", "value": "192.0.2.7"}]});
    let body = json!({"username": "alee", "password": "pw", "validation-factors": factors});
    let request = asker.request(Method::POST, "/session?expand=user&duration=60");
    let created = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(created.status(), 201);
    assert!(
        created.headers()[LOCATION]
            .to_str()
            .unwrap()
            .contains("/session/")
    );
    let session: Value = created.json().await.unwrap();
    assert_eq!(session["user"]["email"], "ALee@example.org");
    let path = format!("/session/{}", session["token"].as_str().unwrap());

    assert_eq!(asker.get(&path).await.1["user"]["name"], "ALee");
    assert_eq!(asker.post(&path, factors.clone()).await.0, 200);
    let (status, other) = asker.post(&path, json!({"validationFactors": []})).await;
    assert_eq!(
        (status, &other["reason"]),
        (400, &json!("INVALID_SSO_TOKEN"))
    );
    asker.crowd.advance(Duration::from_secs(61));
    assert_eq!(asker.post(&path, factors).await.0, 404);
    assert_eq!(asker.delete("/session/unknown").await, 204);
}

#[tokio::test]
async fn a_session_outside_the_applications_groups_is_denied_by_name() {
    let asker = Asker::new(people());
    let ask = async |path: &str, body: Value| {
        let url = format!("{}/rest/usermanagement/1{path}", asker.crowd.url());
        let request = asker.client.post(url).basic_auth("staff-only", Some("pw"));
        let answer = request
            .header("Accept", "application/json")
            .json(&body)
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap()["reason"].clone(),
        )
    };
    let outside = json!({"username": "Bob B@x", "password": "pw"});
    assert_eq!(
        ask("/session", outside).await,
        (403, json!("APPLICATION_ACCESS_DENIED"))
    );
    let login = ask("/authentication?username=Bob%20B@x", json!({"value": "pw"})).await;
    assert_eq!(login, (400, json!("INVALID_USER_AUTHENTICATION")));
    // A member through three groups and a cycle is inside.
    assert_eq!(
        ask("/authentication?username=alee", json!({"value": "pw"}))
            .await
            .0,
        200
    );
}
