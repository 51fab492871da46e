//! Reading in the service account's session.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::directory::ImmutableKey;

/// The answer about one person.
fn found(person: &str) -> String {
    json(&format!(r#"{{"success":true,"person":{person}}}"#))
}

const ADA: &str = r#"{"id":100101,"username":"ada","status":"active","human_name":"Ada Lovelace",
    "password":"*","ssh_key":"ssh-ed25519 A one\r\nssh-ed25519 B two\n","privacy":false,
    "memberships":[{"id":100201,"name":"staff"},{"id":100202,"name":"wanted"}],
    "approved_memberships":[{"id":100201,"name":"staff","group_type":"system"},{"id":100203,"name":"by-name"},
                            {"id":"100204","name":"by-list"}],
    "unapproved_memberships":[{"id":100202,"name":"wanted"}],
    "group_roles":{"staff":{"group_id":100201,"role_status":"approved"},
                   "by-name":{"group_id":100203,"role_status":"unapproved"}},
    "roles":[{"group_id":"100204","role_status":"unapproved"},{"group_id":100201,"role_status":"approved"}]}"#;

#[tokio::test]
async fn a_question_carries_the_session_and_its_token_and_the_password_only_opens_it() {
    let script = Script::new(|_| found(ADA)).await;
    script.fas.find(&user("ada")).await.unwrap();
    script.fas.find(&user("ada")).await.unwrap();
    let asked = script.server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(
        asked[0].body,
        "user_name=hosts&password=our-own-secret&login=Login&tg_format=json"
    );
    assert!(!asked[0].headers.contains("cookie:"));
    for asked in &asked[1..] {
        assert_eq!(
            asked.line,
            "POST /accounts/json/person_by_username HTTP/1.1"
        );
        assert_eq!(
            asked.body,
            format!("_csrf_token={TOKEN}&tg_format=json&username=ada")
        );
        assert!(
            asked
                .headers
                .contains(&format!("cookie: tg-visit={KEY}\r\n"))
        );
    }
}

#[tokio::test]
async fn only_approved_memberships_count_and_only_if_no_role_says_otherwise() {
    let script = Script::new(|_| found(ADA)).await;
    let sighting = script.fas.find(&user("ada")).await.unwrap();
    let groups: Vec<_> = sighting.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(groups, ["staff"]);
    assert_eq!(sighting.groups[0].group_type, "system".parse().ok());
    assert_eq!(sighting.person.key, ImmutableKey::given("100101"));
    assert_eq!(sighting.person.display_name, "Ada Lovelace");
    assert_eq!(
        sighting.person.ssh_keys,
        ["ssh-ed25519 A one", "ssh-ed25519 B two"]
    );
}

#[tokio::test]
async fn only_fas_own_no_means_that_somebody_is_not_known() {
    for (answer, expected) in [
        (found(ADA), "yes"),
        (json(r#"{"success":false}"#), "not found"),
        (json(r#"{"success":false,"person":{}}"#), "not found"),
        (json(r#"{"success":true}"#), "nonsense"),
        (json(r#"{"person":null}"#), "nonsense"),
        (json("{}"), "nonsense"),
        (json(r#"{"exc":"DBAPIError","success":false}"#), "nonsense"),
        (found(&ADA.replace("\"ada\"", "\"Ada\"")), "nonsense"),
        (found(&ADA.replace("\"ada\"", "\"bob\"")), "nonsense"),
        (found(&ADA.replace("100101", "\"\"")), "nonsense"),
        (fas("200 OK", "text/html", "<html>"), "nonsense"),
        (fas("404 Not Found", "text/html", "<html>"), "nonsense"),
        (
            fas("404 Not Found", "application/json", r#"{"success":false}"#),
            "nonsense",
        ),
        (
            fas("500 Sick", "application/json", r#"{"success":false}"#),
            "unreachable",
        ),
        (fas("403 No", "text/html", "<html>"), "misconfigured"),
    ] {
        let told = answer.clone();
        let script = Script::new(move |_| answer.clone()).await;
        let outcome = script.fas.find(&user("ada")).await;
        assert_eq!(decision(&outcome), expected, "{told}");
    }
    let script = Script::new(|_| found(&ADA.replace("\"active\"", "\"spamcheck_denied\""))).await;
    assert!(!script.fas.find(&user("ada")).await.unwrap().person.active);
}

#[tokio::test]
async fn ids_are_asked_for_and_must_come_back() {
    let script = Script::new(|asked| {
        if asked.has("/group/dump/") {
            return json(r#"{"people":[["ada","a@x","Ada","user",0],["bob"],[],[7]]}"#);
        }
        if asked.has("group_by") {
            return json(
                r#"{"success":true,"group":{"id":100201,"name":"r&d . team","approved_roles":[]}}"#,
            );
        }
        found(ADA)
    })
    .await;
    assert_eq!(
        script
            .fas
            .person_with_id(100_101)
            .await
            .unwrap()
            .person
            .name,
        "ada"
    );
    let other = script.fas.person_with_id(100_102).await;
    assert_eq!(decision(&other), "nonsense");
    let roster = script.fas.group_with_id(100_201).await.unwrap();
    assert_eq!(
        (roster.team.name.as_str(), roster.team.gid),
        ("r&d . team", Some(100_201))
    );
    assert_eq!(roster.members, ["ada", "bob"]);
    assert_eq!(decision(&script.fas.group_with_id(7).await), "nonsense");
    assert_eq!(script.fas.group("r&d . team").await.unwrap(), roster);
    assert_eq!(decision(&script.fas.group("other").await), "nonsense");
    let asked = script.server.asked();
    let lines: Vec<_> = asked.iter().map(|asked| asked.line.as_str()).collect();
    assert!(
        lines.contains(&"POST /accounts/group/dump/r%26d%20.%20team HTTP/1.1"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_group_whose_name_would_leave_its_place_in_the_path_is_not_dumped() {
    for name in ["", ".", ".."] {
        let script = Script::new(move |_| {
            json(&format!(
                r#"{{"success":true,"group":{{"id":1,"name":"{name}"}}}}"#
            ))
        })
        .await;
        assert!(script.fas.group(name).await.is_err());
        let asked = script.server.asked();
        assert!(asked.iter().all(|asked| !asked.has("dump")));
    }
}

#[tokio::test]
async fn a_forgotten_session_is_opened_again_and_the_question_asked_once_more() {
    let forgotten = AtomicBool::new(true);
    let script = Script::new(move |_| {
        if forgotten.swap(false, Ordering::SeqCst) {
            return login_page();
        }
        found(ADA)
    })
    .await;
    script.fas.find(&user("ada")).await.unwrap();
    script.fas.find(&user("ada")).await.unwrap();
    assert_eq!(script.our_logins(), 2);
    assert_eq!(script.server.asked().len(), 5);
}

#[tokio::test]
async fn a_question_that_is_refused_in_a_new_session_is_for_the_administrator() {
    let script = Script::new(|_| login_page()).await;
    for _ in 0..3 {
        let outcome = script.fas.find(&user("ada")).await;
        assert_eq!(decision(&outcome), "misconfigured");
        assert!(outcome.unwrap_err().to_string().contains("thirdparty"));
    }
    assert_eq!(script.our_logins(), 2, "and the server is not hammered");
}

#[tokio::test]
async fn a_refused_service_account_is_for_the_administrator_and_left_alone_for_a_while() {
    let pauses = [(Duration::from_secs(3600), 1), (Duration::ZERO, 3)];
    for (pause, logins) in pauses {
        let script = Script::with(|_| login_page(), |settings| settings.login_pause = pause).await;
        for _ in 0..3 {
            let outcome = script.fas.probe().await;
            assert_eq!(decision(&outcome), "misconfigured");
            let told = outcome.unwrap_err().to_string();
            assert!(
                told.contains("\"hosts\"") && !told.contains(OUR_PASSWORD),
                "{told}"
            );
        }
        assert_eq!(script.our_logins(), logins);
    }
}

#[tokio::test]
async fn a_sick_server_is_not_a_refused_service_account() {
    let script = Script::bare(|_| fas("500 Sick", "text/html", "<html>")).await;
    for _ in 0..2 {
        assert_eq!(decision(&script.fas.probe().await), "unreachable");
    }
    assert_eq!(script.our_logins(), 2);
}

#[tokio::test]
async fn a_session_is_opened_only_in_our_own_name_and_with_the_cookie_that_was_configured() {
    let script = Script::bare(|_| json(&person("alice", 100_102, "active"))).await;
    assert_eq!(decision(&script.fas.probe().await), "nonsense");
    let script = Script::with(
        |_| json(&person("hosts", 100_001, "active")),
        |settings| settings.session_cookie = "visit".to_owned(),
    )
    .await;
    let outcome = script.fas.probe().await;
    assert_eq!(decision(&outcome), "misconfigured");
    assert!(
        outcome
            .unwrap_err()
            .to_string()
            .contains("visit.cookie.name")
    );
}

#[test]
fn a_service_account_named_by_an_address_is_a_misconfiguration() {
    let url = Url::parse("https://fas.example.org/accounts/").unwrap();
    let settings = FasSettings::new(url, "hosts@example.org".to_owned(), secret("x"));
    assert_eq!(decision(&Fas::new(settings)), "misconfigured");
}

#[tokio::test]
async fn a_probe_needs_fas_own_home_page() {
    let script = Script::new(|_| json(r#"{"person":{},"memberships":[],"cla":true}"#)).await;
    assert_eq!(script.fas.probe().await.unwrap().0, "FAS");
    let script = Script::new(|_| json("[]")).await;
    assert_eq!(decision(&script.fas.probe().await), "nonsense");
    let script = Script::new(|_| fas("200 OK", "text/html", "<html>Log in")).await;
    assert_eq!(decision(&script.fas.probe().await), "nonsense");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_questions_in_a_forgotten_session_make_one_login() {
    let logins = AtomicUsize::new(0);
    let script = Script::with(
        move |asked| {
            if asked.body.contains(OUR_PASSWORD) {
                let nth = logins.fetch_add(1, Ordering::SeqCst);
                let key = format!("{nth:040}");
                return json(&person("hosts", 100_001, "active")).replace(KEY, &key);
            }
            // The first session is forgotten as soon as it is there.
            if asked.headers.contains(&format!("tg-visit={:040}", 0)) {
                return login_page();
            }
            found(ADA)
        },
        |settings| settings.readings_at_once = 100,
    )
    .await;
    let fas = Arc::new(script.fas);
    let questions: Vec<_> = (0..100)
        .map(|_| {
            let fas = Arc::clone(&fas);
            tokio::spawn(async move { fas.find(&user("ada")).await })
        })
        .collect();
    for question in questions {
        question.await.unwrap().unwrap();
    }
    let asked = script.server.asked();
    let ours = |asked: &&Asked| asked.body.contains(OUR_PASSWORD);
    assert_eq!(
        asked.iter().filter(ours).count(),
        2,
        "the first and one more"
    );
}
