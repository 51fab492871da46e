//! A snapshot checked whole: every record, every list, and each key through its index.

use super::content::{Content, SERVICES_MAX};
use super::format::{Section, VERSION};
use super::reader::{Damaged, GroupEntry, Place, Snapshot, UserEntry};
use super::seeded::Set;
use super::writer::is_sane_suffix;
use crate::account::{Account, Gid, Group};
use crate::text;

/// The sections that list records.
const LISTS: [Section; 7] = [
    Section::Users,
    Section::Groups,
    Section::Tombstones,
    Section::Directories,
    Section::Services,
    Section::Suffixes,
    Section::GroupTypes,
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
        if !content
            .forms
            .suffixes
            .iter()
            .all(|text| is_sane_suffix(text))
        {
            return Err(Damaged("a suffix could not be typed"));
        }
        if content.id_ranges.iter().any(|range| range.is_empty()) {
            return Err(Damaged("a range of ids is empty"));
        }
        verify_group_types(&content)?;
        self.verify_users(&content)?;
        self.verify_groups(&content)?;
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

    fn verify_users(&self, content: &Content) -> Result<(), Damaged> {
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
            if !self.finds_user(position, account)? {
                return Err(Damaged("a user is not found by name and by id"));
            }
        }
        Ok(())
    }

    fn verify_groups(&self, content: &Content) -> Result<(), Damaged> {
        for (record, position) in content.groups.iter().zip(0..) {
            if usize::from(record.directory) >= content.directories.len() {
                return Err(Damaged("a group belongs to no directory"));
            }
            if !self.finds_group(position, &record.group)? {
                return Err(Damaged("a group is not found by name and by id"));
            }
        }
        Ok(())
    }

    /// Whether name and id of `account` lead to the user at `position` of the list.
    pub(super) fn finds_user(&self, position: u32, account: &Account) -> Result<bool, Damaged> {
        let place = self.record(Section::Users, position)?;
        let by_name = self.user_named(account.name.as_bytes())?;
        let by_id = self.user_with_id(account.uid.get())?;
        let leads =
            |found: Option<UserEntry<'_>>| found.is_some_and(|user| Place(user.at) == place);
        Ok(leads(by_name) && leads(by_id))
    }

    /// Whether name and id of `group` lead to the group at `position` of the list.
    pub(super) fn finds_group(&self, position: u32, group: &Group) -> Result<bool, Damaged> {
        let place = self.record(Section::Groups, position)?;
        let by_name = self.group_named(group.name.as_bytes())?;
        let by_id = self.group_with_id(group.gid.get())?;
        let leads =
            |found: Option<GroupEntry<'_>>| found.is_some_and(|group| Place(group.at) == place);
        Ok(leads(by_name) && leads(by_id))
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

/// Each type is that of a group that is there, which has no other.
fn verify_group_types(content: &Content) -> Result<(), Damaged> {
    if content.group_types.is_empty() {
        return Ok(());
    }
    let groups = content.groups.iter().map(|record| record.group.gid);
    let mut untold: Set<Gid> = groups.collect();
    let mut types = content.group_types.iter();
    match types.all(|one| untold.remove(&one.gid)) {
        true => Ok(()),
        false => Err(Damaged("a type is that of no group, or a group has two")),
    }
}
