//! The typed calls: what they send, and what they make of odd answers.

use super::*;
use crate::directory::fas::{AvatarService, AvatarSize, Column, Members, Otp, PeopleKey};

const CODE: &str = "cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj";

#[tokio::test]
async fn a_code_goes_where_the_settings_say_and_is_never_left_out_of_the_field() {
    for (otp, code, expected) in [
        (Otp::None, None, Some("password=right&login")),
        (Otp::Append, None, Some("password=right&login")),
        (
            Otp::Append,
            Some("123456"),
            Some("password=right123456&login"),
        ),
        (Otp::Field, Some(CODE), Some(CODE)),
        (Otp::Field, None, None),
    ] {
        let answer = |_: &Asked| json(&person("ada", 100_101, "active"));
        let script = Script::with(answer, |settings| settings.otp = otp).await;
        let outcome = match code {
            Some(code) => {
                let (name, right, code) = (user("ada"), secret("right"), secret(code));
                script.fas.verify_with_code(&name, &right, &code).await
            }
            None => script.login("ada", "right").await,
        };
        let asked = script.server.asked();
        match expected {
            Some(part) => {
                assert_eq!(decision(&outcome), "yes");
                assert!(asked[0].body.contains(part), "{}", asked[0].body);
                let field = asked[0].body.contains("&otp=");
                assert_eq!(field, otp == Otp::Field);
            }
            None => {
                assert_eq!(decision(&outcome), "refused");
                assert!(asked.is_empty(), "nothing is sent without a code");
            }
        }
        assert_eq!(script.fas.code_prompt().is_some(), otp != Otp::None);
    }
}

#[tokio::test]
async fn what_is_in_a_path_is_encoded_once_and_cannot_leave_it() {
    let script = Script::new(|_| json(r#"{"configs":{"a/b":"x"},"people":[]}"#)).await;
    let found = script.fas.get_config("ada", "openid", "a/b").await.unwrap();
    assert_eq!(found.as_deref(), Some("x"));
    let asked = script.server.asked();
    let line = &asked.last().unwrap().line;
    assert_eq!(line, "POST /accounts/config/list/ada/openid/a%2Fb HTTP/1.1");
    for outcome in [
        script.fas.get_config("..", "openid", "a").await.map(drop),
        script.fas.group_members("..").await.map(drop),
        script.fas.group_members("").await.map(drop),
    ] {
        assert_eq!(decision(&outcome), "not found");
    }
    assert_eq!(script.server.asked().len(), asked.len());
}

#[tokio::test]
async fn queries_that_fas_would_answer_with_nonsense_are_not_sent() {
    let script = Script::new(|_| json("{}")).await;
    let fas = &script.fas;
    let queries = [
        (vec![], vec![]),
        (vec![Column::Username, Column::Group], vec![]),
        (vec![Column::Username], vec![(Column::Id, "1%")]),
    ];
    for (columns, constraints) in queries {
        let outcome = fas.people_query(&columns, &constraints).await;
        assert_eq!(decision(&outcome), "misconfigured");
    }
    for fields in [&["password"][..], &["shoes"], &[]] {
        let outcome = fas.people_by_key(PeopleKey::Username, "*", fields).await;
        assert_eq!(decision(&outcome), "misconfigured");
    }
    assert!(script.server.asked().is_empty());
}

#[tokio::test]
async fn an_application_error_without_a_text_and_one_about_rights_are_told_apart() {
    for (body, expected) in [
        (r#"{"exc":"AuthorizationError"}"#, "misconfigured"),
        (
            r#"{"exc":"AuthorizationError","tg_flash":"no"}"#,
            "misconfigured",
        ),
        (r#"{"exc":"DBAPIError"}"#, "nonsense"),
        (r#"{"success":false}"#, "nonsense"),
    ] {
        let script = Script::new(move |_| json(body)).await;
        let outcome = script.fas.get_configs_like("ada", "openid", "*").await;
        assert_eq!(decision(&outcome), expected, "{body}");
    }
}

#[tokio::test]
async fn a_refreshed_session_is_alive_only_if_its_cookie_stayed_and_it_is_somebodys() {
    for (body, alive) in [
        ("{}", true),
        (r#"{"now":"2010-01-02 03:04:05+00:00"}"#, false),
    ] {
        let script = Script::new(move |_| json(body)).await;
        let session = |key: &str| script.fas.session_with_key(&secret(key)).unwrap();
        let refreshed = script.fas.refresh_session(&session(KEY)).await;
        assert_eq!(refreshed.unwrap(), alive, "{body}");
        let other = session(&"f".repeat(40));
        assert!(!script.fas.refresh_session(&other).await.unwrap());
        assert!(script.fas.session_with_key(&secret("a; b=c")).is_none());
        assert_eq!(format!("{other:?}"), "PersonalSession(***)");
    }
}

#[tokio::test]
async fn a_login_whose_answer_names_another_person_is_ended_at_once() {
    let script = Script::new(|asked| match asked.has("/logout") {
        true => json("{}"),
        false => json(&person("bob", 100_102, "active")),
    })
    .await;
    let outcome = script.fas.login(&user("ada"), &secret("right"), None).await;
    assert_eq!(decision(&outcome), "nonsense");
    let asked = script.server.asked();
    assert!(asked.last().unwrap().has("/logout"));
}

#[tokio::test]
async fn nothing_that_a_person_is_answered_as_holds_a_hash() {
    let script = Script::new(|_| json(&person("ada", 100_101, "active"))).await;
    let (_session, ada) = script
        .fas
        .login(&user("ada"), &secret("right"), None)
        .await
        .unwrap();
    let told = format!("{ada:?} {}", serde_json::to_string(&ada).unwrap());
    assert!(!told.contains(HASH), "{told}");
}

#[tokio::test]
async fn a_picture_of_somebody_without_an_address_is_nobodys() {
    let script = Script::new(|_| json(r#"{"success":false}"#)).await;
    let of = |service| {
        script
            .fas
            .avatar_url("ada", AvatarSize::Small, None, service)
    };
    let outcome = of(AvatarService::Gravatar).await;
    assert_eq!(decision(&outcome), "not found");
    let url = of(AvatarService::Libravatar).await.unwrap();
    assert!(url.starts_with("https://seccdn.libravatar.org/avatar/"));
    assert!(url.ends_with("_32x32.png"), "{url}");
}

#[tokio::test]
async fn members_are_asked_for_in_the_way_that_has_them_answered() {
    let script = Script::new(|_| {
        json(r#"{"groups":[{"id":1,"name":"g","owner_id":2,"group_type":"git"},7],"memberships":{"1":[{"person_id":"3","role_type":"user"},{}]}}"#)
    })
    .await;
    let list = script.fas.group_list("*", Members::Named).await.unwrap();
    assert_eq!(list.groups.len(), 1, "what is no group is left out");
    assert_eq!(list.memberships[&1].len(), 1);
    assert_eq!(list.memberships[&1][0].person_id, 3);
    let asked = script.server.asked();
    assert!(
        asked
            .last()
            .unwrap()
            .body
            .contains("tg_format=json&search=%2A&with_members=True")
    );
}
