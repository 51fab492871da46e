//! What records have to be to each other: nobody twice, primary groups that
//! are real, members and groups that are served.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::{Fate, Refusal, Reported, leave_out};
use crate::account::{Gid, Uid};
use crate::name::UserName;
use crate::snapshot::content::{GroupRecord, UserRecord};

/// The kernel's NGROUPS_MAX: with more groups nobody can log in.
const GROUPS_MAX: usize = 65_536;

/// The keys that come more than once.
pub(super) fn doubled<K: Hash + Eq + Copy>(keys: impl Iterator<Item = K>) -> HashSet<K> {
    let mut seen = HashSet::with_capacity(keys.size_hint().0);
    keys.filter(|key| !seen.insert(*key)).collect()
}

/// The admitted users, found by name and by id.
pub(super) struct People<'a> {
    by_name: HashMap<&'a str, &'a UserRecord>,
    uids: HashSet<Uid>,
}

impl<'a> People<'a> {
    pub(super) fn of(users: &'a [UserRecord]) -> Self {
        let by_name = users.iter().map(|user| (user.account.name.as_str(), user));
        Self {
            by_name: by_name.collect(),
            uids: users.iter().map(|user| user.account.uid).collect(),
        }
    }

    /// Whether `group` is the private group of a user: same name, same id, same directory.
    pub(super) fn own(&self, group: &GroupRecord) -> bool {
        let owner = self.by_name.get(group.group.name.as_str());
        owner.is_some_and(|owner| is_private(group, owner))
    }

    pub(super) fn id_is_taken(&self, group: &GroupRecord) -> Fate {
        let gid = group.group.gid.get();
        let taken = Uid::new(gid).is_ok_and(|uid| self.uids.contains(&uid));
        taken.then(|| format!("has the id {gid} of a user: a group yields"))
    }
}

pub(super) fn is_private(group: &GroupRecord, owner: &UserRecord) -> bool {
    group.group.gid.get() == owner.account.uid.get()
        && group.group.name.as_str() == owner.account.name.as_str()
        && group.directory == owner.directory
}

/// Names and ids of groups that are held more than once.
pub(super) struct Doubles<'a> {
    names: HashSet<&'a str>,
    gids: HashSet<Gid>,
}

impl<'a> Doubles<'a> {
    pub(super) fn of(groups: &[&'a GroupRecord]) -> Self {
        Self {
            names: doubled(groups.iter().map(|group| group.group.name.as_str())),
            gids: doubled(groups.iter().map(|group| group.group.gid)),
        }
    }

    /// Every name and id: held by somebody before whoever asks.
    pub(super) fn all(groups: &[&'a GroupRecord]) -> Self {
        Self {
            names: groups
                .iter()
                .map(|group| group.group.name.as_str())
                .collect(),
            gids: groups.iter().map(|group| group.group.gid).collect(),
        }
    }

    pub(super) fn holds(&self, group: &GroupRecord) -> Fate {
        let held =
            self.names.contains(group.group.name.as_str()) || self.gids.contains(&group.group.gid);
        held.then(|| "shares its name or its id with another group".to_owned())
    }
}

/// The groups by id, and who is listed in those that somebody asks about.
pub(super) struct Rolls<'a> {
    by_gid: HashMap<Gid, &'a GroupRecord>,
    listed: HashMap<Gid, HashSet<&'a str>>,
}

impl<'a> Rolls<'a> {
    pub(super) fn of(groups: &'a [GroupRecord]) -> Self {
        Self {
            by_gid: groups
                .iter()
                .map(|group| (group.group.gid, group))
                .collect(),
            listed: HashMap::new(),
        }
    }

    /// Whether the user's primary group is the private one, or a served one that lists the user.
    pub(super) fn has_primary_group(&mut self, user: &UserRecord) -> bool {
        let gid = user.account.gid;
        let Some(group) = self.by_gid.get(&gid).copied() else {
            return false;
        };
        if is_private(group, user) {
            return true;
        }
        let members = || group.group.members.iter().map(UserName::as_str).collect();
        let listed = self.listed.entry(gid).or_insert_with(members);
        group.directory == user.directory && listed.contains(user.account.name.as_str())
    }
}

/// The users whose primary group is right, and the others.
pub(super) fn with_primary_groups(
    users: Vec<UserRecord>,
    groups: &[GroupRecord],
    refusals: &mut Vec<Refusal>,
) -> (Vec<UserRecord>, Vec<UserRecord>) {
    let mut rolls = Rolls::of(groups);
    let fate = |user: &UserRecord| {
        (!rolls.has_primary_group(user)).then(|| {
            let gid = user.account.gid;
            format!("has the primary group {gid}, which is neither the user's private group nor a served one that lists the user")
        })
    };
    let fates = users.iter().map(fate).collect();
    leave_out(users, fates, refusals)
}

/// Drops private groups whose user is left out.
pub(super) fn without_orphans(
    groups: Vec<GroupRecord>,
    dropped: &[UserRecord],
    refusals: &mut Vec<Refusal>,
) -> Vec<GroupRecord> {
    let gone: HashMap<&str, Uid> = dropped
        .iter()
        .map(|user| (user.account.name.as_str(), user.account.uid))
        .collect();
    let fate = |group: &GroupRecord| {
        let owner = gone.get(group.group.name.as_str());
        let orphan = owner.is_some_and(|uid| uid.get() == group.group.gid.get());
        orphan.then(|| "is the private group of a user who is left out".to_owned())
    };
    let fates = groups.iter().map(fate).collect();
    leave_out(groups, fates, refusals).0
}

/// Groups keep the members who are served, from the same directory, each once and in order.
pub(super) fn keep_known_members(groups: &mut [GroupRecord], users: &[UserRecord]) {
    let by_name: HashMap<&str, &UserRecord> = users
        .iter()
        .map(|user| (user.account.name.as_str(), user))
        .collect();
    for group in groups {
        let owner = by_name.get(group.group.name.as_str());
        let owner = owner.filter(|owner| is_private(group, owner));
        let directory = group.directory;
        let belongs = |member: &UserName| match owner {
            Some(owner) => owner.account.name == *member,
            None => by_name
                .get(member.as_str())
                .is_some_and(|user| user.directory == directory),
        };
        let members = &mut group.group.members;
        members.retain(belongs);
        if !members.is_sorted_by(|a, b| a < b) {
            members.sort_unstable();
            members.dedup();
        }
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
    let uids: HashSet<u32> = users.iter().map(|user| user.account.uid.get()).collect();
    let homes: HashMap<Gid, (u16, bool)> = groups
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
        list.retain(|gid| *gid != primary && belongs(gid));
        if !list.is_sorted_by(|a, b| a < b) {
            list.sort_unstable();
            list.dedup();
        }
        list.insert(0, primary);
        if list.len() > GROUPS_MAX {
            list.truncate(GROUPS_MAX);
            let why =
                format!("is in more than {GROUPS_MAX} groups, the kernel's limit: loses the rest");
            let what = user.what();
            refusals.push(Refusal { what, why });
        }
    }
}
