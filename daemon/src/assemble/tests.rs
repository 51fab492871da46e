//! What a directory's answer comes to on a host.

use super::*;
use muster_common::config;
use muster_common::directory::{ImmutableKey, Projection, Roster, Team};
use std::path::Path;

const CONFIG: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
[access]
allow = ["group:linux-users"]
[access.service.sudo]
allow = ["group:admins"]
"#;

fn person(key: &str, name: &str) -> Person {
    Person {
        display_name: format!("Mx {name}"),
        ..Person::named(ImmutableKey::given(key), name)
    }
}

fn team(name: &str, members: &[&str]) -> Roster {
    Roster {
        team: Team {
            key: ImmutableKey::from_name(name),
            name: name.into(),
            active: true,
            gid: None,
            group_type: None,
        },
        members: members.iter().map(ToString::to_string).collect(),
    }
}

struct Host {
    store: Store,
    local: LocalFiles,
}

impl Host {
    fn new() -> Self {
        Self {
            store: Store::in_memory().unwrap(),
            local: LocalFiles::default(),
        }
    }

    fn sync(&self, people: Vec<Person>, teams: Vec<Roster>) -> Assembly {
        self.sync_under("", people, teams)
    }

    /// With more lines of configuration.
    fn sync_under(&self, more: &str, people: Vec<Person>, teams: Vec<Roster>) -> Assembly {
        let text = format!("{CONFIG}{more}");
        let config = config::parse(&text, Path::new("muster.toml")).unwrap();
        let corp = &config.directories[0].name;
        let projection = Projection::of(people, teams);
        self.store
            .replace(corp, &projection, Time::from_unix(1000))
            .unwrap();
        assemble(&self.store, &config, &self.local, Time::from_unix(1000)).unwrap()
    }
}

impl Host {
    fn pin(&self, kind: IdKind, namespace: &str, key: &str, id: u32) {
        let mut ledger = self.ledger();
        let holder = holder_of(kind, namespace, key);
        ledger.pin(&holder, key, id, &self.local).unwrap();
        self.store.keep_ledger(&ledger).unwrap();
    }

    fn ledger(&self) -> Ledger {
        let config = config::parse(CONFIG, Path::new("muster.toml")).unwrap();
        self.store.ledger(id_space(&config)).unwrap()
    }

    /// The command that `status` says for somebody who is left out.
    fn settling(&self, kind: IdKind, namespace: &str, key: &str, name: &str) -> String {
        let holder = holder_of(kind, namespace, key);
        let free = self.ledger().free_id(&holder, &self.local).unwrap();
        let kind = kind.as_str();
        format!("`muster id pin {kind} {name} {free}` settles it")
    }
}

fn holder_of(kind: IdKind, namespace: &str, key: &str) -> Holder {
    Holder {
        kind,
        namespace: namespace.into(),
        key: ImmutableKey::given(key),
    }
}

impl Assembly {
    fn user(&self, name: &str) -> Option<&UserRecord> {
        self.content
            .users
            .iter()
            .find(|record| record.account.name.as_str() == name)
    }

    fn group(&self, name: &str) -> Option<&Group> {
        self.content
            .groups
            .iter()
            .map(|record| &record.group)
            .find(|group| group.name.as_str() == name)
    }

    fn complains(&self, what: &str) -> bool {
        self.problems.iter().any(|problem| problem.contains(what))
    }
}

#[test]
fn a_person_gets_a_private_group_and_the_groups_that_list_them() {
    let assembly = Host::new().sync(
        vec![person("1", "Ada")],
        vec![team("Linux-Users", &["ADA", "nobody-known"])],
    );
    let ada = assembly.user("ada").unwrap();
    assert_eq!(ada.account.home, "/home/ada");
    assert_eq!(ada.account.gid.get(), ada.account.uid.get());
    let users = assembly.group("linux-users").unwrap();
    assert_eq!(ada.groups, [ada.account.gid, users.gid]);
    assert_eq!(users.members.iter().collect::<Vec<_>>(), ["ada"]);
    assert!(assembly.group("ada").unwrap().members.is_empty());
    assert_eq!(
        ada.access.allowed, 0b01,
        "linux-users may log in, but not use sudo"
    );
}

#[test]
fn an_override_replaces_what_it_says_and_nothing_else() {
    let host = Host::new();
    let people = || {
        let mut ada = person("1", "ada");
        ada.home = Some("/home/lovelace".to_owned());
        vec![ada, person("2", "bob")]
    };
    let teams = || {
        let mut linux = team("linux-users", &["bob"]);
        linux.team.gid = Some(30_001);
        vec![linux]
    };
    let before = host.sync(people(), teams());
    let derived = before.user("ada").unwrap().account.uid;
    let under = r#"
[override.user.ada]
uid = 5000
gid = 30001
home = "/srv/ada"
shell = "/usr/sbin/nologin"
gecos = "Countess"
[override.user.bob]
gid = 30002
"#;
    let assembly = host.sync_under(under, people(), teams());
    let ada = assembly.user("ada").unwrap();
    let account = &ada.account;
    assert_eq!((account.uid.get(), account.gid.get()), (5000, 30_001));
    assert_eq!(account.home, "/srv/ada");
    assert_eq!(account.shell, "/usr/sbin/nologin");
    assert_eq!(account.gecos, "Countess");
    assert_eq!(assembly.group("ada").unwrap().gid.get(), 5000);
    assert_eq!(
        ada.access.allowed, 0,
        "a primary group by override is no membership that the directory granted"
    );
    let bob = assembly.user("bob").unwrap();
    assert_eq!(bob.account, before.user("bob").unwrap().account);
    assert!(assembly.complains("user bob: no group with the gid 30002"));
    let after = host.sync(people(), teams());
    let ada = after.user("ada").unwrap();
    assert_eq!(ada.account.uid, derived, "the former id comes back");
    assert_eq!(ada.account.home, "/home/lovelace");
}

#[test]
fn two_people_of_one_id_are_told_apart_by_an_override() {
    let people = || {
        let (mut ada, mut bob) = (person("1", "ada"), person("2", "bob"));
        (ada.uid, bob.uid) = (Some(20_000), Some(20_000));
        vec![ada, bob]
    };
    let clash = Host::new().sync(people(), vec![]);
    assert!(clash.content.users.is_empty());
    let under = "[override.user.ada]\nuid = 5000\n";
    let settled = Host::new().sync_under(under, people(), vec![]);
    assert_eq!(settled.user("ada").unwrap().account.uid.get(), 5000);
    assert_eq!(settled.user("bob").unwrap().account.uid.get(), 20_000);
    let taken = "[override.user.ada]\nuid = 20000\n";
    let host = Host::new();
    let _bob = host.sync(vec![people().remove(1)], vec![]);
    let refused = host.sync_under(taken, people(), vec![]);
    assert!(refused.user("ada").is_none());
    assert!(refused.complains("id 20000 belongs to user bob"));
}

#[test]
fn homes_shells_and_full_names_follow_their_templates() {
    let under = r#"
[home]
path = "/home/{directory}/{name}"
shell = "/bin/{directory}-shell"
gecos = "{display_name} ({name} of {directory})"
"#;
    let mut ada = person("1", "ada");
    ada.display_name = "Ada {name}: Countess".to_owned();
    let mut bob = person("2", "bob");
    bob.home = Some("/home/corp/bobby".to_owned());
    let assembly = Host::new().sync_under(under, vec![ada, bob], vec![]);
    let account = &assembly.user("ada").unwrap().account;
    assert_eq!(account.home, "/home/corp/ada");
    assert_eq!(account.shell, "/bin/corp-shell");
    assert_eq!(account.gecos, "Ada {name}  Countess (ada of corp)");
    assert_eq!(
        assembly.user("bob").unwrap().account.home,
        "/home/corp/bobby"
    );
}

#[test]
fn a_services_primary_group_counts_only_if_it_lists_the_person() {
    let mut ada = person("1", "ada");
    ada.gid = Some(30_001);
    let mut bob = person("2", "bob");
    bob.gid = Some(30_001);
    let mut staff = team("people", &["ada"]);
    staff.team.gid = Some(30_001);
    let assembly = Host::new().sync(vec![ada, bob], vec![staff]);
    assert_eq!(assembly.user("ada").unwrap().account.gid.get(), 30_001);
    assert!(
        assembly.group("ada").is_none(),
        "no private group is needed"
    );
    let bob = assembly.user("bob").unwrap();
    assert_eq!(bob.account.gid.get(), bob.account.uid.get());
}

#[test]
fn names_that_fold_together_or_do_not_fit_are_not_served_and_reported() {
    let people = vec![
        person("1", "Ann"),
        person("2", "ann"),
        person("3", "x y"),
        person("4", "bob"),
    ];
    let assembly = Host::new().sync(people, vec![]);
    assert_eq!(assembly.content.users.len(), 1);
    assert!(assembly.user("bob").is_some());
    assert!(assembly.complains("user ann of corp: several records fold to this name"));
    assert!(assembly.complains("user \"x y\" of corp"));
}

#[test]
fn a_uid_claimed_twice_goes_to_the_ledgers_holder_and_without_one_to_nobody() {
    let given = |key: &str, name: &str| Person {
        uid: Some(20_001),
        ..person(key, name)
    };
    let host = Host::new();
    let both = host.sync(vec![given("1", "ada"), given("2", "bob")], vec![]);
    assert!(both.content.users.is_empty());
    assert!(both.complains("user bob: several persons are given uid 20001 (ada, bob)"));
    let settles = host.settling(IdKind::User, "crowd", "2", "bob");
    assert!(both.complains(&settles), "{settles}: {:?}", both.problems);
    let host = Host::new();
    host.sync(vec![given("1", "ada")], vec![]);
    let later = host.sync(vec![given("1", "ada"), given("2", "bob")], vec![]);
    assert!(later.user("ada").is_some() && later.user("bob").is_none());
    assert!(later.complains("user bob: id 20001 belongs to user ada"));
    assert!(later.complains(&host.settling(IdKind::User, "crowd", "2", "bob")));
}

#[test]
fn people_who_are_pinned_claim_no_other_id() {
    let given = |key: &str, name: &str| Person {
        uid: Some(20_001),
        ..person(key, name)
    };
    let both = || vec![given("1", "ada"), given("2", "bob")];
    let host = Host::new();
    host.pin(IdKind::User, "crowd", "2", 30_000);
    let settled = host.sync(both(), vec![]);
    assert_eq!(settled.user("ada").unwrap().account.uid.get(), 20_001);
    assert_eq!(settled.user("bob").unwrap().account.uid.get(), 30_000);
    assert_eq!(settled.problems, Vec::<String>::new());
}

#[test]
fn a_group_yields_to_a_user_of_its_id_unless_it_was_there_first() {
    let ada = || Person {
        uid: Some(30_000),
        ..person("1", "ada")
    };
    let devs = || given_team("devs", 30_000, &[]);
    let host = Host::new();
    let both = host.sync(vec![ada()], vec![devs()]);
    assert!(both.user("ada").is_some() && both.group("devs").is_none());
    assert!(both.complains("group devs: id 30000 belongs to user ada"));
    assert!(both.complains("`muster id pin group devs "));
    let host = Host::new();
    host.sync(vec![], vec![devs()]);
    let later = host.sync(vec![ada()], vec![devs()]);
    assert!(later.user("ada").is_none() && later.group("devs").is_some());
    assert!(later.complains("user ada: id 30000 belongs to group devs"));
    host.pin(IdKind::User, "crowd", "1", 30_001);
    let settled = host.sync(vec![ada()], vec![devs()]);
    assert_eq!(settled.user("ada").unwrap().account.uid.get(), 30_001);
}

#[test]
fn no_id_of_a_grant_is_served_whoever_says_it() {
    let mut host = Host::new();
    let derived = host
        .sync(vec![person("1", "ada")], vec![])
        .user("ada")
        .unwrap()
        .account
        .uid
        .get();
    host.pin(IdKind::User, "crowd", "2", 200_000);
    host.local.subordinate = vec![derived..=derived, 200_000..=265_535];
    let given = Person {
        uid: Some(200_001),
        ..person("3", "cleo")
    };
    let people = vec![person("1", "ada"), person("2", "bob"), given];
    let assembly = host.sync(people, vec![]);
    assert!(assembly.user("ada").is_none() && assembly.user("bob").is_none());
    for name in ["ada", "bob"] {
        assert!(assembly.problems.iter().any(|line| {
            line.starts_with(&format!("user {name}: the id "))
                && line.contains("granted in /etc/subuid")
                && line.contains(&format!("`muster id pin user {name} "))
        }));
    }
    let cleo = assembly.user("cleo").unwrap().account.uid.get();
    assert!(cleo >= 1_879_048_192, "derived instead");
}

#[test]
fn ids_that_other_programs_give_out_are_one_remark_a_range() {
    let mut host = Host::new();
    host.local.login_defs.uids = Some(1000..=60_000);
    host.local.login_defs.gids = Some(1000..=60_000);
    let people = [20_001, 20_002, 600_000].map(|uid| Person {
        uid: Some(uid),
        ..person(&uid.to_string(), &format!("u{uid}"))
    });
    let devs = given_team("devs", 40_000, &[]);
    let assembly = host.sync(people.to_vec(), vec![devs]);
    let expected = [
        "remark: 2 users (20001 to 20002) served in UID_MIN to UID_MAX of /etc/login.defs (1000 to 60000), where useradd chooses ids, too",
        "remark: 1 group (40000) served in GID_MIN to GID_MAX of /etc/login.defs (1000 to 60000), where groupadd chooses ids, too",
        "remark: 1 user (600000) served in systemd's range for containers (524288 to 1879048191), where systemd-nspawn chooses ids, too",
    ];
    assert_eq!(assembly.problems, expected);
    let none = Host::new().sync(vec![person("1", "ada")], vec![]);
    assert_eq!(none.problems, Vec::<String>::new());
}

#[test]
fn a_name_that_comes_back_with_another_key_is_held() {
    let host = Host::new();
    let first = host
        .sync(vec![person("1", "ada")], vec![])
        .user("ada")
        .unwrap()
        .account
        .uid;
    let gone = host.sync(vec![person("9", "bob")], vec![]);
    assert_eq!(gone.content.tombstones.len(), 1);
    assert_eq!(gone.content.tombstones[0].uid, first);
    let other = host.sync(vec![person("2", "ada")], vec![]);
    assert!(other.user("ada").is_none() && other.complains("muster name accept user ada"));
    host.store.release_name(IdKind::User, "ada").unwrap();
    let accepted = host.sync(vec![person("2", "ada")], vec![]);
    assert_ne!(
        accepted.user("ada").unwrap().account.uid,
        first,
        "another person has another id"
    );
}

#[test]
fn tombstones_stand_in_order_so_that_they_are_no_news_each_time() {
    let host = Host::new();
    let names: Vec<String> = (0..20).map(|i| format!("user{i:02}")).collect();
    let everybody = names.iter().map(|name| person(name, name)).collect();
    host.sync(everybody, vec![]);
    let without = host.sync(vec![person("ada", "ada")], vec![]);
    let gone = without.content.tombstones.iter();
    assert_eq!(
        gone.map(|gone| gone.name.as_str()).collect::<Vec<_>>(),
        names
    );
}

#[test]
fn a_local_accounts_namesake_who_leaves_is_no_former_user_of_that_name() {
    let mut host = Host::new();
    host.local.user_names.insert("larry".into());
    host.sync(vec![person("1", "larry"), person("2", "ada")], vec![]);
    let without = host.sync(vec![], vec![]);
    let gone = without.content.tombstones.iter();
    assert_eq!(
        gone.map(|gone| gone.name.as_str()).collect::<Vec<_>>(),
        ["ada"]
    );
}

#[test]
fn whoever_vanishes_leaves_a_tombstone_and_takes_it_away_when_back() {
    let host = Host::new();
    host.sync(vec![person("1", "ada"), person("2", "bob")], vec![]);
    let without = host.sync(vec![person("2", "bob")], vec![]);
    assert_eq!(without.content.tombstones[0].name.as_str(), "ada");
    let back = host.sync(vec![person("1", "ada"), person("2", "bob")], vec![]);
    assert!(back.content.tombstones.is_empty() && back.user("ada").is_some());
}

#[test]
fn an_inactive_person_keeps_the_name_and_may_log_in_nowhere() {
    let ada = Person {
        active: false,
        ..person("1", "ada")
    };
    let assembly = Host::new().sync(vec![ada], vec![team("linux-users", &["ada"])]);
    assert_eq!(assembly.user("ada").unwrap().access.allowed, 0);
}

#[test]
fn a_group_yields_to_a_user_of_its_name() {
    let assembly = Host::new().sync(vec![person("1", "ada")], vec![team("ada", &["ada"])]);
    assert!(assembly.group("ada").unwrap().members.is_empty());
    assert!(assembly.complains("the group yields"));
}

#[test]
fn an_id_that_is_not_accepted_is_derived_and_said_so() {
    let mut host = Host::new();
    host.local.uids.insert(20_001);
    let assembly = host.sync(
        vec![Person {
            uid: Some(20_001),
            ..person("1", "ada")
        }],
        vec![],
    );
    assert!(assembly.user("ada").unwrap().account.uid.get() >= 1_879_048_192);
    assert!(assembly.complains("the service's uid 20001 is not accepted here"));
}

#[test]
fn text_of_the_server_cannot_add_a_field() {
    let ada = Person {
        display_name: "Ada:0:0\n\u{202e}".into(),
        ..person("1", "ada")
    };
    assert_eq!(
        Host::new()
            .sync(vec![ada], vec![])
            .user("ada")
            .unwrap()
            .account
            .gecos,
        "Ada 0 0"
    );
}

#[test]
fn a_shell_or_home_that_the_host_does_not_allow_is_replaced_and_said_so() {
    let mut host = Host::new();
    host.local.shells.insert("/bin/zsh".into());
    let ada = Person {
        shell: Some("/bin/zsh".into()),
        home: Some("/home/lovelace".into()),
        ..person("1", "ada")
    };
    let bob = Person {
        shell: Some("/bin/evil".into()),
        home: Some("/home/../etc".into()),
        ..person("2", "bob")
    };
    let assembly = host.sync(vec![ada, bob], vec![]);
    let account = |name| {
        assembly
            .user(name)
            .map(|record| (record.account.shell.as_str(), record.account.home.as_str()))
    };
    assert_eq!(account("ada"), Some(("/bin/zsh", "/home/lovelace")));
    assert_eq!(account("bob"), Some(("/bin/bash", "/home/bob")));
    assert!(assembly.complains("/bin/evil") && assembly.complains("/home/../etc"));
    host.local.user_names.insert("larry".into());
    let eve = Person {
        home: Some("/home/larry".into()),
        ..person("3", "eve")
    };
    let assembly = host.sync(vec![person("1", "ada"), person("2", "bob"), eve], vec![]);
    assert_eq!(assembly.user("eve").unwrap().account.home, "/home/eve");
}

#[test]
fn nobody_is_given_the_home_of_another_person_or_of_a_local_account() {
    let mut host = Host::new();
    host.local.homes.insert("/home/robert".into());
    let lives = |key: &str, name: &str, home: &str| Person {
        home: Some(home.into()),
        ..person(key, name)
    };
    let people = vec![
        person("1", "ada"),
        lives("2", "eve", "/home/ada"),
        lives("3", "mia", "/home/robert"),
        lives("4", "tom", "/home/shared"),
        lives("5", "tim", "/home/shared"),
        lives("6", "kay", "/home/fireside"),
    ];
    let assembly = host.sync(people, vec![]);
    for name in ["ada", "eve", "mia", "tom", "tim"] {
        let home = &assembly.user(name).unwrap().account.home;
        assert_eq!(*home, format!("/home/{name}"));
    }
    assert_eq!(assembly.user("kay").unwrap().account.home, "/home/fireside");
    assert!(assembly.complains("user eve: the service's home \"/home/ada\" is another person's"));
}

#[test]
fn whom_the_directory_gives_a_shell_that_runs_nothing_gets_it() {
    let closed = Person {
        shell: Some("/usr/sbin/nologin".into()),
        ..person("1", "ada")
    };
    let assembly = Host::new().sync(vec![closed], vec![]);
    let shell = &assembly.user("ada").unwrap().account.shell;
    assert_eq!(shell, "/usr/sbin/nologin");
}

const SEVERAL: &str = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
[[directory]]
name = "fedora"
kind = "fas"
url = "https://fas.example.org/accounts/"
user = "hosts"
password_file = "/etc/muster/secrets/fas"
[access]
allow = ["group:fedora/ops"]
"#;

/// corp and fedora, each with these people and groups.
fn two(
    host: &Host,
    corp: (Vec<Person>, Vec<Roster>),
    fedora: (Vec<Person>, Vec<Roster>),
) -> Assembly {
    let config = config::parse(SEVERAL, Path::new("muster.toml")).unwrap();
    for (directory, (people, teams)) in config.directories.iter().zip([corp, fedora]) {
        let projection = Projection::of(people, teams);
        let now = Time::from_unix(1000);
        host.store
            .replace(&directory.name, &projection, now)
            .unwrap();
    }
    assemble(&host.store, &config, &host.local, Time::from_unix(1000)).unwrap()
}

fn given(name: &str, uid: u32, gid: Option<u32>) -> Person {
    Person {
        uid: Some(uid),
        gid,
        ..person(&uid.to_string(), name)
    }
}

fn given_team(name: &str, gid: u32, members: &[&str]) -> Roster {
    let mut roster = team(name, members);
    roster.team.gid = Some(gid);
    roster
}

#[test]
fn a_name_in_two_directories_is_the_first_ones_and_stays_whose_it_was() {
    let host = Host::new();
    let ada = || vec![given("ada", 30_001, None)];
    let first = two(&host, (vec![], vec![]), (ada(), vec![]));
    assert_eq!(first.user("ada").unwrap().directory, 1);
    let both = two(&host, (vec![person("1", "ada")], vec![]), (ada(), vec![]));
    assert_eq!(both.user("ada").unwrap().directory, 1, "held for its owner");
    let bob = || vec![given("bob", 30_002, None)];
    let fresh = two(
        &Host::new(),
        (vec![person("1", "bob")], vec![]),
        (bob(), vec![]),
    );
    assert_eq!(
        fresh.user("bob").unwrap().directory,
        0,
        "order is precedence"
    );
}

#[test]
fn members_and_rules_are_of_the_group_of_their_own_directory() {
    let corp = (vec![person("1", "ada")], vec![]);
    let fedora = (
        vec![given("bob", 30_002, None)],
        vec![given_team("ops", 31_000, &["ada", "bob"])],
    );
    let assembly = two(&Host::new(), corp, fedora);
    let members = &assembly.group("ops").unwrap().members;
    assert_eq!(members.len(), 1, "a name of another directory is no member");
    assert_eq!(assembly.user("bob").unwrap().access.allowed, 1);
    assert_eq!(assembly.user("ada").unwrap().access.allowed, 0);
}

#[test]
fn a_private_group_that_the_service_lists_stays_beside_another_primary_one() {
    let fedora = (
        vec![
            given("ada", 30_001, Some(31_000)),
            given("bob", 30_002, Some(39_999)),
        ],
        vec![
            given_team("ada", 30_001, &["ada"]),
            given_team("ops", 31_000, &["ada"]),
        ],
    );
    let assembly = two(&Host::new(), (vec![], vec![]), fedora);
    let ada = assembly.user("ada").unwrap();
    assert_eq!(ada.account.gid.get(), 31_000);
    let mut groups: Vec<u32> = ada.groups.iter().map(|gid| gid.get()).collect();
    groups.sort_unstable();
    assert_eq!(groups, [30_001, 31_000]);
    assert_eq!(assembly.group("ada").unwrap().gid.get(), 30_001);
    assert_eq!(assembly.user("bob").unwrap().account.gid.get(), 30_002);
    let problems = assembly.problems.join("\n");
    assert!(
        problems.contains("user bob: the service's primary group 39999"),
        "{problems}"
    );
    assert!(!problems.contains("group ada"), "{problems}");
}

#[test]
fn a_reserved_group_does_not_take_its_members_with_it() {
    let fedora = (
        vec![given("ada", 30_001, Some(31_000))],
        vec![given_team("staff", 31_000, &["ada"])],
    );
    let assembly = two(&Host::new(), (vec![], vec![]), fedora);
    assert!(assembly.group("staff").is_none());
    assert_eq!(assembly.user("ada").unwrap().account.gid.get(), 30_001);
}

#[test]
fn a_miss_is_final_only_once_a_directory_has_been_read() {
    let host = Host::new();
    let config = config::parse(SEVERAL, Path::new("muster.toml")).unwrap();
    let unread = assemble(&host.store, &config, &host.local, Time::from_unix(1000)).unwrap();
    let misses = |assembly: &Assembly| -> Vec<Misses> {
        let directories = assembly.content.directories.iter();
        directories.map(|directory| directory.misses).collect()
    };
    assert_eq!(misses(&unread), [Misses::Unclear, Misses::Unclear]);
    let read = two(&host, (vec![], vec![]), (vec![], vec![]));
    assert_eq!(misses(&read), [Misses::Final, Misses::Final]);
}

#[test]
fn whoever_a_service_gives_no_usable_id_is_served_by_a_pin() {
    let host = Host::new();
    let people = || vec![given("ada", 999, None), given("bob", 30_002, None)];
    let teams = || vec![given_team("ops", 5, &["ada"])];
    let without = two(&host, (vec![], vec![]), (people(), teams()));
    assert!(without.user("ada").is_none() && without.group("ops").is_none());
    host.pin(IdKind::User, "fas", "999", 30_001);
    let mut ledger = host.ledger();
    let ops = Holder {
        key: ImmutableKey::from_name("ops"),
        ..holder_of(IdKind::Group, "fas", "")
    };
    ledger.pin(&ops, "ops", 31_000, &host.local).unwrap();
    host.store.keep_ledger(&ledger).unwrap();
    let with = two(&host, (vec![], vec![]), (people(), teams()));
    assert_eq!(with.user("ada").unwrap().account.uid.get(), 30_001);
    assert_eq!(with.group("ops").unwrap().gid.get(), 31_000);
}

#[test]
fn a_pinned_group_stays_the_primary_one_of_its_people() {
    let host = Host::new();
    let ops = holder_of(IdKind::Group, "fas", "");
    let ops = Holder {
        key: ImmutableKey::from_name("ops"),
        ..ops
    };
    let mut ledger = host.ledger();
    ledger.pin(&ops, "ops", 32_000, &host.local).unwrap();
    host.store.keep_ledger(&ledger).unwrap();
    let fedora = (
        vec![given("ada", 30_001, Some(31_000))],
        vec![given_team("ops", 31_000, &["ada"])],
    );
    let assembly = two(&host, (vec![], vec![]), fedora);
    assert_eq!(assembly.user("ada").unwrap().account.gid.get(), 32_000);
    assert_eq!(assembly.problems, Vec::<String>::new());
}

#[test]
fn with_several_directories_the_command_says_which() {
    let host = Host::new();
    let first = (vec![given("ada", 30_001, None)], vec![]);
    let second = (vec![given("bob", 30_001, None)], vec![]);
    let clash = two(&host, first, second);
    assert!(clash.complains("user bob: id 30001 belongs to user ada"));
    assert!(clash.complains(" --directory fedora` settles it"));
}

#[test]
fn the_types_of_groups_decide_and_are_published_but_a_private_group_is_no_work() {
    let text = r#"
version = 1
[ids]
accept = [100000, 200000]
[[directory]]
name = "fedora"
kind = "fas"
url = "https://fas.example.org/accounts"
user = "hosts"
password_file = "/x"
[access]
allow = ["group:@all"]
[access.service.sudo]
allow = ["group:@type:system"]
"#;
    let config = config::parse(text, Path::new("muster.toml")).unwrap();
    let typed = |name: &str, gid: u32, kind: &str, members: &[&str]| {
        let mut roster = given_team(name, gid, members);
        roster.team.group_type = kind.parse().ok();
        roster
    };
    let people = vec![
        given("ada", 100_001, None),
        given("bob", 100_002, None),
        given("eve", 100_003, None),
    ];
    let teams = vec![
        typed("cla_done", 100_101, "cla", &["ada", "bob"]),
        typed("sysadmin", 100_102, "system", &["ada", "eve"]),
    ];
    let host = Host::new();
    let (fedora, now) = (&config.directories[0].name, Time::from_unix(1000));
    let projection = Projection::of(people, teams);
    host.store.replace(fedora, &projection, now).unwrap();
    let assembly = assemble(&host.store, &config, &host.local, now).unwrap();
    let allowed = |name: &str| assembly.user(name).unwrap().access.allowed;
    assert_eq!(
        (allowed("ada"), allowed("bob"), allowed("eve")),
        (0b11, 0, 0b10)
    );
    let types: Vec<_> = assembly.content.group_types.iter().collect();
    assert_eq!(types.len(), 2);
    assert_eq!(types[1].name.as_str(), "system");
}
