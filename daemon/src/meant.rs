//! The directory that a call of root's means: the one it names, else the only one that can answer it.

use std::sync::Arc;

use muster_common::directory::Directory;

use crate::broker::{Broker, Connected};

/// Why it is not clear which directory is meant.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMeant {
    /// No directory has the name that the call says.
    #[error("no directory of this name is configured")]
    Unknown,
    /// Neither the named directory nor, without a name, any other can; what is missing, as a sentence.
    #[error("{0}")]
    Unable(&'static str),
    /// The call leaves open which of these.
    #[error("several directories could be meant, say which one: {0}")]
    Several(String),
}

impl Broker {
    /// The directory that a call means by `name`, and its client; `able` tells which can answer the call, `unable`
    /// is the sentence when none does.
    pub fn meant(
        &self,
        name: Option<&str>,
        able: impl Fn(&dyn Directory) -> bool,
        unable: &'static str,
    ) -> Result<(&Connected, Arc<dyn Directory>), NotMeant> {
        let client = |one: &Connected| Some(one.directory()).filter(|client| able(&**client));
        self.only_one(name, client, unable)
    }

    /// The directory that a call means by `name`, and what `of` finds there, where it finds something.
    pub fn only_one<T>(
        &self,
        name: Option<&str>,
        of: impl Fn(&Connected) -> Option<T>,
        unable: &'static str,
    ) -> Result<(&Connected, T), NotMeant> {
        let suits = |one: &&Connected| name.is_none_or(|name| one.config.name.as_str() == name);
        let named: Vec<_> = self.connected.iter().filter(suits).collect();
        if named.is_empty() && name.is_some() {
            return Err(NotMeant::Unknown);
        }
        let found = named.into_iter().filter_map(|one| Some((one, of(one)?)));
        let mut found: Vec<_> = found.collect();
        match found.pop() {
            None => Err(NotMeant::Unable(unable)),
            Some(one) if found.is_empty() => Ok(one),
            Some(last) => {
                found.push(last);
                let names = found.iter().map(|(one, _)| one.config.name.as_str());
                Err(NotMeant::Several(names.collect::<Vec<_>>().join(", ")))
            }
        }
    }
}
