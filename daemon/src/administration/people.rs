//! Who could be meant by a name: its owner, and everybody whom a directory has under it,
//! served or not.

use std::fmt::Write;

use muster_common::directory::ImmutableKey;
use muster_common::name::DirectoryName;
use muster_common::store::StoreError;
use muster_common::store::ledger::{Holder, IdKind};
use muster_common::store::names::Owner;
use muster_common::text;

use crate::broker::Broker;

/// The longest name that a sentence shows.
const SHOWN_MAX: usize = 64;

/// A name as an administrator says it, and what narrows it down.
#[derive(Debug, Clone)]
pub struct Said {
    /// A user's or a group's.
    pub kind: IdKind,
    /// The canonical name.
    pub name: String,
    /// The directory, where several know the name.
    pub directory: Option<String>,
    /// The key, where several have the name.
    pub key: Option<String>,
}

impl Said {
    /// `user ada`.
    pub fn shown(&self) -> String {
        let name = text::safe(&self.name, SHOWN_MAX);
        format!("{} {name}", self.kind.as_str())
    }

    fn fits(&self, one: &Owner) -> bool {
        let fits = |said: &Option<String>, is: &str| said.as_deref().is_none_or(|said| said == is);
        fits(&self.directory, one.directory.as_str()) && fits(&self.key, one.key.as_str())
    }
}

/// Why it cannot be said who is meant.
#[derive(Debug, thiserror::Error)]
pub enum WhoError {
    /// Nobody.
    #[error(
        "no {0} is known here; a private group has the id of its user, and who is asked for by name is known after `muster user NAME`"
    )]
    Nobody(String),
    /// More than one.
    #[error("several are called {name}: {known}; say which by --directory or --key")]
    Several {
        /// What was said.
        name: String,
        /// Everybody who fits.
        known: String,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The one person or group that is meant, and whose ids those are.
pub fn meant(broker: &Broker, said: &Said) -> Result<(Owner, Holder), WhoError> {
    let mut known = known_as(broker, said.kind, &said.name)?;
    known.retain(|one| said.fits(one));
    let mut known = known
        .into_iter()
        .filter_map(|one| Some((holder_of(broker, said.kind, &one)?, one)));
    match (known.next(), known.next()) {
        (Some((holder, one)), None) => Ok((one, holder)),
        (None, _) => Err(WhoError::Nobody(said.shown())),
        (Some((_, one)), Some((_, other))) => {
            let all = [one, other].into_iter().chain(known.map(|(_, one)| one));
            Err(WhoError::Several {
                name: said.shown(),
                known: listed(all),
            })
        }
    }
}

fn listed(known: impl Iterator<Item = Owner>) -> String {
    let mut line = String::new();
    for Owner { directory, key } in known.take(10) {
        let comma = if line.is_empty() { "" } else { ", " };
        let key = text::safe(key.as_str(), SHOWN_MAX);
        // Writing to a string cannot fail.
        let _written = write!(line, "{comma}{key} of {directory}");
    }
    line
}

/// The owner of a name and everybody else who has it in a directory.
fn known_as(broker: &Broker, kind: IdKind, name: &str) -> Result<Vec<Owner>, StoreError> {
    let mut known: Vec<Owner> = broker.store.owner(kind, name)?.into_iter().collect();
    for directory in &broker.config.directories {
        for (canonical, key) in contributed(broker, kind, &directory.name)? {
            let directory = directory.name.clone();
            let one = Owner { directory, key };
            if canonical == name && !known.contains(&one) {
                known.push(one);
            }
        }
    }
    Ok(known)
}

/// Names, in their canonical form, and keys that a directory contributes; those whose name
/// has none are left out.
pub fn contributed(
    broker: &Broker,
    kind: IdKind,
    directory: &DirectoryName,
) -> Result<Vec<(String, ImmutableKey)>, StoreError> {
    let rule = &broker.config.names;
    Ok(match kind {
        IdKind::User => {
            let people = broker.store.people(directory)?.into_iter();
            let named = people.map(|known| (rule.user(&known.person.name), known.person.key));
            named
                .filter_map(|(name, key)| Some((name.ok()?.to_string(), key)))
                .collect()
        }
        IdKind::Group => {
            let teams = broker.store.teams(directory)?.into_iter();
            let teams = teams.map(|known| known.team);
            let named = teams
                .filter(|team| team.active)
                .map(|team| (rule.group(&team.name), team.key));
            named
                .filter_map(|(name, key)| Some((name.ok()?.to_string(), key)))
                .collect()
        }
    })
}

/// Whose ids those of `one` are; nobody's where the directory is not configured any more.
pub fn holder_of(broker: &Broker, kind: IdKind, one: &Owner) -> Option<Holder> {
    Some(Holder {
        kind,
        namespace: broker.namespace(&one.directory)?.into(),
        key: one.key.clone(),
    })
}
