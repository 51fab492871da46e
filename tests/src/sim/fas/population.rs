//! Whom and what a simulated FAS knows: people and groups.
//!
//! The file that describes it is JSON; every field but the names may be left out:
//!
//! ```json
//! {"users": [{"id": 100101, "username": "ada", "human_name": "Ada Lovelace", "password": "pw",
//!             "status": "active", "ssh_key": "ssh-ed25519 AAAA ada\n", "email": "ada@mail.example",
//!             "ircnick": "ada", "privacy": false, "configs": {"openid": {"key": "value"}}}],
//!  "groups": [{"id": 100201, "name": "sysadmin-main", "type": "system", "display_name": "",
//!              "users": ["ada"], "sponsors": [], "administrators": [], "unapproved": ["bob"]}],
//!  "email_host": "example.org"}
//! ```
//!
//! Approved members of `accounts` are administrators, of `fas-system` may read
//! everything, and of `thirdparty` see SSH keys: a service account is a user in the last.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::account::{Group, User};
use crate::sim::SimError;

/// Fedora's ids began about here.
const FIRST_ID: u64 = 100_000;

/// The population as its file has it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Described {
    users: Vec<User>,
    groups: Vec<Group>,
    email_host: Option<String>,
}

/// Everything a simulated FAS knows, by exact name.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Described")]
pub struct Population {
    /// The people. Change them through the methods here, which give ids.
    pub users: BTreeMap<String, User>,
    /// The groups.
    pub groups: BTreeMap<String, Group>,
    /// Behind an `@`, what a login name may carry.
    pub email_host: String,
}

impl Default for Population {
    fn default() -> Self {
        Self {
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            email_host: "example.org".to_owned(),
        }
    }
}

impl From<Described> for Population {
    fn from(described: Described) -> Self {
        let mut population = Self::default();
        if let Some(host) = described.email_host {
            population.email_host = host;
        }
        // Those that say their id come first, so that nobody is given it.
        let (mut users, mut groups) = (described.users, described.groups);
        users.sort_by_key(|user| user.id == 0);
        groups.sort_by_key(|group| group.id == 0);
        let numbered = groups.iter().take_while(|group| group.id != 0).count();
        let later = groups.split_off(numbered);
        for group in groups {
            population.add_group(group);
        }
        for user in users {
            population.add_user(user);
        }
        for group in later {
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

    /// Adds or replaces a user. Without an id one is given that nobody has.
    pub fn add_user(&mut self, mut user: User) {
        if user.id == 0 {
            user.id = self.next_id();
        }
        self.users.insert(user.username.clone(), user);
    }

    /// Adds or replaces a group, in the same way.
    pub fn add_group(&mut self, mut group: Group) {
        if group.id == 0 {
            group.id = self.next_id();
        }
        self.groups.insert(group.name.clone(), group);
    }

    /// Users and groups share one sequence.
    fn next_id(&self) -> u64 {
        let users = self.users.values().map(|user| user.id);
        let groups = self.groups.values().map(|group| group.id);
        users
            .chain(groups)
            .fold(FIRST_ID, u64::max)
            .saturating_add(1)
    }

    /// The user with that id.
    pub fn user_with_id(&self, id: u64) -> Option<&User> {
        self.users.values().find(|user| user.id == id)
    }

    /// The group with that id.
    pub fn group_with_id(&self, id: u64) -> Option<&Group> {
        self.groups.values().find(|group| group.id == id)
    }

    /// Removes a user and all memberships; whether there was one.
    pub fn remove_user(&mut self, name: &str) -> bool {
        for group in self.groups.values_mut() {
            group.remove(name);
        }
        self.users.remove(name).is_some()
    }

    /// Removes a group; whether there was one.
    pub fn remove_group(&mut self, name: &str) -> bool {
        self.groups.remove(name).is_some()
    }

    /// Whether `name` is an approved member of `group`.
    pub fn is_in(&self, name: &str, group: &str) -> bool {
        self.groups
            .get(group)
            .is_some_and(|group| group.role_of(name).is_some())
    }

    /// The groups of which `name` is an approved member.
    pub fn groups_of(&self, name: &str) -> Vec<&Group> {
        let has = |group: &&Group| group.role_of(name).is_some();
        self.groups.values().filter(has).collect()
    }

    /// The groups that `name` has asked to become a member of.
    pub fn groups_asked_by(&self, name: &str) -> Vec<&Group> {
        let has = |group: &&Group| group.is_asked_by(name) && group.role_of(name).is_none();
        self.groups.values().filter(has).collect()
    }
}
