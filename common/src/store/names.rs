//! Whose name it is: a name belongs to one (directory, key) and is held for it.

use std::collections::HashMap;

use super::disk::{Store, StoreError, params};
use super::ledger::IdKind;
use crate::directory::ImmutableKey;
use crate::name::DirectoryName;

/// Who owns a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The directory.
    pub directory: DirectoryName,
    /// The key in it.
    pub key: ImmutableKey,
}

/// The owners of all names of one kind.
pub type Owners = HashMap<String, Owner>;

impl Store {
    /// The owners of every name that was ever served.
    pub fn owners(&self, kind: IdKind) -> Result<Owners, StoreError> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT name, directory, key FROM owner WHERE kind = ?1")?;
        let rows = select.query_map([kind.as_str()], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?;
        let mut owners = Owners::new();
        for row in rows {
            let (name, directory, key) = row?;
            if let Ok(directory) = DirectoryName::new(&directory) {
                owners.insert(
                    name,
                    Owner {
                        directory,
                        key: ImmutableKey::stored(&key),
                    },
                );
            }
        }
        Ok(owners)
    }

    /// The owner of one name.
    pub fn owner(&self, kind: IdKind, name: &str) -> Result<Option<Owner>, StoreError> {
        use super::disk::OptionalExtension;
        let connection = self.connection();
        let mut select = connection
            .prepare_cached("SELECT directory, key FROM owner WHERE kind = ?1 AND name = ?2")?;
        let row = select
            .query_row([kind.as_str(), name], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        Ok(row.and_then(|(directory, key)| {
            Some(Owner {
                directory: DirectoryName::new(&directory).ok()?,
                key: ImmutableKey::stored(&key),
            })
        }))
    }

    /// Writes new owners.
    pub fn keep_owners(&self, kind: IdKind, new: &[(String, Owner)]) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for (name, Owner { directory, key }) in new {
            transaction.execute(
                "INSERT OR REPLACE INTO owner VALUES (?1, ?2, ?3, ?4)",
                params![kind.as_str(), name, directory.as_str(), key.as_str()],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Forgets the owner of `name`, so that whoever claims it next gets it. Says whether there was one.
    pub fn release_name(&self, kind: IdKind, name: &str) -> Result<bool, StoreError> {
        let removed = self.connection().execute(
            "DELETE FROM owner WHERE kind = ?1 AND name = ?2",
            [kind.as_str(), name],
        )?;
        Ok(removed > 0)
    }
}
