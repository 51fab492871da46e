//! What of a directory's answers about single persons this host carries.

use std::collections::HashSet;

use muster_common::config::DirectoryConfig;
use muster_common::directory::{ImmutableKey, Scope, Sighting};
use muster_common::store::renewal::Renewal;
use muster_common::store::{Store, StoreError};

/// A directory's scope, and the groups that are carried already.
pub struct Carried<'a> {
    scope: &'a Scope,
    teams: HashSet<ImmutableKey>,
}

impl<'a> Carried<'a> {
    /// What of `directory` is carried now.
    pub fn new(store: &Store, directory: &'a DirectoryConfig) -> Result<Self, StoreError> {
        let scope = &directory.scope;
        let teams = match &scope.groups {
            Some(_) => store.team_keys(&directory.name)?,
            None => Vec::new(),
        };
        Ok(Self {
            scope,
            teams: teams.into_iter().collect(),
        })
    }

    /// What is carried of one sighting; `None` if nothing.
    pub fn of(&self, sighting: Sighting) -> Option<Sighting> {
        let is_carried = |key: &ImmutableKey| self.teams.contains(key);
        self.scope.narrow_sighting(sighting, is_carried)
    }

    /// Whoever of those seen is not carried is gone from here.
    pub fn narrow(&self, renewal: &mut Renewal) {
        if self.scope.is_everybody() {
            return;
        }
        for sighting in std::mem::take(&mut renewal.seen) {
            let key = sighting.person.key.clone();
            match self.of(sighting) {
                Some(sighting) => renewal.seen.push(sighting),
                None => renewal.gone.push(key),
            }
        }
    }
}
