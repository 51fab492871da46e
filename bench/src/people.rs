//! The made-up people that every peer serves: the same for the same number, on every machine.

/// The uid of the first person; the others follow.
const FIRST_UID: u32 = 2_000_000;
/// The gid of the first team.
const FIRST_GID: u32 = 5_000_000;
/// Everybody's primary group.
pub(crate) const PRIMARY: (&str, u32) = ("everybody", 1_000_000);
/// People who are in so many teams, one each, beside the number that was asked for.
pub(crate) const JOINERS: [(&str, usize); 2] = [("in20", 20), ("in200", 200)];
/// Groups with exactly so many members, where there are that many people.
pub(crate) const LARGE: [(&str, usize); 2] = [("thousand", 1_000), ("tenthousand", 10_000)];
/// Members of a team, drawn with repetition.
const TEAM: usize = 20;
const SYLLABLES: [&str; 16] = [
    "ba", "che", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "we",
];

/// A directory's people and groups.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct People {
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
}

/// One person.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uid: u32,
    /// Without the primary one, ascending.
    pub(crate) groups: Vec<u32>,
}

/// One group.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) gid: u32,
    /// Positions among the users, each once.
    pub(crate) members: Vec<usize>,
}

impl User {
    pub(crate) fn gecos(&self) -> String {
        format!("Doctor {}", self.name)
    }

    pub(crate) fn home(&self) -> String {
        format!("/home/{}", self.name)
    }

    pub(crate) const SHELL: &'static str = "/bin/bash";
}

impl People {
    /// So many people and the [`JOINERS`]; a team for every ten, at least 250.
    pub(crate) fn new(count: u32) -> Self {
        let mut people = Self {
            users: (0..count).map(person).collect(),
            groups: Vec::new(),
        };
        people.add_group(PRIMARY.0, PRIMARY.1, Vec::new());
        let crowd = people.users.len();
        for ((name, _), uid) in JOINERS.iter().zip(FIRST_UID.saturating_add(count)..) {
            people.users.push(User {
                name: (*name).to_owned(),
                uid,
                groups: Vec::new(),
            });
        }
        for (team, gid) in (0..(count / 10).max(250)).zip(FIRST_GID..) {
            let mut members: Vec<usize> = (0..TEAM).map(|i| drawn(team, i, crowd)).collect();
            let joined = JOINERS.iter().zip(crowd..);
            members.extend(
                joined.filter_map(|((_, teams), at)| ((team as usize) < *teams).then_some(at)),
            );
            members.sort_unstable();
            members.dedup();
            people.add_group(&format!("team{team}"), gid, members);
        }
        for ((name, size), gid) in LARGE.iter().zip(PRIMARY.1 + 1..) {
            if crowd >= *size {
                people.add_group(name, gid, (0..*size).collect());
            }
        }
        people
    }

    fn add_group(&mut self, name: &str, gid: u32, members: Vec<usize>) {
        for &member in &members {
            if let Some(user) = self.users.get_mut(member) {
                let place = user.groups.partition_point(|&other| other < gid);
                user.groups.insert(place, gid);
            }
        }
        self.groups.push(Group {
            name: name.to_owned(),
            gid,
            members,
        });
    }

    /// The names of a group's members.
    pub(crate) fn members<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a str> {
        let named = |&member: &usize| self.users.get(member).map(|user| user.name.as_str());
        group.members.iter().filter_map(named)
    }

    /// At most so many of the crowd, spread over all of it, in an order that no peer can profit from.
    pub(crate) fn asked(&self, most: usize) -> Vec<&User> {
        let crowd = self.users.len().saturating_sub(JOINERS.len());
        let mut places: Vec<usize> = (0..crowd).collect();
        places.sort_by_cached_key(|&place| mixed(place as u64 ^ 0xa5ed));
        let places = places.iter().take(most);
        places.filter_map(|&place| self.users.get(place)).collect()
    }
}

fn person(number: u32) -> User {
    let mut name = String::new();
    let mut drawn = mixed(u64::from(number));
    for _ in 0..3 {
        name += SYLLABLES[(drawn % 16) as usize];
        drawn /= 16;
    }
    User {
        name: format!("{name}{number:x}"),
        uid: FIRST_UID.saturating_add(number),
        groups: Vec::new(),
    }
}

/// Somebody of a crowd, for a team's place.
fn drawn(team: u32, place: usize, crowd: usize) -> usize {
    let drawn = mixed(u64::from(team) << 8 | place as u64);
    (drawn % crowd.max(1) as u64) as usize
}

/// Scrambles a number: the finish of the generator splitmix64.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_same_number_makes_the_same_people() {
        assert_eq!(People::new(300), People::new(300));
        assert_ne!(People::new(300), People::new(301));
    }

    #[test]
    fn names_and_ids_are_unique_and_the_crowd_stays_when_it_grows() {
        let (small, large) = (People::new(1_000), People::new(3_000));
        let names: HashSet<&str> = large.users.iter().map(|user| user.name.as_str()).collect();
        let ids: HashSet<u32> = large.users.iter().map(|user| user.uid).collect();
        assert_eq!((names.len(), ids.len()), (3_002, 3_002));
        let pairs = small.users.iter().zip(&large.users).take(1_000);
        assert!(
            pairs
                .clone()
                .all(|(a, b)| (&a.name, a.uid) == (&b.name, b.uid))
        );
    }

    #[test]
    fn joiners_and_large_groups_have_their_sizes() {
        let people = People::new(10_000);
        for (name, teams) in JOINERS {
            let user = people.users.iter().find(|user| user.name == name).unwrap();
            assert_eq!(user.groups.len(), teams);
            assert!(user.groups.is_sorted());
        }
        for (name, size) in LARGE {
            let group = people
                .groups
                .iter()
                .find(|group| group.name == name)
                .unwrap();
            assert_eq!(people.members(group).collect::<HashSet<_>>().len(), size);
        }
        assert_eq!(people.groups.len(), 1 + 1_000 + LARGE.len());
    }

    #[test]
    fn both_sides_of_a_membership_agree() {
        let people = People::new(50);
        for (place, user) in people.users.iter().enumerate() {
            let of_user: HashSet<u32> = user.groups.iter().copied().collect();
            let with_user = people
                .groups
                .iter()
                .filter(|group| group.members.contains(&place));
            assert_eq!(of_user, with_user.map(|group| group.gid).collect());
        }
    }

    #[test]
    fn those_asked_for_are_of_the_crowd_once_each_and_not_in_its_order() {
        let people = People::new(1_000);
        let asked: Vec<u32> = people.asked(200).iter().map(|user| user.uid).collect();
        assert_eq!(asked.len(), 200);
        assert_eq!(asked.iter().collect::<HashSet<_>>().len(), 200);
        assert!(!asked.is_sorted());
        assert_eq!(people.asked(5_000).len(), 1_000);
    }
}
