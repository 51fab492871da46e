//! FAS's JSON as it comes, as little of it as muster needs: hashes, tokens and
//! addresses are not read at all.
//!
//! Numbers come as numbers and (where they are keys) as text, and what somebody else
//! typed may be anything: a field that is not what it should be is not there, and an
//! entry of a list that cannot be understood does not spoil the list.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::tolerant::{Entries, Ids, Tolerant, tolerant};

/// Understood, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Lenient<T> {
    Understood(T),
    Other(IgnoredAny),
}

impl<T> Lenient<T> {
    pub(super) fn understood(&self) -> Option<&T> {
        match self {
            Self::Understood(value) => Some(value),
            Self::Other(_) => None,
        }
    }

    pub(super) fn into_option(self) -> Option<T> {
        match self {
            Self::Understood(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

/// A field that is there only if it is what it should be.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Lenient::deserialize(deserializer).map(Lenient::into_option)
}

/// An id: a number, or its decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(pub(super) u32);

#[derive(Deserialize)]
#[serde(untagged)]
enum Digits {
    Number(u32),
    Text(String),
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = match Digits::deserialize(deserializer)? {
            Digits::Number(number) => Some(Self(number)),
            Digits::Text(text) => Self::read(&text),
        };
        id.ok_or_else(|| serde::de::Error::custom("not an id"))
    }
}

impl Id {
    /// Digits only: no sign, space or leading zero, which other tools read in other ways.
    pub(super) fn read(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let leading_zero = text.len() > 1 && text.starts_with('0');
        (plain && !leading_zero).then(|| text.parse().ok().map(Self))?
    }
}

/// What `login` answers.
#[derive(Deserialize)]
pub(super) struct Login {
    pub(super) user: Option<Person>,
}

/// What `json/person_by_…` answers.
#[derive(Deserialize)]
pub(super) struct PersonAnswer {
    pub(super) success: Option<bool>,
    pub(super) person: Option<Person>,
}

/// A person.
#[derive(Deserialize)]
pub(super) struct Person {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<Id>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) human_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) ssh_key: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) privacy: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) approved_memberships: Option<Vec<Lenient<Group>>>,
    /// An object, or (from `login`) a list of names that says nothing further.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) group_roles: Option<BTreeMap<String, Lenient<Role>>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) roles: Option<Vec<Lenient<Role>>>,
}

/// What somebody is in a group.
#[derive(Deserialize)]
pub(super) struct Role {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) group_id: Option<Id>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) role_status: Option<String>,
}

/// What `json/group_by_…` answers.
#[derive(Deserialize)]
pub(super) struct GroupAnswer {
    pub(super) success: Option<bool>,
    pub(super) group: Option<Group>,
}

/// A group.
#[derive(Deserialize)]
pub(super) struct Group {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) id: Option<Id>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) group_type: Option<String>,
}

/// What `group/dump/NAME` answers: rows whose first value is a name.
#[derive(Deserialize)]
pub(super) struct Dump {
    pub(super) people: Option<Vec<Vec<serde_json::Value>>>,
}

/// What `json/fas_client/…` answers, read as it arrives.
#[derive(Deserialize)]
pub(super) struct Bulk<T> {
    /// An error of FAS's own, with status 200: nothing beside it can be believed.
    pub(super) exc: Option<Trouble>,
    pub(super) success: Option<bool>,
    pub(super) data: Option<T>,
}

/// What an error of FAS's own is called, if that is a text.
pub(super) struct Trouble(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Trouble {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tolerant(deserializer).map(Self)
    }
}

/// Everybody who is active, by id.
pub(super) type Users = Entries<UserEntry>;

/// Every group, by name.
pub(super) type Groups = Entries<GroupEntry>;

/// A person among everybody.
#[derive(Deserialize)]
pub(super) struct UserEntry {
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) username: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) human_name: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) ssh_key: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) email: Option<String>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) password: Hash,
}

/// Whether a hash is shown; never what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Hash {
    #[default]
    Hidden,
    Shown,
}

impl Tolerant<'_> for Hash {
    fn other() -> Self {
        Self::Hidden
    }

    fn text(text: &str) -> Self {
        match text {
            "" | "*" => Self::Hidden,
            _ => Self::Shown,
        }
    }
}

/// A group among all; everybody in it is in one of the three lists.
#[derive(Deserialize)]
pub(super) struct GroupEntry {
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) id: Option<Id>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) administrators: Option<Ids>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) sponsors: Option<Ids>,
    #[serde(default, deserialize_with = "tolerant")]
    pub(super) users: Option<Ids>,
    #[serde(default, deserialize_with = "tolerant", rename = "type")]
    pub(super) group_type: Option<String>,
}

impl GroupEntry {
    /// All three lists; `None` if one is not there, so that nobody can tell who is a member.
    pub(super) fn lists(&self) -> Option<[&Ids; 3]> {
        let [administrators, sponsors, users] =
            [&self.administrators, &self.sponsors, &self.users].map(Option::as_ref);
        Some([administrators?, sponsors?, users?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_number_or_strictly_its_digits() {
        let read = |json: &str| serde_json::from_str::<Id>(json).ok().map(|id| id.0);
        assert_eq!(read("100101"), Some(100_101));
        assert_eq!(read("\"100101\""), Some(100_101));
        assert_eq!(read("4294967295"), Some(u32::MAX));
        assert_eq!(read("0"), Some(0));
        for wrong in [
            "-1",
            "1.0",
            "4294967296",
            "\"-1\"",
            "\"+1\"",
            "\" 1\"",
            "\"01\"",
            "\"\"",
            "\"1e3\"",
            "null",
            "true",
            "[]",
            "{}",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_field_that_is_not_what_it_should_be_is_not_there() {
        let person: Person = serde_json::from_str(
            r#"{"id":"x","username":["ada"],"human_name":null,"status":7,"privacy":"no",
                "approved_memberships":{"a":1},"group_roles":["a"],"roles":null}"#,
        )
        .unwrap();
        assert!(person.id.is_none() && person.username.is_none() && person.status.is_none());
        assert!(person.approved_memberships.is_none() && person.group_roles.is_none());
    }

    #[test]
    fn a_hash_is_seen_to_be_shown_and_not_kept() {
        let read = |hash: &str| {
            let entry = format!(r#"{{"password":{hash}}}"#);
            serde_json::from_str::<UserEntry>(&entry).unwrap().password
        };
        assert_eq!(read(r#""$6$salt$hash""#), Hash::Shown);
        assert_eq!(read(r#""$6$\u0073alt""#), Hash::Shown);
        for hidden in [r#""*""#, r#""""#, "null", "7", "[]"] {
            assert_eq!(read(hidden), Hash::Hidden, "{hidden}");
        }
    }
}
