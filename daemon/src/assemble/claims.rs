//! Names and ids claimed: one name each, a name for its holder only, an id that
//! several claim for nobody.

use std::collections::{HashMap, HashSet};

use muster_common::config::DirectoryConfig;
use muster_common::directory::ImmutableKey;
use muster_common::name::{NameError, NameRule};
use muster_common::store::ledger::{Holder, IdKind, Ledger};
use muster_common::store::names::Owner;
use muster_common::text;

use super::{SHOWN_MAX, Work};

impl Work<'_> {
    /// Pairs each record with its canonical name; names that do not fit, and names
    /// that two records of one directory fold to, are reported and left out.
    pub(super) fn one_name_each<R, N: Clone + Eq + std::hash::Hash + std::fmt::Display>(
        &mut self,
        directory: &DirectoryConfig,
        what: &str,
        records: Vec<R>,
        spelled: impl Fn(&R) -> &str,
        canonical: impl Fn(&NameRule, &str) -> Result<N, NameError>,
    ) -> Vec<(N, R)> {
        let mut named = Vec::with_capacity(records.len());
        let mut seen: HashMap<N, u32> = HashMap::with_capacity(records.len());
        for record in records {
            match canonical(&self.config.names, spelled(&record)) {
                Ok(name) => {
                    *seen.entry(name.clone()).or_default() += 1;
                    named.push((name, record));
                }
                Err(why) => {
                    let shown = text::safe(spelled(&record), SHOWN_MAX);
                    self.problem(format!(
                        "{what} {shown:?} of {}: the name {why}; not served",
                        directory.name
                    ));
                }
            }
        }
        for (name, _) in seen.iter().filter(|(_, count)| **count > 1) {
            self.problem(format!(
                "{what} {name} of {}: several records fold to this name; none is served",
                directory.name
            ));
        }
        named.retain(|(name, _)| seen.get(name).is_none_or(|count| *count == 1));
        named
    }

    /// Whether `name` may be served for (directory, key): it is its holder's, or nobody's yet.
    pub(super) fn claims(
        &mut self,
        kind: IdKind,
        directory: &DirectoryConfig,
        name: &str,
        key: &ImmutableKey,
    ) -> bool {
        let claimant = Owner {
            directory: directory.name.clone(),
            key: key.clone(),
        };
        let (owners, new) = match kind {
            IdKind::User => (&mut self.user_owners, &mut self.new_user_owners),
            IdKind::Group => (&mut self.group_owners, &mut self.new_group_owners),
        };
        match owners.get(name) {
            Some(owner) if *owner == claimant => true,
            Some(owner) => {
                let what = kind.as_str();
                let line = format!(
                    "{what} {name} of {}: the name is held for {} of {}; `muster name accept {what} {name}` gives it over",
                    directory.name, owner.key, owner.directory
                );
                self.problem(line);
                false
            }
            None => {
                owners.insert(name.to_owned(), claimant.clone());
                new.push((name.to_owned(), claimant));
                true
            }
        }
    }
}

/// The ids that the service gives, with their claimants.
pub(super) fn holder_ids<N, R>(
    directory: &DirectoryConfig,
    kind: IdKind,
    named: &[(N, R)],
    claim: impl Fn(&R) -> (&ImmutableKey, Option<u32>),
) -> Vec<(u32, Holder)> {
    let claims = named.iter().filter_map(|(_, record)| {
        let (key, id) = claim(record);
        Some((
            id?,
            Holder {
                kind,
                namespace: directory.namespace.clone(),
                key: key.clone(),
            },
        ))
    });
    claims.collect()
}

/// Ids that several claim and that nobody in the ledger holds: nobody gets them.
pub(super) fn contested_ids(ledger: &Ledger, claims: &[(u32, Holder)]) -> HashSet<u32> {
    let mut seen = HashSet::with_capacity(claims.len());
    let twice = claims
        .iter()
        .filter(|(id, _)| !seen.insert(*id))
        .map(|(id, _)| *id);
    twice.filter(|id| ledger.holder_of(*id).is_none()).collect()
}
