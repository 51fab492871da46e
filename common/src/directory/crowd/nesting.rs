//! Who is in a group through other groups. Crowd's bulk answer holds direct
//! memberships only; the rest is worked out here, cycles and all.
//!
//! Names become places in the lists of people and teams at once, so that a
//! million memberships cost eight megabytes and not a hundred.

use std::collections::HashMap;

use super::super::{Person, Team};
use super::mapping::canonical;
use super::membership::{Member, Membership};

/// Direct memberships between known people and groups.
#[derive(Debug)]
pub(super) struct Nesting {
    people: HashMap<String, usize>,
    teams: HashMap<String, usize>,
    direct: Vec<Direct>,
    strangers: usize,
}

#[derive(Debug, Default, Clone)]
struct Direct {
    people: Vec<u32>,
    teams: Vec<u32>,
}

impl Nesting {
    /// Knows these people and teams, and no membership yet.
    pub(super) fn new(people: &[Person], teams: &[Team]) -> Self {
        Self {
            people: places(people.iter().map(|person| person.name.as_str())),
            teams: places(teams.iter().map(|team| team.name.as_str())),
            direct: vec![Direct::default(); teams.len()],
            strangers: 0,
        }
    }

    /// Takes note of a direct membership, if both sides are known.
    pub(super) fn add(&mut self, membership: &Membership<'_>) {
        if self.try_add(membership).is_none() {
            self.strangers = self.strangers.saturating_add(1);
        }
    }

    fn try_add(&mut self, membership: &Membership<'_>) -> Option<()> {
        let group = *self.teams.get(&canonical(membership.group))?;
        let direct = self.direct.get_mut(group)?;
        match membership.member {
            Member::User(name) => {
                let place = *self.people.get(&canonical(name))?;
                direct.people.push(u32::try_from(place).ok()?);
            }
            Member::Group(name) => {
                let place = *self.teams.get(&canonical(name))?;
                direct.teams.push(u32::try_from(place).ok()?);
            }
        }
        Some(())
    }

    /// How many memberships named somebody or something unknown.
    pub(super) fn strangers(&self) -> usize {
        self.strangers
    }

    /// Writes the members of each active team, in the order of `people`. A group
    /// that is not active has no members and passes none on.
    pub(super) fn fill(&self, people: &[Person], teams: &mut [Team]) {
        let active: Vec<bool> = teams.iter().map(|team| team.active).collect();
        for (place, team) in teams.iter_mut().enumerate() {
            let members = self.reach(place, &active);
            team.members = members
                .into_iter()
                .filter_map(|place| people.get(place))
                .map(|person| person.name.clone())
                .collect();
        }
    }

    /// The places of everybody below the group at `start`.
    fn reach(&self, start: usize, active: &[bool]) -> std::collections::BTreeSet<usize> {
        let mut people = std::collections::BTreeSet::new();
        let mut seen = std::collections::HashSet::new();
        let mut ahead = vec![start];
        while let Some(group) = ahead.pop() {
            let counts = active.get(group).copied().unwrap_or(false);
            if !counts || !seen.insert(group) {
                continue;
            }
            if let Some(direct) = self.direct.get(group) {
                people.extend(direct.people.iter().map(|&place| wide(place)));
                ahead.extend(direct.teams.iter().map(|&place| wide(place)));
            }
        }
        people
    }
}

/// Back from the narrow form that is kept; every place came from a `usize`.
fn wide(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The first of several with one name keeps it, as in Crowd itself.
fn places<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for (place, name) in names.enumerate() {
        places.entry(canonical(name)).or_insert(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ImmutableKey;

    fn person(name: &str) -> Person {
        Person {
            key: ImmutableKey::from_name(name),
            name: name.to_owned(),
            display_name: name.to_owned(),
            active: true,
            uid: None,
            gid: None,
            shell: None,
            home: None,
            ssh_keys: Vec::new(),
        }
    }

    fn team(name: &str, active: bool) -> Team {
        Team {
            key: ImmutableKey::from_name(name),
            name: name.to_owned(),
            active,
            gid: None,
            members: Vec::new(),
        }
    }

    fn filled(
        teams: &[(&str, bool)],
        memberships: &[(&str, Member<'_>)],
    ) -> (Vec<Vec<String>>, usize) {
        let people: Vec<Person> = ["Ann", "bob", "eve"].map(person).into();
        let mut teams: Vec<Team> = teams
            .iter()
            .map(|&(name, active)| team(name, active))
            .collect();
        let mut nesting = Nesting::new(&people, &teams);
        for &(group, member) in memberships {
            nesting.add(&Membership { group, member });
        }
        nesting.fill(&people, &mut teams);
        let members = teams.into_iter().map(|team| team.members).collect();
        (members, nesting.strangers())
    }

    #[test]
    fn members_come_through_nested_groups_and_cycles_end() {
        let (members, strangers) = filled(
            &[("all", true), ("dev", true), ("ops", true)],
            &[
                ("all", Member::Group("dev")),
                ("dev", Member::Group("OPS")),
                ("ops", Member::Group("all")),
                ("ops", Member::User("bob")),
                ("dev", Member::User("ann")),
                ("dev", Member::User("ann")),
            ],
        );
        assert_eq!(members, [["Ann", "bob"], ["Ann", "bob"], ["Ann", "bob"]]);
        assert_eq!(strangers, 0);
    }

    #[test]
    fn an_inactive_group_passes_nobody_on() {
        let (members, _) = filled(
            &[("all", true), ("old", false)],
            &[
                ("all", Member::Group("old")),
                ("all", Member::User("eve")),
                ("old", Member::User("bob")),
            ],
        );
        assert_eq!(members, [vec!["eve"], vec![]]);
    }

    #[test]
    fn members_that_nobody_knows_are_left_out_and_counted() {
        let (members, strangers) = filled(
            &[("all", true)],
            &[
                ("all", Member::User("ghost")),
                ("all", Member::Group("ghosts")),
                ("ghosts", Member::User("bob")),
            ],
        );
        assert_eq!(members, [Vec::<String>::new()]);
        assert_eq!(strangers, 3);
    }

    #[test]
    fn a_chain_of_ten_thousand_groups_needs_no_stack() {
        let names: Vec<String> = (0..10_000).map(|n| format!("g{n}")).collect();
        let people = [person("ann")];
        let mut teams: Vec<Team> = names.iter().map(|name| team(name, true)).collect();
        let mut nesting = Nesting::new(&people, &teams);
        for pair in names.windows(2) {
            nesting.add(&Membership {
                group: &pair[0],
                member: Member::Group(&pair[1]),
            });
        }
        nesting.add(&Membership {
            group: &names[9_999],
            member: Member::User("ann"),
        });
        assert_eq!(nesting.reach(0, &vec![true; 10_000]).len(), 1);
        teams.truncate(1);
        nesting.fill(&people, &mut teams);
    }
}
