//! Names and ids claimed: one name each, a name for its holder only, an id that
//! several claim for nobody.

use muster_common::config::DirectoryConfig;
use muster_common::directory::ImmutableKey;
use muster_common::name::{NameError, NameRule};
use muster_common::snapshot::seeded::{Map, Set};
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
        for record in records {
            match canonical(&self.config.names, spelled(&record)) {
                Ok(name) => named.push((name, record)),
                Err(why) => {
                    let shown = text::safe(spelled(&record), SHOWN_MAX);
                    self.problem(format!(
                        "{what} {shown:?} of {}: the name {why}; not served",
                        directory.name
                    ));
                }
            }
        }
        let twice = said_twice(&named);
        for name in &twice {
            self.problem(format!(
                "{what} {name} of {}: several records fold to this name; none is served",
                directory.name
            ));
        }
        if !twice.is_empty() {
            named.retain(|(name, _)| !twice.contains(name));
        }
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

/// The names that several bear.
fn said_twice<N: Clone + Eq + std::hash::Hash, R>(named: &[(N, R)]) -> Set<N> {
    let mut seen = Set::with_capacity_and_hasher(named.len(), Default::default());
    let twice = named.iter().filter(|(name, _)| !seen.insert(name));
    twice.map(|(name, _)| name.clone()).collect()
}

/// Names that a problem lists at most.
const NAMES_SHOWN: usize = 5;

/// Whose id it is that `directory` knows by this key.
pub(super) fn holder(kind: IdKind, directory: &DirectoryConfig, key: &ImmutableKey) -> Holder {
    Holder {
        kind,
        namespace: directory.namespace.clone(),
        key: key.clone(),
    }
}

/// Ids that the service gives to several, with their names. Nobody gets one of them, unless
/// the ledger knows whose it is.
pub(super) fn contested_ids<N: std::fmt::Display, R>(
    ledger: &Ledger,
    named: &[(N, R)],
    id_of: impl Fn(&R) -> Option<u32>,
) -> Map<u32, String> {
    let mut claims: Map<u32, Vec<&N>> = Map::default();
    for (name, record) in named {
        if let Some(id) = id_of(record) {
            claims.entry(id).or_default().push(name);
        }
    }
    claims.retain(|id, claimants| claimants.len() > 1 && ledger.holder_of(*id).is_none());
    let shown = |(id, claimants): (u32, Vec<&N>)| (id, listed(&claimants));
    claims.into_iter().map(shown).collect()
}

fn listed<N: std::fmt::Display>(names: &[&N]) -> String {
    let shown = names.iter().take(NAMES_SHOWN).map(ToString::to_string);
    let line = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => line,
        more => format!("{line} and {more} more"),
    }
}

impl Work<'_> {
    /// Why somebody has no id, with the command that settles it.
    pub(super) fn settled_by_pin(
        &self,
        directory: &DirectoryConfig,
        name: &str,
        holder: &Holder,
        why: &str,
    ) -> String {
        let kind = holder.kind.as_str();
        let id = self.ledger.free_id(holder, self.local);
        let id = id.map_or_else(|| "ID".to_owned(), |id| id.to_string());
        let several = self.config.directories.len() > 1;
        let within = if several {
            format!(" --directory {}", directory.name)
        } else {
            String::new()
        };
        format!("{why}; `muster id pin {kind} {name} {id}{within}` settles it")
    }
}
