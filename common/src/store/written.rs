//! What was written since everybody was put together last: records of persons who are called, numbered
//! and housed as before, or anything else.
//!
//! SQLite counts each row that is written. A write that does not say what it is about makes the
//! counts differ, and everybody is put together anew: nothing can be forgotten here.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::disk::{Connection, Store, StoreError};
use crate::directory::{ImmutableKey, Person};
use crate::name::DirectoryName;

/// More persons than this are no small change.
const PEOPLE_MAX: usize = 1000;

/// What was written since somebody asked last, as [`Store::written`] gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Nothing of what is put together but these persons' attributes, memberships and moments.
    People(BTreeMap<(DirectoryName, ImmutableKey), Touched>),
    /// Anything.
    Anything,
}

/// What of a person was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Touched {
    /// Whether other groups hold the person directly than before.
    pub memberships: bool,
}

/// What the store notes for [`Store::written`].
#[derive(Debug, Default)]
pub(super) struct Noted {
    people: BTreeMap<(DirectoryName, ImmutableKey), Touched>,
    /// The rows written since, of which is known what they are.
    told: u64,
    /// How many the connection had counted then; `None`: nothing is known from then on.
    then: Option<u64>,
}

impl Noted {
    /// `rows` more are known: they say these persons, or nothing that is put together.
    fn tell(&mut self, rows: u64, people: BTreeMap<(DirectoryName, ImmutableKey), Touched>) {
        self.told = self.told.saturating_add(rows);
        for (who, touched) in people {
            self.people.entry(who).or_default().memberships |= touched.memberships;
        }
        if self.people.len() > PEOPLE_MAX {
            *self = Self::default();
        }
    }
}

impl Store {
    /// What was written since this was asked last. Asked before anything is read: what is written
    /// meanwhile is told the next time, too.
    pub fn written(&self) -> Written {
        let connection = self.connection();
        let counted = connection.total_changes();
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Noted {
            then: Some(counted),
            ..Noted::default()
        };
        let Noted { people, told, then } = std::mem::replace(&mut *noted, new);
        match then {
            Some(then) if counted.saturating_sub(then) == told => Written::People(people),
            _ => Written::Anything,
        }
    }

    /// Makes [`Store::written`] say [`Written::Anything`]: what it said last came to nothing.
    pub fn forget_written(&self) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Noted::default();
    }

    /// Writes what is never put together: verifiers, attempts, the clock.
    pub(super) fn write_aside<T>(
        &self,
        write: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let before = connection.total_changes();
        let done = write(&mut connection);
        self.tell_written(
            connection.total_changes().saturating_sub(before),
            BTreeMap::new(),
        );
        done
    }

    /// How many rows were ever written of which nobody said what they are. As long as this stays, so
    /// does who is there. Called with the connection held, as its count is looked at.
    pub(super) fn untold(&self, connection: &Connection) -> u64 {
        let told = self.told.load(Ordering::Relaxed);
        connection.total_changes().saturating_sub(told)
    }

    /// Notes `rows` as known. Called with the connection still held: no other write comes between.
    pub(super) fn tell_written(
        &self,
        rows: u64,
        people: BTreeMap<(DirectoryName, ImmutableKey), Touched>,
    ) {
        self.told.fetch_add(rows, Ordering::Relaxed);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.tell(rows, people);
    }
}

/// Whether a person is called, numbered and housed as before, so that nobody else's record can
/// depend on what is different.
pub(super) fn stays(before: &Person, now: &Person) -> bool {
    let who = |person: &Person| Person {
        display_name: String::new(),
        active: true,
        shell: None,
        ssh_keys: Vec::new(),
        ..person.clone()
    };
    who(before) == who(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::directory::{Cursor, Membership, Projection, Sighting};
    use crate::store::ledger::IdKind;
    use crate::store::names::Owner;
    use crate::store::renewal::Renewal;

    const NOW: Time = Time::from_unix(5);

    struct Known {
        store: Store,
        corp: DirectoryName,
    }

    impl Known {
        fn new() -> Self {
            let known = Self {
                store: Store::in_memory().unwrap(),
                corp: DirectoryName::new("corp").unwrap(),
            };
            assert_eq!(
                known.store.written(),
                Written::Anything,
                "from a store's start"
            );
            known.see(|_| {}, &["staff"]);
            assert_eq!(known.store.written(), Written::Anything, "somebody is new");
            known.nothing();
            known
        }

        fn ada() -> Person {
            Person::named(ImmutableKey::given("1"), "ada")
        }

        fn see(&self, change: impl FnOnce(&mut Person), groups: &[&str]) {
            let mut person = Self::ada();
            change(&mut person);
            let groups = groups.iter().map(|name| Membership {
                key: ImmutableKey::from_name(name),
                name: (*name).to_owned(),
                gid: None,
                group_type: None,
            });
            let groups = groups.collect();
            let renewal = Renewal {
                seen: vec![Sighting { person, groups }],
                until: Some(Cursor("7".to_owned())),
                ..Renewal::default()
            };
            self.store.renew(&self.corp, &renewal, NOW).unwrap();
        }

        fn nothing(&self) {
            assert_eq!(self.store.written(), Written::People(BTreeMap::new()));
        }

        fn ada_was_touched(&self, memberships: bool) {
            let ada = (self.corp.clone(), ImmutableKey::given("1"));
            let people = BTreeMap::from([(ada, Touched { memberships })]);
            assert_eq!(self.store.written(), Written::People(people));
            self.nothing();
        }

        fn anything(&self, what: &str) {
            assert_eq!(self.store.written(), Written::Anything, "{what}");
            self.nothing();
        }

        fn owner(&self) -> Owner {
            Owner {
                directory: self.corp.clone(),
                key: ImmutableKey::given("1"),
            }
        }
    }

    #[test]
    fn whoever_stays_the_same_person_is_told_of_by_key() {
        let known = Known::new();
        known.see(|_| {}, &["staff"]);
        known.ada_was_touched(false);
        known.see(|ada| ada.display_name = "Ada".to_owned(), &["staff"]);
        known.ada_was_touched(false);
        known.see(|ada| ada.active = false, &["staff"]);
        known.see(|ada| ada.ssh_keys = vec!["k".to_owned()], &[]);
        known.see(|ada| ada.shell = Some("/bin/sh".to_owned()), &[]);
        known.ada_was_touched(true);
    }

    #[test]
    fn another_name_id_group_or_home_of_a_person_may_mean_anything() {
        let known = Known::new();
        known.see(|ada| ada.name = "ida".to_owned(), &["staff"]);
        known.anything("renamed");
        known.see(|ada| ada.uid = Some(7), &["staff"]);
        known.anything("numbered");
        known.see(|ada| ada.gid = Some(7), &["staff"]);
        known.anything("another primary group");
        known.see(|ada| ada.home = Some("/home/a".to_owned()), &["staff"]);
        known.anything("moved");
        known.see(|_| {}, &["staff"]);
        known.anything("and back");
        known.see(|_| {}, &["staff", "ops"]);
        known.anything("a group is new");
    }

    #[test]
    fn a_row_that_cannot_be_read_is_written_over_and_may_have_been_anything() {
        let known = Known::new();
        let torn = "UPDATE person SET body = '{}'";
        known.store.connection().execute(torn, []).unwrap();
        known.see(|_| {}, &["staff"]);
        known.anything("torn and mended");
        known.see(|_| {}, &["staff"]);
        known.ada_was_touched(false);
    }

    #[test]
    fn how_many_there_are_is_told_rightly_whatever_is_written() {
        let known = Known::new();
        let counts = |people, teams| {
            let counts = known.store.counts(&known.corp).unwrap();
            assert_eq!((counts.people, counts.teams), (people, teams));
        };
        counts(1, 1);
        known.see(|ada| ada.active = false, &["staff"]);
        counts(1, 1);
        known.see(|bob| bob.key = ImmutableKey::given("2"), &["ops"]);
        counts(1, 2);
        known.see(
            |bob| {
                bob.key = ImmutableKey::given("2");
                bob.name = "bob".to_owned();
            },
            &["ops"],
        );
        known.see(|_| {}, &["ops"]);
        counts(2, 2);
        let gone = Renewal {
            gone: vec![ImmutableKey::given("2")],
            ..Renewal::default()
        };
        known.store.renew(&known.corp, &gone, NOW).unwrap();
        counts(1, 2);
        let nobody = Projection::of(vec![], vec![]);
        known.store.replace(&known.corp, &nobody, NOW).unwrap();
        counts(0, 0);
    }

    #[test]
    fn what_is_never_put_together_is_nothing() {
        let known = Known::new();
        let (store, owner) = (&known.store, known.owner());
        store.count_failure(&owner, "there", NOW).unwrap();
        store.take_back_failure(&owner, "there").unwrap();
        store.forgive(&owner, "there", NOW).unwrap();
        store.clear_tries(None).unwrap();
        store.forget_attempts(Time::from_unix(9)).unwrap();
        let verifier = crate::store::verifiers::StoredVerifier {
            text: "v".to_owned(),
            written: NOW,
            expires: None,
            refusals: 0,
        };
        let sequence = store.next_sequence();
        store.keep_verifier(&owner, sequence, &verifier).unwrap();
        store.count_refusal(&owner).unwrap();
        store.remove_verifier(&owner, sequence + 1).unwrap();
        store.raise_high_water(Time::from_unix(9)).unwrap();
        store.mark_synced(&known.corp, Time::from_unix(9)).unwrap();
        known.nothing();
    }

    #[test]
    fn every_other_write_is_anything_and_so_is_a_great_deal() {
        let known = Known::new();
        let (store, owner) = (&known.store, known.owner());
        store.revoke(&owner, "ada", NOW).unwrap();
        known.anything("revoked");
        store.unrevoke(&owner).unwrap();
        known.anything("not any more");
        let mine = [("ada".to_owned(), owner)];
        store.keep_owners(IdKind::User, &mine).unwrap();
        known.anything("a name is claimed");
        store.release_name(IdKind::User, "ada").unwrap();
        known.anything("a name is released");
        store.take_clock_for_right(NOW).unwrap();
        known.anything("the clock was wrong");
        let everybody = Projection::of(vec![Known::ada()], vec![]);
        store.replace(&known.corp, &everybody, NOW).unwrap();
        known.anything("everybody was read");
        known.see(|_| {}, &[]);
        store.forget_written();
        known.anything("what was told came to nothing");
        let people = (0..=PEOPLE_MAX).map(|nth| {
            let key = ImmutableKey::given(&nth.to_string());
            ((known.corp.clone(), key), Touched::default())
        });
        store.tell_written(0, people.collect());
        known.anything("so many");
    }
}
