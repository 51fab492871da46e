//! The people as a snapshot of muster's.

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord,
};

use crate::people::{PRIMARY, People, User};
use crate::trouble::Trouble;

/// What a snapshot of these people says: one directory that was read whole.
pub(crate) fn content(people: &People) -> Result<Content, Trouble> {
    let groups = people.groups.iter().map(|group| {
        let members = people
            .members(group)
            .map(str::parse)
            .collect::<Result<_, _>>();
        Ok(GroupRecord {
            group: Group {
                name: group
                    .name
                    .parse()
                    .map_err(Trouble::because("a group's name"))?,
                gid: Gid::new(group.gid).map_err(Trouble::because("a group's id"))?,
                members: members.map_err(Trouble::because("a member's name"))?,
            },
            directory: 0,
        })
    });
    Ok(Content {
        enumerate: true,
        directories: vec![DirectoryRecord {
            name: "corp"
                .parse()
                .map_err(Trouble::because("the directory's name"))?,
            misses: Misses::Final,
            synced: None,
        }],
        users: people
            .users
            .iter()
            .map(record)
            .collect::<Result<_, Trouble>>()?,
        groups: groups.collect::<Result<_, Trouble>>()?,
        ..Content::default()
    })
}

fn record(user: &User) -> Result<UserRecord, Trouble> {
    let gids = std::iter::once(&PRIMARY.1).chain(&user.groups);
    let groups = gids
        .map(|&gid| Gid::new(gid))
        .collect::<Result<Vec<_>, _>>();
    Ok(UserRecord {
        account: Account {
            name: user
                .name
                .parse()
                .map_err(Trouble::because("a user's name"))?,
            uid: Uid::new(user.uid).map_err(Trouble::because("a user's id"))?,
            gid: Gid::new(PRIMARY.1).map_err(Trouble::because("the primary group"))?,
            gecos: user.gecos(),
            home: user.home(),
            shell: User::SHELL.to_owned(),
        },
        groups: groups.map_err(Trouble::because("a user's group"))?,
        directory: 0,
        access: Access::default(),
        ssh_keys: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_common::snapshot::writer::write;

    #[test]
    fn the_writer_takes_all_of_them() {
        let people = People::new(1_000);
        let content = content(&people).unwrap();
        assert_eq!(content.users.len(), people.users.len());
        assert_eq!(content.groups.len(), people.groups.len());
        assert!(write(&content, 1).is_ok());
    }
}
