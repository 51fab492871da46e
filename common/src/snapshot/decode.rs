//! Owned values out of a snapshot, for whoever may allocate: PAM, the broker,
//! the publisher, the command line.

use std::mem::MaybeUninit;
use std::ops::RangeInclusive;

use super::content::{
    Access, Content, DirectoryRecord, Forms, GroupRecord, GroupType, Tombstone, UserRecord,
};
use super::format::{
    Section, UNIT, directory, group_type, halves, quarters, service, tombstone, user,
};
use super::reader::{Damaged, GroupEntry, Place, Snapshot, UserEntry};
use crate::account::{Account, Gid, Group, Uid};
use crate::clock::Time;
use crate::members::Members;
use crate::name::{GroupName, UserName};

impl Snapshot {
    /// The user of this name.
    pub fn user_by_name(&self, name: &str) -> Result<Option<UserRecord>, Damaged> {
        self.owned_user(self.user_named(name.as_bytes())?)
    }

    /// The user with this id.
    pub fn user_by_uid(&self, uid: Uid) -> Result<Option<UserRecord>, Damaged> {
        self.owned_user(self.user_with_id(uid.get())?)
    }

    fn owned_user(&self, found: Option<UserEntry<'_>>) -> Result<Option<UserRecord>, Damaged> {
        found
            .map(|entry| self.user_record(&entry, &mut Room::default()))
            .transpose()
    }

    /// The group of this name.
    pub fn group_by_name(&self, name: &str) -> Result<Option<GroupRecord>, Damaged> {
        owned_group(self.group_named(name.as_bytes())?)
    }

    /// The group with this id.
    pub fn group_by_gid(&self, gid: Gid) -> Result<Option<GroupRecord>, Damaged> {
        owned_group(self.group_with_id(gid.get())?)
    }

    /// The name of a group, and the position of its directory; the members are not looked at.
    pub fn group_name(&self, entry: &GroupEntry<'_>) -> Result<(GroupName, u16), Damaged> {
        let mut room = Room::default();
        let name = entry.copy_name(room.of(entry.name));
        let name = name.ok_or(Damaged("a group lies outside"))?;
        let name = GroupName::from_bytes(name).map_err(|_| Damaged("a group has no name"))?;
        Ok((name, entry.directory()))
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
        let mut room = Room::default();
        (0..self.user_count())
            .map(move |position| self.user_record(&self.user_at(position)?, &mut room))
    }

    /// All groups, in the content's order.
    pub fn groups(&self) -> impl Iterator<Item = Result<GroupRecord, Damaged>> {
        let mut room = Room::default();
        (0..self.group_count())
            .map(move |position| group_record(&self.group_at(position)?, &mut room))
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
        self.records(Section::Services, |place| {
            let name = self.short_text(place)?;
            name.parse().map_err(|_| Damaged("a service has no name"))
        })
        .collect()
    }

    /// The types of groups, where their directory has such.
    pub fn group_types(&self) -> Result<Vec<GroupType>, Damaged> {
        self.records(Section::GroupTypes, |place| self.group_type(place))
            .collect()
    }

    fn group_type(&self, Place(at): Place) -> Result<GroupType, Damaged> {
        let chunk = self.view().chunk::<{ group_type::TEXT }>(at);
        let [gid, length] = halves(
            chunk
                .ok_or(Damaged("a group's type lies outside"))?
                .u64::<{ group_type::GID }>(),
        );
        let name = self.text(at.saturating_add(group_type::TEXT), length as usize)?;
        Ok(GroupType {
            gid: Gid::new(gid).map_err(|_| Damaged("a type is that of a system's group"))?,
            name: name
                .parse()
                .map_err(|_| Damaged("a group's type has no name"))?,
        })
    }

    /// By what else than their names people are found.
    pub fn forms(&self) -> Result<Forms, Damaged> {
        let suffixes = self.records(Section::Suffixes, |place| self.short_text(place));
        Ok(Forms {
            fold_case: self.folds_case(),
            suffixes: suffixes.collect::<Result<_, _>>()?,
        })
    }

    /// A service's name, or a suffix.
    fn short_text(&self, Place(at): Place) -> Result<String, Damaged> {
        let outside = Damaged("a text lies outside");
        let chunk = self.view().chunk::<{ service::TEXT }>(at).ok_or(outside)?;
        let length = usize::try_from(chunk.u64::<{ service::LENGTH }>());
        self.text(
            at.saturating_add(service::TEXT),
            length.map_err(|_| outside)?,
        )
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

    /// Whether `id` is one that muster could serve at all, without allocating.
    pub fn could_serve(&self, id: u32) -> Result<bool, Damaged> {
        for position in 0..self.count(Section::IdRanges) {
            let first = position.saturating_mul(2);
            let last = self.number(Section::IdRanges, first.saturating_add(1))?;
            if (self.number(Section::IdRanges, first)?..=last).contains(&id) {
                return Ok(true);
            }
        }
        Ok(false)
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
        let mut room = Room::default();
        let mut users = Vec::with_capacity(self.user_count() as usize);
        for position in 0..self.user_count() {
            let entry = self.user_at(position)?;
            spend(self.least_bytes_of(&entry)?)?;
            let user = self.user_record(&entry, &mut room)?;
            spend(user.ssh_keys.iter().map(String::len).sum())?;
            users.push(user);
        }
        let mut groups = Vec::with_capacity(self.group_count() as usize);
        for position in 0..self.group_count() {
            let entry = self.group_at(position)?;
            spend(entry.bytes())?;
            groups.push(group_record(&entry, &mut room)?);
        }
        Ok(Content {
            created: self.created(),
            enumerate: self.enumerate(),
            forms: self.forms()?,
            id_ranges: self.id_ranges()?,
            directories: self.directories()?,
            services: self.services()?,
            users,
            groups,
            group_types: self.group_types()?,
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

    fn user_record(&self, entry: &UserEntry<'_>, room: &mut Room) -> Result<UserRecord, Damaged> {
        let outside = Damaged("a user lies outside");
        let text = entry.copy_text(room.of(entry.length)).ok_or(outside)??;
        let part = |start: usize, next: usize| field_of(text, start, next);
        let name = text.get(..entry.name_length()).ok_or(outside)?;
        let fixed = self.fixed_part(entry)?;
        let groups = self.gid_list(fixed.rest, fixed.groups)?;
        Ok(UserRecord {
            account: Account {
                name: UserName::from_bytes(name).map_err(|_| Damaged("a user has no name"))?,
                uid: entry.uid,
                gid: entry.gid,
                gecos: part(entry.gecos, entry.home)?,
                home: part(entry.home, entry.shell)?,
                shell: part(entry.shell, entry.length)?,
            },
            groups: groups.collect::<Result<_, _>>()?,
            directory: fixed.directory,
            access: fixed.access,
            ssh_keys: self.ssh_keys(fixed.end_of_groups(), fixed.keys)?,
        })
    }

    /// What a user's record holds besides [`UserEntry`].
    pub(super) fn fixed_part(&self, entry: &UserEntry<'_>) -> Result<UserPart, Damaged> {
        let chunk = self
            .view()
            .chunk::<{ user::TEXT }>(entry.at)
            .ok_or(Damaged("a user lies outside"))?;
        let [groups, others] = halves(chunk.u64::<{ user::COUNTS }>());
        let [directory, keys, ..] = quarters(u64::from(others));
        Ok(UserPart {
            groups,
            directory,
            keys,
            access: Access {
                allowed: chunk.u64::<{ user::ALLOWED }>(),
                until: Time::from_unix(chunk.u64::<{ user::UNTIL }>()),
            },
            rest: (chunk.u32::<{ user::REST }>() as usize).saturating_mul(UNIT),
        })
    }

    /// The bytes that a user's record takes at least, its keys left out.
    fn least_bytes_of(&self, entry: &UserEntry<'_>) -> Result<usize, Damaged> {
        let gids = self.gids_of(entry)?.len().saturating_mul(4);
        Ok(user::TEXT.saturating_add(entry.length).saturating_add(gids))
    }

    fn ssh_keys(&self, mut at: usize, count: u16) -> Result<Vec<String>, Damaged> {
        let mut keys = Vec::new();
        for _ in 0..count {
            let (start, length) = self.next_key(&mut at)?;
            keys.push(self.text(start, length)?);
        }
        Ok(keys)
    }

    /// Where the text of the SSH key at `at` starts and how long it is; moves `at` behind it.
    pub(super) fn next_key(&self, at: &mut usize) -> Result<(usize, usize), Damaged> {
        let outside = Damaged("a key lies outside");
        let length = self.view().u32_at(*at).ok_or(outside)? as usize;
        let start = at.saturating_add(4);
        let end = start.saturating_add(length).checked_next_multiple_of(4);
        *at = end.ok_or(outside)?;
        Ok((start, length))
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
        let [_, length] = halves(chunk.u64::<{ directory::MISSES }>());
        let name = self.text(at.saturating_add(directory::TEXT), length as usize)?;
        let synced = chunk.u64::<{ directory::SYNCED }>();
        Ok(DirectoryRecord {
            name: name
                .parse()
                .map_err(|_| Damaged("a directory has no name"))?,
            misses: self.misses(Place(at))?,
            synced: (synced != directory::NEVER).then(|| Time::from_unix(synced)),
        })
    }
}

/// What a user's record holds besides [`UserEntry`].
pub(super) struct UserPart {
    pub(super) groups: u32,
    pub(super) directory: u16,
    pub(super) keys: u16,
    pub(super) access: Access,
    pub(super) rest: usize,
}

impl UserPart {
    /// Where the list of groups ends and the SSH keys start.
    pub(super) fn end_of_groups(&self) -> usize {
        let groups = (self.groups as usize).saturating_mul(4);
        self.rest.saturating_add(groups)
    }
}

/// Memory that one record's text after the other is copied to.
#[derive(Default)]
pub(super) struct Room(Vec<u8>);

impl Room {
    /// Room for at least `length` bytes.
    pub(super) fn of(&mut self, length: usize) -> &mut [MaybeUninit<u8>] {
        self.0.reserve(length);
        self.0.spare_capacity_mut()
    }
}

fn owned_group(found: Option<GroupEntry<'_>>) -> Result<Option<GroupRecord>, Damaged> {
    found
        .map(|entry| group_record(&entry, &mut Room::default()))
        .transpose()
}

fn group_record(entry: &GroupEntry<'_>, room: &mut Room) -> Result<GroupRecord, Damaged> {
    let outside = Damaged("a group lies outside");
    let text = entry.copy_text(room.of(entry.length)).ok_or(outside)??;
    let name = text.get(..entry.name).ok_or(outside)?;
    let name = GroupName::from_bytes(name).map_err(|_| Damaged("a group has no name"))?;
    let mut members = Members::default();
    members.reserve_exact(entry.members, entry.length);
    for member in entry.member_ranges(text) {
        let member = text.get(member?).ok_or(outside)?;
        let member = members.push_bytes(member);
        member.map_err(|_| Damaged("a member has no name"))?;
    }
    Ok(GroupRecord {
        group: Group {
            name,
            gid: entry.gid,
            members,
        },
        directory: entry.directory,
    })
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
    let text = std::str::from_utf8(bytes).map_err(|_| Damaged("a text is not UTF-8"))?;
    if bytes.contains(&0) {
        return Err(Damaged("a text holds a NUL"));
    }
    Ok(text.to_owned())
}
