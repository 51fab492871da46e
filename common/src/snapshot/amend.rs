//! Some records of a snapshot in the place of others, and everything else as it lies.
//!
//! The new records stand behind all the others; indexes and lists lead to them. What they
//! stand for is left over in the file until everybody is written anew.

use super::content::{DirectoryRecord, GroupRecord, UserRecord};
use super::format::{
    FLAG_AMENDED, PROBES, Section, Slot, UNIT, directory, halves, hash_id, hash_name, header, place,
};
use super::layout::{Behind, Layout};
use super::reader::{Damaged, Place, Snapshot};
use super::seeded::Map;
use super::writer::WriteError;
use crate::clock::Time;

/// What is other than in the snapshot that is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// When this was put together.
    pub created: Time,
    /// All the directories, in the snapshot's order: only when they were synced may be other.
    pub directories: Vec<DirectoryRecord>,
    /// Users who are there already, by the same names and ids, as they are now.
    pub users: Vec<UserRecord>,
    /// Groups that are there already, by the same names and ids, as they are now.
    pub groups: Vec<GroupRecord>,
}

/// What to do to a copy of a snapshot's bytes, so that it says an amendment.
#[derive(Debug)]
pub(super) struct Patches {
    /// Numbers by their offsets in bytes.
    pub(super) words: Vec<(u64, u32)>,
    /// What comes behind the end.
    pub(super) behind: Vec<u8>,
}

const ELSEWHERE: WriteError =
    WriteError::Unfaithful("the snapshot has not everybody whom an amendment is about");

impl Snapshot {
    /// Whether some of this was amended since it was written whole.
    pub const fn amended(&self) -> bool {
        self.flags() & FLAG_AMENDED != 0
    }

    /// Bytes of the whole file.
    pub fn length(&self) -> usize {
        self.view().length()
    }

    /// What makes a copy of this say `amendment` as the snapshot `generation`.
    pub(super) fn patches(
        &self,
        amendment: &Amendment,
        generation: u64,
    ) -> Result<Patches, WriteError> {
        let Behind {
            bytes,
            users,
            groups,
        } = Layout::behind(self.length())?.amended(&amendment.users, &amendment.groups)?;
        let mut patching = Patching {
            snapshot: self,
            words: Vec::new(),
        };
        patching.users(&amendment.users, &users)?;
        patching.groups(&amendment.groups, &groups)?;
        patching.directories(&amendment.directories)?;
        let length = self.length().saturating_add(bytes.len());
        patching.header(amendment.created, generation, length);
        Ok(Patches {
            words: patching.words,
            behind: bytes,
        })
    }

    /// Whether this says what `amendment` says, each through its indexes, too, where
    /// `same_time` tells whether a time of this and one of the amendment count as one.
    pub fn says_amendment(
        &self,
        amendment: &Amendment,
        same_time: impl Fn(Time, Time) -> bool + Copy,
    ) -> Result<bool, Damaged> {
        if !self.says_directories(&amendment.directories, same_time)? {
            return Ok(false);
        }
        for user in &amendment.users {
            let Some(found) = self.user_named(user.account.name.as_bytes())? else {
                return Ok(false);
            };
            let by_id = self.user_with_id(user.account.uid.get())?;
            let found = Place(found.at);
            if by_id.map(|user| Place(user.at)) != Some(found)
                || !self.says_user(found, user, same_time, &mut Default::default())?
            {
                return Ok(false);
            }
        }
        for record in &amendment.groups {
            let Some(found) = self.group_named(record.group.name.as_bytes())? else {
                return Ok(false);
            };
            let by_id = self.group_with_id(record.group.gid.get())?;
            let found = Place(found.at);
            if by_id.map(|group| Place(group.at)) != Some(found)
                || !self.says_group(found, record, &mut Default::default())?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the lists of users and of groups lead to just what the indexes lead to for
    /// whoever `amendment` is about.
    pub(super) fn lists_amendment(&self, amendment: &Amendment) -> Result<bool, Damaged> {
        let mut units = Vec::new();
        for user in &amendment.users {
            let found = self.user_named(user.account.name.as_bytes())?;
            units.extend(found.and_then(|user| unit_of(user.at)));
        }
        let users = self.positions(Section::Users, &units)?;
        units.clear();
        for record in &amendment.groups {
            let found = self.group_named(record.group.name.as_bytes())?;
            units.extend(found.and_then(|group| unit_of(group.at)));
        }
        let groups = self.positions(Section::Groups, &units)?;
        Ok(users.len() == amendment.users.len() && groups.len() == amendment.groups.len())
    }

    /// Where in the list `section` the records at `units` stand, each with its place in `units`.
    fn positions(&self, section: Section, units: &[u32]) -> Result<Vec<(u32, usize)>, Damaged> {
        let wanted: Map<u32, usize> = units.iter().copied().zip(0..).collect();
        let table = self.table(section);
        let listed = self.view().numbers(table.at, table.count as usize);
        let listed = listed.ok_or(Damaged("a table reaches beyond its end"))?;
        let found = (0u32..).zip(listed);
        let found = found.filter_map(|(position, unit)| Some((position, *wanted.get(&unit)?)));
        Ok(found.collect())
    }
}

fn unit_of(at: usize) -> Option<u32> {
    u32::try_from(at / UNIT).ok()
}

/// Patches on the way.
struct Patching<'a> {
    snapshot: &'a Snapshot,
    words: Vec<(u64, u32)>,
}

impl Patching<'_> {
    /// Leads to the records at `new` instead of those that these users have.
    fn users(&mut self, users: &[UserRecord], new: &[u32]) -> Result<(), WriteError> {
        let standing = users.iter().map(|UserRecord { account, .. }| {
            let name = account.name.as_bytes();
            let found = self.snapshot.user_named(name)?;
            let found = found.filter(|found| found.uid == account.uid);
            let unit = found.and_then(|found| unit_of(found.at));
            Ok((name, account.uid.get(), unit.ok_or(ELSEWHERE)?))
        });
        let standing = standing.collect::<Result<Vec<_>, WriteError>>()?;
        let sections = [Section::UserNames, Section::Uids, Section::Users];
        self.lead(sections, &standing, new)
    }

    /// Leads to the records at `new` instead of those that these groups have.
    fn groups(&mut self, groups: &[GroupRecord], new: &[u32]) -> Result<(), WriteError> {
        let standing = groups.iter().map(|GroupRecord { group, .. }| {
            let name = group.name.as_bytes();
            let found = self.snapshot.group_named(name)?;
            let found = found.filter(|found| found.gid == group.gid);
            let unit = found.and_then(|found| unit_of(found.at));
            Ok((name, group.gid.get(), unit.ok_or(ELSEWHERE)?))
        });
        let standing = standing.collect::<Result<Vec<_>, WriteError>>()?;
        let sections = [Section::GroupNames, Section::Gids, Section::Groups];
        self.lead(sections, &standing, new)
    }

    /// Has two indexes and a list lead to the records at `new` instead of those `standing`, each
    /// with its name and id.
    fn lead(
        &mut self,
        [names, ids, list]: [Section; 3],
        standing: &[(&[u8], u32, u32)],
        new: &[u32],
    ) -> Result<(), WriteError> {
        let seed = self.snapshot.seed();
        for ((name, id, old), new) in standing.iter().zip(new) {
            self.slot(names, hash_name(seed, name), *old, *new)?;
            self.slot(ids, hash_id(seed, *id), *old, *new)?;
        }
        let old: Vec<u32> = standing.iter().map(|(_, _, old)| *old).collect();
        self.list(list, &old, new)
    }

    /// Has the slot of `index` that leads to the record at `old` lead to the one at `new`.
    fn slot(&mut self, index: Section, hash: u32, old: u32, new: u32) -> Result<(), WriteError> {
        let table = self.snapshot.table(index);
        let start = (place(hash, table.count) as usize).saturating_mul(UNIT);
        let start = table.at.saturating_add(start);
        let slots = self.snapshot.view().words(start, PROBES);
        let own = Slot { hash, unit: old }.pack();
        let nth = slots.and_then(|mut slots| slots.position(|slot| slot == own));
        let slot = nth.ok_or(ELSEWHERE)?.saturating_mul(UNIT);
        // A slot is the hash and, behind it, the offset.
        self.word(start.saturating_add(slot).saturating_add(4), new);
        Ok(())
    }

    fn list(&mut self, section: Section, old: &[u32], new: &[u32]) -> Result<(), WriteError> {
        let table = self.snapshot.table(section);
        let positions = self.snapshot.positions(section, old)?;
        // Fewer, too, where somebody is amended twice.
        if positions.len() != old.len() {
            return Err(ELSEWHERE);
        }
        for (position, nth) in positions {
            let at = (position as usize).saturating_mul(4);
            let unit = new.get(nth).copied().ok_or(ELSEWHERE)?;
            self.word(table.at.saturating_add(at), unit);
        }
        Ok(())
    }

    /// Sets when each of the directories was synced.
    fn directories(&mut self, said: &[DirectoryRecord]) -> Result<(), WriteError> {
        let own = self.snapshot.directories()?;
        let mut pairs = own.iter().zip(said);
        let same = |(own, said): (&DirectoryRecord, &DirectoryRecord)| {
            (&own.name, own.misses) == (&said.name, said.misses)
        };
        if own.len() != said.len() || !pairs.all(same) {
            return Err(WriteError::Unfaithful(
                "an amendment is about other directories than the snapshot",
            ));
        }
        for (record, position) in said.iter().zip(0..) {
            let Place(at) = self.snapshot.record(Section::Directories, position)?;
            let synced = record.synced.map_or(directory::NEVER, |time| time.unix());
            self.long(at.saturating_add(directory::SYNCED), synced);
        }
        Ok(())
    }

    fn header(&mut self, created: Time, generation: u64, length: usize) {
        self.word(header::LOOK_AGAIN, 0);
        self.long(header::LENGTH, length as u64);
        self.long(header::GENERATION, generation);
        self.long(header::CREATED, created.unix());
        self.long(header::FLAGS, self.snapshot.flags() | FLAG_AMENDED);
    }

    fn long(&mut self, at: usize, number: u64) {
        let [low, high] = halves(number);
        self.word(at, low);
        self.word(at.saturating_add(4), high);
    }

    fn word(&mut self, at: usize, number: u32) {
        self.words.push((at as u64, number));
    }
}

#[cfg(test)]
mod tests;
