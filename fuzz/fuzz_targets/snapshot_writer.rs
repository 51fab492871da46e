//! Any content that can be said: it is written and reads back as it was, or it is refused.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::clock::Time;
use muster_common::name::{DirectoryName, GroupName, ServiceName, UserName};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, Misses, Tombstone, UserRecord,
};
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer::write;

/// Content before anything of it is checked.
#[derive(Debug, Arbitrary)]
struct Said<'a> {
    numbers: (u64, u64),
    enumerate: bool,
    ranges: Vec<(u32, u32)>,
    directories: Vec<(&'a str, u8, Option<u64>)>,
    services: Vec<&'a str>,
    users: Vec<User<'a>>,
    groups: Vec<(&'a str, u32, Vec<&'a str>, u8)>,
    tombstones: Vec<(&'a str, u32)>,
}

#[derive(Debug, Arbitrary)]
struct User<'a> {
    name: &'a str,
    ids: (u16, u32),
    fields: [&'a str; 3],
    /// To make a field as long as a record allows, and longer.
    times: u16,
    groups: Vec<u32>,
    directory: u8,
    access: (u64, u64),
    keys: Vec<&'a str>,
}

fuzz_target!(|said: Said<'_>| {
    let (created, generation) = said.numbers;
    let content = Content {
        created: Time::from_unix(created),
        enumerate: said.enumerate,
        id_ranges: said
            .ranges
            .iter()
            .map(|(first, last)| *first..=*last)
            .collect(),
        directories: said.directories.iter().filter_map(directory).collect(),
        services: said
            .services
            .iter()
            .filter_map(|name| ServiceName::new(name).ok())
            .collect(),
        users: said.users.iter().filter_map(user).collect(),
        groups: said.groups.iter().filter_map(group).collect(),
        group_types: Vec::new(),
        tombstones: said.tombstones.iter().filter_map(tombstone).collect(),
    };
    let Ok(bytes) = write(&content, generation) else {
        return;
    };
    let snapshot = Snapshot::from_bytes(&bytes).expect("what was written can be read");
    assert_eq!(snapshot.generation(), generation);
    assert_eq!(snapshot.content().as_ref(), Ok(&content));
    for user in &content.users {
        let found = snapshot.user_by_name(user.account.name.as_str());
        assert_eq!(found.as_ref(), Ok(&Some(user.clone())));
        assert_eq!(snapshot.user_by_uid(user.account.uid), found);
    }
    for group in &content.groups {
        let found = snapshot.group_by_name(group.group.name.as_str());
        assert_eq!(found.as_ref(), Ok(&Some(group.clone())));
        assert_eq!(snapshot.group_by_gid(group.group.gid), found);
    }
});

fn directory((name, misses, synced): &(&str, u8, Option<u64>)) -> Option<DirectoryRecord> {
    Some(DirectoryRecord {
        name: DirectoryName::new(name).ok()?,
        misses: match misses % 3 {
            0 => Misses::Final,
            1 => Misses::AskByName,
            _ => Misses::Unclear,
        },
        // All bits set is "never".
        synced: synced
            .filter(|&synced| synced != u64::MAX)
            .map(Time::from_unix),
    })
}

fn user(said: &User<'_>) -> Option<UserRecord> {
    let (gid, uid) = said.ids;
    let [gecos, home, shell] = said.fields.map(str::to_owned);
    let gids = said.groups.iter().filter_map(|&gid| Gid::new(gid).ok());
    Some(UserRecord {
        account: Account {
            name: UserName::new(said.name).ok()?,
            uid: Uid::new(uid).ok()?,
            gid: Gid::new(u32::from(gid) + 65_536).ok()?,
            gecos: gecos.repeat(usize::from(said.times % 400)),
            home,
            shell,
        },
        groups: gids.collect(),
        directory: u16::from(said.directory),
        access: Access {
            allowed: said.access.0,
            until: Time::from_unix(said.access.1),
        },
        ssh_keys: said.keys.iter().map(|&key| key.to_owned()).collect(),
    })
}

fn group((name, gid, members, directory): &(&str, u32, Vec<&str>, u8)) -> Option<GroupRecord> {
    let members = members.iter().filter_map(|name| UserName::new(name).ok());
    Some(GroupRecord {
        group: Group {
            name: GroupName::new(name).ok()?,
            gid: Gid::new(*gid).ok()?,
            members: members.collect(),
        },
        directory: u16::from(*directory),
    })
}

fn tombstone((name, uid): &(&str, u32)) -> Option<Tombstone> {
    Some(Tombstone {
        name: UserName::new(name).ok()?,
        uid: Uid::new(*uid).ok()?,
    })
}
