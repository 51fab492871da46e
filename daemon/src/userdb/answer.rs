//! What is answered to the three questions of the interface, from one snapshot.
//!
//! No answer for local names or ids, reserved names, or ids of the system: as if the
//! snapshot were written by somebody hostile.

use muster_common::account::{Gid, ID_FLOOR, Uid};
use muster_common::local::LocalFiles;
use muster_common::name::{GroupName, UserName};
use muster_common::snapshot::content::{GroupRecord, UserRecord};
use muster_common::snapshot::reader::{Damaged, Snapshot};
use muster_common::snapshot::reserved::reserved;
use serde::{Deserialize, Serialize};

use super::SERVICE;
use super::record::{Group, User};

/// A question about users.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetUser {
    uid: Option<u32>,
    user_name: Option<String>,
    service: Option<String>,
}

/// A question about groups.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetGroup {
    gid: Option<u32>,
    group_name: Option<String>,
    service: Option<String>,
}

/// A question about who is in what.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetMemberships {
    user_name: Option<String>,
    group_name: Option<String>,
    service: Option<String>,
}

/// An answer about one user or group.
#[derive(Debug, Serialize)]
pub struct Found<R> {
    record: R,
    /// Whether something was left out that only root may see.
    incomplete: bool,
}

/// One membership.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    user_name: String,
    group_name: String,
}

/// Why there is no answer, as the interface says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nobody of that name or id.
    #[error("io.systemd.UserDatabase.NoRecordFound")]
    NoRecord,
    /// The question is for another service.
    #[error("io.systemd.UserDatabase.BadService")]
    BadService,
    /// The snapshot or the local files cannot be read.
    #[error("io.systemd.UserDatabase.ServiceNotAvailable")]
    NotAvailable,
    /// The name has another id than the one asked for.
    #[error("io.systemd.UserDatabase.ConflictingRecordFound")]
    Conflict,
    /// Nobody is listed here.
    #[error("io.systemd.UserDatabase.EnumerationNotSupported")]
    NotListed,
}

impl From<Damaged> for NoAnswer {
    fn from(_: Damaged) -> Self {
        Self::NotAvailable
    }
}

/// Answers one after the other.
pub type Answers<'a, T> = Box<dyn Iterator<Item = Result<T, NoAnswer>> + 'a>;

/// What answers are taken from, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// The host's own accounts.
    pub local: &'a LocalFiles,
    /// Whether root asks.
    pub to_root: bool,
}

impl<'a> Ground<'a> {
    /// Answers `GetUserRecord`: one user, or everybody.
    pub fn users(self, question: &GetUser) -> Result<Answers<'a, Found<User>>, NoAnswer> {
        ours(question.service.as_deref())?;
        let found = match (&question.user_name, question.uid) {
            (None, None) => {
                self.may_be_listed()?;
                let users = self.snapshot.users();
                let users = users.filter(move |user| match user {
                    Ok(user) => self.serves_user(user),
                    Err(_) => true,
                });
                let found = users.map(move |user| Ok(self.found_user(user?)));
                return Ok(Box::new(found));
            }
            (Some(name), uid) => {
                let user = self.user(name)?;
                match uid {
                    Some(uid) if uid != user.account.uid.get() => return Err(NoAnswer::Conflict),
                    _ => user,
                }
            }
            (None, Some(uid)) => {
                let uid = Uid::new(uid).map_err(|_| NoAnswer::NoRecord)?;
                let user = self.snapshot.user_by_uid(uid)?;
                user.filter(|user| self.serves_user(user))
                    .ok_or(NoAnswer::NoRecord)?
            }
        };
        Ok(Box::new(std::iter::once(Ok(self.found_user(found)))))
    }

    /// Answers `GetGroupRecord`: one group, or all.
    pub fn groups(self, question: &GetGroup) -> Result<Answers<'a, Found<Group>>, NoAnswer> {
        ours(question.service.as_deref())?;
        let found = match (&question.group_name, question.gid) {
            (None, None) => {
                self.may_be_listed()?;
                let groups = self.snapshot.groups();
                let groups = groups.filter(move |group| match group {
                    Ok(group) => self.serves_group(group),
                    Err(_) => true,
                });
                return Ok(Box::new(groups.map(|group| Ok(found_group(group?)))));
            }
            (Some(name), gid) => {
                let group = self.group(name)?;
                match gid {
                    Some(gid) if gid != group.group.gid.get() => return Err(NoAnswer::Conflict),
                    _ => group,
                }
            }
            (None, Some(gid)) => {
                let gid = Gid::new(gid).map_err(|_| NoAnswer::NoRecord)?;
                let group = self.snapshot.group_by_gid(gid)?;
                group
                    .filter(|group| self.serves_group(group))
                    .ok_or(NoAnswer::NoRecord)?
            }
        };
        Ok(Box::new(std::iter::once(Ok(found_group(found)))))
    }

    /// Answers `GetMemberships`: of a user, in a group, of one in the other, or all.
    pub fn memberships(
        self,
        question: &GetMemberships,
    ) -> Result<Answers<'a, Membership>, NoAnswer> {
        ours(question.service.as_deref())?;
        let found = match (&question.user_name, &question.group_name) {
            (None, None) => {
                self.may_be_listed()?;
                let groups = self.snapshot.groups();
                let all = groups.flat_map(move |group| match group {
                    Ok(group) if self.serves_group(&group) => self.members(&group),
                    Ok(_) => Vec::new(),
                    Err(damaged) => vec![Err(damaged.into())],
                });
                return Ok(Box::new(all));
            }
            (None, Some(group)) => self.members(&self.group(group)?),
            (Some(user), None) => self.memberships_of(&self.user(user)?)?,
            (Some(user), Some(group)) => {
                self.user(user)?;
                let mut members = self.members(&self.group(group)?);
                members.retain(|one| one.as_ref().is_ok_and(|one| one.user_name == *user));
                members
            }
        };
        match found.is_empty() {
            true => Err(NoAnswer::NoRecord),
            false => Ok(Box::new(found.into_iter())),
        }
    }

    fn may_be_listed(self) -> Result<(), NoAnswer> {
        match self.snapshot.enumerate() {
            true => Ok(()),
            false => Err(NoAnswer::NotListed),
        }
    }

    fn user(self, name: &str) -> Result<UserRecord, NoAnswer> {
        let name = UserName::new(name).map_err(|_| NoAnswer::NoRecord)?;
        let user = self.snapshot.user_by_name(name.as_str())?;
        let user = user.filter(|user| user.account.name == name && self.serves_user(user));
        user.ok_or(NoAnswer::NoRecord)
    }

    fn group(self, name: &str) -> Result<GroupRecord, NoAnswer> {
        let name = GroupName::new(name).map_err(|_| NoAnswer::NoRecord)?;
        let group = self.snapshot.group_by_name(name.as_str())?;
        let group = group.filter(|group| group.group.name == name && self.serves_group(group));
        group.ok_or(NoAnswer::NoRecord)
    }

    fn serves_user(self, user: &UserRecord) -> bool {
        self.serves(user.account.name.as_str(), user.account.uid.get())
            && user.account.gid.get() >= ID_FLOOR
    }

    fn serves_group(self, group: &GroupRecord) -> bool {
        self.serves(group.group.name.as_str(), group.group.gid.get())
    }

    fn serves(self, name: &str, id: u32) -> bool {
        id >= ID_FLOOR
            && reserved(name).is_none()
            && !self.local.holds_name(name)
            && !self.local.holds_id(id)
    }

    fn found_user(self, user: UserRecord) -> Found<User> {
        Found {
            incomplete: !self.to_root && !user.ssh_keys.is_empty(),
            record: User::of(user, self.to_root),
        }
    }

    fn members(self, group: &GroupRecord) -> Vec<Result<Membership, NoAnswer>> {
        let members = group.group.members.iter();
        let ours = members.filter(|name| reserved(name).is_none() && !self.local.holds_name(name));
        ours.map(|name| {
            Ok(Membership {
                user_name: name.to_string(),
                group_name: group.group.name.to_string(),
            })
        })
        .collect()
    }

    /// The groups that list the user; the primary one is in the record.
    fn memberships_of(
        self,
        user: &UserRecord,
    ) -> Result<Vec<Result<Membership, NoAnswer>>, NoAnswer> {
        let mut found = Vec::with_capacity(user.groups.len());
        for gid in &user.groups {
            let Some(group) = self.snapshot.group_by_gid(*gid)? else {
                continue;
            };
            let lists = group.group.members.contains(&user.account.name);
            if lists && self.serves_group(&group) {
                found.push(Ok(Membership {
                    user_name: user.account.name.to_string(),
                    group_name: group.group.name.to_string(),
                }));
            }
        }
        Ok(found)
    }
}

/// A question names the service that it is for.
fn ours(service: Option<&str>) -> Result<(), NoAnswer> {
    match service {
        Some(SERVICE) => Ok(()),
        _ => Err(NoAnswer::BadService),
    }
}

fn found_group(group: GroupRecord) -> Found<Group> {
    Found {
        record: group.into(),
        incomplete: false,
    }
}
