//! Wrong tries on disk: what the throttle must not forget when the broker restarts.

use super::disk::{OptionalExtension, Store, StoreError, params, signed, unsigned};
use super::names::Owner;
use crate::clock::Time;

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
        let mut connection = self.connection();
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
    }

    /// Takes one counted try back: it was counted beforehand and turned out right.
    pub fn take_back_failure(&self, owner: &Owner, source: &str) -> Result<(), StoreError> {
        let mut connection = self.connection();
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
    }

    /// Forgets the wrong tries from `source` after a right one.
    pub fn forgive(&self, owner: &Owner, source: &str, now: Time) -> Result<(), StoreError> {
        self.connection().execute(
            "INSERT INTO attempt VALUES (?1, ?2, ?3, 0, 0, ?4) ON CONFLICT (directory, key, source) DO UPDATE SET
             failures = 0, last_success = excluded.last_success",
            params![owner.directory.as_str(), owner.key.as_str(), source, signed(now.unix())],
        )?;
        Ok(())
    }

    /// Drops what is older than `before`, so that strangers cannot fill the disk.
    pub fn forget_attempts(&self, before: Time) -> Result<(), StoreError> {
        self.connection().execute(
            "DELETE FROM attempt WHERE max(last_failure, last_success) < ?1",
            [signed(before.unix())],
        )?;
        Ok(())
    }
}

fn hour(now: Time) -> i64 {
    signed(now.unix() / 3600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ImmutableKey;
    use crate::name::DirectoryName;

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
