//! What holds of the ledger whatever is asked of it, in whatever order.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tests::{SPACE, busy_host, holder};
use super::*;
use crate::store::Store;

/// Ids that services give and administrators pin: few, so that they meet; some are the
/// system's, reserved, local or granted.
const IDS: [u32; 12] = [
    0,
    999,
    5000,
    10_000,
    20_001,
    20_002,
    20_003,
    61_184,
    65_534,
    100_000,
    1_900_000_000,
    u32::MAX,
];

/// Derived ids lie among a thousand, so that they meet.
fn narrow() -> IdSpace {
    IdSpace {
        derive: 1_900_000_000..=1_900_000_999,
        ..SPACE()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Assign(usize, Option<u32>),
    Pin(usize, u32),
    Unpin(usize),
    Override(usize, u32),
    /// The broker is started anew, from what is on disk.
    Restart,
    /// Another host's ledger, where these were assigned and pinned in this order, is taken in.
    Import(Vec<(usize, u32)>),
}

fn somebody() -> impl Strategy<Value = usize> {
    0usize..10
}

fn id() -> impl Strategy<Value = u32> {
    prop_oneof![
        proptest::sample::select(&IDS[..]),
        1_900_000_000u32..1_900_001_100
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (somebody(), proptest::option::of(id())).prop_map(|(who, id)| Step::Assign(who, id)),
        2 => (somebody(), id()).prop_map(|(who, id)| Step::Pin(who, id)),
        1 => somebody().prop_map(Step::Unpin),
        1 => (somebody(), id()).prop_map(|(who, id)| Step::Override(who, id)),
        1 => Just(Step::Restart),
        1 => prop::collection::vec((somebody(), id()), 1..6).prop_map(Step::Import),
    ]
}

/// Users and groups in turn.
fn holder_number(number: usize) -> Holder {
    let kind = IdKind::group_if(number % 2 == 1);
    holder(kind, &number.to_string())
}

/// A host on which things happen, and every id that it ever gave.
struct Host {
    store: Store,
    ledger: Ledger,
    local: LocalFiles,
    given: HashMap<u32, Holder>,
}

impl Host {
    fn new() -> Self {
        let store = Store::in_memory().unwrap();
        Self {
            ledger: store.ledger(narrow()).unwrap(),
            store,
            local: busy_host(),
            given: HashMap::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Assign(who, id) => {
                let who = holder_number(*who);
                let given = self.ledger.assign(&who, "name", *id, &self.local);
                self.is_given(&who, given.ok());
            }
            Step::Pin(who, id) => {
                let who = holder_number(*who);
                let pinned = self.ledger.pin(&who, "name", *id, &self.local);
                self.is_given(&who, pinned.ok());
            }
            Step::Override(who, id) => {
                let who = holder_number(*who);
                let said = self.ledger.override_id(&who, "name", *id, &self.local);
                self.is_given(&who, said.ok());
            }
            Step::Unpin(who) => _ = self.ledger.unpin(&holder_number(*who)),
            Step::Restart => {}
            Step::Import(there) => self.import(there),
        }
        self.store.keep_ledger(&self.ledger).unwrap();
        if matches!(step, Step::Restart) {
            self.ledger = self.store.ledger(narrow()).unwrap();
        }
        self.holds_together();
    }

    fn import(&mut self, there: &[(usize, u32)]) {
        let mut other = Ledger::new(narrow(), vec![]);
        for (who, id) in there {
            let who = holder_number(*who);
            let _clash = other.assign(&who, "name", Some(*id), &LocalFiles::default());
            let _refused = other.pin(&who, "name", id.saturating_add(1), &LocalFiles::default());
        }
        let current = |ledger: &Ledger| ledger.current.clone();
        let before = current(&self.ledger);
        for entry in other.changes() {
            let first = self.ledger.merge(entry.clone());
            let again = self.ledger.merge(entry.clone());
            match first {
                Ok(_) => assert_eq!(again, Ok(Merged::Present), "an import is idempotent"),
                Err(_) => assert_eq!(again, first),
            }
        }
        for (who, id) in before {
            assert_eq!(self.ledger.current.get(&who), Some(&id), "{who:?}");
        }
    }

    fn is_given(&self, who: &Holder, entry: Option<Entry>) {
        let Some(entry) = entry else { return };
        assert!(check_id(entry.id).is_ok() && !self.local.holds_id(entry.id));
        assert_eq!(entry.holder, *who);
        assert!(entry.current);
        assert_eq!(self.ledger.entry(who), Some(&entry));
    }

    /// No id changes hands, and nobody has two ids or two pins.
    fn holds_together(&mut self) {
        let entries = self.store.entries_after(0, Former::Shown, 10_000).unwrap();
        assert_eq!(entries.len(), self.ledger.by_id.len());
        let (mut current, mut pinned) = (Map::default(), Map::default());
        for entry in entries {
            assert_eq!(self.ledger.by_id.get(&entry.id), Some(&entry));
            let first = self.given.entry(entry.id).or_insert(entry.holder.clone());
            assert_eq!(*first, entry.holder, "{} changes hands", entry.id);
            if entry.current {
                assert_eq!(current.insert(entry.holder.clone(), entry.id), None);
            }
            if entry.source == IdSource::Pinned {
                assert_eq!(pinned.insert(entry.holder.clone(), entry.id), None);
            }
        }
        assert_eq!(current, self.ledger.current);
        assert_eq!(pinned, self.ledger.pinned);
        assert!(self.given.len() == self.ledger.by_id.len(), "none is lost");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_id_never_changes_hands_and_none_of_the_hosts_own_comes_out(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut host = Host::new();
        for step in &steps {
            host.take(step);
        }
    }

    #[test]
    fn two_hosts_derive_the_same_ids_in_whatever_order_people_come(
        keys in prop::collection::hash_set("[a-z0-9:-]{1,12}", 1..40),
        seed in any::<prop::sample::Index>(),
    ) {
        let mut people: Vec<Holder> = keys
            .iter()
            .flat_map(|key| [holder(IdKind::User, key), holder(IdKind::Group, key)])
            .collect();
        let ids_of = |people: &[Holder]| {
            let mut ledger = Ledger::new(SPACE(), vec![]);
            let local = LocalFiles::default();
            let given = people.iter().map(|who| {
                let id = ledger.assign(who, "name", None, &local).map(|entry| entry.id);
                (who.clone(), id)
            });
            given.collect::<HashMap<_, _>>()
        };
        let first = ids_of(&people);
        let turn = seed.index(people.len());
        people.rotate_left(turn);
        people.reverse();
        let second = ids_of(&people);
        prop_assume!(first.values().all(Result::is_ok));
        prop_assert_eq!(first, second);
    }
}
