//! One record by its key: whoever has the key's hash is compared where it lies. Nothing here allocates.

use super::format::{PROBES, Section, Slot, UNIT, hash_id, hash_name, place};
use super::map::Words;
use super::reader::{Damaged, GroupEntry, Place, Snapshot, UserEntry};

impl Snapshot {
    /// The user called `name`.
    #[inline(always)]
    pub fn user_named(&self, name: &[u8]) -> Result<Option<UserEntry<'_>>, Damaged> {
        for place in self.hashed(Section::UserNames, hash_name(self.seed(), name)) {
            let entry = self.user(place)?;
            if entry.is_called(name) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The user with the id `uid`.
    #[inline(always)]
    pub fn user_with_id(&self, uid: u32) -> Result<Option<UserEntry<'_>>, Damaged> {
        for place in self.hashed(Section::Uids, hash_id(self.seed(), uid)) {
            let entry = self.user(place)?;
            if entry.uid.get() == uid {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The group called `name`.
    #[inline(always)]
    pub fn group_named(&self, name: &[u8]) -> Result<Option<GroupEntry<'_>>, Damaged> {
        for place in self.hashed(Section::GroupNames, hash_name(self.seed(), name)) {
            let entry = self.group(place)?;
            if entry.is_called(name) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The group with the id `gid`.
    #[inline(always)]
    pub fn group_with_id(&self, gid: u32) -> Result<Option<GroupEntry<'_>>, Damaged> {
        for place in self.hashed(Section::Gids, hash_id(self.seed(), gid)) {
            let entry = self.group(place)?;
            if entry.gid.get() == gid {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Where the tombstones lie that may bear `name`.
    pub(super) fn tombstones_named(&self, name: &[u8]) -> Candidates<'_> {
        self.hashed(Section::TombstoneNames, hash_name(self.seed(), name))
    }

    /// Whether the first slot that is read for the user called `name` is the user's own.
    #[cfg(all(test, feature = "writer"))]
    pub(super) fn is_found_at_once(&self, name: &[u8]) -> bool {
        let hash = hash_name(self.seed(), name);
        let mut candidates = self.hashed(Section::UserNames, hash);
        let first = candidates.slots.as_mut().and_then(Iterator::next);
        let Some(slot) = first.map(Slot::unpack) else {
            return false;
        };
        let own = self.user_named(name).ok().flatten();
        own.is_some_and(|user| user.at == (slot.unit as usize).saturating_mul(UNIT))
    }

    /// The records of which the index says that their key has this hash.
    #[inline]
    fn hashed(&self, index: Section, hash: u32) -> Candidates<'_> {
        let table = self.table(index);
        let start = (place(hash, table.count) as usize).saturating_mul(UNIT);
        Candidates {
            // The table was checked to have so many slots behind each place.
            slots: self.view().words(table.at.saturating_add(start), PROBES),
            hash,
        }
    }
}

/// The records whose key has the hash that was asked for: at most [`PROBES`]
/// slots are read, so that no index can make a reader loop.
#[derive(Debug)]
pub(super) struct Candidates<'a> {
    slots: Option<Words<'a>>,
    hash: u32,
}

impl Iterator for Candidates<'_> {
    type Item = Place;

    #[inline]
    fn next(&mut self) -> Option<Place> {
        for word in self.slots.as_mut()? {
            let slot = Slot::unpack(word);
            if slot.unit == 0 {
                return None;
            }
            if slot.hash == self.hash {
                return Some(Place((slot.unit as usize).saturating_mul(UNIT)));
            }
        }
        None
    }
}
