//! muster's Crowd client against the simulated Crowd, over TLS: every verdict, every
//! fault, and a full sync.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::time::Duration;

use common::corp::{Corp, OUR_SECRET, PASSWORD, Simulator, decision, people, secret, settings, us};
use muster_common::directory::crowd::Crowd;
use muster_common::directory::{
    Directory as _, DirectoryError, ImmutableKey, Listed, Listing as _, Projection,
};
use muster_common::name::UserName;
use muster_tests::sim::crowd::{Group, Population, Size, User, generate};
use muster_tests::sim::fault::{Fault, Rule};

/// Whether a login, a probe and a sync all call for `expected`, and give nothing away.
async fn check_everything(corp: &Corp, fault: &Fault, expected: &str) {
    let login = corp.login("ann", PASSWORD).await;
    let probe = corp.crowd.probe().await;
    let sync = corp.crowd.everybody().await;
    for found in [decision(&login), decision(&probe), decision(&sync)] {
        assert_eq!(found, expected, "{fault}");
    }
    let told = format!("{login:?} {probe:?} {sync:?}");
    for hidden in [PASSWORD, OUR_SECRET, "username=", "rest/usermanagement"] {
        assert!(!told.contains(hidden), "{hidden} in {told}");
    }
}

#[tokio::test]
async fn each_person_gets_the_verdict_that_crowd_gives() {
    let corp = Corp::of(people());
    let ann = corp.login("ann", PASSWORD).await.unwrap();
    assert_eq!(ann.name, "Ann");
    assert_eq!(ann.key, ImmutableKey::given("32769:a"));
    for (name, password, expected) in [
        ("ann", "wrong", "refused"),
        ("ghost", PASSWORD, "not found"),
        ("old", PASSWORD, "locked"),
        ("stale", PASSWORD, "expired"),
        ("eve", PASSWORD, "refused"),
        ("ann+ops@example.org", PASSWORD, "yes"),
        ("ann", "\"&<\\\u{1}ü%", "refused"),
    ] {
        assert_eq!(
            decision(&corp.login(name, password).await),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn passwords_of_every_character_arrive_as_they_were_typed() {
    let password = "\"&<>\\ %+#ü\u{1}{}";
    let ann = User::new("ann").password(password);
    let corp = Corp::of(Population::new().application(us()).user(ann));
    assert_eq!(decision(&corp.login("ann", password).await), "yes");
    assert_eq!(
        decision(&corp.login("ann", &password[1..]).await),
        "refused"
    );
}

#[tokio::test]
async fn names_with_every_character_arrive_as_one_parameter() {
    let corp = Corp::of(people());
    let ann = UserName::new("ann").unwrap();
    let eve = UserName::new("eve").unwrap();
    let group = "50% & #1 + more?";
    assert!(corp.crowd.belongs(&ann, group).await.unwrap());
    assert!(!corp.crowd.belongs(&eve, group).await.unwrap());
    let odd = UserName::new("ann+ops@example.org").unwrap();
    assert_eq!(
        corp.crowd.person(&odd).await.unwrap().key,
        ImmutableKey::given("32769:p")
    );
}

/// The groups that hold somebody directly.
fn direct<'a>(projection: &'a Projection, name: &str) -> Vec<&'a str> {
    let person = projection.people.iter().find(|one| one.entry.name == name);
    let places = person.iter().flat_map(|person| &person.groups);
    let team = |place: &u32| projection.teams.get(usize::try_from(*place).ok()?);
    let teams = places.filter_map(team);
    teams.map(|team| team.entry.name.as_str()).collect()
}

#[tokio::test]
async fn a_person_is_found_by_name_with_every_group_that_holds_them() {
    let corp = Corp::of(people());
    let found = corp
        .crowd
        .find(&UserName::new("ann").unwrap())
        .await
        .unwrap();
    assert_eq!(found.person.key, ImmutableKey::given("32769:a"));
    let around: Vec<&str> = found
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    let synced = corp.crowd.everybody().await.unwrap();
    let mut expected: Vec<&str> = synced
        .teams
        .iter()
        .map(|team| team.entry.name.as_str())
        .filter(|team| direct(&synced, &found.person.name).contains(team))
        .collect();
    expected.sort_unstable();
    let mut sorted = around.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "as the full sync says");
    assert!(!around.is_empty());
    let nobody = corp.crowd.find(&UserName::new("nemo").unwrap()).await;
    assert!(
        matches!(nobody, Err(DirectoryError::NotFound)),
        "{nobody:?}"
    );
}

#[tokio::test]
async fn each_fault_is_told_apart_by_what_to_do_about_it() {
    let corp = Corp::of(people());
    for (fault, expected) in [
        (Fault::Down, "unreachable"),
        (Fault::OperationFailed, "unreachable"),
        (Fault::Truncated, "unreachable"),
        (Fault::RateLimited(7), "unreachable"),
        (Fault::HtmlPage, "nonsense"),
        (Fault::Garbage, "nonsense"),
        (Fault::NoVersion, "nonsense"),
        (Fault::Forbidden, "misconfigured"),
        (Fault::Unauthorized, "misconfigured"),
    ] {
        corp.simulator.fault(fault.clone());
        check_everything(&corp, &fault, expected).await;
        corp.simulator.heal();
        let after = corp.login("ann", PASSWORD).await;
        assert_eq!(decision(&after), "yes", "after {fault}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_none() {
    let corp = Corp::with(people(), |settings| {
        settings.timeouts.request = Duration::from_millis(200);
        settings.timeouts.bulk = Duration::from_millis(200);
    });
    for fault in [Fault::Slow(Duration::from_secs(3600)), Fault::Hang] {
        corp.simulator.fault(fault.clone());
        check_everything(&corp, &fault, "unreachable").await;
    }
}

#[tokio::test]
async fn the_pause_that_the_server_wants_is_passed_on() {
    let corp = Corp::of(people());
    corp.simulator.fault(Fault::RateLimited(7));
    let Err(DirectoryError::Unreachable { retry_after, .. }) = corp.crowd.probe().await else {
        panic!("a pause is no answer");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn our_own_wrong_password_is_our_fault_and_nobody_elses() {
    let corp = Corp::of(people());
    let crowd = Crowd::new(settings(&corp.simulator, "not-our-secret")).unwrap();
    let ann = UserName::new("ann").unwrap();
    assert_eq!(
        decision(&crowd.verify(&ann, &secret(PASSWORD)).await),
        "misconfigured"
    );
    let probe = crowd.probe().await;
    assert_eq!(decision(&probe), "misconfigured");
    assert!(!format!("{probe:?}").contains("not-our-secret"));
}

#[tokio::test]
async fn a_server_that_another_authority_vouches_for_is_not_talked_to() {
    let corp = Corp::of(people());
    let other = Simulator::start(people()).unwrap();
    let mut settings = settings(&corp.simulator, OUR_SECRET);
    settings.ca_pem = Some(other.authority_pem().as_bytes().to_vec());
    let crowd = Crowd::new(settings).unwrap();
    let error = crowd.probe().await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unreachable { .. }));
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(corp.simulator.requests().is_empty());
}

#[tokio::test]
async fn a_verdict_about_somebody_else_lets_nobody_in() {
    let corp = Corp::of(people());
    corp.simulator.fault(Fault::WrongName("eve".to_owned()));
    assert_eq!(decision(&corp.login("ann", PASSWORD).await), "nonsense");
}

#[tokio::test]
async fn a_login_is_asked_once_and_without_a_session() {
    let corp = Corp::of(people());
    corp.crowd.probe().await.unwrap();
    corp.crowd.probe().await.unwrap();
    corp.simulator
        .fault(Rule::from(Fault::Down).below("/authentication"));
    assert_eq!(decision(&corp.login("ann", PASSWORD).await), "unreachable");
    corp.simulator.heal();
    assert_eq!(decision(&corp.login("ann", "wrong").await), "refused");
    assert_eq!(decision(&corp.login("ann", PASSWORD).await), "yes");
    let asked: Vec<(String, bool)> = corp
        .simulator
        .requests()
        .into_iter()
        .map(|request| (request.path, request.cookie))
        .collect();
    let expected = [
        ("/config/cookie", false),
        ("/config/cookie", true),
        ("/authentication", false),
        ("/authentication", false),
        ("/authentication", false),
    ];
    assert_eq!(
        asked,
        expected.map(|(path, cookie)| (path.to_owned(), cookie))
    );
}

#[tokio::test]
async fn everybody_is_read_however_many_pages_it_takes() {
    let mut population = generate(Size {
        users: 2_500,
        groups: 50,
    });
    population.add_application(us());
    let corp = Corp::of(population);
    let projection = corp.crowd.everybody().await.unwrap();
    assert_eq!(projection.people.len(), 2_500);
    assert_eq!(projection.teams.len(), 50);
    assert_eq!(projection.remarks, Vec::<String>::new());
    for Listed { entry: person, .. } in &projection.people {
        let number: u32 = person.name.trim_start_matches("user").parse().unwrap();
        assert_eq!(person.uid, Some(20_000 + number));
        assert_eq!(person.shell.as_deref(), Some("/bin/bash"));
    }
    let pages = |entity| {
        let of = |request: &muster_tests::sim::record::Recorded| {
            request.parameter("entity-type") == Some(entity)
        };
        corp.simulator
            .requests()
            .iter()
            .filter(|request| of(request))
            .count()
    };
    assert_eq!(
        (pages("user"), pages("group")),
        (6, 2),
        "until a page is empty"
    );
    let asked_singly = corp
        .simulator
        .requests()
        .iter()
        .filter(|request| request.path == "/user")
        .count();
    assert_eq!(asked_singly, 0);
}

#[tokio::test]
async fn a_full_sync_reads_people_groups_and_nested_members() {
    let population = Population::new()
        .application(us())
        .user(
            User::new("Ann")
                .key("32769:a")
                .attribute("uidNumber", "20001")
                .attribute("gidNumber", "20000")
                .attribute("homeDirectory", "/srv/ann")
                .attribute("sshPublicKey", "ssh-ed25519 AAAA one")
                .attribute("sshPublicKey", "ssh-ed25519 BBBB two"),
        )
        .user(User::new("bob & son").attribute("uidNumber", "020"))
        .user(User::new("old").inactive())
        .group(
            Group::new("All")
                .groups(["dev"])
                .attribute("gidNumber", "30000"),
        )
        .group(Group::new("dev").groups(["ops", "retired"]).users(["ann"]))
        .group(
            Group::new("ops")
                .groups(["all"])
                .users(["bob & son", "old"]),
        )
        .group(Group {
            active: false,
            ..Group::new("retired").users(["old"])
        });
    let projection = Corp::of(population).crowd.everybody().await.unwrap();
    let person = |name: &str| {
        let mut people = projection.people.iter().map(|one| &one.entry);
        people.find(|person| person.name == name).unwrap()
    };
    let ann = person("Ann");
    assert_eq!(ann.key, ImmutableKey::given("32769:a"));
    assert_eq!(
        (ann.uid, ann.gid, ann.home.as_deref()),
        (Some(20_001), Some(20_000), Some("/srv/ann"))
    );
    assert_eq!(
        ann.ssh_keys,
        ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"]
    );
    assert_eq!(person("bob & son").uid, None);
    assert!(!person("old").active && ann.active);
    assert_eq!(
        projection.remarks,
        [r#"user "bob & son": uidNumber "020" is not an id"#]
    );
    for Listed { entry: team, .. } in &projection.teams {
        let expected: &[&str] = match team.name.as_str() {
            "retired" => &[],
            _ => &["Ann", "bob & son", "old"],
        };
        assert_eq!(projection.members(&team.name), expected, "{}", team.name);
        assert_eq!(team.active, team.name != "retired");
        assert_eq!(team.gid, (team.name == "All").then_some(30_000));
    }
}

#[tokio::test]
async fn a_sync_that_fails_half_way_is_no_sync() {
    let mut population = generate(Size {
        users: 1_200,
        groups: 20,
    });
    population.add_application(us());
    let corp = Corp::of(population);
    for (path, fault) in [
        ("/search", Fault::Truncated),
        ("/search", Fault::HtmlPage),
        ("/group/membership", Fault::Truncated),
        ("/group/membership", Fault::Garbage),
        ("/group/membership", Fault::OperationFailed),
        ("/group/membership", Fault::HtmlPage),
    ] {
        corp.simulator.fault(Rule::from(fault.clone()).below(path));
        let error = corp.crowd.everybody().await.unwrap_err();
        assert!(error.is_silence(), "{path} {fault}: {error}");
    }
}
