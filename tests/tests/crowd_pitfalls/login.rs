//! Pitfalls of checking passwords.

use muster_common::directory::{DirectoryError, ImmutableKey};
use muster_common::secret::{Secret, SecretError};
use muster_tests::sim::crowd::{Population, User};
use muster_tests::sim::fault::{Fault, Rule};

use crate::common::corp::{Corp, PASSWORD, decision, people, us, user};

/// 1: 401, HTML 403, 429, 500 and proxies' pages are about us or the server.
#[tokio::test]
async fn trouble_of_the_server_or_with_our_credentials_is_never_a_wrong_password() {
    let corp = Corp::of(people());
    for fault in [
        Fault::Unauthorized,
        Fault::Forbidden,
        Fault::RateLimited(7),
        Fault::OperationFailed,
        Fault::ProxyError(400),
        Fault::ProxyError(502),
        Fault::HtmlPage,
    ] {
        corp.simulator.fault(fault.clone());
        for password in [PASSWORD, "wrong"] {
            let error = corp.login("ann", password).await.unwrap_err();
            assert!(error.is_silence(), "{fault}: {error}");
        }
    }
}

/// 2: pages for people are not error entities, whatever their status.
#[tokio::test]
async fn a_page_for_people_is_read_as_nothing_else_and_harms_nobody() {
    let corp = Corp::of(people());
    for fault in [
        Fault::Forbidden,
        Fault::HtmlPage,
        Fault::Garbage,
        Fault::ProxyError(400),
        Fault::ProxyError(404),
        Fault::ProxyError(500),
    ] {
        corp.simulator.fault(fault.clone());
        let found = corp.crowd.person(&user("ann")).await.unwrap_err();
        assert!(found.is_silence(), "{fault}: {found}");
        assert!(!found.to_string().contains('<'), "{fault}: {found}");
    }
}

/// 3: nobody of this name is 400 at /authentication and 404 elsewhere.
#[tokio::test]
async fn an_unknown_user_is_unknown_whichever_status_says_so() {
    let corp = Corp::of(people());
    assert_eq!(decision(&corp.login("ghost", "x").await), "not found");
    let found = corp.crowd.person(&user("ghost")).await;
    assert_eq!(decision(&found), "not found");
    let statuses: Vec<_> = corp.simulator.requests();
    let statuses: Vec<_> = statuses.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(400), Some(404)]);
}

/// 4: the message may hold anything, such as the user's name.
#[tokio::test]
async fn the_text_of_a_refusal_decides_nothing() {
    let name = "expired_credential";
    let population = Population::new().application(us());
    let corp = Corp::of(population.user(User::new(name).password(PASSWORD)));
    assert_eq!(decision(&corp.login(name, "wrong").await), "refused");
}

/// 5: INVALID_USER_AUTHENTICATION is also said of somebody outside the application's groups.
#[tokio::test]
async fn a_refusal_is_doubtful_since_a_right_password_can_be_refused() {
    let corp = Corp::of(people());
    let Err(DirectoryError::Refused(refusal)) = corp.login("eve", PASSWORD).await else {
        panic!("eve is outside");
    };
    assert!(!refusal.certain);
}

/// 6: reads show everybody, whoever may log in; what lets people in is `[access]`.
#[tokio::test]
async fn that_a_user_can_be_read_does_not_mean_that_the_user_may_log_in() {
    let corp = Corp::of(people());
    assert!(corp.crowd.person(&user("eve")).await.unwrap().active);
    assert_eq!(decision(&corp.login("eve", PASSWORD).await), "refused");
    let belongs = async |name| corp.crowd.belongs(&user(name), "linux users").await;
    assert!(!belongs("eve").await.unwrap());
    assert!(belongs("ann").await.unwrap());
}

/// 7: each try counts at the server.
#[tokio::test]
async fn a_login_that_failed_is_never_asked_again() {
    let corp = Corp::of(people());
    let cut = Rule::from(Fault::Down).below("/authentication").times(1);
    corp.simulator.fault(cut);
    assert_eq!(decision(&corp.login("ann", "wrong").await), "unreachable");
    assert_eq!(corp.asked(), ["POST /authentication"]);
    assert_eq!(decision(&corp.login("ann", "wrong").await), "refused");
    let attributes = corp.crowd.attributes(&user("ann")).await.unwrap();
    assert_eq!(attributes["invalidPasswordAttempts"], ["1"]);
}

/// 9: the name that counts is the one that the server answers with, the identity its key.
#[tokio::test]
async fn the_answers_name_and_key_count_and_not_what_was_typed() {
    let corp = Corp::of(people());
    let verified = corp.login("ann", PASSWORD).await.unwrap();
    assert_eq!(verified.name, "Ann");
    assert_eq!(verified.key, ImmutableKey::given("32769:a"));
    let key = &verified.key;
    corp.simulator
        .update(|population| population.rename_user("ann", "anna"));
    assert_eq!(corp.crowd.person_with_key(key).await.unwrap().name, "anna");
}

/// 10: one person has one key in every spelling; verifiers are bound to that.
#[tokio::test]
async fn every_spelling_of_a_name_is_one_person() {
    let corp = Corp::of(people());
    for name in ["ann", "Ann", "ANN"] {
        let verified = corp.login(name, PASSWORD).await.unwrap();
        assert_eq!(verified.key, ImmutableKey::given("32769:a"));
        assert_eq!(verified.name, "Ann");
    }
}

/// 20: an empty password could be an anonymous bind behind Crowd.
#[tokio::test]
async fn an_empty_password_is_never_posted() {
    assert_eq!(Secret::typed(b"").err(), Some(SecretError::Empty));
    let corp = Corp::of(people());
    let no_text = Secret::typed(b"\xff\xfe").unwrap();
    let refused = {
        use muster_common::directory::Directory as _;
        corp.crowd.verify(&user("ann"), &no_text).await
    };
    assert_eq!(decision(&refused), "refused");
    assert!(corp.asked().is_empty());
}

/// 29: EXPIRED_CREDENTIAL comes in the place of a yes.
#[tokio::test]
async fn an_expired_password_is_neither_a_yes_nor_a_wrong_one() {
    let corp = Corp::of(people());
    assert_eq!(decision(&corp.login("stale", PASSWORD).await), "expired");
    assert_eq!(decision(&corp.login("stale", "wrong").await), "refused");
}
