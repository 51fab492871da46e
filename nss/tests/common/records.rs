//! Users, groups and what a snapshot says of them, in few words; the library's own tests use it, too.

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord,
};

/// A user whose primary group has the same id.
pub fn user(name: &str, id: u32, groups: &[u32]) -> UserRecord {
    UserRecord {
        account: Account {
            name: name.parse().unwrap(),
            uid: Uid::new(id).unwrap(),
            gid: Gid::new(id).unwrap(),
            gecos: format!("Dr. {name}"),
            home: format!("/home/{name}"),
            shell: "/bin/sh".to_owned(),
        },
        groups: groups.iter().map(|&gid| Gid::new(gid).unwrap()).collect(),
        directory: 0,
        access: Access::default(),
        ssh_keys: Vec::new(),
    }
}

/// A group with members of these names.
pub fn group(name: &str, gid: u32, members: impl IntoIterator<Item = String>) -> GroupRecord {
    GroupRecord {
        group: Group {
            name: name.parse().unwrap(),
            gid: Gid::new(gid).unwrap(),
            members: members
                .into_iter()
                .map(|name| name.parse().unwrap())
                .collect(),
        },
        directory: 0,
    }
}

/// A snapshot's content that lists everybody, of one directory with these misses.
pub fn content(misses: Misses, users: Vec<UserRecord>, groups: Vec<GroupRecord>) -> Content {
    Content {
        enumerate: true,
        directories: vec![DirectoryRecord {
            name: "corp".parse().unwrap(),
            misses,
            synced: None,
        }],
        users,
        groups,
        ..Content::default()
    }
}
