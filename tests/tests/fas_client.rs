//! muster's FAS client against the simulated FAS, over TLS: every verdict, every
//! fault, and a full sync.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::sync::Arc;
use std::time::Duration;

use muster_common::directory::fas::{Fas, FasSettings, Otp};
use muster_common::directory::questions::{QuestionError, Questions as _};
use muster_common::directory::{
    Directory as _, DirectoryError, ImmutableKey, Listed, Listing as _, Projection, Verified,
};
use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_tests::sim::fas::{Group, Population, SERVICE_USER, Status, User, generate};
use muster_tests::sim::fault::{Fault, Rule};
use muster_tests::sim::record::Recorded;
use muster_tests::sim::size::Size;

type Simulator = muster_tests::sim::fas::Fas;

const PASSWORD: &str = "correct horse & battery+";
const OUR_SECRET: &str = "our-own-secret";

/// A simulated FAS and muster's client of it.
struct Fedora {
    simulator: Simulator,
    fas: Fas,
}

impl Fedora {
    fn of(population: Population) -> Self {
        Self::with(population, |_| {})
    }

    fn with(population: Population, change: impl FnOnce(&mut FasSettings)) -> Self {
        let simulator = Simulator::start(population).unwrap();
        let mut settings = settings(&simulator, "hosts", OUR_SECRET);
        change(&mut settings);
        let fas = Fas::new(settings).unwrap();
        Self { simulator, fas }
    }

    async fn login(&self, name: &str, password: &str) -> Result<Verified, DirectoryError> {
        self.fas.verify(&user(name), &secret(password)).await
    }

    async fn everybody(&self) -> Projection {
        self.fas.everybody().await.unwrap()
    }

    /// The requests to this page.
    fn requests(&self, path: &str) -> Vec<Recorded> {
        let all = self.simulator.requests();
        all.into_iter().filter(|one| one.path == path).collect()
    }

    /// How often the service account has logged in.
    fn our_logins(&self) -> usize {
        let logins = self.requests("/login");
        let ours = |one: &&Recorded| one.person.as_deref() == Some("hosts");
        logins.iter().filter(ours).count()
    }
}

fn settings(simulator: &Simulator, name: &str, our_secret: &str) -> FasSettings {
    let url = simulator.url().parse().unwrap();
    let mut settings = FasSettings::new(url, name.to_owned(), secret(our_secret));
    settings.ca_pem = Some(simulator.authority_pem().as_bytes().to_vec());
    // A fault that is over must be seen to be over.
    settings.login_pause = Duration::ZERO;
    settings
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

fn people() -> Population {
    let keys = "ssh-ed25519 AAAA one\r\nssh-rsa BBBB two\n";
    Population::new()
        .user(User::new(100_001, "hosts").password(OUR_SECRET))
        .user(User::new(100_101, "ada").password(PASSWORD).ssh_key(keys))
        .user(User::new(100_102, "bob").password("bobs password"))
        .user(User::new(100_103, "shy").password("pw").private())
        .user(
            User::new(100_104, "gone")
                .password("pw")
                .status(Status::Inactive),
        )
        .user(
            User::new(100_105, "banned")
                .password("pw")
                .status(Status::AdminDisabled),
        )
        .user(
            User::new(100_106, "robot")
                .password("pw")
                .status(Status::Bot),
        )
        .group(Group::new(100_200, "thirdparty").users(["hosts"]))
        .group(
            Group::new(100_201, "sysadmin-main")
                .administrators(["ada"])
                .sponsors(["shy"])
                .users(["gone", "robot"])
                .unapproved(["bob"]),
        )
        .group(Group::new(100_202, "empty"))
}

/// Which decision an outcome calls for.
fn decision<T>(outcome: &Result<T, DirectoryError>) -> &'static str {
    match outcome {
        Ok(_) => "yes",
        Err(DirectoryError::Refused(_)) => "refused",
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
async fn each_person_gets_the_verdict_that_fas_gives() {
    let fedora = Fedora::of(people());
    let ada = fedora.login("ada", PASSWORD).await.unwrap();
    assert_eq!(ada.name, "ada");
    assert_eq!(ada.key, ImmutableKey::given("100101"));
    let sighting = ada.sighting.unwrap();
    assert_eq!(sighting.person.ssh_keys.len(), 2);
    assert_eq!(sighting, fedora.fas.find(&user("ada")).await.unwrap());
    for (name, password, expected) in [
        ("ada", "wrong", "refused"),
        ("Ada", PASSWORD, "refused"),
        ("nobody", PASSWORD, "refused"),
        ("gone", "pw", "refused"),
        ("banned", "pw", "refused"),
        ("robot", "pw", "yes"),
        ("shy", "pw", "yes"),
        ("ada@example.org", PASSWORD, "refused"),
        ("ada@mail.example.org", PASSWORD, "refused"),
    ] {
        assert_eq!(
            decision(&fedora.login(name, password).await),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_only_with_the_right_password() {
    let code = "cccccccfhcbelrhifnjrrddcgrburluurftrgfdrdifj";
    let next = "cccccccfhcbetjrkgkilnlukcrdebbbvivnukgcbutil";
    let foreign = "ccccccbchvthlivuitriujjifivbvtrjkjfirllluurj";
    let eve = User::new(100_107, "eve")
        .password("pw")
        .yubikey("cccccccfhcbe");
    let mia = User::new(100_108, "mia")
        .password("pw")
        .appended_codes(["123456"]);
    let people = || people().user(eve.clone()).user(mia.clone());
    let by_field = Fedora::with(people(), |settings| settings.otp = Otp::Field);
    for (name, password, typed, expected) in [
        ("eve", "wrong", code, "refused"),
        ("eve", "pw", code, "yes"),
        ("eve", "pw", code, "refused"),
        ("eve", "pw", foreign, "refused"),
        ("eve", "pw", next, "yes"),
        ("bob", "bobs password", next, "refused"),
    ] {
        let (name, password, typed) = (user(name), secret(password), secret(typed));
        let fas = &by_field.fas;
        let outcome = fas.verify_with_code(&name, &password, &typed).await;
        assert_eq!(decision(&outcome), expected, "{typed:?}");
    }
    // The service account is no person: it goes in without a code.
    by_field.fas.probe().await.unwrap();
    let behind = Fedora::with(people(), |settings| settings.otp = Otp::Append);
    for expected in ["yes", "refused"] {
        let (mia, pw, typed) = (user("mia"), secret("pw"), secret("123456"));
        let outcome = behind.fas.verify_with_code(&mia, &pw, &typed).await;
        assert_eq!(decision(&outcome), expected);
    }
    assert_eq!(decision(&behind.login("mia", "pw").await), "refused");
}

#[tokio::test]
async fn an_administrators_questions_are_answered_and_no_answer_holds_a_hash() {
    let mut people = people();
    // An account that FAS shows everything to.
    people.add_group(Group::new(100_300, "fas-system").users(["hosts"]));
    let fedora = Fedora::of(people);
    for (question, arguments, part) in [
        ("person_by_username", &["ada"][..], r#""id":100101"#),
        ("person_by_id", &["100101"], r#""username":"ada""#),
        (
            "people_by_key",
            &["username", "a*", "status"],
            r#"{"ada":{"status":"active"}}"#,
        ),
        (
            "people_by_key",
            &["username", "*"],
            r#""ssh_key":"ssh-ed25519"#,
        ),
        ("people_by_groupname", &["sysadmin-main"], r#""id":100101"#),
        (
            "people_query",
            &["username", "group=sysadmin-main"],
            r#"{"username":"bob"}"#,
        ),
        (
            "group_by_name",
            &["sysadmin-main"],
            r#""role_status":"unapproved""#,
        ),
        ("group_by_id", &["100201"], r#""name":"sysadmin-main""#),
        (
            "group_members",
            &["sysadmin-main"],
            r#""role_type":"administrator""#,
        ),
        ("group_list", &["sys*"], r#""memberships":{}"#),
        (
            "group_list",
            &["sys*", "with_members"],
            r#""person_id":100101"#,
        ),
        ("group_data", &[], r#""type":"#),
        (
            "group_data",
            &["force_refresh"],
            r#""administrators":[100101]"#,
        ),
        ("user_data", &[], r#""100101":{"#),
        ("user_id", &[], r#""100104":"gone""#),
        ("get_config", &["hosts", "openid", "x"], "null"),
        ("get_configs_like", &["hosts", "openid", "*"], "{}"),
        ("avatar_url", &["ada", "libravatar"], "https://"),
    ] {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let answer = fedora.fas.answer(question, &arguments).await.unwrap();
        let answer = answer.to_string();
        assert!(answer.contains(part), "{question}: {answer}");
        assert!(
            !answer.contains("$6$") && !answer.contains("password"),
            "{answer}"
        );
    }
    for (question, arguments) in [
        ("set_config", &["hosts", "openid", "x", "y"][..]),
        ("person_by_id", &["ada"]),
        ("people_query", &["password"]),
        ("people_query", &["username", "group"]),
        ("people_by_key", &["username", "*", "password"]),
        ("group_data", &["x"]),
        ("", &[]),
    ] {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let refused = fedora.fas.answer(question, &arguments).await;
        assert!(
            matches!(refused, Err(QuestionError::Unfit(_))),
            "{question}"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_for_the_log_that_the_account_is_said_to_have_expired() {
    let fedora = Fedora::of(people());
    let refused = fedora.login("gone", "pw").await.unwrap_err();
    let DirectoryError::Refused(refusal) = refused else {
        panic!("{refused}");
    };
    assert!(
        refusal.certain && refusal.reason.contains("expired"),
        "{refusal:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_beside_a_live_session_is_wrong() {
    let fedora = Fedora::of(people());
    fedora.fas.probe().await.unwrap();
    fedora.login("ada", PASSWORD).await.unwrap();
    fedora.fas.probe().await.unwrap();
    let outcome = fedora.login("bob", "wrong").await;
    assert_eq!(decision(&outcome), "refused");
    for login in fedora.requests("/login") {
        assert_eq!((login.cookie, login.token), (false, false), "{login:?}");
        assert_eq!(login.method, "POST");
    }
    for home in fedora.requests("/home") {
        assert_eq!((home.cookie, home.token, home.person), (true, true, None));
    }
}

#[tokio::test]
async fn passwords_of_every_character_arrive_as_they_were_typed() {
    let password = "\"&<>\\ %+#ü=;\u{1}{}";
    let fedora = Fedora::of(people().user(User::new(7, "eve").password(password)));
    assert_eq!(decision(&fedora.login("eve", password).await), "yes");
    assert_eq!(
        decision(&fedora.login("eve", &password[1..]).await),
        "refused"
    );
}

#[tokio::test]
async fn somebody_who_is_not_in_use_is_found_and_not_active_and_nobody_is_not_found() {
    let fedora = Fedora::of(people());
    for (name, active) in [
        ("ada", true),
        ("robot", true),
        ("gone", false),
        ("banned", false),
    ] {
        let sighting = fedora.fas.find(&user(name)).await.unwrap();
        assert_eq!(sighting.person.active, active, "{name}");
        let id = sighting.person.uid.unwrap();
        assert_eq!(fedora.fas.person_with_id(id).await.unwrap(), sighting);
    }
    for name in ["nobody", "Ada", "ada@example.org"] {
        assert_eq!(
            decision(&fedora.fas.find(&user(name)).await),
            "not found",
            "{name}"
        );
    }
    assert_eq!(decision(&fedora.fas.person_with_id(7).await), "not found");
    let bob = fedora.fas.find(&user("bob")).await.unwrap();
    assert!(bob.groups.is_empty(), "an applicant is no member");
}

#[tokio::test]
async fn a_group_is_found_with_its_members_and_an_unknown_one_is_not_an_empty_one() {
    let fedora = Fedora::of(people());
    let roster = fedora.fas.group("sysadmin-main").await.unwrap();
    assert_eq!(roster.team.gid, Some(100_201));
    assert_eq!(roster.members, ["ada", "shy", "gone", "robot"]);
    assert_eq!(fedora.fas.group_with_id(100_201).await.unwrap(), roster);
    assert!(fedora.fas.group("empty").await.unwrap().members.is_empty());
    for name in ["nothing", "Sysadmin-main", "", "..", "a/b"] {
        assert_eq!(
            decision(&fedora.fas.group(name).await),
            "not found",
            "{name}"
        );
    }
    assert_eq!(decision(&fedora.fas.group_with_id(7).await), "not found");
}

#[tokio::test]
async fn everybody_who_is_active_is_read_with_keys_and_every_group_with_them() {
    let fedora = Fedora::of(people());
    let projection = fedora.everybody().await;
    let names: Vec<_> = projection
        .people
        .iter()
        .map(|person| person.entry.name.as_str())
        .collect();
    assert_eq!(names, ["hosts", "ada", "bob", "shy"]);
    let ada = &projection.people[1].entry;
    assert_eq!(ada.ssh_keys, ["ssh-ed25519 AAAA one", "ssh-rsa BBBB two"]);
    assert_eq!(
        (ada.uid, ada.gid, &ada.home, &ada.shell),
        (Some(100_101), None, &None, &None)
    );
    for Listed { entry: person, .. } in &projection.people {
        let sighting = fedora.fas.find(&user(&person.name)).await.unwrap();
        assert_eq!(&sighting.person, person, "read alone or with all others");
    }
    let teams: Vec<_> = projection
        .teams
        .iter()
        .map(|team| {
            let name = team.entry.name.as_str();
            (name, team.entry.gid, projection.members(name).join(" "))
        })
        .collect();
    assert_eq!(
        teams,
        [
            ("empty", Some(100_202), String::new()),
            ("sysadmin-main", Some(100_201), "ada shy".to_owned()),
            ("thirdparty", Some(100_200), "hosts".to_owned()),
        ]
    );
    assert_eq!(
        projection.remarks,
        ["2 memberships of people who are not active left out"]
    );
}

#[tokio::test]
async fn whoever_left_a_group_has_left_it_at_once() {
    for (force_refresh, expected) in [(true, "shy"), (false, "ada shy")] {
        let fedora = Fedora::with(people(), |settings| settings.force_refresh = force_refresh);
        fedora.everybody().await;
        fedora.simulator.update(|people| {
            people
                .groups
                .get_mut("sysadmin-main")
                .unwrap()
                .remove("ada")
        });
        let projection = fedora.everybody().await;
        let members = projection.members("sysadmin-main").join(" ");
        assert_eq!(members, expected, "asked to refresh: {force_refresh}");
    }
}

#[tokio::test]
async fn rights_that_are_too_large_or_too_small_are_remarked_on() {
    for (groups, expected) in [
        (vec!["fas-system"], "password hashes"),
        (vec![], "nobody's SSH keys"),
    ] {
        let mut people = people();
        people.groups.remove("thirdparty");
        for name in groups {
            people.add_group(Group::new(100_300, name).users(["hosts"]));
        }
        let projection = Fedora::of(people).everybody().await;
        let remarks = projection.remarks.join("\n");
        assert!(remarks.contains(expected), "{remarks}");
        assert!(!format!("{projection:?}").contains("$6$"));
    }
}

#[tokio::test]
async fn each_fault_is_told_apart_by_what_to_do_about_it() {
    let fedora = Fedora::of(people());
    fedora.fas.probe().await.unwrap();
    // Logins, then everything that is read in the session.
    for (fault, login, reading) in [
        (Fault::Down, "unreachable", "unreachable"),
        (Fault::OperationFailed, "unreachable", "unreachable"),
        (Fault::Truncated, "unreachable", "unreachable"),
        (Fault::RateLimited(7), "unreachable", "unreachable"),
        (Fault::HtmlPage, "nonsense", "nonsense"),
        (Fault::Garbage, "nonsense", "nonsense"),
        (Fault::ApplicationError, "nonsense", "nonsense"),
        (Fault::Forbidden, "misconfigured", "misconfigured"),
        (Fault::ExpiredSessions, "yes", "misconfigured"),
        (Fault::NotInGroup, "yes", "misconfigured"),
        (Fault::Unauthorized, "refused", "yes"),
        (Fault::NoCookie, "yes", "yes"),
        (Fault::WrongName("bob".to_owned()), "nonsense", "yes"),
    ] {
        fedora.simulator.fault(fault.clone());
        let outcome = fedora.login("ada", PASSWORD).await;
        assert_eq!(decision(&outcome), login, "{fault}");
        let mut told = format!("{:?}", outcome.err());
        let probe = fedora.fas.probe().await.map(drop);
        let find = fedora.fas.find(&user("ada")).await.map(drop);
        let everybody = fedora.fas.everybody().await.map(drop);
        for outcome in [probe, find, everybody] {
            assert_eq!(decision(&outcome), reading, "{fault}");
            told.push_str(&format!("{outcome:?}"));
        }
        for hidden in [PASSWORD, OUR_SECRET, "$6$", "username=", "_csrf"] {
            assert!(!told.contains(hidden), "{hidden} in {told}");
        }
        fedora.simulator.heal();
        assert_eq!(
            decision(&fedora.login("ada", PASSWORD).await),
            "yes",
            "after {fault}"
        );
        fedora.fas.probe().await.unwrap();
    }
}

#[tokio::test]
async fn an_empty_list_of_users_is_passed_on_for_the_broker_to_hold_back() {
    let fedora = Fedora::of(people());
    fedora.simulator.fault(Fault::EmptyUsers);
    let projection = fedora.everybody().await;
    assert!(projection.people.is_empty());
    assert_eq!(projection.teams.len(), 3);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_none() {
    let fedora = Fedora::with(people(), |settings| {
        settings.timeouts.request = Duration::from_millis(200);
        settings.timeouts.bulk = Duration::from_millis(200);
    });
    for fault in [Fault::Slow(Duration::from_secs(3600)), Fault::Hang] {
        fedora.simulator.fault(fault);
        assert_eq!(
            decision(&fedora.login("ada", PASSWORD).await),
            "unreachable"
        );
        assert_eq!(decision(&fedora.fas.probe().await), "unreachable");
        assert_eq!(decision(&fedora.fas.everybody().await), "unreachable");
    }
}

#[tokio::test]
async fn the_session_is_opened_once_and_again_when_fas_has_forgotten_it() {
    let fedora = Fedora::of(people());
    for _ in 0..3 {
        fedora.fas.probe().await.unwrap();
    }
    fedora.everybody().await;
    assert_eq!(fedora.our_logins(), 1);
    fedora.simulator.expire_sessions();
    fedora.everybody().await;
    assert_eq!(fedora.our_logins(), 2);
    fedora.simulator.advance(Duration::from_secs(21 * 60));
    fedora.fas.find(&user("ada")).await.unwrap();
    assert_eq!(fedora.our_logins(), 3);
    fedora
        .simulator
        .fault(Rule::from(Fault::ExpiredSessions).times(1));
    fedora.fas.find(&user("ada")).await.unwrap();
    assert_eq!(fedora.our_logins(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_questions_when_fas_has_forgotten_the_session_make_one_login() {
    let fedora = Fedora::of(people());
    fedora.fas.probe().await.unwrap();
    fedora.simulator.expire_sessions();
    fedora.simulator.forget_requests();
    let fas = Arc::new(fedora.fas);
    let questions: Vec<_> = (0..100)
        .map(|_| {
            let fas = Arc::clone(&fas);
            tokio::spawn(async move { fas.find(&user("ada")).await.map(drop) })
        })
        .collect();
    for question in questions {
        question.await.unwrap().unwrap();
    }
    let requests = fedora.simulator.requests();
    assert_eq!(
        requests.iter().filter(|one| one.path == "/login").count(),
        1
    );
}

#[tokio::test]
async fn a_wrong_password_of_ours_is_sent_once_and_then_not_for_a_while() {
    let fedora = Fedora::with(people(), |settings| {
        settings.password = secret("not ours");
        settings.login_pause = Duration::from_secs(3600);
    });
    for _ in 0..5 {
        assert_eq!(decision(&fedora.fas.probe().await), "misconfigured");
        assert_eq!(
            decision(&fedora.fas.find(&user("ada")).await),
            "misconfigured"
        );
    }
    assert_eq!(fedora.our_logins(), 1);
    // People can still log in: their passwords need no session of ours.
    assert_eq!(decision(&fedora.login("ada", PASSWORD).await), "yes");
}

#[tokio::test]
async fn a_new_password_of_a_person_counts_at_once_and_a_disabled_account_is_out_at_once() {
    let fedora = Fedora::of(people());
    fedora.login("ada", PASSWORD).await.unwrap();
    fedora.simulator.update(|people| {
        people.users.get_mut("ada").unwrap().password = Some("new one".to_owned());
    });
    assert_eq!(decision(&fedora.login("ada", PASSWORD).await), "refused");
    assert_eq!(decision(&fedora.login("ada", "new one").await), "yes");
    fedora.simulator.update(|people| {
        people.users.get_mut("ada").unwrap().status = Status::AdminDisabled;
    });
    assert_eq!(decision(&fedora.login("ada", "new one").await), "refused");
}

#[tokio::test]
async fn a_server_with_another_certificate_is_not_asked() {
    let fedora = Fedora::of(people());
    let stranger = Simulator::start(people()).unwrap();
    let mut settings = settings(&fedora.simulator, "hosts", OUR_SECRET);
    settings.url = stranger.url().parse().unwrap();
    let fas = Fas::new(settings).unwrap();
    let outcome = fas.verify(&user("ada"), &secret(PASSWORD)).await;
    assert_eq!(decision(&outcome), "unreachable");
    // Which of the two depends on whether the authorities have one name.
    let said = outcome.unwrap_err().to_string();
    let about_it = ["UnknownIssuer", "BadSignature"]
        .iter()
        .any(|what| said.contains(what));
    assert!(about_it, "{said}");
    assert!(stranger.requests().is_empty());
}

#[tokio::test]
async fn ten_thousand_people_are_read_in_three_questions() {
    let size = Size {
        users: 10_000,
        groups: 300,
    };
    let simulator = Simulator::start(generate(size)).unwrap();
    let fas = Fas::new(settings(&simulator, SERVICE_USER.0, SERVICE_USER.1)).unwrap();
    let projection = fas.everybody().await.unwrap();
    assert_eq!(
        (projection.people.len(), projection.teams.len()),
        (10_001, 301)
    );
    let memberships: usize = projection.people.iter().map(|one| one.groups.len()).sum();
    assert_eq!(memberships, 50_001);
    assert!(projection.remarks.is_empty());
    assert_eq!(simulator.requests().len(), 3);
}
