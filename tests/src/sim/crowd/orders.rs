//! What can be ordered of a running Crowd besides faults: changes of its population,
//! and how it tells them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::account::{Group, User};
use super::event::EventSettings;
use super::population::Population;
use super::service::CrowdService;

/// An order over the control socket.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Order {
    AddUser {
        user: User,
    },
    RemoveUser {
        name: String,
    },
    RenameUser {
        name: String,
        new: String,
    },
    RenameGroup {
        name: String,
        new: String,
    },
    SetPassword {
        name: String,
        password: String,
    },
    SetActive {
        name: String,
        active: bool,
    },
    SetAttribute {
        name: String,
        attribute: String,
        values: Vec<String>,
    },
    AddGroup {
        group: Group,
    },
    RemoveGroup {
        name: String,
    },
    AddMember {
        group: String,
        user: String,
    },
    RemoveMember {
        group: String,
        user: String,
    },
    Advance {
        seconds: u64,
    },
    ForgetServletSessions {},
    Restart {},
    ExpireEvents {},
    SetEvents(EventSettings),
}

/// Carries an order out.
pub(super) fn obey(crowd: &CrowdService, order: &Value) -> Result<Value, String> {
    let order = Order::deserialize(order).map_err(|error| error.to_string())?;
    match order {
        Order::Advance { seconds } => crowd.advance(Duration::from_secs(seconds)),
        Order::ForgetServletSessions {} => crowd.forget_servlet_sessions(),
        Order::Restart {} => crowd.restart(),
        Order::ExpireEvents {} => crowd.expire_events(),
        Order::SetEvents(settings) => crowd.set_events(settings),
        order => crowd.update(|population| change(population, order))?,
    }
    Ok(Value::Null)
}

fn change(population: &mut Population, order: Order) -> Result<(), String> {
    match order {
        Order::AddUser { user } => population.add_user(user),
        Order::RemoveUser { name } => known(population.remove_user(&name), &name)?,
        Order::RenameUser { name, new } => known(population.rename_user(&name, &new), &name)?,
        Order::RenameGroup { name, new } => known(population.rename_group(&name, &new), &name)?,
        Order::SetPassword { name, password } => {
            user(population, &name)?.password = Some(password);
        }
        Order::SetActive { name, active } => user(population, &name)?.active = active,
        Order::SetAttribute {
            name,
            attribute,
            values,
        } => {
            user(population, &name)?
                .attributes
                .insert(attribute, values);
        }
        Order::AddGroup { group } => population.add_group(group),
        Order::RemoveGroup { name } => known(population.remove_group(&name), &name)?,
        Order::AddMember { group, user } => {
            known(population.add_member(&group, &user), &group)?;
        }
        Order::RemoveMember { group, user } => {
            known(population.remove_member(&group, &user), &group)?;
        }
        Order::Advance { .. }
        | Order::ForgetServletSessions {}
        | Order::Restart {}
        | Order::ExpireEvents {}
        | Order::SetEvents(_) => {}
    }
    Ok(())
}

fn known(found: bool, name: &str) -> Result<(), String> {
    if found {
        Ok(())
    } else {
        Err(format!("`{name}` is not known, or its new name is taken"))
    }
}

fn user<'p>(population: &'p mut Population, name: &str) -> Result<&'p mut User, String> {
    population
        .user_mut(name)
        .ok_or_else(|| format!("no user `{name}`"))
}
