//! Snapshots written, read back, installed, mistrusted and torn to pieces.

#![cfg(feature = "writer")]

use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

use proptest::prelude::*;

use super::content::{
    Access, Content, DirectoryRecord, Forms, GroupRecord, GroupType, Misses, Tombstone, UserRecord,
};
use super::format::{HEADER, header};
use super::reader::{OpenError, Snapshot};
use super::writer::{WriteError, candidate, install, write};
use crate::account::{Account, Gid, Group, Uid};
use crate::clock::Time;
use crate::name::{GroupName, UserName};

fn user(name: &str, id: u32, groups: &[u32]) -> UserRecord {
    UserRecord {
        account: Account {
            name: UserName::new(name).unwrap(),
            uid: Uid::new(id).unwrap(),
            gid: Gid::new(id).unwrap(),
            gecos: format!("{name} of Zürich"),
            home: format!("/home/{name}"),
            shell: "/bin/bash".to_owned(),
        },
        groups: groups.iter().map(|&gid| Gid::new(gid).unwrap()).collect(),
        directory: 0,
        access: Access {
            allowed: 5,
            until: Time::from_unix(77),
        },
        ssh_keys: vec!["ssh-ed25519 AAAA".to_owned(), "x".to_owned()],
    }
}

/// Changes the members of the second group.
fn with_members(content: &mut Content, change: impl FnOnce(&mut Vec<UserName>)) {
    let members = &mut content.groups[1].group.members;
    let mut names: Vec<UserName> = members.iter().map(|name| name.parse().unwrap()).collect();
    change(&mut names);
    *members = names.into_iter().collect();
}

fn group(name: &str, gid: u32, members: &[&str]) -> GroupRecord {
    GroupRecord {
        group: Group {
            name: GroupName::new(name).unwrap(),
            gid: Gid::new(gid).unwrap(),
            members: members.iter().map(|m| UserName::new(m).unwrap()).collect(),
        },
        directory: 0,
    }
}

fn content() -> Content {
    Content {
        created: Time::from_unix(1_700_000_000),
        enumerate: true,
        forms: Forms::default(),
        id_ranges: vec![10_000..=20_000, 1_879_048_192..=2_147_352_575],
        directories: vec![DirectoryRecord {
            name: "corp".parse().unwrap(),
            misses: Misses::Final,
            synced: Some(Time::from_unix(5)),
        }],
        services: vec!["sudo".parse().unwrap()],
        users: vec![
            user("ada", 10_001, &[10_001, 15_000]),
            user("b", 10_002, &[10_002]),
            user("c", 10_003, &[]),
        ],
        groups: vec![
            group("ada", 10_001, &[]),
            group("linux-users", 15_000, &["ada", "b"]),
        ],
        group_types: vec![GroupType {
            gid: Gid::new(15_000).unwrap(),
            name: "shell".parse().unwrap(),
        }],
        tombstones: vec![Tombstone {
            name: "gone".parse().unwrap(),
            uid: Uid::new(10_009).unwrap(),
        }],
    }
}

fn crowd(count: u32) -> Content {
    let mut content = content();
    content.users = (0..count)
        .map(|i| user(&format!("user{i}"), 20_000_000 + i, &[20_000_000 + i]))
        .collect();
    content.groups = (0..count)
        .map(|i| group(&format!("user{i}"), 20_000_000 + i, &[]))
        .collect();
    content
}

#[test]
fn what_was_written_is_read_back_by_name_by_id_and_whole() {
    let content = content();
    let snapshot = Snapshot::from_bytes(&write(&content, 9).unwrap()).unwrap();
    assert_eq!(snapshot.generation(), 9);
    assert_eq!(snapshot.content().unwrap(), content);
    let ada = snapshot.user_by_name("ada").unwrap().unwrap();
    assert_eq!(ada, content.users[0]);
    assert_eq!(
        snapshot.user_by_uid(Uid::new(10_002).unwrap()).unwrap(),
        Some(content.users[1].clone())
    );
    assert_eq!(
        snapshot.group_by_name("linux-users").unwrap(),
        Some(content.groups[1].clone())
    );
    assert_eq!(
        snapshot.group_by_gid(Gid::new(15_000).unwrap()).unwrap(),
        Some(content.groups[1].clone())
    );
    assert_eq!(
        snapshot.tombstone("gone").unwrap(),
        Some(content.tombstones[0].clone())
    );
    assert!(snapshot.complete() && snapshot.enumerate() && !snapshot.looks_stale());
    for absent in ["", "ad", "adaa", "gone", "a\0a", "linux-users"] {
        assert_eq!(snapshot.user_by_name(absent).unwrap(), None, "{absent:?}");
    }
    assert_eq!(snapshot.tombstone("ada").unwrap(), None);
}

#[test]
fn a_candidate_says_all_of_it_and_leads_to_nobody() {
    let bytes = candidate(&content()).unwrap();
    assert!(bytes.len() < write(&content(), 0).unwrap().len());
    let snapshot = Snapshot::from_vec(bytes).unwrap();
    assert_eq!(snapshot.content().unwrap(), content());
    let name = content().users[0].account.name.clone();
    assert_eq!(snapshot.user_by_name(name.as_str()).unwrap(), None);
}

#[test]
fn a_snapshot_says_its_own_content_and_no_other() {
    let snapshot = Snapshot::from_bytes(&write(&content(), 9).unwrap()).unwrap();
    let says = |said: &Content| snapshot.says(said, |own, said| own == said).unwrap();
    assert!(says(&content()));
    let changes: [fn(&mut Content); 25] = [
        |c| c.enumerate = false,
        |c| c.forms.fold_case = true,
        |c| c.forms.suffixes.push("@example.org".to_owned()),
        |c| c.id_ranges.truncate(1),
        |c| c.directories[0].misses = Misses::AskByName,
        |c| c.directories[0].synced = Some(Time::from_unix(6)),
        |c| c.directories[0].synced = None,
        |c| c.services.clear(),
        |c| c.group_types[0].name = "git".parse().unwrap(),
        |c| c.group_types.clear(),
        |c| c.tombstones[0].name = "left".parse().unwrap(),
        |c| c.users.truncate(2),
        |c| c.users[0].account.name = "adb".parse().unwrap(),
        |c| c.users[0].account.gecos.push('!'),
        |c| c.users[0].account.home.push('/'),
        |c| c.users[0].account.shell.clear(),
        |c| c.users[0].account.uid = Uid::new(10_008).unwrap(),
        |c| c.users[0].groups.swap(0, 1),
        |c| c.users[0].access.allowed = 4,
        |c| c.users[0].access.until = Time::from_unix(78),
        |c| c.users[0].ssh_keys[1].push('x'),
        |c| with_members(c, |names| names.swap(0, 1)),
        |c| with_members(c, |names| names.truncate(1)),
        |c| with_members(c, |names| names[1] = names[0].clone()),
        |c| c.groups[1].group.name = "linux-user".parse().unwrap(),
    ];
    for (position, change) in changes.into_iter().enumerate() {
        let mut other = content();
        change(&mut other);
        assert!(!says(&other), "{position}");
    }
    let later = Content {
        created: Time::from_unix(1_700_000_001),
        ..content()
    };
    assert!(says(&later));
}

#[test]
fn an_empty_snapshot_answers_that_nobody_is_there() {
    let content = Content::default();
    let snapshot = Snapshot::from_bytes(&write(&content, 0).unwrap()).unwrap();
    assert_eq!(snapshot.content().unwrap(), content);
    assert_eq!(snapshot.user_by_name("ada").unwrap(), None);
    assert!(snapshot.complete() && !snapshot.enumerate());
}

#[test]
fn one_lazy_directory_makes_a_miss_inconclusive() {
    let mut content = content();
    content.directories.push(DirectoryRecord {
        name: "lazy".parse().unwrap(),
        misses: Misses::AskByName,
        synced: None,
    });
    let snapshot = Snapshot::from_bytes(&write(&content, 0).unwrap()).unwrap();
    assert!(!snapshot.complete());
    assert_eq!(snapshot.directories().unwrap(), content.directories);
}

#[test]
fn other_forms_lead_to_the_canonical_name_where_they_are_configured() {
    let mut content = content();
    let snapshot = |content: &Content| Snapshot::from_bytes(&write(content, 0).unwrap()).unwrap();
    let check = |content: &Content, typed: &str, expected: Option<&str>| {
        let canonical = snapshot(content).canonical(typed.as_bytes()).unwrap();
        let canonical = canonical.as_ref().map(|name| name.as_str());
        assert_eq!(canonical, expected, "{typed:?}");
    };
    for typed in ["Ada", "ada@example.org", "ada"] {
        check(&content, typed, None);
    }
    content.forms.suffixes = vec!["@example.org".to_owned(), "@b.example.org".to_owned()];
    check(&content, "ada@example.org", Some("ada"));
    check(&content, "ada@b.example.org", Some("ada"));
    let without = [
        "ada",
        "Ada",
        "ada@EXAMPLE.org",
        "ada@example.orgs",
        "@example.org",
        "",
    ];
    for typed in without {
        check(&content, typed, None);
    }
    content.forms.fold_case = true;
    check(&content, "aDA", Some("ada"));
    check(&content, "Ada@Example.ORG", Some("ada"));
    for typed in [
        "ada",
        "4711@example.org",
        "A:b",
        "\u{c4}da",
        &"A".repeat(33),
    ] {
        check(&content, typed, None);
    }
    check(&content, &"A".repeat(32), Some(&"a".repeat(32)));
    assert_eq!(snapshot(&content).forms().unwrap(), content.forms);
    for unfit in [String::new(), "@".repeat(129), "@\n".to_owned()] {
        content.forms.suffixes = vec![unfit];
        assert!(matches!(write(&content, 0), Err(WriteError::Unfit { .. })));
    }
}

#[test]
fn a_large_directory_keeps_every_probe_short() {
    let count = if cfg!(miri) { 50 } else { 20_000 };
    let content = crowd(count);
    let snapshot = Snapshot::from_bytes(&write(&content, 1).unwrap()).unwrap();
    assert_eq!(snapshot.user_count(), count);
    assert_eq!(snapshot.user_by_name("nobody-here").unwrap(), None);
}

/// Each further slot costs a look-up some twenty instructions.
#[test]
fn nearly_nine_of_ten_people_are_found_by_name_at_the_first_slot() {
    let count: usize = if cfg!(miri) { 50 } else { 10_000 };
    let content = crowd(u32::try_from(count).unwrap());
    let snapshot = Snapshot::from_bytes(&write(&content, 1).unwrap()).unwrap();
    let users = content.users.iter().map(|user| &user.account.name);
    let first = users.filter(|name| snapshot.is_found_at_once(name.as_bytes()));
    assert!(first.count() * 100 >= count * if cfg!(miri) { 60 } else { 87 });
}

#[test]
fn the_same_name_or_id_twice_is_refused_and_named() {
    let check = |change: fn(&mut Content), expected: &str| {
        let mut content = content();
        change(&mut content);
        let error = write(&content, 1).unwrap_err().to_string();
        assert_eq!(error, expected);
    };
    check(
        |c| c.users.push(user("ada", 10_007, &[])),
        "user name ada is there twice",
    );
    check(
        |c| c.users.push(user("eve", 10_001, &[])),
        "uid 10001 is there twice",
    );
    check(
        |c| c.groups.push(group("ada", 10_007, &[])),
        "group name ada is there twice",
    );
    check(
        |c| c.groups.push(group("eve", 15_000, &[])),
        "gid 15000 is there twice",
    );
}

#[test]
fn text_that_would_forge_a_line_or_field_is_refused() {
    for text in ["a:b", "a\nroot", "a\0b", "\x1b[2J", "\x7f"] {
        let mut content = content();
        text.clone_into(&mut content.users[1].account.gecos);
        let refused = write(&content, 1);
        assert!(
            matches!(refused, Err(WriteError::Unfit { ref name, .. }) if name == "b"),
            "{text:?}"
        );
    }
    let mut content = content();
    content.users[0].account.gecos = "x".repeat(70_000);
    assert!(matches!(write(&content, 1), Err(WriteError::Unfit { .. })));
    content.users[0].account.gecos.clear();
    content.users[0].directory = 1;
    assert!(matches!(write(&content, 1), Err(WriteError::Unfit { .. })));
}

#[test]
fn a_user_with_ten_thousand_groups_and_a_group_with_ten_thousand_members_survive() {
    let count = if cfg!(miri) { 20 } else { 10_000 };
    let mut content = content();
    let gids: Vec<u32> = (0..count).map(|i| 1_000_000 + i).collect();
    content.users.push(user("joiner", 10_050, &gids));
    let names: Vec<String> = (0..count).map(|i| format!("m{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    content.groups.push(group("all", 16_000, &names));
    let snapshot = Snapshot::from_bytes(&write(&content, 1).unwrap()).unwrap();
    assert_eq!(snapshot.content().unwrap(), content);
}

/// Every byte of a small snapshot is fixed by docs/snapshot.md. `UPDATE_GOLDENS=1`
/// writes the file anew; then the version has to be a new one.
#[test]
fn the_bytes_of_version_1_stay_as_they_are() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/snapshot/version-1.golden");
    let layout = super::layout::Layout::new(1, 0);
    let bytes = layout.write(&content(), 9).unwrap().unwrap();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &bytes).unwrap();
    }
    assert_eq!(bytes, std::fs::read(path).unwrap());
}

/// Every way in; only that each returns matters.
fn read_all(snapshot: &Snapshot) {
    let _ = snapshot.content();
    for name in ["ada", "linux-users", "gone", "root", ""] {
        let _ = snapshot.user_by_name(name);
        let _ = snapshot.group_by_name(name);
        let _ = snapshot.tombstone(name);
    }
    for id in [10_001, 15_000] {
        let _ = snapshot.user_by_uid(Uid::new(id).unwrap());
        let _ = snapshot.group_by_gid(Gid::new(id).unwrap());
    }
    for position in 0..snapshot.user_count().min(100) {
        if let Ok(user) = snapshot.user_at(position)
            && let Ok(gids) = snapshot.gids_of(&user)
        {
            gids.take(100).for_each(drop);
        }
    }
}

fn with_u32(mut bytes: Vec<u8>, at: usize, value: u32) -> Vec<u8> {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[test]
fn an_unknown_version_is_told_apart_from_damage() {
    let bytes = with_u32(write(&content(), 1).unwrap(), header::VERSION, 2);
    assert!(matches!(
        Snapshot::from_bytes(&bytes),
        Err(OpenError::UnknownVersion(2))
    ));
}

#[test]
fn a_snapshot_cut_anywhere_is_refused() {
    let bytes = write(&content(), 1).unwrap();
    for length in (0..bytes.len()).step_by(if cfg!(miri) { 97 } else { 1 }) {
        assert!(matches!(
            Snapshot::from_bytes(&bytes[..length]),
            Err(OpenError::Damaged(_))
        ));
    }
}

#[test]
fn ids_of_the_system_are_never_read_out_of_a_hostile_snapshot() {
    let content = content();
    let bytes = write(&content, 1).unwrap();
    let at = |id: u32| {
        let wanted = id.to_le_bytes();
        (HEADER..bytes.len() - 4)
            .step_by(4)
            .find(|&at| bytes[at..at + 4] == wanted)
            .unwrap()
    };
    for hostile in [0, 999, 65_534, u32::MAX] {
        let uid = Snapshot::from_bytes(&with_u32(bytes.clone(), at(10_001), hostile)).unwrap();
        assert!(uid.user_by_name("ada").is_err());
        assert!(uid.content().is_err());
        let gid = Snapshot::from_bytes(&with_u32(bytes.clone(), at(10_001) + 4, hostile)).unwrap();
        assert!(gid.user_by_name("ada").is_err());
        // ada's list of groups: the first 15000 in the file
        let list = Snapshot::from_bytes(&with_u32(bytes.clone(), at(15_000), hostile)).unwrap();
        assert!(list.user_by_name("ada").is_err());
        assert!(list.user_by_name("b").is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 3000 }))]

    #[test]
    fn a_mutated_snapshot_never_harms_its_reader(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        words in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>()), 0..4),
    ) {
        let mut bytes = write(&content(), 1).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for (at, word) in words {
            let at = at.index(bytes.len() / 4) * 4;
            bytes[at..at + 4].copy_from_slice(&(word >> (word % 32)).to_le_bytes());
        }
        if let Ok(snapshot) = Snapshot::from_bytes(&bytes) {
            read_all(&snapshot);
        }
    }

    #[test]
    fn random_bytes_behind_a_sound_header_never_harm_a_reader(
        body in prop::collection::vec(any::<u32>(), 0..600),
        limit in 1u32..600,
    ) {
        let sound = write(&content(), 1).unwrap();
        let mut bytes = sound[..HEADER].to_vec();
        for word in body {
            bytes.extend((word % limit).to_le_bytes());
        }
        bytes.resize(sound.len().max(bytes.len()).next_multiple_of(8), 3);
        let length = bytes.len() as u64;
        bytes[header::LENGTH..header::LENGTH + 8].copy_from_slice(&length.to_le_bytes());
        if let Ok(snapshot) = Snapshot::from_bytes(&bytes) {
            read_all(&snapshot);
        }
    }

    #[test]
    fn random_bytes_are_no_snapshot(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Snapshot::from_bytes(&bytes).is_err());
    }
}

/// A folder as the publisher finds it, and who owns it.
fn folder() -> (tempfile::TempDir, u32) {
    let folder = tempfile::tempdir().unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), mode).unwrap();
    let owner = folder.path().metadata().unwrap().uid();
    (folder, owner)
}

fn put(folder: &Path, generation: u64) {
    install(&write(&content(), generation).unwrap(), folder).unwrap();
}

#[test]
fn an_installed_snapshot_is_world_readable_and_opens() {
    let (folder, owner) = folder();
    put(folder.path(), 1);
    let path = folder.path().join("snapshot");
    assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o644);
    let snapshot = Snapshot::open_trusted_by(&path, owner).unwrap();
    assert_eq!(snapshot.content().unwrap(), content());
    assert_eq!(folder.path().read_dir().unwrap().count(), 1);
}

#[test]
fn replacing_a_snapshot_tells_its_readers_and_leaves_their_bytes_alone() {
    let (folder, owner) = folder();
    put(folder.path(), 1);
    let path = folder.path().join("snapshot");
    let old = Snapshot::open_trusted_by(&path, owner).unwrap();
    std::fs::write(folder.path().join("snapshot.new"), "left by a crash").unwrap();
    put(folder.path(), 2);
    assert!(old.looks_stale());
    assert_eq!(old.content().unwrap(), content());
    let new = Snapshot::open_trusted_by(&path, owner).unwrap();
    assert_eq!((new.generation(), new.looks_stale()), (2, false));
    assert_ne!(new.identity(), old.identity());
}

#[test]
fn what_stands_in_the_snapshots_place_is_replaced_and_not_written_through() {
    let (folder, owner) = folder();
    let path = folder.path().join("snapshot");
    let victim = folder.path().join("victim");
    std::fs::write(&victim, vec![7; 4096]).unwrap();
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    put(folder.path(), 1);
    assert_eq!(std::fs::read(&victim).unwrap(), vec![7; 4096]);
    std::fs::rename(&victim, &path).unwrap();
    put(folder.path(), 2);
    std::fs::remove_file(&path).unwrap();
    mkfifo(&path);
    put(folder.path(), 3);
    assert_eq!(
        Snapshot::open_trusted_by(&path, owner)
            .unwrap()
            .generation(),
        3
    );
}

fn mkfifo(path: &Path) {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: a terminated path.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o644) }, 0);
}

#[test]
fn a_file_that_somebody_else_could_have_written_is_not_read() {
    let (folder, owner) = folder();
    let path = folder.path().join("snapshot");
    let untrusted = |owner| {
        let opened = Snapshot::open_trusted_by(&path, owner);
        assert!(matches!(opened, Err(OpenError::Untrusted(_))), "{opened:?}");
    };
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    put(folder.path(), 1);
    untrusted(owner + 1);
    for open_mode in [0o664, 0o646, 0o666] {
        mode(&path, open_mode);
        untrusted(owner);
    }
    mode(&path, 0o644);
    for open_mode in [0o775, 0o757, 0o1777] {
        mode(folder.path(), open_mode);
        untrusted(owner);
    }
    mode(folder.path(), 0o755);
    Snapshot::open_trusted_by(&path, owner).unwrap();
    std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &path).unwrap();
    untrusted(owner);
    std::fs::remove_file(&path).unwrap();
    mkfifo(&path);
    untrusted(owner);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    untrusted(owner);
}

#[test]
fn no_file_an_empty_file_and_a_file_cut_short_are_told_apart() {
    let (folder, owner) = folder();
    let path = folder.path().join("snapshot");
    let open = || Snapshot::open_trusted_by(&path, owner);
    assert!(matches!(open(), Err(OpenError::Missing)));
    std::fs::write(&path, "").unwrap();
    assert!(matches!(open(), Err(OpenError::Damaged(_))));
    put(folder.path(), 1);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(4096.min(file.metadata().unwrap().len() - 8))
        .unwrap();
    assert!(matches!(open(), Err(OpenError::Damaged(_))));
    file.write_all_at(&[0x5a; 8192], 0).unwrap();
    assert!(matches!(open(), Err(OpenError::Damaged(_))));
    assert!(matches!(
        Snapshot::open_trusted_by(Path::new(&"x".repeat(300)), owner),
        Err(OpenError::Io(_))
    ));
}
