//! The same calls through python-fedora and through muster's client, against one
//! simulated FAS, compared call by call.
//!
//! Where python-fedora's meaning is a known fault, the test says what each of the two
//! answers. What muster's client never holds (hashes, tokens) must be among [`OMITTED`].
#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod clients;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use muster_common::directory::DirectoryError;
use muster_common::directory::fas::{
    AvatarService, AvatarSize, Column, Fas, FasSettings, Members, NewGroup, PeopleKey,
};
use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_tests::sim::fas::Population;
use serde::Serialize;
use serde_json::{Value, json};

type Simulator = muster_tests::sim::fas::Fas;

const HOSTS: (&str, &str) = ("hosts", "h: s&cret+");
const ADA: (&str, &str) = ("ada", "p&<\"ä +%");
const TOSHIO: (&str, &str) = ("toshio", "pw");

/// What python-fedora hands out and muster's client does not read, or has no use for.
const OMITTED: [&str; 19] = [
    "alias_enabled",
    "bugzilla_email",
    "emailtoken",
    "facsimile",
    "groups",
    "internal_comments",
    "ipa_sync_status",
    "memberships",
    "old_password",
    "password",
    "password_changed",
    "passwordtoken",
    "postal_address",
    "roles",
    "search",
    "security_answer",
    "security_question",
    "telephone",
    "unverified_email",
];

/// What python-fedora raises when FAS says no; anything else is trouble.
const REFUSALS: [&str; 3] = ["AppError", "AuthError", "KeyError"];

/// python-fedora, asked a line at a time, beside muster's client of the same server.
struct Both {
    simulator: Simulator,
    python: Child,
    asking: ChildStdin,
    answers: BufReader<ChildStdout>,
    _home: tempfile::TempDir,
}

impl Both {
    fn start() -> Self {
        let clients = clients::Clients {
            name: "clients",
            folder: "",
        };
        let folder = clients::Clients::thirdparty();
        let population = Population::read(&folder.join("fas.json")).unwrap();
        let simulator = Simulator::start(population).unwrap();
        let home = tempfile::tempdir().unwrap();
        let authority = home.path().join("ca.pem");
        std::fs::write(&authority, simulator.authority_pem()).unwrap();
        let mut python = Command::new(clients.interpreter(Path::new("python3")))
            .arg("-B")
            .arg(folder.join("differential/ask_python_fedora.py"))
            .arg(simulator.url())
            .env("REQUESTS_CA_BUNDLE", &authority)
            .env("NO_PROXY", "127.0.0.1,localhost")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            simulator,
            asking: python.stdin.take().unwrap(),
            answers: BufReader::new(python.stdout.take().unwrap()),
            python,
            _home: home,
        }
    }

    fn ours(&self, who: (&str, &str)) -> Fas {
        let url = self.simulator.url().parse().unwrap();
        let mut settings = FasSettings::new(url, who.0.to_owned(), secret(who.1));
        settings.ca_pem = Some(self.simulator.authority_pem().as_bytes().to_vec());
        Fas::new(settings).unwrap()
    }

    /// What python-fedora answers: a value, or the name of what it raises.
    fn python(&mut self, who: (&str, &str), call: &str, arguments: Value) -> Result<Value, String> {
        let line = json!({"who": [who.0, who.1], "call": call, "arguments": arguments});
        writeln!(self.asking, "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        match answer.get("error") {
            Some(error) => {
                let raised = error.as_str().unwrap();
                assert!(REFUSALS.contains(&raised), "{call}{arguments}: {raised}");
                Err(raised.to_owned())
            }
            None => Ok(answer["value"].take()),
        }
    }

    /// Both answer the same.
    fn same<T: Serialize>(
        &mut self,
        who: (&str, &str),
        call: &str,
        arguments: Value,
        ours: Result<T, DirectoryError>,
    ) {
        let theirs = self.python(who, call, arguments.clone());
        let place = format!("{call}{arguments}");
        match (theirs, ours) {
            (Ok(theirs), Ok(ours)) => {
                compare(&place, &theirs, &serde_json::to_value(ours).unwrap());
            }
            // An unknown thing is an empty object for some of its calls.
            (Ok(theirs), Err(DirectoryError::NotFound)) => assert_eq!(theirs, json!({}), "{place}"),
            (Err(_raised), Err(_error)) => {}
            (theirs, ours) => panic!("{place}: {theirs:?}, and here {:?}", ours.err()),
        }
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        let _ = self.python.kill();
        let _ = self.python.wait();
    }
}

/// Everything that python-fedora says, muster's client says, too, or never holds.
fn compare(place: &str, theirs: &Value, ours: &Value) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
            for name in names {
                let place = format!("{place}.{name}");
                match (theirs.get(name), ours.get(name)) {
                    (Some(theirs), Some(ours)) => compare(&place, theirs, ours),
                    (Some(_), None) if OMITTED.contains(&name.as_str()) => {}
                    (None | Some(Value::Null), None | Some(Value::Null)) => {}
                    (theirs, ours) => panic!("{place}: {theirs:?}, and here {ours:?}"),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            assert_eq!(
                theirs.len(),
                ours.len(),
                "{place}: {theirs:?}, and here {ours:?}"
            );
            for (nth, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                compare(&format!("{place}[{nth}]"), theirs, ours);
            }
        }
        _ => assert_eq!(theirs, ours, "{place}"),
    }
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

/// The names in a list of objects.
fn names(list: &Value) -> BTreeSet<&str> {
    let all = list.as_array().unwrap().iter();
    all.map(|one| one["username"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn sessions_and_passwords_mean_the_same() {
    let mut both = Both::start();
    let fas = both.ours(HOSTS);
    for (name, password) in [
        ADA,
        ("ada", "wrong"),
        ("nobody", "pw"),
        ("gone", "pw"),
        ("robot", "pw"),
    ] {
        let ours = fas.verify_password(&user(name), &secret(password)).await;
        both.same(HOSTS, "verify_password", json!([name, password]), ours);
    }
    let log_in = async || fas.login(&user("ada"), &secret(ADA.1), None).await;
    let (session, mut ada) = log_in().await.unwrap();
    // A list of names in python-fedora's answer to this call alone: no roles.
    let mut theirs = both.python(ADA, "login", json!([])).unwrap();
    let roles = theirs.as_object_mut().unwrap().remove("group_roles");
    assert!(roles.unwrap().is_array());
    ada.group_roles.clear();
    let mut ours = serde_json::to_value(&ada).unwrap();
    ours.as_object_mut().unwrap().remove("group_roles");
    // One sees the time of one's own login.
    for person in [&mut theirs, &mut ours] {
        person.as_object_mut().unwrap().remove("last_seen");
    }
    compare("login", &theirs, &ours);
    both.same(
        ADA,
        "verify_session",
        json!([]),
        fas.verify_session(&session).await,
    );
    both.same(
        ADA,
        "refresh_session",
        json!([]),
        fas.refresh_session(&session).await,
    );
    let mut me = fas.get_user_info(&session).await.unwrap();
    let mut theirs = both.python(ADA, "get_user_info", json!([])).unwrap();
    theirs["last_seen"].take();
    me.last_seen = None;
    compare(
        "get_user_info",
        &theirs,
        &serde_json::to_value(&me).unwrap(),
    );
    let key = session.key().unwrap();
    fas.logout(session).await.unwrap();
    let again = fas.session_with_key(&key).unwrap();
    both.same(ADA, "logout", json!([]), fas.verify_session(&again).await);
    // python-fedora hands a dead session's new cookie out as if it were the session.
    assert!(!fas.refresh_session(&again).await.unwrap());
    fas.logout(again).await.unwrap();
    both.same(
        ("ada", "wrong"),
        "login",
        json!([]),
        fas.login(&user("ada"), &secret("wrong"), None)
            .await
            .map(drop),
    );
}

#[tokio::test]
async fn people_are_the_same() {
    let mut both = Both::start();
    let fas = both.ours(HOSTS);
    // Who asks is seen to log in: both before anything is compared.
    fas.user_id().await.unwrap();
    for name in [
        "ada", "bob", "shy", "gone", "banned", "robot", "nobody", "Ada",
    ] {
        let ours = fas.person_by_username(name).await;
        both.same(HOSTS, "person_by_username", json!([name]), ours);
    }
    for id in [100_101, 100_102, 100_103, 100_104, 1] {
        let ours = fas.person_by_id(id).await;
        both.same(HOSTS, "person_by_id", json!([id]), ours);
    }
    both.same(HOSTS, "user_id", json!([]), fas.user_id().await);
    let fields = ["id", "username", "email", "human_name", "status"];
    for (key, word) in [
        (PeopleKey::Username, "username"),
        (PeopleKey::Id, "id"),
        (PeopleKey::Email, "email"),
    ] {
        for search in ["*", "B*", "ad?", "nobody"] {
            let ours = fas.people_by_key(key, search, &fields).await;
            both.same(HOSTS, "people_by_key", json!([word, search, fields]), ours);
            let ours = fas.people_by_key(key, search, &["status"]).await;
            both.same(
                HOSTS,
                "people_by_key",
                json!([word, search, ["status"]]),
                ours,
            );
        }
    }
    let ours = fas
        .people_by_key(PeopleKey::Id, "*", &["memberships"])
        .await;
    both.same(
        HOSTS,
        "people_by_key",
        json!(["id", "*", ["memberships"]]),
        ours,
    );
}

#[tokio::test]
async fn queries_find_the_same_but_never_pair_everybody_with_every_group() {
    let mut both = Both::start();
    let fas = both.ours(HOSTS);
    for (columns, constraints) in [
        (
            vec![Column::Id, Column::Username],
            vec![(Column::Username, "ad_")],
        ),
        (
            vec![Column::Username, Column::RoleStatus, Column::RoleType],
            vec![(Column::Group, "sysadmin-main")],
        ),
        (
            vec![Column::Username, Column::Group, Column::GroupType],
            vec![(Column::Group, "cla%")],
        ),
        (
            vec![Column::Email, Column::Status, Column::Ircnick],
            vec![(Column::Status, "active")],
        ),
    ] {
        let arguments: serde_json::Map<String, Value> = constraints
            .iter()
            .map(|(column, text)| (column.as_str().to_owned(), json!(text)))
            .collect();
        let words: Vec<&str> = columns.iter().map(|column| column.as_str()).collect();
        let ours = fas.people_query(&columns, &constraints).await;
        both.same(HOSTS, "people_query", json!([arguments, words]), ours);
    }
    let crossed = both.python(
        HOSTS,
        "people_query",
        json!([{"username": "bob"}, ["username", "group"]]),
    );
    assert!(crossed.unwrap().as_array().unwrap().len() > 5);
    let ours = fas
        .people_query(
            &[Column::Username, Column::Group],
            &[(Column::Username, "bob")],
        )
        .await;
    assert!(matches!(ours, Err(DirectoryError::Misconfigured { .. })));
}

#[tokio::test]
async fn groups_are_the_same_and_members_are_members() {
    let mut both = Both::start();
    let fas = both.ours(HOSTS);
    for name in ["sysadmin-main", "empty", "cla_done", "nothing"] {
        let ours = fas.group_by_name(name).await;
        both.same(HOSTS, "group_by_name", json!([name]), ours);
    }
    for id in [100_205, 100_206, 1] {
        let ours = fas.group_by_id(id).await;
        both.same(HOSTS, "group_by_id", json!([id]), ours);
    }
    let members = fas.group_members("sysadmin-main").await.unwrap();
    let theirs = both
        .python(HOSTS, "group_members", json!(["sysadmin-main"]))
        .unwrap();
    let short: Vec<Value> = members
        .iter()
        .map(|member| json!({"username": member.username, "role_type": member.role_type}))
        .collect();
    compare("group_members", &theirs, &json!(short));
    // Fault: for python-fedora an unknown group is one without members.
    assert_eq!(
        both.python(HOSTS, "group_members", json!(["nothing"])),
        Ok(json!([]))
    );
    assert!(matches!(
        fas.group_members("nothing").await,
        Err(DirectoryError::NotFound)
    ));
    assert!(fas.group_members("empty").await.unwrap().is_empty());
    // Fault: applicants are among python-fedora's.
    let theirs = both
        .python(HOSTS, "people_by_groupname", json!(["sysadmin-main"]))
        .unwrap();
    let ours = fas.people_by_groupname("sysadmin-main").await.unwrap();
    let ours = serde_json::to_value(ours).unwrap();
    let more: Vec<&str> = names(&theirs).difference(&names(&ours)).copied().collect();
    assert_eq!(more, ["bob"]);
    for person in ours.as_array().unwrap() {
        let same = |other: &&Value| other["id"] == person["id"];
        let theirs = theirs.as_array().unwrap().iter().find(same).unwrap();
        compare("people_by_groupname", theirs, person);
    }
    // Fault: python-fedora never gets memberships.
    let theirs = both.python(HOSTS, "group_list", json!([])).unwrap();
    let ours = fas.group_list("*", Members::Named).await.unwrap();
    compare(
        "group_list",
        &theirs["groups"],
        &serde_json::to_value(&ours.groups).unwrap(),
    );
    assert_eq!(theirs["memberships"], json!({}));
    assert_eq!(ours.memberships[&100_205].len(), 3);
}

#[tokio::test]
async fn what_hosts_read_is_the_same_without_the_hashes() {
    let mut both = Both::start();
    for who in [HOSTS, ("bob", "pw"), ("fasclient", "pw")] {
        let fas = both.ours(who);
        both.same(who, "user_data", json!([]), fas.user_data().await);
        both.same(who, "group_data", json!([]), fas.group_data(false).await);
        both.same(who, "group_data", json!([true]), fas.group_data(true).await);
        let told = serde_json::to_string(&fas.user_data().await.unwrap()).unwrap();
        assert!(!told.contains("$6$") && !told.contains("password"));
    }
    let theirs = both
        .python(("fasclient", "pw"), "user_data", json!([]))
        .unwrap();
    assert!(
        theirs.to_string().contains("$6$"),
        "python-fedora hands hashes out"
    );
}

#[tokio::test]
async fn settings_are_read_and_set_by_whoever_may() {
    let mut both = Both::start();
    let (ada, hosts) = (both.ours(ADA), both.ours(HOSTS));
    for attribute in ["trusted", "missing", "TRUSTED"] {
        let ours = ada.get_config("ada", "openid", attribute).await;
        both.same(ADA, "get_config", json!(["ada", "openid", attribute]), ours);
    }
    for pattern in ["*", "TR*", "nothing"] {
        let ours = ada.get_configs_like("ada", "openid", pattern).await;
        both.same(
            ADA,
            "get_configs_like",
            json!(["ada", "openid", pattern]),
            ours,
        );
    }
    let ours = hosts.get_config("ada", "openid", "trusted").await;
    both.same(
        HOSTS,
        "get_config",
        json!(["ada", "openid", "trusted"]),
        ours,
    );
    let ours = ada.set_config("ada", "openid", "trusted", "a & b").await;
    both.same(
        ADA,
        "set_config",
        json!(["ada", "openid", "trusted", "a & b"]),
        ours,
    );
    let ours = ada.get_config("ada", "openid", "trusted").await;
    assert_eq!(ours.as_ref().unwrap().as_deref(), Some("a & b"));
    both.same(ADA, "get_config", json!(["ada", "openid", "trusted"]), ours);
    let ours = hosts.set_config("ada", "openid", "trusted", "x").await;
    both.same(
        HOSTS,
        "set_config",
        json!(["ada", "openid", "trusted", "x"]),
        ours,
    );
    let ours = ada.set_config("ada", "shoes", "size", "9").await;
    both.same(
        ADA,
        "set_config",
        json!(["ada", "shoes", "size", "9"]),
        ours,
    );
}

#[tokio::test]
async fn groups_are_made_certificates_are_off_and_pictures_are_where_they_are() {
    let mut both = Both::start();
    let (toshio, hosts) = (both.ours(TOSHIO), both.ours(HOSTS));
    let new = NewGroup::new("ours", "Of our own", "ada", "tracking");
    let made = toshio.create_group(&new).await.unwrap();
    let made_there = both
        .python(
            TOSHIO,
            "create_group",
            json!(["theirs", "Theirs", "ada", "tracking"]),
        )
        .unwrap();
    assert_eq!(made_there["group"]["name"], "theirs");
    assert_eq!((made.name.as_str(), made.owner_id), ("ours", 100_101));
    // Fault: python-fedora encodes twice.
    assert_eq!(made.display_name.as_deref(), Some("Of our own"));
    // Fault: being sent away is success for python-fedora.
    let refused = both.python(
        HOSTS,
        "create_group",
        json!(["more", "More", "ada", "tracking"]),
    );
    assert!(refused.unwrap().get("group").is_none());
    let new = NewGroup::new("more", "More", "ada", "tracking");
    let refused = hosts.create_group(&new).await;
    assert!(matches!(refused, Err(DirectoryError::Misconfigured { .. })));
    assert!(both.python(HOSTS, "user_gencert", json!([])).is_err());
    assert!(matches!(
        hosts.user_gencert().await,
        Err(DirectoryError::NotFound)
    ));
    for (lookup, service) in [
        (true, AvatarService::Gravatar),
        (false, AvatarService::GravatarAlias),
    ] {
        let theirs = both
            .python(HOSTS, "avatar_url", json!(["ada", 64, "x y", lookup]))
            .unwrap();
        let theirs = theirs.as_str().unwrap().to_owned();
        let ours = hosts
            .avatar_url("ada", AvatarSize::Medium, Some("x y"), service)
            .await
            .unwrap();
        // Fault: MD5 and plain http there.
        assert!(theirs.starts_with("http://www.gravatar.com/avatar/"));
        let theirs = theirs.split_once('?').unwrap().1.replace('+', "%20");
        let (place, query) = ours.split_once('?').unwrap();
        assert_eq!(query, theirs);
        let digest = place
            .strip_prefix("https://www.gravatar.com/avatar/")
            .unwrap();
        assert_eq!(digest.len(), 64);
    }
}
