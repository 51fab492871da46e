//! One person, one group, as the population's file has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How long a Yubikey's codes are.
const CODE_LENGTH: usize = 44;

/// Whether an account is in use, and why not; FAS's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    #[default]
    Active,
    Inactive,
    Bot,
    Expired,
    AdminDisabled,
    SpamcheckAwaiting,
    SpamcheckManual,
    SpamcheckDenied,
}

impl Status {
    /// Whether the account may log in.
    pub fn may_log_in(self) -> bool {
        matches!(self, Self::Active | Self::Bot)
    }

    /// As the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Bot => "bot",
            Self::Expired => "expired",
            Self::AdminDisabled => "admin_disabled",
            Self::SpamcheckAwaiting => "spamcheck_awaiting",
            Self::SpamcheckManual => "spamcheck_manual",
            Self::SpamcheckDenied => "spamcheck_denied",
        }
    }
}

/// A person, or a machine with an account.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The identity that outlives names; given if left out.
    #[serde(default)]
    pub id: u64,
    /// The name; case matters.
    #[serde(alias = "name")]
    pub username: String,
    /// The full name.
    #[serde(default)]
    pub human_name: String,
    /// The password; without one nobody can log in.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether the account is in use.
    #[serde(default)]
    pub status: Status,
    /// SSH public keys, as the person typed them.
    #[serde(default)]
    pub ssh_key: String,
    /// The mail address, which works as a login name, too.
    #[serde(default)]
    pub email: String,
    /// The name on IRC.
    #[serde(default)]
    pub ircnick: Option<String>,
    /// Whether others may not see the full name.
    #[serde(default)]
    pub privacy: bool,
    /// Settings of applications: by application, then by name.
    #[serde(default)]
    pub configs: BTreeMap<String, BTreeMap<String, String>>,
    /// The first 12 characters of the codes of the person's Yubikey.
    #[serde(default)]
    pub yubikey: Option<String>,
    /// Codes that a checker in front wants behind the password, if there are any.
    #[serde(default)]
    pub appended_codes: Vec<String>,
    /// The codes that were used: each is good once.
    #[serde(skip)]
    pub used_codes: Vec<String>,
    /// When the person logged in last, in milliseconds since 1970.
    #[serde(skip)]
    pub last_seen: u64,
}

impl User {
    /// An active user without a password.
    pub fn new(id: u64, name: &str) -> Self {
        Self {
            id,
            username: name.to_owned(),
            human_name: format!("{name} Example"),
            password: None,
            status: Status::Active,
            ssh_key: String::new(),
            email: format!("{name}@mail.example.org"),
            ircnick: None,
            privacy: false,
            configs: BTreeMap::new(),
            yubikey: None,
            appended_codes: Vec::new(),
            used_codes: Vec::new(),
            last_seen: 0,
        }
    }

    /// With a Yubikey whose codes begin with this.
    #[must_use]
    pub fn yubikey(mut self, prefix: &str) -> Self {
        self.yubikey = Some(prefix.to_owned());
        self
    }

    /// With codes that belong behind the password.
    #[must_use]
    pub fn appended_codes<const N: usize>(mut self, codes: [&str; N]) -> Self {
        self.appended_codes.extend(codes.map(String::from));
        self
    }

    /// Whether the code is the Yubikey's and was never used; it is used by now.
    pub(super) fn takes_otp(&mut self, code: &str) -> bool {
        let ours = self.yubikey.as_ref().is_some_and(|prefix| {
            code.len() == CODE_LENGTH && code.starts_with("ccccc") && code.starts_with(prefix)
        });
        let fresh = ours && !self.used_codes.iter().any(|used| used == code);
        if fresh {
            self.used_codes.push(code.to_owned());
        }
        fresh
    }

    /// Whether what was typed is the password, with a fresh code behind it where that is wanted.
    pub(super) fn takes_password(&mut self, typed: &str) -> bool {
        let right = self.password.as_deref().filter(|right| !right.is_empty());
        let Some(rest) = right.and_then(|right| typed.strip_prefix(right)) else {
            return false;
        };
        if self.appended_codes.is_empty() {
            return rest.is_empty();
        }
        let fresh = self.appended_codes.iter().any(|code| code == rest)
            && !self.used_codes.iter().any(|used| used == rest);
        if fresh {
            self.used_codes.push(rest.to_owned());
        }
        fresh
    }

    /// With this password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// With this full name.
    #[must_use]
    pub fn human_name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.human_name);
        self
    }

    /// With these SSH keys.
    #[must_use]
    pub fn ssh_key(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.ssh_key);
        self
    }

    /// In this state.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Who hides the full name.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.privacy = true;
        self
    }
}

/// What somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RoleType {
    Administrator,
    Sponsor,
    User,
}

impl RoleType {
    /// As the wire has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Sponsor => "sponsor",
            Self::User => "user",
        }
    }
}

fn tracking() -> String {
    "tracking".to_owned()
}

/// A group; every member is in one of its four lists.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The identity, from the same sequence as the users'; given if left out.
    #[serde(default)]
    pub id: u64,
    /// The name; case matters.
    pub name: String,
    /// What it is for: `system`, `cla`, `git`, `tracking`, …
    #[serde(default = "tracking", rename = "type")]
    pub kind: String,
    /// The long name.
    #[serde(default)]
    pub display_name: String,
    /// Names of approved members.
    #[serde(default)]
    pub users: Vec<String>,
    /// Names of approved members who may approve others.
    #[serde(default)]
    pub sponsors: Vec<String>,
    /// Names of approved members who may change the group.
    #[serde(default)]
    pub administrators: Vec<String>,
    /// Names of those who have asked to become members.
    #[serde(default)]
    pub unapproved: Vec<String>,
}

impl Group {
    /// A tracking group without members.
    pub fn new(id: u64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            kind: tracking(),
            display_name: String::new(),
            users: Vec::new(),
            sponsors: Vec::new(),
            administrators: Vec::new(),
            unapproved: Vec::new(),
        }
    }

    /// Of this type.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    /// With these approved members.
    #[must_use]
    pub fn users<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.users.extend(names.map(String::from));
        self
    }

    /// With these sponsors.
    #[must_use]
    pub fn sponsors<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.sponsors.extend(names.map(String::from));
        self
    }

    /// With these administrators.
    #[must_use]
    pub fn administrators<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.administrators.extend(names.map(String::from));
        self
    }

    /// With these applicants.
    #[must_use]
    pub fn unapproved<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.unapproved.extend(names.map(String::from));
        self
    }

    /// The approved members, each with the list that it is in.
    pub fn approved(&self) -> impl Iterator<Item = (&str, RoleType)> {
        [
            (&self.administrators, RoleType::Administrator),
            (&self.sponsors, RoleType::Sponsor),
            (&self.users, RoleType::User),
        ]
        .into_iter()
        .flat_map(|(names, kind)| names.iter().map(move |name| (name.as_str(), kind)))
    }

    /// What `name` is here, if approved.
    pub fn role_of(&self, name: &str) -> Option<RoleType> {
        self.approved()
            .find(|(member, _)| *member == name)
            .map(|(_, kind)| kind)
    }

    /// Whether `name` has asked to become a member.
    pub fn is_asked_by(&self, name: &str) -> bool {
        self.unapproved.iter().any(|applicant| applicant == name)
    }

    /// Takes `name` out of all lists; whether it was in one.
    pub fn remove(&mut self, name: &str) -> bool {
        let lists = [
            &mut self.users,
            &mut self.sponsors,
            &mut self.administrators,
            &mut self.unapproved,
        ];
        let mut found = false;
        for list in lists {
            let before = list.len();
            list.retain(|member| member != name);
            found |= list.len() < before;
        }
        found
    }
}
