//! What can be ordered of a running FAS besides faults: changes of its population.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::account::{Group, Status, User};
use super::population::Population;
use super::service::FasService;

/// An order over the control socket.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Order {
    AddUser { user: User },
    RemoveUser { name: String },
    SetPassword { name: String, password: String },
    SetStatus { name: String, status: Status },
    SetSshKey { name: String, key: String },
    AddGroup { group: Group },
    RemoveGroup { name: String },
    AddMember { group: String, user: String },
    RemoveMember { group: String, user: String },
    Approve { group: String, user: String },
    Unapprove { group: String, user: String },
    ExpireSessions {},
    Advance { seconds: u64 },
}

/// Carries an order out.
pub(super) fn obey(fas: &FasService, order: &Value) -> Result<Value, String> {
    let order = Order::deserialize(order).map_err(|error| error.to_string())?;
    match order {
        Order::Advance { seconds } => fas.advance(Duration::from_secs(seconds)),
        Order::ExpireSessions {} => fas.expire_sessions(),
        order => fas.update(|population| change(population, order))?,
    }
    Ok(Value::Null)
}

fn change(population: &mut Population, order: Order) -> Result<(), String> {
    match order {
        Order::AddUser { user } => population.add_user(user),
        Order::RemoveUser { name } => known(population.remove_user(&name), &name)?,
        Order::SetPassword { name, password } => {
            user(population, &name)?.password = Some(password);
        }
        Order::SetStatus { name, status } => user(population, &name)?.status = status,
        Order::SetSshKey { name, key } => user(population, &name)?.ssh_key = key,
        Order::AddGroup { group } => population.add_group(group),
        Order::RemoveGroup { name } => known(population.remove_group(&name), &name)?,
        Order::AddMember { group: name, user } => {
            let group = group(population, &name)?;
            group.remove(&user);
            group.users.push(user);
        }
        Order::RemoveMember { group: name, user } => {
            known(group(population, &name)?.remove(&user), &user)?;
        }
        Order::Approve { group: name, user } => {
            let group = group(population, &name)?;
            known(group.is_asked_by(&user), &user)?;
            group.remove(&user);
            group.users.push(user);
        }
        Order::Unapprove { group: name, user } => {
            let group = group(population, &name)?;
            known(group.role_of(&user).is_some(), &user)?;
            group.remove(&user);
            group.unapproved.push(user);
        }
        Order::ExpireSessions {} | Order::Advance { .. } => {}
    }
    Ok(())
}

fn known(found: bool, name: &str) -> Result<(), String> {
    if found {
        Ok(())
    } else {
        Err(format!("`{name}` is not known there"))
    }
}

fn user<'p>(population: &'p mut Population, name: &str) -> Result<&'p mut User, String> {
    let user = population.users.get_mut(name);
    user.ok_or_else(|| format!("no user `{name}`"))
}

fn group<'p>(population: &'p mut Population, name: &str) -> Result<&'p mut Group, String> {
    let group = population.groups.get_mut(name);
    group.ok_or_else(|| format!("no group `{name}`"))
}
