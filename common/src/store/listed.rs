//! Whether a directory's last reading of everybody has succeeded: only then is whoever is
//! missing known not to exist, where a directory can be asked by name as well.

use super::disk::{OptionalExtension as _, Store, StoreError, params};
use crate::name::DirectoryName;

/// The fact's name; no directory's name holds a colon.
fn fact(directory: &DirectoryName) -> String {
    format!("listed:{directory}")
}

impl Store {
    /// Notes under which settings, told apart by a number, everybody of `directory` has
    /// been read; `None` where the last reading came to nothing. Tells whether that is news.
    pub fn keep_listed(
        &self,
        directory: &DirectoryName,
        settings: Option<i64>,
    ) -> Result<bool, StoreError> {
        if self.listed(directory)? == settings {
            return Ok(false);
        }
        let connection = self.connection();
        let name = fact(directory);
        match settings {
            Some(settings) => connection.execute(
                "INSERT OR REPLACE INTO fact VALUES (?1, ?2)",
                params![name, settings],
            )?,
            None => connection.execute("DELETE FROM fact WHERE name = ?1", params![name])?,
        };
        Ok(true)
    }

    /// The settings under which everybody of `directory` has been read, if the last
    /// reading has succeeded.
    pub fn listed(&self, directory: &DirectoryName) -> Result<Option<i64>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT value FROM fact WHERE name = ?1")?;
        let found = select.query_row(params![fact(directory)], |row| row.get(0));
        Ok(found.optional()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_counts_until_one_comes_to_nothing() {
        let store = Store::in_memory().unwrap();
        let [corp, rubin] = ["corp", "rubin"].map(|name| DirectoryName::new(name).unwrap());
        assert!(store.keep_listed(&rubin, Some(-7)).unwrap());
        assert!(!store.keep_listed(&rubin, Some(-7)).unwrap());
        assert_eq!(store.listed(&rubin).unwrap(), Some(-7));
        assert_eq!(store.listed(&corp).unwrap(), None);
        assert!(store.keep_listed(&rubin, None).unwrap());
        assert!(!store.keep_listed(&rubin, None).unwrap());
        assert_eq!(store.listed(&rubin).unwrap(), None);
    }
}
