//! What a candidate in an attacker's hands, or merely a wrong one, comes to.

use super::*;
use crate::account::{Account, Gid, Group, Uid};
use crate::members::Members;
use crate::name::{GroupName, UserName};
use crate::overrides::Override;

const NOW: Time = Time::from_unix(1_000_000);

fn policy() -> Policy {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    Policy {
        accept: 10_000..=59_999,
        derive: 70_000..=2_000_000,
        homes: vec!["/home".to_owned(); 2],
        overrides: Overrides::default(),
        shells: Vec::new(),
        names: NameRule::default(),
        enumerate: false,
        forms: Forms::default(),
        directories: vec![directory("corp"), directory("lab")],
        services: vec![service("sshd"), service("sudo")],
        max_staleness: Duration::from_secs(1000),
        local: LocalFiles {
            user_names: words("root bob"),
            uids: [0, 12_000].into(),
            homes: words("/root /home/robert"),
            group_names: words("root users"),
            gids: [0, 100].into(),
            subordinate: vec![100_000..=165_535],
            shells: words("/bin/sh /bin/bash"),
            ..LocalFiles::default()
        },
    }
}

fn directory(name: &str) -> DirectoryName {
    DirectoryName::new(name).unwrap()
}

fn service(name: &str) -> ServiceName {
    ServiceName::new(name).unwrap()
}

fn gids(ids: &[u32]) -> Vec<Gid> {
    ids.iter().map(|id| Gid::new(*id).unwrap()).collect()
}

/// A user with a private group's id as the primary one.
fn user(name: &str, uid: u32) -> UserRecord {
    UserRecord {
        account: Account {
            name: UserName::new(name).unwrap(),
            uid: Uid::new(uid).unwrap(),
            gid: Gid::new(uid).unwrap(),
            gecos: "Somebody".to_owned(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".to_owned(),
        },
        groups: gids(&[uid]),
        directory: 0,
        access: Access {
            allowed: 0b111,
            until: NOW.after(Duration::from_secs(500)),
        },
        ssh_keys: Vec::new(),
    }
}

fn group(name: &str, gid: u32, members: &[&str]) -> GroupRecord {
    GroupRecord {
        group: Group {
            name: GroupName::new(name).unwrap(),
            gid: Gid::new(gid).unwrap(),
            members: members
                .iter()
                .map(|name| UserName::new(name).unwrap())
                .collect(),
        },
        directory: 0,
    }
}

/// The users, each with a private group.
fn content(users: Vec<UserRecord>) -> Content {
    let private = users.iter().map(|user| GroupRecord {
        directory: user.directory,
        ..group(user.account.name.as_str(), user.account.uid.get(), &[])
    });
    Content {
        created: NOW,
        directories: ["corp", "lab"]
            .map(|name| DirectoryRecord {
                name: directory(name),
                misses: Misses::Final,
                synced: Some(NOW),
            })
            .into(),
        services: vec![service("sshd"), service("sudo")],
        groups: private.collect(),
        users,
        ..Content::default()
    }
}

fn admit(content: Content) -> (Content, Vec<Refusal>) {
    policy().admit(content, NOW)
}

fn names(content: &Content) -> (Vec<&str>, Vec<&str>) {
    let users = content.users.iter().map(|user| user.account.name.as_str());
    let groups = content.groups.iter().map(|group| group.group.name.as_str());
    (users.collect(), groups.collect())
}

#[test]
fn a_right_candidate_passes_whole() {
    let mut said = content(vec![user("ada", 20_000), user("eve", 20_001)]);
    said.users[0].groups = gids(&[20_000, 30_000]);
    said.users[0].ssh_keys = vec!["ssh-ed25519 AAAAC3Nza+/=".to_owned()];
    said.groups.push(group("linux-users", 30_000, &["ada"]));
    said.tombstones = vec![Tombstone {
        name: UserName::new("gone").unwrap(),
        uid: Uid::new(20_009).unwrap(),
    }];
    let (admitted, refusals) = admit(said.clone());
    assert_eq!(refusals, []);
    said.id_ranges = admitted.id_ranges.clone();
    assert_eq!(admitted, said);
}

/// One wrong user beside a right one.
fn check_user(change: impl Fn(&mut UserRecord), why: &str) {
    let mut said = content(vec![user("ada", 20_000), user("mallory", 20_001)]);
    change(&mut said.users[1]);
    let private = said.users[1].account.clone();
    said.groups[1].group.name = GroupName::new(private.name.as_str()).unwrap();
    said.groups[1].group.gid = Gid::new(private.uid.get()).unwrap();
    let (admitted, refusals) = admit(said);
    assert_eq!(names(&admitted), (vec!["ada"], vec!["ada"]), "{why}");
    let what = format!("user {}", private.name);
    assert!(
        refusals
            .iter()
            .any(|refusal| refusal.what == what && refusal.why.contains(why)),
        "{why}: {refusals:?}"
    );
}

#[test]
fn what_root_says_of_a_user_is_admitted_for_that_user_alone() {
    let mut policy = policy();
    let said = Override {
        uid: Uid::new(5000).ok(),
        gid: Gid::new(20_500).ok(),
        home: Some("/srv/ada".to_owned()),
        shell: Some("/usr/sbin/nologin".to_owned()),
        gecos: None,
    };
    policy.overrides = [(UserName::new("ada").unwrap(), said)].into();
    let overridden = |name: &str, uid: u32| {
        let mut user = user(name, uid);
        user.account.home = "/srv/ada".to_owned();
        user.account.shell = "/usr/sbin/nologin".to_owned();
        user
    };
    let mut said = content(vec![overridden("ada", 5000), user("bob2", 20_001)]);
    said.groups.push(group("staff2", 20_500, &["bob2"]));
    said.users[0].account.gid = Gid::new(20_500).unwrap();
    let (admitted, refusals) = policy.admit(said, NOW);
    assert_eq!(refusals, []);
    let ada = &admitted.users[0];
    assert_eq!(ada.account.gid.get(), 20_500);
    assert_eq!(ada.groups, gids(&[20_500, 5000]), "the private group, too");
    assert!(policy.id_ranges().iter().any(|range| range.contains(&5000)));
    let others = content(vec![overridden("eve", 20_002), user("mia", 5000)]);
    let (admitted, refusals) = policy.admit(others, NOW);
    assert!(admitted.users.is_empty(), "{refusals:?}");
    let mut gone = content(Vec::new());
    gone.tombstones = vec![Tombstone {
        name: UserName::new("ada").unwrap(),
        uid: Uid::new(5000).unwrap(),
    }];
    let (admitted, _) = policy.admit(gone.clone(), NOW);
    assert_eq!(admitted.tombstones, gone.tombstones, "still ours when gone");
    let mut local = content(vec![overridden("ada", 5000)]);
    local.users[0].account.gid = Gid::new(5000).unwrap();
    policy.local.uids.insert(5000);
    let (admitted, refusals) = policy.admit(local, NOW);
    assert!(admitted.users.is_empty());
    assert!(refusals[0].why.contains("a local user's"), "{refusals:?}");
}

#[test]
fn homes_can_lie_in_a_folder_of_each_directory() {
    let mut policy = policy();
    policy.homes = vec!["/home/corp".to_owned(), "/home/lab".to_owned()];
    let at = |home: &str, place: u16| {
        let mut user = user("ada", 20_000);
        (user.account.home, user.directory) = (home.to_owned(), place);
        user
    };
    let admits = |user: UserRecord| !policy.admit(content(vec![user]), NOW).0.users.is_empty();
    assert!(admits(at("/home/corp/ada", 0)));
    assert!(admits(at("/home/lab/ada", 1)));
    assert!(!admits(at("/home/lab/ada", 0)));
    assert!(!admits(at("/home/ada", 0)));
}

#[test]
fn other_forms_are_what_root_says() {
    let mut said = content(vec![user("ada", 20_000)]);
    said.forms.fold_case = true;
    assert_eq!(admit(said).0.forms, Forms::default());
}

#[test]
fn a_user_that_policy_forbids_is_left_out_and_reported() {
    let named = |name: &'static str| {
        move |user: &mut UserRecord| {
            user.account.name = UserName::new(name).unwrap();
            user.account.home = format!("/home/{name}x");
        }
    };
    let with_id = |id: u32| {
        move |user: &mut UserRecord| {
            user.account.uid = Uid::new(id).unwrap();
            user.account.gid = Gid::new(id).unwrap();
        }
    };
    let at_home = |home: &'static str| move |user: &mut UserRecord| user.account.home = home.into();
    let in_shell =
        |shell: &'static str| move |user: &mut UserRecord| user.account.shell = shell.into();
    let called =
        |gecos: &'static str| move |user: &mut UserRecord| user.account.gecos = gecos.into();
    check_user(named("root"), "a local user or group");
    check_user(named("bob"), "a local user or group");
    check_user(named("users"), "a local user or group");
    check_user(named("sudo"), "reserved name");
    check_user(named("wheel"), "reserved name");
    check_user(named("systemd-network"), "reserved name");
    check_user(named("nobody"), "reserved name");
    check_user(named("Mallory"), "canonical form");
    check_user(named("mallory$"), "canonical form");
    check_user(with_id(9_999), "neither ids.accept nor ids.derive");
    check_user(with_id(60_000), "neither ids.accept nor ids.derive");
    check_user(with_id(12_000), "a local user's or group's");
    check_user(with_id(100_000), "/etc/subuid");
    check_user(with_id(165_535), "/etc/subuid");
    check_user(at_home("/etc"), "is not in /home");
    check_user(at_home("/home"), "is not in /home");
    check_user(at_home("/homes/mallory"), "is not in /home");
    check_user(at_home("/home/"), "not one plain folder");
    check_user(at_home("/home/.."), "not one plain folder");
    check_user(at_home("/home/.ssh"), "not one plain folder");
    check_user(at_home("/home/../etc"), "not one plain folder");
    check_user(at_home("/home/a/b"), "not one plain folder");
    check_user(at_home("/home//etc"), "not one plain folder");
    check_user(at_home("/home/mallory\n"), "not one plain folder");
    check_user(at_home("/home/bob"), "a local user's");
    check_user(at_home("/home/robert"), "a local user's");
    check_user(at_home("/home/ada"), "another user");
    check_user(in_shell("/bin/evil"), "not in /etc/shells");
    check_user(in_shell(""), "not in /etc/shells");
    check_user(called("Mallory\nroot::0:0::/:/bin/sh"), "full name");
    check_user(called("Mallory:0:0"), "full name");
    check_user(called("\u{1b}]0;x\u{7}"), "full name");
    check_user(|user| user.account.gecos = "x".repeat(600), "full name");
    check_user(|user| user.directory = 2, "not configured");
    check_user(|user| user.directory = u16::MAX, "not configured");
    check_user(
        |user| user.account.gid = Gid::new(20_000).unwrap(),
        "primary group",
    );
    check_user(
        |user| user.account.gid = Gid::new(40_000).unwrap(),
        "primary group",
    );
}

#[test]
fn a_home_is_one_users_alone_but_where_root_says_otherwise() {
    let lives = |name: &str, uid: u32, home: &str| {
        let mut user = user(name, uid);
        user.account.home = home.to_owned();
        user
    };
    let admitted = |policy: &Policy, users: Vec<UserRecord>| {
        let (admitted, _) = policy.admit(content(users), NOW);
        let names = admitted.users.into_iter().map(|user| user.account.name);
        names.map(|name| name.to_string()).collect::<Vec<_>>()
    };
    let three = |home: &str| {
        vec![
            user("ada", 20_000),
            lives("eve", 20_001, home),
            lives("mia", 20_002, "/home/fireside"),
        ]
    };
    let mut policy = policy();
    assert_eq!(admitted(&policy, three("/home/own")), ["ada", "eve", "mia"]);
    assert_eq!(admitted(&policy, three("/home/ada")), ["ada", "mia"]);
    assert_eq!(admitted(&policy, three("/home/fireside")), ["ada"]);
    let named_after = vec![user("robert", 20_003)];
    assert_eq!(admitted(&policy, named_after), ["robert"], "the template's");
    let said = Override {
        home: Some("/home/ada".to_owned()),
        ..Override::default()
    };
    policy.overrides = [(UserName::new("eve").unwrap(), said)].into();
    assert_eq!(admitted(&policy, three("/home/ada")), ["ada", "eve", "mia"]);
}

/// One wrong group beside a right user.
fn check_group(group: GroupRecord, why: &str) {
    let mut said = content(vec![user("ada", 20_000)]);
    said.users[0].groups = vec![Gid::new(20_000).unwrap(), group.group.gid];
    said.groups.push(group);
    let (admitted, refusals) = admit(said);
    assert_eq!(names(&admitted), (vec!["ada"], vec!["ada"]), "{why}");
    assert_eq!(admitted.users[0].groups, gids(&[20_000]), "{why}");
    assert!(refusals[0].why.contains(why), "{why}: {refusals:?}");
}

#[test]
fn a_group_that_policy_forbids_is_left_out_of_groups_and_of_everybodys_list() {
    for name in ["sudo", "docker", "wheel", "systemd-journal", "shadow"] {
        check_group(group(name, 30_000, &["ada"]), "reserved name");
    }
    check_group(group("bob", 30_000, &["ada"]), "a local user or group");
    check_group(group("Linux", 30_000, &["ada"]), "canonical form");
    check_group(group("linux", 1_000, &["ada"]), "neither ids.accept");
    check_group(
        group("linux", 12_000, &["ada"]),
        "a local user's or group's",
    );
    check_group(group("linux", 150_000, &["ada"]), "/etc/subuid");
    check_group(group("linux", 20_000, &["ada"]), "a group yields");
    check_group(group("ada", 30_000, &["ada"]), "shares its name");
    let foreign = GroupRecord {
        directory: 7,
        ..group("linux", 30_000, &["ada"])
    };
    check_group(foreign, "not configured");
}

#[test]
fn two_users_of_one_name_or_one_id_are_both_left_out_with_their_private_groups() {
    let by_name = content(vec![
        user("ada", 20_000),
        user("ada", 20_001),
        user("eve", 20_002),
    ]);
    let by_id = content(vec![
        user("ada", 20_000),
        user("bea", 20_000),
        user("eve", 20_002),
    ]);
    for said in [by_name, by_id] {
        let (admitted, refusals) = admit(said);
        assert_eq!(names(&admitted), (vec!["eve"], vec!["eve"]));
        let users = refusals
            .iter()
            .filter(|refusal| refusal.what.starts_with("user"));
        assert_eq!(users.count(), 2);
    }
}

#[test]
fn two_groups_of_one_name_or_one_id_are_both_left_out() {
    for (name, gid) in [("team", 30_001), ("team2", 30_000)] {
        let mut said = content(vec![user("ada", 20_000)]);
        said.groups.push(group("team", 30_000, &["ada"]));
        said.groups.push(group(name, gid, &["ada"]));
        let (admitted, refusals) = admit(said);
        assert_eq!(names(&admitted), (vec!["ada"], vec!["ada"]));
        assert_eq!(refusals.len(), 2);
    }
}

#[test]
fn a_primary_group_may_be_a_served_group_that_lists_the_user() {
    let mut said = content(Vec::new());
    let mut ada = user("ada", 20_000);
    ada.account.gid = Gid::new(30_000).unwrap();
    ada.groups = Vec::new();
    said.users.push(ada);
    said.groups.push(group("staffers", 30_000, &["ada"]));
    let (admitted, refusals) = admit(said.clone());
    assert_eq!(refusals, []);
    // The complete list holds the primary group, whatever was said.
    assert_eq!(admitted.users[0].groups, gids(&[30_000]));

    said.groups[0].group.members = Members::default();
    assert_eq!(names(&admit(said.clone()).0), (vec![], vec!["staffers"]));
    said.groups[0] = GroupRecord {
        directory: 1,
        ..group("staffers", 30_000, &["ada"])
    };
    assert_eq!(names(&admit(said).0), (vec![], vec!["staffers"]));
}

#[test]
fn members_and_lists_hold_only_who_and_what_is_served_from_the_same_directory() {
    let mut said = content(vec![
        user("ada", 20_000),
        user("eve", 20_001),
        user("mel", 20_002),
    ]);
    said.users[2].account.shell = "/bin/evil".to_owned();
    said.users[1].directory = 1;
    said.groups[1].directory = 1;
    said.groups[0].group.members = UserName::new("eve").into_iter().collect();
    said.groups.push(group(
        "team",
        30_000,
        &["mel", "eve", "ada", "ada", "nobody-known"],
    ));
    said.users[0].groups = gids(&[30_000, 30_000, 20_001, 30_009, 20_000]);
    said.users[1].groups = gids(&[20_001, 30_000, 20_000]);
    let (admitted, _) = admit(said);
    let team = &admitted.groups[2].group;
    assert_eq!(team.members.iter().collect::<Vec<_>>(), ["ada"]);
    assert!(admitted.groups[0].group.members.is_empty());
    assert_eq!(admitted.users[0].groups, gids(&[20_000, 30_000]));
    assert_eq!(admitted.users[1].groups, gids(&[20_001]));
}

#[test]
fn an_access_decision_never_outlives_the_staleness_that_root_allows() {
    let mut said = content(vec![user("ada", 20_000)]);
    said.users[0].access.until = Time::from_unix(u64::MAX);
    said.created = Time::from_unix(u64::MAX);
    said.directories[0].synced = Some(Time::from_unix(u64::MAX));
    let (admitted, _) = admit(said);
    assert_eq!(
        admitted.users[0].access.until,
        NOW.after(Duration::from_secs(1000))
    );
    assert_eq!(admitted.created, NOW);
    assert_eq!(admitted.directories[0].synced, Some(NOW));
}

#[test]
fn masks_follow_the_services_that_root_configured() {
    let mut said = content(vec![user("ada", 20_000)]);
    said.services = vec![service("sudo"), service("extra")];
    said.users[0].access.allowed = 0b1110;
    let (admitted, refusals) = admit(said);
    assert_eq!(admitted.services, [service("sshd"), service("sudo")]);
    // sshd was not compiled: denied; sudo moved from bit 1 to bit 2; extra is gone.
    assert_eq!(admitted.users[0].access.allowed, 0b100);
    assert_eq!(refusals[0].what, "service sshd");
}

#[test]
fn more_services_than_bits_are_no_way_past_a_rule() {
    let mut said = content(vec![user("ada", 20_000)]);
    said.services = (0..200).map(|i| service(&format!("s{i}"))).collect();
    said.services[150] = service("sudo");
    said.users[0].access.allowed = u64::MAX;
    let (admitted, _) = admit(said);
    assert_eq!(admitted.services.len(), 2);
    assert_eq!(admitted.users[0].access.allowed, 0b1);
}

#[test]
fn directories_stand_as_configured_and_records_follow_them() {
    let mut said = content(vec![user("ada", 20_000)]);
    said.directories.swap(0, 1);
    said.directories.push(said.directories[0].clone());
    said.users[0].directory = 1;
    said.groups[0].directory = 1;
    let (admitted, refusals) = admit(said);
    assert_eq!(admitted.directories[0].name, directory("corp"));
    assert_eq!(admitted.users[0].directory, 0);
    assert_eq!(refusals[0].what, "directory lab");
}

#[test]
fn keys_with_options_or_junk_are_dropped_and_the_user_stays() {
    let mut said = content(vec![user("ada", 20_000)]);
    let good = "sk-ssh-ed25519@openssh.com AAAA";
    said.users[0].ssh_keys = [
        good,
        "command=\"/bin/evil\" ssh-ed25519 AAAA",
        "ssh-ed25519 AAAA comment",
        "ssh-ed25519 AAAA\nssh-ed25519 BBBB",
        "ssh-ed25519",
        "",
    ]
    .map(str::to_owned)
    .into();
    let (admitted, refusals) = admit(said);
    assert_eq!(admitted.users[0].ssh_keys, [good]);
    assert!(refusals[0].why.contains("loses 5 SSH keys"), "{refusals:?}");
}

#[test]
fn a_tombstone_never_covers_somebody_who_is_served_or_local() {
    let mut said = content(vec![user("ada", 20_000)]);
    let gone = |name: &str, uid| Tombstone {
        name: UserName::new(name).unwrap(),
        uid: Uid::new(uid).unwrap(),
    };
    said.tombstones = vec![
        gone("ada", 20_001),
        gone("old", 20_000),
        gone("root", 20_002),
        gone("bob", 20_003),
        gone("eve", 12_000),
        gone("mel", 20_004),
    ];
    let (admitted, refusals) = admit(said);
    assert_eq!(admitted.tombstones, [gone("mel", 20_004)]);
    assert_eq!(refusals.len(), 5);
}

#[test]
fn id_ranges_come_from_policy_alone_and_leave_reserved_ids_out() {
    let mut said = content(Vec::new());
    said.id_ranges = vec![0..=u32::MAX];
    assert_eq!(
        admit(said).0.id_ranges,
        [10_000..=59_999, 70_000..=2_000_000]
    );
    let wide = Policy {
        accept: 10_000..=2_147_352_575,
        derive: 1_879_048_192..=2_147_352_575,
        ..policy()
    };
    assert_eq!(
        wide.id_ranges(),
        [10_000..=61_183, 65_520..=65_533, 65_536..=2_147_352_575]
    );
}
