//! Populations of any size for benchmarks, the same on every run.

use super::account::{Group, User};
use super::population::Population;
use crate::sim::size::Size;

/// The service account of every generated population.
pub const SERVICE_USER: (&str, &str) = ("muster", "muster-secret");

/// Users `user00000`… with ids from 200000, each in five groups; groups
/// `group0000`… with ids from 100100. Every user's password is `password-` and the
/// name. The service account is in `thirdparty`.
pub fn generate(size: Size) -> Population {
    let (name, password) = SERVICE_USER;
    let mut population = Population::new()
        .user(User::new(100_001, name).password(password))
        .group(Group::new(100_002, "thirdparty").users([name]));
    let mut groups: Vec<Group> = (0..size.groups).map(generated_group).collect();
    for index in 0..size.users {
        let user = generated_user(index);
        for step in 0..5 {
            let place = (index.wrapping_mul(7).wrapping_add(step * 31)).checked_rem(size.groups);
            let group = place.and_then(|place| groups.get_mut(usize::try_from(place).ok()?));
            // The last one added is the only one that can be here already.
            if let Some(group) = group.filter(|group| group.users.last() != Some(&user.username)) {
                group.users.push(user.username.clone());
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
    let key = format!("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGenerated{index:026} {name}\n");
    User::new(200_000 + u64::from(index), &name)
        .human_name(&format!("Generated user {index}"))
        .password(&format!("password-{name}"))
        .ssh_key(&key)
}

fn generated_group(index: u32) -> Group {
    let kind = ["git", "system", "tracking"];
    let kind = kind.get(usize::try_from(index % 3).unwrap_or(0));
    Group::new(100_100 + u64::from(index), &format!("group{index:04}"))
        .kind(kind.copied().unwrap_or("git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_population_is_the_same_every_time_and_ids_never_meet() {
        let size: Size = "200x30".parse().unwrap();
        let population = generate(size);
        let text = serde_json::to_string(&population).unwrap();
        assert_eq!(text, serde_json::to_string(&generate(size)).unwrap());
        assert_eq!((population.users.len(), population.groups.len()), (201, 31));
        assert_eq!(population.groups_of("user00007").len(), 5);
        let users = population.users.values().map(|user| user.id);
        let groups = population.groups.values().map(|group| group.id);
        let mut ids: Vec<u64> = users.chain(groups).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 232);
    }
}
