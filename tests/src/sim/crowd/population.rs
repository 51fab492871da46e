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

use serde::{Deserialize, Serialize};

use super::account::{Application, Group, User};
use crate::sim::SimError;

/// The form in which names are compared: Crowd ignores case.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
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

/// Everything a simulated Crowd knows, found by folded name.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "Described")]
pub struct Population {
    /// The applications that may ask; their names are compared exactly.
    pub applications: BTreeMap<String, Application>,
    /// The users. Change them through the methods here, which give keys.
    pub users: BTreeMap<String, User>,
    /// The groups.
    pub groups: BTreeMap<String, Group>,
    /// Addresses whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// New passwords that are shorter are refused.
    pub shortest_password: usize,
    /// After so many wrong passwords in a row the right one is refused, too.
    pub max_wrong_passwords: Option<u64>,
    next_key: u64,
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
        self.groups.insert(fold(&group.name), group);
    }

    /// The user of that name, in whatever case.
    pub fn find_user(&self, name: &str) -> Option<&User> {
        self.users.get(&fold(name))
    }

    /// The user of that name, to be changed.
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

    /// The group of that name, to be changed.
    pub fn group_mut(&mut self, name: &str) -> Option<&mut Group> {
        self.groups.get_mut(&fold(name))
    }

    /// Removes a user and all memberships; whether there was one.
    pub fn remove_user(&mut self, name: &str) -> bool {
        for group in self.groups.values_mut() {
            group.users.retain(|member| fold(member) != fold(name));
        }
        self.users.remove(&fold(name)).is_some()
    }

    /// Removes a group and all memberships; whether there was one.
    pub fn remove_group(&mut self, name: &str) -> bool {
        for group in self.groups.values_mut() {
            group.groups.retain(|member| fold(member) != fold(name));
        }
        self.groups.remove(&fold(name)).is_some()
    }

    /// Gives a user another name; key and memberships stay. Whether it could.
    pub fn rename_user(&mut self, old: &str, new: &str) -> bool {
        let taken = fold(old) != fold(new) && self.find_user(new).is_some();
        if taken {
            return false;
        }
        let Some(mut user) = self.users.remove(&fold(old)) else {
            return false;
        };
        new.clone_into(&mut user.name);
        self.users.insert(fold(new), user);
        for group in self.groups.values_mut() {
            for member in group
                .users
                .iter_mut()
                .filter(|member| fold(member) == fold(old))
            {
                new.clone_into(member);
            }
        }
        true
    }

    /// The direct members of a group that exist, by folded name.
    pub fn members(&self, group: &Group) -> Vec<&User> {
        let names: BTreeSet<String> = group.users.iter().map(|name| fold(name)).collect();
        names
            .iter()
            .filter_map(|name| self.users.get(name))
            .collect()
    }

    /// The direct child groups of a group that exist, by folded name.
    pub fn children(&self, group: &Group) -> Vec<&Group> {
        let names: BTreeSet<String> = group.groups.iter().map(|name| fold(name)).collect();
        names
            .iter()
            .filter_map(|name| self.groups.get(name))
            .collect()
    }

    /// The groups that have a group as a direct child.
    pub fn parents(&self, child: &Group) -> Vec<&Group> {
        let child = fold(&child.name);
        let has = |group: &&Group| group.groups.iter().any(|name| fold(name) == child);
        self.groups.values().filter(has).collect()
    }

    /// The groups that have a user as a direct member.
    pub fn groups_of(&self, user: &User) -> Vec<&Group> {
        let user = fold(&user.name);
        let has = |group: &&Group| group.users.iter().any(|name| fold(name) == user);
        self.groups.values().filter(has).collect()
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
