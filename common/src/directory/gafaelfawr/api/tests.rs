//! The API against a scripted server: whom an answer is kept for, and what refusals mean.

use super::*;
use crate::directory::script::{Asked, Scripted};

const ONE: &str = "gt-oooooooooooooooooooooo.one-one-SECRET-one-onA";
const OTHER: &str = "gt-pppppppppppppppppppppp.other-SECRET-other-otA";

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

fn reply(status: &str, media: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn json(body: &str) -> String {
    reply("200 OK", "application/json", body)
}

async fn api(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> (Api, Scripted) {
    let server = Scripted::new(answer).await;
    let api = Api::new(Whereabouts::Url(server.url("/")), None).unwrap();
    (api, server)
}

/// Vera, for the first token only.
fn for_one(asked: &Asked) -> String {
    if asked.headers.contains(&OTHER.to_lowercase()) {
        let body = r#"{"detail":[{"msg":"x","type":"invalid_token"}]}"#;
        return reply("401 Unauthorized", "application/json", body);
    }
    json(r#"{"username":"vera","uid":60001,"gid":61000,"groups":null,"new":{"in":"16.x"}}"#)
}

#[tokio::test]
async fn an_answer_is_kept_for_the_token_that_asked_and_no_bogus_one_reads_it() {
    let (api, server) = api(for_one).await;
    for _ in 0..3 {
        assert_eq!(
            api.user(&secret(ONE), "vera").await.unwrap().uid,
            Some(60001)
        );
        assert_eq!(api.user_info(&secret(ONE)).await.unwrap().gid, Some(61000));
    }
    assert_eq!(server.asked().len(), 2, "by name and by token apart");
    let bogus = api.user(&secret(OTHER), "vera").await;
    let kind = |error| match error {
        ApiError::Web { status, kind } => (status, kind),
        other => panic!("{other}"),
    };
    let invalid = (401, Some("invalid_token".to_owned()));
    assert_eq!(kind(bogus.unwrap_err()), invalid);
    api.user(&secret(OTHER), "vera").await.unwrap_err();
    assert_eq!(server.asked().len(), 4, "failures are kept for nobody");
    api.clear();
    api.user_info(&secret(ONE)).await.unwrap();
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn many_who_want_the_same_wait_for_one_question_and_for_nobody_elses() {
    let (api, server) = api(|asked| {
        if asked.has("/users/slow ") {
            return "never".to_owned();
        }
        for_one(asked)
    })
    .await;
    let (token, api) = (secret(ONE), Arc::new(api));
    let stuck = {
        let api = Arc::clone(&api);
        tokio::spawn(async move { api.user(&secret(ONE), "slow").await })
    };
    let all = (0..500).map(|_| api.user(&token, "vera"));
    let all = futures_util::future::join_all(all).await;
    assert!(all.into_iter().all(|found| found.is_ok()));
    let about_vera = server.asked();
    let about_vera = about_vera.iter().filter(|asked| asked.has("/users/vera "));
    assert_eq!(about_vera.count(), 1);
    stuck.abort();
}

#[tokio::test]
async fn a_token_record_is_never_kept() {
    let (api, server) = api(|_| {
        json(r#"{"username":"vera","token_type":"user","scopes":[],"token":"oooooooooooooooooooooo","created":1}"#)
    })
    .await;
    for _ in 0..2 {
        let record = api.token_info(&secret(ONE)).await.unwrap();
        assert_eq!((record.token_type.as_str(), record.expires), ("user", None));
    }
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn who_has_no_uid_is_not_found_and_a_missing_user_directory_is_another_matter() {
    let (api, server) = api(|asked| match () {
        () if asked.has("/users/nobody ") => json(r#"{"username":"nobody"}"#),
        () if asked.has("/users/vera ") => json(r#"{"username":"mallory","uid":1}"#),
        () => reply(
            "404 Not Found",
            "application/json",
            r#"{"detail":[{"msg":"x","type":"not_supported"}]}"#,
        ),
    })
    .await;
    let token = secret(ONE);
    for name in ["nobody", "_apt", "a1", "Vera"] {
        let error = api.user(&token, name).await.unwrap_err();
        assert!(matches!(error, ApiError::NotFound), "{name}: {error}");
    }
    assert_eq!(
        server.asked().len(),
        1,
        "what is no username is not asked about"
    );
    let other = api.user(&token, "vera").await.unwrap_err();
    assert!(matches!(other, ApiError::Validation(_)), "{other}");
    let error = api.users(&token).await.unwrap_err();
    assert_eq!(error.to_string(), "HTTP 404 not_supported");
    let error = api.user_info(&secret("hunter2")).await.unwrap_err();
    assert!(matches!(error, ApiError::Validation(_)), "{error}");
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_service_token_is_made_once_for_a_bot_and_shown_nowhere() {
    let (api, server) = api(|asked| {
        if asked.body.contains("fail") {
            return String::new();
        }
        reply(
            "201 Created",
            "application/json",
            &format!(r#"{{"token":"{OTHER}"}}"#),
        )
    })
    .await;
    let wanted = |name: &str| NewServiceToken {
        username: name.to_owned(),
        scopes: vec!["admin:userinfo".to_owned()],
        expires: Some(1_795_400_000),
        ..NewServiceToken::default()
    };
    let made = api
        .create_service_token(&secret(ONE), &wanted("bot-muster"))
        .await;
    assert_eq!(made.as_ref().unwrap().expose(), OTHER.as_bytes());
    assert!(!format!("{made:?}").contains("SECRET"));
    let asked = server.asked();
    assert!(
        asked[0].has("POST /auth/api/v1/tokens "),
        "{}",
        asked[0].line
    );
    let body: serde_json::Value = serde_json::from_str(&asked[0].body).unwrap();
    let expected = serde_json::json!({"token_type": "service", "username": "bot-muster",
        "scopes": ["admin:userinfo"], "expires": 1_795_400_000});
    assert_eq!(body, expected);
    for name in ["vera", "bot-", "bot--x", "bot-X"] {
        let error = api.create_service_token(&secret(ONE), &wanted(name)).await;
        assert!(matches!(error, Err(ApiError::Validation(_))), "{name}");
    }
    let lost = api
        .create_service_token(&secret(ONE), &wanted("bot-fail"))
        .await;
    assert!(matches!(lost, Err(ApiError::Directory(_))));
    assert_eq!(
        server.asked().len(),
        2,
        "without an answer it is not sent again"
    );
}

#[tokio::test]
async fn lists_and_health_are_read_as_they_are() {
    let (api, _server) = api(|asked| match () {
        () if asked.has("/auth/api/v1/users ") => {
            json(r#"[{"username":"vera","uid":60001},{"username":"carol"}]"#)
        }
        () if asked.has("/auth/api/v1/groups ") => {
            json(r#"{"user":[],"system":[{"name":"staff","id":-5}]}"#)
        }
        () => json(r#"{"status":"healthy"}"#),
    })
    .await;
    let users = api.users(&secret(ONE)).await.unwrap();
    assert_eq!((users.len(), users[1].uid), (2, None));
    assert_eq!(api.groups(&secret(ONE)).await.unwrap().system[0].id, -5);
    assert_eq!(api.health().await.unwrap().status, "healthy");
}
