//! Populations of any size for benchmarks, the same on every run.

use super::account::{Application, Group, User};
use super::population::Population;
use crate::sim::size::Size;

/// The application of every generated population.
pub const APPLICATION: (&str, &str) = ("muster", "muster-secret");

/// How many groups a generated user is in, unless said otherwise.
const GROUPS_EACH: u32 = 5;

/// Users `user00000`… with uidNumber from 20000, each in five groups; groups
/// `group0000`…, every tenth the parent of the nine before it. Every user's
/// password is `password-` and the name.
pub fn generate(size: Size) -> Population {
    generate_in(size, GROUPS_EACH)
}

/// The same with each user in up to `groups_each` groups.
pub fn generate_in(size: Size, groups_each: u32) -> Population {
    let application = Application::new(APPLICATION.0, APPLICATION.1).reading_only();
    let mut population = Population::new().application(application);
    let mut groups: Vec<Group> = (0..size.groups).map(generated_group).collect();
    for index in 0..size.users {
        let user = generated_user(index);
        for step in 0..groups_each {
            let place = index.wrapping_mul(7).wrapping_add(step.wrapping_mul(31));
            let place = place.checked_rem(size.groups);
            let group = place.and_then(|place| groups.get_mut(usize::try_from(place).ok()?));
            // The last one added is the only one that can be here already.
            if let Some(group) = group.filter(|group| group.users.last() != Some(&user.name)) {
                group.users.push(user.name.clone());
            }
        }
        population.add_user(user);
    }
    for group in groups {
        population.add_group(group);
    }
    population
}

fn generated_user(index: u32) -> User {
    let name = format!("user{index:05}");
    let uid = u64::from(index) + 20_000;
    let password = format!("password-{name}");
    User::new(&name)
        .key(&format!("32769:{index:08x}-5eed-4000-8000-000000000000"))
        .password(&password)
        .attribute("uidNumber", &uid.to_string())
        .attribute("loginShell", "/bin/bash")
        .attribute("gecos", &format!("Generated user {index}"))
}

fn generated_group(index: u32) -> Group {
    let mut group = Group::new(&format!("group{index:04}"));
    group.description = format!("Generated group {index}");
    if index % 10 == 9 {
        group.groups = (index - 9..index)
            .map(|child| format!("group{child:04}"))
            .collect();
    }
    group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_population_is_the_same_every_time() {
        let size: Size = "200x30".parse().unwrap();
        let first = serde_json::to_string(&generate(size)).unwrap();
        let second = serde_json::to_string(&generate(size)).unwrap();
        assert_eq!(first, second);
        let population = generate(size);
        assert_eq!((population.users.len(), population.groups.len()), (200, 30));
        assert_eq!(
            population
                .groups_of(population.find_user("USER00007").unwrap())
                .len(),
            5
        );
    }

    #[test]
    fn people_without_groups_are_a_population() {
        let size = Size {
            users: 3,
            groups: 0,
        };
        assert_eq!(generate(size).users.len(), 3);
    }
}
