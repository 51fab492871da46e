//! Whether a snapshot says what content says: record by record where it lies, so that
//! nothing has to be decoded to be compared.

use super::content::{Content, DirectoryRecord, GroupRecord, UserRecord};
use super::decode::Room;
use super::format::Section;
use super::reader::{Damaged, Place, Snapshot};
use crate::clock::Time;

impl Snapshot {
    /// Whether this says `content`, when it was created left out, where `same_time` tells
    /// whether a time of this and one of `content` count as one.
    pub fn says(
        &self,
        content: &Content,
        same_time: impl Fn(Time, Time) -> bool + Copy,
    ) -> Result<bool, Damaged> {
        let same_counts = self.user_count() as usize == content.users.len()
            && self.group_count() as usize == content.groups.len()
            && self.count(Section::Tombstones) as usize == content.tombstones.len();
        Ok(same_counts
            && self.says_surroundings(content, same_time)?
            && self.says_users(&content.users, same_time)?
            && self.says_groups(&content.groups)?)
    }

    fn says_surroundings(
        &self,
        content: &Content,
        same_time: impl Fn(Time, Time) -> bool + Copy,
    ) -> Result<bool, Damaged> {
        Ok(self.enumerate() == content.enumerate
            && self.forms()? == content.forms
            && self.id_ranges()? == content.id_ranges
            && self.services()? == content.services
            && self.group_types()? == content.group_types
            && self.says_directories(&content.directories, same_time)?
            && self.tombstones().collect::<Result<Vec<_>, _>>()? == content.tombstones)
    }

    pub(super) fn says_directories(
        &self,
        said: &[DirectoryRecord],
        same_time: impl Fn(Time, Time) -> bool + Copy,
    ) -> Result<bool, Damaged> {
        let own = self.directories()?;
        let mut pairs = own.iter().zip(said);
        Ok(own.len() == said.len()
            && pairs.all(|(own, said)| is_same_directory(own, said, same_time)))
    }

    fn says_users(
        &self,
        users: &[UserRecord],
        same_time: impl Fn(Time, Time) -> bool,
    ) -> Result<bool, Damaged> {
        let mut room = Room::default();
        for (user, position) in users.iter().zip(0..) {
            let place = self.record(Section::Users, position)?;
            if !self.says_user(place, user, &same_time, &mut room)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn says_user(
        &self,
        place: Place,
        user: &UserRecord,
        same_time: impl Fn(Time, Time) -> bool,
        room: &mut Room,
    ) -> Result<bool, Damaged> {
        let outside = Damaged("a user lies outside");
        let account = &user.account;
        let entry = self.user(place)?;
        let own = self.fixed_part(&entry)?;
        let text = entry.copy_text(room.of(entry.length)).ok_or(outside)??;
        let field = |start: usize, next: usize| text.get(start..next.saturating_sub(1));
        let same_text = text.get(..entry.name_length()) == Some(account.name.as_bytes())
            && field(entry.gecos, entry.home) == Some(account.gecos.as_bytes())
            && field(entry.home, entry.shell) == Some(account.home.as_bytes())
            && field(entry.shell, entry.length) == Some(account.shell.as_bytes());
        if !same_text
            || (entry.uid, entry.gid) != (account.uid, account.gid)
            || own.directory != user.directory
            || own.access.allowed != user.access.allowed
            || !same_time(own.access.until, user.access.until)
            || usize::from(own.keys) != user.ssh_keys.len()
        {
            return Ok(false);
        }
        let mut gids = self.gids_of(&entry)?;
        let keys = own.end_of_groups();
        let same_groups = gids.len() == user.groups.len()
            && user.groups.iter().all(|gid| gids.next() == Some(Ok(*gid)));
        Ok(same_groups && self.says_keys(keys, &user.ssh_keys, room)?)
    }

    fn says_keys(&self, mut at: usize, keys: &[String], room: &mut Room) -> Result<bool, Damaged> {
        for key in keys {
            let (start, length) = self.next_key(&mut at)?;
            if length != key.len() {
                return Ok(false);
            }
            let target = room.of(length).get_mut(..length);
            let text = target.and_then(|target| self.view().copy(start, target));
            if text.ok_or(Damaged("a key lies outside"))? != key.as_bytes() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn says_groups(&self, groups: &[GroupRecord]) -> Result<bool, Damaged> {
        let mut room = Room::default();
        for (group, position) in groups.iter().zip(0..) {
            let place = self.record(Section::Groups, position)?;
            if !self.says_group(place, group, &mut room)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn says_group(
        &self,
        place: Place,
        record: &GroupRecord,
        room: &mut Room,
    ) -> Result<bool, Damaged> {
        let group = &record.group;
        let entry = self.group(place)?;
        if (entry.gid, entry.members) != (group.gid, group.members.len())
            || entry.directory != record.directory
        {
            return Ok(false);
        }
        let outside = Damaged("a group lies outside");
        let text = entry.copy_text(room.of(entry.length)).ok_or(outside)??;
        let behind_password = entry.name.saturating_add(3);
        Ok(text.get(..entry.name) == Some(group.name.as_bytes())
            && text.get(behind_password..) == Some(group.members.text())
            && entry.has_lengths(group.members.lengths()))
    }
}

fn is_same_directory(
    own: &DirectoryRecord,
    said: &DirectoryRecord,
    same_time: impl Fn(Time, Time) -> bool,
) -> bool {
    let same_sync = match (own.synced, said.synced) {
        (Some(own), Some(said)) => same_time(own, said),
        (own, said) => own == said,
    };
    same_sync && own.name == said.name && own.misses == said.misses
}
