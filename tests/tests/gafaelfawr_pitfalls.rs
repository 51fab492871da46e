//! Gafaelfawr's pitfalls, at muster's own client and the simulated server; the table in
//! docs/directories.md says which test stands for which.
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
use muster_common::clock::{Clock as _, ManualClock, SystemClock};
use muster_common::directory::gafaelfawr::{
    Api, ApiError, Gafaelfawr, GafaelfawrSettings, Lists, NewServiceToken, ScopesMatch, Whereabouts,
};
use muster_common::directory::{Directory as _, DirectoryError, Projection, Verified};
use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_tests::sim::fault::{Fault, Rule};
use muster_tests::sim::gafaelfawr::{Group, Token, TokenType as Kind, User};

type Simulator = muster_tests::sim::gafaelfawr::Gafaelfawr;

const DISCOVERY: &str = "/repertoire/discovery";

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn client(simulator: &Simulator, change: impl FnOnce(&mut GafaelfawrSettings)) -> Gafaelfawr {
    let url = simulator.url().parse().unwrap();
    let mut settings = GafaelfawrSettings::new(url, secret(READER));
    settings.ca_pem = Some(simulator.authority_pem().as_bytes().to_vec());
    change(&mut settings);
    Gafaelfawr::new(settings).unwrap()
}

/// The paths that were asked for since they were last asked about.
fn asked(simulator: &Simulator) -> Vec<String> {
    let paths = simulator.requests().into_iter().map(|one| one.path);
    let paths = paths.collect();
    simulator.forget_requests();
    paths
}

fn why(login: Result<Verified, DirectoryError>) -> String {
    login.map(|verified| verified.name).unwrap_err().to_string()
}

// ---- Logging in ----

#[tokio::test]
async fn the_checks_of_a_login_come_in_order_and_each_has_its_own_reason() {
    let now = SystemClock.now().unix();
    let made = |letter: &str, name: &str, kind| {
        let part = letter.repeat(22);
        Token::new(&format!("gt-{part}.{part}"), name, kind)
    };
    let text = |letter: &str| format!("gt-{}.{}", letter.repeat(22), letter.repeat(22));
    let mut long = made("l", "vera", Kind::User).scopes(["exec:login"]);
    long.created = Some(now - 100);
    long.expires = Some(now + 10_000_000);
    let population = observatory()
        .token(made("i", "vera", Kind::Internal).scopes(["exec:login"]))
        .token(made("o", "vera", Kind::Oidc))
        .token(made("n", "vera", Kind::User))
        .token(made("s", "carol", Kind::User).scopes(["exec:login"]))
        .token(long);
    let simulator = Simulator::start(population).unwrap();
    let gafaelfawr = client(&simulator, |settings| {
        settings.max_token_lifetime = Some(Duration::from_secs(86_400));
    });
    let check = async |name: &str, token: &str, reason: &str, path: &[&str]| {
        let told = why(gafaelfawr.verify(&user(name), &secret(token)).await);
        assert!(told.contains(reason), "{name} {token}: {told}");
        assert!(!told.contains(token), "only the key is ever told: {told}");
        assert_eq!(asked(&simulator), path, "{reason}");
    };
    // The form, before anything is sent; then the record alone; then the owner.
    check("vera", "hunter2", "does not look like a token", &[]).await;
    check("a1", VERA, "cannot be anybody's", &[]).await;
    let record = &["/token-info"];
    check(
        "vera",
        &text("u"),
        "does not take the token uuuuuuuuuuuuuuuuuuuuuu",
        record,
    )
    .await;
    check("vera", CAROL, "is somebody else's", record).await;
    check("vera", &text("i"), "of the type internal", record).await;
    check("vera", &text("o"), "of the type oidc", record).await;
    check("vera", &text("n"), "lacks the scope exec:login", record).await;
    check("vera", &text("l"), "lives too long", record).await;
    check("vera", VERA, "never expires", record).await;
    let lax = client(&simulator, |_| {});
    let told = why(lax.verify(&user("carol"), &secret(&text("s"))).await);
    assert!(told.contains("has no uid"), "{told}");
    assert_eq!(asked(&simulator), ["/token-info", "/user-info"]);
}

#[tokio::test]
async fn any_of_several_scopes_is_enough_where_that_is_said() {
    let simulator = Simulator::start(observatory()).unwrap();
    let scopes = ["exec:admin", "exec:login"].map(str::to_owned).to_vec();
    let all = client(&simulator, |settings| settings.scopes.clone_from(&scopes));
    let any = client(&simulator, |settings| {
        settings.scopes.clone_from(&scopes);
        settings.scopes_match = ScopesMatch::Any;
    });
    let told = why(all.verify(&user("vera"), &secret(VERA)).await);
    assert!(told.contains("lacks the scope exec:admin"), "{told}");
    any.verify(&user("vera"), &secret(VERA)).await.unwrap();
}

#[tokio::test]
async fn a_login_asks_anew_whatever_is_known() {
    let simulator = Simulator::start(observatory()).unwrap();
    let gafaelfawr = client(&simulator, |_| {});
    for _ in 0..2 {
        gafaelfawr.user_info(&secret(VERA)).await.unwrap();
        gafaelfawr
            .verify(&user("vera"), &secret(VERA))
            .await
            .unwrap();
    }
    assert_eq!(
        asked(&simulator),
        [
            "/user-info",
            "/token-info",
            "/user-info",
            "/token-info",
            "/user-info"
        ]
    );
    simulator.update(|population| population.revoke_token(key(VERA)));
    let told = why(gafaelfawr.verify(&user("vera"), &secret(VERA)).await);
    assert!(told.contains("does not take"), "{told}");
}

#[tokio::test]
async fn a_redirect_to_a_login_page_is_not_followed_with_a_token() {
    let simulator = Simulator::start(observatory()).unwrap();
    let gafaelfawr = client(&simulator, |_| {});
    simulator.fault(Fault::Redirect);
    let login = gafaelfawr.verify(&user("vera"), &secret(VERA)).await;
    assert!(
        matches!(login, Err(DirectoryError::Nonsense { .. })),
        "{login:?}"
    );
    assert_eq!(asked(&simulator), ["/token-info"]);
}

#[tokio::test]
async fn a_pause_that_is_a_date_is_kept() {
    let simulator = Simulator::start(observatory()).unwrap();
    let gafaelfawr = client(&simulator, |_| {});
    simulator.fault(Fault::RateLimited(90));
    let Err(DirectoryError::Unreachable { retry_after, .. }) = gafaelfawr.find(&user("vera")).await
    else {
        panic!("a pause");
    };
    let span = retry_after.unwrap().as_secs();
    assert!((80..=91).contains(&span), "{span}");
}

#[tokio::test]
async fn the_owner_of_a_token_can_be_introduced_and_that_lets_nobody_in() {
    let mut population = observatory();
    population.ldap = false;
    let part = "g".repeat(22);
    let token = Token::new(&format!("gt-{part}.{part}"), "vera", Kind::Session).ids(70_001, 70_001);
    let text = token.token.clone();
    let simulator = Simulator::start(population.token(token)).unwrap();
    let gafaelfawr = client(&simulator, |_| {});
    let introduced = gafaelfawr.introduce(&secret(&text)).await.unwrap();
    assert_eq!(introduced.person.uid, Some(70_001));
    let told = why(gafaelfawr.verify(&user("vera"), &secret(&text)).await);
    assert!(told.contains("of the type session"), "{told}");
    let nobody = gafaelfawr.introduce(&secret(CAROL)).await;
    assert!(
        matches!(nobody, Err(DirectoryError::NotFound)),
        "{nobody:?}"
    );
    let typed = gafaelfawr.introduce(&secret("hunter2")).await;
    assert!(
        matches!(typed, Err(DirectoryError::Refused(_))),
        "{typed:?}"
    );
}

// ---- Everybody at once ----

async fn everybody(gafaelfawr: &Gafaelfawr) -> Result<Projection, DirectoryError> {
    gafaelfawr.listing().unwrap().everybody().await
}

fn names(projection: &Projection) -> Vec<&str> {
    let people = projection.people.iter();
    people.map(|one| one.entry.name.as_str()).collect()
}

#[tokio::test]
async fn everybody_with_a_uid_is_listed_with_the_groups_that_they_name_themselves() {
    let population = observatory()
        .user(User::new("ada", 60_002, 61_000))
        .group(Group::new("bad", 0).members(["ada"]));
    let simulator = Simulator::start(population).unwrap();
    let gafaelfawr = client(&simulator, |_| {});
    assert_eq!(gafaelfawr.listing().unwrap().missing().await.unwrap(), None);
    let read = everybody(&gafaelfawr).await.unwrap();
    assert_eq!(names(&read), ["ada", "vera"], "carol has no uid");
    assert_eq!(read.members("g_admins"), ["vera"]);
    assert_eq!(
        read.members("staff"),
        ["ada", "vera"],
        "the primary group's members"
    );
    let teams: Vec<_> = read
        .teams
        .iter()
        .map(|one| one.entry.gid.unwrap())
        .collect();
    assert!(!teams.contains(&0) && teams.contains(&61_002), "{teams:?}");
    assert!(read.remarks.iter().any(|line| line.contains("no uid")));
}

#[tokio::test]
async fn servers_without_lists_say_so_and_others_are_in_trouble() {
    let mut github = observatory();
    github.ldap = false;
    let mut old = observatory();
    old.lists = false;
    for (population, word) in [(github, "LDAP"), (old, "15.4.0")] {
        let simulator = Simulator::start(population).unwrap();
        let auto = client(&simulator, |_| {});
        let missing = auto.listing().unwrap().missing().await.unwrap();
        assert!(missing.unwrap().contains(word), "{missing:?}");
        let always = client(&simulator, |settings| settings.lists = Lists::Always);
        let fault = always.listing().unwrap().missing().await.unwrap_err();
        assert!(
            matches!(fault, DirectoryError::Misconfigured { .. }),
            "{fault}"
        );
        let never = client(&simulator, |settings| settings.lists = Lists::Never);
        assert!(never.listing().is_none());
    }
    let simulator = Simulator::start(observatory()).unwrap();
    let gafaelfawr = client(&simulator, |_| {});
    for fault in [
        Fault::HtmlPage,
        Fault::OperationFailed,
        Fault::LdapDown,
        Fault::Forbidden,
        Fault::Redirect,
        Fault::ProxyError(404),
        Fault::Truncated,
    ] {
        simulator.fault(fault.clone());
        let missing = gafaelfawr.listing().unwrap().missing().await;
        assert!(
            missing.as_ref().is_err_and(DirectoryError::is_silence),
            "{fault}: {missing:?}"
        );
    }
}

#[tokio::test]
async fn a_list_that_is_empty_or_breaks_off_lists_nobody_and_removes_nobody() {
    let simulator = Simulator::start(observatory()).unwrap();
    let gafaelfawr = client(&simulator, |_| {});
    for fault in [
        Fault::EmptyUsers,
        Fault::Truncated,
        Fault::OperationFailed,
        Fault::LdapDown,
    ] {
        simulator.fault(Rule::from(fault.clone()).below("/users"));
        let read = everybody(&gafaelfawr).await;
        assert!(
            read.as_ref().is_err_and(DirectoryError::is_silence),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_list_may_take_longer_than_a_question_and_not_for_ever() {
    let simulator = Simulator::start(observatory()).unwrap();
    let gafaelfawr = client(&simulator, |settings| {
        settings.timeouts.request = Duration::from_millis(100);
        settings.timeouts.bulk = Duration::from_secs(30);
    });
    simulator.fault(Rule::from(Fault::Slow(Duration::from_millis(600))).below("/users"));
    assert!(everybody(&gafaelfawr).await.is_ok());
    let hasty = client(&simulator, |settings| {
        settings.timeouts.bulk = Duration::from_millis(300);
    });
    simulator.fault(Rule::from(Fault::Hang).below("/users"));
    let read = everybody(&hasty).await;
    assert!(matches!(read, Err(DirectoryError::Unreachable { .. })));
}

// ---- Repertoire ----

fn found_by(simulator: &Simulator, clock: &Arc<ManualClock>, allow: &[&str]) -> Gafaelfawr {
    client(simulator, |settings| {
        let url = format!("{}/repertoire/", simulator.url().trim_end_matches('/'));
        settings.server = Whereabouts::Repertoire {
            url: url.parse().unwrap(),
            allow: allow.iter().map(|host| host.parse().unwrap()).collect(),
        };
        settings.clock = Arc::clone(clock) as Arc<_>;
    })
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemClock.now()))
}

#[tokio::test]
async fn repertoire_is_asked_every_five_minutes_and_its_last_answer_outlives_it() {
    let simulator = Simulator::start(observatory()).unwrap();
    let clock = clock();
    let gafaelfawr = found_by(&simulator, &clock, &[]);
    let login = async || gafaelfawr.verify(&user("vera"), &secret(VERA)).await;
    login().await.unwrap();
    login().await.unwrap();
    let pair = ["/token-info", "/user-info"];
    assert_eq!(asked(&simulator), [&[DISCOVERY][..], &pair, &pair].concat());
    clock.advance(Duration::from_secs(301));
    login().await.unwrap();
    assert_eq!(asked(&simulator)[0], DISCOVERY);

    for fault in [
        Fault::Down,
        Fault::HtmlPage,
        Fault::NoDiscovery,
        Fault::Hang,
    ] {
        clock.advance(Duration::from_secs(301));
        simulator.fault(Rule::from(fault.clone()).below(DISCOVERY));
        login().await.unwrap();
        // A connection that was cut is tried once more.
        let (discovered, rest): (Vec<_>, Vec<_>) = asked(&simulator)
            .into_iter()
            .partition(|path| path == DISCOVERY);
        assert!(matches!(discovered.len(), 1 | 2), "{fault}");
        assert_eq!(rest, pair, "{fault}");
        login().await.unwrap();
        assert_eq!(
            asked(&simulator),
            pair,
            "it is left alone for a while: {fault}"
        );
    }
}

#[tokio::test]
async fn a_repertoire_that_knows_no_gafaelfawr_is_a_failure_of_its_own() {
    let simulator = Simulator::start(observatory()).unwrap();
    let gafaelfawr = found_by(&simulator, &clock(), &[]);
    simulator.fault(Fault::NoDiscovery);
    let told = why(gafaelfawr.verify(&user("vera"), &secret(VERA)).await);
    assert!(told.contains("knows no Gafaelfawr"), "{told}");
    let gafaelfawr = Arc::new(gafaelfawr);
    let many: Vec<_> = (0..20)
        .map(|_| {
            let gafaelfawr = Arc::clone(&gafaelfawr);
            tokio::spawn(async move { gafaelfawr.find(&user("vera")).await })
        })
        .collect();
    for outcome in many {
        let outcome = outcome.await.unwrap();
        assert!(outcome.is_err_and(|error| error.is_silence()));
    }
    assert_eq!(
        asked(&simulator),
        [DISCOVERY],
        "everybody shares one failure for some seconds"
    );
}

#[tokio::test]
async fn tokens_do_not_follow_a_repertoire_to_another_host_unless_that_is_named() {
    let thief = Simulator::start(observatory()).unwrap();
    let simulator = Simulator::start(observatory()).unwrap();
    let elsewhere = format!("{}/auth/api/v1", thief.url().trim_end_matches('/'));
    let clock = clock();
    let gafaelfawr = found_by(&simulator, &clock, &[]);
    gafaelfawr
        .verify(&user("vera"), &secret(VERA))
        .await
        .unwrap();
    simulator.update(|population| population.discovered = Some(elsewhere.clone()));
    clock.advance(Duration::from_secs(301));
    gafaelfawr
        .verify(&user("vera"), &secret(VERA))
        .await
        .unwrap();
    assert_eq!(asked(&thief), [""; 0], "the former answer stands");

    let new = found_by(&simulator, &clock, &[]);
    let told = why(new.verify(&user("vera"), &secret(VERA)).await);
    assert!(told.contains("repertoire_allow"), "{told}");
    assert_eq!(asked(&thief), [""; 0]);

    let address = thief.address().to_string();
    let named = found_by(&simulator, &clock, &[&address]);
    let login = named.verify(&user("vera"), &secret(VERA)).await;
    // It is asked, and not believed: its certificate is of another authority.
    assert!(
        matches!(login, Err(DirectoryError::Unreachable { .. })),
        "{login:?}"
    );
}

// ---- The typed API ----

fn api(simulator: &Simulator) -> Api {
    let url = simulator.url().parse().unwrap();
    let authority = simulator.authority_pem().as_bytes().to_vec();
    Api::new(Whereabouts::Url(url), Some(authority)).unwrap()
}

#[tokio::test]
async fn the_api_reads_everything_that_the_server_tells() {
    let simulator = Simulator::start(observatory()).unwrap();
    let api = api(&simulator);
    let (reader, vera) = (secret(READER), secret(VERA));
    assert_eq!(api.health().await.unwrap().status, "healthy");
    let own = api.user_info(&vera).await.unwrap();
    assert_eq!(
        (own.uid, own.name.as_deref()),
        (Some(60_001), Some("Vera Rubin"))
    );
    assert_eq!(api.user(&reader, "vera").await.unwrap().groups, own.groups);
    assert_eq!(
        api.user(&vera, "vera").await.unwrap().uid,
        Some(60_001),
        "oneself needs no scope"
    );
    for name in ["nobody", "carol"] {
        let missing = api.user(&reader, name).await;
        assert!(
            matches!(missing, Err(ApiError::NotFound)),
            "{name}: {missing:?}"
        );
    }
    assert_eq!(api.user_info(&secret(CAROL)).await.unwrap().uid, None);
    let record = api.token_info(&vera).await.unwrap();
    assert_eq!(
        (record.token.as_str(), record.token_type.as_str()),
        (key(VERA), "user")
    );
    assert_eq!(api.users(&reader).await.unwrap().len(), 2);
    assert_eq!(
        api.groups(&reader).await.unwrap().system.len()
            + api.groups(&reader).await.unwrap().user.len(),
        3
    );
    let robot = api.user_info(&secret(ROBOT)).await.unwrap();
    assert_eq!(
        robot.uid,
        Some(100_007),
        "what a token holds shows to its holder"
    );
    let by_name = api.user(&reader, "bot-robot").await;
    assert!(
        matches!(by_name, Err(ApiError::NotFound)),
        "and not by name"
    );
}

#[tokio::test]
async fn the_api_tells_refusals_apart_and_a_bogus_token_reads_nothing_that_is_kept() {
    let simulator = Simulator::start(observatory()).unwrap();
    let api = api(&simulator);
    api.user(&secret(READER), "vera").await.unwrap();
    let bogus = format!("gt-{}.{}", "k".repeat(22), "s".repeat(22));
    let refused = api.user(&secret(&bogus), "vera").await.unwrap_err();
    assert_eq!(refused.to_string(), "HTTP 401 invalid_token");
    let refused = api.users(&secret(VERA)).await.unwrap_err();
    assert_eq!(refused.to_string(), "HTTP 403 permission_denied");
    simulator.fault(Fault::LdapDown);
    let sick = api.user(&secret(READER), "ada").await.unwrap_err();
    assert!(
        matches!(
            sick,
            ApiError::Web {
                status: 500,
                kind: None
            }
        ),
        "{sick}"
    );
    simulator.fault(Fault::Redirect);
    let page = api.token_info(&secret(VERA)).await.unwrap_err();
    assert!(matches!(page, ApiError::Directory(_)), "{page}");
    simulator.heal();
    simulator.update(|population| population.ldap = false);
    let ldap = api.users(&secret(READER)).await.unwrap_err();
    assert_eq!(ldap.to_string(), "HTTP 404 not_supported");
}

#[tokio::test]
async fn a_service_token_that_the_api_makes_is_good() {
    let simulator = Simulator::start(observatory()).unwrap();
    let api = api(&simulator);
    let wanted = NewServiceToken {
        username: "bot-muster".to_owned(),
        scopes: vec!["admin:userinfo".to_owned()],
        ..NewServiceToken::default()
    };
    let made = api
        .create_service_token(&secret(ADMIN), &wanted)
        .await
        .unwrap();
    assert_eq!(api.user(&made, "vera").await.unwrap().uid, Some(60_001));
    let record = api.token_info(&made).await.unwrap();
    assert_eq!(
        (record.token_type.as_str(), record.username.as_str()),
        ("service", "bot-muster")
    );
    let refused = api
        .create_service_token(&secret(READER), &wanted)
        .await
        .unwrap_err();
    assert_eq!(refused.to_string(), "HTTP 403 permission_denied");
    let unknown = NewServiceToken {
        scopes: vec!["no:such".to_owned()],
        ..wanted
    };
    let refused = api
        .create_service_token(&secret(ADMIN), &unknown)
        .await
        .unwrap_err();
    assert_eq!(refused.to_string(), "HTTP 422 invalid_scopes");
}

#[tokio::test]
async fn one_slow_person_holds_up_nobody_else() {
    let simulator = Simulator::start(observatory()).unwrap();
    let api = api(&simulator);
    simulator.fault(Rule::from(Fault::Hang).below("/users/ada"));
    let (reader, other) = (secret(READER), secret(READER));
    tokio::select! {
        _ = api.user(&reader, "ada") => panic!("it hangs"),
        vera = api.user(&other, "vera") => assert_eq!(vera.unwrap().uid, Some(60_001)),
    }
}
