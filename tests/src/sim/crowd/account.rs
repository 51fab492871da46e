//! One application, one user, one group, as the population's file has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tracked::Remembered;

/// Custom attributes: each name with its values.
pub type Attributes = BTreeMap<String, Vec<String>>;

/// Milliseconds since 1970 at which everything was made that does not say otherwise.
const MADE: u64 = 1_700_000_000_000;

fn yes() -> bool {
    true
}

fn made() -> u64 {
    MADE
}

fn loopback() -> Vec<String> {
    ["127.0.0.1", "::1"].map(String::from).to_vec()
}

/// What an application may do besides reading; Crowd's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Permission {
    AddUser,
    ModifyUser,
    ModifyUserAttributes,
    RemoveUser,
    AddGroup,
    ModifyGroup,
    ModifyGroupAttributes,
    RemoveGroup,
}

fn all_permissions() -> Vec<Permission> {
    use Permission::{
        AddGroup, AddUser, ModifyGroup, ModifyGroupAttributes, ModifyUser, ModifyUserAttributes,
        RemoveGroup, RemoveUser,
    };
    vec![
        AddUser,
        ModifyUser,
        ModifyUserAttributes,
        RemoveUser,
        AddGroup,
        ModifyGroup,
        ModifyGroupAttributes,
        RemoveGroup,
    ]
}

/// Somebody who may ask: our client.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its name, compared exactly.
    pub name: String,
    /// Its password.
    pub password: String,
    /// The addresses it may ask from; a network as `10.0.0.0/8`.
    #[serde(default = "loopback")]
    pub addresses: Vec<String>,
    /// The groups whose members may log in; without it, everybody.
    #[serde(default)]
    pub allowed_groups: Option<Vec<String>>,
    /// What it may change.
    #[serde(default = "all_permissions")]
    pub permissions: Vec<Permission>,
}

impl Application {
    /// An application on this host that may do everything and let in everybody.
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            addresses: loopback(),
            allowed_groups: None,
            permissions: all_permissions(),
        }
    }

    /// May change nothing: all that muster needs.
    #[must_use]
    pub fn reading_only(mut self) -> Self {
        self.permissions.clear();
        self
    }

    /// Only members of these groups may log in.
    #[must_use]
    pub fn allowing<const N: usize>(mut self, groups: [&str; N]) -> Self {
        self.allowed_groups = Some(groups.map(String::from).to_vec());
        self
    }
}

/// A person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name, in the case that is answered.
    pub name: String,
    /// The identity that outlives names; given if left out.
    #[serde(default)]
    pub key: String,
    /// The given name.
    #[serde(default)]
    pub first_name: String,
    /// The family name.
    #[serde(default)]
    pub last_name: String,
    /// The whole name.
    #[serde(default)]
    pub display_name: String,
    /// The mail address.
    #[serde(default)]
    pub email: String,
    /// The password; without one nobody can log in.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether the account is in use.
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether the password must be changed first.
    #[serde(default)]
    pub expired: bool,
    /// Custom attributes.
    #[serde(default)]
    pub attributes: Attributes,
    /// When it was made, in milliseconds since 1970.
    #[serde(default = "made")]
    pub created: u64,
    /// When it was changed last, in milliseconds since 1970.
    #[serde(default = "made")]
    pub updated: u64,
}

impl User {
    /// An active user without a password, with names made from `name`.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: String::new(),
            first_name: name.to_owned(),
            last_name: "Example".to_owned(),
            display_name: format!("{name} Example"),
            email: format!("{name}@example.org"),
            password: None,
            active: true,
            expired: false,
            attributes: Attributes::new(),
            created: MADE,
            updated: MADE,
        }
    }

    /// With this password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// With one more attribute of one value.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes
            .entry(name.to_owned())
            .or_default()
            .push(value.to_owned());
        self
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    /// Not in use.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.active = false;
        self
    }

    /// With a password that must be changed.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.expired = true;
        self
    }
}

impl Remembered for User {
    fn remembered(&self) -> Self {
        self.clone()
    }
}

/// A team.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The name, in the case that is answered.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether it is in use.
    #[serde(default = "yes")]
    pub active: bool,
    /// The names of its direct members.
    #[serde(default)]
    pub users: Vec<String>,
    /// The names of its direct child groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Custom attributes.
    #[serde(default)]
    pub attributes: Attributes,
    /// When it was made, in milliseconds since 1970.
    #[serde(default = "made")]
    pub created: u64,
    /// When it was changed last, in milliseconds since 1970.
    #[serde(default = "made")]
    pub updated: u64,
}

/// Without its lists, which may be long, and which the index has.
impl Remembered for Group {
    fn remembered(&self) -> Self {
        Self {
            name: self.name.clone(),
            description: self.description.clone(),
            active: self.active,
            users: Vec::new(),
            groups: Vec::new(),
            attributes: self.attributes.clone(),
            created: self.created,
            updated: self.updated,
        }
    }
}

impl Group {
    /// An active group without members.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            active: true,
            users: Vec::new(),
            groups: Vec::new(),
            attributes: Attributes::new(),
            created: MADE,
            updated: MADE,
        }
    }

    /// With these direct members.
    #[must_use]
    pub fn users<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.users.extend(names.map(String::from));
        self
    }

    /// With these direct child groups.
    #[must_use]
    pub fn groups<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.groups.extend(names.map(String::from));
        self
    }

    /// With one more attribute of one value.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes
            .entry(name.to_owned())
            .or_default()
            .push(value.to_owned());
        self
    }
}
