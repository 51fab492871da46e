//! Whose name it is: a name belongs to one (directory, key) and is held for it.

use super::disk::{
    OptionalExtension, Row, RowResult, Store, StoreError, Transaction, params, text,
};
use super::ledger::IdKind;
use crate::directory::ImmutableKey;
use crate::name::DirectoryName;
use crate::snapshot::seeded::Map;

/// Who owns a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The directory.
    pub directory: DirectoryName,
    /// The key in it.
    pub key: ImmutableKey,
}

/// The owners of all names of one kind.
pub type Owners = Map<String, Owner>;

/// A name with whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// A user's or a group's.
    pub kind: IdKind,
    /// The canonical name.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
}

impl Store {
    /// The owners of every name that was ever served.
    pub fn owners(&self, kind: IdKind) -> Result<Owners, StoreError> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT directory, key, name FROM owner WHERE kind = ?1")?;
        let mut rows = select.query([kind.as_str()])?;
        let (mut owners, mut directory) = (Owners::default(), None);
        while let Some(row) = rows.next()? {
            let Some(directory) = same_or_new(&mut directory, text(row, 0)?) else {
                continue;
            };
            let key = ImmutableKey::stored(text(row, 1)?);
            owners.insert(row.get(2)?, Owner { directory, key });
        }
        Ok(owners)
    }

    /// At most `most` names behind `after` with their owners, by name.
    pub fn owners_after(
        &self,
        kind: IdKind,
        after: &str,
        most: u32,
    ) -> Result<Vec<Owned>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT directory, key, name FROM owner WHERE kind = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
        )?;
        let rows = select.query_map(params![kind.as_str(), after, most], named_owner_of)?;
        let owned = rows
            .filter_map(Result::transpose)
            .map(|row| row.map(|(name, owner)| Owned { kind, name, owner }));
        Ok(owned.collect::<Result<_, _>>()?)
    }

    /// The owner of one name.
    pub fn owner(&self, kind: IdKind, name: &str) -> Result<Option<Owner>, StoreError> {
        let connection = self.connection();
        let mut select = connection
            .prepare_cached("SELECT directory, key FROM owner WHERE kind = ?1 AND name = ?2")?;
        let owner = select
            .query_row([kind.as_str(), name], owner_of)
            .optional()?;
        Ok(owner.flatten())
    }

    /// Writes new owners.
    pub fn keep_owners(&self, kind: IdKind, new: &[(String, Owner)]) -> Result<(), StoreError> {
        if new.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        for (name, owner) in new {
            write_owner(&transaction, kind, name, owner)?;
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

/// The directory called `name`, which rows in a row share; none that could not be configured any more.
fn same_or_new(last: &mut Option<DirectoryName>, name: &str) -> Option<DirectoryName> {
    if last.as_ref().is_none_or(|last| last.as_str() != name) {
        *last = DirectoryName::new(name).ok();
    }
    last.clone()
}

/// The first two columns; nobody, where the directory could not be configured any more.
fn owner_of(row: &Row<'_>) -> RowResult<Option<Owner>> {
    let (directory, key) = (text(row, 0)?, text(row, 1)?);
    Ok(DirectoryName::new(directory).ok().map(|directory| Owner {
        directory,
        key: ImmutableKey::stored(key),
    }))
}

fn named_owner_of(row: &Row<'_>) -> RowResult<Option<(String, Owner)>> {
    let name = row.get(2)?;
    Ok(owner_of(row)?.map(|owner| (name, owner)))
}

pub(super) fn write_owners(
    transaction: &Transaction<'_>,
    owners: &[Owned],
) -> Result<(), StoreError> {
    for Owned { kind, name, owner } in owners {
        write_owner(transaction, *kind, name, owner)?;
    }
    Ok(())
}

fn write_owner(
    transaction: &Transaction<'_>,
    kind: IdKind,
    name: &str,
    Owner { directory, key }: &Owner,
) -> Result<(), StoreError> {
    let mut write =
        transaction.prepare_cached("INSERT OR REPLACE INTO owner VALUES (?1, ?2, ?3, ?4)")?;
    write.execute(params![
        kind.as_str(),
        name,
        directory.as_str(),
        key.as_str()
    ])?;
    Ok(())
}
