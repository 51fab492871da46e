//! A person's password and code: what is sent, and what the answers are taken for.

use super::*;

/// `sub:jti` of `u-1`.
const BASIC: &str = "authorization: basic ds0xomszewszewsz";

#[tokio::test]
async fn a_login_is_the_password_a_question_in_its_session_and_the_sessions_end() {
    let script = Script::with_roles("admin:user:list-3f-member:odd").await;
    let verified = script.login().await.unwrap();
    assert_eq!(verified.key, ImmutableKey::given("u-1"));
    assert_eq!(verified.name, "ada.l");
    assert_eq!(verified.expires, None);
    let groups = verified.sighting.unwrap().groups;
    let names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["everybody", "ops"]);
    let end = script.end().await;
    assert_eq!(end.line, "GET /api/v1/logout HTTP/1.1");
    assert!(end.headers.contains(BASIC), "{}", end.headers);
    let asked = script.server.asked();
    assert_eq!(asked[0].line, "POST /api/v1/auth HTTP/1.1");
    assert_eq!(
        asked[0].body,
        format!(r#"{{"username":"ada.l","password":"{PASSWORD}"}}"#)
    );
    assert!(asked[0].headers.contains("accept-language: en"));
    assert!(!asked[0].headers.contains("authorization:"));
    assert_eq!(
        asked[1].line,
        "GET /api/v1/account?filter=%7B%22name%22%3A%22ada.l%22%7D HTTP/1.1"
    );
    assert!(asked[1].headers.contains(BASIC), "{}", asked[1].headers);
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn two_hundred_and_one_alone_is_no_login_and_its_session_is_ended_all_the_same() {
    for (roles, expected) in [
        ("", "locked"),
        ("admin", "locked"),
        ("mfarequired", "locked"),
        ("person:pwchange", "expired"),
        ("pendingtotp", "code wanted"),
        ("user", "yes"),
    ] {
        let script = Script::with_roles(roles).await;
        assert_eq!(decision(&script.login().await), expected, "{roles}");
        script.end().await;
        let asked = script.server.asked();
        let confirmed = asked.iter().any(|asked| asked.has("/account"));
        assert_eq!(confirmed, roles == "user", "{roles}");
    }
}

#[tokio::test]
async fn the_second_call_must_show_an_active_account_of_the_very_name_and_person() {
    for (status, body, expected) in [
        (200, accounts("ada.l", "u-1", "active"), "yes"),
        (200, accounts("bob.l", "u-1", "active"), "nonsense"),
        (200, accounts("Ada.L", "u-1", "active"), "nonsense"),
        (200, accounts("ada.l ", "u-1", "active"), "nonsense"),
        (200, accounts("ada.l", "u-2", "active"), "nonsense"),
        (200, accounts("ada.l", "u-1", "disabled"), "locked"),
        (200, r#"{"items":[{"name":"ada.l","uid":"u-1"}]}"#.to_owned(), "locked"),
        (200, r#"{"items":[{"name":"ada.l","status":"active"}]}"#.to_owned(), "nonsense"),
        (200, r#"{"items":[],"count":0}"#.to_owned(), "nonsense"),
        (200, "{}".to_owned(), "nonsense"),
        (
            200,
            r#"{"items":[{"name":"ada.l","uid":"u-1","status":"active","password_must_change":true}]}"#
                .to_owned(),
            "expired",
        ),
        (401, r#"{"detail":"x","status":401,"title":"Unauthorized"}"#.to_owned(), "unreachable"),
        (403, r#"{"message":"access denied"}"#.to_owned(), "misconfigured"),
        (500, "{}".to_owned(), "unreachable"),
    ] {
        let shown = body.clone();
        let script = Script::new(move |asked| match asked.has("/account?") {
            true => json(status, &body),
            false => usual(asked, "user"),
        })
        .await;
        assert_eq!(decision(&script.login().await), expected, "{status} {shown}");
        script.end().await;
    }
}

#[tokio::test]
async fn another_name_in_the_answer_to_a_login_is_nonsense() {
    let script = Script::new(|asked| match asked.has("POST") {
        true => logged_in("bob.l", "u-1", "user"),
        false => usual(asked, "user"),
    })
    .await;
    assert_eq!(decision(&script.login().await), "nonsense");
    script.end().await;
}

#[tokio::test]
async fn a_code_is_sent_in_the_session_that_wants_it_and_both_sessions_are_ended() {
    let script = Script::new(|asked| match asked.body.contains("otp") {
        true => usual(asked, "user"),
        false => usual(asked, "pendingtotp"),
    })
    .await;
    let (name, password) = (user("ada.l"), secret(PASSWORD));
    let code = secret("123456");
    let outcome = script
        .apicrud
        .verify_with_code(&name, &password, &code)
        .await;
    assert_eq!(decision(&outcome), "yes");
    script.end().await;
    script.end().await;
    let asked = script.server.asked();
    assert_eq!(
        asked[1].body,
        format!(r#"{{"username":"ada.l","password":"{PASSWORD}","otp":"123456"}}"#)
    );
    assert!(asked[1].headers.contains(BASIC), "{}", asked[1].headers);
    // The cookie of the first answer would let the next one in without a code.
    assert!(!asked.iter().any(|asked| asked.headers.contains("cookie:")));
}

#[tokio::test]
async fn a_wrong_code_is_a_refusal_and_a_code_opens_nobody_elses_session() {
    for (second, expected) in [
        (json(403, r#"{"message":"access denied"}"#), "doubtful"),
        (
            json(403, r#"{"message":"locked out","username":"ada.l"}"#),
            "too many tries",
        ),
        (
            json(403, r#"{"message":"not valid","username":"ada.l"}"#),
            "refused",
        ),
        (answer(403, "text/html", "no"), "misconfigured"),
        (json(500, r#"{"message":"trouble"}"#), "unreachable"),
        (json(200, &login_body("ada.l", "u-1", "user")), "nonsense"),
        (logged_in("ada.l", "u-2", "user"), "nonsense"),
        (logged_in("ada.l", "u-1", "pendingtotp"), "nonsense"),
        (logged_in("ada.l", "u-1", "person:pwchange"), "expired"),
    ] {
        let first = logged_in("ada.l", "u-1", "pendingtotp");
        let shown = second.clone();
        let script = Script::new(in_turn(vec![first, second])).await;
        let (name, password) = (user("ada.l"), secret(PASSWORD));
        let outcome = script
            .apicrud
            .verify_with_code(&name, &password, &secret("123456"))
            .await;
        assert_eq!(decision(&outcome), expected, "{shown}");
        script.end().await;
    }
    let script = Script::with_roles("pendingtotp").await;
    let long = secret(&"1".repeat(65));
    let outcome = script
        .apicrud
        .verify_with_code(&user("ada.l"), &secret(PASSWORD), &long)
        .await;
    assert_eq!(decision(&outcome), "refused");
}

#[tokio::test]
async fn whatever_stands_in_front_or_is_sick_never_refuses_a_person() {
    for (said, expected) in [
        (answer(201, "text/html", "<h1>Created</h1>"), "nonsense"),
        (answer(200, "text/html", "<h1>Log in</h1>"), "nonsense"),
        (json(201, "{}"), "nonsense"),
        (json(201, "[]"), "nonsense"),
        (
            json(201, r#"{"jwt_token":"a.b.c","username":"ada.l"}"#),
            "nonsense",
        ),
        (
            json(200, r#"{"location":"https://elsewhere.example"}"#),
            "nonsense",
        ),
        (json(200, &login_body("ada.l", "u-1", "user")), "nonsense"),
        (
            answer(403, "text/html", "<h1>Forbidden</h1>"),
            "misconfigured",
        ),
        (answer(502, "text/html", "nginx"), "unreachable"),
        (
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "nonsense",
        ),
        (
            "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "unreachable",
        ),
        (String::new(), "unreachable"),
        (
            json(
                201,
                &format!("{{\"jwt_token\":\"{}\"}}", "a".repeat(2 << 20)),
            ),
            "nonsense",
        ),
    ] {
        let shown: String = said.chars().take(80).collect();
        let script = Script::new(move |_| said.clone()).await;
        assert_eq!(decision(&script.login().await), expected, "{shown}");
        assert_eq!(
            script.server.asked().len(),
            1,
            "a login is sent once: {shown}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_anybodys_name_or_password_is_never_sent() {
    let script = Script::with_roles("user").await;
    let bytes = Secret::typed(b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8").unwrap();
    let (good, short, long) = (
        secret(PASSWORD),
        secret("Sh0rt!!"),
        secret(&"aB3!".repeat(17)),
    );
    for (name, password) in [
        ("ada@mail.example", &good),
        ("ada", &good),
        ("ada.l", &short),
        ("ada.l", &long),
        ("ada.l", &bytes),
    ] {
        let name = UserName::new(name).unwrap_or_else(|_| user("ada"));
        assert!(script.apicrud.plausible(&name, password).is_err(), "{name}");
        assert_eq!(
            decision(&script.apicrud.verify(&name, password).await),
            "refused",
            "{name}"
        );
    }
    assert_eq!(script.server.asked().len(), 0);
}

#[tokio::test]
async fn whom_the_configuration_does_not_name_is_nobody_and_nothing_is_asked_for_it() {
    let script = Script::with_roles("user").await;
    let found = script.apicrud.find(&user("ada.l")).await.unwrap();
    assert_eq!(found.person.key, ImmutableKey::given("u-1"));
    assert_eq!(
        decision(&script.apicrud.find(&user("bob.l")).await),
        "not found"
    );
    assert_eq!(script.server.asked().len(), 0);
}

#[tokio::test]
async fn a_server_without_passwords_of_its_own_is_no_directory() {
    for (body, expected) in [
        (
            r#"{"items":["local","google"],"count":2,"policies":{}}"#,
            "yes",
        ),
        (r#"{"items":["google"],"count":1}"#, "misconfigured"),
        (r#"{"items":[]}"#, "misconfigured"),
        ("{}", "nonsense"),
    ] {
        let script = Script::new(move |_| json(200, body)).await;
        assert_eq!(decision(&script.apicrud.probe().await), expected, "{body}");
        assert_eq!(
            script.server.asked()[0].line,
            "GET /api/v1/auth_methods HTTP/1.1"
        );
    }
}
