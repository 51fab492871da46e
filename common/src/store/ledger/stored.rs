//! The ledger on disk: read whole for an assembly, in pages to be shown, and written
//! by differences.

use std::sync::Arc;

use super::{Entry, Holder, IdKind, IdSource, IdSpace, Ledger};
use crate::directory::ImmutableKey;
use crate::store::disk::{Params, Row, RowResult, Store, StoreError, Transaction, params, text};
use crate::store::names::{Owned, write_owners};

/// A query for what [`entry_of`] reads.
macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, kind, namespace, key, name, source, current FROM identity ",
            $which
        )
    };
}

/// An entry stays its key's, whatever is written: an id that another key has is not overwritten.
const WRITE: &str = "INSERT INTO identity VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, source = excluded.source, current = excluded.current
    WHERE kind = excluded.kind AND namespace = excluded.namespace AND key = excluded.key";

/// Whether ids that are nobody's any more are wanted, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Former {
    /// Current ones and those that are only kept from others.
    Shown,
    /// Current ones only.
    Hidden,
}

impl Store {
    /// The whole ledger.
    pub fn ledger(&self, space: IdSpace) -> Result<Ledger, StoreError> {
        Ok(Ledger::new(space, self.entries(select!(""), [])?))
    }

    /// The current entry of one holder.
    pub fn identity(&self, holder: &Holder) -> Result<Option<Entry>, StoreError> {
        let entries = self.entries_of(holder)?;
        Ok(entries.into_iter().find(|entry| entry.current))
    }

    /// Every entry of one holder, by id.
    pub fn entries_of(&self, holder: &Holder) -> Result<Vec<Entry>, StoreError> {
        let Holder {
            kind,
            namespace,
            key,
        } = holder;
        self.entries(
            select!("WHERE kind = ?1 AND namespace = ?2 AND key = ?3 ORDER BY id"),
            params![kind.as_str(), &**namespace, key.as_str()],
        )
    }

    /// Every entry that was given under this name, by id.
    pub fn entries_named(&self, kind: IdKind, name: &str) -> Result<Vec<Entry>, StoreError> {
        self.entries(
            select!("WHERE kind = ?1 AND name = ?2 ORDER BY id"),
            [kind.as_str(), name],
        )
    }

    /// The entry of one id.
    pub fn entry_with(&self, id: u32) -> Result<Option<Entry>, StoreError> {
        let entries = self.entries(select!("WHERE id = ?1"), [id])?;
        Ok(entries.into_iter().next())
    }

    /// At most `most` entries with an id above `after`, by id.
    pub fn entries_after(
        &self,
        after: u32,
        former: Former,
        most: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        self.entries(
            select!("WHERE id > ?1 AND (current OR ?2) ORDER BY id LIMIT ?3"),
            params![after, former == Former::Shown, most],
        )
    }

    /// Writes the changes of `ledger`, before anything that uses them is published.
    pub fn keep_ledger(&self, ledger: &Ledger) -> Result<(), StoreError> {
        self.keep_import(ledger, &[])
    }

    /// Writes the changes of `ledger` and new owners of names, all of it or nothing.
    pub fn keep_import(&self, ledger: &Ledger, owners: &[Owned]) -> Result<(), StoreError> {
        if ledger.changes().next().is_none() && owners.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        write_changes(&transaction, ledger)?;
        write_owners(&transaction, owners)?;
        transaction.commit()?;
        Ok(())
    }

    fn entries(&self, select: &str, wanted: impl Params) -> Result<Vec<Entry>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(select)?;
        let mut rows = select.query(wanted)?;
        let (mut found, mut namespace) = (Vec::new(), Arc::from(""));
        while let Some(row) = rows.next()? {
            found.push(entry_of(row, &mut namespace)?);
        }
        Ok(found)
    }
}

/// A text that a later version wrote is taken for the one that promises least. Rows in a row
/// that have the same namespace share it.
fn entry_of(row: &Row<'_>, namespace: &mut Arc<str>) -> RowResult<Entry> {
    let said = text(row, 2)?;
    if said != &**namespace {
        *namespace = Arc::from(said);
    }
    let holder = Holder {
        kind: IdKind::named(text(row, 1)?).unwrap_or(IdKind::Group),
        namespace: Arc::clone(namespace),
        key: ImmutableKey::stored(text(row, 3)?),
    };
    Ok(Entry {
        id: row.get(0)?,
        holder,
        name: row.get(4)?,
        source: IdSource::named(text(row, 5)?).unwrap_or(IdSource::Derived),
        current: row.get(6)?,
    })
}

fn write_changes(transaction: &Transaction<'_>, ledger: &Ledger) -> Result<(), StoreError> {
    let mut write = transaction.prepare_cached(WRITE)?;
    for entry in ledger.changes() {
        let Holder {
            kind,
            namespace,
            key,
        } = &entry.holder;
        let written = write.execute(params![
            entry.id,
            kind.as_str(),
            &**namespace,
            key.as_str(),
            entry.name,
            entry.source.as_str(),
            entry.current
        ])?;
        if written == 0 {
            return Err(StoreError::Given(entry.id));
        }
    }
    Ok(())
}
