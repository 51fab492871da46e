//! Who is in which group, from names to places.
//!
//! Names become places in the lists of people and teams at once, so that a million
//! memberships cost a few megabytes and not a hundred.

use std::collections::HashMap;

use super::{Listed, Person, Team};

/// The direct memberships between known people and groups.
#[derive(Debug)]
pub struct Rolls {
    places: Places,
    of_people: Vec<Vec<u32>>,
    of_teams: Vec<Vec<u32>>,
    strangers: usize,
}

#[derive(Debug)]
struct Places {
    people: HashMap<String, u32>,
    teams: HashMap<String, u32>,
}

impl Rolls {
    /// Knows these people and teams, and no membership yet. Names are compared without
    /// regard to ASCII case; the first of several with one name keeps it.
    pub fn new(people: &[Person], teams: &[Team]) -> Self {
        Self {
            places: Places {
                people: places(people.iter().map(|person| person.name.as_str())),
                teams: places(teams.iter().map(|team| team.name.as_str())),
            },
            of_people: vec![Vec::new(); people.len()],
            of_teams: vec![Vec::new(); teams.len()],
            strangers: 0,
        }
    }

    /// Takes note that the group holds the person directly, if both are known.
    pub fn add_person(&mut self, group: &str, member: &str) {
        let Places { people, teams } = &self.places;
        let added = enter(&mut self.of_people, people, member, teams, group);
        self.count(added);
    }

    /// Takes note that the group holds another group directly, if both are known.
    pub fn add_team(&mut self, group: &str, member: &str) {
        let teams = &self.places.teams;
        let added = enter(&mut self.of_teams, teams, member, teams, group);
        self.count(added);
    }

    fn count(&mut self, added: Option<()>) {
        if added.is_none() {
            self.strangers = self.strangers.saturating_add(1);
        }
    }

    /// How many memberships named somebody or something unknown.
    pub fn strangers(&self) -> usize {
        self.strangers
    }

    /// The people and teams that this knows, each with its groups.
    pub fn fill(
        self,
        people: Vec<Person>,
        teams: Vec<Team>,
    ) -> (Vec<Listed<Person>>, Vec<Listed<Team>>) {
        (listed(people, self.of_people), listed(teams, self.of_teams))
    }
}

fn enter(
    lists: &mut [Vec<u32>],
    members: &HashMap<String, u32>,
    member: &str,
    teams: &HashMap<String, u32>,
    group: &str,
) -> Option<()> {
    let group = *teams.get(&folded(group))?;
    let member = *members.get(&folded(member))?;
    lists.get_mut(usize::try_from(member).ok()?)?.push(group);
    Some(())
}

fn listed<T>(entries: Vec<T>, groups: Vec<Vec<u32>>) -> Vec<Listed<T>> {
    let pairs = entries.into_iter().zip(groups);
    let pairs = pairs.map(|(entry, mut groups)| {
        groups.sort_unstable();
        groups.dedup();
        groups.shrink_to_fit();
        Listed { entry, groups }
    });
    pairs.collect()
}

fn places<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<String, u32> {
    let mut places = HashMap::new();
    for (name, place) in names.zip(0u32..) {
        places.entry(folded(name)).or_insert(place);
    }
    places
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ImmutableKey;

    fn person(name: &str) -> Person {
        Person::named(ImmutableKey::from_name(name), name)
    }

    fn team(name: &str) -> Team {
        Team {
            key: ImmutableKey::from_name(name),
            name: name.to_owned(),
            active: true,
            gid: None,
            group_type: None,
        }
    }

    #[test]
    fn memberships_become_places_each_once_whatever_the_case() {
        let (people, teams) = (
            vec![person("Ann"), person("bob")],
            vec![team("dev"), team("Ops")],
        );
        let mut rolls = Rolls::new(&people, &teams);
        rolls.add_person("OPS", "ann");
        rolls.add_person("dev", "ANN");
        rolls.add_person("dev", "ann");
        rolls.add_team("ops", "DEV");
        assert_eq!(rolls.strangers(), 0);
        let (people, teams) = rolls.fill(people, teams);
        assert_eq!(people[0].groups, [0, 1]);
        assert!(people[1].groups.is_empty());
        assert_eq!(
            (teams[0].groups.as_slice(), teams[1].groups.as_slice()),
            (&[1][..], &[][..])
        );
    }

    #[test]
    fn members_that_nobody_knows_are_left_out_and_counted() {
        let (people, teams) = (vec![person("ann")], vec![team("all")]);
        let mut rolls = Rolls::new(&people, &teams);
        rolls.add_person("all", "ghost");
        rolls.add_team("all", "ghosts");
        rolls.add_person("ghosts", "ann");
        assert_eq!(rolls.strangers(), 3);
        assert!(rolls.fill(people, teams).0[0].groups.is_empty());
    }
}
