//! Pitfalls of the way to Crowd.

use muster_common::directory::crowd::{Credential, Crowd, CrowdSettings};
use muster_common::directory::sessions::{Factors, Sessions as _};
use muster_common::directory::{Directory as _, DirectoryError};
use muster_tests::sim::fault::Fault;
use reqwest::Method;
use serde_json::json;

use crate::common::corp::{Corp, OUR_SECRET, PASSWORD, decision, people, secret, settings, user};
use crate::common::{Asker, assert_versioned};

/// 19: credentials go nowhere else, and never in the clear over a network.
#[tokio::test]
async fn no_redirect_is_followed_and_plain_http_does_not_leave_the_host() {
    let corp = Corp::of(people());
    corp.simulator.fault(Fault::Redirect);
    assert_eq!(decision(&corp.login("ann", PASSWORD).await), "nonsense");
    assert_eq!(decision(&corp.crowd.probe().await), "nonsense");
    assert_eq!(corp.asked().len(), 2);
    let url = "http://crowd.example.org/crowd".parse().unwrap();
    let far = CrowdSettings::new(url, "linux-hosts".to_owned(), secret("x"));
    let refused = Crowd::new(far);
    assert!(matches!(refused, Err(DirectoryError::Misconfigured { .. })));
}

/// 21: without a cookie each question costs a password's check; with a shared one a wrong
/// password of ours would pass.
#[tokio::test]
async fn each_client_keeps_a_session_of_its_own() {
    let corp = Corp::of(people());
    corp.crowd.probe().await.unwrap();
    corp.crowd.probe().await.unwrap();
    let cookies: Vec<bool> = corp
        .simulator
        .requests()
        .iter()
        .map(|one| one.cookie)
        .collect();
    assert_eq!(cookies, [false, true]);
    let fresh = Crowd::new(settings(&corp.simulator, "not-our-secret")).unwrap();
    assert_eq!(decision(&fresh.probe().await), "misconfigured");
}

/// 22: what changes something says its media type and that it is no browser's form, also without a body.
#[tokio::test]
async fn questions_without_a_body_are_not_taken_for_forged_ones() {
    let corp = Corp::of(people());
    corp.crowd.end_sessions_of(&user("ann")).await.unwrap();
    corp.crowd.end(&secret("unknown00")).await.unwrap();
    assert_eq!(corp.asked(), ["DELETE /session", "DELETE /session/***"]);
}

/// 24: neither the client nor what it gives shows a secret.
#[tokio::test]
async fn nothing_that_can_be_logged_holds_a_secret() {
    let corp = Corp::of(people());
    let password = secret(PASSWORD);
    let credential = Credential::Password(&password);
    let ann = user("ann");
    let none = Factors::none();
    let made = corp.crowd.create_session(&ann, credential, &none, None);
    let made = made.await.unwrap();
    let token = made.token.expose_text().unwrap();
    let login = corp.login("ann", "wrong-secret").await;
    let shown = format!("{:?} {credential:?} {made:?} {login:?}", corp.crowd);
    for hidden in [OUR_SECRET, PASSWORD, "wrong-secret", token, "b3VyLW93bi1z"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
}

/// 30: the simulator is one that clients of others believe.
#[tokio::test]
async fn the_simulated_crowd_says_its_version_speaks_xml_and_creates_with_201() {
    let asker = Asker::new(crate::common::people());
    for path in ["/user?username=ada", "/user?username=nobody", "/no/such"] {
        let request = asker.request(Method::GET, path);
        assert_versioned(&request.send().await.unwrap());
    }
    let xml = asker.xml("/user?username=ada").await;
    assert!(xml.contains("<user name=\"ada\""), "{xml}");
    let body = json!({"username": "alee", "password": "pw"});
    assert_eq!(asker.post("/session", body).await.0, 201);
}
