//! muster's apicrud client against the simulated apicrud, over TLS: every verdict, every
//! fault, new passwords, and the faults for which some routes are not used.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::time::Duration;

use muster_common::directory::apicrud::{
    ApiKeys, Apicrud, ApicrudSettings, PersonId, SessionAuth, Standing,
};
use muster_common::directory::http::Timeouts;
use muster_common::directory::passwords::{Change, Passwords as _};
use muster_common::directory::{Directory as _, DirectoryError, ImmutableKey, Verified};
use muster_common::name::{NameRule, UserName};
use muster_common::secret::Secret;
use muster_tests::sim::apicrud::{Population, User};
use muster_tests::sim::fault::{Fault, Rule};
use serde_json::{Value, json};

type Simulator = muster_tests::sim::apicrud::Apicrud;

const PASSWORD: &str = "Right-w0rd";
const NEW: &str = "N3w-password";
const KEY: &str = "KEYID123.0123456789abcdef0123456789abcdef";

/// A simulated apicrud and muster's client of it.
struct Club {
    simulator: Simulator,
    apicrud: Apicrud,
}

impl Club {
    fn new() -> Self {
        let simulator = Simulator::start(people()).unwrap();
        let group = |name: &str| NameRule::default().group(name).unwrap();
        let settings = ApicrudSettings {
            ca_pem: Some(simulator.authority_pem().as_bytes().to_vec()),
            people: [(user("ada.l"), PersonId::new("u-1").unwrap())].into(),
            roles: vec![
                ("admin".to_owned(), group("apicrud-admins")),
                ("list-3f-member".to_owned(), group("readers")),
                ("list-3f-secret".to_owned(), group("keepers")),
            ],
            ..ApicrudSettings::new(simulator.url().parse().unwrap())
        };
        let apicrud = Apicrud::new(settings).unwrap();
        Self { simulator, apicrud }
    }

    async fn login(&self, name: &str, password: &str) -> Result<Verified, DirectoryError> {
        self.apicrud.verify(&user(name), &secret(password)).await
    }

    async fn login_with(&self, name: &str, code: &str) -> Result<Verified, DirectoryError> {
        let (password, code) = (secret(PASSWORD), secret(code));
        self.apicrud
            .verify_with_code(&user(name), &password, &code)
            .await
    }

    async fn change(&self, old: &str, new: &str) -> Result<Change, DirectoryError> {
        let key = ImmutableKey::given("u-1");
        let (old, new) = (secret(old), secret(new));
        self.apicrud.change(&user("ada.l"), &key, &old, &new).await
    }

    /// Waits until every session is ended: that happens behind the verdict's back.
    async fn all_sessions_ended(&self) {
        while self.simulator.sessions() > 0 {
            tokio::task::yield_now().await;
        }
    }

    fn session_auth(&self, api_keys: ApiKeys) -> SessionAuth {
        let url = self.simulator.url().parse().unwrap();
        let ca = self.simulator.authority_pem().as_bytes();
        SessionAuth::new(&url, Some(ca), Timeouts::default(), api_keys).unwrap()
    }

    /// What the server answers to somebody who is no client of ours.
    async fn raw(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let client = common::client(&self.simulator, false);
        let url = format!("{}/{path}", self.simulator.url());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = client
            .request(method, url)
            .header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap(),
        )
    }
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

fn people() -> Population {
    let new = |uid: &str, name: &str| User::new(uid, name).password(PASSWORD);
    let mut boss = new("u-2", "boss.b");
    boss.is_admin = true;
    let mut shut = new("u-4", "shut.s");
    shut.status = "disabled".to_owned();
    let mut mute = new("u-5", "mute.m");
    mute.contact = "pending".to_owned();
    let mut stale = new("u-6", "stale.s");
    stale.password_must_change = true;
    let mut bare = new("u-7", "bare.b");
    bare.mfa_required = true;
    let crowd = (0..40).map(|nth| new(&format!("u-9{nth}"), &format!("aa{nth:03}")));
    let mut population = Population::new()
        .lockout_delay(0)
        .user(
            new("u-1", "ada.l")
                .member("list", "3f", "manager")
                .api_key(KEY),
        )
        .user(boss)
        .user(new("u-3", "code.c").codes(["123456", "234567"]))
        .user(shut)
        .user(mute)
        .user(stale)
        .user(bare);
    for one in crowd {
        population.add_user(one);
    }
    population
}

fn decision<T>(outcome: &Result<T, DirectoryError>) -> &'static str {
    match outcome {
        Ok(_) => "yes",
        Err(DirectoryError::Refused(refusal)) if refusal.certain => "refused",
        Err(DirectoryError::Refused(_)) => "doubtful",
        Err(DirectoryError::NotFound) => "not found",
        Err(DirectoryError::CodeWanted) => "code wanted",
        Err(DirectoryError::TooManyTries) => "too many tries",
        Err(DirectoryError::Locked) => "locked",
        Err(DirectoryError::SecretExpired) => "expired",
        Err(DirectoryError::Unreachable { .. }) => "unreachable",
        Err(DirectoryError::Misconfigured { .. }) => "misconfigured",
        Err(DirectoryError::Nonsense { .. }) => "nonsense",
    }
}

fn groups(verified: &Verified) -> Vec<&str> {
    let sighting = verified.sighting.as_ref().unwrap();
    sighting
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect()
}

#[tokio::test]
async fn every_state_of_an_account_has_its_verdict_and_no_session_stays_open() {
    let club = Club::new();
    club.apicrud.probe().await.unwrap();
    for (name, password, expected) in [
        ("ada.l", PASSWORD, "yes"),
        ("ada.l", "Wr0ng-word", "refused"),
        ("boss.b", PASSWORD, "yes"),
        ("code.c", PASSWORD, "code wanted"),
        ("shut.s", PASSWORD, "refused"),
        ("mute.m", PASSWORD, "locked"),
        ("stale.s", PASSWORD, "expired"),
        ("bare.b", PASSWORD, "locked"),
        ("nobody", PASSWORD, "refused"),
    ] {
        let outcome = club.login(name, password).await;
        assert_eq!(decision(&outcome), expected, "{name}");
    }
    club.all_sessions_ended().await;
}

#[tokio::test]
async fn roles_make_members_of_the_groups_that_are_configured_for_them() {
    let club = Club::new();
    let ada = club.login("ada.l", PASSWORD).await.unwrap();
    assert_eq!(ada.key, ImmutableKey::given("u-1"));
    assert_eq!(
        groups(&ada),
        ["readers"],
        "a manager is a member, and keeps no secrets"
    );
    let boss = club.login("boss.b", PASSWORD).await.unwrap();
    assert_eq!(groups(&boss), ["apicrud-admins"]);
}

#[tokio::test]
async fn a_code_is_good_once_and_wanted_of_whoever_has_set_codes_up() {
    let club = Club::new();
    assert_eq!(
        decision(&club.login_with("code.c", "000000").await),
        "doubtful"
    );
    assert_eq!(decision(&club.login_with("code.c", "123456").await), "yes");
    assert_eq!(
        decision(&club.login_with("code.c", "123456").await),
        "doubtful"
    );
    assert_eq!(
        decision(&club.login("code.c", PASSWORD).await),
        "code wanted"
    );
    assert_eq!(decision(&club.login_with("code.c", "234567").await), "yes");
    club.all_sessions_ended().await;
    assert!(club.simulator.requests().iter().all(|one| !one.cookie));
}

#[tokio::test]
async fn five_wrong_tries_by_anybody_lock_an_account_and_no_password_is_right_then() {
    let club = Club::new();
    for _ in 0..5 {
        assert_eq!(
            decision(&club.login("ada.l", "Wr0ng-word").await),
            "refused"
        );
    }
    assert_eq!(
        decision(&club.login("ada.l", PASSWORD).await),
        "too many tries"
    );
    assert_eq!(decision(&club.login("boss.b", PASSWORD).await), "yes");
    club.simulator.advance(Duration::from_secs(601));
    assert_eq!(decision(&club.login("ada.l", PASSWORD).await), "yes");
}

#[tokio::test]
async fn an_answer_about_another_name_lets_nobody_in() {
    let club = Club::new();
    for path in ["/auth", "/account"] {
        let rule = Rule::from(Fault::WrongName("mallory".to_owned())).below(path);
        club.simulator.fault(rule);
        assert_eq!(
            decision(&club.login("ada.l", PASSWORD).await),
            "nonsense",
            "{path}"
        );
    }
    club.simulator.heal();
    club.all_sessions_ended().await;
}

#[tokio::test]
async fn no_fault_of_what_is_on_the_way_is_taken_for_a_wrong_password() {
    let club = Club::new();
    for (fault, expected) in [
        (Fault::HtmlPage, "nonsense"),
        (Fault::Garbage, "nonsense"),
        (Fault::Redirect, "nonsense"),
        (Fault::Truncated, "unreachable"),
        (Fault::ProxyError(502), "unreachable"),
        (Fault::ProxyError(403), "misconfigured"),
        (Fault::Forbidden, "misconfigured"),
        (Fault::OperationFailed, "unreachable"),
        (Fault::ApplicationError, "unreachable"),
        (Fault::Unauthorized, "unreachable"),
        (Fault::RateLimited(30), "unreachable"),
        (Fault::Limited, "unreachable"),
        (Fault::Down, "unreachable"),
    ] {
        for path in ["/auth", "/account"] {
            club.simulator.fault(Rule::from(fault.clone()).below(path));
            let outcome = decision(&club.login("ada.l", PASSWORD).await);
            let sick = (fault.clone(), path) == (Fault::ApplicationError, "/account");
            let expected = if sick { "misconfigured" } else { expected };
            assert_eq!(outcome, expected, "{fault} at {path}");
        }
    }
    club.simulator.heal();
    club.simulator
        .fault(Rule::from(Fault::ExpiredSessions).below("/account"));
    assert_eq!(
        decision(&club.login("ada.l", PASSWORD).await),
        "unreachable"
    );
    club.simulator.heal();
    assert_eq!(decision(&club.login("ada.l", PASSWORD).await), "yes");
    club.all_sessions_ended().await;
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one() {
    let club = Club::new();
    assert!(matches!(club.change(PASSWORD, NEW).await, Ok(Change::Done)));
    assert_eq!(decision(&club.login("ada.l", PASSWORD).await), "refused");
    assert_eq!(decision(&club.login("ada.l", NEW).await), "yes");
    assert_eq!(
        decision(&club.change(PASSWORD, "An0ther-one").await),
        "refused"
    );
    let weak = club.change(NEW, "only small letters").await;
    assert!(
        matches!(&weak, Ok(Change::Unfit { message }) if message.contains("three")),
        "{weak:?}"
    );
    club.all_sessions_ended().await;
}

#[tokio::test]
async fn what_the_server_says_about_a_new_password_is_passed_on_or_in_doubt() {
    let club = Club::new();
    // Everything but the route for passwords is as it was.
    for (fault, in_doubt) in [
        (Fault::OperationFailed, true),
        (Fault::HtmlPage, true),
        (Fault::Truncated, true),
        (Fault::Down, true),
        (Fault::Unauthorized, false),
        (Fault::Forbidden, false),
    ] {
        club.simulator
            .fault(Rule::from(fault.clone()).below("/account_password"));
        let changed = club.change(PASSWORD, NEW).await;
        assert_eq!(
            matches!(changed, Ok(Change::InDoubt(_))),
            in_doubt,
            "{fault}: {changed:?}"
        );
        let truncated = fault == Fault::Truncated;
        // What was cut off had been done: that is what doubt is for.
        let now = if truncated { NEW } else { PASSWORD };
        club.simulator.heal();
        assert_eq!(decision(&club.login("ada.l", now).await), "yes", "{fault}");
        club.simulator.update(|people| {
            people.user_named("ada.l").unwrap().password = Some(PASSWORD.to_owned());
        });
    }
}

/// Why the route is not used: whoever knows an address takes the account over.
#[tokio::test]
async fn the_forgotten_password_route_gives_anybody_the_account_and_is_never_called() {
    let club = Club::new();
    let asked =
        json!({"forgot_password": true, "identity": "ada.l@mail.example.org", "username": ""});
    let (status, told) = club.raw("POST", "account", &asked).await;
    assert_eq!(status, 200);
    let body = json!({"new_password": NEW, "verify_password": NEW, "reset_token": told["token"]});
    assert_eq!(club.raw("PUT", "account_password/u-1", &body).await.0, 200);
    assert_eq!(decision(&club.login("ada.l", NEW).await), "yes");
    club.simulator.forget_requests();
    club.change(NEW, PASSWORD).await.unwrap();
    club.login("ada.l", PASSWORD).await.unwrap();
    club.all_sessions_ended().await;
    for one in club.simulator.requests() {
        assert!(one.method != "POST" || one.path == "/auth", "{one:?}");
    }
}

/// Why keys are off: after one good use the secret is not looked at any more.
#[tokio::test]
async fn an_api_key_that_was_used_is_taken_with_any_secret_and_also_when_it_was_revoked() {
    let club = Club::new();
    let auth = club.session_auth(ApiKeys::Believed);
    let forged = secret(&format!("KEYID123.{}", "A".repeat(32)));
    assert_eq!(decision(&auth.api_access(&forged).await), "unreachable");
    assert_eq!(auth.api_access(&secret(KEY)).await.unwrap().uid, "u-1");
    assert_eq!(auth.api_access(&forged).await.unwrap().uid, "u-1");
    club.simulator
        .update(|people| people.user_named("ada.l").unwrap().api_keys.clear());
    assert_eq!(decision(&auth.api_access(&forged).await), "yes");
    let off = club.session_auth(ApiKeys::Off);
    assert_eq!(
        decision(&off.api_access(&secret(KEY)).await),
        "misconfigured"
    );
}

#[tokio::test]
async fn the_typed_client_has_the_meaning_of_session_auth() {
    let club = Club::new();
    let auth = club.session_auth(ApiKeys::default());
    assert_eq!(auth.methods().await.unwrap().items, ["local"]);
    let (ada, password) = (user("ada.l"), secret(PASSWORD));
    let login = auth.account_login(&ada, &password, None).await.unwrap();
    assert_eq!(login.standing(), Standing::LoggedIn);
    let params = auth.auth_params(&login).await.unwrap();
    assert_eq!((params.uid.as_str(), params.totp), ("u-1", false));
    assert_eq!(
        auth.get_roles(&login, Some("list"), Some("3f")),
        ["list-3f-invitee", "list-3f-member", "list-3f-manager"]
    );
    let changed = auth.change_password(&login, &password, &secret(NEW)).await;
    assert!(matches!(changed, Ok(Change::Done)), "{changed:?}");
    let (code, name) = (secret("123456"), user("code.c"));
    let pending = auth.account_login(&name, &password, None).await.unwrap();
    assert_eq!(pending.standing(), Standing::CodeWanted);
    assert!(
        auth.auth_params(&pending).await.is_err(),
        "201 is not a login"
    );
    let whole = auth
        .account_login(&name, &password, Some(&code))
        .await
        .unwrap();
    assert_eq!(whole.standing(), Standing::LoggedIn);
    drop((login, pending, whole));
    club.all_sessions_ended().await;
}
