//! What the directories have contributed: persons, each with the moment when the
//! directory last vouched for them, and groups. Memberships are direct ones, and stand with
//! who is held, as numbers of groups; a number is never given to another group.

use std::collections::{BTreeSet, HashSet};
use std::sync::PoisonError;

use rusqlite::Row;

use super::disk::{
    Connection, OptionalExtension, Params, Store, StoreError, Transaction, body_of, params, signed,
    unsigned,
};
use super::renewal::Change;
use crate::clock::Time;
use crate::directory::{Cursor, ImmutableKey, Listed, Person, Projection, Team};
use crate::name::{DirectoryName, GroupTypeName};

/// A person as a directory last said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// The person.
    pub person: Person,
    /// When the directory last said so: by a sync, an answer about this person alone, or
    /// a login.
    pub seen: Time,
    /// The numbers of the groups that hold the person directly; some may be gone.
    pub groups: Vec<i64>,
}

/// A group as a directory last said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTeam {
    /// Its number in this store.
    pub id: i64,
    /// The group.
    pub team: Team,
    /// The numbers of the groups that hold this one directly; some may be gone.
    pub groups: Vec<i64>,
}

/// How far a directory has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When the directory last vouched for everybody: read whole, everybody asked about,
    /// or its changes read.
    pub synced: Time,
    /// When it was last read whole.
    pub whole: Time,
    /// From where on its changes have to be read.
    pub cursor: Option<Cursor>,
    /// What the settings were under which it was last read whole, see [`Store::keep_settings`].
    pub settings: Option<i64>,
}

/// How many persons and groups a directory contributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Persons.
    pub people: u64,
    /// Groups.
    pub teams: u64,
}

impl Store {
    /// Replaces everything that `directory` contributes, in one transaction. What is as
    /// it was is not written.
    pub fn replace(
        &self,
        directory: &DirectoryName,
        projection: &Projection,
        now: Time,
    ) -> Result<Change, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let mut replacing = Replacing {
            transaction: &transaction,
            directory: directory.as_str(),
            written: 0,
        };
        let ids = replacing.number(&projection.teams)?;
        replacing.write_teams(&projection.teams, &ids)?;
        replacing.write_people(&projection.people, &ids, now)?;
        replacing.drop_vanished(projection)?;
        let written = replacing.written;
        transaction.execute(
            "INSERT OR REPLACE INTO directory VALUES (?1, ?2, ?2, ?3, NULL)",
            params![
                directory.as_str(),
                signed(now.unix()),
                projection.until.as_ref().map(|cursor| &cursor.0)
            ],
        )?;
        transaction.commit()?;
        Ok(Change::of(written > 0))
    }

    /// Notes that everybody of `directory` who is known here has been asked about.
    pub fn mark_synced(&self, directory: &DirectoryName, now: Time) -> Result<(), StoreError> {
        // What it says of a directory that was read before is a moment; one that was not is told apart by that.
        self.write_aside(|connection| mark_synced(connection, directory, now))
    }

    /// Notes under which settings, told apart by a number, `directory` has been read.
    pub fn keep_settings(
        &self,
        directory: &DirectoryName,
        settings: i64,
    ) -> Result<(), StoreError> {
        self.connection()
            .prepare_cached("UPDATE directory SET settings = ?2 WHERE name = ?1")?
            .execute(params![directory.as_str(), settings])?;
        Ok(())
    }

    /// How far `directory` has been read; `None` if it never was.
    pub fn reading(&self, directory: &DirectoryName) -> Result<Option<Reading>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT synced, whole, cursor, settings FROM directory WHERE name = ?1",
        )?;
        let reading = select.query_row([directory.as_str()], |row| {
            Ok(Reading {
                synced: Time::from_unix(unsigned(row.get(0)?)),
                whole: Time::from_unix(unsigned(row.get(1)?)),
                cursor: row.get::<_, Option<String>>(2)?.map(Cursor),
                settings: row.get(3)?,
            })
        });
        Ok(reading.optional()?)
    }

    /// When `directory` last vouched for everybody.
    pub fn synced(&self, directory: &DirectoryName) -> Result<Option<Time>, StoreError> {
        let reading = self.reading(directory)?;
        Ok(reading.map(|reading| reading.synced))
    }

    /// The persons of `directory`, by key.
    pub fn people(&self, directory: &DirectoryName) -> Result<Vec<KnownPerson>, StoreError> {
        let synced = self.synced(directory)?.unwrap_or(Time::from_unix(0));
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT body, seen, groups FROM person WHERE directory = ?1 ORDER BY key",
        )?;
        let mut rows = select.query([directory.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(known_person(row, synced)?);
        }
        Ok(found)
    }

    /// The person whom `directory` knows by `key`.
    pub fn person(
        &self,
        directory: &DirectoryName,
        key: &ImmutableKey,
    ) -> Result<Option<KnownPerson>, StoreError> {
        let synced = self.synced(directory)?.unwrap_or(Time::from_unix(0));
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT body, seen, groups FROM person WHERE directory = ?1 AND key = ?2",
        )?;
        let mut rows = select.query([directory.as_str(), key.as_str()])?;
        let row = rows.next()?;
        row.map(|row| known_person(row, synced)).transpose()
    }

    /// The groups of `directory`, by number.
    pub fn teams(&self, directory: &DirectoryName) -> Result<Vec<KnownTeam>, StoreError> {
        let select = "SELECT id, key, name, active, gid, groups, group_type FROM team WHERE directory = ?1 ORDER BY id";
        known_teams(&self.connection(), select, params![directory.as_str()])
    }

    /// The groups of `directory` that have these numbers or hold one that has, at any depth.
    pub fn teams_around(
        &self,
        directory: &DirectoryName,
        numbers: &BTreeSet<i64>,
    ) -> Result<Vec<KnownTeam>, StoreError> {
        let select = "WITH RECURSIVE around (id) AS (
                          SELECT value FROM json_each(?2)
                          UNION
                          SELECT holder.value FROM around JOIN team USING (id), json_each(team.groups) AS holder)
                      SELECT id, key, name, active, gid, groups, group_type FROM around JOIN team USING (id)
                      WHERE directory = ?1 ORDER BY id";
        let numbers = serde_json::to_string(numbers)?;
        let parameters = params![directory.as_str(), numbers];
        known_teams(&self.connection(), select, parameters)
    }

    /// How many persons and groups `directory` contributes. They are not counted again as long as
    /// nothing was written that can have changed it.
    pub fn counts(&self, directory: &DirectoryName) -> Result<Counts, StoreError> {
        let connection = self.connection();
        let untold = self.untold(&connection);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, counts)) = counted.get(directory)
            && *then == untold
        {
            return Ok(*counts);
        }
        let count = |table: &str| {
            let select = format!("SELECT count(*) FROM {table} WHERE directory = ?1");
            connection.query_row(&select, [directory.as_str()], |row| {
                row.get(0).map(unsigned)
            })
        };
        let counts = Counts {
            people: count("person")?,
            teams: count("team")?,
        };
        counted.insert(directory.clone(), (untold, counts));
        Ok(counts)
    }

    /// Whether `key` is a group of `directory`.
    pub fn is_team(
        &self,
        directory: &DirectoryName,
        key: &ImmutableKey,
    ) -> Result<bool, StoreError> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT 1 FROM team WHERE directory = ?1 AND key = ?2")?;
        Ok(select.exists([directory.as_str(), key.as_str()])?)
    }

    /// The keys of the persons of `directory`: what the shrink guard compares with.
    pub fn person_keys(&self, directory: &DirectoryName) -> Result<Vec<ImmutableKey>, StoreError> {
        keys(
            &self.connection(),
            "SELECT key FROM person WHERE directory = ?1",
            directory,
            None,
        )
    }

    /// The keys of the groups of `directory`.
    pub fn team_keys(&self, directory: &DirectoryName) -> Result<Vec<ImmutableKey>, StoreError> {
        keys(
            &self.connection(),
            "SELECT key FROM team WHERE directory = ?1",
            directory,
            None,
        )
    }

    /// The keys of the persons of `directory` whom any group holds.
    pub fn person_keys_in_groups(
        &self,
        directory: &DirectoryName,
    ) -> Result<Vec<ImmutableKey>, StoreError> {
        let select = "SELECT key FROM person WHERE directory = ?1 AND groups <> '[]'";
        keys(&self.connection(), select, directory, None)
    }

    /// The keys of the persons of `directory` who bear this name, whatever its case.
    pub fn person_keys_named(
        &self,
        directory: &DirectoryName,
        name: &str,
    ) -> Result<Vec<ImmutableKey>, StoreError> {
        keys(&self.connection(), PERSONS_NAMED, directory, Some(name))
    }

    /// The keys of the groups of `directory` that bear this name, whatever its case.
    pub fn team_keys_named(
        &self,
        directory: &DirectoryName,
        name: &str,
    ) -> Result<Vec<ImmutableKey>, StoreError> {
        keys(&self.connection(), TEAMS_NAMED, directory, Some(name))
    }
}

const PERSONS_NAMED: &str =
    "SELECT key FROM person WHERE directory = ?1 AND name = ?2 COLLATE NOCASE";
const TEAMS_NAMED: &str = "SELECT key FROM team WHERE directory = ?1 AND name = ?2 COLLATE NOCASE";
pub(super) const WRITE_PERSON: &str =
    "INSERT INTO person VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE
     SET name = excluded.name, body = excluded.body, seen = excluded.seen, groups = excluded.groups";
const WRITE_PERSON_IF_DIFFERENT: &str =
    "INSERT INTO person VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE
     SET name = excluded.name, body = excluded.body, seen = excluded.seen, groups = excluded.groups
     WHERE body <> excluded.body OR groups <> excluded.groups";
pub(super) const NEW_TEAM: &str = "INSERT INTO team (directory, key, name, gid, active, group_type, groups) VALUES (?1, ?2, ?3, ?4, ?5, ?6, '[]') RETURNING id";
pub(super) const WRITE_TEAM_IF_DIFFERENT: &str =
    "UPDATE team SET name = ?2, gid = ?3, active = ?4, groups = ?5, group_type = ?6 WHERE id = ?1
     AND (name <> ?2 OR gid IS NOT ?3 OR active <> ?4 OR groups <> ?5 OR group_type IS NOT ?6)";

pub(super) fn mark_synced(
    connection: &Connection,
    directory: &DirectoryName,
    now: Time,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO directory VALUES (?1, ?2, ?2, NULL, NULL)
             ON CONFLICT DO UPDATE SET synced = excluded.synced",
        )?
        .execute(params![directory.as_str(), signed(now.unix())])?;
    Ok(())
}

/// The first column of what `select` finds for `directory` and perhaps a name.
pub(super) fn keys(
    connection: &Connection,
    select: &str,
    directory: &DirectoryName,
    name: Option<&str>,
) -> Result<Vec<ImmutableKey>, StoreError> {
    let mut select = connection.prepare_cached(select)?;
    let key = |row: &Row<'_>| Ok(ImmutableKey::stored(&row.get::<_, String>(0)?));
    let keys = match name {
        Some(name) => select.query_map([directory.as_str(), name], key)?,
        None => select.query_map([directory.as_str()], key)?,
    };
    Ok(keys.collect::<Result<_, _>>()?)
}

/// A person out of body, moment and groups, whose directory was synced at `synced`.
fn known_person(row: &Row<'_>, synced: Time) -> Result<KnownPerson, StoreError> {
    Ok(KnownPerson {
        person: body_of(row)?,
        seen: synced.max(Time::from_unix(unsigned(row.get(1)?))),
        groups: numbers(row, 2)?,
    })
}

/// How a group's type is stored.
pub(super) fn type_text(group_type: Option<&GroupTypeName>) -> Option<&str> {
    group_type.map(GroupTypeName::as_str)
}

fn known_teams(
    connection: &Connection,
    select: &str,
    parameters: impl Params,
) -> Result<Vec<KnownTeam>, StoreError> {
    let mut select = connection.prepare_cached(select)?;
    let mut rows = select.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(KnownTeam {
            id: row.get(0)?,
            team: Team {
                key: ImmutableKey::stored(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?),
                name: row.get(2)?,
                active: row.get(3)?,
                gid: row.get(4)?,
                group_type: row
                    .get_ref(6)?
                    .as_str_or_null()
                    .map_err(rusqlite::Error::from)?
                    .and_then(|name| GroupTypeName::new(name).ok()),
            },
            groups: numbers(row, 5)?,
        });
    }
    Ok(found)
}

/// The list of numbers in a column.
pub(super) fn numbers(row: &Row<'_>, column: usize) -> Result<Vec<i64>, StoreError> {
    let text = row
        .get_ref(column)?
        .as_str()
        .map_err(rusqlite::Error::from)?;
    match plain_numbers(text) {
        Some(numbers) => Ok(numbers),
        None => Ok(serde_json::from_str(text)?),
    }
}

/// The numbers of a list as [`number_text`] writes it: a million of them are read for a snapshot.
fn plain_numbers(text: &str) -> Option<Vec<i64>> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    if inside.is_empty() {
        return Some(Vec::new());
    }
    let commas = inside.bytes().filter(|byte| *byte == b',').count();
    let mut numbers = Vec::with_capacity(commas.saturating_add(1));
    let mut number: Option<i64> = None;
    for byte in inside.bytes() {
        match byte {
            b'0'..=b'9' => {
                let tens = number.unwrap_or(0).checked_mul(10)?;
                number = Some(tens.checked_add(i64::from(byte - b'0'))?);
            }
            b',' => numbers.push(number.take()?),
            _ => return None,
        }
    }
    numbers.push(number?);
    Some(numbers)
}

/// How a list of numbers is stored: in order, each once.
pub(super) fn number_text(mut numbers: Vec<i64>) -> Result<String, StoreError> {
    numbers.sort_unstable();
    numbers.dedup();
    Ok(serde_json::to_string(&numbers)?)
}

/// A directory's contribution while it is replaced.
struct Replacing<'a> {
    transaction: &'a Transaction<'a>,
    directory: &'a str,
    /// How many rows are other than before.
    written: usize,
}

impl Replacing<'_> {
    /// The numbers of these groups; those that are new get one.
    fn number(&mut self, teams: &[Listed<Team>]) -> Result<Vec<i64>, StoreError> {
        let mut select = self
            .transaction
            .prepare("SELECT id FROM team WHERE directory = ?1 AND key = ?2")?;
        let mut insert = self.transaction.prepare(NEW_TEAM)?;
        let mut ids = Vec::with_capacity(teams.len());
        for Listed { entry, .. } in teams {
            let key = entry.key.as_str();
            let known = select.query_row([self.directory, key], |row| row.get(0));
            ids.push(match known.optional()? {
                Some(id) => id,
                None => {
                    self.written = self.written.saturating_add(1);
                    let (name, kind) = (&entry.name, type_text(entry.group_type.as_ref()));
                    let new = params![self.directory, key, name, entry.gid, entry.active, kind];
                    insert.query_row(new, |row| row.get(0))?
                }
            });
        }
        Ok(ids)
    }

    fn write_teams(&mut self, teams: &[Listed<Team>], ids: &[i64]) -> Result<(), StoreError> {
        let mut update = self.transaction.prepare(WRITE_TEAM_IF_DIFFERENT)?;
        for (Listed { entry, groups }, id) in teams.iter().zip(ids) {
            let groups = numbered(groups, ids)?;
            let kind = type_text(entry.group_type.as_ref());
            let values = params![id, entry.name, entry.gid, entry.active, groups, kind];
            let written = update.execute(values)?;
            self.written = self.written.saturating_add(written);
        }
        Ok(())
    }

    fn write_people(
        &mut self,
        people: &[Listed<Person>],
        ids: &[i64],
        now: Time,
    ) -> Result<(), StoreError> {
        let mut write = self.transaction.prepare(WRITE_PERSON_IF_DIFFERENT)?;
        for Listed { entry, groups } in people {
            let written = write.execute(params![
                self.directory,
                entry.key.as_str(),
                entry.name,
                serde_json::to_string(entry)?,
                signed(now.unix()),
                numbered(groups, ids)?
            ])?;
            self.written = self.written.saturating_add(written);
        }
        Ok(())
    }

    /// Drops whoever is not listed any more.
    fn drop_vanished(&mut self, projection: &Projection) -> Result<(), StoreError> {
        let people = projection.people.iter().map(|one| one.entry.key.as_str());
        self.drop_others("person", &people.collect())?;
        let teams = projection.teams.iter().map(|one| one.entry.key.as_str());
        self.drop_others("team", &teams.collect())
    }

    fn drop_others(&mut self, table: &str, kept: &HashSet<&str>) -> Result<(), StoreError> {
        let transaction = self.transaction;
        let mut select =
            transaction.prepare(&format!("SELECT key FROM {table} WHERE directory = ?1"))?;
        let keys = select.query_map([self.directory], |row| row.get::<_, String>(0))?;
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut delete = transaction.prepare(&format!(
            "DELETE FROM {table} WHERE directory = ?1 AND key = ?2"
        ))?;
        for key in keys.iter().filter(|key| !kept.contains(key.as_str())) {
            let deleted = delete.execute([self.directory, key])?;
            self.written = self.written.saturating_add(deleted);
        }
        Ok(())
    }
}

/// Places in a listing's groups as the text of their numbers.
fn numbered(places: &[u32], ids: &[i64]) -> Result<String, StoreError> {
    let ids = places
        .iter()
        .filter_map(|place| ids.get(usize::try_from(*place).ok()?).copied());
    number_text(ids.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Membership, Roster, TeamSighting};
    use crate::store::renewal::Renewal;

    #[test]
    fn a_list_of_numbers_is_read_as_it_was_written() {
        for numbers in [vec![], vec![7], vec![1, 20, 300_000_000_000]] {
            let text = number_text(numbers.clone()).unwrap();
            assert_eq!(plain_numbers(&text), Some(numbers), "{text}");
        }
        for other in [
            "",
            "[",
            "1,2",
            "[1, 2]",
            "[1,]",
            "[,1]",
            "[null]",
            "[99999999999999999999]",
        ] {
            assert_eq!(plain_numbers(other), None, "{other}");
        }
    }

    fn person(key: &str, name: &str) -> Person {
        Person::named(ImmutableKey::given(key), name)
    }

    fn membership(name: &str) -> Membership {
        Membership {
            key: ImmutableKey::from_name(name),
            name: name.to_owned(),
            gid: None,
            group_type: None,
        }
    }

    fn roster(name: &str, members: &[&str]) -> Roster {
        Roster {
            team: Team {
                key: ImmutableKey::from_name(name),
                name: name.to_owned(),
                active: true,
                gid: None,
                group_type: None,
            },
            members: members.iter().map(ToString::to_string).collect(),
        }
    }

    struct Corp {
        store: Store,
        corp: DirectoryName,
    }

    impl Corp {
        fn new() -> Self {
            Self {
                store: Store::in_memory().unwrap(),
                corp: DirectoryName::new("corp").unwrap(),
            }
        }

        fn sync(&self, people: Vec<Person>, rosters: Vec<Roster>, now: u64) -> Change {
            let projection = Projection::of(people, rosters);
            let now = Time::from_unix(now);
            self.store.replace(&self.corp, &projection, now).unwrap()
        }

        /// The number of the only group.
        fn only_team(&self) -> i64 {
            let teams = self.store.teams(&self.corp).unwrap();
            assert_eq!(teams.len(), 1);
            teams[0].id
        }
    }

    #[test]
    fn a_finished_sync_replaces_what_the_directory_contributed() {
        let corp = Corp::new();
        corp.sync(vec![person("1", "ada"), person("2", "bob")], vec![], 5);
        corp.sync(vec![person("2", "bob")], vec![], 9);
        let bob = KnownPerson {
            person: person("2", "bob"),
            seen: Time::from_unix(9),
            groups: vec![],
        };
        assert_eq!(corp.store.people(&corp.corp).unwrap(), [bob]);
        assert_eq!(
            corp.store.synced(&corp.corp).unwrap(),
            Some(Time::from_unix(9))
        );
        let other = DirectoryName::new("other").unwrap();
        assert_eq!(corp.store.people(&other).unwrap(), []);
        assert_eq!(corp.store.reading(&other).unwrap(), None);
    }

    #[test]
    fn the_same_again_changes_nothing_but_the_moment() {
        let corp = Corp::new();
        let sync = |now| corp.sync(vec![person("1", "ada")], vec![roster("ops", &["ada"])], now);
        assert_eq!(sync(5), Change::Some);
        let id = corp.only_team();
        assert_eq!(sync(9), Change::None);
        assert_eq!(corp.only_team(), id);
        let ada = &corp.store.people(&corp.corp).unwrap()[0];
        assert_eq!(
            (ada.seen, ada.groups.as_slice()),
            (Time::from_unix(9), &[id][..])
        );
        assert_eq!(
            corp.sync(vec![person("1", "ada")], vec![roster("ops", &[])], 10),
            Change::Some
        );
        assert!(corp.store.people(&corp.corp).unwrap()[0].groups.is_empty());
    }

    #[test]
    fn a_group_that_comes_back_is_another_and_holds_nobody_of_old() {
        let corp = Corp::new();
        corp.sync(vec![person("1", "ada")], vec![roster("ops", &["ada"])], 5);
        let former = corp.only_team();
        corp.sync(vec![person("1", "ada")], vec![], 6);
        corp.sync(vec![person("1", "ada")], vec![roster("ops", &[])], 7);
        assert_ne!(corp.only_team(), former);
    }

    #[test]
    fn the_groups_around_some_are_found_at_any_depth_and_in_circles() {
        let corp = Corp::new();
        let sighting = |name: &str, held_by: &[&str]| TeamSighting {
            team: roster(name, &[]).team,
            groups: held_by.iter().copied().map(membership).collect(),
        };
        let renewal = Renewal {
            teams_seen: vec![
                sighting("dev", &["eng"]),
                sighting("eng", &["all", "site"]),
                sighting("all", &["dev"]),
                sighting("other", &["site"]),
            ],
            ..Renewal::default()
        };
        corp.store
            .renew(&corp.corp, &renewal, Time::from_unix(5))
            .unwrap();
        let teams = corp.store.teams(&corp.corp).unwrap();
        let around = |names: &[&str]| {
            let numbers = teams
                .iter()
                .filter(|known| names.contains(&known.team.name.as_str()));
            let numbers = numbers.map(|known| known.id).chain([999]).collect();
            let found = corp.store.teams_around(&corp.corp, &numbers).unwrap();
            assert!(found.iter().all(|known| teams.contains(known)));
            let mut names: Vec<_> = found.into_iter().map(|known| known.team.name).collect();
            names.sort_unstable();
            names.join(" ")
        };
        assert_eq!(around(&["dev"]), "all dev eng site");
        assert_eq!(around(&["other"]), "other site");
        assert_eq!(around(&["site"]), "site");
        assert_eq!(around(&[]), "");
        let elsewhere = DirectoryName::new("elsewhere").unwrap();
        let all = teams.iter().map(|known| known.id).collect();
        assert_eq!(corp.store.teams_around(&elsewhere, &all).unwrap(), []);
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let corp = Corp::new();
        corp.sync(vec![person("1", "Ada")], vec![roster("Ops", &[])], 5);
        let Corp { store, corp } = &corp;
        let found = store.person_keys_named(corp, "aDA").unwrap();
        assert_eq!(found, [ImmutableKey::given("1")]);
        let found = store.team_keys_named(corp, "ops").unwrap();
        assert_eq!(found, [ImmutableKey::from_name("Ops")]);
        let counts = store.counts(corp).unwrap();
        assert_eq!((counts.people, counts.teams), (1, 1));
    }
}
