//! Populations of any size, the same on every run.

use super::account::User;
use super::population::Population;
use crate::sim::size::Size;

/// Users `user00000`… with the ids `u-user00000`…, each a member of one list. Every user's
/// password is `Password-` and the name.
pub fn generate(size: Size) -> Population {
    let users = (0..size.users).map(|index| {
        let name = format!("user{index:05}");
        User::new(&format!("u-{name}"), &name)
            .password(&format!("Password-{name}"))
            .member("list", &format!("{}", index % 10), "member")
    });
    Population {
        users: users.collect(),
        ..Population::default()
    }
}
