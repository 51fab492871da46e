//! Pitfalls of changing passwords and of sessions.

use std::time::Duration;

use muster_common::directory::ImmutableKey;
use muster_common::directory::crowd::{Credential, MayModify};
use muster_common::directory::passwords::Change;
use muster_common::directory::sessions::{Factors, Sessions as _};
use muster_common::directory::{DirectoryError, Listing as _};
use muster_tests::sim::crowd::{Permission, Population};

use crate::common::corp::{Corp, PASSWORD, decision, people, secret, us, user};

/// The same people, and our application may change them.
fn powerful() -> Population {
    let mut us = us().allowing(["linux users"]);
    us.permissions = vec![Permission::ModifyUser, Permission::ModifyUserAttributes];
    let mut population = people().application(us);
    population.shortest_password = 12;
    population
}

async fn change(corp: &Corp, name: &str, old: &str, new: &str) -> Result<Change, DirectoryError> {
    let key = ImmutableKey::given("32769:a");
    let (old, new) = (secret(old), secret(new));
    let crowd = &corp.crowd;
    crowd.change_password(&user(name), &key, &old, &new).await
}

const NEW: &str = "another horse \"&<ü";

/// 8: Crowd sets a password without asking for the old one.
#[tokio::test]
async fn no_password_is_changed_before_the_old_one_was_found_right() {
    let corp = Corp::of(powerful());
    let refused = change(&corp, "ann", "wrong", NEW).await;
    assert_eq!(decision(&refused), "refused");
    // Eve's own password is right, but the key that is meant is ann's.
    let refused = change(&corp, "eve", PASSWORD, NEW).await;
    assert_eq!(decision(&refused), "refused");
    let expired = change(&corp, "stale", PASSWORD, NEW).await;
    assert_eq!(decision(&expired), "expired");
    let other = change(&corp, "ann+ops@example.org", PASSWORD, NEW).await;
    assert!(matches!(other, Ok(Change::SomebodyElse)), "{other:?}");
    assert_eq!(corp.asked(), ["POST /authentication"; 4]);
    let changed = change(&corp, "ann", PASSWORD, NEW).await;
    assert!(matches!(changed, Ok(Change::Done)), "{changed:?}");
    assert_eq!(decision(&corp.login("ann", NEW).await), "yes");
    assert_eq!(decision(&corp.login("ann", PASSWORD).await), "refused");
}

/// 8: what the server does not want is told to the person; what we may not do, to the administrator.
#[tokio::test]
async fn a_password_that_does_not_fit_and_a_missing_permission_are_told_apart() {
    let corp = Corp::of(powerful());
    let short = change(&corp, "ann", PASSWORD, "short").await;
    let Ok(Change::Unfit { message }) = short else {
        panic!("{short:?}");
    };
    assert!(message.contains("password complexity"), "{message}");
    let reading = Corp::of(people());
    let denied = change(&reading, "ann", PASSWORD, NEW).await;
    assert_eq!(decision(&denied), "misconfigured");
    assert_eq!(decision(&corp.login("ann", PASSWORD).await), "yes");
}

/// 8: an application that may change people should not be ours.
#[tokio::test]
async fn that_we_may_change_people_is_remarked_on() {
    let corp = Corp::of(powerful());
    let remarks = corp.crowd.everybody().await.unwrap().remarks;
    let told = remarks.iter().filter(|line| line.contains("Modify users"));
    assert_eq!(told.count(), 1, "{remarks:?}");
    let tries = || {
        corp.asked()
            .into_iter()
            .filter(|asked| asked == "POST /user/attribute")
    };
    let before = tries().count();
    assert_eq!(corp.crowd.everybody().await.unwrap().remarks, remarks);
    assert_eq!(tries().count(), before, "once a day");
    assert_eq!(corp.crowd.may_modify(Some("ann")).await, MayModify::Yes);
    let reading = Corp::of(people());
    assert!(reading.crowd.everybody().await.unwrap().remarks.is_empty());
    assert_eq!(reading.crowd.may_modify(Some("ann")).await, MayModify::No);
    let before = corp.crowd.attributes(&user("ann")).await.unwrap();
    corp.crowd.may_modify(Some("ann")).await;
    let after = corp.crowd.attributes(&user("ann")).await.unwrap();
    assert_eq!(before, after, "asking changes nothing");
}

/// 28: a session is bound to the address of the person's browser, not to this host's.
#[tokio::test]
async fn a_session_is_good_with_the_same_factors_only() {
    let corp = Corp::of(people());
    let (crowd, ann) = (&corp.crowd, user("ann"));
    let browser = Factors::remote_address([192, 0, 2, 7].into());
    let password = secret(PASSWORD);
    let credential = Credential::Password(&password);
    let minute = Some(Duration::from_secs(60));
    let made = crowd.create_session(&ann, credential, &browser, minute);
    let made = made.await.unwrap();
    assert_eq!(made.session.key, ImmutableKey::given("32769:a"));
    let valid = crowd.validate(&made.token, &browser).await.unwrap();
    assert_eq!(valid.name, "Ann");
    let elsewhere = Factors::remote_address([192, 0, 2, 8].into());
    for factors in [&elsewhere, &Factors::none()] {
        let refused = crowd.validate(&made.token, factors).await;
        assert_eq!(decision(&refused), "refused");
    }
    assert!(crowd.read_session(&made.token).await.is_ok());
    corp.simulator.advance(Duration::from_secs(61));
    let over = crowd.validate(&made.token, &browser).await;
    assert_eq!(decision(&over), "refused");
}

/// 28: sessions end one by one, or all of a person's, and ending one twice is no error.
#[tokio::test]
async fn sessions_are_ended_by_token_or_by_person() {
    let corp = Corp::of(people());
    let (crowd, ann, none) = (&corp.crowd, user("ann"), Factors::none());
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let credential = Credential::CheckedBefore;
        let made = crowd.create_session(&ann, credential, &none, None).await;
        tokens.push(made.unwrap().token);
    }
    for _ in 0..2 {
        crowd.end(&tokens[0]).await.unwrap();
    }
    let good = async |token| crowd.validate(token, &none).await.is_ok();
    assert!(!good(&tokens[0]).await && good(&tokens[1]).await);
    crowd.end_sessions_of(&ann).await.unwrap();
    assert!(!good(&tokens[1]).await && !good(&tokens[2]).await);
    let shown = format!("{:?}", corp.asked());
    assert!(shown.contains("DELETE /session/***"), "{shown}");
}

/// 28: /session says by name that somebody is outside the application's groups.
#[tokio::test]
async fn a_session_needs_the_password_and_the_group() {
    let corp = Corp::of(people());
    for (name, password, expected) in [
        ("ann", "wrong", "refused"),
        ("eve", PASSWORD, "refused"),
        ("old", PASSWORD, "locked"),
        ("stale", PASSWORD, "expired"),
        ("ghost", PASSWORD, "not found"),
    ] {
        let password = secret(password);
        let credential = Credential::Password(&password);
        let none = Factors::none();
        let name = user(name);
        let made = corp.crowd.create_session(&name, credential, &none, None);
        assert_eq!(decision(&made.await), expected, "{name}");
    }
}
