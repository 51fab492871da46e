//! What can be ordered of a running apicrud besides faults: changes of its population.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::account::{Membership, User};
use super::population::Population;
use super::service::ApicrudService;

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
    SetPassword {
        name: String,
        password: String,
    },
    SetStatus {
        name: String,
        status: String,
    },
    AddMembership {
        name: String,
        membership: Membership,
    },
    RemoveMemberships {
        name: String,
    },
    Lock {
        name: String,
    },
    Unlock {
        name: String,
    },
    ExpireSessions {},
    CountSessions {},
    Advance {
        seconds: u64,
    },
}

/// Carries an order out.
pub(super) fn obey(apicrud: &ApicrudService, order: &Value) -> Result<Value, String> {
    let order = Order::deserialize(order).map_err(|error| error.to_string())?;
    match order {
        Order::Advance { seconds } => apicrud.advance(Duration::from_secs(seconds)),
        Order::ExpireSessions {} => apicrud.expire_sessions(),
        Order::Lock { name } => apicrud.lock(&name).ok_or_else(|| unknown(&name))?,
        Order::CountSessions {} => return Ok(json!(apicrud.sessions())),
        order => apicrud.update(|population| change(population, order))?,
    }
    Ok(Value::Null)
}

fn change(population: &mut Population, order: Order) -> Result<(), String> {
    match order {
        Order::AddUser { user } => population.add_user(user),
        Order::RemoveUser { name } => {
            if !population.remove_user(&name) {
                return Err(unknown(&name));
            }
        }
        Order::SetPassword { name, password } => {
            user(population, &name)?.password = Some(password);
        }
        Order::SetStatus { name, status } => user(population, &name)?.status = status,
        Order::AddMembership { name, membership } => {
            user(population, &name)?.memberships.push(membership);
        }
        Order::RemoveMemberships { name } => user(population, &name)?.memberships.clear(),
        Order::Unlock { name } => user(population, &name)?.invalid = (0, 0),
        Order::Lock { .. }
        | Order::Advance { .. }
        | Order::ExpireSessions {}
        | Order::CountSessions {} => {}
    }
    Ok(())
}

fn user<'p>(population: &'p mut Population, name: &str) -> Result<&'p mut User, String> {
    population.user_named(name).ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> String {
    format!("nobody is called {name}")
}
