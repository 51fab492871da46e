//! Owned values out of a snapshot, for whoever may allocate: PAM, the broker,
//! the publisher, the command line.

use std::ops::RangeInclusive;

use super::content::{Access, Content, DirectoryRecord, GroupRecord, Tombstone, UserRecord};
use super::format::{Section, UNIT, directory, group, halves, quarters, service, tombstone, user};
use super::reader::{Damaged, GroupEntry, Place, Snapshot, UserEntry};
use crate::account::{Account, Gid, Group, Uid};
use crate::clock::Time;
use crate::name::{GroupName, UserName};

impl Snapshot {
    /// The user of this name.
    pub fn user_by_name(&self, name: &str) -> Result<Option<UserRecord>, Damaged> {
        for place in self.users_named(name.as_bytes()) {
            let user = self.user_record(&self.user(place)?)?;
            if user.account.name.as_str() == name {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// The user with this id.
    pub fn user_by_uid(&self, uid: Uid) -> Result<Option<UserRecord>, Damaged> {
        for place in self.users_with_id(uid.get()) {
            let entry = self.user(place)?;
            if entry.uid == uid {
                return self.user_record(&entry).map(Some);
            }
        }
        Ok(None)
    }

    /// The group of this name.
    pub fn group_by_name(&self, name: &str) -> Result<Option<GroupRecord>, Damaged> {
        for place in self.groups_named(name.as_bytes()) {
            let group = group_record(&self.group(place)?)?;
            if group.group.name.as_str() == name {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    /// The group with this id.
    pub fn group_by_gid(&self, gid: Gid) -> Result<Option<GroupRecord>, Damaged> {
        for place in self.groups_with_id(gid.get()) {
            let entry = self.group(place)?;
            if entry.gid == gid {
                return group_record(&entry).map(Some);
            }
        }
        Ok(None)
    }

    /// The tombstone of this name: a user who was here and is gone.
    pub fn tombstone(&self, name: &str) -> Result<Option<Tombstone>, Damaged> {
        for place in self.tombstones_named(name.as_bytes()) {
            let tombstone = self.tombstone_record(place)?;
            if tombstone.name.as_str() == name {
                return Ok(Some(tombstone));
            }
        }
        Ok(None)
    }

    /// All users, in the content's order.
    pub fn users(&self) -> impl Iterator<Item = Result<UserRecord, Damaged>> {
        (0..self.user_count()).map(|position| self.user_record(&self.user_at(position)?))
    }

    /// All groups, in the content's order.
    pub fn groups(&self) -> impl Iterator<Item = Result<GroupRecord, Damaged>> {
        (0..self.group_count()).map(|position| group_record(&self.group_at(position)?))
    }

    /// All tombstones, in the content's order.
    pub fn tombstones(&self) -> impl Iterator<Item = Result<Tombstone, Damaged>> {
        self.records(Section::Tombstones, |place| self.tombstone_record(place))
    }

    /// The directories, in order of precedence.
    pub fn directories(&self) -> Result<Vec<DirectoryRecord>, Damaged> {
        self.records(Section::Directories, |place| self.directory_record(place))
            .collect()
    }

    /// The services with rules of their own.
    pub fn services(&self) -> Result<Vec<crate::name::ServiceName>, Damaged> {
        self.records(Section::Services, |Place(at)| {
            let outside = Damaged("a service lies outside");
            let chunk = self.view().chunk::<8>(at).ok_or(outside)?;
            let length = usize::try_from(chunk.u64::<{ service::LENGTH }>());
            let text = self.text(
                at.saturating_add(service::TEXT),
                length.map_err(|_| outside)?,
            )?;
            text.parse().map_err(|_| Damaged("a service has no name"))
        })
        .collect()
    }

    /// Every id that muster could ever serve.
    pub fn id_ranges(&self) -> Result<Vec<RangeInclusive<u32>>, Damaged> {
        (0..self.count(Section::IdRanges))
            .map(|position| {
                let first = position.saturating_mul(2);
                let last = self.number(Section::IdRanges, first.saturating_add(1))?;
                Ok(self.number(Section::IdRanges, first)?..=last)
            })
            .collect()
    }

    /// All of it. Records that overlap are damage: without that, a small hostile
    /// file could name one large record a million times.
    pub fn content(&self) -> Result<Content, Damaged> {
        let mut left = self.view().length();
        let mut spend = |bytes: usize| {
            left = left
                .checked_sub(bytes)
                .ok_or(Damaged("its records overlap"))?;
            Ok(())
        };
        let mut users = Vec::new();
        for user in self.users() {
            let user = user?;
            spend(least_bytes_of_user(&user))?;
            users.push(user);
        }
        let mut groups = Vec::new();
        for group in self.groups() {
            let group = group?;
            spend(least_bytes_of_group(&group))?;
            groups.push(group);
        }
        Ok(Content {
            created: self.created(),
            enumerate: self.enumerate(),
            id_ranges: self.id_ranges()?,
            directories: self.directories()?,
            services: self.services()?,
            users,
            groups,
            tombstones: self.tombstones().collect::<Result<_, _>>()?,
        })
    }

    fn records<'a, T>(
        &'a self,
        section: Section,
        decode: impl Fn(Place) -> Result<T, Damaged> + 'a,
    ) -> impl Iterator<Item = Result<T, Damaged>> + 'a {
        (0..self.count(section)).map(move |position| decode(self.record(section, position)?))
    }

    fn text(&self, at: usize, length: usize) -> Result<String, Damaged> {
        let outside = Damaged("a text lies outside");
        if length > self.view().length() {
            return Err(outside);
        }
        let mut text = Vec::with_capacity(length);
        let target = text.spare_capacity_mut().get_mut(..length).ok_or(outside)?;
        let copy = self.view().copy(at, target).ok_or(outside)?;
        field(copy)
    }

    fn user_record(&self, entry: &UserEntry<'_>) -> Result<UserRecord, Damaged> {
        let outside = Damaged("a user lies outside");
        let mut text = Vec::with_capacity(entry.length);
        let text = entry
            .copy_text(text.spare_capacity_mut())
            .ok_or(outside)??;
        let part = |start: usize, next: usize| field_of(text, start, next);
        let chunk = entry
            .view
            .chunk::<{ user::TEXT }>(entry.at)
            .ok_or(outside)?;
        let [groups, others] = halves(chunk.u64::<{ user::COUNTS }>());
        let [directory, keys, ..] = quarters(u64::from(others));
        let rest = (chunk.u32::<{ user::REST }>() as usize).saturating_mul(UNIT);
        let (groups, rest) = self.gids(rest, groups)?;
        Ok(UserRecord {
            account: Account {
                name: UserName::new(&part(0, entry.gecos.saturating_sub(2))?)
                    .map_err(|_| Damaged("a user has no name"))?,
                uid: entry.uid,
                gid: entry.gid,
                gecos: part(entry.gecos, entry.home)?,
                home: part(entry.home, entry.shell)?,
                shell: part(entry.shell, entry.length)?,
            },
            groups,
            directory,
            access: Access {
                allowed: chunk.u64::<{ user::ALLOWED }>(),
                until: Time::from_unix(chunk.u64::<{ user::UNTIL }>()),
            },
            ssh_keys: self.ssh_keys(rest, keys)?,
        })
    }

    /// The list of `count` group ids at `at`, and where it ends.
    fn gids(&self, at: usize, count: u32) -> Result<(Vec<Gid>, usize), Damaged> {
        let list = self.gid_list(at, count)?;
        let end = list.end();
        Ok((list.collect::<Result<_, _>>()?, end))
    }

    fn ssh_keys(&self, mut at: usize, count: u16) -> Result<Vec<String>, Damaged> {
        let mut keys = Vec::new();
        for _ in 0..count {
            let length = self
                .view()
                .u32_at(at)
                .ok_or(Damaged("a key lies outside"))?;
            at = at.saturating_add(4);
            keys.push(self.text(at, length as usize)?);
            at = at
                .saturating_add(length as usize)
                .checked_next_multiple_of(4)
                .ok_or(Damaged("a key lies outside"))?;
        }
        Ok(keys)
    }

    fn tombstone_record(&self, Place(at): Place) -> Result<Tombstone, Damaged> {
        let chunk = self.view().chunk::<{ tombstone::TEXT }>(at);
        let [uid, length] = halves(
            chunk
                .ok_or(Damaged("a tombstone lies outside"))?
                .u64::<{ tombstone::UID }>(),
        );
        let name = self.text(at.saturating_add(tombstone::TEXT), length as usize)?;
        Ok(Tombstone {
            name: UserName::new(&name).map_err(|_| Damaged("a tombstone has no name"))?,
            uid: Uid::new(uid).map_err(|_| Damaged("a tombstone has an id of the system"))?,
        })
    }

    fn directory_record(&self, Place(at): Place) -> Result<DirectoryRecord, Damaged> {
        let chunk = self
            .view()
            .chunk::<{ directory::TEXT }>(at)
            .ok_or(Damaged("a directory lies outside"))?;
        let [flags, length] = halves(chunk.u64::<{ directory::FLAGS }>());
        let name = self.text(at.saturating_add(directory::TEXT), length as usize)?;
        let synced = chunk.u64::<{ directory::SYNCED }>();
        Ok(DirectoryRecord {
            name: name
                .parse()
                .map_err(|_| Damaged("a directory has no name"))?,
            complete: flags & 1 != 0,
            synced: (synced != directory::NEVER).then(|| Time::from_unix(synced)),
        })
    }
}

fn group_record(entry: &GroupEntry<'_>) -> Result<GroupRecord, Damaged> {
    let mut text = Vec::with_capacity(entry.length);
    let text = entry
        .copy_text(text.spare_capacity_mut())
        .ok_or(Damaged("a group lies outside"))??;
    let name = field_of(text, 0, entry.name.saturating_add(1))?;
    let members = entry.members(text).map(|start| {
        let start = start?;
        let rest = text.get(start..).unwrap_or_default();
        let name = rest.split(|&byte| byte == 0).next().unwrap_or_default();
        UserName::new(&field(name)?).map_err(|_| Damaged("a member has no name"))
    });
    Ok(GroupRecord {
        group: Group {
            name: GroupName::new(&name).map_err(|_| Damaged("a group has no name"))?,
            gid: entry.gid,
            members: members.collect::<Result<_, _>>()?,
        },
        directory: entry.directory,
    })
}

fn least_bytes_of_user(user: &UserRecord) -> usize {
    let account = &user.account;
    let texts = [&account.gecos, &account.home, &account.shell];
    let text: usize = texts
        .into_iter()
        .chain(&user.ssh_keys)
        .map(String::len)
        .sum();
    text.saturating_add(user.groups.len().saturating_mul(4))
        .saturating_add(user::TEXT)
}

fn least_bytes_of_group(group: &GroupRecord) -> usize {
    let members = group.group.members.iter();
    members
        .map(|member| member.as_str().len().saturating_add(2))
        .sum::<usize>()
        .saturating_add(group::TEXT)
}

/// The field that starts at `start` and ends with the NUL before `next`.
fn field_of(text: &[u8], start: usize, next: usize) -> Result<String, Damaged> {
    field(
        text.get(start..next.wrapping_sub(1))
            .ok_or(Damaged("a text lies outside"))?,
    )
}

/// A field as text: no NUL inside, and UTF-8.
fn field(bytes: &[u8]) -> Result<String, Damaged> {
    if bytes.contains(&0) {
        return Err(Damaged("a text holds a NUL"));
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| Damaged("a text is not UTF-8"))
}
