//! A snapshot amended again and again says what one says that is written whole; who is not there cannot be amended.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::account::{Account, Gid, Group, Uid};
use crate::name::{GroupName, UserName};
use crate::snapshot::content::{Access, Content, Misses};
use crate::snapshot::writer::{amend, install, write};

const CASES: u32 = if cfg!(miri) { 2 } else { 60 };

fn gid(number: u32) -> Gid {
    Gid::new(number).unwrap()
}

fn user(nth: u32, groups: &[u32]) -> UserRecord {
    let (name, id) = (format!("user{nth}"), 20_000 + nth);
    UserRecord {
        account: Account {
            name: UserName::new(&name).unwrap(),
            uid: Uid::new(id).unwrap(),
            gid: gid(id),
            gecos: format!("User {nth}"),
            home: format!("/home/{name}"),
            shell: "/bin/bash".to_owned(),
        },
        groups: std::iter::once(id)
            .chain(groups.iter().copied())
            .map(gid)
            .collect(),
        directory: 0,
        access: Access {
            allowed: 1,
            until: Time::from_unix(100),
        },
        ssh_keys: Vec::new(),
    }
}

fn group(nth: u32, members: &[u32]) -> GroupRecord {
    let members = members
        .iter()
        .map(|nth| format!("user{nth}").parse().unwrap());
    GroupRecord {
        group: Group {
            name: GroupName::new(&format!("group{nth}")).unwrap(),
            gid: gid(50_000 + nth),
            members: members.collect::<Vec<UserName>>().into_iter().collect(),
        },
        directory: 0,
    }
}

fn synced(at: u64) -> Vec<DirectoryRecord> {
    vec![DirectoryRecord {
        name: "corp".parse().unwrap(),
        misses: Misses::Final,
        synced: Some(Time::from_unix(at)),
    }]
}

fn content(users: u32, groups: u32) -> Content {
    Content {
        created: Time::from_unix(5),
        enumerate: true,
        id_ranges: vec![20_000..=60_000],
        directories: synced(5),
        users: (0..users).map(|nth| user(nth, &[])).collect(),
        groups: (0..groups).map(|nth| group(nth, &[])).collect(),
        ..Content::default()
    }
}

/// What `content` says when `amendment` is right.
fn expected(content: &Content, amendment: &Amendment) -> Content {
    let mut expected = content.clone();
    expected.created = amendment.created;
    expected.directories.clone_from(&amendment.directories);
    for new in &amendment.users {
        let mut users = expected.users.iter_mut();
        *users
            .find(|old| old.account.name == new.account.name)
            .unwrap() = new.clone();
    }
    for new in &amendment.groups {
        let mut groups = expected.groups.iter_mut();
        *groups.find(|old| old.group.name == new.group.name).unwrap() = new.clone();
    }
    expected
}

/// A folder with a snapshot that says some content.
struct Served {
    folder: tempfile::TempDir,
    owner: u32,
}

impl Served {
    fn new(content: &Content) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        install(&write(content, 1).unwrap(), folder.path()).unwrap();
        let owner = folder.path().metadata().unwrap().uid();
        Self { folder, owner }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::open_trusted_by(&self.path().join("snapshot"), self.owner).unwrap()
    }

    fn amend(&self, amendment: &Amendment) -> Result<(), WriteError> {
        let served = self.snapshot();
        let generation = served.generation() + 1;
        amend(&served, amendment, generation, self.path(), self.owner)
    }

    /// The amendment is refused, and what was served still is.
    fn refuses(&self, amendment: &Amendment, why: &str) {
        let before = self.snapshot();
        let refused = self.amend(amendment).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
        let after = self.snapshot();
        assert_eq!(before.identity(), after.identity());
        assert!(!after.looks_stale());
        assert!(!self.path().join("snapshot.new").exists());
    }
}

/// One user or one group, changed.
#[derive(Debug, Clone)]
enum Change {
    Gecos(Index, String),
    Key(Index, String),
    Shut(Index),
    Joins(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), "[a-zA-Z ]{0,90}").prop_map(|(at, text)| Change::Gecos(at, text)),
        (at(), "ssh-ed25519 [A-Za-z0-9]{1,300}").prop_map(|(at, key)| Change::Key(at, key)),
        at().prop_map(Change::Shut),
        (at(), at()).prop_map(|(who, group)| Change::Joins(who, group)),
    ]
}

/// What is said after these changes of `content`, everybody once.
fn amendment(content: &Content, changes: &[Change], at: u64) -> Amendment {
    let (mut users, mut groups) = (
        std::collections::BTreeMap::new(),
        std::collections::BTreeMap::new(),
    );
    for change in changes {
        let who = match change {
            Change::Gecos(who, _)
            | Change::Key(who, _)
            | Change::Shut(who)
            | Change::Joins(who, _) => who,
        };
        let who = who.index(content.users.len());
        let user = users
            .entry(who)
            .or_insert_with(|| content.users[who].clone());
        match change {
            Change::Gecos(_, text) => user.account.gecos.clone_from(text),
            Change::Key(_, key) => user.ssh_keys.push(key.clone()),
            Change::Shut(_) => user.access.allowed = 0,
            Change::Joins(_, group) => {
                let at = group.index(content.groups.len());
                let record = groups
                    .entry(at)
                    .or_insert_with(|| content.groups[at].clone());
                if !record.group.members.contains(&user.account.name) {
                    record.group.members.push(&user.account.name);
                    record.group.members.sort();
                    user.groups.push(record.group.gid);
                }
            }
        }
    }
    Amendment {
        created: Time::from_unix(at),
        directories: synced(at),
        users: users.into_values().collect(),
        groups: groups.into_values().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    #[test]
    fn an_amended_snapshot_is_one_that_says_the_same_when_written_whole(
        users in 1u32..60,
        groups in 1u32..20,
        rounds in prop::collection::vec(prop::collection::vec(change(), 0..12), 1..4),
    ) {
        let mut said = content(users, groups);
        let served = Served::new(&said);
        for (changes, at) in rounds.iter().zip(10..) {
            let before = served.snapshot();
            let news = amendment(&said, changes, at);
            said = expected(&said, &news);
            served.amend(&news).unwrap();
            let snapshot = served.snapshot();
            prop_assert_eq!(snapshot.verified().unwrap(), said.clone());
            prop_assert!(snapshot.amended() && !snapshot.looks_stale() && before.looks_stale());
            prop_assert_eq!(snapshot.generation(), before.generation() + 1);
        }
    }
}

#[test]
fn only_who_is_there_can_be_amended_and_once() {
    let served = Served::new(&content(20, 3));
    let about = |users: Vec<UserRecord>, groups: Vec<GroupRecord>| Amendment {
        created: Time::from_unix(9),
        directories: synced(9),
        users,
        groups,
    };
    let elsewhere = "has not everybody";
    served.refuses(&about(vec![user(20, &[])], vec![]), elsewhere);
    served.refuses(&about(vec![], vec![group(3, &[])]), elsewhere);
    let mut renumbered = user(3, &[]);
    renumbered.account.uid = Uid::new(20_004).unwrap();
    served.refuses(&about(vec![renumbered], vec![]), elsewhere);
    let mut renumbered = group(1, &[]);
    renumbered.group.gid = gid(50_002);
    served.refuses(&about(vec![], vec![renumbered]), elsewhere);
    served.refuses(&about(vec![user(3, &[]), user(3, &[])], vec![]), elsewhere);
    let mut elsewhere = user(3, &[]);
    elsewhere.directory = 1;
    served.refuses(&about(vec![elsewhere], vec![]), "directory");
    let mut broken = user(3, &[]);
    broken.account.gecos = "a:b".to_owned();
    served.refuses(&about(vec![broken], vec![]), "colon");
    let mut other = about(vec![user(3, &[])], vec![]);
    other.directories[0].misses = Misses::Unclear;
    served.refuses(&other, "other directories");
    other.directories.clear();
    served.refuses(&other, "directory");
}

#[test]
fn a_snapshot_that_was_exchanged_meanwhile_is_not_amended() {
    let said = content(3, 1);
    let served = Served::new(&said);
    let old = served.snapshot();
    install(&write(&said, 7).unwrap(), served.path()).unwrap();
    let nothing = Amendment {
        directories: synced(9),
        ..Amendment::default()
    };
    let refused = amend(&old, &nothing, 8, served.path(), served.owner);
    assert!(refused.is_err());
    assert_eq!(served.snapshot().generation(), 7);
}
