//! Amendments: what a broker may say about some people alone, and what it may not.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use muster_common::account::{Gid, Uid};
use muster_common::clock::{Clock, Time};
use muster_common::name::UserName;
use muster_common::snapshot::content::{Content, Misses, Tombstone, UserRecord};
use muster_common::snapshot::reader::Snapshot;
use muster_common::wire::publish::{PublishError, Published};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::host::{CONFIG, Host, START, content, group, user};

const CREW: u32 = 40_000;
const FLEET: u32 = 40_001;

fn gid(number: u32) -> Gid {
    Gid::new(number).unwrap()
}

/// Ada and eve, both in `fleet`, ada in `crew`, and mel in none of them.
fn company() -> Content {
    let mut company = content(&[("ada", 20_000), ("eve", 20_001), ("mel", 20_002)]);
    company.groups.push(group("crew", CREW, &["ada"]));
    company.groups.push(group("fleet", FLEET, &["ada", "eve"]));
    company.users[0].groups.extend([gid(CREW), gid(FLEET)]);
    company.users[1].groups.push(gid(FLEET));
    company
}

/// What is said about these users alone.
fn about(users: &[UserRecord]) -> Content {
    Content {
        users: users.to_vec(),
        groups: Vec::new(),
        ..company()
    }
}

fn inode(host: &Host) -> u64 {
    std::fs::metadata(host.snapshot()).unwrap().ino()
}

fn members(content: &Content, name: &str) -> Vec<String> {
    let mut groups = content.groups.iter();
    let found = groups.find(|record| record.group.name.as_str() == name);
    let members = found.unwrap().group.members.iter();
    members.map(str::to_owned).collect()
}

/// A host that serves the company, and its snapshot's generation.
fn serving() -> (Host, Published) {
    let host = Host::new();
    let published = host.publish(&company());
    assert_eq!((published.users, published.refused_total), (3, 0));
    (host, published)
}

fn refusal(answer: Result<Published, PublishError>) -> String {
    match answer {
        Err(PublishError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_said_of_some_is_served_and_all_else_stays() {
    let (host, before) = serving();
    let mut ada = company().users[0].clone();
    ada.account.gecos = "Ada, Countess".to_owned();
    ada.account.shell = "/bin/sh".to_owned();
    ada.ssh_keys = vec!["ssh-ed25519 AAAA".to_owned()];
    ada.access.allowed = 0;
    let mut said = about(std::slice::from_ref(&ada));
    host.clock.advance(Duration::from_secs(60));
    said.created = host.clock.now();
    said.directories[0].synced = Some(host.clock.now());
    let published = host.amend(&said, before.generation).unwrap();
    let generation = before.generation + 1;
    assert_eq!(
        published,
        Published {
            generation,
            ..before
        }
    );
    let mut expected = host.served();
    assert_eq!(expected.users[0].account, ada.account);
    assert_eq!(expected.users[0].ssh_keys, ada.ssh_keys);
    assert_eq!(expected.users[0].access.allowed, 0);
    assert_eq!(expected.directories[0].synced, Some(host.clock.now()));

    // The same again is no news, and everybody handed over says the same.
    let file = inode(&host);
    assert_eq!(
        host.amend(&said, generation).unwrap().generation,
        generation
    );
    assert_eq!(inode(&host), file);
    let mut whole = company();
    whole.users[0] = ada;
    whole.directories.clone_from(&said.directories);
    assert_eq!(host.publish(&whole).generation, generation + 1);
    expected.created = whole.created;
    assert_eq!(host.served(), expected);
    let again = inode(&host);
    assert_eq!(host.publish(&whole).generation, generation + 1);
    assert_eq!(inode(&host), again, "written whole, it is no news any more");
}

#[test]
fn whoever_joins_and_leaves_is_listed_by_the_groups_so() {
    let (host, before) = serving();
    let mut people = company().users;
    people[0].groups.retain(|held| *held != gid(CREW));
    people[1].groups.push(gid(CREW));
    people[2].groups.extend([gid(CREW), gid(FLEET)]);
    host.amend(&about(&people), before.generation).unwrap();
    let served = host.served();
    assert_eq!(members(&served, "crew"), ["eve", "mel"]);
    assert_eq!(members(&served, "fleet"), ["ada", "eve", "mel"]);
    assert_eq!(served.users[0].groups, [gid(20_000), gid(FLEET)]);
    assert_eq!(served.users[1].groups, [gid(20_001), gid(CREW), gid(FLEET)]);
    let owner = rustix::process::geteuid().as_raw();
    let snapshot = Snapshot::open_trusted_by(&host.snapshot(), owner).unwrap();
    assert_eq!(snapshot.verified().unwrap(), served);
}

#[test]
fn nobody_becomes_somebody_else_or_gets_into_what_is_not_there() {
    let (host, before) = serving();
    let (file, served) = (inode(&host), host.served());
    type Change = fn(&mut Content);
    let table: [(&str, Change); 15] = [
        ("another person", |said| {
            said.users[0].account.uid = Uid::new(20_001).unwrap();
        }),
        ("another person", |said| {
            said.users[0].account.uid = Uid::new(20_009).unwrap();
        }),
        ("another person", |said| {
            said.users[0].account.gid = gid(FLEET);
        }),
        ("lives elsewhere", |said| {
            said.users[0].account.home = "/home/eve".to_owned();
        }),
        ("not one plain folder", |said| {
            said.users[0].account.home = "/home/a/b".to_owned();
        }),
        ("is not served", |said| said.users[0] = user("joe", 20_005)),
        ("a local user", |said| said.users[0] = user("bob", 20_005)),
        ("accept", |said| {
            said.users[0].account.uid = Uid::new(1_000).unwrap();
        }),
        ("not in /etc/shells", |said| {
            said.users[0].account.shell = "/tmp/sh".to_owned();
        }),
        ("SSH keys", |said| {
            said.users[0].ssh_keys = vec!["command=\"x\" ssh-rsa AAAA".to_owned()];
        }),
        ("said twice", |said| said.users.push(said.users[0].clone())),
        ("more than users", |said| {
            said.groups.push(group("new", 40_009, &["ada"]));
        }),
        ("more than users", |said| {
            let (name, uid) = (UserName::new("eve").unwrap(), Uid::new(20_001).unwrap());
            said.tombstones.push(Tombstone { name, uid });
        }),
        ("other services", |said| {
            said.services.push("sudo".parse().unwrap());
        }),
        ("the directories", |said| {
            said.directories[0].misses = Misses::AskByName;
        }),
    ];
    for (nth, (words, change)) in table.into_iter().enumerate() {
        let mut said = about(&company().users[..1]);
        said.users[0].access.allowed = 0;
        change(&mut said);
        let why = refusal(host.amend(&said, before.generation));
        assert!(
            why.contains("everybody is needed") && why.contains(words),
            "{nth} {words}: {why}"
        );
        assert_eq!(
            (inode(&host), host.served()),
            (file, served.clone()),
            "{nth} {words}"
        );
    }
    for generation in [0, before.generation + 1] {
        let why = refusal(host.amend(&about(&company().users[..1]), generation));
        assert!(why.contains("not admitted"), "{why}");
    }

    // Groups that are not there, another's private one, and one of the host's own: left out, as ever.
    let mut mel = company().users[2].clone();
    mel.groups.extend([gid(40_009), gid(20_001), gid(20_999)]);
    mel.account.gecos = "Mel".to_owned();
    host.amend(&about(&[mel]), before.generation).unwrap();
    let served = host.served();
    assert_eq!(served.users[2].groups, [gid(20_002)]);
    assert_eq!(members(&served, "eve"), [""; 0]);
}

#[test]
fn an_access_decision_counts_no_longer_than_root_says_nor_for_services_that_root_has_not() {
    let (host, before) = serving();
    let mut ada = company().users[0].clone();
    ada.access.allowed = u64::MAX;
    ada.access.until = START.after(Duration::from_secs(1 << 40));
    host.amend(&about(&[ada]), before.generation).unwrap();
    let access = host.served().users[0].access;
    assert_eq!(access.allowed, 1);
    assert!(access.until <= START.after(Duration::from_secs(7 * 86_400)));
}

#[test]
fn when_root_or_the_host_says_otherwise_everybody_is_judged_anew() {
    let (host, before) = serving();
    let said = || {
        let mut ada = company().users[0].clone();
        ada.account.gecos = "Ada".to_owned();
        about(&[ada])
    };
    let not_admitted = |generation: u64| {
        let why = refusal(host.amend(&said(), generation));
        assert!(why.contains("not admitted"), "{why}");
    };
    host.write("etc/muster.toml", &CONFIG.replace("59999", "59998"));
    not_admitted(before.generation);
    let published = host.publish(&company());
    host.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    not_admitted(published.generation);
    let published = host.publish(&company());
    host.clock.set(Time::from_unix(START.unix() - 1));
    not_admitted(published.generation);
    host.clock.set(START);
    host.amend(&said(), published.generation).unwrap();

    // A publisher that has just been started has admitted nobody.
    let generation = host.publish(&company()).generation;
    std::fs::remove_file(host.socket()).unwrap();
    host.listen();
    not_admitted(generation);
    host.publish(&company());
    std::fs::remove_file(host.snapshot()).unwrap();
    let why = refusal(host.amend(&said(), generation));
    assert!(why.contains("another snapshot"), "{why}");
}

#[test]
fn what_is_left_over_is_bounded() {
    let (host, mut published) = serving();
    let whole = std::fs::metadata(host.snapshot()).unwrap().len();
    let refused = (0..2000).find_map(|nth| {
        let mut ada = company().users[0].clone();
        ada.account.gecos = format!("Ada {nth:0200}");
        match host.amend(&about(&[ada]), published.generation) {
            Ok(next) => published = next,
            other => return Some(refusal(other)),
        }
        None
    });
    assert!(refused.is_some_and(|why| why.contains("left over")));
    let most = std::fs::metadata(host.snapshot()).unwrap().len();
    assert!(most < whole + (65 << 10), "{most} of {whole}");
    let next = host.publish(&company()).generation;
    assert_eq!(std::fs::metadata(host.snapshot()).unwrap().len(), whole);
    let mut ada = company().users[0].clone();
    ada.account.gecos = "Ada, again".to_owned();
    host.amend(&about(&[ada]), next).unwrap();
}

/// What changes of one user.
#[derive(Debug, Clone)]
enum Change {
    Gecos(Index, u8),
    Shut(Index),
    Moves(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(who, to)| Change::Gecos(who, to)),
        at().prop_map(Change::Shut),
        (at(), at()).prop_map(|(who, group)| Change::Moves(who, group)),
        (at(), at()).prop_map(|(who, group)| Change::Moves(who, group)),
    ]
}

/// Makes `change` in `said`, and says of whom.
fn make(said: &mut Content, change: &Change) -> usize {
    let (Change::Gecos(who, _) | Change::Shut(who) | Change::Moves(who, _)) = change;
    let who = who.index(said.users.len());
    let user = &mut said.users[who];
    match change {
        Change::Gecos(_, to) => user.account.gecos = "x".repeat(usize::from(*to) / 4),
        Change::Shut(_) => user.access.allowed ^= 1,
        Change::Moves(_, group) => {
            let people = said.groups.len() - 4;
            let group = &mut said.groups[people + group.index(4)].group;
            if user.groups.contains(&group.gid) {
                user.groups.retain(|held| *held != group.gid);
                let name = user.account.name.as_bytes();
                group.members.retain(|member| member != name);
            } else {
                user.groups.push(group.gid);
                group.members.push(&user.account.name);
            }
        }
    }
    who
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn amended_again_and_again_a_snapshot_says_what_a_whole_one_says(
        people in 2u32..12,
        rounds in prop::collection::vec(prop::collection::vec(change(), 1..8), 1..5),
    ) {
        let names: Vec<_> = (0..people).map(|nth| (format!("u{nth}"), 20_000 + nth)).collect();
        let named: Vec<_> = names.iter().map(|(name, id)| (name.as_str(), *id)).collect();
        let mut said = content(&named);
        said.groups.extend((0..4).map(|nth| group(&format!("g{nth}"), CREW + nth, &[])));
        let (amending, whole) = (Host::new(), Host::new());
        let mut generation = amending.publish(&said).generation;
        for changes in &rounds {
            let mut touched: Vec<_> = changes.iter().map(|change| make(&mut said, change)).collect();
            touched.sort_unstable();
            touched.dedup();
            let users: Vec<_> = touched.iter().map(|who| said.users[*who].clone()).collect();
            generation = match amending.amend(&about(&users), generation) {
                Ok(published) => published.generation,
                other => {
                    prop_assert!(refusal(other).contains("left over"));
                    amending.publish(&said).generation
                }
            };
            whole.publish(&said);
            prop_assert_eq!(amending.served(), whole.served());
        }
    }
}
