//! Settings that applications keep for people.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::identity::Asker;
use super::people::looks_like;
use super::reply::Trouble;
use super::service::State;
use super::table::Outcome;

/// The applications that the data base lets keep something.
const APPLICATIONS: [&str; 6] = [
    "asterisk", "moin", "myfedora", "openid", "yubikey", "bugzilla",
];

/// Nobody but oneself and administrators may look or set.
fn refused(asker: &Asker, name: &str) -> Option<Value> {
    let may = asker.name == name || asker.rights.admin;
    (!may).then(|| {
        json!({
            "exc": "AuthorizationError",
            "tg_flash": format!("You cannot see or change the configs of {name}"),
        })
    })
}

/// `/config/list/USER/APPLICATION/PATTERN`.
pub(super) fn list(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let said = |name: &str| call.parameters.first(name).ok_or(Trouble::Raised);
    let (name, application) = (said("username")?, said("application")?);
    let pattern = call
        .parameters
        .first("pattern")
        .unwrap_or("*")
        .to_lowercase();
    let is_ours = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if application.is_empty() || !application.chars().all(is_ours) {
        return Ok(json!({"exc": "Invalid", "tg_flash": "not an application's name"}));
    }
    if let Some(refusal) = refused(asker, name) {
        return Ok(refusal);
    }
    let user = state.population.users.get(name);
    let user = user.ok_or(Trouble::PageForPeople)?;
    let configs: Map<String, Value> = user
        .configs
        .get(application)
        .into_iter()
        .flatten()
        .filter(|(attribute, _)| looks_like(attribute, &pattern, '*'))
        .map(|(attribute, value)| (attribute.clone(), json!(value)))
        .collect();
    Ok(json!({
        "username": name,
        "application": application,
        "pattern": pattern,
        "configs": configs,
    }))
}

/// `/config/set/USER/APPLICATION/ATTRIBUTE`.
pub(super) fn set(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let said = |name: &str| call.parameters.first(name).ok_or(Trouble::Raised);
    let (name, application) = (said("username")?, said("application")?);
    let (attribute, value) = (said("attribute")?, said("value")?);
    if let Some(refusal) = refused(asker, name) {
        return Ok(refusal);
    }
    if !APPLICATIONS.contains(&application) {
        return Ok(json!({
            "exc": "DBAPIError",
            "tg_flash": "The config could not be set",
        }));
    }
    let user = state.population.users.get_mut(name);
    let user = user.ok_or(Trouble::PageForPeople)?;
    user.configs
        .entry(application.to_owned())
        .or_default()
        .insert(attribute.to_owned(), value.to_owned());
    Ok(json!({"tg_flash": "The config was set"}))
}
