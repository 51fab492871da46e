//! Questions that change something: what goes over the wire, once each, and what
//! servers do that the simulator (which is honest and new) does not.

use super::super::super::passwords::Change;
use super::*;
use crate::directory::sessions::{Factors, Sessions as _};

const DENIED: &str = r#"{"reason":"APPLICATION_PERMISSION_DENIED"}"#;
const UNKNOWN: &str = r#"{"reason":"USER_NOT_FOUND"}"#;
const SESSION: &str = r#"{"expand":"user","token":"k3x00","user":{"name":"ann","key":"k1"},"link":{"href":"x"},"created-date":1700000000000,"expiry-date":1700001800000}"#;

fn no_content() -> String {
    "HTTP/1.1 204 No Content\r\nX-Embedded-Crowd-Version: Crowd/2.1.0\r\n\r\n".to_owned()
}

fn refusal(status: &str, body: &str) -> String {
    crowd(status, "application/json", body)
}

fn ann() -> UserName {
    UserName::new("ann").unwrap()
}

fn first_lines(script: &Script) -> Vec<String> {
    let line = |asked: Asked| asked.line.replace("/crowd/rest/usermanagement/1", "");
    script.asked().into_iter().map(line).collect()
}

async fn change(script: &Script) -> Result<Change, DirectoryError> {
    let key = ImmutableKey::given("k1");
    let (old, new) = (secret("old&old"), secret("new\"new"));
    script.crowd.change_password(&ann(), &key, &old, &new).await
}

#[tokio::test]
async fn a_password_is_changed_after_the_old_one_was_checked_in_the_same_call() {
    let script = Script::new(|asked| match asked.has("/authentication") {
        true => json(r#"{"name":"Ann","key":"k1","active":true}"#),
        false => no_content(),
    })
    .await;
    assert!(matches!(change(&script).await, Ok(Change::Done)));
    assert_eq!(
        first_lines(&script),
        [
            "POST /authentication?username=ann HTTP/1.1",
            "PUT /user/password?username=Ann HTTP/1.1"
        ]
    );
    let asked = script.asked();
    assert_eq!(asked[0].body, r#"{"value":"old&old"}"#);
    assert_eq!(asked[1].body, r#"{"value":"new\"new"}"#);
    for asked in asked {
        assert!(!asked.headers.contains("cookie:"), "as a login is asked");
    }
}

#[tokio::test]
async fn a_change_without_an_answer_is_in_doubt_and_not_tried_again() {
    let script = Script::new(|asked| match asked.has("/authentication") {
        true => json(r#"{"name":"ann","key":"k1"}"#),
        false => String::new(),
    })
    .await;
    let changed = change(&script).await;
    assert!(matches!(changed, Ok(Change::InDoubt(_))), "{changed:?}");
    assert_eq!(script.asked().len(), 2);
    assert!(!format!("{changed:?}").contains("new"), "{changed:?}");
}

#[tokio::test]
async fn without_a_good_old_password_nothing_is_changed() {
    for (answer, expected) in [
        (
            refusal("400 Bad", r#"{"reason":"INVALID_USER_AUTHENTICATION"}"#),
            "Err(Refused",
        ),
        (
            refusal("400 Bad", r#"{"reason":"EXPIRED_CREDENTIAL"}"#),
            "Err(SecretExpired",
        ),
        (
            refusal("400 Bad", r#"{"reason":"INACTIVE_ACCOUNT"}"#),
            "Err(Locked",
        ),
        (json(r#"{"name":"ann","key":"k2"}"#), "Ok(SomebodyElse"),
        (json(r#"{"name":"eve","key":"k1"}"#), "Err(Nonsense"),
        (
            json(r#"{"name":"ann","key":"k1","active":false}"#),
            "Err(Locked",
        ),
        (String::new(), "Err(Unreachable"),
    ] {
        let script = Script::new(move |_| answer.clone()).await;
        let changed = format!("{:?}", change(&script).await);
        assert!(changed.starts_with(expected), "{expected}: {changed}");
        let asked = script.asked();
        assert_eq!(asked.len(), 1, "{expected}");
        assert!(asked[0].has("/authentication"));
    }
}

#[tokio::test]
async fn a_session_is_asked_for_in_crowds_mixed_spelling() {
    let script = Script::new(|_| refusal("201 Created", SESSION)).await;
    let factors = Factors::remote_address([192, 0, 2, 7].into());
    let password = secret("pass\"word");
    let minute = Some(Duration::from_secs(60));
    let made = script
        .crowd
        .create_session(&ann(), Credential::Password(&password), &factors, minute)
        .await
        .unwrap();
    assert_eq!(made.token.expose(), b"k3x00");
    assert_eq!(made.session.key, ImmutableKey::given("k1"));
    let expires = made.session.expires.map(crate::clock::Time::unix);
    assert_eq!(expires, Some(1_700_001_800));
    let credential = Credential::CheckedBefore;
    let (ann, none) = (ann(), Factors::none());
    let made = script.crowd.create_session(&ann, credential, &none, None);
    made.await.unwrap();
    let asked = script.asked();
    assert_eq!(
        asked[0].body,
        r#"{"username":"ann","password":"pass\"word","validation-factors":{"validationFactors":[{"name":"remote_address","value":"192.0.2.7"}]}}"#
    );
    assert_eq!(
        asked[1].body,
        r#"{"username":"ann","validation-factors":{"validationFactors":[]}}"#
    );
    assert_eq!(
        first_lines(&script),
        [
            "POST /session?expand=user&validate-password=true&duration=60 HTTP/1.1",
            "POST /session?expand=user&validate-password=false HTTP/1.1"
        ]
    );
}

#[tokio::test]
async fn a_session_is_validated_read_and_ended_by_its_token_in_the_path() {
    let script = Script::new(|asked| match asked.has("DELETE") {
        true => no_content(),
        false => json(SESSION),
    })
    .await;
    let token = secret("k3x00");
    let factors = Factors::remote_address([192, 0, 2, 7].into());
    let session = script.crowd.validate(&token, &factors).await.unwrap();
    assert_eq!(session.name, "ann");
    let read = script.crowd.read_session(&token).await.unwrap();
    assert_eq!(read, session);
    script.crowd.end(&token).await.unwrap();
    script.crowd.end_sessions_of(&ann()).await.unwrap();
    assert_eq!(
        first_lines(&script),
        [
            "POST /session/k3x00?expand=user HTTP/1.1",
            "GET /session/k3x00?expand=user HTTP/1.1",
            "DELETE /session/k3x00 HTTP/1.1",
            "DELETE /session?username=ann HTTP/1.1",
        ]
    );
    let asked = script.asked();
    assert_eq!(
        asked[0].body,
        r#"{"validationFactors":[{"name":"remote_address","value":"192.0.2.7"}]}"#
    );
    for changing in [&asked[0], &asked[2], &asked[3]] {
        assert!(changing.headers.contains("content-type: application/json"));
        assert!(changing.headers.contains("x-atlassian-token: no-check"));
    }
}

#[tokio::test]
async fn a_session_that_is_over_is_refused_and_ending_it_again_is_no_error() {
    let gone = r#"{"reason":"INVALID_SSO_TOKEN","message":"k3x00"}"#;
    let script = Script::new(move |_| refusal("404 Not Found", gone)).await;
    let token = secret("k3x00");
    let error = script.crowd.validate(&token, &Factors::none()).await;
    assert!(matches!(error, Err(DirectoryError::Refused(_))));
    let error = script.crowd.read_session(&token).await;
    assert!(matches!(error, Err(DirectoryError::Refused(_))));
    script.crowd.end(&token).await.unwrap();
    let page = Script::new(|_| crowd("404 Not Found", "text/html", "<p>k3x00")).await;
    let error = page.crowd.end(&token).await.unwrap_err();
    assert!(matches!(error, DirectoryError::Nonsense { .. }), "{error}");
    assert!(!format!("{error:?}").contains("k3x00"), "{error:?}");
}

#[tokio::test]
async fn a_token_gets_into_no_error_whatever_the_server_does() {
    let token = "secrettoken00";
    let redirect =
        |to: &str| format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    for answer in [
        redirect("https://crowd.example.org/crowd/rest/usermanagement/1/session/secrettoken00"),
        redirect(""),
        redirect("?a=secrettoken00"),
        String::new(),
        json(r#"{"token":"secrettoken00"}"#),
        json(r#"{"token":"another","user":{"name":"secrettoken00"}}"#),
        crowd("500 Sick", "text/html", "<p>secrettoken00"),
        crowd("403 Forbidden", "text/html", "<p>secrettoken00"),
        refusal("400 Bad", r#"{"reason":"X","message":"secrettoken00"}"#),
    ] {
        let script = Script::new(move |_| answer.clone()).await;
        let token = secret(token);
        let crowd = &script.crowd;
        let errors = [
            crowd.validate(&token, &Factors::none()).await.unwrap_err(),
            crowd.read_session(&token).await.unwrap_err(),
        ];
        for error in errors {
            let told = format!("{error} {error:?}");
            assert!(!told.contains("secrettoken00"), "{told}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_token_is_refused_here() {
    let script = Script::new(|_| json(SESSION)).await;
    for token in ["..", ".", "a b", "a?b", "ü", "a%2f"] {
        let token = secret(token);
        for refused in [
            script.crowd.validate(&token, &Factors::none()).await.err(),
            script.crowd.read_session(&token).await.err(),
            script.crowd.end(&token).await.err(),
        ] {
            assert!(matches!(refused, Some(DirectoryError::Refused(_))));
        }
    }
    assert!(script.asked().is_empty());
}

#[tokio::test]
async fn a_session_call_that_changes_something_is_sent_once() {
    let script = Script::new(|_| String::new()).await;
    let token = secret("k3x00");
    let none = Factors::none();
    let crowd = &script.crowd;
    crowd.validate(&token, &none).await.unwrap_err();
    crowd.end(&token).await.unwrap_err();
    crowd.end_sessions_of(&ann()).await.unwrap_err();
    let credential = Credential::CheckedBefore;
    let made = crowd.create_session(&ann(), credential, &none, None).await;
    assert!(matches!(made, Err(DirectoryError::Unreachable { .. })));
    assert_eq!(script.asked().len(), 4);
    crowd.read_session(&token).await.unwrap_err();
    assert_eq!(script.asked().len(), 6, "reading may be tried once more");
}

/// What a server makes of us that answers so to a name that nobody has, and to ann's.
async fn may_modify(to_nobody: String, to_ann: String) -> (MayModify, Vec<Asked>) {
    let script = Script::new(move |asked| match asked.has("username=ann ") {
        true => to_ann.clone(),
        false => to_nobody.clone(),
    })
    .await;
    (script.crowd.may_modify(Some("ann")).await, script.asked())
}

#[tokio::test]
async fn whether_we_may_modify_is_found_out_by_setting_nothing_at_all() {
    let denied = || refusal("403 Forbidden", DENIED);
    let unknown = || refusal("404 Not Found", UNKNOWN);
    let sick = || refusal("500 Sick", r#"{"reason":"OPERATION_FAILED"}"#);
    let html = || crowd("403 Forbidden", "text/html", "<p>Blocked");
    for (to_nobody, to_ann, expected, questions) in [
        // A server that looks at the permission first.
        (denied(), String::new(), MayModify::No, 1),
        (no_content(), String::new(), MayModify::Yes, 1),
        // One that looks for the person first.
        (unknown(), denied(), MayModify::No, 2),
        (unknown(), no_content(), MayModify::Yes, 2),
        (unknown(), unknown(), MayModify::Unknown, 2),
        (unknown(), sick(), MayModify::Unknown, 2),
        // One that does not say.
        (sick(), no_content(), MayModify::Unknown, 1),
        (html(), no_content(), MayModify::Unknown, 1),
        (String::new(), no_content(), MayModify::Unknown, 1),
    ] {
        let (found, asked) = may_modify(to_nobody, to_ann).await;
        assert_eq!((found, asked.len()), (expected, questions), "{asked:?}");
        for asked in asked {
            assert_eq!(asked.body, r#"{"attributes":[]}"#);
            assert!(asked.has("POST /crowd/rest/usermanagement/1/user/attribute?username="));
        }
    }
}

#[tokio::test]
async fn the_name_that_nobody_has_is_another_each_time() {
    let script = Script::new(|_| refusal("404 Not Found", UNKNOWN)).await;
    for _ in 0..2 {
        assert_eq!(script.crowd.may_modify(None).await, MayModify::Unknown);
    }
    let lines = first_lines(&script);
    assert_eq!(lines.len(), 2);
    assert_ne!(lines[0], lines[1]);
    assert!(lines[0].len() > "POST /user/attribute?username=".len() + 32);
}
