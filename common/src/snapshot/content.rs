//! What a snapshot says, as owned values: what the broker assembles, the
//! publisher checks and the writer lays out.

use std::ops::RangeInclusive;

use crate::account::{Account, Gid, Group, Uid};
use crate::clock::Time;
use crate::name::{DirectoryName, GroupTypeName, ServiceName, UserName};

/// How many services can have rules of their own: one bit each beside the default's.
pub const SERVICES_MAX: usize = 63;

/// Everything a snapshot holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// When this content was put together.
    pub created: Time,
    /// Whether getpwent and getgrent list what is here.
    pub enumerate: bool,
    /// By what else than their names people are found.
    pub forms: Forms,
    /// Every id that muster could ever serve: what lies outside is not ours.
    pub id_ranges: Vec<RangeInclusive<u32>>,
    /// The directories, in order of precedence; records name them by position.
    pub directories: Vec<DirectoryRecord>,
    /// The services with rules of their own, at most [`SERVICES_MAX`]; bit `i + 1` of a mask is `services[i]`.
    pub services: Vec<ServiceName>,
    /// The users.
    pub users: Vec<UserRecord>,
    /// The groups, user-private ones included.
    pub groups: Vec<GroupRecord>,
    /// The types of groups, where their directory has such: what access rules ask about.
    pub group_types: Vec<GroupType>,
    /// Who was here and is gone: still ours, so that they are refused and not passed on.
    pub tombstones: Vec<Tombstone>,
}

/// Other forms of a person's name, by which NSS finds the person, too. The answer always
/// bears the one canonical name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forms {
    /// Whether names are found in any ASCII case.
    pub fold_case: bool,
    /// What may stand behind a name, such as `@example.org`: 1 to [`SUFFIX_MAX`] bytes each.
    ///
    /// [`SUFFIX_MAX`]: crate::name::SUFFIX_MAX
    pub suffixes: Vec<String>,
}

/// One directory's standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRecord {
    /// Its name in the configuration.
    pub name: DirectoryName,
    /// What it means that a name of this directory's is not here.
    pub misses: Misses,
    /// When it was last synced with success; `None` never.
    pub synced: Option<Time>,
}

/// What it means that somebody is not in a snapshot, as far as one directory goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misses {
    /// Everybody has been read: there is no such person or group.
    Final,
    /// A person may be known to the directory: the broker can ask it, by name.
    /// Ids and groups cannot be asked about.
    AskByName,
    /// Nothing has been read yet: nobody can tell.
    Unclear,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// What passwd(5) shows.
    pub account: Account,
    /// The complete list of the user's groups, the primary one included: initgroups is one look-up.
    pub groups: Vec<Gid>,
    /// The position of the owning directory in [`Content::directories`].
    pub directory: u16,
    /// Where the user may log in.
    pub access: Access,
    /// The user's SSH keys, each `type base64`, re-encoded, without options or comment.
    pub ssh_keys: Vec<String>,
}

/// The compiled access decision of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// Bit 0: allowed for services without rules of their own; bit `i + 1`: for `services[i]`.
    pub allowed: u64,
    /// When the decision expires; afterwards account management cannot tell and denies.
    pub until: Time,
}

/// What a snapshot says about one user and one service at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessAnswer {
    /// The user may log in.
    Allowed,
    /// The rules say no.
    Denied,
    /// The decision is too old to be believed.
    Expired,
}

impl Access {
    /// The answer for the service at `position` in [`Content::services`] (`None`: a service without rules of its own).
    pub fn answer(self, position: Option<usize>, now: Time) -> AccessAnswer {
        if now >= self.until {
            return AccessAnswer::Expired;
        }
        let bit = position.map_or(0, |i| i.saturating_add(1));
        let mask = u32::try_from(bit)
            .ok()
            .and_then(|bit| 1u64.checked_shl(bit))
            .unwrap_or(0);
        if self.allowed & mask != 0 {
            AccessAnswer::Allowed
        } else {
            AccessAnswer::Denied
        }
    }
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    /// What group(5) shows.
    pub group: Group,
    /// The position of the owning directory in [`Content::directories`].
    pub directory: u16,
}

/// What a group is for, as its directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupType {
    /// The group's id.
    pub gid: Gid,
    /// The type's name.
    pub name: GroupTypeName,
}

/// A user who was served once and is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// The name then.
    pub name: UserName,
    /// The id then; never given to anybody else.
    pub uid: Uid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_decision_answers_for_its_services_until_it_expires() {
        let access = Access {
            allowed: 0b101,
            until: Time::from_unix(100),
        };
        let check = |service, now, expected| {
            assert_eq!(access.answer(service, Time::from_unix(now)), expected);
        };
        check(None, 99, AccessAnswer::Allowed);
        check(Some(0), 99, AccessAnswer::Denied);
        check(Some(1), 99, AccessAnswer::Allowed);
        check(Some(62), 99, AccessAnswer::Denied);
        check(Some(63), 99, AccessAnswer::Denied);
        check(Some(usize::MAX), 99, AccessAnswer::Denied);
        check(None, 100, AccessAnswer::Expired);
    }
}
