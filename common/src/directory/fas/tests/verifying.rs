//! A person's password: what is sent, and what the answers are taken for.

use super::*;
use crate::directory::ImmutableKey;

#[tokio::test]
async fn a_login_is_one_form_without_cookie_or_token_and_its_session_is_ended() {
    let (ended, mut sessions_ended) = mpsc::unbounded_channel();
    let script = Script::new(move |asked| {
        if asked.has("/logout") {
            ended.send(asked.clone()).unwrap();
            return json("{}");
        }
        json(&person("ada", 100_101, "active"))
    })
    .await;
    // With a live session of the service account beside it.
    script.fas.probe().await.unwrap();
    let verified = script.login("ada", "p&=w +ä").await.unwrap();
    assert_eq!(verified.key, ImmutableKey::given("100101"));
    assert_eq!(verified.name, "ada");
    let asked = script.server.asked();
    let login = &asked[2];
    assert_eq!(login.line, "POST /accounts/login HTTP/1.1");
    assert_eq!(
        login.body,
        "user_name=ada&password=p%26%3Dw%20%2B%C3%A4&login=Login&tg_format=json"
    );
    assert!(!login.headers.contains("cookie:"), "{}", login.headers);
    for header in [
        "content-type: application/x-www-form-urlencoded",
        "accept: application/json",
    ] {
        assert!(login.headers.contains(header), "{header}");
    }
    let logout = sessions_ended.recv().await.unwrap();
    assert_eq!(logout.line, "POST /accounts/logout HTTP/1.1");
    assert_eq!(logout.body, format!("_csrf_token={TOKEN}&tg_format=json"));
    assert!(
        logout
            .headers
            .contains(&format!("cookie: tg-visit={KEY}\r\n"))
    );
}

#[tokio::test]
async fn a_verdict_does_not_wait_for_the_end_of_its_session_and_a_failed_end_is_nobodys_business() {
    for end in ["never", ""] {
        let script = Script::new(move |asked| {
            if asked.has("/logout") {
                return end.to_owned();
            }
            json(&person("ada", 100_101, "active"))
        })
        .await;
        assert_eq!(decision(&script.login("ada", "right").await), "yes");
    }
}

#[tokio::test]
async fn without_a_cookie_there_is_nothing_to_end_and_the_verdict_stands() {
    let script =
        Script::new(|_| json(&person("ada", 100_101, "active")).replace("tg-visit", "other-name"))
            .await;
    assert_eq!(decision(&script.login("ada", "right").await), "yes");
    assert_eq!(script.server.asked().len(), 1);
}

#[tokio::test]
async fn a_good_status_is_a_yes_only_if_fas_itself_names_the_person_asked_for() {
    let good = || person("ada", 100_101, "active");
    for (answer, expected) in [
        (json(&good()), "yes"),
        (json(&person("ada", 100_101, "bot")), "yes"),
        (json(&good().replace("100101", "\"100101\"")), "yes"),
        (json(&person("bob", 100_101, "active")), "nonsense"),
        (json(&person("Ada", 100_101, "active")), "nonsense"),
        (json(&person("ada ", 100_101, "active")), "nonsense"),
        (json(&person("", 100_101, "active")), "nonsense"),
        (json(&person("ada", 100_101, "inactive")), "locked"),
        (json(&person("ada", 100_101, "admin_disabled")), "locked"),
        (json(&good().replace("\"status\"", "\"state\"")), "nonsense"),
        (json(&good().replace("\"id\"", "\"number\"")), "nonsense"),
        (json(&good().replace("100101", "-1")), "nonsense"),
        (
            json(&good().replace("approved_memberships", "x")),
            "nonsense",
        ),
        (json(&good().replace("\"user\"", "\"person\"")), "nonsense"),
        (json(r#"{"exc":"Invalid","tg_flash":"x"}"#), "nonsense"),
        (json(&good().replace("\"tg_flash\"", "\"exc\"")), "nonsense"),
        (json(r#"{"success":true}"#), "nonsense"),
        (json("{}"), "nonsense"),
        (json("true"), "nonsense"),
        (fas("200 OK", "text/html", "<html>Welcome"), "nonsense"),
        (fas("200 OK", "text/html", &good()), "nonsense"),
        (fas("302 Found", "application/json", &good()), "nonsense"),
        (fas("404 Not Found", "text/html", "no"), "nonsense"),
        (fas("500 Sick", "text/html", "no"), "unreachable"),
        (fas("503 Busy", "application/json", &good()), "unreachable"),
        (fas("403 No", "text/html", "<html>no"), "misconfigured"),
        (fas("403 No", "application/json", "{}"), "doubtful"),
        (login_page(), "refused"),
    ] {
        let told = answer.clone();
        let script = Script::new(move |_| answer.clone()).await;
        let outcome = script.login("ada", "right").await;
        assert_eq!(decision(&outcome), expected, "{told}");
        let shown = format!("{outcome:?}");
        assert!(!shown.contains(HASH) && !shown.contains("right"), "{shown}");
    }
}

#[tokio::test]
async fn a_login_is_never_sent_twice() {
    let script = Script::new(|_| String::new()).await;
    let outcome = script.login("ada", "right").await;
    assert_eq!(decision(&outcome), "unreachable");
    assert_eq!(script.server.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_at_the_deadline() {
    let script = Script::with(
        |_| "never".to_owned(),
        |settings| settings.timeouts.request = Duration::from_millis(50),
    )
    .await;
    assert_eq!(decision(&script.login("ada", "right").await), "unreachable");
    assert_eq!(decision(&script.fas.probe().await), "unreachable");
}

#[tokio::test]
async fn what_cannot_be_anybodys_name_or_password_here_is_never_sent() {
    let script = Script::new(|_| json(&person("ada", 100_101, "active"))).await;
    let address = script.login("ada@example.org", "right").await;
    assert_eq!(decision(&address), "refused");
    let bytes = Secret::typed(b"\xff\xfe").unwrap();
    let outcome = script.fas.verify(&user("ada"), &bytes).await;
    assert_eq!(decision(&outcome), "refused");
    let found = script.fas.find(&user("ada@example.org")).await;
    assert_eq!(decision(&found), "not found");
    assert!(script.server.asked().is_empty());
}

#[tokio::test]
async fn what_one_sees_of_oneself_is_taken_for_no_more_than_others_see() {
    let script = Script::new(|_| {
        let ada = person("ada", 100_101, "active");
        let hidden = ada.replace("\"privacy\":false", "\"privacy\":true");
        let groups = r#""approved_memberships":[{"id":100201,"name":"staff"},{"id":"x"},7]"#;
        let keys = r#""ssh_key":"ssh-ed25519 A one\r\n\r\n ssh-ed25519 B two\rssh-rsa C\n""#;
        json(
            &hidden
                .replace(r#""approved_memberships":[]"#, groups)
                .replace(r#""ssh_key":null"#, keys),
        )
    })
    .await;
    let verified = script.login("ada", "right").await.unwrap();
    let sighting = verified.sighting.unwrap();
    assert_eq!(sighting.person.display_name, "ada");
    assert_eq!(sighting.person.uid, Some(100_101));
    assert_eq!(sighting.person.gid, None);
    assert_eq!(
        sighting.person.ssh_keys,
        ["ssh-ed25519 A one", "ssh-ed25519 B two", "ssh-rsa C"]
    );
    let groups: Vec<_> = sighting
        .groups
        .iter()
        .map(|g| (g.name.as_str(), g.gid))
        .collect();
    assert_eq!(groups, [("staff", Some(100_201))]);
    assert_eq!(sighting.groups[0].key, ImmutableKey::given("100201"));
}
