//! Logging in and out, and what people see first.

use serde_json::{Map, Value, json};

use super::account::User;
use super::call::Call;
use super::identity::Asker;
use super::population::Population;
use super::reply::Trouble;
use super::service::State;
use super::shown::{self, date};
use super::table::Outcome;
use crate::sim::fault::Fault;

/// `/login`: whom the credentials *of this request* belong to. A live session alone
/// is told to log in.
pub(super) fn login(state: &mut State, call: &Call<'_>) -> Outcome {
    let asker = call.asker.as_ref().filter(|_| call.attempted);
    let asker = asker.ok_or(Trouble::Forbidden)?;
    let user = answered(&state.population, call, asker)?;
    let mut person = shown::person_with_memberships(&state.population, &user, asker);
    let names: Vec<&str> = state
        .population
        .groups_of(&user.username)
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    person.insert("groups".to_owned(), json!(names));
    // Here, and only here, it is a list.
    let roles: Option<Vec<Value>> = person
        .get("group_roles")
        .and_then(Value::as_object)
        .map(|roles| roles.keys().map(|name| json!(name)).collect());
    person.insert("group_roles".to_owned(), json!(roles));
    Ok(json!({
        "user": person,
        "tg_flash": format!("Welcome, {}", asker.name),
    }))
}

/// The person that the answer is about: the asker, unless it is to be somebody else.
fn answered(population: &Population, call: &Call<'_>, asker: &Asker) -> Result<User, Trouble> {
    let Some(Fault::WrongName(other)) = call.fault else {
        return user(population, &asker.name).cloned();
    };
    let known = population.users.get(other).cloned();
    Ok(known.unwrap_or_else(|| User::new(999_999, other)))
}

fn user<'p>(population: &'p Population, name: &str) -> Result<&'p User, Trouble> {
    population.users.get(name).ok_or(Trouble::Raised)
}

/// `/logout`.
pub(super) fn logout(state: &mut State, call: &Call<'_>, _asker: &Asker) -> Outcome {
    state.visits.belongs_to(call.visit, None);
    Ok(json!({"tg_flash": "You have successfully logged out."}))
}

/// `/home`: the person without the split into approved and unapproved.
pub(super) fn home(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let user = answered(&state.population, call, asker)?;
    let mut person = shown::person_with_memberships(&state.population, &user, asker);
    person.remove("approved_memberships");
    person.remove("unapproved_memberships");
    let memberships = person.get("memberships").cloned();
    Ok(json!({
        "person": person,
        "memberships": memberships,
        "cla": has_cla(&state.population, &user.username),
    }))
}

/// Two approved groups of type `cla`: one for the agreement, and `cla_done`.
fn has_cla(population: &Population, name: &str) -> bool {
    let groups = population.groups_of(name);
    groups.iter().filter(|group| group.kind == "cla").count() >= 2
}

/// `/user/view`: oneself, or somebody by name. The validator's page for an unknown
/// name is for people only.
pub(super) fn view(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let population = &state.population;
    let name = call.parameters.first("username").unwrap_or(&asker.name);
    let user = population.users.get(name).ok_or(Trouble::PageForPeople)?;
    let personal = user.username == asker.name;
    let cla = has_cla(population, name);
    Ok(json!({
        "person": shown::person_with_memberships(population, user, asker),
        "cla": cla,
        "undeprecated": cla,
        "personal": personal,
        "admin": asker.rights.admin,
        "modo": false,
        "can_update": personal || asker.rights.admin,
        "show": {},
    }))
}

/// `/`: a live session is answered with nothing, and nobody with the time.
pub(super) fn index(_state: &mut State, call: &Call<'_>) -> Outcome {
    Ok(match call.asker {
        Some(_) => Value::Object(Map::new()),
        None => json!({"now": date(call.now)}),
    })
}

/// `/user/dogencert`: switched off here.
pub(super) fn dogencert(_state: &mut State, _call: &Call<'_>, _asker: &Asker) -> Outcome {
    Ok(Value::Object(Map::new()))
}

/// `/user/update_last_seen`: for the system's own programs.
pub(super) fn update_last_seen(state: &mut State, call: &Call<'_>, _asker: &Asker) -> Outcome {
    let name = call.parameters.first("username").ok_or(Trouble::Raised)?;
    call.parameters.first("last_seen").ok_or(Trouble::Raised)?;
    let user = state.population.users.get_mut(name);
    user.ok_or(Trouble::PageForPeople)?.last_seen = call.now;
    Ok(json!({}))
}
