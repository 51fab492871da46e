//! Offline verifiers on disk: the newer exchange wins, also over a removal.

use std::sync::atomic::Ordering;

use super::disk::{OptionalExtension, Store, StoreError, params, signed, unsigned};
use super::names::Owner;
use crate::clock::Time;

/// A stored verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVerifier {
    /// The verifier's text form.
    pub text: String,
    /// When the server said yes.
    pub written: Time,
    /// When the secret itself expires.
    pub expires: Option<Time>,
    /// How often the server has since refused the very secret that this accepts.
    pub refusals: u32,
}

impl Store {
    /// A number greater than every one handed out or stored before: taken at the start of an exchange.
    pub fn next_sequence(&self) -> i64 {
        self.sequence
            .fetch_add(1, Ordering::SeqCst)
            .saturating_add(1)
    }

    /// The verifier of `owner`, if there is one.
    pub fn verifier(&self, owner: &Owner) -> Result<Option<StoredVerifier>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT text, written, expires, refusals FROM verifier WHERE directory = ?1 AND key = ?2 AND text IS NOT NULL",
        )?;
        let row = select
            .query_row([owner.directory.as_str(), owner.key.as_str()], |row| {
                Ok(StoredVerifier {
                    text: row.get(0)?,
                    written: Time::from_unix(unsigned(row.get(1)?)),
                    expires: row
                        .get::<_, Option<i64>>(2)?
                        .map(|at| Time::from_unix(unsigned(at))),
                    refusals: row.get(3)?,
                })
            })
            .optional()?;
        Ok(row)
    }

    /// Keeps a verifier from the exchange `sequence`, unless a newer exchange has written or removed one.
    pub fn keep_verifier(
        &self,
        owner: &Owner,
        sequence: i64,
        verifier: &StoredVerifier,
    ) -> Result<(), StoreError> {
        self.write_verifier(
            owner,
            sequence,
            Some(&verifier.text),
            verifier.written,
            verifier.expires,
        )
    }

    /// Removes the verifier of `owner`, unless a newer exchange has written one.
    pub fn remove_verifier(&self, owner: &Owner, sequence: i64) -> Result<(), StoreError> {
        self.write_verifier(owner, sequence, None, Time::default(), None)
    }

    /// Counts one more refusal of the very secret that the verifier accepts; gives the count.
    pub fn count_refusal(&self, owner: &Owner) -> Result<u32, StoreError> {
        self.write_aside(|connection| {
            let mut update = connection.prepare_cached(
                "UPDATE verifier SET refusals = refusals + 1 WHERE directory = ?1 AND key = ?2 RETURNING refusals",
            )?;
            let count = update
                .query_row([owner.directory.as_str(), owner.key.as_str()], |row| {
                    row.get(0)
                })
                .optional()?;
            Ok(count.unwrap_or(0))
        })
    }

    fn write_verifier(
        &self,
        owner: &Owner,
        sequence: i64,
        text: Option<&str>,
        written: Time,
        expires: Option<Time>,
    ) -> Result<(), StoreError> {
        self.write_aside(|connection| {
            connection.execute(
                "INSERT INTO verifier VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT (directory, key) DO UPDATE SET
                 sequence = excluded.sequence, text = excluded.text, written = excluded.written,
                 expires = excluded.expires, refusals = 0 WHERE excluded.sequence > sequence",
                params![
                    owner.directory.as_str(),
                    owner.key.as_str(),
                    sequence,
                    text,
                    signed(written.unix()),
                    expires.map(|at| signed(at.unix()))
                ],
            )?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ImmutableKey;
    use crate::name::DirectoryName;

    #[test]
    fn a_late_write_does_not_resurrect_a_removed_verifier() {
        let store = Store::in_memory().unwrap();
        let ada = Owner {
            directory: DirectoryName::new("corp").unwrap(),
            key: ImmutableKey::given("1"),
        };
        let verifier = StoredVerifier {
            text: "v".into(),
            written: Time::from_unix(1),
            expires: None,
            refusals: 0,
        };
        let login = store.next_sequence();
        let lock = store.next_sequence();
        store.remove_verifier(&ada, lock).unwrap();
        store.keep_verifier(&ada, login, &verifier).unwrap();
        assert_eq!(store.verifier(&ada).unwrap(), None);
        store
            .keep_verifier(&ada, store.next_sequence(), &verifier)
            .unwrap();
        assert_eq!(store.verifier(&ada).unwrap(), Some(verifier));
        assert_eq!(store.count_refusal(&ada).unwrap(), 1);
        assert_eq!(store.count_refusal(&ada).unwrap(), 2);
    }
}
