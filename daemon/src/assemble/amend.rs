//! What is other in a snapshot once some persons have changed who stay who they are: their
//! records, put together from the store and from what is served.
//!
//! Whatever has to be decided about everybody (names, ids, homes, tombstones, groups) stays
//! decided; where a person may change any of it, or anything about one has to be reported,
//! everybody is put together anew.

use std::collections::BTreeMap;

use muster_common::access::{Directories, Memberships};
use muster_common::account::Gid;
use muster_common::clock::Time;
use muster_common::config::{Config, DirectoryConfig};
use muster_common::directory::{ImmutableKey, Person};
use muster_common::local::LocalFiles;
use muster_common::name::{DirectoryName, UserName};
use muster_common::snapshot::content::{Content, UserRecord};
use muster_common::snapshot::reader::{Damaged, Snapshot};
use muster_common::ssh_key;
use muster_common::store::ledger::IdKind;
use muster_common::store::names::Owner;
use muster_common::store::projection::{KnownPerson, KnownTeam};
use muster_common::store::written::Touched;
use muster_common::store::{Store, StoreError};

use super::around::Around;
use super::settle::decided;
use super::{directory_record, empty_content, gecos, shell};

/// Why everybody has to be put together.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// More may be other than the records of these persons.
    #[error("{0}")]
    More(&'static str),
    /// What is served cannot be read.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is served, and what was reported when it was put together whole.
pub struct Base<'a> {
    /// The snapshot.
    pub served: &'a Snapshot,
    /// A line each.
    pub problems: &'a [String],
}

/// The records of those who were touched since, as they are to be served now.
pub fn amend(
    store: &Store,
    (config, local): (&Config, &LocalFiles),
    base: &Base<'_>,
    touched: &BTreeMap<(DirectoryName, ImmutableKey), Touched>,
    now: Time,
) -> Result<Content, Obstacle> {
    let _turn = store.deciding();
    let mut content = empty_content(config, now);
    for directory in &config.directories {
        content
            .directories
            .push(directory_record(store, directory)?);
    }
    let mut work = Work {
        store,
        config,
        local,
        base,
        directories: Directories::of(base.served)?,
        teams: BTreeMap::new(),
    };
    for ((directory, key), touched) in touched {
        let mut places = config.directories.iter().zip(0u16..);
        let place = places.find(|(configured, _)| configured.name == *directory);
        let (directory, position) = place.ok_or(Obstacle::More("a directory is gone"))?;
        content
            .users
            .push(work.user(directory, position, key, *touched)?);
    }
    Ok(content)
}

struct Work<'a> {
    store: &'a Store,
    config: &'a Config,
    local: &'a LocalFiles,
    base: &'a Base<'a>,
    directories: Directories,
    /// The groups of each directory that was asked for, by position.
    teams: BTreeMap<u16, Teams>,
}

impl Work<'_> {
    fn user(
        &mut self,
        directory: &DirectoryConfig,
        position: u16,
        key: &ImmutableKey,
        touched: Touched,
    ) -> Result<UserRecord, Obstacle> {
        let known = self.store.person(&directory.name, key)?;
        let known = known.ok_or(Obstacle::More("somebody is gone"))?;
        let owner = Owner {
            directory: directory.name.clone(),
            key: key.clone(),
        };
        let mut record = self.served(&owner, position, &known.person)?;
        if touched.memberships {
            record.groups = self.groups(directory, position, &record, &known)?;
        }
        self.attributes(directory, &mut record, &known.person)?;
        let may = known.person.active && !self.store.is_revoked(&owner)?;
        let memberships = self.memberships(&record)?;
        let (shell, access) =
            memberships.with_facts(|facts| decided(self.config, facts, may, known.seen));
        record.account.shell = shell.unwrap_or(record.account.shell);
        record.access = access;
        Ok(record)
    }

    /// The record of `person` as it is served, if it is certain that it is this person's, and
    /// nothing was to be said of it.
    fn served(
        &self,
        owner: &Owner,
        position: u16,
        person: &Person,
    ) -> Result<UserRecord, Obstacle> {
        let name = self.config.names.user(&person.name);
        let name = name.map_err(|_| Obstacle::More("somebody has no name"))?;
        if self.base.problems.iter().any(|line| is_about(line, &name)) {
            return Err(Obstacle::More("somebody was reported"));
        }
        let overridden = self.config.overrides.get(&name);
        if overridden.is_some_and(|said| said.gid.is_some()) {
            return Err(Obstacle::More("root says somebody's primary group"));
        }
        if self.store.owner(IdKind::User, name.as_str())?.as_ref() != Some(owner) {
            return Err(Obstacle::More("somebody's name is another's"));
        }
        let record = self.base.served.user_by_name(name.as_str())?;
        let record = record.filter(|record| record.directory == position);
        record.ok_or(Obstacle::More("somebody is not served"))
    }

    /// What a person's attributes make of the record; the home stays, since what is said of it does.
    fn attributes(
        &self,
        directory: &DirectoryConfig,
        record: &mut UserRecord,
        person: &Person,
    ) -> Result<(), Obstacle> {
        let account = &mut record.account;
        let said = self.config.overrides.get(&account.name);
        let (said_gecos, said_shell) = said
            .map(|said| (said.gecos.clone(), said.shell.clone()))
            .unwrap_or_default();
        account.gecos =
            said_gecos.unwrap_or_else(|| gecos(self.config, directory, &account.name, person));
        account.shell = match said_shell {
            Some(said) => said,
            None => shell(self.config, self.local, directory, person)
                .map_err(|_| Obstacle::More("somebody has a shell that is not allowed"))?,
        };
        let (ssh_keys, refused) = ssh_key::accept(&person.ssh_keys);
        if refused > 0 {
            return Err(Obstacle::More("somebody has keys that cannot be read"));
        }
        record.ssh_keys = ssh_keys;
        Ok(())
    }

    /// The groups that hold a person now, the primary one first, which has to be the one that it was.
    fn groups(
        &mut self,
        directory: &DirectoryConfig,
        position: u16,
        record: &UserRecord,
        known: &KnownPerson,
    ) -> Result<Vec<Gid>, Obstacle> {
        if !self.teams.contains_key(&position) {
            let teams = self.store.teams(&directory.name)?;
            let teams = Teams::new(&teams, self.config, self.base.served, position)?;
            self.teams.insert(position, teams);
        }
        let own = Gid::new(record.account.uid.get());
        let own = own.map_err(|_| Obstacle::More("somebody has an id of the system"))?;
        let teams = self.teams.get_mut(&position);
        let held = teams.map(|teams| teams.around(&known.groups));
        let held = held.unwrap_or_default();
        let primary = match known.person.gid {
            None => own,
            Some(wanted) => primary(wanted, own, &held).ok_or(Obstacle::More(
                "somebody's primary group does not list the person",
            ))?,
        };
        if primary != record.account.gid {
            return Err(Obstacle::More("somebody has another primary group"));
        }
        // The private group stays, where the service itself has it.
        let private = record.groups.contains(&own).then_some(own);
        let gids = held.iter().map(|team| team.served).chain(private);
        let gids = gids.filter(|gid| *gid != primary);
        Ok(std::iter::once(primary).chain(gids).collect())
    }

    /// What the rules ask about: each group but the private one lists the person, since root says nothing of it.
    fn memberships(&self, record: &UserRecord) -> Result<Memberships<'_>, Damaged> {
        let served = self.base.served;
        let mut memberships = Memberships::without_groups(&self.directories, record)?;
        for gid in &record.groups {
            if let Some(entry) = served.group_with_id(gid.get())? {
                memberships.join(record, *gid, served.group_name(&entry)?);
            }
        }
        Ok(memberships)
    }
}

/// The group that the service means by `wanted`, if it holds the person; the private group does.
fn primary(wanted: u32, own: Gid, held: &[Served]) -> Option<Gid> {
    if own.get() == wanted {
        return Some(own);
    }
    let served = held.iter().find(|team| team.served.get() == wanted);
    // Served with another id, by a pin.
    let moved = || held.iter().find(|team| team.said == Some(wanted));
    served.or_else(moved).map(|team| team.served)
}

/// A group that is served.
#[derive(Debug, Clone, Copy)]
struct Served {
    /// The id that the service gives.
    said: Option<u32>,
    /// The id by which it is served.
    served: Gid,
}

/// The groups of one directory.
struct Teams {
    around: Around,
    served: Vec<Served>,
}

impl Teams {
    fn new(
        teams: &[KnownTeam],
        config: &Config,
        snapshot: &Snapshot,
        position: u16,
    ) -> Result<Self, Damaged> {
        let (mut around, mut served) = (Around::new(teams), Vec::new());
        for KnownTeam { id, team, .. } in teams.iter().filter(|known| known.team.active) {
            let Ok(name) = config.names.group(&team.name) else {
                continue;
            };
            let Some(group) = snapshot.group_named(name.as_bytes())? else {
                continue;
            };
            // Where a user has the id, it is that user's private group, to whom the other has yielded.
            let gid = group.gid;
            if group.directory() != position || snapshot.user_with_id(gid.get())?.is_some() {
                continue;
            }
            if let Ok(place) = u32::try_from(served.len()) {
                around.serve(*id, place);
                served.push(Served {
                    said: team.gid,
                    served: gid,
                });
            }
        }
        Ok(Self { around, served })
    }

    fn around(&mut self, direct: &[i64]) -> Vec<Served> {
        let places = self.around.person(direct).iter();
        let team = |place: &u32| self.served.get(usize::try_from(*place).ok()?).copied();
        places.filter_map(team).collect()
    }
}

/// Whether a problem is `user`'s.
fn is_about(problem: &str, user: &UserName) -> bool {
    let rest = problem
        .strip_prefix("user ")
        .and_then(|rest| rest.strip_prefix(user.as_str()));
    rest.is_some_and(|rest| rest.starts_with([':', ' ']))
}
