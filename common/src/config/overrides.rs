//! Reads `[override.user.NAME]`: what this host says of single users.

use super::home::{full_name, home_folder, shell};
use super::raw::{Said, Value};
use super::reading::{Place, Reading, Section, Unfit, join, number, text};
use crate::account::{Gid, IdError, Uid};
use crate::name::{NameRule, UserName};
use crate::overrides::{Override, Overrides};

/// Every `[override.user.NAME]`.
pub(super) fn overrides(
    reading: &mut Reading<'_>,
    top: &Said,
    names: &NameRule,
) -> Option<Overrides> {
    // What is no section here was reported with the unknown keys.
    let users = top.value.entry("override");
    let users = users.and_then(|entry| entry.said.value.entry("user"));
    let Some(Value::Table(users)) = users.map(|entry| &entry.said.value) else {
        return Some(Overrides::default());
    };
    let meant: Vec<_> = users
        .iter()
        .map(|entry| one(reading, &entry.name, &entry.said, names))
        .collect();
    let meant: Option<Overrides> = meant.into_iter().collect();
    meant.filter(|all| no_id_twice(reading, top, all))
}

fn one(
    reading: &mut Reading<'_>,
    name: &str,
    said: &Said,
    names: &NameRule,
) -> Option<(UserName, Override)> {
    let shown = join("override.user", &crate::text::safe(name, 64));
    let section = Section::new("override.user.NAME", &shown, Some(said));
    let user = canonical(reading, name, &shown, said, names);
    let uid = reading.optional(&section, "uid", |value| id(value, Uid::new));
    let gid = reading.optional(&section, "gid", |value| id(value, Gid::new));
    let gecos = reading.optional(&section, "gecos", |value| full_name(&text(value)?));
    let home = reading.optional(&section, "home", |value| {
        let home = text(value)?;
        home_folder(&home)?;
        Ok(home)
    });
    let shell = reading.optional(&section, "shell", |value| shell(&text(value)?));
    let said = Override {
        uid: uid?.map(|meant| meant.value),
        gid: gid?.map(|meant| meant.value),
        gecos: gecos?.map(|meant| meant.value),
        home: home?.map(|meant| meant.value),
        shell: shell?.map(|meant| meant.value),
    };
    Some((user?, said))
}

fn canonical(
    reading: &mut Reading<'_>,
    name: &str,
    shown: &str,
    said: &Said,
    names: &NameRule,
) -> Option<UserName> {
    match UserName::new(name)
        .ok()
        .filter(|_| names.is_canonical(name))
    {
        Some(user) => Some(user),
        None => {
            let place = Place {
                key: shown.to_owned(),
                line: Some(said.line),
            };
            let found = format!("the user \"{}\"", crate::text::safe(name, 64));
            reading.refuse(&place, found, "a user's name in its canonical form")
        }
    }
}

fn id<T>(value: &Value, check: impl Fn(u32) -> Result<T, IdError>) -> Result<T, Unfit> {
    check(number(value)?)
        .map_err(|error| Unfit::Wanted(format!("an id that can be served; {error}")))
}

fn no_id_twice(reading: &mut Reading<'_>, top: &Said, all: &Overrides) -> bool {
    let mut uids: Vec<_> = all.values().filter_map(|one| one.uid).collect();
    uids.sort_unstable();
    let twice = uids.windows(2).find_map(|pair| match pair {
        [one, other] if one == other => Some(*one),
        _ => None,
    });
    if let Some(uid) = twice {
        let place = Section::below(top, "override").place("user");
        let found = format!("the uid {uid} for several users");
        reading.refuse::<()>(&place, found, "each uid for one user");
    }
    twice.is_none()
}
