//! The host's own registry (`kind = "local"`): people whom no server knows, by a token or
//! a password that proves them. After fixie-creds; docs/tokens.md says what is other there.
//!
//! [`token`] is the form of tokens, [`fixie`] fixie-creds' own, [`proof`] what is kept of
//! either and of passwords. The store holds the accounts ([`crate::store::registry`]).

pub mod fixie;
pub mod proof;
pub mod token;

use crate::clock::Time;
use crate::directory::{ImmutableKey, Listed, Membership, Person, Projection, Sighting, Team};
use crate::name::{DirectoryName, GroupName, UserName};

/// The most groups that one account names itself.
pub const GROUPS_MAX: usize = 64;
/// The longest e-mail address, in bytes (RFC 5321).
pub const EMAIL_MAX: usize = 254;
/// The longest full name, in bytes.
pub const FULL_NAME_MAX: usize = 200;

/// One account, without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: UserName,
    /// Random, made when the account was registered: who is registered again is another person.
    pub key: ImmutableKey,
    /// The address that a reset has to name.
    pub email: String,
    /// The full name; often empty.
    pub full_name: String,
    /// The user id that root has given.
    pub uid: Option<u32>,
    /// The groups, in order, each once.
    pub groups: Vec<GroupName>,
    /// When it was registered.
    pub registered: Time,
    /// When it last proved itself.
    pub last_used: Option<Time>,
    /// Wrong secrets since the last right one.
    pub failures: u32,
    /// The token's terms; `None` where there is no token.
    pub token: Option<Terms>,
    /// Whether there is a password.
    pub has_password: bool,
}

/// How long and how often a token serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// When it stops.
    pub expires: Option<Time>,
    /// How many times it still serves.
    pub uses_left: Option<u32>,
}

/// Why an account is let in by nothing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// Its time is over.
    Expired(Time),
    /// It has served as often as it was meant to.
    UsedUp,
}

impl Terms {
    /// Whether a token of these terms serves at `now`.
    pub fn check(self, now: Time) -> Result<(), Spent> {
        match self {
            Self {
                expires: Some(end), ..
            } if end <= now => Err(Spent::Expired(end)),
            Self {
                uses_left: Some(0), ..
            } => Err(Spent::UsedUp),
            _ => Ok(()),
        }
    }
}

impl Account {
    /// The person as other directories would say it.
    pub fn person(&self) -> Person {
        Person {
            display_name: self.full_name.clone(),
            uid: self.uid,
            ..Person::named(self.key.clone(), self.name.as_str())
        }
    }

    /// The person with the groups.
    pub fn sighting(&self) -> Sighting {
        let membership = |name: &GroupName| Membership {
            key: ImmutableKey::from_name(name.as_str()),
            name: name.to_string(),
            gid: None,
            group_type: None,
        };
        Sighting {
            person: self.person(),
            groups: self.groups.iter().map(membership).collect(),
        }
    }
}

/// Everything that these accounts contribute: a group is there as long as anybody names it.
pub fn projection(accounts: &[Account]) -> Projection {
    let mut names: Vec<&GroupName> = accounts.iter().flat_map(|one| &one.groups).collect();
    names.sort_unstable();
    names.dedup();
    let team = |name: &&GroupName| Listed {
        entry: Team {
            key: ImmutableKey::from_name(name.as_str()),
            name: name.to_string(),
            active: true,
            gid: None,
            group_type: None,
        },
        groups: Vec::new(),
    };
    let place = |name: &GroupName| u32::try_from(names.binary_search(&name).ok()?).ok();
    let person = |account: &Account| Listed {
        entry: account.person(),
        groups: account.groups.iter().filter_map(place).collect(),
    };
    Projection {
        people: accounts.iter().map(person).collect(),
        teams: names.iter().map(team).collect(),
        ..Projection::default()
    }
}

/// Where an account stands: a directory, and the name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The directory of the kind `local`.
    pub directory: &'a DirectoryName,
    /// The account's name.
    pub name: &'a UserName,
}

/// A key that no registration before has had: 128 random bits.
pub fn new_key() -> Result<ImmutableKey, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(ImmutableKey::given(&fixie::hex(&bytes)))
}

/// Whether `email` can be an address at all: one `@` within, nothing that cannot be seen.
pub fn is_email(email: &str) -> bool {
    let visible = email.bytes().all(|byte| byte.is_ascii_graphic());
    let parts = email.split_once('@');
    visible
        && email.len() <= EMAIL_MAX
        && parts
            .is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn account(name: &str, groups: &[&str]) -> Account {
        Account {
            name: UserName::new(name).unwrap(),
            key: ImmutableKey::given(name),
            email: format!("{name}@example.org"),
            full_name: String::new(),
            uid: None,
            groups: groups
                .iter()
                .map(|name| GroupName::new(name).unwrap())
                .collect(),
            registered: Time::from_unix(1),
            last_used: None,
            failures: 0,
            token: None,
            has_password: false,
        }
    }

    #[test]
    fn a_group_is_there_as_long_as_anybody_is_in_it() {
        let both = [
            account("ada", &["ops", "wheelers"]),
            account("bob", &["ops"]),
        ];
        let projected = projection(&both);
        assert_eq!(projected.members("ops"), ["ada", "bob"]);
        assert_eq!(projected.members("wheelers"), ["ada"]);
        assert_eq!(projection(&both[1..]).teams.len(), 1);
    }

    #[test]
    fn terms_end_by_time_and_by_number() {
        let now = Time::from_unix(100);
        let terms = |expires: Option<u64>, uses_left| Terms {
            expires: expires.map(Time::from_unix),
            uses_left,
        };
        assert_eq!(terms(None, None).check(now), Ok(()));
        assert_eq!(terms(Some(101), Some(1)).check(now), Ok(()));
        assert_eq!(terms(Some(100), None).check(now), Err(Spent::Expired(now)));
        assert_eq!(terms(None, Some(0)).check(now), Err(Spent::UsedUp));
    }

    #[test]
    fn an_address_has_two_sides_and_no_blanks() {
        for good in ["ada@example.org", "a+b@x"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "ada", "@x", "ada@", "a@b@c", "a b@x", "ada@x\n", "ä@x"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
