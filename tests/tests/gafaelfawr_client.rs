//! muster's Gafaelfawr client against the simulated Gafaelfawr, over TLS: every verdict,
//! every fault, and deployments of both sorts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::rubin::{ADMIN, CAROL, READER, ROBOT, VERA, key, observatory};
use muster_common::clock::{Clock as _, ManualClock, SystemClock, Time};
use muster_common::directory::gafaelfawr::{Gafaelfawr, GafaelfawrSettings, TokenType};
use muster_common::directory::{
    Directory as _, DirectoryError, ImmutableKey, ServerVersion, Sighting, Verified,
};
use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_tests::sim::fault::{Fault, Rule};
use muster_tests::sim::gafaelfawr::{
    Population, SERVICE_TOKEN, Token, TokenType as Kind, generate, generated_token,
};

type Simulator = muster_tests::sim::gafaelfawr::Gafaelfawr;

/// A simulated Gafaelfawr and muster's client of it.
struct Rubin {
    simulator: Simulator,
    gafaelfawr: Gafaelfawr,
}

impl Rubin {
    fn of(population: Population) -> Self {
        Self::with(population, |_| {})
    }

    fn with(population: Population, change: impl FnOnce(&mut GafaelfawrSettings)) -> Self {
        let simulator = Simulator::start(population).unwrap();
        let gafaelfawr = Self::client(&simulator, READER, change);
        Self {
            simulator,
            gafaelfawr,
        }
    }

    fn client(
        simulator: &Simulator,
        token: &str,
        change: impl FnOnce(&mut GafaelfawrSettings),
    ) -> Gafaelfawr {
        let url = simulator.url().parse().unwrap();
        let mut settings = GafaelfawrSettings::new(url, secret(token));
        settings.ca_pem = Some(simulator.authority_pem().as_bytes().to_vec());
        change(&mut settings);
        Gafaelfawr::new(settings).unwrap()
    }

    async fn login(&self, name: &str, token: &str) -> Result<Verified, DirectoryError> {
        self.gafaelfawr.verify(&user(name), &secret(token)).await
    }

    async fn find(&self, name: &str) -> Result<Sighting, DirectoryError> {
        self.gafaelfawr.look_up(&user(name)).await
    }

    /// What a login, a look-up and a probe come to, which must give no secret away.
    async fn outcomes(&self) -> [&'static str; 3] {
        let login = self.login("vera", VERA).await;
        let found = self.gafaelfawr.find(&user("vera")).await;
        let probed = self.gafaelfawr.probe().await;
        let told = format!("{login:?} {found:?} {probed:?}");
        assert!(!told.contains("secret"), "{told}");
        [decision(&login), decision(&found), decision(&probed)]
    }
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

/// A token of vera's, made of this letter.
fn of_vera(letter: &str, kind: Kind) -> Token {
    let part = letter.repeat(22);
    Token::new(&format!("gt-{part}.{part}"), "vera", kind).scopes(["exec:login"])
}

/// Which decision an outcome calls for.
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

#[tokio::test]
async fn a_persons_token_lets_in_its_owner_and_nobody_else() {
    let rubin = Rubin::of(observatory());
    let vera = rubin.login("vera", VERA).await.unwrap();
    assert_eq!((vera.name.as_str(), vera.expires), ("vera", None));
    assert_eq!(vera.key, ImmutableKey::given("60001"));
    let sighting = vera.sighting.unwrap();
    assert_eq!(sighting.person.display_name, "Vera Rubin");
    assert_eq!(
        (sighting.person.uid, sighting.person.gid),
        (Some(60001), Some(61000))
    );
    let groups: Vec<_> = sighting
        .groups
        .iter()
        .map(|group| (group.name.as_str(), group.gid))
        .collect();
    assert_eq!(groups, [("g_admins", Some(61001)), ("staff", Some(61000))]);

    let unknown = format!("gt-{}.{}", "k".repeat(22), "s".repeat(22));
    let wrong_secret = format!("gt-{}.{}", key(VERA), "s".repeat(22));
    for (name, token, reason) in [
        ("vera", CAROL, "somebody else's"),
        ("carol", VERA, "somebody else's"),
        ("ver", VERA, "somebody else's"),
        ("vera", READER, "somebody else's"),
        ("vera", &unknown, "does not take"),
        ("vera", &wrong_secret, "does not take"),
        ("vera", "hunter2", "does not look like a token"),
        ("carol", CAROL, "lacks the scope exec:login"),
        ("bot-robot", ROBOT, "of the type service"),
    ] {
        let login = rubin.login(name, token).await;
        assert_eq!(decision(&login), "refused", "{name} {reason}");
        let told = login.unwrap_err().to_string();
        assert!(told.contains(reason), "{told}");
        assert!(
            !told.contains("secret") && !told.contains("hunter2"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_token_that_ends_by_the_servers_clock_or_is_revoked_is_refused() {
    let ends = SystemClock.now().unix() + 600;
    let token = of_vera("e", Kind::User).expires(ends);
    let text = token.token.clone();
    let rubin = Rubin::of(observatory().token(token));
    let vera = rubin.login("vera", &text).await.unwrap();
    assert_eq!(vera.expires, Some(Time::from_unix(ends)));
    rubin.simulator.advance(Duration::from_secs(601));
    assert_eq!(decision(&rubin.login("vera", &text).await), "refused");

    assert_eq!(decision(&rubin.login("vera", VERA).await), "yes");
    rubin
        .simulator
        .update(|population| population.revoke_token(key(VERA)));
    assert_eq!(decision(&rubin.login("vera", VERA).await), "refused");
}

#[tokio::test]
async fn the_hosts_terms_make_it_stricter_and_never_laxer() {
    let now = SystemClock.now().unix();
    let mut token = of_vera("e", Kind::User).expires(now + 600);
    token.created = Some(now - 3600);
    let text = token.token.clone();
    let simulator = Simulator::start(observatory().token(token)).unwrap();
    let check = async |change: fn(&mut GafaelfawrSettings), eternal: &str, ending: &str| {
        let gafaelfawr = Rubin::client(&simulator, READER, change);
        let outcomes = [
            gafaelfawr.verify(&user("vera"), &secret(VERA)).await,
            gafaelfawr.verify(&user("vera"), &secret(&text)).await,
        ];
        assert_eq!(outcomes.each_ref().map(decision), [eternal, ending]);
    };
    check(|_| {}, "yes", "yes").await;
    check(|settings| settings.require_expiry = true, "refused", "yes").await;
    let long = |settings: &mut GafaelfawrSettings| {
        settings.max_token_lifetime = Some(Duration::from_secs(4200));
    };
    check(long, "refused", "yes").await;
    let short = |settings: &mut GafaelfawrSettings| {
        settings.max_token_lifetime = Some(Duration::from_secs(4199));
    };
    check(short, "refused", "refused").await;
    let fast = |settings: &mut GafaelfawrSettings| {
        let later = SystemClock.now().after(Duration::from_secs(3600));
        settings.clock = Arc::new(ManualClock::at(later));
    };
    check(fast, "yes", "doubtful").await;
    let slow = |settings: &mut GafaelfawrSettings| {
        settings.clock = Arc::new(ManualClock::at(Time::from_unix(1)));
    };
    check(slow, "yes", "yes").await;
    let more = |settings: &mut GafaelfawrSettings| settings.scopes.push("user:token".to_owned());
    check(more, "yes", "refused").await;
}

#[tokio::test]
async fn only_types_that_are_allowed_are_let_in_and_delegated_ones_never() {
    let kinds = [
        ("u", Kind::User),
        ("s", Kind::Session),
        ("n", Kind::Notebook),
        ("b", Kind::Service),
        ("i", Kind::Internal),
        ("o", Kind::Oidc),
    ];
    let mut population = observatory();
    for (letter, kind) in kinds {
        population.add_token(of_vera(letter, kind));
    }
    let simulator = Simulator::start(population).unwrap();
    let usual = Rubin::client(&simulator, READER, |_| {});
    let all = Rubin::client(&simulator, READER, |settings| {
        settings.token_types = TokenType::ALL.to_vec();
    });
    for (letter, kind) in kinds {
        let token = secret(&of_vera(letter, kind).token);
        let expected = match kind {
            Kind::User => ["yes", "yes"],
            Kind::Session | Kind::Notebook | Kind::Service => ["refused", "yes"],
            Kind::Internal | Kind::Oidc => ["refused", "refused"],
        };
        let found = [
            usual.verify(&user("vera"), &token).await,
            all.verify(&user("vera"), &token).await,
        ];
        assert_eq!(found.each_ref().map(decision), expected, "{kind:?}");
    }
}

#[tokio::test]
async fn people_are_found_by_name_if_they_have_a_uid() {
    let rubin = Rubin::of(observatory());
    let vera = rubin.find("vera").await.unwrap();
    assert_eq!(vera.person.key, ImmutableKey::given("60001"));
    assert_eq!(vera.groups.len(), 2);
    for name in ["nobody", "carol", "bot-robot", "_apt", "a1"] {
        assert_eq!(decision(&rubin.find(name).await), "not found", "{name}");
    }
    let asked: Vec<String> = rubin
        .simulator
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    let expected = [
        "/users/vera",
        "/users/nobody",
        "/users/carol",
        "/users/bot-robot",
    ];
    assert_eq!(asked, expected);
    assert!(
        rubin
            .simulator
            .requests()
            .iter()
            .all(|request| !request.cookie)
    );
}

#[tokio::test]
async fn each_fault_calls_for_its_decision() {
    let rubin = Rubin::of(observatory());
    assert_eq!(rubin.outcomes().await, ["yes", "yes", "yes"]);
    for (fault, expected) in [
        (Fault::Down, ["unreachable"; 3]),
        (Fault::HtmlPage, ["nonsense"; 3]),
        (Fault::Garbage, ["nonsense"; 3]),
        (Fault::Truncated, ["unreachable"; 3]),
        (Fault::Redirect, ["nonsense"; 3]),
        (Fault::ProxyError(502), ["unreachable"; 3]),
        (Fault::ProxyError(503), ["unreachable"; 3]),
        (Fault::ProxyError(404), ["nonsense"; 3]),
        (Fault::ProxyError(403), ["misconfigured"; 3]),
        (Fault::RateLimited(7), ["unreachable"; 3]),
        (Fault::DateLimited(60), ["unreachable"; 3]),
        (Fault::OperationFailed, ["unreachable"; 3]),
        (Fault::InvalidRequest, ["misconfigured"; 3]),
        (Fault::Forbidden, ["misconfigured"; 3]),
        (
            Fault::Unauthorized,
            ["refused", "misconfigured", "misconfigured"],
        ),
        (Fault::NotInSql, ["refused", "yes", "misconfigured"]),
        (Fault::LdapDown, ["unreachable", "unreachable", "yes"]),
        (
            Fault::WrongName("mallory".to_owned()),
            ["refused", "nonsense", "yes"],
        ),
    ] {
        rubin.simulator.fault(fault.clone());
        assert_eq!(rubin.outcomes().await, expected, "{fault}");
        rubin.simulator.heal();
        assert_eq!(
            rubin.outcomes().await,
            ["yes", "yes", "yes"],
            "after {fault}"
        );
    }
}

#[tokio::test]
async fn somebody_elses_name_for_the_second_question_is_no_success() {
    let rubin = Rubin::of(observatory());
    let wrong = Rule::from(Fault::WrongName("mallory".to_owned()));
    rubin.simulator.fault(wrong.below("/user-info"));
    assert_eq!(decision(&rubin.login("vera", VERA).await), "nonsense");
}

#[tokio::test]
async fn a_hung_user_directory_costs_the_deadline_and_no_more() {
    let rubin = Rubin::with(observatory(), |settings| {
        settings.timeouts.request = Duration::from_millis(400);
        settings.readings_at_once = 1;
        settings.logins_at_once = 1;
    });
    rubin
        .simulator
        .fault(Rule::from(Fault::Hang).below("/user"));
    assert_eq!(decision(&rubin.login("vera", VERA).await), "unreachable");
    let asked: Vec<String> = rubin
        .simulator
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(
        asked,
        ["/token-info", "/user-info"],
        "and nothing was asked twice"
    );
    assert_eq!(decision(&rubin.find("vera").await), "unreachable");
    rubin.simulator.heal();
    assert_eq!(
        decision(&rubin.login("vera", VERA).await),
        "yes",
        "its place is free again"
    );
    assert_eq!(decision(&rubin.find("vera").await), "yes");
}

#[tokio::test]
async fn look_ups_that_hang_do_not_hold_up_logins() {
    let rubin = Rubin::with(observatory(), |settings| settings.readings_at_once = 1);
    rubin
        .simulator
        .fault(Rule::from(Fault::Hang).below("/users"));
    let name = user("vera");
    tokio::select! {
        _ = rubin.gafaelfawr.look_up(&name) => panic!("it hangs"),
        login = rubin.login("vera", VERA) => assert_eq!(decision(&login), "yes"),
    }
}

#[tokio::test]
async fn without_a_user_directory_people_are_known_from_their_logins_only() {
    let mut population = observatory();
    population.ldap = false;
    let token = of_vera("g", Kind::User).ids(51, 51);
    let text = token.token.clone();
    let rubin = Rubin::of(population.token(token));
    let error = rubin.find("vera").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Misconfigured { .. }));
    assert!(error.to_string().contains("LDAP"), "{error}");
    assert_eq!(decision(&rubin.gafaelfawr.probe().await), "yes");

    let vera = rubin.login("vera", &text).await.unwrap();
    assert_eq!(
        vera.sighting.unwrap().person.uid,
        Some(51),
        "for admission to refuse"
    );
    assert_eq!(rubin.find("vera").await.unwrap().person.uid, Some(51));
    let fresh = rubin.gafaelfawr.find(&user("vera")).await;
    assert_eq!(decision(&fresh), "misconfigured");
    assert_eq!(
        decision(&rubin.login("vera", VERA).await),
        "doubtful",
        "no uid"
    );
}

#[tokio::test]
async fn a_changed_uid_is_another_person() {
    let rubin = Rubin::of(observatory());
    assert_eq!(rubin.find("vera").await.unwrap().person.uid, Some(60001));
    rubin
        .simulator
        .update(|population| population.users.get_mut("vera").unwrap().uid = Some(60002));
    let login = rubin.login("vera", VERA).await.unwrap();
    assert_eq!(login.key, ImmutableKey::given("60002"));
    assert_ne!(login.key, ImmutableKey::given("60001"));
    let kept = rubin.find("vera").await.unwrap();
    assert_eq!(
        kept.person.key,
        ImmutableKey::given("60001"),
        "for a few minutes"
    );
    let fresh = rubin.gafaelfawr.find(&user("vera")).await.unwrap();
    assert_eq!(fresh.person.key, ImmutableKey::given("60002"));
    assert_eq!(rubin.find("vera").await.unwrap(), fresh);
}

#[tokio::test]
async fn what_a_token_overrides_shows_in_its_owners_login_and_not_by_name() {
    let token = of_vera("x", Kind::User).ids(777_777, 61000);
    let text = token.token.clone();
    let rubin = Rubin::of(observatory().token(token));
    assert_eq!(rubin.find("vera").await.unwrap().person.uid, Some(60001));
    let login = rubin.login("vera", &text).await.unwrap();
    assert_eq!(
        login.key,
        ImmutableKey::given("777777"),
        "for the broker to refuse"
    );
    assert_eq!(rubin.find("vera").await.unwrap().person.uid, Some(60001));
}

#[tokio::test]
async fn a_probe_tells_a_good_service_token_from_others() {
    let rubin = Rubin::of(observatory());
    assert_eq!(
        rubin.gafaelfawr.probe().await.unwrap(),
        ServerVersion("Gafaelfawr 15.4.1".to_owned())
    );
    let unknown = format!("gt-{}.{}", "k".repeat(22), "s".repeat(22));
    for (token, told) in [(ADMIN, "admin:userinfo"), (unknown.as_str(), "token_file")] {
        let gafaelfawr = Rubin::client(&rubin.simulator, token, |_| {});
        let error = gafaelfawr.probe().await.unwrap_err();
        assert!(matches!(error, DirectoryError::Misconfigured { .. }));
        assert!(error.to_string().contains(told), "{error}");
        let found = gafaelfawr.find(&user("vera")).await;
        assert_eq!(decision(&found), "misconfigured");
        let login = gafaelfawr.verify(&user("vera"), &secret(VERA)).await;
        assert_eq!(decision(&login), "yes", "a login needs nothing of ours");
    }
}

#[tokio::test]
async fn a_server_with_an_unknown_authority_is_not_trusted() {
    let rubin = Rubin::of(observatory());
    let stranger = Simulator::start(observatory()).unwrap();
    let gafaelfawr = Rubin::client(&rubin.simulator, READER, |settings| {
        settings.ca_pem = Some(stranger.authority_pem().as_bytes().to_vec());
    });
    let login = gafaelfawr.verify(&user("vera"), &secret(VERA)).await;
    assert_eq!(decision(&login), "unreachable");
    assert!(rubin.simulator.requests().is_empty());
}

#[tokio::test]
async fn a_large_observatory_answers_for_each_of_its_people() {
    let simulator = Simulator::start(generate(10_000)).unwrap();
    let gafaelfawr = Rubin::client(&simulator, SERVICE_TOKEN, |_| {});
    let name = user("user09999");
    let found = gafaelfawr.find(&name).await.unwrap();
    assert_eq!(found.person.uid, Some(609_999));
    assert_eq!(found.groups[0].name, "g00499");
    let login = gafaelfawr
        .verify(&name, &secret(&generated_token(9_999)))
        .await;
    assert_eq!(login.unwrap().sighting, Some(found));
}
