//! `/group`: reading, making, changing and removing groups.

use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::account::{Group, Permission};
use super::call::{Call, Flag};
use super::entity::{Detail, GroupEntity, Outcome, found, href};
use super::population::{Population, fold};
use super::reason::{Reason, Refusal};
use super::user::{change_attributes, listed};

/// A group as clients send one.
#[derive(Deserialize)]
struct GroupBody {
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    description: Option<String>,
    active: Option<Flag>,
}

impl GroupBody {
    fn checked(self) -> Result<Self, Refusal> {
        let kind = self.kind.as_deref().unwrap_or("GROUP");
        if self.name.trim().is_empty() || kind != "GROUP" {
            return Err(Refusal::new(
                Reason::InvalidGroup,
                "the name or the type is wrong",
            ));
        }
        Ok(self)
    }

    fn change(self, group: &mut Group) {
        if let Some(description) = self.description {
            group.description = description;
        }
        if let Some(active) = self.active {
            group.active = active.is_set();
        }
    }
}

/// `/group`.
pub(super) fn group<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    match *call.method() {
        Method::GET => Ok(found(GroupEntity(seen(population, call)?, call.detail()))),
        Method::POST => create(population, call),
        Method::PUT => update(population, call),
        Method::DELETE => {
            call.may(Permission::RemoveGroup)?;
            let name = call.required("groupname")?;
            let removed = population.remove_group(name);
            if removed {
                Ok(Outcome::Done)
            } else {
                Err(Refusal::no_group(name))
            }
        }
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

fn seen<'p>(population: &'p Population, call: &Call<'_>) -> Result<&'p Group, Refusal> {
    let name = call.required("groupname")?;
    population
        .find_group(name)
        .ok_or_else(|| Refusal::no_group(name))
}

fn named<'p>(population: &'p mut Population, call: &Call<'_>) -> Result<&'p mut Group, Refusal> {
    let name = call.required("groupname")?;
    population
        .group_mut(name)
        .ok_or_else(|| Refusal::no_group(name))
}

fn create<'p>(population: &'p mut Population, call: &Call<'_>) -> Result<Outcome<'p>, Refusal> {
    call.may(Permission::AddGroup)?;
    let body = call.body::<GroupBody>()?.checked()?;
    if population.find_group(&body.name).is_some() {
        let message = format!("Group already exists: <{}>", body.name);
        return Err(Refusal::new(Reason::InvalidGroup, message));
    }
    let mut group = Group::new(&body.name);
    (group.created, group.updated) = (call.now, call.now);
    body.change(&mut group);
    let address = href("/group", "groupname", &group.name);
    population.add_group(group);
    Ok(Outcome::Created(address, None))
}

fn update<'p>(population: &'p mut Population, call: &Call<'_>) -> Result<Outcome<'p>, Refusal> {
    call.may(Permission::ModifyGroup)?;
    let body = call.body::<GroupBody>()?.checked()?;
    let group = named(population, call)?;
    if fold(&body.name) != fold(&group.name) {
        let message = "the names in the address and in the body differ";
        return Err(Refusal::new(Reason::InvalidGroup, message));
    }
    body.change(group);
    group.updated = call.now;
    Ok(found(GroupEntity(group, Detail::Plain)))
}

/// `/group/attribute`.
pub(super) fn attribute<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    if *call.method() == Method::GET {
        let group = seen(population, call)?;
        return Ok(listed(&group.attributes, "/group", &group.name));
    }
    let group = named(population, call)?;
    change_attributes(
        &mut group.attributes,
        Permission::ModifyGroupAttributes,
        call,
    )
}
