//! The simulated Crowd's filter: which application may ask, and in which form.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use common::{APPLICATION, Asker, assert_versioned, client, people};
use muster_tests::sim::crowd::{Application, Crowd};
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use reqwest::{Method, RequestBuilder, Response};

fn bare(asker: &Asker, path: &str) -> RequestBuilder {
    asker.client.get(format!("{}{path}", asker.crowd.url()))
}

const COOKIE_CONFIG: &str = "/rest/usermanagement/1/config/cookie";

async fn assert_unauthorized(response: Response) {
    assert_versioned(&response);
    assert_eq!(response.status(), 401);
    assert_eq!(
        response.headers()[WWW_AUTHENTICATE],
        "BASIC realm=\"Crowd REST Service\""
    );
    assert_eq!(response.headers()[CONTENT_TYPE], "text/plain;charset=UTF-8");
    assert_eq!(
        response.text().await.unwrap(),
        "Application failed to authenticate"
    );
}

#[tokio::test]
async fn an_application_without_its_credentials_is_unauthorized() {
    let asker = Asker::new(people());
    assert_unauthorized(bare(&asker, COOKIE_CONFIG).send().await.unwrap()).await;
    for header in ["Bearer x", "Basic", "Basic !!!", "Basic bm9jb2xvbg=="] {
        let request = bare(&asker, COOKIE_CONFIG).header("Authorization", header);
        assert_unauthorized(request.send().await.unwrap()).await;
    }
    for (name, password) in [
        ("nobody", "app:secret"),
        ("Hosts", "app:secret"),
        ("hosts", "x"),
    ] {
        let request = bare(&asker, COOKIE_CONFIG).basic_auth(name, Some(password));
        assert_unauthorized(request.send().await.unwrap()).await;
    }
}

#[tokio::test]
async fn the_address_is_looked_at_before_the_password_and_after_the_name() {
    let mut far = Application::new("far", "right");
    far.addresses = vec!["192.0.2.0/24".to_owned()];
    let asker = Asker::new(people().application(far));
    for password in ["right", "wrong"] {
        let request = bare(&asker, COOKIE_CONFIG).basic_auth("far", Some(password));
        let response = request.send().await.unwrap();
        assert_versioned(&response);
        assert_eq!(response.status(), 403);
        assert!(
            response.headers()[CONTENT_TYPE]
                .to_str()
                .unwrap()
                .starts_with("text/html")
        );
        assert!(
            response
                .text()
                .await
                .unwrap()
                .contains("is forbidden from making requests")
        );
    }
    // Behind a proxy that is trusted, the address is the forwarded one.
    asker
        .crowd
        .update(|population| population.trusted_proxies.push("127.0.0.1".to_owned()));
    let request = bare(&asker, COOKIE_CONFIG)
        .basic_auth("far", Some("right"))
        .header("X-Forwarded-For", "10.1.1.1, 192.0.2.9");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_servlet_session_hides_a_wrong_password_of_its_own_application_only() {
    let asker = Asker::new(people());
    let good = bare(&asker, COOKIE_CONFIG).basic_auth(APPLICATION.0, Some(APPLICATION.1));
    let good = good.send().await.unwrap();
    let cookie = good.headers()[SET_COOKIE]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert!(cookie.starts_with("JSESSIONID="), "{cookie}");

    let with_cookie = |name: &str| {
        bare(&asker, COOKIE_CONFIG)
            .basic_auth(name, Some("wrong"))
            .header(COOKIE, &cookie)
    };
    let wrong = with_cookie(APPLICATION.0).send().await.unwrap();
    assert_eq!(wrong.status(), 200);
    assert!(!wrong.headers().contains_key(SET_COOKIE));
    assert_unauthorized(with_cookie("staff-only").send().await.unwrap()).await;
    asker.crowd.forget_servlet_sessions();
    assert_unauthorized(with_cookie(APPLICATION.0).send().await.unwrap()).await;

    let cookies: Vec<bool> = asker
        .crowd
        .requests()
        .iter()
        .map(|request| request.cookie)
        .collect();
    assert_eq!(cookies, [false, true, true, true]);
}

#[tokio::test]
async fn the_form_is_xml_unless_json_is_preferred() {
    let asker = Asker::new(people());
    let check = async |accept: Option<&str>, expected: &str| {
        let mut request = bare(&asker, "/rest/usermanagement/latest/user?username=ada")
            .basic_auth(APPLICATION.0, Some(APPLICATION.1));
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        let response = request.send().await.unwrap();
        assert_versioned(&response);
        let found = response.headers()[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(found, expected, "{accept:?}");
    };
    check(None, "application/xml").await;
    check(Some("*/*"), "application/xml").await;
    check(Some("application/json"), "application/json").await;
    check(
        Some("application/xml;q=0.5, application/json"),
        "application/json",
    )
    .await;
    check(Some("text/html"), "text/html;charset=utf-8").await;
}

#[tokio::test]
async fn what_is_not_the_service_has_no_version_header() {
    let asker = Asker::new(people());
    let response = bare(&asker, "/rest/admin/1.0/x").send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert!(!response.headers().contains_key("x-embedded-crowd-version"));
    for (path, status) in [("/event/a/b", 404), ("/no/such/place", 404)] {
        assert_eq!(asker.get(path).await.0, status, "{path}");
    }
    assert_eq!(
        asker
            .request(Method::PATCH, "/user")
            .send()
            .await
            .unwrap()
            .status(),
        405
    );
}

#[tokio::test]
async fn a_post_that_a_browser_could_send_is_refused() {
    let asker = Asker::new(people());
    let url = format!(
        "{}/rest/usermanagement/1/user/mail/password",
        asker.crowd.url()
    );
    let post = || {
        asker
            .client
            .post(format!("{url}?username=ada"))
            .basic_auth(APPLICATION.0, Some(APPLICATION.1))
    };
    assert_eq!(post().send().await.unwrap().status(), 403);
    assert_eq!(
        post()
            .header(CONTENT_TYPE, "application/json")
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(
        post()
            .header("X-Atlassian-Token", "no-check")
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    let form = post()
        .header(CONTENT_TYPE, "application/octet-stream")
        .body("a=b");
    assert_eq!(form.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn tls_is_trusted_through_the_throw_away_authority_only() {
    let crowd = Crowd::start(people()).unwrap();
    let url = format!("{}{COOKIE_CONFIG}", crowd.url());
    assert!(url.starts_with("https://127.0.0.1:"));
    for host in ["127.0.0.1", "localhost"] {
        let url = url.replace("127.0.0.1", host);
        let request = client(&crowd, true)
            .get(url)
            .basic_auth(APPLICATION.0, Some(APPLICATION.1));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let stranger = Crowd::start(people()).unwrap();
    assert!(client(&stranger, true).get(url).send().await.is_err());
}
