//! What can be ordered of a running Gafaelfawr besides faults: changes of its population.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::account::{Group, Token, User};
use super::population::Population;
use super::service::GafaelfawrService;

/// An order over the control socket.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Order {
    AddUser { user: User },
    RemoveUser { name: String },
    SetUid { name: String, uid: Option<u64> },
    AddGroup { group: Group },
    AddMember { group: String, user: String },
    RemoveMember { group: String, user: String },
    AddToken { token: Token },
    RevokeToken { key: String },
    Advance { seconds: u64 },
}

/// Carries an order out.
pub(super) fn obey(service: &GafaelfawrService, order: &Value) -> Result<Value, String> {
    let order = Order::deserialize(order).map_err(|error| error.to_string())?;
    if let Order::Advance { seconds } = order {
        service.advance(Duration::from_secs(seconds));
        return Ok(json!(null));
    }
    service.update(|population| change(population, order))?;
    Ok(json!(null))
}

fn change(population: &mut Population, order: Order) -> Result<(), String> {
    match order {
        Order::AddUser { user } => population.add_user(user),
        Order::RemoveUser { name } => known(population.remove_user(&name), "user", &name)?,
        Order::SetUid { name, uid } => {
            let user = population.users.get_mut(&name);
            user.ok_or_else(|| unknown("user", &name))?.uid = uid;
        }
        Order::AddGroup { group } => population.add_group(group),
        Order::AddMember { group, user } => {
            let members = members(population, &group)?;
            members.retain(|member| *member != user);
            members.push(user);
        }
        Order::RemoveMember { group, user } => {
            members(population, &group)?.retain(|member| *member != user);
        }
        Order::AddToken { token } => population.add_token(token),
        Order::RevokeToken { key } => known(population.revoke_token(&key), "token", &key)?,
        Order::Advance { .. } => {}
    }
    Ok(())
}

fn known(found: bool, kind: &str, name: &str) -> Result<(), String> {
    found.then_some(()).ok_or_else(|| unknown(kind, name))
}

fn unknown(kind: &str, name: &str) -> String {
    format!("no {kind} `{name}`")
}

fn members<'p>(population: &'p mut Population, name: &str) -> Result<&'p mut Vec<String>, String> {
    let group = population.groups.get_mut(name);
    Ok(&mut group.ok_or_else(|| unknown("group", name))?.members)
}
