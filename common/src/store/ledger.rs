//! The ledger of ids: one space for users and groups, an id once given is never
//! given to another key.
//!
//! Loaded whole for an assembly, decided in memory, and only changes are written
//! (`stored`). `derive` makes ids from keys, `merge` takes another host's entries in.

mod derive;
mod merge;
#[cfg(test)]
mod properties;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::account::{IdError, check_id};
use crate::directory::ImmutableKey;
use crate::local::LocalFiles;
use crate::snapshot::seeded::Map;

pub use derive::derive;
pub use merge::{Conflict, Merged};
pub use stored::Former;

/// How many ids behind the derived one are looked at for a free one.
const FREE_WITHIN: usize = 100_000;

/// Users and groups share one id space, but not one key space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// A user (and the user-private group of the same id).
    User,
    /// A group.
    Group,
}

impl IdKind {
    /// A group's, or else a user's: as the wire says it.
    pub fn group_if(group: bool) -> Self {
        if group { Self::Group } else { Self::User }
    }

    /// `user` or `group`, as it is hashed and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// What [`as_str`](Self::as_str) says, and nothing else.
    pub fn named(text: &str) -> Option<Self> {
        [Self::User, Self::Group]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// Where an id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdSource {
    /// Given by the directory service.
    Service,
    /// Derived from the immutable key.
    Derived,
    /// Set by an administrator. At most one entry of a holder is; it stands, also while
    /// an override goes before it.
    Pinned,
    /// Was pinned once; the next assembly gives the service's or derived id.
    Unpinned,
    /// Said by the configuration (`[override.user.NAME]`), for as long as it says so.
    Override,
}

impl IdSource {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Service,
        Self::Derived,
        Self::Pinned,
        Self::Unpinned,
        Self::Override,
    ];

    /// `service`, `derived`, `pinned`, `unpinned`, `override`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Derived => "derived",
            Self::Pinned => "pinned",
            Self::Unpinned => "unpinned",
            Self::Override => "override",
        }
    }

    /// What [`as_str`](Self::as_str) says, and nothing else.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }

    /// Whether the id stays when nobody says it any more.
    fn lasts(self) -> bool {
        matches!(self, Self::Service | Self::Derived | Self::Pinned)
    }
}

/// Whose id it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    /// User or group.
    pub kind: IdKind,
    /// The directory's namespace (its kind, unless configured).
    pub namespace: Arc<str>,
    /// The immutable key.
    pub key: ImmutableKey,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The id.
    pub id: u32,
    /// Whose it is.
    pub holder: Holder,
    /// The holder's name when the id was given, for messages.
    pub name: String,
    /// Where the id comes from.
    pub source: IdSource,
    /// Whether it is the holder's id now; otherwise it is only kept from others.
    pub current: bool,
}

/// Why somebody gets no id. The record is left out and the sentence reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Clash {
    /// Another key has it.
    #[error("id {id} belongs to {kind} {holder}: neither is renumbered by itself", kind = .kind.as_str())]
    Taken {
        /// The id.
        id: u32,
        /// What the holder is.
        kind: IdKind,
        /// The holder's name.
        holder: String,
    },
    /// Another key had it once.
    #[error("id {id} belonged to {kind} {holder} once: it is kept from everybody else", kind = .kind.as_str())]
    TakenOnce {
        /// The id.
        id: u32,
        /// What the former holder is.
        kind: IdKind,
        /// The former holder's name.
        holder: String,
    },
    /// The host itself uses the id.
    #[error("the id {0} is a local account's or granted in /etc/subuid or /etc/subgid")]
    Local(u32),
    /// The id cannot be represented.
    #[error(transparent)]
    Reserved(#[from] IdError),
}

/// Why an id cannot be pinned. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// It cannot be given to this holder at all.
    #[error(transparent)]
    Clash(#[from] Clash),
    /// The configuration does not let it be served.
    #[error(
        "the id {id} lies in neither ids.accept ({} to {}) nor ids.derive ({} to {}): choose another, or widen ids.accept in muster.toml",
        .space.accept.start(), .space.accept.end(), .space.derive.start(), .space.derive.end()
    )]
    Outside {
        /// The id.
        id: u32,
        /// What the configuration says.
        space: IdSpace,
    },
}

/// Which ids may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdSpace {
    /// Ids that a service may give.
    pub accept: RangeInclusive<u32>,
    /// Ids made from keys.
    pub derive: RangeInclusive<u32>,
}

impl IdSpace {
    /// Whether the publisher lets `id` be served.
    fn holds(&self, id: u32) -> bool {
        self.accept.contains(&id) || self.derive.contains(&id)
    }
}

/// The ledger, loaded.
#[derive(Debug)]
pub struct Ledger {
    space: IdSpace,
    by_id: Map<u32, Entry>,
    /// The id that each holder has now.
    current: Map<Holder, u32>,
    /// The id that each holder is pinned to.
    pinned: Map<Holder, u32>,
    /// The ids whose entries have to be written.
    changed: BTreeSet<u32>,
}

impl Ledger {
    /// The ledger of `entries`.
    pub fn new(space: IdSpace, entries: Vec<Entry>) -> Self {
        let mut ledger = Self {
            space,
            by_id: with_room(entries.len()),
            current: with_room(entries.len()),
            pinned: Map::default(),
            changed: BTreeSet::new(),
        };
        for entry in entries {
            ledger.note(entry);
        }
        ledger
    }

    /// The id of `holder`, whose name is now `name` and to whom the service gives `service_id`.
    ///
    /// A pinned id goes first; a service's id wins where it is acceptable and free; an id
    /// once given stays when the service stops saying one; else it is derived.
    pub fn assign(
        &mut self,
        holder: &Holder,
        name: &str,
        service_id: Option<u32>,
        local: &LocalFiles,
    ) -> Result<Entry, Clash> {
        if let Some(id) = self.pin_of(holder) {
            return self.give(holder, name, id, IdSource::Pinned, local);
        }
        if let Some(id) = service_id.filter(|&id| self.acceptable(id, local)) {
            return self.give(holder, name, id, IdSource::Service, local);
        }
        if let Some(entry) = self.entry(holder).filter(|entry| entry.source.lasts()) {
            let (id, source) = (entry.id, entry.source);
            return self.give(holder, name, id, source, local);
        }
        let id = derive(&self.space.derive, holder);
        self.give(holder, name, id, IdSource::Derived, local)
    }

    /// Gives `holder` the id that the configuration says, wherever it lies; what the holder
    /// had before stays kept from others, and comes back when the configuration stops saying so.
    pub fn override_id(
        &mut self,
        holder: &Holder,
        name: &str,
        id: u32,
        local: &LocalFiles,
    ) -> Result<Entry, Clash> {
        let source = match self.pin_of(holder) {
            Some(pinned) if pinned == id => IdSource::Pinned,
            _ => IdSource::Override,
        };
        self.give(holder, name, id, source, local)
    }

    /// Gives `holder` this id from now on, whatever the service says.
    pub fn pin(
        &mut self,
        holder: &Holder,
        name: &str,
        id: u32,
        local: &LocalFiles,
    ) -> Result<Entry, PinError> {
        self.usable(holder, id, local)?;
        if !self.space.holds(id) {
            let space = self.space.clone();
            return Err(PinError::Outside { id, space });
        }
        if self.pin_of(holder).is_some_and(|former| former != id) {
            self.unpin(holder);
        }
        Ok(self.give(holder, name, id, IdSource::Pinned, local)?)
    }

    /// Takes the pin away and says which id it was: the next assembly gives the service's or
    /// derived id, and the pinned one stays kept from others. `None`: there was no pin.
    pub fn unpin(&mut self, holder: &Holder) -> Option<u32> {
        let id = self.pinned.remove(holder)?;
        if let Some(entry) = self.by_id.get_mut(&id) {
            // Current until another is given: whoever gets none is still known by it.
            entry.source = IdSource::Unpinned;
            self.changed.insert(id);
        }
        Some(id)
    }

    /// The id that `holder` is pinned to.
    pub fn pin_of(&self, holder: &Holder) -> Option<u32> {
        self.pinned.get(holder).copied()
    }

    /// Whether a service may give `id` on this host.
    pub fn acceptable(&self, id: u32, local: &LocalFiles) -> bool {
        self.space.accept.contains(&id) && check_id(id).is_ok() && !local.holds_id(id)
    }

    /// Who holds `id`, or did once.
    pub fn holder_of(&self, id: u32) -> Option<&Holder> {
        self.by_id.get(&id).map(|entry| &entry.holder)
    }

    /// The current entry of `holder`, if there is one.
    pub fn entry(&self, holder: &Holder) -> Option<&Entry> {
        self.by_id.get(self.current.get(holder)?)
    }

    /// An id of the derivation's range that `holder` could be pinned to: the first one behind
    /// the derived id that is nobody's. The same ledger and host give the same one.
    pub fn free_id(&self, holder: &Holder, local: &LocalFiles) -> Option<u32> {
        let range = &self.space.derive;
        let derived = derive(range, holder);
        let behind = (derived..=*range.end()).chain(*range.start()..derived);
        let is_free = |id: &u32| {
            !self.by_id.contains_key(id) && check_id(*id).is_ok() && !local.holds_id(*id)
        };
        behind.take(FREE_WITHIN).find(is_free)
    }

    /// What has to be written, by id: new entries and those that are different now.
    pub fn changes(&self) -> impl Iterator<Item = &Entry> {
        self.changed.iter().filter_map(|id| self.by_id.get(id))
    }

    /// Every way in which somebody gets an id ends here.
    fn give(
        &mut self,
        holder: &Holder,
        name: &str,
        id: u32,
        source: IdSource,
        local: &LocalFiles,
    ) -> Result<Entry, Clash> {
        self.usable(holder, id, local)?;
        if let Some(same) = self.entry(holder)
            && (same.id, same.source) == (id, source)
        {
            return Ok(same.clone());
        }
        self.retire(holder, id);
        let entry = Entry {
            id,
            holder: holder.clone(),
            name: name.to_owned(),
            source,
            current: true,
        };
        self.changed.insert(id);
        self.note(entry.clone());
        Ok(entry)
    }

    /// Whether `id` can be given to `holder` on this host.
    fn usable(&self, holder: &Holder, id: u32, local: &LocalFiles) -> Result<(), Clash> {
        check_id(id)?;
        if local.holds_id(id) {
            return Err(Clash::Local(id));
        }
        match self.by_id.get(&id) {
            Some(other) if other.holder != *holder => Err(taken_by(other)),
            _ => Ok(()),
        }
    }

    /// What `holder` has is only kept from others from now on, unless it is `id`.
    fn retire(&mut self, holder: &Holder, id: u32) {
        let former = self.current.get(holder).filter(|&&former| former != id);
        if let Some(entry) = former.and_then(|former| self.by_id.get_mut(former)) {
            entry.current = false;
            self.changed.insert(entry.id);
        }
    }

    fn note(&mut self, entry: Entry) {
        if entry.current {
            self.current.insert(entry.holder.clone(), entry.id);
        }
        if entry.source == IdSource::Pinned {
            self.pinned.insert(entry.holder.clone(), entry.id);
        }
        self.by_id.insert(entry.id, entry);
    }
}

fn with_room<K, V>(entries: usize) -> Map<K, V> {
    Map::with_capacity_and_hasher(entries, Default::default())
}

fn taken_by(other: &Entry) -> Clash {
    let (id, kind, holder) = (other.id, other.holder.kind, other.name.clone());
    if other.current {
        Clash::Taken { id, kind, holder }
    } else {
        Clash::TakenOnce { id, kind, holder }
    }
}
