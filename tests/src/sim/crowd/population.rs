//! Who and what a simulated Crowd knows: applications, users, groups.
//!
//! The file that describes it is JSON; every field but the names may be left out:
//!
//! ```json
//! {"applications": [{"name": "hosts", "password": "secret", "addresses": ["127.0.0.1"],
//!                    "allowed_groups": ["staff"], "permissions": ["MODIFY_USER"]}],
//!  "users": [{"name": "ada", "key": "32769:1", "first_name": "Ada", "last_name": "Lovelace",
//!             "display_name": "Ada Lovelace", "email": "ada@example.org", "password": "pw",
//!             "active": true, "expired": false, "attributes": {"uidNumber": ["20001"]}}],
//!  "groups": [{"name": "staff", "description": "", "active": true, "users": ["ada"],
//!              "groups": ["leaf"], "attributes": {}}],
//!  "trusted_proxies": [], "shortest_password": 1, "max_wrong_passwords": null}
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::account::{Application, Group, User};
use super::event::{Change, EventSettings, Past};
use super::index::{Index, Members, Names};
use super::tracked::Tracked;
use crate::sim::SimError;

/// The form in which names are compared: Crowd ignores case.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// Whether a name is this folded one.
pub(super) fn is(name: &str, folded: &str) -> bool {
    if name.is_ascii() {
        name.eq_ignore_ascii_case(folded)
    } else {
        fold(name) == folded
    }
}

/// The population as its file has it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Described {
    applications: Vec<Application>,
    users: Vec<User>,
    groups: Vec<Group>,
    trusted_proxies: Vec<String>,
    shortest_password: usize,
    max_wrong_passwords: Option<u64>,
}

/// Which population this is: a copy is another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin(u64);

impl Default for Origin {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Origin {
    /// The same, to be compared with.
    pub(super) fn same(&self) -> Self {
        Self(self.0)
    }
}

impl Clone for Origin {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Everything a simulated Crowd knows, found by folded name.
///
/// However users and groups are changed, it knows what they were before, and who is
/// in which groups without looking through all of them.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Described")]
pub struct Population {
    /// The applications that may ask; their names are compared exactly.
    pub applications: BTreeMap<String, Application>,
    /// The users.
    pub(super) users: Tracked<User>,
    /// The groups.
    pub(super) groups: Tracked<Group>,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// New passwords that are shorter are refused.
    pub shortest_password: usize,
    /// After so many wrong passwords in a row the right one is refused, too.
    pub max_wrong_passwords: Option<u64>,
    next_key: u64,
    #[serde(skip)]
    index: Index,
    /// The groups whose lists may differ from the index.
    #[serde(skip)]
    stale: BTreeSet<String>,
    /// What the groups listed that may have changed.
    #[serde(skip)]
    lists: BTreeMap<String, Members>,
    #[serde(skip)]
    origin: Origin,
}

impl From<Described> for Population {
    fn from(described: Described) -> Self {
        let mut population = Self {
            trusted_proxies: described.trusted_proxies,
            shortest_password: described.shortest_password,
            max_wrong_passwords: described.max_wrong_passwords,
            ..Self::default()
        };
        for application in described.applications {
            population.add_application(application);
        }
        for user in described.users {
            population.add_user(user);
        }
        for group in described.groups {
            population.add_group(group);
        }
        population
    }
}

impl Population {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, SimError> {
        let named = path.display().to_string();
        let text = std::fs::read(path).map_err(SimError::io(format!("reading {named}")))?;
        serde_json::from_slice(&text).map_err(|source| SimError::Population {
            path: named,
            source,
        })
    }

    /// This population and an application.
    #[must_use]
    pub fn application(mut self, application: Application) -> Self {
        self.add_application(application);
        self
    }

    /// This population and a user.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.add_user(user);
        self
    }

    /// This population and a group.
    #[must_use]
    pub fn group(mut self, group: Group) -> Self {
        self.add_group(group);
        self
    }

    /// Adds or replaces an application.
    pub fn add_application(&mut self, application: Application) {
        self.applications
            .insert(application.name.clone(), application);
    }

    /// Adds or replaces a user. Without a key one is given that nobody had before.
    pub fn add_user(&mut self, mut user: User) {
        self.next_key += 1;
        if user.key.is_empty() {
            user.key = format!("32769:{:08x}-0000-4000-8000-{:012x}", self.next_key, 0);
        }
        self.users.insert(fold(&user.name), user);
    }

    /// Adds or replaces a group.
    pub fn add_group(&mut self, group: Group) {
        let name = fold(&group.name);
        self.remember_lists(&name);
        self.index.note(&name, Some(&group));
        self.stale.remove(&name);
        self.groups.insert(name, group);
    }

    /// The users by folded name.
    pub fn users(&self) -> &BTreeMap<String, User> {
        &self.users
    }

    /// The groups by folded name.
    pub fn groups(&self) -> &BTreeMap<String, Group> {
        &self.groups
    }

    /// The user of that name, in whatever case.
    pub fn find_user(&self, name: &str) -> Option<&User> {
        self.users.get(&fold(name))
    }

    /// The user of that name, to be changed. Another name given here renames the user.
    pub fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.get_mut(&fold(name))
    }

    /// The user with that key.
    pub fn find_key(&self, key: &str) -> Option<&User> {
        self.users.values().find(|user| user.key == key)
    }

    /// The group of that name, in whatever case.
    pub fn find_group(&self, name: &str) -> Option<&Group> {
        self.groups.get(&fold(name))
    }

    /// The group of that name, to be changed. Another name given here renames the group.
    pub fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        let name = fold(name);
        self.stale.insert(name.clone());
        self.listing(&name)
    }

    /// Removes a user and all memberships; whether there was one.
    pub fn remove_user(&mut self, name: &str) -> bool {
        let user = fold(name);
        self.reindex();
        for group in self.index.of_user(&user).clone() {
            self.remove_member(&group, &user);
        }
        self.users.remove(&user).is_some()
    }

    /// Removes a group and all memberships; whether there was one.
    pub fn remove_group(&mut self, name: &str) -> bool {
        let child = fold(name);
        self.reindex();
        for parent in self.index.of_group(&child).clone() {
            if let Some(group) = self.listing(&parent) {
                group.groups.retain(|member| !is(member, &child));
                self.index.unlist_group(&parent, &child);
            }
        }
        self.remember_lists(&child);
        self.index.note(&child, None);
        self.groups.remove(&child).is_some()
    }

    /// Gives a user another name; key and memberships stay. Whether it could.
    pub fn rename_user(&mut self, old: &str, new: &str) -> bool {
        let (from, to) = (fold(old), fold(new));
        if from != to && self.users.contains_key(&to) {
            return false;
        }
        let Some(mut user) = self.users.remove(&from) else {
            return false;
        };
        new.clone_into(&mut user.name);
        self.users.insert(to, user);
        self.reindex();
        for group in self.index.of_user(&from).clone() {
            self.relist(&group, |group| rename(&mut group.users, &from, new));
        }
        true
    }

    /// Gives a group another name; members and parents stay. Whether it could.
    pub fn rename_group(&mut self, old: &str, new: &str) -> bool {
        let (from, to) = (fold(old), fold(new));
        if from != to && self.groups.contains_key(&to) {
            return false;
        }
        self.reindex();
        self.remember_lists(&from);
        let Some(mut group) = self.groups.remove(&from) else {
            return false;
        };
        self.index.note(&from, None);
        new.clone_into(&mut group.name);
        self.add_group(group);
        for parent in self.index.of_group(&from).clone() {
            self.relist(&parent, |group| rename(&mut group.groups, &from, new));
        }
        true
    }

    /// Puts a user into a group; whether there is such a group.
    pub fn add_member(&mut self, group: &str, user: &str) -> bool {
        let (group, folded) = (fold(group), fold(user));
        let Some(listing) = self.listing(&group) else {
            return false;
        };
        listing.users.retain(|member| !is(member, &folded));
        listing.users.push(user.to_owned());
        self.index.list_user(&group, &folded);
        true
    }

    /// Takes a user out of a group; whether there is such a group.
    pub fn remove_member(&mut self, group: &str, user: &str) -> bool {
        let (group, folded) = (fold(group), fold(user));
        let Some(listing) = self.listing(&group) else {
            return false;
        };
        listing.users.retain(|member| !is(member, &folded));
        self.index.unlist_user(&group, &folded);
        true
    }

    /// Changes what a group lists, and the index with it.
    fn relist(&mut self, name: &str, change: impl FnOnce(&mut Group)) {
        if let Some(group) = self.listing(name) {
            change(group);
            self.stale.insert(name.to_owned());
            self.reindex();
        }
    }

    /// A group whose lists may be changed.
    fn listing(&mut self, name: &str) -> Option<&mut Group> {
        self.remember_lists(name);
        self.groups.get_mut(name)
    }

    fn remember_lists(&mut self, name: &str) {
        if !self.lists.contains_key(name) {
            let listed = self.index.members(name).cloned().unwrap_or_default();
            self.lists.insert(name.to_owned(), listed);
        }
    }

    /// Brings the index up to date with lists that somebody else may have changed.
    fn reindex(&mut self) {
        for name in std::mem::take(&mut self.stale) {
            self.index.note(&name, self.groups.get(&name));
        }
    }

    /// Renames who was given another name by hand, so that everybody is found by their name.
    fn straighten(&mut self) {
        let misplaced = |(place, name): (&String, &String)| {
            (fold(name) != *place).then(|| (place.clone(), name.clone()))
        };
        let users = self.users.touched();
        let users = users.filter_map(|(place, user)| misplaced((place, &user.name)));
        for (place, name) in users.collect::<Vec<_>>() {
            self.rename_user(&place, &name);
        }
        let groups = self.groups.touched();
        let groups = groups.filter_map(|(place, group)| misplaced((place, &group.name)));
        for (place, name) in groups.collect::<Vec<_>>() {
            self.rename_group(&place, &name);
        }
    }

    /// What is there now is where changes start from.
    pub(super) fn forget_changes(&mut self) {
        self.straighten();
        self.reindex();
        self.users.take_before();
        self.groups.take_before();
        self.lists.clear();
    }

    /// What changed since this was asked last; what is seen to have changed is dated `now`.
    pub(super) fn settle(&mut self, now: u64, settings: &EventSettings) -> Vec<Change> {
        if !self.users.is_touched() && !self.groups.is_touched() {
            return Vec::new();
        }
        self.straighten();
        self.reindex();
        let past = Past {
            users: self.users.take_before(),
            groups: self.groups.take_before(),
            lists: std::mem::take(&mut self.lists),
        };
        past.date(self, now, settings.attributes);
        past.changes(self, settings.renames)
    }

    /// Which population this is.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The direct members of a group that exist, by folded name.
    pub fn members(&self, group: &Group) -> Vec<&User> {
        match self.listed(&fold(&group.name)) {
            Some(members) => those(&self.users, &members.users),
            None => those(&self.users, &Members::of(group).users),
        }
    }

    /// The direct child groups of a group that exist, by folded name.
    pub fn children(&self, group: &Group) -> Vec<&Group> {
        match self.listed(&fold(&group.name)) {
            Some(members) => those(&self.groups, &members.groups),
            None => those(&self.groups, &Members::of(group).groups),
        }
    }

    /// What a group lists, if the index is sure of it.
    pub(super) fn listed(&self, group: &str) -> Option<&Members> {
        let stale = self.stale.contains(group);
        self.index.members(group).filter(|_| !stale)
    }

    /// The groups that have a group as a direct child.
    pub fn parents(&self, child: &Group) -> Vec<&Group> {
        self.parents_listing(&fold(&child.name))
    }

    /// The groups that have a user as a direct member.
    pub fn groups_of(&self, user: &User) -> Vec<&Group> {
        self.groups_listing(&fold(&user.name))
    }

    /// The groups that list a user by this folded name.
    pub(super) fn groups_listing(&self, user: &str) -> Vec<&Group> {
        self.holders(self.index.of_user(user), |group| {
            group.users.iter().any(|name| is(name, user))
        })
    }

    /// The groups that list a group by this folded name.
    pub(super) fn parents_listing(&self, child: &str) -> Vec<&Group> {
        self.holders(self.index.of_group(child), |group| {
            group.groups.iter().any(|name| is(name, child))
        })
    }

    /// The groups that the index names, and those of the others that list somebody.
    fn holders(&self, indexed: &Names, lists: impl Fn(&Group) -> bool) -> Vec<&Group> {
        let sure = indexed.iter().filter(|name| !self.stale.contains(&***name));
        let sure = sure.filter_map(|name| self.groups.get_key_value(&**name));
        let others = self
            .stale
            .iter()
            .filter_map(|name| self.groups.get_key_value(name));
        let all: BTreeMap<_, _> = sure
            .chain(others.filter(|(_, group)| lists(group)))
            .collect();
        all.into_values().collect()
    }

    /// All that can be reached from `start` by `step`, once each, cycles or
    /// not; `start` is among them.
    pub fn closure<'a>(
        &'a self,
        start: Vec<&'a Group>,
        step: impl Fn(&'a Self, &'a Group) -> Vec<&'a Group>,
    ) -> Vec<&'a Group> {
        let mut reached = BTreeMap::new();
        let mut open = start;
        while let Some(group) = open.pop() {
            if reached.insert(fold(&group.name), group).is_none() {
                open.extend(step(self, group));
            }
        }
        reached.into_values().collect()
    }
}

fn rename(members: &mut [String], old: &str, new: &str) {
    for member in members.iter_mut().filter(|member| is(member, old)) {
        new.clone_into(member);
    }
}

/// The entries of these names, in their order.
fn those<'e, T>(entries: &'e BTreeMap<String, T>, names: &Names) -> Vec<&'e T> {
    // Where most are meant, walking beside them is quicker than looking each of them up.
    if names.len() < entries.len() / 8 {
        return names
            .iter()
            .filter_map(|name| entries.get(&**name))
            .collect();
    }
    let mut names = names.iter().map(|name| &**name).peekable();
    let meant = |(name, _): &(&String, &T)| {
        while names.next_if(|next| *next < name.as_str()).is_some() {}
        names.next_if(|next| *next == name.as_str()).is_some()
    };
    entries
        .iter()
        .filter(meant)
        .map(|(_, entry)| entry)
        .collect()
}
