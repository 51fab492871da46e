//! Who is in what: lists, probes, changes and the bulk of all memberships.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};

use super::account::{Group, Permission, User};
use super::call::{Call, Named};
use super::entity::{GroupEntity, Groups, Outcome, UserEntity, Users, found, href};
use super::population::{Population, fold};
use super::reason::{Reason, Refusal};
use super::xml::Document;
use crate::sim::fault::Fault;

/// How far a list reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// One step.
    Direct,
    /// As far as it goes.
    Nested,
}

impl Depth {
    /// From the last part of a path.
    pub(super) fn of(segment: &str) -> Option<Self> {
        match segment {
            "direct" => Some(Self::Direct),
            "nested" => Some(Self::Nested),
            _ => None,
        }
    }
}

fn find_user<'p>(population: &'p Population, name: &str) -> Result<&'p User, Refusal> {
    population
        .find_user(name)
        .ok_or_else(|| Refusal::no_user(name))
}

fn find_group<'p>(population: &'p Population, name: &str) -> Result<&'p Group, Refusal> {
    population
        .find_group(name)
        .ok_or_else(|| Refusal::no_group(name))
}

fn no_membership() -> Refusal {
    Refusal::new(Reason::MembershipNotFound, "there is no such membership")
}

/// `/user/group/…`: a user's groups.
pub(super) fn groups_of_user<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
    depth: Depth,
) -> Result<Outcome<'p>, Refusal> {
    match (call.method(), depth) {
        (&Method::GET, _) => {
            let user = find_user(population, call.required("username")?)?;
            let direct = population.groups_of(user);
            let groups = match depth {
                Depth::Direct => direct,
                Depth::Nested => population.closure(direct, Population::parents),
            };
            group_list(groups, "groupname", call)
        }
        (&Method::POST, Depth::Direct) => {
            let group = call.body::<Named>()?.name;
            // The second thing named is a fault of the body, not of the address.
            let group = find_group(population, &group).map_err(Refusal::into_bad_request);
            let user = find_user(population, call.required("username")?)?;
            let (user, group) = (user.name.clone(), group?.name.clone());
            add_user(population, call, &user, &group)
        }
        (&Method::DELETE, Depth::Direct) => remove_user(population, call),
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

/// `/group/user/…`: a group's users.
pub(super) fn users_of_group<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
    depth: Depth,
) -> Result<Outcome<'p>, Refusal> {
    match (call.method(), depth) {
        (&Method::GET, _) => {
            let group = find_group(population, call.required("groupname")?)?;
            let groups = match depth {
                Depth::Direct => vec![group],
                Depth::Nested => population.closure(vec![group], Population::children),
            };
            user_list(everybody_in(population, &groups), call)
        }
        (&Method::POST, Depth::Direct) => {
            let user = call.body::<Named>()?.name;
            let user = find_user(population, &user).map_err(Refusal::into_bad_request);
            let group = find_group(population, call.required("groupname")?)?;
            let (user, group) = (user?.name.clone(), group.name.clone());
            add_user(population, call, &user, &group)
        }
        (&Method::DELETE, Depth::Direct) => remove_user(population, call),
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

/// The users in any of these groups, once each, by folded name.
fn everybody_in<'p>(population: &'p Population, groups: &[&Group]) -> Vec<&'p User> {
    if let [group] = groups {
        return population.members(group);
    }
    let users = groups.iter().flat_map(|group| population.members(group));
    let users: BTreeMap<String, &User> = users.map(|user| (fold(&user.name), user)).collect();
    users.into_values().collect()
}

fn user_list<'p>(users: Vec<&'p User>, call: &Call<'_>) -> Result<Outcome<'p>, Refusal> {
    let detail = call.list_detail("user");
    if let Some(probe) = call.parameter("username") {
        let user = users
            .into_iter()
            .find(|user| fold(&user.name) == fold(probe));
        return Ok(found(UserEntity(user.ok_or_else(no_membership)?, detail)));
    }
    let users = if call.fault == Some(&Fault::EmptyUsers) {
        Vec::new()
    } else {
        users
    };
    let page = call.page()?.of(users).map(|user| UserEntity(user, detail));
    Ok(found(Users(page.collect())))
}

fn group_list<'p>(
    groups: Vec<&'p Group>,
    probe: &str,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    let detail = call.list_detail("group");
    if let Some(probe) = call.parameter(probe) {
        let group = groups
            .into_iter()
            .find(|group| fold(&group.name) == fold(probe));
        return Ok(found(GroupEntity(group.ok_or_else(no_membership)?, detail)));
    }
    let groups = if call.fault == Some(&Fault::EmptyGroups) {
        Vec::new()
    } else {
        groups
    };
    let page = call
        .page()?
        .of(groups)
        .map(|group| GroupEntity(group, detail));
    Ok(found(Groups(page.collect())))
}

fn add_user<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
    user: &str,
    group: &str,
) -> Result<Outcome<'p>, Refusal> {
    call.may(Permission::ModifyGroup)?;
    let group = population
        .group_mut(group)
        .ok_or_else(|| Refusal::no_group(group))?;
    join(&mut group.users, user)?;
    Ok(Outcome::Created(
        href("/user/group/direct", "username", user),
        None,
    ))
}

fn remove_user<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    call.may(Permission::ModifyGroup)?;
    let name = call.required("username")?;
    find_user(population, name)?;
    let group = call.required("groupname")?;
    let group = population
        .group_mut(group)
        .ok_or_else(|| Refusal::no_group(group))?;
    leave(&mut group.users, name)
}

fn join(members: &mut Vec<String>, name: &str) -> Result<(), Refusal> {
    if members.iter().any(|member| fold(member) == fold(name)) {
        let message = format!("<{name}> is a member already");
        return Err(Refusal::new(Reason::MembershipAlreadyExists, message));
    }
    members.push(name.to_owned());
    Ok(())
}

fn leave<'p>(members: &mut Vec<String>, name: &str) -> Result<Outcome<'p>, Refusal> {
    let before = members.len();
    members.retain(|member| fold(member) != fold(name));
    if members.len() == before {
        Err(no_membership())
    } else {
        Ok(Outcome::Done)
    }
}

/// Which way a list of groups goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kin {
    /// Down.
    Children,
    /// Up.
    Parents,
}

/// `/group/child-group/…` and `/group/parent-group/…`.
pub(super) fn kin_of_group<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
    kin: Kin,
    depth: Depth,
) -> Result<Outcome<'p>, Refusal> {
    match (call.method(), depth) {
        (&Method::GET, _) => list_kin(population, call, kin, depth),
        (&Method::POST, Depth::Direct) => {
            let other = call.body::<Named>()?.name;
            let named = call.required("groupname")?;
            match kin {
                Kin::Children => add_child(population, call, named, &other),
                Kin::Parents => add_child(population, call, &other, named),
            }
        }
        (&Method::DELETE, Depth::Direct) if kin == Kin::Children => {
            call.may(Permission::ModifyGroup)?;
            let child = call.required("child-groupname")?;
            let group = call.required("groupname")?;
            let group = population
                .group_mut(group)
                .ok_or_else(|| Refusal::no_group(group))?;
            leave(&mut group.groups, child)
        }
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

fn list_kin<'p>(
    population: &'p Population,
    call: &Call<'_>,
    kin: Kin,
    depth: Depth,
) -> Result<Outcome<'p>, Refusal> {
    let group = find_group(population, call.required("groupname")?)?;
    let (step, probe): (fn(&'p Population, &'p Group) -> Vec<&'p Group>, _) = match kin {
        Kin::Children => (Population::children, "child-groupname"),
        Kin::Parents => (Population::parents, "parent-groupname"),
    };
    let mut groups = match depth {
        Depth::Direct => step(population, group),
        Depth::Nested => population.closure(step(population, group), step),
    };
    // A cycle leads back to the group itself, which is not its own kin.
    groups.retain(|other| fold(&other.name) != fold(&group.name));
    group_list(groups, probe, call)
}

fn add_child<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
    parent: &str,
    child: &str,
) -> Result<Outcome<'p>, Refusal> {
    call.may(Permission::ModifyGroup)?;
    if fold(parent) == fold(child) {
        return Err(Refusal::new(
            Reason::InvalidMembership,
            "a group is not its own child",
        ));
    }
    let asked = call.required("groupname")?;
    // Only the group in the address is a 404; the one in the body is a 400.
    for name in [parent, child] {
        let known = find_group(population, name).map(|_| ());
        known.map_err(|no| {
            if name == asked {
                no
            } else {
                no.into_bad_request()
            }
        })?;
    }
    let child = find_group(population, child)?.name.clone();
    let group = population
        .group_mut(parent)
        .ok_or_else(|| Refusal::no_group(parent))?;
    join(&mut group.groups, &child)?;
    Ok(Outcome::Created(
        href("/group/child-group/direct", "groupname", parent),
        None,
    ))
}

/// `/group/membership`: the direct members of every group, as XML only.
pub(super) fn memberships(population: &Population, call: &Call<'_>) -> Outcome<'static> {
    let mut document = Document::default();
    document.begin("memberships", &[]);
    if call.fault != Some(&Fault::EmptyMemberships) {
        for group in population.groups.values() {
            membership(&mut document, population, group);
        }
    }
    document.end("memberships");
    Outcome::Streamed(document.text())
}

fn membership(document: &mut Document, population: &Population, group: &Group) {
    document.begin("membership", &[("group", &group.name)]);
    let users = population.members(group);
    names(
        document,
        ["users", "user"],
        users.iter().map(|user| &user.name),
    );
    let children = population.children(group);
    names(
        document,
        ["groups", "group"],
        children.iter().map(|child| &child.name),
    );
    document.end("membership");
}

fn names<'n>(
    document: &mut Document,
    [list, kind]: [&str; 2],
    names: impl ExactSizeIterator<Item = &'n String>,
) {
    if names.len() == 0 {
        return document.empty(list, &[]);
    }
    document.begin(list, &[]);
    for name in names {
        document.empty(kind, &[("name", name)]);
    }
    document.end(list);
}
