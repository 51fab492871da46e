//! A snapshot checked whole: every record, every list, and each key through its index.

use super::content::{Content, SERVICES_MAX};
use super::decode::Room;
use super::format::{Section, VERSION};
use super::reader::{Candidates, Damaged, Place, Snapshot};
use super::seeded::Set;
use crate::text;

/// The sections that list records.
const LISTS: [Section; 5] = [
    Section::Users,
    Section::Groups,
    Section::Tombstones,
    Section::Directories,
    Section::Services,
];

impl Snapshot {
    /// The format's version: the one that is read here at all.
    pub const fn version(&self) -> u32 {
        VERSION
    }

    /// All of it, after nothing was found that a reader or a host could stumble over.
    pub fn verified(&self) -> Result<Content, Damaged> {
        // Before anything is decoded: one record listed a million times is a lot of memory.
        for section in LISTS {
            self.verify_list(section)?;
        }
        let content = self.content()?;
        if content.services.len() > SERVICES_MAX {
            return Err(Damaged("it has more services than a decision has bits"));
        }
        if content.id_ranges.iter().any(|range| range.is_empty()) {
            return Err(Damaged("a range of ids is empty"));
        }
        let mut search = Search {
            snapshot: self,
            left: self.view().length(),
            room: Room::default(),
        };
        self.verify_users(&content, &mut search)?;
        self.verify_groups(&content, &mut search)?;
        self.verify_tombstones(&content)?;
        Ok(content)
    }

    /// Each record is listed once.
    fn verify_list(&self, section: Section) -> Result<(), Damaged> {
        let mut places = Set::default();
        for position in 0..self.count(section) {
            let Place(at) = self.record(section, position)?;
            if !places.insert(at) {
                return Err(Damaged("a record is listed twice"));
            }
        }
        Ok(())
    }

    fn verify_users(&self, content: &Content, search: &mut Search<'_>) -> Result<(), Damaged> {
        for (user, position) in content.users.iter().zip(0..) {
            let account = &user.account;
            let fields = [&account.gecos, &account.home, &account.shell];
            let mut texts = fields.into_iter().chain(&user.ssh_keys);
            if !texts.all(|text| text::fits_field(text)) {
                return Err(Damaged("a user's text or key would break its line"));
            }
            if usize::from(user.directory) >= content.directories.len() {
                return Err(Damaged("a user belongs to no directory"));
            }
            let place = self.record(Section::Users, position)?;
            let name = account.name.as_bytes();
            let by_name = search.leads_to(place, self.users_named(name), |search, other| {
                search.is_user_called(other, name)
            })?;
            let by_id =
                search.leads_to(place, self.users_with_id(account.uid.get()), |_, other| {
                    Ok(self.user(other)?.uid == account.uid)
                })?;
            if !(by_name && by_id) {
                return Err(Damaged("a user is not found by name and by id"));
            }
        }
        Ok(())
    }

    fn verify_groups(&self, content: &Content, search: &mut Search<'_>) -> Result<(), Damaged> {
        for (record, position) in content.groups.iter().zip(0..) {
            if usize::from(record.directory) >= content.directories.len() {
                return Err(Damaged("a group belongs to no directory"));
            }
            let (name, gid) = (record.group.name.as_bytes(), record.group.gid);
            let place = self.record(Section::Groups, position)?;
            let by_name = search.leads_to(place, self.groups_named(name), |search, other| {
                search.is_group_called(other, name)
            })?;
            let by_id = search.leads_to(place, self.groups_with_id(gid.get()), |_, other| {
                Ok(self.group(other)?.gid == gid)
            })?;
            if !(by_name && by_id) {
                return Err(Damaged("a group is not found by name and by id"));
            }
        }
        Ok(())
    }

    fn verify_tombstones(&self, content: &Content) -> Result<(), Damaged> {
        let mut seen = Set::default();
        for tombstone in &content.tombstones {
            let name = tombstone.name.as_str();
            let found = self.tombstone(name)?;
            // Of several with one name the index leads to the first.
            if found.is_none() || seen.insert(name) && found.as_ref() != Some(tombstone) {
                return Err(Damaged("a former user is not found by name"));
            }
        }
        Ok(())
    }
}

/// The way through an index. Keys whose hashes are the same cost the reading of others'
/// records; all together may cost as much as the file has bytes, which only a hostile one needs.
struct Search<'a> {
    snapshot: &'a Snapshot,
    left: usize,
    room: Room,
}

impl Search<'_> {
    /// Whether the first of `candidates` that has the key is the record at `place`;
    /// `has_key` tells whether another one has it.
    fn leads_to(
        &mut self,
        place: Place,
        candidates: Candidates<'_>,
        has_key: impl Fn(&mut Self, Place) -> Result<bool, Damaged>,
    ) -> Result<bool, Damaged> {
        for candidate in candidates {
            if candidate == place {
                return Ok(true);
            }
            if has_key(self, candidate)? {
                return Ok(false);
            }
        }
        Ok(false)
    }

    fn is_user_called(&mut self, place: Place, name: &[u8]) -> Result<bool, Damaged> {
        let entry = self.snapshot.user(place)?;
        let length = entry.name_length();
        self.spend(length)?;
        let copied = entry.copy_name(self.room.of(length));
        Ok(copied.ok_or(Damaged("a user lies outside"))?? == name)
    }

    fn is_group_called(&mut self, place: Place, name: &[u8]) -> Result<bool, Damaged> {
        let entry = self.snapshot.group(place)?;
        self.spend(entry.length)?;
        let text = entry.copy_text(self.room.of(entry.length));
        let text = text.ok_or(Damaged("a group lies outside"))??;
        Ok(text.get(..entry.name) == Some(name))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Damaged> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or(Damaged("too many of its keys have one hash"))?;
        Ok(())
    }
}
