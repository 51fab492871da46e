//! The ledger of ids: one space for users and groups, an id once given is never
//! given to another key.
//!
//! Loaded whole for an assembly, decided in memory, and only changes are written.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

use super::disk::{OptionalExtension, Store, StoreError, params};
use crate::account::check_id;
use crate::directory::ImmutableKey;
use crate::local::LocalFiles;

/// The version of the derivation, hashed in front: a new one would give new ids.
const DERIVATION: &[u8] = b"muster id 1";

/// Users and groups share one id space, but not one key space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// A user (and the user-private group of the same id).
    User,
    /// A group.
    Group,
}

impl IdKind {
    /// `user` or `group`, as it is hashed and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    fn stored(text: &str) -> Self {
        if text == "user" {
            Self::User
        } else {
            Self::Group
        }
    }
}

/// Where an id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdSource {
    /// Given by the directory service.
    Service,
    /// Derived from the immutable key.
    Derived,
    /// Set by an administrator.
    Pinned,
    /// Said by the configuration (`[override.user.NAME]`), for as long as it says so.
    Override,
}

impl IdSource {
    /// `service`, `derived`, `pinned`, `override`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Derived => "derived",
            Self::Pinned => "pinned",
            Self::Override => "override",
        }
    }

    fn stored(text: &str) -> Self {
        match text {
            "service" => Self::Service,
            "pinned" => Self::Pinned,
            "override" => Self::Override,
            _ => Self::Derived,
        }
    }
}

/// Whose id it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    /// User or group.
    pub kind: IdKind,
    /// The directory's namespace (its kind, unless configured).
    pub namespace: String,
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
    /// The host itself uses the derived id.
    #[error("the id {0} is a local account's or granted in /etc/subuid or /etc/subgid")]
    Local(u32),
    /// The derivation range holds an id that cannot be represented.
    #[error("the id {0} is reserved")]
    Reserved(u32),
}

/// Which ids may be given.
#[derive(Debug, Clone)]
pub struct IdSpace {
    /// Ids that a service may give.
    pub accept: RangeInclusive<u32>,
    /// Ids made from keys.
    pub derive: RangeInclusive<u32>,
}

/// The ledger, loaded.
#[derive(Debug)]
pub struct Ledger {
    space: IdSpace,
    by_holder: HashMap<Holder, Entry>,
    by_id: HashMap<u32, Holder>,
    names: HashMap<u32, String>,
    changed: Vec<Entry>,
}

impl Ledger {
    /// The ledger of `entries`.
    pub fn new(space: IdSpace, entries: Vec<Entry>) -> Self {
        let mut ledger = Self {
            space,
            by_holder: HashMap::with_capacity(entries.len()),
            by_id: HashMap::with_capacity(entries.len()),
            names: HashMap::new(),
            changed: Vec::new(),
        };
        for entry in entries {
            ledger.note(entry);
        }
        ledger
    }

    /// The id of `holder`, whose name is now `name` and to whom the service gives `service_id`.
    ///
    /// A pinned id stays; a service's id wins where it is acceptable and free; an id
    /// once given stays when the service stops saying one; else it is derived.
    pub fn assign(
        &mut self,
        holder: &Holder,
        name: &str,
        service_id: Option<u32>,
        local: &LocalFiles,
    ) -> Result<Entry, Clash> {
        let held = self.by_holder.get(holder).cloned();
        if let Some(entry) = held
            .as_ref()
            .filter(|entry| entry.source == IdSource::Pinned)
        {
            return Ok(entry.clone());
        }
        if let Some(id) = service_id.filter(|&id| self.acceptable(id, local)) {
            return self.give(holder, name, id, IdSource::Service, held);
        }
        if let Some(entry) = held
            .as_ref()
            .filter(|entry| entry.source != IdSource::Override)
        {
            return Ok(entry.clone());
        }
        let id = derive(&self.space.derive, holder);
        check_id(id).map_err(|_reserved| Clash::Reserved(id))?;
        if local.holds_id(id) {
            return Err(Clash::Local(id));
        }
        self.give(holder, name, id, IdSource::Derived, held)
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
        check_id(id).map_err(|_reserved| Clash::Reserved(id))?;
        if local.holds_id(id) {
            return Err(Clash::Local(id));
        }
        let held = self.by_holder.get(holder).cloned();
        self.give(holder, name, id, IdSource::Override, held)
    }

    /// Whether a service may give `id` on this host.
    pub fn acceptable(&self, id: u32, local: &LocalFiles) -> bool {
        self.space.accept.contains(&id) && check_id(id).is_ok() && !local.holds_id(id)
    }

    /// Who holds `id`, if anybody.
    pub fn holder_of(&self, id: u32) -> Option<&Holder> {
        self.by_id.get(&id)
    }

    /// The entry of `holder`, if there is one.
    pub fn entry(&self, holder: &Holder) -> Option<&Entry> {
        self.by_holder.get(holder)
    }

    /// What has to be written: new entries and those that are not current any more.
    pub fn changes(&self) -> &[Entry] {
        &self.changed
    }

    fn give(
        &mut self,
        holder: &Holder,
        name: &str,
        id: u32,
        source: IdSource,
        held: Option<Entry>,
    ) -> Result<Entry, Clash> {
        if let Some(other) = self.by_id.get(&id).filter(|other| *other != holder) {
            let kind = other.kind;
            let holder = self.names.get(&id).cloned().unwrap_or_default();
            return Err(Clash::Taken { id, kind, holder });
        }
        match held {
            Some(entry) if entry.id == id && entry.source == source => return Ok(entry),
            Some(same) if same.id == id => {}
            Some(former) => self.changed.push(Entry {
                current: false,
                ..former
            }),
            None => {}
        }
        let entry = Entry {
            id,
            holder: holder.clone(),
            name: name.to_owned(),
            source,
            current: true,
        };
        self.changed.push(entry.clone());
        self.note(entry.clone());
        Ok(entry)
    }

    fn note(&mut self, entry: Entry) {
        self.by_id.insert(entry.id, entry.holder.clone());
        self.names.insert(entry.id, entry.name.clone());
        if entry.current {
            self.by_holder.insert(entry.holder.clone(), entry);
        }
    }
}

/// The id that `holder` derives: the same on every host, SHA-256 over version,
/// namespace, kind and key, the first eight bytes big-endian, into the range.
pub fn derive(range: &RangeInclusive<u32>, holder: &Holder) -> u32 {
    let mut hash = Sha256::new();
    for part in [
        DERIVATION,
        holder.namespace.as_bytes(),
        holder.kind.as_str().as_bytes(),
        holder.key.as_str().as_bytes(),
    ] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let number = digest
        .iter()
        .take(8)
        .fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    let width = u64::from(range.end().saturating_sub(*range.start())).saturating_add(1);
    let offset = u32::try_from(number % width).unwrap_or(0);
    range.start().saturating_add(offset)
}

impl Store {
    /// The whole ledger.
    pub fn ledger(&self, space: IdSpace) -> Result<Ledger, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT id, kind, namespace, key, name, source, current FROM identity",
        )?;
        let rows = select.query_map([], |row| {
            let holder = Holder {
                kind: IdKind::stored(&row.get::<_, String>(1)?),
                namespace: row.get(2)?,
                key: ImmutableKey::stored(&row.get::<_, String>(3)?),
            };
            let source = IdSource::stored(&row.get::<_, String>(5)?);
            Ok(Entry {
                id: row.get(0)?,
                holder,
                name: row.get(4)?,
                source,
                current: row.get(6)?,
            })
        })?;
        Ok(Ledger::new(space, rows.collect::<Result<_, _>>()?))
    }

    /// The current entry of one holder.
    pub fn identity(&self, holder: &Holder) -> Result<Option<Entry>, StoreError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT id, name, source FROM identity WHERE kind = ?1 AND namespace = ?2 AND key = ?3 AND current",
        )?;
        let Holder {
            kind,
            namespace,
            key,
        } = holder;
        let row = select.query_row(params![kind.as_str(), namespace, key.as_str()], |row| {
            let source = IdSource::stored(&row.get::<_, String>(2)?);
            Ok(Entry {
                id: row.get(0)?,
                holder: holder.clone(),
                name: row.get(1)?,
                source,
                current: true,
            })
        });
        Ok(row.optional()?)
    }

    /// Writes the changes of `ledger`, before anything that uses them is published.
    pub fn keep_ledger(&self, ledger: &Ledger) -> Result<(), StoreError> {
        if ledger.changes().is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction
                .prepare("INSERT OR REPLACE INTO identity VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for Entry {
                id,
                holder,
                name,
                source,
                current,
            } in ledger.changes()
            {
                let Holder {
                    kind,
                    namespace,
                    key,
                } = holder;
                insert.execute(params![
                    id,
                    kind.as_str(),
                    namespace,
                    key.as_str(),
                    name,
                    source.as_str(),
                    current
                ])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: fn() -> IdSpace = || IdSpace {
        accept: 10_000..=2_147_352_575,
        derive: 1_879_048_192..=2_147_352_575,
    };

    fn holder(kind: IdKind, key: &str) -> Holder {
        Holder {
            kind,
            namespace: "crowd".into(),
            key: ImmutableKey::given(key),
        }
    }

    fn user(key: &str) -> Holder {
        holder(IdKind::User, key)
    }

    #[test]
    fn an_override_holds_while_it_is_said_and_then_the_former_id_comes_back() {
        let local = LocalFiles::default();
        let mut ledger = Ledger::new(SPACE(), vec![]);
        let derived = ledger.assign(&user("k"), "ada", None, &local).unwrap();
        let said = ledger.override_id(&user("k"), "ada", 5000, &local).unwrap();
        assert_eq!((said.id, said.source), (5000, IdSource::Override));
        assert_eq!(ledger.entry(&user("k")), Some(&said));
        assert_eq!(ledger.holder_of(derived.id), Some(&user("k")));
        let mut later = Ledger::new(SPACE(), ledger.changes().to_vec());
        assert_eq!(later.override_id(&user("k"), "ada", 5000, &local), Ok(said));
        assert!(
            later.changes().is_empty(),
            "nothing new is nothing to write"
        );
        assert!(matches!(
            later.override_id(&user("other"), "bob", 5000, &local),
            Err(Clash::Taken { id: 5000, .. })
        ));
        let back = later.assign(&user("k"), "ada", None, &local).unwrap();
        assert_eq!((back.id, back.source), (derived.id, IdSource::Derived));
        assert!(matches!(
            later.override_id(&user("k"), "ada", 999, &local),
            Err(Clash::Reserved(999))
        ));
    }

    #[test]
    fn two_hosts_with_empty_ledgers_derive_the_same_id() {
        let local = LocalFiles::default();
        let one = Ledger::new(SPACE(), vec![])
            .assign(&user("k"), "ada", None, &local)
            .unwrap();
        let two = Ledger::new(SPACE(), vec![])
            .assign(&user("k"), "ada", None, &local)
            .unwrap();
        assert_eq!(one, two);
        assert!(SPACE().derive.contains(&one.id));
        assert_eq!(one.source, IdSource::Derived);
        let group = derive(&SPACE().derive, &holder(IdKind::Group, "k"));
        assert_ne!(group, one.id, "a user and a group of one key differ");
    }

    #[test]
    fn the_derivation_is_fixed_for_ever() {
        // Computed independently with Python's hashlib.
        assert_eq!(
            derive(&SPACE().derive, &user("32769:7d3b6c1e")),
            2_078_514_838
        );
    }

    #[test]
    fn a_services_id_wins_and_stays_when_the_service_falls_silent() {
        let local = LocalFiles::default();
        let mut ledger = Ledger::new(SPACE(), vec![]);
        let given = ledger
            .assign(&user("k"), "ada", Some(20_001), &local)
            .unwrap();
        assert_eq!((given.id, given.source), (20_001, IdSource::Service));
        assert_eq!(
            ledger.assign(&user("k"), "ada", None, &local).unwrap().id,
            20_001
        );
    }

    #[test]
    fn an_unacceptable_service_id_is_derived_instead() {
        let mut local = LocalFiles::default();
        local.uids.insert(20_002);
        local.subordinate.push(100_000..=165_535);
        let mut ledger = Ledger::new(SPACE(), vec![]);
        for (key, id) in [
            ("a", 0),
            ("b", 999),
            ("c", 65_534),
            ("d", 20_002),
            ("e", 100_005),
            ("f", 4_000_000_000),
        ] {
            let entry = ledger.assign(&user(key), key, Some(id), &local).unwrap();
            assert_eq!(entry.source, IdSource::Derived, "{id}");
        }
    }

    #[test]
    fn an_id_is_never_given_to_another_key_even_after_it_was_left() {
        let local = LocalFiles::default();
        let mut ledger = Ledger::new(SPACE(), vec![]);
        ledger
            .assign(&user("a"), "ada", Some(20_001), &local)
            .unwrap();
        ledger
            .assign(&user("a"), "ada", Some(20_002), &local)
            .unwrap();
        let clash = ledger
            .assign(&user("b"), "bob", Some(20_001), &local)
            .unwrap_err();
        assert_eq!(
            clash,
            Clash::Taken {
                id: 20_001,
                kind: IdKind::User,
                holder: "ada".into()
            }
        );
        let group = ledger.assign(&holder(IdKind::Group, "g"), "devs", Some(20_002), &local);
        assert!(group.is_err(), "users and groups share one space");
    }

    #[test]
    fn the_ledger_comes_back_from_the_store_as_it_was() {
        let local = LocalFiles::default();
        let store = Store::in_memory().unwrap();
        let mut ledger = store.ledger(SPACE()).unwrap();
        let first = ledger
            .assign(&user("a"), "ada", Some(20_001), &local)
            .unwrap();
        let moved = ledger
            .assign(&user("a"), "ada", Some(20_005), &local)
            .unwrap();
        store.keep_ledger(&ledger).unwrap();
        let again = store.ledger(SPACE()).unwrap();
        assert_eq!(again.entry(&user("a")), Some(&moved));
        assert_eq!(again.holder_of(first.id), Some(&user("a")));
    }
}
