//! What the directories have contributed: persons, each with the moment when the
//! directory last vouched for them, and groups.

use super::disk::{Connection, Store, StoreError, body_of, params, signed, unsigned};
use crate::clock::Time;
use crate::directory::{ImmutableKey, Person, Projection, Team};
use crate::name::DirectoryName;

/// A person as a directory last said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    /// The person.
    pub person: Person,
    /// When the directory last said so: by a full sync, an answer about this person
    /// alone, or a login.
    pub seen: Time,
}

impl Store {
    /// Replaces everything that `directory` contributes, in one transaction.
    pub fn replace(
        &self,
        directory: &DirectoryName,
        projection: &Projection,
        now: Time,
    ) -> Result<(), StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let name = directory.as_str();
        transaction.execute("DELETE FROM person WHERE directory = ?1", [name])?;
        transaction.execute("DELETE FROM team WHERE directory = ?1", [name])?;
        {
            let mut insert = transaction.prepare(INSERT_PERSON)?;
            for person in &projection.people {
                insert.execute(params![
                    name,
                    person.key.as_str(),
                    person.name,
                    serde_json::to_string(person)?,
                    signed(now.unix())
                ])?;
            }
            let mut insert = transaction.prepare(INSERT_TEAM)?;
            for team in &projection.teams {
                insert.execute(params![
                    name,
                    team.key.as_str(),
                    serde_json::to_string(team)?
                ])?;
            }
        }
        transaction.execute(MARK_SYNCED, params![name, signed(now.unix())])?;
        transaction.commit()?;
        Ok(())
    }

    /// Notes that everybody of `directory` who is known here has been asked about.
    pub fn mark_synced(&self, directory: &DirectoryName, now: Time) -> Result<(), StoreError> {
        self.connection()
            .execute(MARK_SYNCED, params![directory.as_str(), signed(now.unix())])?;
        Ok(())
    }

    /// The persons of `directory`, by key.
    pub fn people(&self, directory: &DirectoryName) -> Result<Vec<KnownPerson>, StoreError> {
        let connection = self.connection();
        let mut select = connection
            .prepare_cached("SELECT body, seen FROM person WHERE directory = ?1 ORDER BY key")?;
        let mut rows = select.query([directory.as_str()])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(KnownPerson {
                person: body_of(row)?,
                seen: Time::from_unix(unsigned(row.get(1)?)),
            });
        }
        Ok(found)
    }

    /// The groups of `directory`, by key.
    pub fn teams(&self, directory: &DirectoryName) -> Result<Vec<Team>, StoreError> {
        teams_of(&self.connection(), directory)
    }

    /// The keys of the persons of `directory`: what the shrink guard compares with.
    pub fn person_keys(&self, directory: &DirectoryName) -> Result<Vec<ImmutableKey>, StoreError> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT key FROM person WHERE directory = ?1")?;
        let keys = select.query_map([directory.as_str()], |row| {
            Ok(ImmutableKey::stored(&row.get::<_, String>(0)?))
        })?;
        Ok(keys.collect::<Result<_, _>>()?)
    }
}

pub(super) const INSERT_PERSON: &str = "INSERT OR REPLACE INTO person VALUES (?1, ?2, ?3, ?4, ?5)";
pub(super) const INSERT_TEAM: &str = "INSERT OR REPLACE INTO team VALUES (?1, ?2, ?3)";
const MARK_SYNCED: &str = "INSERT OR REPLACE INTO directory VALUES (?1, ?2)";

/// The groups of `directory`, by key.
pub(super) fn teams_of(
    connection: &Connection,
    directory: &DirectoryName,
) -> Result<Vec<Team>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT body FROM team WHERE directory = ?1 ORDER BY key")?;
    let mut rows = select.query([directory.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(body_of(row)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(key: &str, name: &str) -> Person {
        Person::named(ImmutableKey::given(key), name)
    }

    #[test]
    fn a_finished_sync_replaces_what_the_directory_contributed() {
        let store = Store::in_memory().unwrap();
        let corp = DirectoryName::new("corp").unwrap();
        let both = Projection {
            people: vec![person("1", "ada"), person("2", "bob")],
            ..Projection::default()
        };
        store.replace(&corp, &both, Time::from_unix(5)).unwrap();
        let one = Projection {
            people: vec![person("2", "bob")],
            ..Projection::default()
        };
        store.replace(&corp, &one, Time::from_unix(9)).unwrap();
        let bob = KnownPerson {
            person: person("2", "bob"),
            seen: Time::from_unix(9),
        };
        assert_eq!(store.people(&corp).unwrap(), [bob]);
        assert_eq!(store.synced(&corp).unwrap(), Some(Time::from_unix(9)));
        let other = DirectoryName::new("other").unwrap();
        assert_eq!(store.people(&other).unwrap(), []);
    }
}
