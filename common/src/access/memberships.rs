//! The facts about a person as a snapshot has them: for everybody who decides by a snapshot
//! what the engine decided when it was made.

use crate::account::Gid;
use crate::name::{DirectoryName, GroupName, GroupTypeName, UserName};
use crate::snapshot::content::{DirectoryRecord, GroupRecord, GroupType, UserRecord};
use crate::snapshot::reader::{Damaged, Snapshot};

use super::{GroupFact, GroupKind, PersonFacts};

/// What a snapshot says of groups beside their records.
pub struct Directories {
    directories: Vec<DirectoryRecord>,
    types: Vec<GroupType>,
}

impl Directories {
    /// The directories and types of `snapshot`.
    pub fn of(snapshot: &Snapshot) -> Result<Self, Damaged> {
        let mut types = snapshot.group_types()?;
        types.sort_unstable_by_key(|one| one.gid);
        Ok(Self {
            directories: snapshot.directories()?,
            types,
        })
    }

    fn name(&self, position: u16) -> Option<&DirectoryName> {
        let record = self.directories.get(usize::from(position))?;
        Some(&record.name)
    }

    fn type_of(&self, gid: Gid) -> Option<&GroupTypeName> {
        let place = self.types.binary_search_by_key(&gid, |one| one.gid).ok()?;
        self.types.get(place).map(|one| &one.name)
    }
}

/// A person of a snapshot, with the groups that count for access: those that list the
/// person, and the private one. One that root has merely set as the primary group does not.
pub struct Memberships<'a> {
    directories: &'a Directories,
    directory: &'a DirectoryName,
    user: UserName,
    groups: Vec<Held<'a>>,
}

/// A group of somebody: its directory, name and id.
type Held<'a> = (&'a DirectoryName, GroupName, Gid, Standing);

/// How somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Listed,
    Private,
}

fn is_private(record: &UserRecord, gid: Gid, directory: u16) -> bool {
    gid.get() == record.account.uid.get() && directory == record.directory
}

impl<'a> Memberships<'a> {
    /// Those of the person `record` of `snapshot`.
    pub fn of(
        snapshot: &Snapshot,
        directories: &'a Directories,
        record: &UserRecord,
    ) -> Result<Self, Damaged> {
        let mut memberships = Self::without_groups(directories, record)?;
        for gid in &record.groups {
            if let Some(found) = snapshot.group_by_gid(*gid)? {
                memberships.add(record, &found);
            }
        }
        Ok(memberships)
    }

    /// The person `record` before any group is added.
    pub fn without_groups(
        directories: &'a Directories,
        record: &UserRecord,
    ) -> Result<Self, Damaged> {
        let directory = directories.name(record.directory);
        Ok(Self {
            directories,
            directory: directory.ok_or(Damaged("a user belongs to no directory"))?,
            user: record.account.name.clone(),
            groups: Vec::with_capacity(record.groups.len()),
        })
    }

    /// Adds `group`, if the person `record` is in it as a directory says it.
    pub fn add(&mut self, record: &UserRecord, group: &GroupRecord) {
        let gid = group.group.gid;
        if is_private(record, gid, group.directory) || group.group.members.contains(&self.user) {
            self.join(record, gid, (group.group.name.clone(), group.directory));
        }
    }

    /// Adds the group with this id, name and directory, which is the private one of the person
    /// `record` or lists the person.
    pub fn join(&mut self, record: &UserRecord, gid: Gid, (name, directory): (GroupName, u16)) {
        let standing = match is_private(record, gid, directory) {
            true => Standing::Private,
            false => Standing::Listed,
        };
        if let Some(owner) = self.directories.name(directory) {
            self.groups.push((owner, name, gid, standing));
        }
    }

    /// Hands the facts to `then`.
    pub fn with_facts<T>(&self, then: impl FnOnce(&PersonFacts<'_>) -> T) -> T {
        let facts: Vec<_> = self.groups.iter().map(|one| self.fact(one)).collect();
        then(&PersonFacts {
            directory: self.directory,
            user: &self.user,
            groups: &facts,
        })
    }

    fn fact<'b>(&'b self, (directory, name, gid, standing): &'b Held<'a>) -> GroupFact<'b> {
        let kind = match (standing, self.directories.type_of(*gid)) {
            (Standing::Private, _) => GroupKind::Private,
            (Standing::Listed, Some(found)) => GroupKind::OfType(found),
            (Standing::Listed, None) => GroupKind::Untold,
        };
        GroupFact {
            directory,
            name,
            kind,
        }
    }
}
