//! Who is admitted into a snapshot: every record of a candidate is checked
//! against root-owned policy, whoever put the candidate together.
//!
//! A record that fails is left out and reported; the rest is admitted. What the
//! candidate says about ids, services and directories is replaced by what the
//! policy says. It does not know where the policy is written.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::content::{
    Access, Content, DirectoryRecord, Forms, GroupRecord, Misses, SERVICES_MAX, Tombstone,
    UserRecord,
};
use super::neighbours::in_anothers_home;
use super::seeded::Set;
use crate::account::RESERVED_IDS;
use crate::clock::Time;
use crate::local::LocalFiles;
use crate::name::{DirectoryName, NameRule, ServiceName};
use crate::overrides::Overrides;
use crate::text;

pub mod amend;
mod record;
mod relations;
#[cfg(test)]
mod tests;

use record::drop_bad_keys;
use relations::{
    Doubles, People, doubled, drop_orphans, is_private, keep_known_groups, keep_known_members,
    types_of, without_primary_group,
};

/// What root says may be served on this host.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Ids that a directory may give.
    pub accept: RangeInclusive<u32>,
    /// Ids that are derived.
    pub derive: RangeInclusive<u32>,
    /// The folder that homes lie directly in, for each of the directories: `/home`.
    pub homes: Vec<String>,
    /// What is said of single users in the directory's place.
    pub overrides: Overrides,
    /// Shells that root gives to people of restricted groups, whatever /etc/shells says.
    pub shells: Vec<String>,
    /// The names' canonical form.
    pub names: NameRule,
    /// Whether everybody may be listed.
    pub enumerate: bool,
    /// By what else than their names people are found.
    pub forms: Forms,
    /// The directories, in order of precedence.
    pub directories: Vec<DirectoryName>,
    /// The services with rules of their own, in the order of the masks' bits.
    pub services: Vec<ServiceName>,
    /// How long an access decision counts at most.
    pub max_staleness: Duration,
    /// The host's own users, groups, ids and shells.
    pub local: LocalFiles,
}

/// Decisions and syncs that have moved on by less than this are not worth a new file …
const WORTH_WRITING: Duration = Duration::from_secs(3600);
/// … unless that is more than this part of how long a decision counts.
const PART_OF_STALENESS: u32 = 4;

/// By how much decisions, which count for `max_staleness`, and syncs have to move on to be worth a new file.
pub fn worth_writing(max_staleness: Duration) -> Duration {
    let part = max_staleness.checked_div(PART_OF_STALENESS);
    WORTH_WRITING.min(part.unwrap_or_default())
}

/// One record that was left out, or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind and name: `user ada`.
    pub what: String,
    /// Why, as the end of a sentence that starts with `what`.
    pub why: String,
}

/// Why a record is not admitted; `None` where it is.
type Fate = Option<String>;
/// The records that are not admitted: each one's position and why, in order.
type Fates = Vec<(usize, String)>;

impl Policy {
    /// The part of `content` that may be served, and what was left out.
    pub fn admit(&self, content: Content, now: Time) -> (Content, Vec<Refusal>) {
        let mut refusals = Vec::new();
        let (directories, places) = self.directories(&content.directories, now, &mut refusals);
        let bits = self.bits(&content.services, &mut refusals);

        let (mut users, mut dropped) = self.users(content.users, &places, &mut refusals);
        let mut groups = self.groups(content.groups, &users, &places, &mut refusals);
        dropped.extend(without_primary_group(
            &mut users,
            &groups,
            &self.overrides,
            &mut refusals,
        ));
        drop_orphans(&mut groups, &dropped, &mut refusals);
        keep_known_members(&mut groups, &users);
        keep_known_groups(&mut users, &groups, &mut refusals);
        let latest = now.after(self.max_staleness);
        for user in &mut users {
            user.access = Access {
                allowed: remapped(user.access.allowed, &bits),
                until: user.access.until.min(latest),
            };
        }
        let group_types = types_of(&groups, content.group_types);
        let tombstones = self.tombstones(content.tombstones, &users, &groups, &mut refusals);

        let admitted = Content {
            created: content.created.min(now),
            enumerate: self.enumerate,
            forms: self.forms.clone(),
            id_ranges: self.id_ranges(),
            directories,
            services: self.services.iter().take(SERVICES_MAX).cloned().collect(),
            users,
            groups,
            group_types,
            tombstones,
        };
        (admitted, refusals)
    }

    /// Every id that could be served under this policy, in order, without overlaps.
    pub fn id_ranges(&self) -> Vec<RangeInclusive<u32>> {
        let own = self.overrides.values().filter_map(|one| one.uid);
        let own = own.map(|uid| uid.get()..=uid.get());
        let mut wanted: Vec<_> = own.collect();
        wanted.extend([self.accept.clone(), self.derive.clone()]);
        wanted.sort_by_key(|range| *range.start());
        let mut merged: Vec<RangeInclusive<u32>> = Vec::new();
        for range in wanted {
            match merged.last_mut() {
                Some(last) if *range.start() <= last.end().saturating_add(1) => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => merged.push(range),
            }
        }
        RESERVED_IDS.iter().fold(merged, |ranges, taken| {
            ranges
                .iter()
                .flat_map(|range| minus(range, taken))
                .collect()
        })
    }

    /// The configured directories with their standing, and where each of the candidate's went.
    fn directories(
        &self,
        said: &[DirectoryRecord],
        now: Time,
        refusals: &mut Vec<Refusal>,
    ) -> (Vec<DirectoryRecord>, Vec<Option<u16>>) {
        let position = |name: &DirectoryName| self.directories.iter().position(|own| own == name);
        let mut standing: Vec<_> = self.directories.iter().map(unheard_of).collect();
        let mut heard = Set::default();
        let mut places = Vec::with_capacity(said.len());
        for record in said {
            let place = position(&record.name).filter(|place| heard.insert(*place));
            match place.and_then(|place| standing.get_mut(place)) {
                Some(standing) => {
                    standing.misses = record.misses;
                    standing.synced = record.synced.map(|synced| synced.min(now));
                }
                None => refusals.push(Refusal {
                    what: format!("directory {}", record.name),
                    why: "is not configured, or is said twice".to_owned(),
                }),
            }
            places.push(place.and_then(|place| u16::try_from(place).ok()));
        }
        (standing, places)
    }

    /// For each bit of an admitted mask, the bit of the candidate's masks that it comes from.
    fn bits(&self, said: &[ServiceName], refusals: &mut Vec<Refusal>) -> Vec<Option<u32>> {
        let own = self.services.iter().take(SERVICES_MAX);
        let bits = own.map(|service| {
            let position = said.iter().take(SERVICES_MAX).position(|said| said == service);
            if position.is_none() {
                refusals.push(Refusal {
                    what: format!("service {service}"),
                    why: "has rules that the candidate was not compiled with: nobody is let in by it until then".to_owned(),
                });
            }
            position.and_then(|position| u32::try_from(position.checked_add(1)?).ok())
        });
        std::iter::once(Some(0)).chain(bits).collect()
    }

    /// The users who pass on their own, and those who do not.
    fn users(
        &self,
        mut users: Vec<UserRecord>,
        places: &[Option<u16>],
        refusals: &mut Vec<Refusal>,
    ) -> (Vec<UserRecord>, Vec<UserRecord>) {
        let refused = fates(&users, |user| self.user(user, places));
        let mut dropped = leave_out(&mut users, refused, refusals);
        for user in &mut users {
            user.directory = moved(user.directory, places);
            drop_bad_keys(user, refusals);
        }
        let refused = {
            let names = doubled(users.iter().map(|user| user.account.name.as_bytes()));
            let uids = doubled(users.iter().map(|user| user.account.uid));
            fates(&users, |user| {
                let shares_name = names.contains(user.account.name.as_bytes());
                let shares_id = uids.contains(&user.account.uid);
                (shares_name || shares_id).then(|| {
                    let uid = user.account.uid;
                    format!(
                        "shares its name or its id {uid} with another user: none of them is served"
                    )
                })
            })
        };
        dropped.extend(leave_out(&mut users, refused, refusals));
        let refused = in_anothers_home(&users, &self.overrides).into_iter();
        let refused = refused.map(|at| (at, "has a home that another user has".to_owned()));
        dropped.extend(leave_out(&mut users, refused.collect(), refusals));
        (users, dropped)
    }

    fn groups(
        &self,
        mut groups: Vec<GroupRecord>,
        users: &[UserRecord],
        places: &[Option<u16>],
        refusals: &mut Vec<Refusal>,
    ) -> Vec<GroupRecord> {
        let refused = fates(&groups, |group| self.group(group, places));
        leave_out(&mut groups, refused, refusals);
        for group in &mut groups {
            group.directory = moved(group.directory, places);
        }
        let refused = {
            let people = People::of(users);
            let own = |group: &GroupRecord| {
                let owner = people.with_id(group);
                owner.is_some_and(|owner| is_private(group, owner))
            };
            // Only groups that share something with any other need a closer look.
            let all = Doubles::of(groups.iter());
            let shared = groups.iter().filter(|group| all.holds(group));
            let (private, public): (Vec<_>, Vec<_>) = shared.partition(|group| own(group));
            let twice = Doubles::of(public.iter().copied());
            let taken = Doubles::all(private.iter().copied());
            let private_twice = Doubles::of(private.iter().copied());
            let shares = "shares its name or its id with another group";
            fates(&groups, |group| match people.with_id(group) {
                Some(owner) if is_private(group, owner) => {
                    private_twice.holds(group).then(|| shares.to_owned())
                }
                // A group yields to a user.
                _ if twice.holds(group) => Some(shares.to_owned()),
                Some(_) => {
                    let gid = group.group.gid;
                    Some(format!("has the id {gid} of a user: a group yields"))
                }
                None => taken.holds(group).then(|| shares.to_owned()),
            })
        };
        leave_out(&mut groups, refused, refusals);
        groups
    }

    fn tombstones(
        &self,
        mut tombstones: Vec<Tombstone>,
        users: &[UserRecord],
        groups: &[GroupRecord],
        refusals: &mut Vec<Refusal>,
    ) -> Vec<Tombstone> {
        if tombstones.is_empty() {
            return tombstones;
        }
        let refused = {
            let names: Set<_> = users
                .iter()
                .map(|user| user.account.name.as_bytes())
                .collect();
            let ids: Set<_> = users
                .iter()
                .map(|user| user.account.uid.get())
                .chain(groups.iter().map(|group| group.group.gid.get()))
                .collect();
            let twice = doubled(tombstones.iter().map(|gone| gone.name.as_bytes()));
            fates(&tombstones, |gone| {
                let name = gone.name.as_bytes();
                if names.contains(name) || ids.contains(&gone.uid.get()) || twice.contains(name) {
                    return Some(
                        "has a name or an id that is served, or is there twice".to_owned(),
                    );
                }
                let name = gone.name.as_str();
                self.name(name).or_else(|| self.id_of(name, gone.uid.get()))
            })
        };
        leave_out(&mut tombstones, refused, refusals);
        tombstones
    }
}

fn unheard_of(name: &DirectoryName) -> DirectoryRecord {
    DirectoryRecord {
        name: name.clone(),
        misses: Misses::Unclear,
        synced: None,
    }
}

/// Where a directory's records go; asked only for those that `record::known_directory` let pass.
fn moved(position: u16, places: &[Option<u16>]) -> u16 {
    let place = places.get(usize::from(position)).copied().flatten();
    place.unwrap_or(u16::MAX)
}

fn remapped(mask: u64, bits: &[Option<u32>]) -> u64 {
    let is_set = |from: u32| 1u64.checked_shl(from).is_some_and(|bit| mask & bit != 0);
    let places = std::iter::successors(Some(1u64), |bit| bit.checked_mul(2));
    places
        .zip(bits)
        .filter(|(_, from)| from.is_some_and(is_set))
        .fold(0, |mask, (bit, _)| mask | bit)
}

/// What is left of `range` without `taken`.
fn minus(range: &RangeInclusive<u32>, taken: &RangeInclusive<u32>) -> Vec<RangeInclusive<u32>> {
    let below = taken
        .start()
        .checked_sub(1)
        .map(|last| *range.start()..=last.min(*range.end()));
    let above = taken
        .end()
        .checked_add(1)
        .map(|first| first.max(*range.start())..=*range.end());
    let parts = below.into_iter().chain(above);
    parts.filter(|part| !part.is_empty()).collect()
}

/// A record that can be named in a report.
trait Reported {
    fn what(&self) -> String;
}

impl Reported for UserRecord {
    fn what(&self) -> String {
        format!("user {}", text::safe(self.account.name.as_str(), 64))
    }
}

impl Reported for GroupRecord {
    fn what(&self) -> String {
        format!("group {}", text::safe(self.group.name.as_str(), 64))
    }
}

impl Reported for Tombstone {
    fn what(&self) -> String {
        format!("former user {}", text::safe(self.name.as_str(), 64))
    }
}

/// Asks for each record's fate.
fn fates<T>(records: &[T], fate: impl FnMut(&T) -> Fate) -> Fates {
    let fates = records.iter().map(fate).enumerate();
    fates
        .filter_map(|(position, fate)| Some((position, fate?)))
        .collect()
}

/// Takes out and reports the records that are `refused`; the others stay in order.
fn leave_out<T: Reported>(
    records: &mut Vec<T>,
    refused: Fates,
    refusals: &mut Vec<Refusal>,
) -> Vec<T> {
    if refused.is_empty() {
        return Vec::new();
    }
    let mut kept = Vec::with_capacity(records.len().saturating_sub(refused.len()));
    let mut dropped = Vec::with_capacity(refused.len());
    let mut refused = refused.into_iter().peekable();
    for (position, record) in records.drain(..).enumerate() {
        let Some((_, why)) = refused.next_if(|(next, _)| *next == position) else {
            kept.push(record);
            continue;
        };
        let what = record.what();
        refusals.push(Refusal { what, why });
        dropped.push(record);
    }
    *records = kept;
    dropped
}
