//! Whom a simulated apicrud knows.
//!
//! The file that describes it is JSON; of a user every field but the first two may be left out:
//!
//! ```json
//! {"users": [{"uid": "u-8Zk3pQ1x", "username": "ada.l", "name": "Ada Lovelace", "identity": "ada@mail.example",
//!             "password": "Ch4nge-me", "status": "active", "contact": "active", "is_admin": false,
//!             "codes": ["123456"], "memberships": [{"resource": "list", "id": "3f", "level": "member"}]}],
//!  "methods": ["local"], "lockout_delay": 5000}
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::account::User;
use crate::sim::SimError;

/// Everything a simulated apicrud knows.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Population {
    /// The people with accounts.
    pub users: Vec<User>,
    /// How people can log in.
    pub methods: Vec<String>,
    /// How long a locked account waits for its answer, in milliseconds.
    pub lockout_delay: u64,
}

impl Default for Population {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            methods: vec!["local".to_owned()],
            lockout_delay: 5000,
        }
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

    /// This population, where locked accounts are answered so many milliseconds later.
    #[must_use]
    pub fn lockout_delay(mut self, millis: u64) -> Self {
        self.lockout_delay = millis;
        self
    }

    /// Adds or replaces a user.
    pub fn add_user(&mut self, user: User) {
        self.remove_user(&user.username);
        self.users.push(user);
    }

    /// Removes a user; whether there was one.
    pub fn remove_user(&mut self, username: &str) -> bool {
        let before = self.users.len();
        self.users.retain(|user| user.username != username);
        self.users.len() < before
    }

    /// The user of this name.
    pub fn user_named(&mut self, username: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.username == username)
    }

    /// The user with this id.
    pub fn user_with_id(&mut self, uid: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.uid == uid)
    }

    /// Whom a login's `username` means: with an `@` it is looked up among the addresses.
    pub(super) fn meant(&mut self, username: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| {
            let named = match username.contains('@') {
                true => &user.identity,
                false => &user.username,
            };
            named == username && user.status == "active"
        })
    }
}
