//! Where a directory may have people live: in a folder of their own that anybody sees, and in nobody else's home,
//! where whoever came first would own what the other one runs at each login.

use super::content::UserRecord;
use super::seeded::{Map, Set};
use crate::name::UserName;
use crate::overrides::Overrides;

/// Whether a folder of this name can be somebody's home: as a user may be called, and not hidden.
pub fn is_home(component: &str) -> bool {
    UserName::new(component).is_ok() && !component.starts_with('.')
}

/// The positions, in order, of users with a home that another user has, or that is named after another user. Whom
/// root has given a home by an override keeps it; of others who share one, nobody does.
pub fn in_anothers_home(users: &[UserRecord], overrides: &Overrides) -> Vec<usize> {
    let is_free = |user: &UserRecord| !is_named_after(user) && !is_roots_word(user, overrides);
    let mut given: Map<&str, u32> = Map::default();
    for user in users.iter().filter(|user| is_free(user)) {
        let count = given.entry(&user.account.home).or_default();
        *count = count.saturating_add(1);
    }
    if given.is_empty() {
        return Vec::new();
    }
    let folders: Set<&str> = given.keys().map(|home| last_part(home)).collect();
    let names = users.iter().map(|user| user.account.name.as_str());
    let names: Set<&str> = names.filter(|name| folders.contains(name)).collect();
    let others = users.iter().filter(|user| !is_free(user));
    let others = others.map(|user| user.account.home.as_str());
    let held: Set<&str> = others.filter(|home| given.contains_key(home)).collect();
    let has_another = |user: &UserRecord| {
        let home = user.account.home.as_str();
        let is_shared = given.get(home).is_some_and(|count| *count > 1);
        is_shared || held.contains(home) || names.contains(last_part(home))
    };
    let numbered = users.iter().enumerate();
    let refused = numbered.filter(|(_, user)| is_free(user) && has_another(user));
    refused.map(|(at, _)| at).collect()
}

fn last_part(home: &str) -> &str {
    home.rsplit('/').next().unwrap_or_default()
}

fn is_named_after(user: &UserRecord) -> bool {
    last_part(&user.account.home) == user.account.name.as_str()
}

fn is_roots_word(user: &UserRecord, overrides: &Overrides) -> bool {
    let said = overrides.get(&user.account.name);
    said.is_some_and(|said| said.home.as_ref() == Some(&user.account.home))
}
