//! Wrong tries on disk: what the throttle must not forget when the broker restarts.

use super::disk::{OptionalExtension, Row, RowResult, Store, StoreError, params, signed, unsigned};
use super::names::Owner;
use crate::clock::Time;
use crate::directory::ImmutableKey;
use crate::name::DirectoryName;

/// What is known of one (person, source).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Wrong tries since the last success.
    pub failures: u32,
    /// When the last of them was.
    pub last_failure: Time,
    /// When this source last knew the secret; zero never.
    pub last_success: Time,
    /// Wrong tries at this person from everywhere, in the current hour.
    pub this_hour: u32,
}

/// Wrong tries at one person from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedFrom {
    /// At whom.
    pub owner: Owner,
    /// The name that this person holds, if one is known.
    pub name: Option<String>,
    /// From where.
    pub source: String,
    /// How often.
    pub attempts: Attempts,
}

impl Store {
    /// What is known of tries at `owner` from `source`.
    pub fn attempts(&self, owner: &Owner, source: &str, now: Time) -> Result<Attempts, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT failures, last_failure, last_success FROM attempt WHERE directory = ?1 AND key = ?2 AND source = ?3",
        )?;
        let (directory, key) = (owner.directory.as_str(), owner.key.as_str());
        let known = select
            .query_row([directory, key, source], |row| {
                Ok(Attempts {
                    failures: row.get(0)?,
                    last_failure: Time::from_unix(unsigned(row.get(1)?)),
                    last_success: Time::from_unix(unsigned(row.get(2)?)),
                    this_hour: 0,
                })
            })
            .optional()?;
        let mut select = connection.prepare_cached(
            "SELECT failures FROM budget WHERE directory = ?1 AND key = ?2 AND hour = ?3",
        )?;
        let spent = select
            .query_row(params![directory, key, hour(now)], |row| row.get(0))
            .optional()?;
        Ok(Attempts {
            this_hour: spent.unwrap_or(0),
            ..known.unwrap_or_default()
        })
    }

    /// Counts a try as wrong, before anybody hears that it is.
    pub fn count_failure(&self, owner: &Owner, source: &str, now: Time) -> Result<(), StoreError> {
        self.write_aside(|connection| {
            let transaction = connection.transaction()?;
            let (directory, key) = (owner.directory.as_str(), owner.key.as_str());
            transaction.execute(
                "INSERT INTO attempt VALUES (?1, ?2, ?3, 1, ?4, 0) ON CONFLICT (directory, key, source) DO UPDATE SET
                 failures = failures + 1, last_failure = excluded.last_failure",
                params![directory, key, source, signed(now.unix())],
            )?;
            transaction.execute(
                "INSERT INTO budget VALUES (?1, ?2, ?3, 1) ON CONFLICT (directory, key) DO UPDATE SET
                 failures = CASE WHEN hour = excluded.hour THEN failures + 1 ELSE 1 END, hour = excluded.hour",
                params![directory, key, hour(now)],
            )?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Takes one counted try back: it was counted beforehand and turned out right.
    pub fn take_back_failure(&self, owner: &Owner, source: &str) -> Result<(), StoreError> {
        self.write_aside(|connection| {
            let transaction = connection.transaction()?;
            let (directory, key) = (owner.directory.as_str(), owner.key.as_str());
            transaction.execute(
                "UPDATE attempt SET failures = max(failures - 1, 0) WHERE directory = ?1 AND key = ?2 AND source = ?3",
                [directory, key, source],
            )?;
            transaction.execute(
                "UPDATE budget SET failures = max(failures - 1, 0) WHERE directory = ?1 AND key = ?2",
                [directory, key],
            )?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Forgets the wrong tries from `source` after a right one.
    pub fn forgive(&self, owner: &Owner, source: &str, now: Time) -> Result<(), StoreError> {
        self.write_aside(|connection| {
            connection.execute(
                "INSERT INTO attempt VALUES (?1, ?2, ?3, 0, 0, ?4) ON CONFLICT (directory, key, source) DO UPDATE SET
                 failures = 0, last_success = excluded.last_success",
                params![owner.directory.as_str(), owner.key.as_str(), source, signed(now.unix())],
            )?;
            Ok(())
        })
    }

    /// At most `most` sources with wrong tries since their last right one, without the first `after`.
    pub fn tries(&self, now: Time, after: u64, most: u32) -> Result<Vec<TriedFrom>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT attempt.directory, attempt.key, source, attempt.failures, last_failure, last_success, budget.failures, owner.name
             FROM attempt
             LEFT JOIN budget ON budget.directory = attempt.directory AND budget.key = attempt.key AND hour = ?1
             LEFT JOIN owner ON owner.kind = 'user' AND owner.directory = attempt.directory AND owner.key = attempt.key
             WHERE attempt.failures > 0
             ORDER BY attempt.directory, attempt.key, source LIMIT ?2 OFFSET ?3",
        )?;
        let rows = select.query_map(params![hour(now), most, signed(after)], tried_from)?;
        let found = rows.filter_map(Result::transpose);
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Forgets the wrong tries at one person, or at everybody; gives the number of sources.
    pub fn clear_tries(&self, owner: Option<&Owner>) -> Result<u64, StoreError> {
        self.write_aside(|connection| {
            let transaction = connection.transaction()?;
            let forgotten = match owner {
                Some(Owner { directory, key }) => {
                    let whose = [directory.as_str(), key.as_str()];
                    transaction.execute(
                        "DELETE FROM budget WHERE directory = ?1 AND key = ?2",
                        whose,
                    )?;
                    transaction.execute(
                        "UPDATE attempt SET failures = 0 WHERE failures > 0 AND directory = ?1 AND key = ?2",
                        whose,
                    )?
                }
                None => {
                    transaction.execute("DELETE FROM budget", [])?;
                    transaction.execute("UPDATE attempt SET failures = 0 WHERE failures > 0", [])?
                }
            };
            transaction.commit()?;
            Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
        })
    }

    /// Drops what is older than `before`, so that strangers cannot fill the disk.
    pub fn forget_attempts(&self, before: Time) -> Result<(), StoreError> {
        self.write_aside(|connection| {
            connection.execute(
                "DELETE FROM attempt WHERE max(last_failure, last_success) < ?1",
                [signed(before.unix())],
            )?;
            Ok(())
        })
    }
}

fn tried_from(row: &Row<'_>) -> RowResult<Option<TriedFrom>> {
    let directory: String = row.get(0)?;
    let key: String = row.get(1)?;
    let Ok(directory) = DirectoryName::new(&directory) else {
        return Ok(None);
    };
    Ok(Some(TriedFrom {
        owner: Owner {
            directory,
            key: ImmutableKey::stored(&key),
        },
        source: row.get(2)?,
        attempts: Attempts {
            failures: row.get(3)?,
            last_failure: Time::from_unix(unsigned(row.get(4)?)),
            last_success: Time::from_unix(unsigned(row.get(5)?)),
            this_hour: row.get::<_, Option<u32>>(6)?.unwrap_or(0),
        },
        name: row.get(7)?,
    }))
}

fn hour(now: Time) -> i64 {
    signed(now.unix() / 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_tries_are_counted_per_source_and_per_person_and_forgiven_after_a_right_one() {
        let store = Store::in_memory().unwrap();
        let ada = Owner {
            directory: DirectoryName::new("corp").unwrap(),
            key: ImmutableKey::given("1"),
        };
        let now = Time::from_unix(7200);
        for source in ["a", "a", "b"] {
            store.count_failure(&ada, source, now).unwrap();
        }
        assert_eq!(store.attempts(&ada, "a", now).unwrap().failures, 2);
        assert_eq!(store.attempts(&ada, "a", now).unwrap().this_hour, 3);
        assert_eq!(
            store
                .attempts(&ada, "a", Time::from_unix(10_800))
                .unwrap()
                .this_hour,
            0
        );
        store.count_failure(&ada, "a", now).unwrap();
        store.forgive(&ada, "a", now).unwrap();
        let after = store.attempts(&ada, "a", now).unwrap();
        assert_eq!(
            (after.failures, after.last_success, after.this_hour),
            (0, now, 4)
        );
        assert_eq!(store.attempts(&ada, "b", now).unwrap().failures, 1);
    }

    #[test]
    fn a_try_that_turned_out_right_is_taken_back() {
        let store = Store::in_memory().unwrap();
        let ada = Owner {
            directory: DirectoryName::new("corp").unwrap(),
            key: ImmutableKey::given("1"),
        };
        store.count_failure(&ada, "a", Time::from_unix(0)).unwrap();
        store.take_back_failure(&ada, "a").unwrap();
        assert_eq!(
            store
                .attempts(&ada, "a", Time::from_unix(0))
                .unwrap()
                .failures,
            0
        );
    }
}
