//! The ledger's rules, one by one.

use super::*;
use crate::store::Store;

pub(super) const SPACE: fn() -> IdSpace = || IdSpace {
    accept: 10_000..=2_147_352_575,
    derive: 1_879_048_192..=2_147_352_575,
};

pub(super) fn holder(kind: IdKind, key: &str) -> Holder {
    Holder {
        kind,
        namespace: "crowd".into(),
        key: ImmutableKey::given(key),
    }
}

pub(super) fn user(key: &str) -> Holder {
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
    let mut later = Ledger::new(SPACE(), ledger.changes().cloned().collect());
    assert_eq!(later.override_id(&user("k"), "ada", 5000, &local), Ok(said));
    assert!(
        later.changes().next().is_none(),
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
        Err(Clash::Reserved(IdError::BelowFloor(999)))
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
        Clash::TakenOnce {
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

/// A host with a local user 20002 and 100000 to 165535 granted.
pub(super) fn busy_host() -> LocalFiles {
    let mut local = LocalFiles::default();
    local.uids.insert(20_002);
    local.subordinate.push(100_000..=165_535);
    local
}

#[test]
fn a_pin_goes_before_the_services_id_and_stays_until_it_is_taken_away() {
    let local = LocalFiles::default();
    let mut ledger = Ledger::new(SPACE(), vec![]);
    let given = Some(20_001);
    ledger.assign(&user("a"), "ada", given, &local).unwrap();
    let pinned = ledger.pin(&user("a"), "ada", 30_000, &local).unwrap();
    assert_eq!(pinned.source, IdSource::Pinned);
    assert_eq!(ledger.assign(&user("a"), "ada", given, &local), Ok(pinned));
    assert!(matches!(
        ledger.assign(&user("b"), "bob", given, &local),
        Err(Clash::TakenOnce { id: 20_001, .. })
    ));
    let moved = ledger.pin(&user("a"), "ada", 30_001, &local).unwrap();
    assert_eq!(ledger.entry(&user("a")), Some(&moved));
    assert_eq!(ledger.unpin(&user("a")), Some(30_001));
    assert_eq!(ledger.unpin(&user("a")), None);
    let back = ledger.assign(&user("a"), "ada", given, &local).unwrap();
    assert_eq!((back.id, back.source), (20_001, IdSource::Service));
    for id in [30_000, 30_001] {
        assert_eq!(ledger.holder_of(id), Some(&user("a")), "{id}");
        let other = ledger.pin(&user("b"), "bob", id, &local).unwrap_err();
        assert!(other.to_string().contains("belonged to user ada once"));
    }
}

#[test]
fn a_pin_is_refused_where_the_id_cannot_be_served() {
    let local = busy_host();
    let mut ledger = Ledger::new(SPACE(), vec![]);
    let derived = ledger
        .assign(&holder(IdKind::Group, "g"), "devs", None, &local)
        .unwrap();
    let mut check = |id: u32, why: &str| {
        let refused = ledger.pin(&user("a"), "ada", id, &local).unwrap_err();
        assert!(refused.to_string().contains(why), "{id}: {refused}");
    };
    check(0, "below 1000");
    check(65_534, "reserved");
    check(61_184, "reserved");
    check(20_002, "a local account's");
    check(100_000, "/etc/subuid");
    check(9_999, "widen ids.accept");
    check(2_147_352_576, "neither ids.accept");
    check(derived.id, "belongs to group devs");
    assert!(ledger.pin_of(&user("a")).is_none());
    assert!(ledger.entry(&user("a")).is_none());
}

#[test]
fn a_pin_outlives_an_override() {
    let local = LocalFiles::default();
    let mut ledger = Ledger::new(SPACE(), vec![]);
    let ada = user("a");
    ledger.pin(&ada, "ada", 30_000, &local).unwrap();
    ledger.override_id(&ada, "ada", 5000, &local).unwrap();
    let mut later = Ledger::new(SPACE(), ledger.changes().cloned().collect());
    let back = later.assign(&ada, "ada", Some(20_001), &local).unwrap();
    assert_eq!((back.id, back.source), (30_000, IdSource::Pinned));
    later.override_id(&ada, "ada", 30_000, &local).unwrap();
    assert_eq!(later.pin_of(&ada), Some(30_000), "the same id is no news");
}

#[test]
fn whatever_was_given_is_not_served_once_the_host_itself_has_it() {
    let (before, now) = (LocalFiles::default(), busy_host());
    let mut ledger = Ledger::new(SPACE(), vec![]);
    ledger
        .assign(&user("a"), "ada", Some(20_002), &before)
        .unwrap();
    ledger.pin(&user("b"), "bob", 100_000, &before).unwrap();
    for (key, service_id, id) in [
        ("a", Some(20_002), 20_002),
        ("a", None, 20_002),
        ("b", None, 100_000),
    ] {
        let refused = ledger.assign(&user(key), key, service_id, &now);
        assert_eq!(refused, Err(Clash::Local(id)));
    }
    let derived = derive(&SPACE().derive, &user("c"));
    let mut granted = LocalFiles::default();
    granted.subordinate.push(derived..=derived);
    let refused = ledger.assign(&user("c"), "cleo", None, &granted);
    assert_eq!(refused, Err(Clash::Local(derived)));
}

#[test]
fn a_free_id_is_the_first_behind_the_derived_one() {
    let mut local = LocalFiles::default();
    let mut ledger = Ledger::new(SPACE(), vec![]);
    let derived = derive(&SPACE().derive, &user("a"));
    ledger.pin(&user("x"), "xena", derived, &local).unwrap();
    local.uids.insert(derived + 1);
    assert_eq!(ledger.free_id(&user("a"), &local), Some(derived + 2));
    local.subordinate.push(0..=u32::MAX);
    assert_eq!(ledger.free_id(&user("a"), &local), None);
}

#[test]
fn the_store_never_writes_one_keys_id_over_anothers() {
    let local = LocalFiles::default();
    let store = Store::in_memory().unwrap();
    let mut one = store.ledger(SPACE()).unwrap();
    let mut two = store.ledger(SPACE()).unwrap();
    one.pin(&user("a"), "ada", 30_000, &local).unwrap();
    two.pin(&user("b"), "bob", 30_000, &local).unwrap();
    two.pin(&user("c"), "cleo", 30_001, &local).unwrap();
    store.keep_ledger(&one).unwrap();
    assert!(matches!(
        store.keep_ledger(&two),
        Err(crate::store::StoreError::Given(30_000))
    ));
    assert_eq!(store.entries_after(0, Former::Shown, 10).unwrap().len(), 1);
}

#[test]
fn entries_are_found_by_id_name_and_holder_and_page_by_page() {
    let local = LocalFiles::default();
    let store = Store::in_memory().unwrap();
    let mut ledger = store.ledger(SPACE()).unwrap();
    for id in [20_001, 20_005, 20_003] {
        ledger.assign(&user("a"), "ada", Some(id), &local).unwrap();
    }
    ledger.pin(&user("b"), "bob", 20_002, &local).unwrap();
    store.keep_ledger(&ledger).unwrap();
    let ids = |entries: Vec<Entry>| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    let page = |after, former| ids(store.entries_after(after, former, 2).unwrap());
    assert_eq!(page(0, Former::Shown), [20_001, 20_002]);
    assert_eq!(page(20_002, Former::Shown), [20_003, 20_005]);
    assert_eq!(page(0, Former::Hidden), [20_002, 20_003]);
    assert_eq!(
        ids(store.entries_of(&user("a")).unwrap()),
        [20_001, 20_003, 20_005]
    );
    assert_eq!(
        ids(store.entries_named(IdKind::User, "bob").unwrap()),
        [20_002]
    );
    assert_eq!(store.entries_named(IdKind::Group, "bob").unwrap(), []);
    assert!(
        store
            .entry_with(20_001)
            .unwrap()
            .is_some_and(|entry| !entry.current)
    );
}

#[test]
fn an_imported_ledger_gives_everybody_the_same_ids() {
    let local = LocalFiles::default();
    let mut first = Ledger::new(SPACE(), vec![]);
    let people = [("a", Some(20_001)), ("b", None), ("c", Some(20_003))];
    for (key, id) in people {
        first.assign(&user(key), key, id, &local).unwrap();
    }
    first.pin(&user("c"), "c", 40_000, &local).unwrap();
    let mut second = Ledger::new(SPACE(), vec![]);
    for entry in first.changes() {
        assert_eq!(second.merge(entry.clone()), Ok(Merged::Added));
    }
    for entry in first.changes() {
        assert_eq!(second.merge(entry.clone()), Ok(Merged::Present));
    }
    for (key, id) in people {
        let id_on = |ledger: &mut Ledger| ledger.assign(&user(key), key, id, &local).unwrap();
        assert_eq!(id_on(&mut second), id_on(&mut first));
    }
}

#[test]
fn what_an_import_says_otherwise_is_named_and_changes_nothing() {
    let local = LocalFiles::default();
    let mut here = Ledger::new(SPACE(), vec![]);
    here.assign(&user("a"), "ada", Some(20_001), &local)
        .unwrap();
    here.assign(&user("p"), "pia", None, &local).unwrap();
    here.pin(&user("p"), "pia", 30_000, &local).unwrap();
    let said = |key: &str, id, source, current| Entry {
        id,
        holder: user(key),
        name: key.to_owned(),
        source,
        current,
    };
    let before: Vec<_> = here.changes().cloned().collect();
    for (entry, words) in [
        (
            said("b", 20_001, IdSource::Service, true),
            "belongs to user ada",
        ),
        (
            said("b", 20_001, IdSource::Service, false),
            "belongs to user ada",
        ),
        (
            said("a", 20_002, IdSource::Service, true),
            "here the id is 20001 (service)",
        ),
        (
            said("a", 20_002, IdSource::Pinned, true),
            "here the id is 20001",
        ),
        (
            said("p", 30_001, IdSource::Pinned, false),
            "here the id is 30000 (pinned)",
        ),
    ] {
        let conflict = here.merge(entry).unwrap_err();
        assert!(conflict.to_string().contains(words), "{conflict}");
    }
    assert_eq!(here.changes().cloned().collect::<Vec<_>>(), before);
    assert_eq!(
        here.merge(said("a", 20_009, IdSource::Service, false)),
        Ok(Merged::Added),
        "what is only kept from others is no contradiction"
    );
    assert_eq!(
        here.merge(said("a", 20_001, IdSource::Pinned, true)),
        Ok(Merged::Added),
        "a pin to the id that stands here"
    );
    assert_eq!(here.pin_of(&user("a")), Some(20_001));
}

#[test]
fn what_a_configuration_says_is_no_contradiction_to_an_import() {
    let local = LocalFiles::default();
    let ada = user("a");
    let mut there = Ledger::new(SPACE(), vec![]);
    there.assign(&ada, "ada", None, &local).unwrap();
    let mut here = Ledger::new(SPACE(), vec![]);
    here.override_id(&ada, "ada", 5000, &local).unwrap();
    for entry in there.changes() {
        assert_eq!(here.merge(entry.clone()), Ok(Merged::Added));
        assert_eq!(here.merge(entry.clone()), Ok(Merged::Present));
    }
    assert_eq!(here.entry(&ada).map(|entry| entry.id), Some(5000));
    let fresh: Vec<Entry> = here.changes().cloned().collect();
    for entry in fresh {
        there.merge(entry).unwrap();
    }
    let kept = there.assign(&ada, "ada", None, &local).unwrap();
    assert_eq!(kept.source, IdSource::Derived);
}
