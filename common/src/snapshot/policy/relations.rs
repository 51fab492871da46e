//! What records have to be to each other: nobody twice, primary groups that
//! are real, members and groups that are served.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use super::{Refusal, Reported, fates, leave_out};
use crate::account::{Gid, Uid};
use crate::name::UserName;
use crate::overrides::Overrides;
use crate::snapshot::content::{GroupRecord, GroupType, UserRecord};
use crate::snapshot::seeded::{Map, Set};

/// The kernel's NGROUPS_MAX: with more groups nobody can log in.
pub(super) const GROUPS_MAX: usize = 65_536;

/// The keys that come more than once.
pub(super) fn doubled<K: Hash + Eq + Copy>(keys: impl Iterator<Item = K>) -> Set<K> {
    let mut seen = Set::default();
    seen.reserve(keys.size_hint().0);
    keys.filter(|key| !seen.insert(*key)).collect()
}

/// The admitted users, found by id: no two of them have one.
pub(super) struct People<'a>(Map<u32, &'a UserRecord>);

impl<'a> People<'a> {
    pub(super) fn of(users: &'a [UserRecord]) -> Self {
        let by_id = users.iter().map(|user| (user.account.uid.get(), user));
        Self(by_id.collect())
    }

    /// The user whose id the group has: it is that user's private group, or yields.
    pub(super) fn with_id(&self, group: &GroupRecord) -> Option<&'a UserRecord> {
        self.0.get(&group.group.gid.get()).copied()
    }
}

/// Whether `group` is the private group of `owner`: same name, same id, same directory.
pub(super) fn is_private(group: &GroupRecord, owner: &UserRecord) -> bool {
    group.group.gid.get() == owner.account.uid.get()
        && group.group.name.as_bytes() == owner.account.name.as_bytes()
        && group.directory == owner.directory
}

/// Names and ids of groups that are held more than once.
pub(super) struct Doubles<'a> {
    names: Set<&'a [u8]>,
    gids: Set<Gid>,
}

impl<'a> Doubles<'a> {
    pub(super) fn of(groups: impl Iterator<Item = &'a GroupRecord> + Clone) -> Self {
        Self {
            names: doubled(groups.clone().map(|group| group.group.name.as_bytes())),
            gids: doubled(groups.map(|group| group.group.gid)),
        }
    }

    /// Every name and id: held by somebody before whoever asks.
    pub(super) fn all(groups: impl Iterator<Item = &'a GroupRecord> + Clone) -> Self {
        let names = groups.clone().map(|group| group.group.name.as_bytes());
        Self {
            names: names.collect(),
            gids: groups.map(|group| group.group.gid).collect(),
        }
    }

    pub(super) fn holds(&self, group: &GroupRecord) -> bool {
        self.names.contains(group.group.name.as_bytes()) || self.gids.contains(&group.group.gid)
    }
}

/// The groups by id, and who is listed in those that somebody asks about.
pub(super) struct Rolls<'a> {
    by_gid: Map<Gid, &'a GroupRecord>,
    listed: Map<Gid, Set<&'a [u8]>>,
}

impl<'a> Rolls<'a> {
    pub(super) fn of(groups: &'a [GroupRecord]) -> Self {
        Self {
            by_gid: groups
                .iter()
                .map(|group| (group.group.gid, group))
                .collect(),
            listed: Map::default(),
        }
    }

    /// Whether the user's primary group is the private one, a served one that lists the
    /// user, or the one that root says.
    pub(super) fn has_primary_group(&mut self, user: &UserRecord, said: Option<Gid>) -> bool {
        let gid = user.account.gid;
        let Some(group) = self.by_gid.get(&gid).copied() else {
            return false;
        };
        if is_private(group, user) || said == Some(gid) {
            return true;
        }
        let members = || group.group.members.names().collect();
        let listed = self.listed.entry(gid).or_insert_with(members);
        group.directory == user.directory && listed.contains(user.account.name.as_bytes())
    }
}

/// Takes out the users whose primary group is not right.
pub(super) fn without_primary_group(
    users: &mut Vec<UserRecord>,
    groups: &[GroupRecord],
    overrides: &Overrides,
    refusals: &mut Vec<Refusal>,
) -> Vec<UserRecord> {
    let mut rolls = Rolls::of(groups);
    let refused = fates(users, |user| {
        let said = overrides.get(&user.account.name).and_then(|one| one.gid);
        (!rolls.has_primary_group(user, said)).then(|| {
            let gid = user.account.gid;
            format!("has the primary group {gid}, which is neither the user's private group nor a served one that lists the user")
        })
    });
    leave_out(users, refused, refusals)
}

/// Drops private groups whose user is left out.
pub(super) fn drop_orphans(
    groups: &mut Vec<GroupRecord>,
    dropped: &[UserRecord],
    refusals: &mut Vec<Refusal>,
) {
    let gone: Map<&[u8], Uid> = dropped
        .iter()
        .map(|user| (user.account.name.as_bytes(), user.account.uid))
        .collect();
    let refused = fates(groups, |group| {
        let owner = gone.get(group.group.name.as_bytes());
        let orphan = owner.is_some_and(|uid| uid.get() == group.group.gid.get());
        orphan.then(|| "is the private group of a user who is left out".to_owned())
    });
    leave_out(groups, refused, refusals);
}

/// A name that is looked up by its bytes, which need not be checked to be text each time.
#[derive(PartialEq, Eq)]
struct Bytes(UserName);

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_bytes().hash(state);
    }
}

impl Borrow<[u8]> for Bytes {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Groups keep the members who are served, from the same directory, each once and in order.
pub(super) fn keep_known_members(groups: &mut [GroupRecord], users: &[UserRecord]) {
    let people = People::of(users);
    // With the names themselves: a million members are looked up, each in memory that is cold.
    let by_name: Map<Bytes, u16> = users
        .iter()
        .map(|user| (Bytes(user.account.name.clone()), user.directory))
        .collect();
    for group in groups {
        let owner = people.with_id(group);
        let owner = owner.filter(|owner| is_private(group, owner));
        let directory = group.directory;
        let belongs = |member: &[u8]| match owner {
            Some(owner) => owner.account.name.as_bytes() == member,
            None => by_name.get(member) == Some(&directory),
        };
        let members = &mut group.group.members;
        members.retain(belongs);
        members.sort();
    }
}

/// Users keep the groups that are served, from the same directory and nobody
/// else's private ones; the primary one stands first.
pub(super) fn keep_known_groups(
    users: &mut [UserRecord],
    groups: &[GroupRecord],
    refusals: &mut Vec<Refusal>,
) {
    // A group that has a user's id is that user's private one: all others have yielded.
    let uids: Set<u32> = users.iter().map(|user| user.account.uid.get()).collect();
    let homes: Map<Gid, (u16, bool)> = groups
        .iter()
        .map(|group| {
            let gid = group.group.gid;
            (gid, (group.directory, uids.contains(&gid.get())))
        })
        .collect();
    for user in users {
        let (directory, primary) = (user.directory, user.account.gid);
        let own = user.account.uid.get();
        let belongs = |gid: &Gid| match homes.get(gid) {
            Some((home, private)) => *home == directory && (!private || gid.get() == own),
            None => false,
        };
        let list = &mut user.groups;
        in_order(list, primary, belongs);
        if list.len() > GROUPS_MAX {
            list.truncate(GROUPS_MAX);
            let why =
                format!("is in more than {GROUPS_MAX} groups, the kernel's limit: loses the rest");
            let what = user.what();
            refusals.push(Refusal { what, why });
        }
    }
}

/// The primary group first, then those that belong there, each once and in order.
pub(super) fn in_order(list: &mut Vec<Gid>, primary: Gid, belongs: impl Fn(&Gid) -> bool) {
    list.retain(|gid| *gid != primary && belongs(gid));
    if !list.is_sorted_by(|a, b| a < b) {
        list.sort_unstable();
        list.dedup();
    }
    list.insert(0, primary);
}

/// The types of groups that are served, each group's first; what no group has is nobody's business.
pub(super) fn types_of(groups: &[GroupRecord], types: Vec<GroupType>) -> Vec<GroupType> {
    if types.is_empty() {
        return types;
    }
    let mut untold: Set<Gid> = groups.iter().map(|group| group.group.gid).collect();
    let mut types = types;
    types.retain(|one| untold.remove(&one.gid));
    types
}
