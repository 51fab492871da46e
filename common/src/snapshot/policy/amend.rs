//! What of an amendment may be served: users who are served already and stay who they are, each
//! as good as if everybody had been handed over.
//!
//! It holds against a snapshot that this very policy has admitted: that names, ids and homes are
//! nobody else's was decided then, and nothing of them may be other now. The lists of groups'
//! members are worked out here.

use std::collections::BTreeMap;

use super::record::drop_bad_keys;
use super::relations::{GROUPS_MAX, in_order};
use super::{Policy, remapped};
use crate::account::Gid;
use crate::clock::Time;
use crate::name::UserName;
use crate::snapshot::amend::Amendment;
use crate::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, SERVICES_MAX, UserRecord,
};
use crate::snapshot::reader::{Damaged, Snapshot};
use crate::snapshot::seeded::Set;

/// Why an amendment cannot be taken: everybody has to be handed over, and is judged then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("everybody is needed: {0}")]
pub struct Unamendable(pub String);

impl From<Damaged> for Unamendable {
    fn from(damaged: Damaged) -> Self {
        Self(damaged.to_string())
    }
}

/// Who joins a group and who leaves it.
#[derive(Debug, Default)]
struct Moves {
    joins: Vec<UserName>,
    leaves: Set<UserName>,
}

impl Policy {
    /// What `said`, users of `served` as they are at `now`, makes of it.
    pub fn amend(
        &self,
        served: &Snapshot,
        said: Content,
        now: Time,
    ) -> Result<Amendment, Unamendable> {
        let directories = self.same_directories(served, &said, now)?;
        if !(said.groups.is_empty() && said.group_types.is_empty() && said.tombstones.is_empty()) {
            return Err(because("it is about more than users"));
        }
        let places: Vec<_> = (0u16..).take(directories.len()).map(Some).collect();
        let bits = self.same_bits(&said)?;
        let latest = now.after(self.max_staleness);
        let (mut moves, mut heard) = (BTreeMap::new(), Set::default());
        let mut users = said.users;
        for user in &mut users {
            if !heard.insert(user.account.name.clone()) {
                return Err(because("somebody is said twice"));
            }
            self.amend_user(served, user, &places, &mut moves)?;
            user.access = Access {
                allowed: remapped(user.access.allowed, &bits),
                until: user.access.until.min(latest),
            };
        }
        let groups = moves
            .into_iter()
            .map(|(gid, moves)| moved(served, gid, &moves));
        Ok(Amendment {
            created: said.created.min(now),
            directories,
            groups: groups.collect::<Result<_, _>>()?,
            users,
        })
    }

    /// The directories that are served, as they stand now; a miss must mean what it means there.
    fn same_directories(
        &self,
        served: &Snapshot,
        said: &Content,
        now: Time,
    ) -> Result<Vec<DirectoryRecord>, Unamendable> {
        let mut refusals = Vec::new();
        let (standing, places) = self.directories(&said.directories, now, &mut refusals);
        let own = served.directories()?;
        let same = |(own, now): (&DirectoryRecord, &DirectoryRecord)| {
            (&own.name, own.misses) == (&now.name, now.misses)
        };
        let in_place = places
            .iter()
            .zip(0u16..)
            .all(|(place, nth)| *place == Some(nth));
        let all = own.len() == standing.len() && places.len() == standing.len();
        if all && in_place && refusals.is_empty() && own.iter().zip(&standing).all(same) {
            Ok(standing)
        } else {
            Err(because("the directories are not those that are served"))
        }
    }

    fn same_bits(&self, said: &Content) -> Result<Vec<Option<u32>>, Unamendable> {
        let own = self.services.iter().take(SERVICES_MAX);
        if !own.eq(&said.services) {
            return Err(because("it was compiled for other services"));
        }
        Ok(self.bits(&said.services, &mut Vec::new()))
    }

    /// Judges `user` as in any candidate, and as the one who is served by this name.
    fn amend_user(
        &self,
        served: &Snapshot,
        user: &mut UserRecord,
        places: &[Option<u16>],
        moves: &mut BTreeMap<Gid, Moves>,
    ) -> Result<(), Unamendable> {
        let about = |why: &str| because(&format!("user {}: {why}", user.account.name));
        if let Some(why) = self.user(user, places) {
            return Err(about(&why));
        }
        let before = served.user_by_name(user.account.name.as_str())?;
        let before = before.ok_or_else(|| about("is not served"))?;
        if !stays(&before, user) {
            return Err(about("is another person, or lives elsewhere"));
        }
        let mut refusals = Vec::new();
        let (directory, own, primary) = (user.directory, user.account.uid.get(), user.account.gid);
        let mut belongs = Set::default();
        for gid in &user.groups {
            let group = served.group_with_id(gid.get())?;
            let is_anothers = gid.get() != own && served.user_with_id(gid.get())?.is_some();
            if group.is_some_and(|group| group.directory == directory) && !is_anothers {
                belongs.insert(*gid);
            }
        }
        in_order(&mut user.groups, primary, |gid| belongs.contains(gid));
        if user.groups.len() > GROUPS_MAX || before.groups.len() > GROUPS_MAX {
            return Err(because("somebody is in too many groups"));
        }
        note_moves(&before, user, moves)?;
        drop_bad_keys(user, &mut refusals);
        match refusals.pop() {
            Some(refusal) => Err(because(&format!("{} {}", refusal.what, refusal.why))),
            None => Ok(()),
        }
    }
}

/// Whether nothing is other that anybody else's record can depend on.
fn stays(before: &UserRecord, now: &UserRecord) -> bool {
    let who = |user: &UserRecord| {
        let account = &user.account;
        (account.uid, account.gid, user.directory)
    };
    who(before) == who(now)
        && before.account.name == now.account.name
        && before.account.home == now.account.home
}

/// Takes note of the groups that `now` is in and `before` was not, and the other way round. The
/// primary group is the same: whether it lists its user, too, stays as it is.
fn note_moves(
    before: &UserRecord,
    now: &UserRecord,
    moves: &mut BTreeMap<Gid, Moves>,
) -> Result<(), Unamendable> {
    let name = &now.account.name;
    let (former, current): (Set<_>, Set<_>) =
        (before.groups.iter().collect(), now.groups.iter().collect());
    let own = now.account.uid.get();
    for gid in former.symmetric_difference(&current) {
        if gid.get() == own {
            // A private group lists nobody.
            return Err(because(&format!(
                "user {name}: joins or leaves the private group"
            )));
        }
        let moves = moves.entry(**gid).or_default();
        if current.contains(gid) {
            moves.joins.push(name.clone());
        } else {
            moves.leaves.insert(name.clone());
        }
    }
    Ok(())
}

/// The group with this id after these moves.
fn moved(served: &Snapshot, gid: Gid, moves: &Moves) -> Result<GroupRecord, Unamendable> {
    let about = |why: &str| because(&format!("group {gid}: {why}"));
    let group = served.group_by_gid(gid)?;
    let mut record = group.ok_or_else(|| about("is not served"))?;
    let members = &mut record.group.members;
    let before = members.len();
    let leaves: Set<&[u8]> = moves.leaves.iter().map(UserName::as_bytes).collect();
    members.retain(|member| !leaves.contains(member));
    let joins: Set<&[u8]> = moves.joins.iter().map(UserName::as_bytes).collect();
    let left = before.saturating_sub(members.len()) == leaves.len();
    if !left || members.names().any(|member| joins.contains(member)) {
        return Err(about("lists others than those who are in it"));
    }
    for name in &moves.joins {
        members.push(name);
    }
    members.sort();
    Ok(record)
}

fn because(why: &str) -> Unamendable {
    Unamendable(why.to_owned())
}
