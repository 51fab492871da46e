//! The part of a directory that a host carries: narrowed before anything is stored.

use super::{ImmutableKey, Listed, Membership, Nesting, Person, Projection, Sighting, Team};

/// A name, or names by a pattern: `*` stands for any text. Without regard to ASCII case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern as it is written.
    pub fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    /// Whether `name` is one of its names.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        for piece in pieces {
            let Some(at) = rest.find(piece) else {
                return false;
            };
            rest = rest
                .get(at.saturating_add(piece.len())..)
                .unwrap_or_default();
        }
        rest.ends_with(last)
    }
}

/// Whom a host carries of a directory. Without a word about it: everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The members of these groups, those of groups in them included; and of groups these
    /// and those in them.
    pub groups: Option<Vec<Pattern>>,
    /// These people, by name.
    pub users: Option<Vec<String>>,
}

impl Scope {
    /// Whether everybody is in it.
    pub fn is_everybody(&self) -> bool {
        self.groups.is_none() && self.users.is_none()
    }

    fn names(&self, person: &Person) -> bool {
        let mut users = self.users.iter().flatten();
        users.any(|name| name.eq_ignore_ascii_case(&person.name))
    }

    fn names_group(&self, name: &str) -> bool {
        let mut groups = self.groups.iter().flatten();
        groups.any(|pattern| pattern.matches(name))
    }

    /// What of `projection` a host carries.
    pub fn narrow(&self, projection: Projection) -> Projection {
        if self.is_everybody() {
            return projection;
        }
        let Projection {
            people,
            teams,
            remarks,
            until,
        } = projection;
        let mut nesting = Nesting::of(&teams);
        let named: Vec<bool> = teams
            .iter()
            .map(|team| self.names_group(&team.entry.name))
            .collect();
        let is_named = |place: &u32| flag(&named, *place);
        let mut is_below = |groups: &[u32]| nesting.around(groups).iter().any(is_named);
        let people: Vec<_> = people
            .into_iter()
            .filter(|person| self.names(&person.entry) || is_below(&person.groups))
            .collect();
        let kept: Vec<bool> = match &self.groups {
            Some(_) => teams
                .iter()
                .zip(&named)
                .map(|(team, named)| *named || is_below(&team.groups))
                .collect(),
            None => holding(&people, &teams),
        };
        renumbered(people, teams, &kept, remarks, until)
    }

    /// What of a sighting a host carries; `None` if nothing. `is_carried` tells of a group
    /// whether the host carries it already.
    pub fn narrow_sighting(
        &self,
        mut sighting: Sighting,
        is_carried: impl Fn(&ImmutableKey) -> bool,
    ) -> Option<Sighting> {
        if self.groups.is_some() {
            let kept = |group: &Membership| self.names_group(&group.name) || is_carried(&group.key);
            sighting.groups.retain(kept);
        }
        let is_member = self.groups.is_some() && !sighting.groups.is_empty();
        let inside = self.is_everybody() || is_member || self.names(&sighting.person);
        inside.then_some(sighting)
    }
}

fn flag(flags: &[bool], place: u32) -> bool {
    let place = usize::try_from(place).ok();
    place.is_some_and(|place| flags.get(place).copied().unwrap_or(false))
}

/// Which of `teams` hold anybody of `people`.
fn holding(people: &[Listed<Person>], teams: &[Listed<Team>]) -> Vec<bool> {
    let mut nesting = Nesting::of(teams);
    let mut holding = vec![false; teams.len()];
    for person in people {
        for place in nesting.around(&person.groups) {
            if let Some(flag) = usize::try_from(*place)
                .ok()
                .and_then(|at| holding.get_mut(at))
            {
                *flag = true;
            }
        }
    }
    holding
}

/// The projection without the teams that are not kept.
fn renumbered(
    people: Vec<Listed<Person>>,
    teams: Vec<Listed<Team>>,
    kept: &[bool],
    remarks: Vec<String>,
    until: Option<super::Cursor>,
) -> Projection {
    let mut next = 0u32;
    let places: Vec<Option<u32>> = kept
        .iter()
        .map(|kept| {
            let place = kept.then_some(next);
            next = next.saturating_add(u32::from(*kept));
            place
        })
        .collect();
    let place = |former: &u32| *places.get(usize::try_from(*former).ok()?)?;
    let moved = |groups: &[u32]| groups.iter().filter_map(place).collect();
    let people = people.into_iter().map(|person| Listed {
        groups: moved(&person.groups),
        entry: person.entry,
    });
    let teams = teams.into_iter().zip(kept).filter(|(_, kept)| **kept);
    let teams = teams.map(|(team, _)| Listed {
        groups: moved(&team.groups),
        entry: team.entry,
    });
    Projection {
        people: people.collect(),
        teams: teams.collect(),
        remarks,
        until,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Roster;

    fn person(name: &str) -> Person {
        Person::named(ImmutableKey::from_name(name), name)
    }

    fn roster(name: &str, members: &[&str]) -> Roster {
        Roster {
            team: Team {
                key: ImmutableKey::from_name(name),
                name: name.to_owned(),
                active: true,
                gid: None,
                group_type: None,
            },
            members: members.iter().map(ToString::to_string).collect(),
        }
    }

    /// linux-all holds linux-ops, that holds web; staff stands alone.
    fn company() -> Projection {
        let people = ["ann", "Bob", "eve", "zoe"].map(person).into();
        let rosters = vec![
            roster("staff", &["ann", "Bob", "zoe"]),
            roster("linux-all", &["zoe"]),
            roster("Linux-Ops", &["ann"]),
            roster("web", &["bob", "ann"]),
        ];
        let mut projection = Projection::of(people, rosters);
        projection.teams[2].groups = vec![1];
        projection.teams[3].groups = vec![2];
        projection
    }

    fn scope(groups: Option<&[&str]>, users: Option<&[&str]>) -> Scope {
        Scope {
            groups: groups.map(|all| all.iter().map(|text| Pattern::new(text)).collect()),
            users: users.map(|all| all.iter().map(ToString::to_string).collect()),
        }
    }

    fn shown(projection: &Projection) -> (String, Vec<String>) {
        let people: Vec<_> = projection
            .people
            .iter()
            .map(|one| one.entry.name.as_str())
            .collect();
        let teams = projection.teams.iter().map(|team| {
            let name = &team.entry.name;
            format!("{name}: {}", projection.members(name).join(" "))
        });
        (people.join(" "), teams.collect())
    }

    #[test]
    fn a_pattern_has_stars_anywhere_and_no_case() {
        let check = |pattern: &str, name: &str, matches: bool| {
            assert_eq!(
                Pattern::new(pattern).matches(name),
                matches,
                "{pattern} {name}"
            );
        };
        check("linux-*", "Linux-Ops", true);
        check("linux-*", "linux-", true);
        check("linux-*", "xlinux-a", false);
        check("*", "", true);
        check("staff", "STAFF", true);
        check("staff", "staffs", false);
        check("a*b*c", "a-b-b-c", true);
        check("a*b*c", "acb", false);
        check("*ops", "linux-ops", true);
        check("ab*ba", "aba", false);
    }

    #[test]
    fn members_of_named_groups_are_carried_those_of_groups_in_them_included() {
        let (people, teams) = shown(&scope(Some(&["linux-ops"]), None).narrow(company()));
        assert_eq!(people, "ann Bob");
        assert_eq!(teams, ["Linux-Ops: ann Bob", "web: ann Bob"]);
        let (people, _) = shown(&scope(Some(&["linux-*"]), Some(&["EVE"])).narrow(company()));
        assert_eq!(people, "ann Bob eve zoe");
        let (people, teams) = shown(&scope(Some(&["none"]), None).narrow(company()));
        assert_eq!((people.as_str(), teams.len()), ("", 0));
    }

    #[test]
    fn named_people_are_carried_with_all_their_groups() {
        let (people, teams) = shown(&scope(None, Some(&["bob"])).narrow(company()));
        assert_eq!(people, "Bob");
        assert_eq!(
            teams,
            ["staff: Bob", "linux-all: Bob", "Linux-Ops: Bob", "web: Bob"]
        );
    }

    #[test]
    fn without_a_word_everybody_is_carried() {
        assert_eq!(Scope::default().narrow(company()), company());
    }

    #[test]
    fn a_sighting_keeps_the_groups_that_are_carried_and_without_any_is_nobody() {
        let group = |name: &str| Membership {
            key: ImmutableKey::from_name(name),
            name: name.to_owned(),
            gid: None,
            group_type: None,
        };
        let ann = Sighting {
            person: person("ann"),
            groups: ["staff", "linux-ops", "web"].map(group).into(),
        };
        let web = ImmutableKey::from_name("web");
        let names = |scope: &Scope| {
            let kept = scope.narrow_sighting(ann.clone(), |key| *key == web)?;
            Some(
                kept.groups
                    .into_iter()
                    .map(|group| group.name)
                    .collect::<Vec<_>>(),
            )
        };
        let by_group = names(&scope(Some(&["linux-*"]), None)).unwrap();
        assert_eq!(by_group, ["linux-ops", "web"]);
        assert_eq!(names(&scope(None, Some(&["eve"]))), None);
        assert_eq!(names(&scope(None, Some(&["ann"]))).unwrap().len(), 3);
        assert_eq!(names(&Scope::default()).unwrap().len(), 3);
    }
}
