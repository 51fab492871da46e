//! Groups: by name and id, with members, as lists, and made.

use serde_json::{Map, Value, json};

use super::account::{Group, RoleType, User};
use super::call::{Call, Form};
use super::identity::Asker;
use super::people::{listed, looks_like};
use super::population::Population;
use super::reply::Trouble;
use super::service::State;
use super::shown;
use super::table::Outcome;

/// What `/group/create` takes.
pub(super) const CREATE: &[&str] = &[
    "name",
    "display_name",
    "owner",
    "group_type",
    "invite_only",
    "needs_sponsor",
    "user_can_remove",
    "prerequisite",
    "joinmsg",
    "apply_rules",
];

/// `/json/group_by_name`.
pub(super) fn by_name(state: &mut State, call: &Call<'_>, _asker: &Asker) -> Outcome {
    let name = call.parameters.first("groupname").ok_or(Trouble::Raised)?;
    let population = &state.population;
    Ok(found(population, population.groups.get(name)))
}

/// `/json/group_by_id`.
pub(super) fn by_id(state: &mut State, call: &Call<'_>, _asker: &Asker) -> Outcome {
    let id = call.parameters.first("group_id").ok_or(Trouble::Raised)?;
    let id = id.parse().map_err(|_| Trouble::Raised)?;
    let population = &state.population;
    Ok(found(population, population.group_with_id(id)))
}

fn found(population: &Population, group: Option<&Group>) -> Value {
    let Some(group) = group else {
        return json!({"success": false});
    };
    let mut shown = shown::group(population, group);
    if let Some(members) = shown.as_object_mut() {
        members.insert("approved_roles".to_owned(), approved(population, group));
        let asked = group
            .unapproved
            .iter()
            .filter_map(|name| population.users.get(name))
            .map(|user| shown::role(user, group, None));
        members.insert("unapproved_roles".to_owned(), asked.collect());
    }
    json!({"success": true, "group": shown})
}

fn approved(population: &Population, group: &Group) -> Value {
    members_of(population, group)
        .map(|(user, kind)| shown::role(user, group, Some(kind)))
        .collect()
}

/// The approved members who exist, whatever their status.
pub(super) fn members_of<'p>(
    population: &'p Population,
    group: &'p Group,
) -> impl Iterator<Item = (&'p User, RoleType)> {
    group
        .approved()
        .filter_map(|(name, kind)| Some((population.users.get(name)?, kind)))
}

/// `/group/dump`: everybody; `/group/dump/NAME`: approved members. An unknown group is
/// an empty one.
pub(super) fn dump(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let population = &state.population;
    let row = |user: &User, kind: RoleType| {
        let person = shown::person(user, asker);
        let name = person.get("human_name").and_then(Value::as_str);
        json!([
            user.username,
            user.email,
            name.unwrap_or_default(),
            kind.as_str(),
            0
        ])
    };
    let people: Vec<Value> = match call.parameters.first("groupname") {
        None => listed(population, call)
            .map(|user| row(user, RoleType::User))
            .collect(),
        Some(name) => population
            .groups
            .get(name)
            .into_iter()
            .flat_map(|group| members_of(population, group))
            .map(|(user, kind)| row(user, kind))
            .collect(),
    };
    Ok(json!({"people": people}))
}

/// Groups whose name begins so are for administrators only on pages for people.
fn is_hidden(name: &str, asker: &Asker) -> bool {
    name.starts_with("fas-") && !asker.rights.admin
}

/// `/group/list`: memberships only for those who ask for JSON by the parameter.
pub(super) fn list(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let search = call.parameters.first("search").unwrap_or("*");
    let population = &state.population;
    let groups: Vec<&Group> = population
        .groups
        .values()
        .filter(|group| looks_like(&group.name, search, '*') && !is_hidden(&group.name, asker))
        .collect();
    let mut memberships = Map::new();
    if call.form == Form::JsonByParameter {
        for group in &groups {
            let members: Vec<Value> = members_of(population, group)
                .map(|(user, kind)| json!({"person_id": user.id, "role_type": kind.as_str()}))
                .collect();
            memberships.insert(group.id.to_string(), Value::Array(members));
        }
    }
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|group| shown::group(population, group))
        .collect();
    Ok(json!({"groups": groups, "search": search, "memberships": memberships}))
}

/// The group that a page is about, or why it is not shown.
fn visible<'p>(
    population: &'p Population,
    call: &Call<'_>,
    asker: &Asker,
) -> Result<Result<&'p Group, Value>, Trouble> {
    let name = call.parameters.first("groupname").ok_or(Trouble::Raised)?;
    if is_hidden(name, asker) {
        return Err(Trouble::Redirect("/group/list".to_owned()));
    }
    let unknown =
        || json!({"tg_errors": {"groupname": format!("The group '{name}' does not exist.")}});
    Ok(population.groups.get(name).ok_or_else(unknown))
}

/// `/group/members`: those whose names look like `search`, which means "all with a" if
/// it is left out.
pub(super) fn members(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let population = &state.population;
    let group = match visible(population, call, asker)? {
        Ok(group) => group,
        Err(unknown) => return Ok(unknown),
    };
    let search = call.parameters.first("search").unwrap_or("a*");
    let role_type = call.parameters.first("role_type").unwrap_or_default();
    let wanted = |(user, kind): &(&User, RoleType)| {
        looks_like(&user.username, search, '*')
            && (role_type.is_empty() || role_type == kind.as_str())
    };
    let members: Vec<Value> = members_of(population, group)
        .filter(wanted)
        .map(|(user, kind)| shown::role(user, group, Some(kind)))
        .collect();
    Ok(json!({
        "group": shown::group(population, group),
        "members": members,
        "search": search,
    }))
}

/// `/group/view`.
pub(super) fn view(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let population = &state.population;
    Ok(match visible(population, call, asker)? {
        Ok(group) => json!({
            "group": shown::group(population, group),
            "sponsor_queue": [],
            "members": approved(population, group),
        }),
        Err(unknown) => unknown,
    })
}

/// `/group/create`: for administrators; others are sent to the root, which is no error.
pub(super) fn create(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let said = |name: &str| call.parameters.first(name).ok_or(Trouble::Raised);
    let name = said("name")?;
    let owner = said("owner")?;
    let mut group = Group::new(0, name).kind(said("group_type")?);
    said("display_name")?.clone_into(&mut group.display_name);
    if !asker.rights.admin || state.population.groups.contains_key(name) {
        return Err(Trouble::Redirect("/".to_owned()));
    }
    if !state.population.users.contains_key(owner) {
        return Err(Trouble::PageForPeople);
    }
    group.administrators.push(owner.to_owned());
    state.population.add_group(group);
    Err(Trouble::Redirect(format!("/group/view/{name}")))
}
