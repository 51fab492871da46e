//! One person with an account, as the population's file has them.

use serde::{Deserialize, Serialize};

/// The levels of a membership, lowest first: who has one has those before it.
const LEVELS: [&str; 4] = ["invitee", "member", "manager", "secret"];

fn active() -> String {
    "active".to_owned()
}

/// A person and their account.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The person's id, which outlives names: `u-…`.
    pub uid: String,
    /// The account's name.
    pub username: String,
    /// The full name.
    #[serde(default)]
    pub name: String,
    /// The mail address, which works as a login name, too.
    #[serde(default)]
    pub identity: String,
    /// The password; without one nobody can log in.
    #[serde(default)]
    pub password: Option<String>,
    /// `active`, or anything else.
    #[serde(default = "active")]
    pub status: String,
    /// Whether of the mail address: without an active one there is no role.
    #[serde(default = "active")]
    pub contact: String,
    /// Whether of apicrud.
    #[serde(default)]
    pub is_admin: bool,
    /// Whether a login is good for nothing but a new password.
    #[serde(default)]
    pub password_must_change: bool,
    /// Whether a second factor must be set up first.
    #[serde(default)]
    pub mfa_required: bool,
    /// One-time codes to come, in the place of a clock's: each is good once. Who has any has
    /// set them up.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Backup codes of eight characters, each good once.
    #[serde(default)]
    pub backup_codes: Vec<String>,
    /// Whether codes are set up, also when all are used.
    #[serde(default)]
    pub totp: bool,
    /// What the person is a member of.
    #[serde(default)]
    pub memberships: Vec<Membership>,
    /// API keys, `KEYID.SECRET`.
    #[serde(default)]
    pub api_keys: Vec<String>,
    /// Wrong tries since the last right one, and the last of them in milliseconds since 1970.
    #[serde(skip)]
    pub(super) invalid: (u32, u64),
}

/// That somebody is in something.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// Of what kind it is, such as `list`.
    pub resource: String,
    /// Which one it is.
    pub id: String,
    /// As what: `invitee`, `member`, `manager` or `secret`.
    pub level: String,
}

impl User {
    /// An active account without a password.
    pub fn new(uid: &str, username: &str) -> Self {
        Self {
            uid: uid.to_owned(),
            username: username.to_owned(),
            name: format!("{username} Example"),
            identity: format!("{username}@mail.example.org"),
            password: None,
            status: active(),
            contact: active(),
            is_admin: false,
            password_must_change: false,
            mfa_required: false,
            codes: Vec::new(),
            backup_codes: Vec::new(),
            totp: false,
            memberships: Vec::new(),
            api_keys: Vec::new(),
            invalid: (0, 0),
        }
    }

    /// With this password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self
    }

    /// With one-time codes set up, of which these come next.
    #[must_use]
    pub fn codes<const N: usize>(mut self, codes: [&str; N]) -> Self {
        self.codes.extend(codes.map(String::from));
        self.totp = true;
        self
    }

    /// In this, as that.
    #[must_use]
    pub fn member(mut self, resource: &str, id: &str, level: &str) -> Self {
        self.memberships.push(Membership {
            resource: resource.to_owned(),
            id: id.to_owned(),
            level: level.to_owned(),
        });
        self
    }

    /// With this API key.
    #[must_use]
    pub fn api_key(mut self, key: &str) -> Self {
        self.api_keys.push(key.to_owned());
        self
    }

    /// The account's own id.
    pub(super) fn account_id(&self) -> String {
        format!("x-{}", self.uid.trim_start_matches("u-"))
    }

    /// Whether codes are set up.
    pub(super) fn has_codes(&self) -> bool {
        self.totp || !self.codes.is_empty()
    }

    /// Whether the code is good; it is used by now.
    pub(super) fn takes_code(&mut self, code: &str) -> bool {
        for codes in [&mut self.codes, &mut self.backup_codes] {
            if let Some(place) = codes.iter().position(|one| one == code) {
                codes.remove(place);
                self.totp = true;
                return true;
            }
        }
        false
    }

    /// The roles of a whole login.
    pub(super) fn roles(&self) -> Vec<String> {
        if self.password_must_change {
            return vec!["person".to_owned(), "pwchange".to_owned()];
        }
        if self.contact != "active" {
            return Vec::new();
        }
        if self.mfa_required && !self.has_codes() {
            return vec!["mfarequired".to_owned()];
        }
        let mut roles = vec!["user".to_owned()];
        if self.is_admin {
            roles.insert(0, "admin".to_owned());
        }
        roles.extend(self.memberships.iter().flat_map(Membership::roles));
        roles
    }
}

impl Membership {
    /// A role for each level up to the member's.
    fn roles(&self) -> Vec<String> {
        let highest = LEVELS.iter().position(|level| *level == self.level);
        let levels = LEVELS.iter().take(highest.map_or(0, |place| place + 1));
        let role = |level: &&str| format!("{}-{}-{level}", self.resource, self.id);
        levels.map(role).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_has_the_roles_of_those_below_it() {
        let user = User::new("u-1", "ada.l").member("list", "3f", "manager");
        assert_eq!(
            user.roles(),
            [
                "user",
                "list-3f-invitee",
                "list-3f-member",
                "list-3f-manager"
            ]
        );
    }

    #[test]
    fn a_code_is_good_once() {
        let mut user = User::new("u-1", "ada.l").codes(["123456"]);
        assert!(!user.takes_code("000000"));
        assert!(user.takes_code("123456"));
        assert!(!user.takes_code("123456"));
        assert!(user.has_codes());
    }
}
