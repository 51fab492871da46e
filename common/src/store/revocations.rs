//! Whom root has shut out of this host, whatever the directory says: bound to the person's
//! key, and kept until root takes it back.

use std::collections::HashSet;

use super::disk::{OptionalExtension, Store, StoreError, params, signed, unsigned};
use super::names::Owner;
use crate::clock::Time;
use crate::directory::ImmutableKey;
use crate::name::DirectoryName;

/// Somebody who is shut out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Who.
    pub owner: Owner,
    /// The name when root said so.
    pub name: String,
    /// Since when.
    pub since: Time,
}

/// Everybody who is shut out, by directory and key.
#[derive(Debug, Clone, Default)]
pub struct Revoked(HashSet<(String, String)>);

impl Revoked {
    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `owner` is.
    pub fn holds(&self, owner: &Owner) -> bool {
        // Mostly there is nobody: then no key is put together.
        !self.is_empty()
            && self
                .0
                .contains(&(owner.directory.to_string(), owner.key.to_string()))
    }
}

impl Store {
    /// Shuts `owner` out from `now` on; the verifier goes with it. `false` if that was so already.
    pub fn revoke(&self, owner: &Owner, name: &str, now: Time) -> Result<bool, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let (directory, key) = (owner.directory.as_str(), owner.key.as_str());
        let new = transaction.execute(
            "INSERT OR IGNORE INTO revocation VALUES (?1, ?2, ?3, ?4)",
            params![directory, key, name, signed(now.unix())],
        )?;
        transaction.commit()?;
        Ok(new > 0)
    }

    /// Takes it back. `false` if there was nothing to take back.
    pub fn unrevoke(&self, owner: &Owner) -> Result<bool, StoreError> {
        let gone = self.connection().execute(
            "DELETE FROM revocation WHERE directory = ?1 AND key = ?2",
            [owner.directory.as_str(), owner.key.as_str()],
        )?;
        Ok(gone > 0)
    }

    /// Whether `owner` is shut out.
    pub fn is_revoked(&self, owner: &Owner) -> Result<bool, StoreError> {
        let connection = self.connection();
        let mut select = connection
            .prepare_cached("SELECT 1 FROM revocation WHERE directory = ?1 AND key = ?2")?;
        let found = select
            .query_row([owner.directory.as_str(), owner.key.as_str()], |_| Ok(()))
            .optional()?;
        Ok(found.is_some())
    }

    /// Everybody who is shut out, by name.
    pub fn revocations(&self) -> Result<Vec<Revocation>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT directory, key, name, since FROM revocation ORDER BY name, directory, key",
        )?;
        let rows = select.query_map([], |row| {
            let directory: String = row.get(0)?;
            let key: String = row.get(1)?;
            let revocation = DirectoryName::new(&directory).map(|directory| Revocation {
                owner: Owner {
                    directory,
                    key: ImmutableKey::stored(&key),
                },
                name: row.get(2).unwrap_or_default(),
                since: Time::from_unix(unsigned(row.get(3).unwrap_or(0))),
            });
            Ok(revocation.ok())
        })?;
        let found = rows.filter_map(Result::transpose);
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The same, for asking about many.
    pub fn revoked(&self) -> Result<Revoked, StoreError> {
        let all = self.revocations()?.into_iter();
        let keys = all.map(|one| (one.owner.directory.to_string(), one.owner.key.to_string()));
        Ok(Revoked(keys.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(key: &str) -> Owner {
        Owner {
            directory: DirectoryName::new("corp").unwrap(),
            key: ImmutableKey::given(key),
        }
    }

    #[test]
    fn whoever_is_revoked_stays_so_until_it_is_taken_back() {
        let store = Store::in_memory().unwrap();
        let now = Time::from_unix(7);
        assert!(store.revoke(&owner("1"), "ada", now).unwrap());
        assert!(
            !store
                .revoke(&owner("1"), "ada", Time::from_unix(9))
                .unwrap()
        );
        assert_eq!(store.revocations().unwrap()[0].since, now);
        assert!(store.is_revoked(&owner("1")).unwrap());
        assert!(store.revoked().unwrap().holds(&owner("1")));
        assert!(!store.is_revoked(&owner("2")).unwrap());
        assert!(!store.revoked().unwrap().holds(&owner("2")));
        assert!(store.unrevoke(&owner("1")).unwrap());
        assert!(!store.unrevoke(&owner("1")).unwrap());
        assert!(!store.is_revoked(&owner("1")).unwrap());
    }
}
