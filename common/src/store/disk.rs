//! The SQLite file: opening, schema, facts and tombstones. Nothing else names rusqlite.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) use rusqlite::{
    Connection, OptionalExtension, Params, Result as RowResult, Row, Transaction, params,
};

use super::projection::Counts;
use super::registry::ACCOUNTS;
use super::written::Noted;
use crate::account::Uid;
use crate::clock::Time;
use crate::name::{DirectoryName, UserName};
use crate::snapshot::content::Tombstone;

/// The schema's version. An older file is brought up to it; one of a later version
/// is set aside and rebuilt.
const SCHEMA_VERSION: i64 = 6;

/// From version 1: who was seen when, and the names to look persons up by.
const FROM_VERSION_1: &str = "
CREATE TABLE person_2 (directory TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
                       seen INTEGER NOT NULL, PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
INSERT INTO person_2 SELECT person.directory, key, body ->> 'name', body, coalesce(synced, 0)
                     FROM person LEFT JOIN directory ON directory.name = person.directory;
DROP TABLE person;
ALTER TABLE person_2 RENAME TO person;
CREATE INDEX person_name ON person (directory, name);
";

/// From version 2: memberships stand with who is held, as numbers that no other group gets
/// later, and directories know how far their history was read.
const FROM_VERSION_2: &str = "
ALTER TABLE directory ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
ALTER TABLE directory ADD COLUMN cursor TEXT;
ALTER TABLE directory ADD COLUMN settings INTEGER;
UPDATE directory SET whole = synced;
ALTER TABLE team RENAME TO team_2;
CREATE TABLE team (id INTEGER PRIMARY KEY AUTOINCREMENT, directory TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,
                   gid INTEGER, active INTEGER NOT NULL, groups TEXT NOT NULL, UNIQUE (directory, key)) STRICT;
INSERT INTO team (directory, key, name, gid, active, groups)
    SELECT directory, key, body ->> 'name', body ->> 'gid', body ->> 'active', '[]' FROM team_2;
CREATE TEMP TABLE held AS
    SELECT team.directory, lower(member.value) AS name, team.id
    FROM team JOIN team_2 USING (directory, key), json_each(team_2.body, '$.members') AS member;
CREATE INDEX temp.held_name ON held (directory, name);
ALTER TABLE person RENAME TO person_2;
DROP INDEX person_name;
CREATE TABLE person (directory TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
                     seen INTEGER NOT NULL, groups TEXT NOT NULL, PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
INSERT INTO person SELECT directory, key, name, body, seen,
    (SELECT json_group_array(held.id) FROM held WHERE held.directory = person_2.directory AND held.name = lower(person_2.name))
    FROM person_2;
DROP TABLE person_2;
DROP TABLE team_2;
DROP TABLE held;
CREATE INDEX person_name ON person (directory, name COLLATE NOCASE);
CREATE INDEX team_name ON team (directory, name COLLATE NOCASE);
";

/// From version 3: whom root has shut out.
const FROM_VERSION_3: &str = "
CREATE TABLE revocation (directory TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL,
                         PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
";

/// From version 4: groups have types. They are not known until a directory is read again.
const FROM_VERSION_4: &str = "
ALTER TABLE team ADD COLUMN group_type TEXT;
";

const SCHEMA: &str = "
CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE directory (name TEXT PRIMARY KEY, synced INTEGER NOT NULL, whole INTEGER NOT NULL, cursor TEXT,
                        settings INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE person (directory TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
                     seen INTEGER NOT NULL, groups TEXT NOT NULL, PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
CREATE INDEX person_name ON person (directory, name COLLATE NOCASE);
CREATE TABLE team (id INTEGER PRIMARY KEY AUTOINCREMENT, directory TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,
                   gid INTEGER, active INTEGER NOT NULL, groups TEXT NOT NULL, group_type TEXT, UNIQUE (directory, key)) STRICT;
CREATE INDEX team_name ON team (directory, name COLLATE NOCASE);
CREATE TABLE identity (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, namespace TEXT NOT NULL, key TEXT NOT NULL,
                       name TEXT NOT NULL, source TEXT NOT NULL, current INTEGER NOT NULL) STRICT;
CREATE INDEX identity_holder ON identity (kind, namespace, key);
CREATE TABLE owner (kind TEXT NOT NULL, name TEXT NOT NULL, directory TEXT NOT NULL, key TEXT NOT NULL,
                    PRIMARY KEY (kind, name)) STRICT, WITHOUT ROWID;
CREATE TABLE tombstone (name TEXT PRIMARY KEY, uid INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE verifier (directory TEXT NOT NULL, key TEXT NOT NULL, sequence INTEGER NOT NULL, text TEXT,
                       written INTEGER NOT NULL, expires INTEGER, refusals INTEGER NOT NULL,
                       PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
CREATE TABLE attempt (directory TEXT NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, failures INTEGER NOT NULL,
                      last_failure INTEGER NOT NULL, last_success INTEGER NOT NULL,
                      PRIMARY KEY (directory, key, source)) STRICT, WITHOUT ROWID;
CREATE TABLE budget (directory TEXT NOT NULL, key TEXT NOT NULL, hour INTEGER NOT NULL, failures INTEGER NOT NULL,
                     PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
CREATE TABLE revocation (directory TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL,
                         PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
";

/// Why the store could not do its work. The caller refuses or goes on without, as it says there.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened, read or written (disk full, damaged, locked).
    #[error("the store: {0}")]
    Database(#[from] rusqlite::Error),
    /// A row that this version did not write.
    #[error("the store holds a row that cannot be read: {0}")]
    Row(#[from] serde_json::Error),
    /// Somebody else has been given the id meanwhile: nothing is written.
    #[error("the store: the id {0} was given to another key meanwhile")]
    Given(u32),
    /// The file could not be set aside.
    #[error("the store's file: {0}")]
    File(#[from] std::io::Error),
}

/// The broker's store.
pub struct Store {
    connection: Mutex<Connection>,
    /// Held while somebody decides about ids and names.
    decisions: Mutex<()>,
    /// Never held while the connection is asked for.
    pub(super) noted: Mutex<Noted>,
    /// The rows ever written of which is known that they leave everybody there who is.
    pub(super) told: AtomicU64,
    /// How many each directory contributed, and [`Store::untold`] then.
    pub(super) counted: Mutex<HashMap<DirectoryName, (u64, Counts)>>,
    /// The last sequence number handed out.
    pub(super) sequence: AtomicI64,
}

impl Store {
    /// Opens the store at `path`, makes it where there is none, and sets a file
    /// of another version aside (`path` with `.old`): everything in it can be had again.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = match prepare(Connection::open(path)?)? {
            Some(connection) => connection,
            None => {
                std::fs::rename(path, path.with_extension("old"))?;
                prepare(Connection::open(path)?)?.ok_or(rusqlite::Error::InvalidQuery)?
            }
        };
        Self::over(connection)
    }

    /// A store without a file, for tests.
    pub fn in_memory() -> Result<Self, StoreError> {
        let connection =
            prepare(Connection::open_in_memory()?)?.ok_or(rusqlite::Error::InvalidQuery)?;
        Self::over(connection)
    }

    fn over(connection: Connection) -> Result<Self, StoreError> {
        let last = connection.query_row("SELECT max(sequence) FROM verifier", [], |row| {
            row.get::<_, Option<i64>>(0)
        })?;
        Ok(Self {
            connection: Mutex::new(connection),
            decisions: Mutex::new(()),
            noted: Mutex::default(),
            told: AtomicU64::default(),
            counted: Mutex::default(),
            sequence: AtomicI64::new(last.unwrap_or(0)),
        })
    }

    /// The connection; a thread that panicked with it has rolled back, so it can be used on.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn to decide about ids and owners of names: between reading the ledger
    /// and writing what came of it, nobody else may. Never taken while the connection is.
    pub fn deciding(&self) -> MutexGuard<'_, ()> {
        self.decisions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Everybody who was served once and is not any more.
    pub fn tombstones(&self) -> Result<Vec<Tombstone>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT name, uid FROM tombstone")?;
        let rows = select.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))
        })?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(rows
            .into_iter()
            .filter_map(|(name, uid)| tombstone(&name, uid))
            .collect())
    }

    /// Keeps `gone` beside the tombstones there are, and takes those of `back` away.
    pub fn bury(&self, gone: &[Tombstone], back: &[UserName]) -> Result<(), StoreError> {
        if gone.is_empty() && back.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for name in back {
            transaction.execute("DELETE FROM tombstone WHERE name = ?1", [name.as_str()])?;
        }
        for Tombstone { name, uid } in gone {
            transaction.execute(
                "INSERT OR REPLACE INTO tombstone VALUES (?1, ?2)",
                params![name.as_str(), uid.get()],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The latest moment that a server's authenticated answer vouched for.
    pub fn high_water(&self) -> Result<Time, StoreError> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT value FROM fact WHERE name = 'clock'")?;
        let value = select
            .query_row([], |row| row.get::<_, i64>(0))
            .optional()?;
        Ok(Time::from_unix(unsigned(value.unwrap_or(0))))
    }

    /// Takes `now` for right, lower than the high-water mark or not, and gives the former mark.
    /// What was noted in a future that never was counts as noted now, and verifiers from
    /// there go: how old they are cannot be told.
    pub fn take_clock_for_right(&self, now: Time) -> Result<Time, StoreError> {
        let before = self.high_water()?;
        let now = signed(now.unix());
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        transaction.execute("INSERT OR REPLACE INTO fact VALUES ('clock', ?1)", [now])?;
        for from_the_future in [
            "UPDATE directory SET synced = min(synced, ?1), whole = min(whole, ?1)",
            "UPDATE person SET seen = ?1 WHERE seen > ?1",
            "UPDATE attempt SET last_failure = min(last_failure, ?1), last_success = min(last_success, ?1)",
            "UPDATE verifier SET text = NULL, written = 0, expires = NULL WHERE written > ?1",
            "DELETE FROM budget WHERE hour > ?1 / 3600",
        ] {
            transaction.execute(from_the_future, [now])?;
        }
        transaction.commit()?;
        Ok(before)
    }

    /// Raises the high-water mark to `now`; it never falls here.
    pub fn raise_high_water(&self, now: Time) -> Result<(), StoreError> {
        self.write_aside(|connection| {
            connection.execute(
                "INSERT INTO fact VALUES ('clock', ?1) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
                [signed(now.unix())],
            )?;
            Ok(())
        })
    }
}

fn tombstone(name: &str, uid: u32) -> Option<Tombstone> {
    Some(Tombstone {
        name: UserName::new(name).ok()?,
        uid: Uid::new(uid).ok()?,
    })
}

/// Sets the connection up and makes the schema; `None` for a file of another version.
fn prepare(connection: Connection) -> Result<Option<Connection>, StoreError> {
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -1024)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let steps: &[&str] = match version {
        0 => &[SCHEMA, ACCOUNTS],
        1 => &[
            FROM_VERSION_1,
            FROM_VERSION_2,
            FROM_VERSION_3,
            FROM_VERSION_4,
            ACCOUNTS,
        ],
        2 => &[FROM_VERSION_2, FROM_VERSION_3, FROM_VERSION_4, ACCOUNTS],
        3 => &[FROM_VERSION_3, FROM_VERSION_4, ACCOUNTS],
        4 => &[FROM_VERSION_4, ACCOUNTS],
        5 => &[ACCOUNTS],
        SCHEMA_VERSION => return Ok(Some(connection)),
        _ => return Ok(None),
    };
    let steps = steps.concat();
    connection.execute_batch(&format!(
        "BEGIN; {steps} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    ))?;
    Ok(Some(connection))
}

/// The text in a column, where SQLite has it.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> RowResult<&'a str> {
    Ok(row.get_ref(column)?.as_str()?)
}

/// The JSON in the first column of a row.
pub(super) fn body_of<T: serde::de::DeserializeOwned>(row: &Row<'_>) -> Result<T, StoreError> {
    let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(serde_json::from_str(text)?)
}

/// SQLite's integers are signed; moments beyond 292 billion years are cut.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// What [`signed`] wrote.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::DirectoryName;

    #[test]
    fn a_store_of_a_later_version_is_set_aside_and_rebuilt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", 99)
            .unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.tombstones().unwrap(), vec![]);
        assert!(path.with_extension("old").exists());
    }

    #[test]
    fn the_high_water_mark_never_falls() {
        let store = Store::in_memory().unwrap();
        store.raise_high_water(Time::from_unix(100)).unwrap();
        store.raise_high_water(Time::from_unix(50)).unwrap();
        assert_eq!(store.high_water().unwrap(), Time::from_unix(100));
    }

    #[test]
    fn a_store_of_version_4_learns_types_and_keeps_every_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(SCHEMA).unwrap();
        old.execute_batch(
            "ALTER TABLE team DROP COLUMN group_type;
             INSERT INTO directory VALUES ('corp', 5, 5, 'c', 7);
             INSERT INTO team (directory, key, name, gid, active, groups) VALUES ('corp', 'name:ops', 'ops', 7000, 1, '[]');
             PRAGMA user_version = 4;",
        )
        .unwrap();
        drop(old);
        let store = Store::open(&path).unwrap();
        assert!(!path.with_extension("old").exists());
        let corp = DirectoryName::new("corp").unwrap();
        let teams = store.teams(&corp).unwrap();
        let ops = &teams[0].team;
        assert_eq!(
            (ops.name.as_str(), ops.gid, &ops.group_type),
            ("ops", Some(7000), &None)
        );
        assert_eq!(store.reading(&corp).unwrap().unwrap().settings, Some(7));
    }

    #[test]
    fn a_store_of_version_5_takes_accounts_and_keeps_what_it_had() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(SCHEMA).unwrap();
        old.execute_batch("INSERT INTO fact VALUES ('clock', 77); PRAGMA user_version = 5;")
            .unwrap();
        drop(old);
        let store = Store::open(&path).unwrap();
        assert!(!path.with_extension("old").exists());
        assert_eq!(store.high_water().unwrap(), Time::from_unix(77));
        let local = DirectoryName::new("local").unwrap();
        assert_eq!(store.accounts(&local).unwrap(), []);
    }

    #[test]
    fn a_store_of_version_1_keeps_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(
            "CREATE TABLE fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
             CREATE TABLE directory (name TEXT PRIMARY KEY, synced INTEGER NOT NULL) STRICT, WITHOUT ROWID;
             CREATE TABLE person (directory TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
                                  PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
             CREATE TABLE verifier (directory TEXT NOT NULL, key TEXT NOT NULL, sequence INTEGER NOT NULL, text TEXT,
                                    written INTEGER NOT NULL, expires INTEGER, refusals INTEGER NOT NULL,
                                    PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
             INSERT INTO fact VALUES ('clock', 77);
             INSERT INTO directory VALUES ('corp', 55);
             INSERT INTO verifier VALUES ('corp', 'key:1', 9, 'v', 1, NULL, 0);
             CREATE TABLE team (directory TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
                                PRIMARY KEY (directory, key)) STRICT, WITHOUT ROWID;
             INSERT INTO team VALUES ('corp', 'name:ops', '{\"name\":\"ops\",\"gid\":null,\"active\":true,\"members\":[\"ADA\",\"bob\"]}');
             INSERT INTO team VALUES ('corp', 'name:all', '{\"name\":\"all\",\"gid\":7000,\"active\":false,\"members\":[]}');
             PRAGMA user_version = 1;",
        )
        .unwrap();
        let body = r#"{"key":"key:1","name":"Ada","display_name":"","active":true,"uid":null,"gid":null,"shell":null,"home":null,"ssh_keys":[]}"#;
        old.execute("INSERT INTO person VALUES ('corp', 'key:1', ?1)", [body])
            .unwrap();
        drop(old);
        let store = Store::open(&path).unwrap();
        assert!(!path.with_extension("old").exists());
        assert_eq!(store.high_water().unwrap(), Time::from_unix(77));
        assert_eq!(store.next_sequence(), 10);
        let people = store.people(&DirectoryName::new("corp").unwrap()).unwrap();
        assert_eq!(people[0].person.name, "Ada");
        assert_eq!(people[0].seen, Time::from_unix(55));
        let teams = store.teams(&DirectoryName::new("corp").unwrap()).unwrap();
        let of = |name: &str| teams.iter().find(|team| team.team.name == name).unwrap();
        assert_eq!(people[0].groups, [of("ops").id]);
        assert_eq!(
            (of("all").team.gid, of("all").team.active),
            (Some(7000), false)
        );
        let reading = store.reading(&DirectoryName::new("corp").unwrap()).unwrap();
        assert_eq!(reading.unwrap().whole, Time::from_unix(55));
    }
}
