//! The client against a scripted server: what goes over the wire, and what servers
//! do that the simulator (which is honest and new) does not.

mod calls;
mod changing;

use std::time::Duration;

use super::*;
use crate::directory::ImmutableKey;
use crate::directory::script::{Asked, Scripted};

/// A Crowd that answers as its script says, and our client of it.
struct Script {
    crowd: Crowd,
    server: Scripted,
}

impl Script {
    async fn new(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::within(Duration::from_secs(10), answer).await
    }

    async fn within(
        request: Duration,
        answer: impl Fn(&Asked) -> String + Send + Sync + 'static,
    ) -> Self {
        let server = Scripted::new(answer).await;
        let mut settings = CrowdSettings::new(
            server.url("/crowd/"),
            "linux-hosts".to_owned(),
            secret("app-secret"),
        );
        settings.timeouts.request = request;
        settings.page_size = 2;
        Self {
            crowd: Crowd::new(settings).unwrap(),
            server,
        }
    }

    fn asked(&self) -> Vec<Asked> {
        self.server.asked()
    }

    async fn login(&self, name: &str, password: &str) -> Result<Verified, DirectoryError> {
        let name = UserName::new(name).unwrap();
        self.crowd.verify(&name, &secret(password)).await
    }
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

/// An answer as Crowd gives it.
fn crowd(status: &str, media: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nX-Embedded-Crowd-Version: Crowd/2.1.0\r\nContent-Type: {media};charset=UTF-8\r\nContent-Length: {length}\r\nSet-Cookie: JSESSIONID=abc; Path=/crowd\r\n\r\n{body}"
    )
}

fn json(body: &str) -> String {
    crowd("200 OK", "application/json", body)
}

#[tokio::test]
async fn a_login_is_one_post_with_the_password_in_its_body_only() {
    let script = Script::new(|_| json(r#"{"name":"ann","key":"k1","active":true}"#)).await;
    let verified = script.login("ann", "p\"w<&").await.unwrap();
    assert_eq!(verified.key, ImmutableKey::given("k1"));
    let asked = script.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(
        asked[0].line,
        "POST /crowd/rest/usermanagement/1/authentication?username=ann HTTP/1.1"
    );
    assert_eq!(asked[0].body, r#"{"value":"p\"w<&"}"#);
    for header in [
        "authorization: basic bgludxgtag9zdhm6yxbwlxnly3jlda==",
        "x-atlassian-token: no-check",
        "content-type: application/json",
        "accept: application/json",
        concat!("user-agent: muster/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(asked[0].headers.contains(header), "{header}");
    }
    assert!(!asked[0].headers.contains("accept-encoding"));
}

#[tokio::test]
async fn readings_share_a_session_and_logins_never_have_one() {
    let script = Script::new(|asked| match asked.has("authentication") {
        true => json(r#"{"name":"ann"}"#),
        false => json(r#"{"name":"crowd.token_key"}"#),
    })
    .await;
    script.crowd.probe().await.unwrap();
    script.crowd.probe().await.unwrap();
    script.login("ann", "right").await.unwrap();
    script.login("ann", "right").await.unwrap();
    let with_cookie: Vec<bool> = script
        .asked()
        .iter()
        .map(|asked| asked.headers.contains("cookie: jsessionid=abc"))
        .collect();
    assert_eq!(with_cookie, [false, true, false, false]);
}

#[tokio::test]
async fn a_reading_is_tried_once_more_when_nothing_came_and_a_login_never() {
    let script = Script::new(|_| String::new()).await;
    let error = script.crowd.probe().await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unreachable { .. }));
    assert_eq!(script.asked().len(), 2);
    let error = script.login("ann", "right").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unreachable { .. }));
    assert_eq!(script.asked().len(), 3);
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_at_the_deadline() {
    let script = Script::within(Duration::from_millis(50), |_| "never".to_owned()).await;
    for error in [
        script.login("ann", "right").await.unwrap_err(),
        script.crowd.probe().await.unwrap_err(),
    ] {
        assert!(matches!(error, DirectoryError::Unreachable { .. }));
    }
    assert_eq!(
        script.asked().len(),
        2,
        "a late answer is not asked for again"
    );
}

#[tokio::test]
async fn what_no_directory_may_send_is_nonsense() {
    let long = format!(
        "HTTP/1.1 200 OK\r\nX-Embedded-Crowd-Version: x\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n{}",
        " ".repeat(2_000_000)
    );
    for answer in [
        "HTTP/1.1 302 Found\r\nLocation: https://u:p@evil.example/login?os_token=tok\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nX-Embedded-Crowd-Version: x\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        crowd("200 OK", "text/html", "<html>Log in"),
        long,
    ] {
        let script = Script::new(move |_| answer.clone()).await;
        let error = script.crowd.probe().await.unwrap_err();
        assert!(matches!(error, DirectoryError::Nonsense { .. }), "{error}");
        assert!(!error.to_string().contains("os_token"), "{error}");
        let error = script.login("ann", "right").await.unwrap_err();
        assert!(matches!(error, DirectoryError::Nonsense { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_echoes_the_password_does_not_get_it_into_an_error() {
    for answer in [
        json(r#"{"name":{"a":"topsecret"}}"#),
        json(r#"{"name":"topsecret","active":"topsecret"}"#),
        crowd("403 Forbidden", "text/html", "<p>topsecret</p>"),
        crowd("404 Not Found", "text/html", "<p>topsecret</p>"),
        crowd(
            "400 Bad Request",
            "application/json",
            r#"{"reason":"X","message":"topsecret"}"#,
        ),
        "HTTP/1.1 topsecret\r\n\r\n".to_owned(),
    ] {
        let script = Script::new(move |_| answer.clone()).await;
        let error = script.login("ann", "topsecret").await.unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("topsecret"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn where_a_listing_shows_no_attributes_single_questions_decide() {
    let script = Script::new(|asked| {
        if asked.has("/search?entity-type=user") && asked.has("start-index=0&") {
            json(r#"{"users":[{"name":"ann","active":true,"attributes":{"attributes":[]}},{"name":"bob","active":false}]}"#)
        } else if asked.has("/search?entity-type=user") {
            json(r#"{"users":[]}"#)
        } else if asked.has("/search?entity-type=group") {
            json(r#"{"groups":[]}"#)
        } else if asked.has("/user?username=ann&expand=attributes") {
            json(r#"{"name":"ann","active":true,"attributes":{"attributes":[{"name":"uidNumber","values":["20001"]}]}}"#)
        } else if asked.has("/user?username=bob&expand=attributes") {
            json(r#"{"name":"bob","active":false,"attributes":{"attributes":[]}}"#)
        } else {
            crowd("200 OK", "application/xml", "<memberships/>")
        }
    })
    .await;
    let projection = script.crowd.everybody().await.unwrap();
    let people: Vec<_> = projection
        .people
        .iter()
        .map(|person| &person.entry)
        .map(|person| (person.name.as_str(), person.uid, person.active))
        .collect();
    assert_eq!(people, [("ann", Some(20001), true), ("bob", None, false)]);
}

#[tokio::test]
async fn an_old_server_is_asked_group_by_group_and_for_more_than_names() {
    let script = Script::new(|asked| {
        let first = asked.has("start-index=0&");
        match () {
            () if asked.has("entity-type=user") && first => {
                json(r#"{"users":[{"link":{},"name":"ann"}]}"#)
            }
            () if asked.has("entity-type=group") && first => {
                json(r#"{"groups":[{"name":"all"},{"name":"dev team"}]}"#)
            }
            () if asked.has("/user?") => {
                json(r#"{"name":"ann","display-name":"Ann Lee","active":true}"#)
            }
            () if asked.has("/group?groupname=all") => {
                json(r#"{"name":"all","type":"GROUP","active":true}"#)
            }
            () if asked.has("/group?groupname=dev%20team") => {
                json(r#"{"name":"dev team","type":"GROUP","active":true}"#)
            }
            () if asked.has("group/membership") => crowd("404 Not Found", "text/html", "<p>no"),
            () if asked.has("/group/child-group/direct?groupname=all&") && first => {
                json(r#"{"groups":[{"name":"dev team"}]}"#)
            }
            () if asked.has("/group/user/direct?groupname=dev%20team&") && first => {
                json(r#"{"users":[{"name":"ANN"},{"name":"ghost"}]}"#)
            }
            () if asked.has("user/direct") || asked.has("entity-type=user") => {
                json(r#"{"users":[]}"#)
            }
            () => json(r#"{"groups":[]}"#),
        }
    })
    .await;
    let projection = script.crowd.everybody().await.unwrap();
    assert_eq!(projection.people[0].entry.display_name, "Ann Lee");
    let members: Vec<_> = projection
        .teams
        .iter()
        .map(|team| {
            let name = team.entry.name.as_str();
            (name, projection.members(name).join(" "))
        })
        .collect();
    assert_eq!(
        members,
        [("all", "ann".to_owned()), ("dev team", "ann".to_owned())]
    );
    assert_eq!(
        projection.remarks,
        ["1 memberships of unknown people left out"]
    );
}

#[tokio::test]
async fn memberships_that_break_off_do_not_pass_for_a_shorter_list() {
    let script = Script::new(|asked| {
        if asked.has("group/membership") {
            let xml = r#"<memberships><membership group="g"><users/></membership>"#;
            let whole = crowd("200 OK", "application/xml", xml);
            // Promises more than it holds; the connection then closes.
            let length = format!("Content-Length: {}", xml.len());
            whole.replace(&length, "Content-Length: 5000\r\nConnection: close")
        } else if asked.has("entity-type=user") {
            json(r#"{"users":[]}"#)
        } else {
            json(r#"{"groups":[]}"#)
        }
    })
    .await;
    let error = script.crowd.everybody().await.unwrap_err();
    assert!(error.is_silence(), "{error}");
    assert!(error.to_string().contains("broke off"), "{error}");
}

#[tokio::test]
async fn a_pause_that_the_server_asks_for_is_passed_on() {
    let script = Script::new(|_| {
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n".to_owned()
    })
    .await;
    for error in [
        script.crowd.everybody().await.unwrap_err(),
        script.login("ann", "right").await.unwrap_err(),
    ] {
        let DirectoryError::Unreachable { retry_after, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(retry_after, Some(Duration::from_secs(17)));
    }
}

#[tokio::test]
async fn nested_membership_is_a_yes_or_a_no_or_a_failure() {
    let script = Script::new(|asked| {
        if asked.has("groupname=linux%20users") {
            json(r#"{"groups":[{"name":"linux users"}]}"#)
        } else if asked.has("groupname=others") {
            crowd(
                "404 Not Found",
                "application/json",
                r#"{"reason":"MEMBERSHIP_NOT_FOUND"}"#,
            )
        } else {
            crowd(
                "500 Sick",
                "application/json",
                r#"{"reason":"OPERATION_FAILED"}"#,
            )
        }
    })
    .await;
    let ann = UserName::new("ann").unwrap();
    assert!(script.crowd.belongs(&ann, "linux users").await.unwrap());
    assert!(!script.crowd.belongs(&ann, "others").await.unwrap());
    let error = script.crowd.belongs(&ann, "sick").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unreachable { .. }));
}
