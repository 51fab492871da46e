//! What is other in a snapshot once some persons have changed who stay who they are: their
//! records, put together from the store and from what is served.
//!
//! Whatever has to be decided about everybody (names, ids, homes, tombstones, groups) stays
//! decided; where a person may change any of it, or anything about one has to be reported,
//! everybody is put together anew.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use muster_common::access::{Directories, Memberships};
use muster_common::account::Gid;
use muster_common::clock::Time;
use muster_common::config::{Config, DirectoryConfig};
use muster_common::directory::{ImmutableKey, Person, Team};
use muster_common::local::LocalFiles;
use muster_common::name::DirectoryName;
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

/// What is served, and of whom anything was reported when it was put together whole.
pub struct Base<'a> {
    /// The snapshot.
    pub served: &'a Snapshot,
    /// Names of users, see [`reported`].
    pub reported: &'a HashSet<Box<str>>,
}

/// The users whom `problems` are about.
pub fn reported(problems: &[String]) -> HashSet<Box<str>> {
    let user = |problem: &String| {
        let said = problem.strip_prefix("user ")?;
        Some(said.split([':', ' ']).next()?.into())
    };
    problems.iter().filter_map(user).collect()
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
    let changed = changed(store, config, touched)?;
    let mut work = Work {
        store,
        config,
        local,
        base,
        directories: Directories::of(base.served)?,
        teams: teams(store, &changed)?,
    };
    for one in &changed {
        content.users.push(work.user(one)?);
    }
    Ok(content)
}

/// Somebody who has changed.
struct Changed<'a> {
    directory: &'a DirectoryConfig,
    position: u16,
    owner: Owner,
    known: KnownPerson,
    touched: Touched,
}

fn changed<'a>(
    store: &Store,
    config: &'a Config,
    touched: &BTreeMap<(DirectoryName, ImmutableKey), Touched>,
) -> Result<Vec<Changed<'a>>, Obstacle> {
    let mut changed = Vec::with_capacity(touched.len());
    for ((directory, key), touched) in touched {
        let mut places = config.directories.iter().zip(0u16..);
        let place = places.find(|(configured, _)| configured.name == *directory);
        let (configured, position) = place.ok_or(Obstacle::More("a directory is gone"))?;
        let known = store.person(directory, key)?;
        changed.push(Changed {
            directory: configured,
            position,
            owner: Owner {
                directory: directory.clone(),
                key: key.clone(),
            },
            known: known.ok_or(Obstacle::More("somebody is gone"))?,
            touched: *touched,
        });
    }
    Ok(changed)
}

/// The groups around those whom other ones hold than before, by their directories' positions.
fn teams(store: &Store, changed: &[Changed<'_>]) -> Result<BTreeMap<u16, Teams>, StoreError> {
    let mut direct: BTreeMap<u16, (&DirectoryName, BTreeSet<i64>)> = BTreeMap::new();
    for one in changed.iter().filter(|one| one.touched.memberships) {
        let of_directory = direct.entry(one.position);
        let (_, numbers) = of_directory.or_insert((&one.owner.directory, BTreeSet::new()));
        numbers.extend(&one.known.groups);
    }
    let around = direct.into_iter().map(|(position, (name, numbers))| {
        let known = store.teams_around(name, &numbers)?;
        Ok((position, Teams::new(known, position)))
    });
    around.collect()
}

struct Work<'a> {
    store: &'a Store,
    config: &'a Config,
    local: &'a LocalFiles,
    base: &'a Base<'a>,
    directories: Directories,
    /// The groups around those who changed, by their directories' positions.
    teams: BTreeMap<u16, Teams>,
}

impl Work<'_> {
    fn user(&mut self, one: &Changed<'_>) -> Result<UserRecord, Obstacle> {
        let Changed { owner, known, .. } = one;
        let mut record = self.served(owner, one.position, &known.person)?;
        if one.touched.memberships {
            record.groups = self.groups(one, &record)?;
        }
        self.attributes(one.directory, &mut record, &known.person)?;
        let may = known.person.active && !self.store.is_revoked(owner)?;
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
        if self.base.reported.contains(name.as_str()) {
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
    fn groups(&mut self, one: &Changed<'_>, record: &UserRecord) -> Result<Vec<Gid>, Obstacle> {
        let own = Gid::new(record.account.uid.get());
        let own = own.map_err(|_| Obstacle::More("somebody has an id of the system"))?;
        let held = match self.teams.get_mut(&one.position) {
            Some(teams) => teams.around(&one.known.groups, self.config, self.base.served)?,
            None => Vec::new(),
        };
        let primary = match one.known.person.gid {
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

/// Some groups of one directory.
struct Teams {
    known: Vec<KnownTeam>,
    around: Around,
    position: u16,
}

impl Teams {
    fn new(known: Vec<KnownTeam>, position: u16) -> Self {
        let mut around = Around::new(&known);
        let active = known.iter().zip(0u32..);
        for (team, place) in active.filter(|(known, _)| known.team.active) {
            around.serve(team.id, place);
        }
        Self {
            known,
            around,
            position,
        }
    }

    /// The served groups around whoever `direct` hold directly.
    fn around(
        &mut self,
        direct: &[i64],
        config: &Config,
        snapshot: &Snapshot,
    ) -> Result<Vec<Served>, Damaged> {
        let mut found = Vec::new();
        for place in self.around.person(direct) {
            let known = usize::try_from(*place).ok();
            if let Some(known) = known.and_then(|place| self.known.get(place)) {
                found.extend(served(&known.team, config, snapshot, self.position)?);
            }
        }
        Ok(found)
    }
}

/// `team` as it is served, if it is.
fn served(
    team: &Team,
    config: &Config,
    snapshot: &Snapshot,
    position: u16,
) -> Result<Option<Served>, Damaged> {
    let Ok(name) = config.names.group(&team.name) else {
        return Ok(None);
    };
    let group = snapshot.group_named(name.as_bytes())?;
    let Some(group) = group.filter(|group| group.directory() == position) else {
        return Ok(None);
    };
    // Where a user has the id, it is that user's private group, to whom the other has yielded.
    if snapshot.user_with_id(group.gid.get())?.is_some() {
        return Ok(None);
    }
    Ok(Some(Served {
        said: team.gid,
        served: group.gid,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_problem_is_about_is_known_by_its_first_words() {
        let lines = [
            "user ada: the service's shell is not in /etc/shells",
            "user bob has the name of a local user",
            "former user carol: nobody has the name now",
            "group ops: has a local group's name",
            "and 7 more records are refused",
        ];
        let found = reported(&lines.map(str::to_owned));
        assert_eq!(found, HashSet::from(["ada".into(), "bob".into()]));
    }
}
