//! What changed between two moments, found out by comparison, however it was done.

use std::collections::BTreeMap;

use super::settings::{AttributeChanges, Renames};
use crate::sim::crowd::account::{Attributes, Group, User};
use crate::sim::crowd::index::{Members, Names};
use crate::sim::crowd::population::{Population, fold};
use crate::sim::crowd::tracked::Remembered as _;

/// What a group lists that there is not.
static NOBODY: Members = Members {
    users: Names::new(),
    groups: Names::new(),
};

/// Attributes that Crowd itself changes at every login; they are told to nobody.
const CHURNING: [&str; 5] = [
    "invalidPasswordAttempts",
    "lastActive",
    "lastAuthenticated",
    "passwordLastChanged",
    "requiresPasswordChange",
];

/// Custom attributes that were set, and those that were removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim::crowd) struct Deltas {
    /// Set, with all their values.
    pub stored: Attributes,
    /// Removed.
    pub deleted: Vec<String>,
}

impl Deltas {
    fn between(was: &Attributes, is: &Attributes) -> Option<Self> {
        let told = |name: &&String| !CHURNING.contains(&name.as_str());
        let stored = is.iter().filter(|(name, _)| told(name));
        let stored = stored.filter(|(name, values)| was.get(*name) != Some(*values));
        let deleted = was
            .keys()
            .filter(told)
            .filter(|name| !is.contains_key(*name));
        let deltas = Self {
            stored: stored
                .map(|(name, values)| (name.clone(), values.clone()))
                .collect(),
            deleted: deleted.cloned().collect(),
        };
        (!deltas.stored.is_empty() || !deltas.deleted.is_empty()).then_some(deltas)
    }
}

/// What happened to a user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim::crowd) enum Step {
    /// It was made.
    Created,
    /// Something but attributes changed.
    Updated,
    /// It has another name than this folded one.
    Renamed(String),
    /// Attributes changed.
    Attributes(Deltas),
    /// It was removed.
    Deleted,
}

/// Whether a membership came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::crowd) enum Turn {
    /// It came.
    Created,
    /// It went.
    Deleted,
}

/// A membership, by the names of its two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sim::crowd) struct Pair {
    /// The user or group that is a member.
    pub child: String,
    /// The group that it is a member of.
    pub parent: String,
}

/// One thing that changed.
pub(in crate::sim::crowd) enum Change {
    /// A user, as it was then; as it was last if it was removed.
    User(Step, Box<User>),
    /// A group likewise, without its lists.
    Group(Step, Box<Group>),
    /// A user's direct membership.
    UserMembership(Turn, Pair),
    /// A group's direct membership.
    GroupMembership(Turn, Pair),
    /// No older token counts: for one application, or for all.
    Reset(Option<String>),
}

/// Users and groups as they were, where they may have changed.
pub(in crate::sim::crowd) struct Past {
    /// The users by folded name; none where there was none.
    pub users: BTreeMap<String, Option<User>>,
    /// The groups likewise, without their lists.
    pub groups: BTreeMap<String, Option<Group>>,
    /// What groups listed, where that may have changed.
    pub lists: BTreeMap<String, Members>,
}

impl Past {
    /// Dates what is seen to have changed.
    pub(in crate::sim::crowd) fn date(
        &self,
        population: &mut Population,
        now: u64,
        attributes: AttributeChanges,
    ) {
        let told = |was: &Attributes, is: &Attributes| {
            attributes == AttributeChanges::Told && Deltas::between(was, is).is_some()
        };
        for (name, was) in &self.users {
            if let (Some(was), Some(is)) = (was, population.users.silently(name))
                && was.updated == is.updated
                && (shown(was) != shown(is) || told(&was.attributes, &is.attributes))
            {
                is.updated = now;
            }
        }
        for (name, was) in &self.groups {
            if let (Some(was), Some(is)) = (was, population.groups.silently(name))
                && was.updated == is.updated
                && (described(was) != described(is) || told(&was.attributes, &is.attributes))
            {
                is.updated = now;
            }
        }
    }

    /// Everything that is otherwise now, in the order in which it can be told.
    pub(in crate::sim::crowd) fn changes(&self, now: &Population, renames: Renames) -> Vec<Change> {
        let comparison = Comparison::new(self, now, renames);
        let mut changes = comparison.memberships_gone();
        changes.extend(comparison.entities_gone());
        changes.extend(comparison.groups());
        changes.extend(comparison.users());
        changes.extend(comparison.memberships_new());
        changes
    }

    /// Whether this is one person, who was here by this name all the time.
    fn user_stayed(&self, now: &Population, name: &str) -> bool {
        match (self.users.get(name), now.users.get(name)) {
            (None, is) => is.is_some(),
            (Some(Some(was)), Some(is)) => was.key == is.key,
            _ => false,
        }
    }

    fn group_stayed(&self, now: &Population, name: &str) -> bool {
        now.groups.contains_key(name) && !matches!(self.groups.get(name), Some(None))
    }
}

/// What a user shows besides attributes, dates aside.
fn shown(user: &User) -> [&str; 6] {
    [
        &user.name,
        &user.first_name,
        &user.last_name,
        &user.display_name,
        &user.email,
        if user.active { "active" } else { "" },
    ]
}

/// What a group shows besides attributes and members, dates aside.
fn described(group: &Group) -> [&str; 3] {
    [
        &group.name,
        &group.description,
        if group.active { "active" } else { "" },
    ]
}

/// A group as it is told of.
fn bare(group: &Group) -> Box<Group> {
    Box::new(group.remembered())
}

struct Comparison<'a> {
    past: &'a Past,
    now: &'a Population,
    renames: Renames,
    /// The old folded name by the new one.
    renamed: BTreeMap<&'a str, &'a str>,
}

impl<'a> Comparison<'a> {
    fn new(past: &'a Past, now: &'a Population, renames: Renames) -> Self {
        let mut comparison = Self {
            past,
            now,
            renames,
            renamed: BTreeMap::new(),
        };
        if renames != Renames::Recreated {
            comparison.renamed = comparison.find_renamed();
        }
        comparison
    }

    fn find_renamed(&self) -> BTreeMap<&'a str, &'a str> {
        let left = |(name, was): (&'a String, &'a Option<User>)| {
            let was = was.as_ref()?;
            let stayed = self.past.user_stayed(self.now, name);
            (!stayed).then_some((was.key.as_str(), name.as_str()))
        };
        let gone: BTreeMap<&str, &str> = self.past.users.iter().filter_map(left).collect();
        let found = |name: &'a String| {
            let old = gone.get(self.now.users.get(name)?.key.as_str())?;
            (*old != name).then_some((name.as_str(), *old))
        };
        self.past.users.keys().filter_map(found).collect()
    }

    /// Whose memberships go on: one who stayed, or has another name now.
    fn former<'n>(&self, user: &'n str) -> Option<&'n str>
    where
        'a: 'n,
    {
        let renamed = self.renamed.get(user).copied();
        renamed.or_else(|| self.past.user_stayed(self.now, user).then_some(user))
    }

    fn entities_gone(&self) -> Vec<Change> {
        let moved = |name: &str| self.renamed.values().any(|old| *old == name);
        let mut gone = Vec::new();
        for (name, was) in &self.past.users {
            if let Some(was) = was
                && !self.past.user_stayed(self.now, name)
                && !moved(name)
            {
                gone.push(Change::User(Step::Deleted, Box::new(was.clone())));
            }
        }
        for (name, was) in &self.past.groups {
            if let Some(was) = was
                && !self.now.groups.contains_key(name)
            {
                gone.push(Change::Group(Step::Deleted, bare(was)));
            }
        }
        gone
    }

    fn users(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for name in self.past.users.keys() {
            let Some(is) = self.now.users.get(name) else {
                continue;
            };
            let former = self.former(name);
            let was = former.and_then(|name| self.past.users.get(name)?.as_ref());
            let mut add = |step| changes.push(Change::User(step, Box::new(is.clone())));
            match (former, was) {
                (Some(former), _) if former != name.as_str() => {
                    add(Step::Renamed(former.to_owned()));
                    if self.renames == Renames::Expiring {
                        changes.push(Change::Reset(None));
                        continue;
                    }
                }
                (_, Some(was)) if shown(was) != shown(is) || was.updated != is.updated => {
                    add(Step::Updated);
                }
                (_, Some(_)) => {}
                _ => add(Step::Created),
            }
            let none = Attributes::new();
            let had = was.map_or(&none, |was| &was.attributes);
            if let Some(deltas) = Deltas::between(had, &is.attributes) {
                changes.push(Change::User(Step::Attributes(deltas), Box::new(is.clone())));
            }
        }
        // A name that was given up may be somebody else's at once.
        changes.sort_by_key(|change| !matches!(change, Change::User(Step::Renamed(_), _)));
        changes
    }

    fn groups(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, was) in &self.past.groups {
            let Some(is) = self.now.groups.get(name) else {
                continue;
            };
            match was {
                None => changes.push(Change::Group(Step::Created, bare(is))),
                Some(was) if described(was) != described(is) || was.updated != is.updated => {
                    changes.push(Change::Group(Step::Updated, bare(is)));
                }
                Some(_) => {}
            }
            let none = Attributes::new();
            let had = was.as_ref().map_or(&none, |was| &was.attributes);
            if let Some(deltas) = Deltas::between(had, &is.attributes) {
                changes.push(Change::Group(Step::Attributes(deltas), bare(is)));
            }
        }
        changes
    }

    /// Memberships that ended while both sides stayed; others end with their side.
    fn memberships_gone(&self) -> Vec<Change> {
        let mut gone = Vec::new();
        for (name, had) in &self.past.lists {
            let stayed = self.past.group_stayed(self.now, name);
            let Some(group) = self.now.groups.get(name).filter(|_| stayed) else {
                continue;
            };
            let has = self.now.listed(name).unwrap_or(&NOBODY);
            for user in had.users.difference(&has.users) {
                if self.past.user_stayed(self.now, user) {
                    gone.extend(self.user_in(Turn::Deleted, user, group));
                }
            }
            for child in had.groups.difference(&has.groups) {
                if self.past.group_stayed(self.now, child) {
                    gone.extend(self.group_in(Turn::Deleted, child, group));
                }
            }
        }
        gone
    }

    fn memberships_new(&self) -> Vec<Change> {
        let mut new = Vec::new();
        for (name, had) in &self.past.lists {
            let stayed = self.past.group_stayed(self.now, name);
            let had = if stayed { had } else { &NOBODY };
            if let (Some(group), Some(has)) = (self.now.groups.get(name), self.now.listed(name)) {
                new.extend(self.new_in(group, had, has));
            }
        }
        new.extend(self.new_through_members());
        new
    }

    fn new_in(&self, group: &Group, had: &Members, has: &Members) -> Vec<Change> {
        // Most users are untouched: they are not looked up.
        let user_went_on = |user: &str| match self.past.users.get(user) {
            None => had.users.contains(user),
            Some(_) => {
                let former = self.former(user);
                former.is_some_and(|former| had.users.contains(former))
            }
        };
        let child_went_on =
            |child: &str| had.groups.contains(child) && self.past.group_stayed(self.now, child);
        let users = has.users.iter().filter(|user| !user_went_on(user));
        let users = users.filter_map(|user| self.user_in(Turn::Created, user, group));
        let children = has.groups.iter().filter(|child| !child_went_on(child));
        let children = children.filter_map(|child| self.group_in(Turn::Created, child, group));
        users.chain(children).collect()
    }

    /// Memberships in groups that listed the name before there was anybody of it.
    fn new_through_members(&self) -> Vec<Change> {
        let untouched = |group: &&Group| {
            let name = fold(&group.name);
            !self.past.lists.contains_key(&name)
        };
        let mut new = Vec::new();
        for user in self.past.users.keys() {
            if !self.past.user_stayed(self.now, user) {
                let groups = self.now.groups_listing(user).into_iter().filter(untouched);
                new.extend(groups.filter_map(|group| self.user_in(Turn::Created, user, group)));
            }
        }
        for child in self.past.groups.keys() {
            if !self.past.group_stayed(self.now, child) {
                let groups = self.now.parents_listing(child).into_iter();
                let groups = groups.filter(untouched);
                new.extend(groups.filter_map(|group| self.group_in(Turn::Created, child, group)));
            }
        }
        new
    }

    fn user_in(&self, turn: Turn, user: &str, group: &Group) -> Option<Change> {
        let user = self.now.users.get(user)?;
        Some(Change::UserMembership(turn, pair(&user.name, group)))
    }

    fn group_in(&self, turn: Turn, child: &str, group: &Group) -> Option<Change> {
        let child = self.now.groups.get(child)?;
        Some(Change::GroupMembership(turn, pair(&child.name, group)))
    }
}

fn pair(child: &str, parent: &Group) -> Pair {
    Pair {
        child: child.to_owned(),
        parent: parent.name.clone(),
    }
}
