//! What is settled once everybody is known: primary groups, access, tombstones.

use muster_common::access::{GroupFact, GroupKind, PersonFacts};
use muster_common::account::{Gid, Group, Uid};
use muster_common::clock::Time;
use muster_common::config::Config;
use muster_common::members::Members;
use muster_common::name::{GroupName, GroupTypeName, UserName};
use muster_common::snapshot::content::{Access, GroupRecord, Tombstone, UserRecord};
use muster_common::snapshot::seeded::{Map, Set};
use muster_common::store::ledger::{Holder, IdKind};
use muster_common::store::names::Owner;
use muster_common::store::{Store, StoreError};

use super::Work;

impl Work<'_> {
    /// A person's primary group is the one that the service gives, if it lists the
    /// person; else a private group with the person's own id.
    pub(super) fn settle_primary_groups(&mut self) {
        let mut private = Vec::new();
        let mut unlisted = Vec::new();
        for &at in &self.by_name {
            let (Some(record), Some(place)) = (self.content.users.get_mut(at), self.places.get(at))
            else {
                continue;
            };
            let listed = place.wanted_gid.and_then(|wanted| {
                let moved = self.moved_gids.get(&(record.directory, wanted));
                let with = |id: u32| record.groups.iter().copied().find(|gid| gid.get() == id);
                with(wanted).or_else(|| with(*moved?))
            });
            match listed {
                Some(gid) if gid != record.account.gid => {
                    let own = record.account.gid;
                    record.account.gid = gid;
                    record.groups.retain(|&other| other != own && other != gid);
                    record.groups.insert(0, gid);
                    if place.private_group {
                        record.groups.push(own);
                        private.extend(private_group(record, own));
                    }
                }
                _ => private.extend(private_group(record, record.account.gid)),
            }
            if let (Some(wanted), None) = (place.wanted_gid, listed) {
                unlisted.push(format!(
                    "user {}: the service's primary group {wanted} is not served or does not list the person; a private group is the primary one",
                    record.account.name
                ));
            }
        }
        unlisted.sort_unstable();
        self.problems.extend(unlisted);
        private.sort_unstable_by(|a, b| a.group.name.cmp(&b.group.name));
        self.content.groups.extend(private);
    }

    /// What root says of primary groups, after access is compiled: being put into a group
    /// here is no membership that the directory granted.
    pub(super) fn override_primary_groups(&mut self) {
        let served: Set<Gid> = self
            .content
            .groups
            .iter()
            .map(|one| one.group.gid)
            .collect();
        for (name, said) in &self.config.overrides {
            let (Some(gid), Some(&record)) = (said.gid, self.users.get(name)) else {
                continue;
            };
            let Some(record) = self.content.users.get_mut(record) else {
                continue;
            };
            if served.contains(&gid) {
                record.account.gid = gid;
                record.groups.retain(|other| *other != gid);
                record.groups.insert(0, gid);
            } else {
                self.problems.push(format!(
                    "user {name}: no group with the gid {gid} of the override is served; the primary group stays"
                ));
            }
        }
    }

    pub(super) fn compile_access(&mut self) {
        let directories: Vec<_> = self
            .config
            .directories
            .iter()
            .map(|directory| &directory.name)
            .collect();
        let types = self.content.group_types.iter();
        let types: Map<Gid, &GroupTypeName> = types.map(|one| (one.gid, &one.name)).collect();
        let groups = self.content.groups.iter().filter_map(|record| {
            let owner = *directories.get(usize::from(record.directory))?;
            let group = &record.group;
            // Nobody asks about any other: with a million memberships that counts.
            let asked = self.config.access.asks_about(owner, &group.name);
            let kind = types.get(&group.gid);
            let kind = kind.map_or(GroupKind::Untold, |found| GroupKind::OfType(found));
            asked.then_some((group.gid, (owner, &group.name, kind)))
        });
        let groups: Map<Gid, _> = groups.collect();
        let nobody_is_revoked = self.revoked.is_empty();
        let is_revoked = |user: &UserName| {
            if nobody_is_revoked {
                return false;
            }
            let owner = self.user_owners.get(user.as_str());
            owner.is_some_and(|owner| self.revoked.holds(owner))
        };
        for (record, place) in self.content.users.iter_mut().zip(&self.places) {
            let user = &record.account.name;
            let position = usize::from(record.directory);
            let Some(directory) = directories.get(position).copied() else {
                continue;
            };
            let own = record.account.uid.get();
            let held = record.groups.iter();
            let held = held.filter_map(|gid| Some((gid.get() == own, groups.get(gid)?)));
            let held = held.map(|(private, &(directory, name, kind))| GroupFact {
                directory,
                name,
                kind: if private { GroupKind::Private } else { kind },
            });
            let groups: Vec<_> = held.collect();
            let facts = PersonFacts {
                directory,
                user,
                groups: &groups,
            };
            let may = place.active && !is_revoked(user);
            let (shell, access) = decided(self.config, &facts, may, place.seen);
            if let Some(shell) = shell {
                record.account.shell = shell;
            }
            record.access = access;
        }
    }

    /// Notes who was served and is not any more, and takes back those who are here again.
    pub(super) fn bury(&self, store: &Store) -> Result<Vec<Tombstone>, StoreError> {
        let mut known: Map<UserName, Uid> = store
            .tombstones()?
            .into_iter()
            .map(|t| (t.name, t.uid))
            .collect();
        let (mut gone, mut back) = (Vec::new(), Vec::new());
        for (name, owner) in &self.user_owners {
            if self.users.contains_key(name.as_str()) {
                back.extend(known.remove_entry(name.as_str()).map(|(name, _)| name));
                continue;
            }
            let Ok(name) = UserName::new(name) else {
                continue;
            };
            if !known.contains_key(&name)
                && let Some(uid) = self.uid_of(owner)
            {
                gone.push(Tombstone {
                    name: name.clone(),
                    uid,
                });
                known.insert(name, uid);
            }
        }
        store.bury(&gone, &back)?;
        // A local account's name is nobody else's: the publisher would refuse it, each time, and nobody could settle that.
        let known = known
            .into_iter()
            .filter(|(name, _)| !self.local.holds_name(name.as_str()));
        let mut tombstones: Vec<_> = known.map(|(name, uid)| Tombstone { name, uid }).collect();
        // In order, so that the same tombstones are no news for the publisher.
        tombstones.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(tombstones)
    }

    fn uid_of(&self, owner: &Owner) -> Option<Uid> {
        let configured = self
            .config
            .directories
            .iter()
            .find(|directory| directory.name == owner.directory);
        let namespace = configured.map(|directory| directory.namespace.clone())?;
        let holder = Holder {
            kind: IdKind::User,
            namespace,
            key: owner.key.clone(),
        };
        self.ledger
            .entry(&holder)
            .and_then(|entry| Uid::new(entry.id).ok())
    }
}

/// What root's rules make of a person of whom the directory said so at `seen`, and who `may`
/// log in at all: the shell of a restriction, if any, and where the person may log in.
pub(super) fn decided(
    config: &Config,
    facts: &PersonFacts<'_>,
    may: bool,
    seen: Time,
) -> (Option<String>, Access) {
    let said = config.overrides.get(facts.user);
    let has_own_shell = said.is_some_and(|said| said.shell.is_some());
    let restriction = config.access.restriction_of(facts);
    let shell = restriction.and_then(|one| one.shell.clone());
    let access = Access {
        allowed: if may { config.access.compile(facts) } else { 0 },
        until: seen.after(config.access_max_staleness),
    };
    (shell.filter(|_| !has_own_shell), access)
}

fn private_group(record: &UserRecord, gid: Gid) -> Option<GroupRecord> {
    let name = GroupName::new(record.account.name.as_str()).ok()?;
    let group = Group {
        name,
        gid,
        members: Members::default(),
    };
    Some(GroupRecord {
        group,
        directory: record.directory,
    })
}
