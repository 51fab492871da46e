//! A new password: by whom, and what becomes of it.

use super::*;
use crate::directory::passwords::{Change, Passwords as _};

async fn change(script: &Script, key: &str, new: &str) -> Result<Change, DirectoryError> {
    let key = ImmutableKey::given(key);
    script
        .apicrud
        .change(&user("ada.l"), &key, &secret(PASSWORD), &secret(new))
        .await
}

#[tokio::test]
async fn a_new_password_is_put_with_the_old_one_in_a_session_that_is_ended() {
    for roles in ["user", "pendingtotp", "person:pwchange"] {
        let script = Script::with_roles(roles).await;
        let changed = change(&script, "u-1", NEW).await;
        assert!(matches!(changed, Ok(Change::Done)), "{roles}: {changed:?}");
        script.end().await;
        let asked = script.server.asked();
        assert_eq!(asked[1].line, "PUT /api/v1/account_password/u-1 HTTP/1.1");
        assert_eq!(
            asked[1].body,
            format!(
                r#"{{"new_password":"{NEW}","verify_password":"{NEW}","old_password":"{PASSWORD}"}}"#
            )
        );
    }
}

#[tokio::test]
async fn a_weak_password_is_refused_before_anything_is_sent() {
    let script = Script::with_roles("user").await;
    for weak in ["alllowercase", "Short1!", "lower and 12"] {
        let changed = change(&script, "u-1", weak).await;
        assert!(
            matches!(&changed, Ok(Change::Unfit { message }) if message.starts_with("It must")),
            "{weak}: {changed:?}"
        );
    }
    assert_eq!(script.server.asked().len(), 0);
}

#[tokio::test]
async fn another_persons_password_is_never_changed() {
    let script = Script::with_roles("user").await;
    let changed = change(&script, "u-2", NEW).await;
    assert!(matches!(changed, Ok(Change::SomebodyElse)), "{changed:?}");
    script.end().await;
    assert!(!script.server.asked().iter().any(|asked| asked.has("PUT")));
}

#[tokio::test]
async fn who_may_do_nothing_changes_nothing() {
    for roles in ["", "mfarequired"] {
        let script = Script::with_roles(roles).await;
        assert_eq!(
            decision(&change(&script, "u-1", NEW).await),
            "locked",
            "{roles}"
        );
        assert!(!script.server.asked().iter().any(|asked| asked.has("PUT")));
    }
}

#[tokio::test]
async fn a_new_password_without_an_answer_is_in_doubt_and_never_sent_again() {
    let script = Script::new(|asked| match asked.has("PUT") {
        true => String::new(),
        false => usual(asked, "user"),
    })
    .await;
    let changed = change(&script, "u-1", NEW).await;
    assert!(matches!(changed, Ok(Change::InDoubt(_))), "{changed:?}");
    let asked = script.server.asked();
    assert_eq!(asked.iter().filter(|asked| asked.has("PUT")).count(), 1);
}

#[tokio::test]
async fn a_session_that_waits_for_a_code_proves_the_present_password_and_no_other_does() {
    for (roles, expected) in [
        ("pendingtotp", "yes"),
        ("user", "yes"),
        ("person:pwchange", "expired"),
        ("", "locked"),
    ] {
        let script = Script::with_roles(roles).await;
        let (name, password) = (user("ada.l"), secret(PASSWORD));
        let proved = script.apicrud.verify_for_change(&name, &password).await;
        assert_eq!(decision(&proved), expected, "{roles}");
    }
}
