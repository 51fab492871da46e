//! Whoever follows the events has in the end what the server has.

use std::collections::{BTreeMap, BTreeSet};

use super::entity::{Event, Operation};
use super::{Change, EventLog, EventSettings, EventStore, Renames};
use crate::sim::crowd::account::{Group, User};
use crate::sim::crowd::population::{Population, fold};

const MINUTE: u64 = 60_000;

/// A stream of numbers that can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// What somebody knows who only follows events; users by key.
#[derive(Debug, Default, PartialEq, Eq)]
struct Replica {
    users: BTreeMap<String, String>,
    groups: BTreeSet<String>,
    of_users: BTreeSet<(String, String)>,
    of_groups: BTreeSet<(String, String)>,
    /// Names that somebody who is known has in the events that are being followed.
    coming: BTreeMap<String, String>,
}

impl Replica {
    fn of(population: &Population) -> Self {
        let mut replica = Self::default();
        for user in population.users.values() {
            replica.users.insert(user.key.clone(), fold(&user.name));
        }
        for (name, group) in population.groups.iter() {
            replica.groups.insert(name.clone());
            let users = population.members(group).into_iter();
            let users = users.map(|user| (user.key.clone(), name.clone()));
            replica.of_users.extend(users);
            let children = population.children(group).into_iter();
            let children = children.map(|child| (fold(&child.name), name.clone()));
            replica.of_groups.extend(children);
        }
        replica
    }

    fn key_of(&self, name: &str) -> Option<String> {
        let mut users = self.users.iter();
        let found = users.find(|(_, known)| **known == fold(name));
        let known = found.map(|(key, _)| key.clone());
        known.or_else(|| self.coming.get(&fold(name)).cloned())
    }

    /// Follows events that belong together. Memberships are told before renames, and by
    /// the new name, so that the names have to be looked at first.
    fn follow_all(&mut self, events: &[Event<'_>]) {
        for event in events {
            if let Event::User { user, .. } = event
                && self.users.contains_key(&user.key)
            {
                self.coming.insert(fold(&user.name), user.key.clone());
            }
        }
        events.iter().for_each(|event| self.follow(event));
        self.coming.clear();
    }

    fn follow(&mut self, event: &Event<'_>) {
        match event {
            Event::User {
                operation: Operation::Deleted,
                user,
                ..
            } => {
                if let Some(gone) = self.key_of(&user.name) {
                    self.users.remove(&gone);
                    self.of_users.retain(|(key, _)| *key != gone);
                }
            }
            Event::User { user, .. } => {
                self.users.insert(user.key.clone(), fold(&user.name));
            }
            Event::Group {
                operation: Operation::Deleted,
                group,
                ..
            } => {
                let gone = fold(&group.name);
                self.groups.remove(&gone);
                self.of_users.retain(|(_, group)| *group != gone);
                self.of_groups
                    .retain(|(child, group)| *child != gone && *group != gone);
            }
            Event::Group { group, .. } => {
                self.groups.insert(fold(&group.name));
            }
            Event::UserMembership(operation, kin) => {
                if let Some(key) = self.key_of(kin.child) {
                    turn(&mut self.of_users, *operation, &key, &kin.parents);
                }
            }
            Event::GroupMembership(operation, kin) => {
                turn(
                    &mut self.of_groups,
                    *operation,
                    &fold(kin.child),
                    &kin.parents,
                );
            }
        }
    }
}

fn turn(
    pairs: &mut BTreeSet<(String, String)>,
    operation: Operation,
    child: &str,
    parents: &[&str],
) {
    for parent in parents {
        let pair = (child.to_owned(), fold(parent));
        match operation {
            Operation::Deleted => pairs.remove(&pair),
            Operation::Created | Operation::Updated => pairs.insert(pair),
        };
    }
}

/// A server whose people change at random, and somebody who follows.
struct Story {
    dice: Dice,
    population: Population,
    log: EventLog,
    now: u64,
    names: u64,
    given_up: BTreeSet<String>,
}

impl Story {
    fn new(seed: u64, settings: EventSettings) -> Self {
        let mut population = Population::new();
        for number in 0..6 {
            population.add_user(User::new(&format!("Old{number}")));
            population.add_group(Group::new(&format!("Team{number}")));
        }
        population.settle(0, &settings);
        let mut log = EventLog::default();
        log.settings = settings;
        Self {
            dice: Dice(seed),
            population,
            log,
            now: 100 * MINUTE,
            names: 0,
            given_up: BTreeSet::new(),
        }
    }

    /// Somebody; or a name that somebody had who was removed.
    fn user(&mut self) -> String {
        let names = self.names + 6;
        match self.dice.below(names) {
            number if number < 6 => format!("old{number}"),
            number => format!("new{}", number - 6),
        }
    }

    fn group(&mut self) -> String {
        format!("team{}", self.dice.below(8))
    }

    /// One change. Names that a rename gave up are not used again: with tokens that are dated
    /// back nobody can tell then who is meant.
    fn change(&mut self) {
        let (user, group, other) = (self.user(), self.group(), self.group());
        match self.dice.below(14) {
            0 => {
                self.population.remove_user(&user);
            }
            1 => {
                self.population.remove_group(&group);
            }
            2 => {
                let fresh = format!("New{}", self.names);
                self.names += 1;
                self.population.add_user(User::new(&fresh));
                self.population.add_member(&group, &fresh);
            }
            3 if self.population.find_group(&group).is_none() => {
                self.population
                    .add_group(Group::new(&group).groups([other.as_str()]));
            }
            4 => {
                self.names += 1;
                let fresh = format!("Renamed{}", self.names);
                self.population.rename_user(&user, &fresh);
                self.given_up.insert(user);
            }
            5 => {
                self.population.remove_member(&group, &user);
            }
            6 => {
                if let Some(group) = self.population.group_mut(&group) {
                    group.groups.retain(|child| fold(child) != other);
                }
            }
            7 if group != other => {
                if let Some(group) = self.population.group_mut(&group) {
                    group.groups.push(other);
                }
            }
            8 => {
                if let Some(user) = self.population.user_mut(&user) {
                    user.active = !user.active;
                }
            }
            9 if self.population.find_user(&user).is_none() && !self.given_up.contains(&user) => {
                self.population.add_user(User::new(&user));
            }
            _ => {
                self.population.add_member(&group, &user);
            }
        }
    }

    fn settle(&mut self) {
        let changes: Vec<Change> = self.population.settle(self.now, &self.log.settings);
        self.log.add(self.now, changes);
    }

    /// Lets much happen, looks now and then, and compares in the end.
    fn check(&mut self) {
        let mut replica = Replica::of(&self.population);
        let mut token = self.log.token(self.now);
        let mut followed = 0;
        for _ in 0..60 {
            for _ in 0..self.dice.below(6) {
                for _ in 0..self.dice.below(4) {
                    self.change();
                }
                self.settle();
                self.now += self.dice.below(2 * MINUTE) + 1;
            }
            let events = match self.log.settings.store {
                EventStore::Memory => self.log.numbered(&token).unwrap(),
                _ => self
                    .log
                    .dated(&token, "us", &self.population, self.now)
                    .unwrap(),
            };
            followed += events.len();
            replica.follow_all(&events);
            token = self.log.token(self.now);
            assert_eq!(replica, Replica::of(&self.population));
        }
        assert!(followed > 50, "{followed}");
    }
}

#[test]
fn whoever_follows_the_events_has_what_the_server_has() {
    for store in [EventStore::Memory, EventStore::Timestamps] {
        for renames in [Renames::Updated, Renames::Recreated] {
            for seed in 1..40 {
                let settings = EventSettings {
                    renames,
                    ..EventSettings::of(store)
                };
                Story::new(seed, settings).check();
            }
        }
    }
}
