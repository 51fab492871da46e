//! Newer: the changes since a time, each thing once and as it is now.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Pair, Step, Turn};
use super::entity::{Event, Operation};
use crate::sim::crowd::account::{Group, User};
use crate::sim::crowd::population::{Population, fold};

/// What became of the users or of the groups, by folded name.
struct Entities<'a, T> {
    removed: BTreeMap<String, &'a T>,
    created: BTreeSet<String>,
    updated: BTreeSet<String>,
}

impl<T> Default for Entities<'_, T> {
    fn default() -> Self {
        Self {
            removed: BTreeMap::new(),
            created: BTreeSet::new(),
            updated: BTreeSet::new(),
        }
    }
}

impl<'a, T> Entities<'a, T> {
    fn add(&mut self, step: &Step, name: String, entity: &'a T) {
        match step {
            Step::Created => {
                self.created.insert(name);
            }
            Step::Renamed(old) if self.created.remove(old) => {
                self.created.insert(name);
            }
            Step::Updated | Step::Renamed(_) => {
                self.updated.insert(name);
            }
            // Without a new date the store does not see it; with one, it is updated, too.
            Step::Attributes(_) => {}
            Step::Deleted => {
                self.created.remove(&name);
                self.removed.insert(name, entity);
            }
        }
    }

    /// Whoever is gone, or has another name by now, was not updated; who is new neither.
    fn keep_those(&mut self, present: &BTreeMap<String, T>) {
        self.created.retain(|name| present.contains_key(name));
        let created = &self.created;
        let there = |name: &String| present.contains_key(name) && !created.contains(name);
        self.updated.retain(there);
    }

    fn len(&self) -> usize {
        self.removed.len() + self.created.len() + self.updated.len()
    }

    /// Who is there and was made or changed.
    fn present(&self) -> impl Iterator<Item = (Operation, &String)> {
        let created = self.created.iter().map(|name| (Operation::Created, name));
        let updated = self.updated.iter().map(|name| (Operation::Updated, name));
        created.chain(updated)
    }
}

/// What became of memberships, by the folded names of member and group.
#[derive(Default)]
struct Memberships<'a> {
    removed: BTreeMap<(String, String), &'a Pair>,
    created: BTreeSet<(String, String)>,
}

impl<'a> Memberships<'a> {
    fn add(&mut self, turn: Turn, pair: &'a Pair) {
        let names = (fold(&pair.child), fold(&pair.parent));
        match turn {
            Turn::Created => {
                self.created.insert(names);
            }
            Turn::Deleted => {
                self.created.remove(&names);
                self.removed.insert(names, pair);
            }
        }
    }

    /// Memberships move along with a member that has another name.
    fn rename(&mut self, old: &str, new: &str) {
        let from = (old.to_owned(), String::new());
        let mine = self.created.range(from..);
        let mine: Vec<_> = mine
            .take_while(|(child, _)| child == old)
            .cloned()
            .collect();
        for names in mine {
            self.created.remove(&names);
            self.created.insert((new.to_owned(), names.1));
        }
    }

    /// Memberships that ended with one of their sides are not told of.
    fn keep_those(&mut self, exists: impl Fn(&str, &str) -> bool) {
        self.created.retain(|(child, parent)| exists(child, parent));
    }

    fn len(&self) -> usize {
        self.removed.len() + self.created.len()
    }
}

/// Everything that became of something.
pub(super) struct Window<'a> {
    population: &'a Population,
    users: Entities<'a, User>,
    groups: Entities<'a, Group>,
    of_users: Memberships<'a>,
    of_groups: Memberships<'a>,
}

impl<'a> Window<'a> {
    /// The sum of these changes, which are in their order, up to what is there now.
    pub(super) fn of(
        changes: impl Iterator<Item = &'a Change>,
        population: &'a Population,
    ) -> Self {
        let mut window = Self {
            population,
            users: Entities::default(),
            groups: Entities::default(),
            of_users: Memberships::default(),
            of_groups: Memberships::default(),
        };
        changes.for_each(|change| window.add(change));
        let listed = |group: &str| {
            population
                .listed(group)
                .filter(|_| population.groups.contains_key(group))
        };
        window.users.keep_those(&population.users);
        window.groups.keep_those(&population.groups);
        window.of_users.keep_those(|user, group| {
            population.users.contains_key(user)
                && listed(group).is_some_and(|members| members.users.contains(user))
        });
        window.of_groups.keep_those(|child, group| {
            population.groups.contains_key(child)
                && listed(group).is_some_and(|members| members.groups.contains(child))
        });
        window
    }

    fn add(&mut self, change: &'a Change) {
        match change {
            Change::User(step, user) => {
                let name = fold(&user.name);
                if let Step::Renamed(old) = step {
                    self.of_users.rename(old, &name);
                }
                self.users.add(step, name, user);
            }
            Change::Group(step, group) => self.groups.add(step, fold(&group.name), group),
            Change::UserMembership(turn, pair) => self.of_users.add(*turn, pair),
            Change::GroupMembership(turn, pair) => self.of_groups.add(*turn, pair),
            Change::Reset(_) => {}
        }
    }

    /// How many events it makes.
    pub(super) fn len(&self) -> usize {
        self.users.len() + self.groups.len() + self.of_users.len() + self.of_groups.len()
    }

    /// The events, in the order that the newer store has within a directory.
    pub(super) fn events(&self) -> Vec<Event<'a>> {
        let mut events = self.memberships_gone();
        let users = self.users.removed.values();
        events.extend(users.map(|user| Event::user(Operation::Deleted, user)));
        let groups = self.groups.removed.values();
        events.extend(groups.map(|group| Event::group(Operation::Deleted, group)));
        events.extend(self.groups.present().filter_map(|(operation, name)| {
            Some(Event::group(operation, self.population.groups.get(name)?))
        }));
        events.extend(self.users.present().filter_map(|(operation, name)| {
            Some(Event::user(operation, self.population.users.get(name)?))
        }));
        events.extend(self.memberships_new());
        events
    }

    fn memberships_gone(&self) -> Vec<Event<'a>> {
        let gone = Operation::Deleted;
        let users = self.of_users.removed.values();
        let users = users.map(|pair| Event::user_in(gone, &pair.child, &pair.parent));
        let groups = self.of_groups.removed.values();
        let groups = groups.map(|pair| Event::group_in(gone, &pair.child, &pair.parent));
        users.chain(groups).collect()
    }

    fn memberships_new(&self) -> Vec<Event<'a>> {
        let (users, groups) = (&self.population.users, &self.population.groups);
        let new = Operation::Created;
        let of_users = self.of_users.created.iter().filter_map(|(user, group)| {
            let (user, group) = (users.get(user)?, groups.get(group)?);
            Some(Event::user_in(new, &user.name, &group.name))
        });
        let of_groups = self.of_groups.created.iter().filter_map(|(child, group)| {
            let (child, group) = (groups.get(child)?, groups.get(group)?);
            Some(Event::group_in(new, &child.name, &group.name))
        });
        of_users.chain(of_groups).collect()
    }
}
