//! 17: what changed is told again and again, out of order, without attributes, or not at
//! all any more. Both generations of servers, as muster's client hears them.

use std::collections::BTreeMap;
use std::time::Duration;

use muster_common::directory::{
    Changes, Cursor, DirectoryError, Listing as _, Membership, Notices, Person, Projection,
    Sighting, Team,
};
use muster_tests::sim::crowd::{EventSettings, EventStore, Group, MembershipEvents, User};

use crate::common::corp::{Corp, people};

type Known<T> = BTreeMap<String, (T, Vec<String>)>;

/// What somebody knows who read everybody once and then asks about whoever is named.
struct Replica {
    people: Known<Person>,
    teams: Known<Team>,
    cursor: Cursor,
}

fn names(groups: &[Membership]) -> Vec<String> {
    let mut names: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    names.sort();
    names
}

impl Replica {
    async fn of(corp: &Corp) -> Self {
        let cursor = corp.crowd.present().await.unwrap().unwrap();
        let (people, teams) = known(&corp.crowd.everybody().await.unwrap());
        Self {
            people,
            teams,
            cursor,
        }
    }

    /// Follows the server; `false` where its history is lost.
    async fn follow(&mut self, corp: &Corp) -> bool {
        let Some(notices) = corp.crowd.since(&self.cursor).await.unwrap() else {
            return false;
        };
        for name in notices.people.keys() {
            self.people
                .retain(|known, _| !known.eq_ignore_ascii_case(name));
            match Changes::person(&corp.crowd, name).await {
                Ok(Sighting { person, groups }) => {
                    self.people.retain(|_, (known, _)| known.key != person.key);
                    self.people
                        .insert(person.name.clone(), (person, names(&groups)));
                }
                Err(DirectoryError::NotFound) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for name in notices.teams.keys() {
            self.teams
                .retain(|known, _| !known.eq_ignore_ascii_case(name));
            if let Ok(seen) = Changes::team(&corp.crowd, name).await {
                self.teams
                    .insert(seen.team.name.clone(), (seen.team, names(&seen.groups)));
            }
        }
        // A group that is gone holds nobody, and nobody tells those who were in it.
        let there: Vec<_> = self.teams.keys().cloned().collect();
        let people = self.people.values_mut().map(|(_, groups)| groups);
        for groups in people.chain(self.teams.values_mut().map(|(_, groups)| groups)) {
            groups.retain(|group| there.contains(group));
        }
        self.cursor = notices.until.unwrap();
        true
    }
}

fn known(projection: &Projection) -> (Known<Person>, Known<Team>) {
    let names = |places: &[u32]| {
        let name = |place: &u32| {
            projection.teams[usize::try_from(*place).unwrap()]
                .entry
                .name
                .clone()
        };
        let mut names: Vec<_> = places.iter().map(name).collect();
        names.sort();
        names
    };
    let people = projection.people.iter().map(|one| {
        let name = one.entry.name.clone();
        (name, (one.entry.clone(), names(&one.groups)))
    });
    let teams = projection.teams.iter().map(|one| {
        let name = one.entry.name.clone();
        (name, (one.entry.clone(), names(&one.groups)))
    });
    (people.collect(), teams.collect())
}

fn stores() -> impl Iterator<Item = EventSettings> {
    [EventStore::Memory, EventStore::Timestamps]
        .into_iter()
        .flat_map(|store| {
            [MembershipEvents::Single, MembershipEvents::Absolute].map(|memberships| {
                EventSettings {
                    memberships,
                    ..EventSettings::of(store)
                }
            })
        })
}

/// Something happens to somebody; the number chooses what and to whom.
fn happen(corp: &Corp, number: u32) {
    let user = format!("u{}", number / 7 % 5);
    let group = format!("g{}", number / 35 % 4);
    corp.simulator.update(|company| match number % 7 {
        0 => company.add_user(User::new(&user)),
        1 => _ = company.remove_user(&user),
        2 => {
            if company.find_group(&group).is_none() {
                company.add_group(Group::new(&group));
            }
        }
        3 | 4 => {
            if company.find_user(&user).is_some() {
                company.add_member(&group, &user);
            }
        }
        5 => _ = company.remove_member(&group, &user),
        _ => {
            let inner = format!("g{}", number / 140 % 4);
            let is_there = company.find_group(&inner).is_some();
            if let Some(outer) = company
                .group_mut(&group)
                .filter(|_| is_there && inner != group)
            {
                outer.groups = vec![inner];
            }
        }
    });
}

#[tokio::test]
async fn whoever_asks_about_everybody_named_knows_what_the_server_knows() {
    for settings in stores() {
        let corp = Corp::of(people());
        corp.simulator.set_events(settings.clone());
        let mut replica = Replica::of(&corp).await;
        let mut dice = 12_345u32;
        for step in 0..60u32 {
            for _ in 0..=step % 4 {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                happen(&corp, dice >> 8);
            }
            corp.simulator
                .advance(Duration::from_secs(u64::from(step) * 7));
            assert!(replica.follow(&corp).await, "{settings:?}");
            let (people, teams) = known(&corp.crowd.everybody().await.unwrap());
            assert_eq!(replica.people, people, "{settings:?} {step}");
            assert_eq!(replica.teams, teams, "{settings:?} {step}");
        }
    }
}

#[tokio::test]
async fn a_history_that_does_not_go_back_so_far_says_so() {
    for store in [EventStore::Memory, EventStore::Timestamps] {
        let corp = Corp::of(people());
        corp.simulator.set_events(EventSettings::of(store));
        let cursor = corp.crowd.present().await.unwrap().unwrap();
        assert!(corp.crowd.since(&cursor).await.unwrap().is_some());
        match store {
            EventStore::Memory => corp.simulator.restart(),
            _ => corp.simulator.expire_events(),
        }
        assert_eq!(corp.crowd.since(&cursor).await.unwrap(), None, "{store:?}");
        let foreign = Cursor("nonsense/../ %".to_owned());
        assert_eq!(corp.crowd.since(&foreign).await.unwrap(), None);
    }
    let old = Corp::of(people());
    old.simulator
        .set_events(EventSettings::of(EventStore::Absent));
    assert_eq!(old.crowd.present().await.unwrap(), None);
}

/// The newer servers tell everything again for five minutes, in the same words.
#[tokio::test]
async fn the_same_told_again_is_known_to_be_the_same() {
    let corp = Corp::of(people());
    corp.simulator
        .set_events(EventSettings::of(EventStore::Timestamps));
    let mut replica = Replica::of(&corp).await;
    corp.simulator
        .update(|company| company.add_user(User::new("new")));
    let told = async |replica: &Replica| -> Notices {
        corp.crowd.since(&replica.cursor).await.unwrap().unwrap()
    };
    let first = told(&replica).await;
    assert!(replica.follow(&corp).await);
    corp.simulator.advance(Duration::from_secs(60));
    let again = told(&replica).await;
    assert_eq!(again.people.get("new"), first.people.get("new"));
    assert!(first.people.contains_key("new"));
}
