//! The accounts of the host's own registry, with what proves them. Each decision about a
//! secret is written in the transaction that makes it.

use super::disk::{
    OptionalExtension, Row, RowResult, Store, StoreError, Transaction, params, signed, unsigned,
};
use crate::clock::Time;
use crate::directory::ImmutableKey;
use crate::name::{DirectoryName, GroupName, UserName};
use crate::registry::proof::Proof;
use crate::registry::{Account, Place, Spent, Terms};

/// From version 5: the host's own accounts.
pub(super) const ACCOUNTS: &str = "
CREATE TABLE account (directory TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, email TEXT NOT NULL,
                      full_name TEXT NOT NULL, uid INTEGER, groups TEXT NOT NULL, registered INTEGER NOT NULL,
                      last_used INTEGER, failures INTEGER NOT NULL, token TEXT, expires INTEGER, uses_left INTEGER,
                      password TEXT, PRIMARY KEY (directory, name)) STRICT, WITHOUT ROWID;
";

/// An account with what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The account.
    pub account: Account,
    /// What is kept of the token.
    pub token: Option<Proof>,
    /// What is kept of the password.
    pub password: Option<Proof>,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Everything but what proves it.
    pub account: Account,
    /// What is kept of the token; its terms stand in the account.
    pub token: Proof,
}

/// What a secret that was tried turned out to be, compared with what was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared<'a> {
    /// The token, of which this is kept.
    Token(&'a Proof),
    /// The password, of which this is kept.
    Password(&'a Proof),
    /// Neither.
    Wrong,
}

/// What was decided about a try, and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The secret is right, serves, and has been counted.
    Valid(Terms),
    /// It is wrong, or not the one that is kept any more.
    Invalid,
    /// The token is right and serves no more.
    Spent(Spent),
    /// Too many wrong ones in a row: nothing is taken until root unlocks the account.
    Locked(u32),
    /// There is no such account (any more).
    Unknown,
}

const COLUMNS: &str = "name, key, email, full_name, uid, groups, registered, last_used, failures,
                       token IS NOT NULL, expires, uses_left, password IS NOT NULL, token, password";

impl Store {
    /// Adds an account; `false` where the name is taken.
    pub fn register(
        &self,
        directory: &DirectoryName,
        new: &NewAccount,
    ) -> Result<bool, StoreError> {
        let NewAccount { account, token } = new;
        let terms = account.token.unwrap_or_default();
        let added = self.connection().execute(
            "INSERT OR IGNORE INTO account VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, 0, ?9, ?10, ?11, NULL)",
            params![
                directory.as_str(),
                account.name.as_str(),
                account.key.as_str(),
                account.email,
                account.full_name,
                account.uid,
                group_text(&account.groups)?,
                signed(account.registered.unix()),
                token.to_text(),
                terms.expires.map(|end| signed(end.unix())),
                terms.uses_left,
            ],
        )?;
        Ok(added > 0)
    }

    /// The account at `place`, with what proves it.
    pub fn kept(&self, place: Place<'_>) -> Result<Option<Kept>, StoreError> {
        let connection = self.connection();
        let select = format!("SELECT {COLUMNS} FROM account WHERE directory = ?1 AND name = ?2");
        let mut select = connection.prepare_cached(&select)?;
        let found = select.query_row([place.directory.as_str(), place.name.as_str()], kept_of);
        Ok(found.optional()?.flatten())
    }

    /// The accounts of `directory`, by name.
    pub fn accounts(&self, directory: &DirectoryName) -> Result<Vec<Account>, StoreError> {
        self.in_order(directory, "", u32::MAX, account_of)
    }

    /// The first `most` accounts of `directory` behind the name `after`, which may be empty, with what proves them.
    pub fn accounts_behind(
        &self,
        directory: &DirectoryName,
        after: &str,
        most: u32,
    ) -> Result<Vec<Kept>, StoreError> {
        self.in_order(directory, after, most, kept_of)
    }

    fn in_order<T>(
        &self,
        directory: &DirectoryName,
        after: &str,
        most: u32,
        read: fn(&Row<'_>) -> RowResult<Option<T>>,
    ) -> Result<Vec<T>, StoreError> {
        let connection = self.connection();
        let select = format!(
            "SELECT {COLUMNS} FROM account WHERE directory = ?1 AND name > ?2 ORDER BY name LIMIT ?3"
        );
        let mut select = connection.prepare_cached(&select)?;
        let rows = select.query_map(params![directory.as_str(), after, most], read)?;
        let found = rows.filter_map(Result::transpose);
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// How many accounts `directory` has.
    pub fn count_accounts(&self, directory: &DirectoryName) -> Result<u64, StoreError> {
        let select = "SELECT count(*) FROM account WHERE directory = ?1";
        let connection = self.connection();
        let count = connection.query_row(select, [directory.as_str()], |row| row.get(0))?;
        Ok(unsigned(count))
    }

    /// Decides about a secret that was compared with what the account kept then, and counts
    /// it, in one transaction: of two who come at once with a token for one use, one is let in.
    pub fn decide(
        &self,
        place: Place<'_>,
        compared: Compared<'_>,
        lock_after: Option<u32>,
        now: Time,
    ) -> Result<Decision, StoreError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let select = format!("SELECT {COLUMNS} FROM account WHERE directory = ?1 AND name = ?2");
        let at = [place.directory.as_str(), place.name.as_str()];
        let found = transaction.query_row(&select, at, kept_of);
        let Some(kept) = found.optional()?.flatten() else {
            return Ok(Decision::Unknown);
        };
        let decision = decided(&kept, compared, lock_after, now);
        note(&transaction, at, decision, now)?;
        transaction.commit()?;
        Ok(decision)
    }

    /// Puts another token in the place of the former one, and forgets wrong tries.
    /// `false` where there is no such account.
    pub fn replace_token(
        &self,
        place: Place<'_>,
        token: &Proof,
        terms: Terms,
    ) -> Result<bool, StoreError> {
        let changed = self.connection().execute(
            "UPDATE account SET token = ?3, expires = ?4, uses_left = ?5, failures = 0
             WHERE directory = ?1 AND name = ?2",
            params![
                place.directory.as_str(),
                place.name.as_str(),
                token.to_text(),
                terms.expires.map(|end| signed(end.unix())),
                terms.uses_left
            ],
        )?;
        Ok(changed > 0)
    }

    /// Sets the password of the account with this key, or takes it away, and forgets wrong
    /// tries. `false` where there is no such account.
    pub fn set_password(
        &self,
        place: Place<'_>,
        key: &ImmutableKey,
        password: Option<&Proof>,
    ) -> Result<bool, StoreError> {
        let changed = self.connection().execute(
            "UPDATE account SET password = ?4, failures = 0
             WHERE directory = ?1 AND name = ?2 AND key = ?3",
            params![
                place.directory.as_str(),
                place.name.as_str(),
                key.as_str(),
                password.map(Proof::to_text)
            ],
        )?;
        Ok(changed > 0)
    }

    /// Sets the groups of an account. `false` where there is no such account.
    pub fn set_groups(&self, place: Place<'_>, groups: &[GroupName]) -> Result<bool, StoreError> {
        let changed = self.connection().execute(
            "UPDATE account SET groups = ?3 WHERE directory = ?1 AND name = ?2",
            params![
                place.directory.as_str(),
                place.name.as_str(),
                group_text(groups)?
            ],
        )?;
        Ok(changed > 0)
    }

    /// Forgets wrong tries. `false` where there is no such account.
    pub fn unlock(&self, place: Place<'_>) -> Result<bool, StoreError> {
        let changed = self.connection().execute(
            "UPDATE account SET failures = 0 WHERE directory = ?1 AND name = ?2",
            [place.directory.as_str(), place.name.as_str()],
        )?;
        Ok(changed > 0)
    }

    /// Takes an account away. `false` where there is none.
    pub fn deregister(&self, place: Place<'_>) -> Result<bool, StoreError> {
        let gone = self.connection().execute(
            "DELETE FROM account WHERE directory = ?1 AND name = ?2",
            [place.directory.as_str(), place.name.as_str()],
        )?;
        Ok(gone > 0)
    }
}

fn decided(kept: &Kept, compared: Compared<'_>, lock_after: Option<u32>, now: Time) -> Decision {
    let failures = kept.account.failures;
    if lock_after.is_some_and(|most| failures >= most) {
        return Decision::Locked(failures);
    }
    let terms = kept.account.token.unwrap_or_default();
    match compared {
        Compared::Token(proof) if kept.token.as_ref() == Some(proof) => match terms.check(now) {
            Ok(()) => Decision::Valid(Terms {
                uses_left: terms.uses_left.map(|left| left.saturating_sub(1)),
                ..terms
            }),
            Err(spent) => Decision::Spent(spent),
        },
        Compared::Password(proof) if kept.password.as_ref() == Some(proof) => {
            Decision::Valid(Terms {
                expires: None,
                uses_left: None,
            })
        }
        _ => Decision::Invalid,
    }
}

/// Writes what follows from `decision`. The uses of a token that has no number stay without one,
/// and so do those of a token beside a password that was used.
fn note(
    transaction: &Transaction<'_>,
    at: [&str; 2],
    decision: Decision,
    now: Time,
) -> Result<(), StoreError> {
    let [directory, name] = at;
    match decision {
        Decision::Valid(terms) => transaction.execute(
            "UPDATE account SET uses_left = coalesce(?3, uses_left), last_used = ?4, failures = 0
             WHERE directory = ?1 AND name = ?2",
            params![directory, name, terms.uses_left, signed(now.unix())],
        )?,
        Decision::Invalid => transaction.execute(
            "UPDATE account SET failures = min(failures + 1, 4294967295)
             WHERE directory = ?1 AND name = ?2",
            [directory, name],
        )?,
        Decision::Spent(_) | Decision::Locked(_) | Decision::Unknown => 0,
    };
    Ok(())
}

fn group_text(groups: &[GroupName]) -> Result<String, StoreError> {
    let names: Vec<&str> = groups.iter().map(GroupName::as_str).collect();
    Ok(serde_json::to_string(&names)?)
}

/// The columns in front as an account; nobody, where a name is none any more.
fn account_of(row: &Row<'_>) -> RowResult<Option<Account>> {
    let name: String = row.get(0)?;
    let Ok(name) = UserName::new(&name) else {
        return Ok(None);
    };
    let moment = |column| -> RowResult<_> { Ok(row.get::<_, Option<i64>>(column)?.map(moment_of)) };
    let groups: String = row.get(5)?;
    let groups: Vec<String> = serde_json::from_str(&groups).unwrap_or_default();
    let terms = Terms {
        expires: moment(10)?,
        uses_left: row.get(11)?,
    };
    Ok(Some(Account {
        name,
        key: ImmutableKey::stored(&row.get::<_, String>(1)?),
        email: row.get(2)?,
        full_name: row.get(3)?,
        uid: row.get(4)?,
        groups: groups
            .iter()
            .filter_map(|name| GroupName::new(name).ok())
            .collect(),
        registered: moment_of(row.get(6)?),
        last_used: moment(7)?,
        failures: row.get(8)?,
        token: row.get::<_, bool>(9)?.then_some(terms),
        has_password: row.get(12)?,
    }))
}

fn moment_of(stored: i64) -> Time {
    Time::from_unix(unsigned(stored))
}

/// What is damaged proves nothing.
fn kept_of(row: &Row<'_>) -> RowResult<Option<Kept>> {
    let proof = |column| -> RowResult<_> {
        let text: Option<String> = row.get(column)?;
        Ok(text.and_then(|text| Proof::from_text(&text).ok()))
    };
    let (token, password) = (proof(13)?, proof(14)?);
    Ok(account_of(row)?.map(|account| Kept {
        account,
        token,
        password,
    }))
}

#[cfg(test)]
mod tests;
