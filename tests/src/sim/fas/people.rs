//! People, one by one and all together.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::account::User;
use super::call::Call;
use super::identity::Asker;
use super::population::Population;
use super::reply::Trouble;
use super::service::State;
use super::shown::{self, PERSON_FIELDS};
use super::table::Outcome;
use crate::sim::fault::Fault;

/// What `/user/list` takes.
pub(super) const LIST: &[&str] = &[
    "search",
    "fields",
    "limit",
    "status",
    "by_email",
    "by_ircnick",
];

/// `/json/person_by_username`.
pub(super) fn by_username(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let name = call.parameters.first("username").ok_or(Trouble::Raised)?;
    Ok(found(
        &state.population,
        state.population.users.get(name),
        asker,
    ))
}

/// `/json/person_by_id`.
pub(super) fn by_id(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let id = call.parameters.first("person_id").ok_or(Trouble::Raised)?;
    let id = id.parse().map_err(|_| Trouble::Raised)?;
    Ok(found(
        &state.population,
        state.population.user_with_id(id),
        asker,
    ))
}

fn found(population: &Population, user: Option<&User>, asker: &Asker) -> Value {
    match user {
        Some(user) => json!({
            "success": true,
            "person": shown::person_with_memberships(population, user, asker),
        }),
        None => json!({"success": false}),
    }
}

/// `/json/user_id`: every name by id, whatever the status.
pub(super) fn user_id(state: &mut State, call: &Call<'_>, _asker: &Asker) -> Outcome {
    let users = listed(&state.population, call);
    let people: Map<String, Value> = users
        .map(|user| (user.id.to_string(), json!(user.username)))
        .collect();
    Ok(json!({"people": people}))
}

/// Everybody, or nobody where lists are to be empty.
pub(super) fn listed<'p>(
    population: &'p Population,
    call: &Call<'_>,
) -> impl Iterator<Item = &'p User> {
    let empty = call.fault == Some(&Fault::EmptyUsers);
    population.users.values().filter(move |_| !empty)
}

/// `/user/list`: names (or addresses, or nicknames) that look like `search`, which is
/// taken in lower case and means "all with a" if it is left out.
pub(super) fn list(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let parameters = &call.parameters;
    let search = parameters.first("search").unwrap_or("a*").to_lowercase();
    let mut fields: Vec<&str> = parameters.all("fields").collect();
    if let Some(wrong) = fields.iter().find(|field| !is_field(field)) {
        return Ok(json!({
            "exc": "Invalid",
            "tg_flash": format!("Value must be one of the fields, not {wrong:?}"),
        }));
    }
    if fields.is_empty() {
        fields = PERSON_FIELDS.into_iter().chain(["username"]).collect();
    }
    let limit = match parameters.first("limit").map(str::parse) {
        None => usize::MAX,
        Some(limit) => limit.map_err(|_| Trouble::Raised)?,
    };
    let population = &state.population;
    let done: HashSet<&str> = population
        .groups
        .get("cla_done")
        .into_iter()
        .flat_map(|group| group.approved().map(|(name, _)| name))
        .collect();
    let wanted = |user: &&User| is_wanted(user, &search, call);
    let (people, unapproved): (Vec<&User>, Vec<&User>) = listed(population, call)
        .filter(wanted)
        .take(limit)
        .partition(|user| done.contains(user.username.as_str()));
    let shown = |users: Vec<&User>| -> Value {
        users
            .into_iter()
            .map(|user| with_fields(user, asker, &fields))
            .collect()
    };
    Ok(json!({
        "people": shown(people),
        "unapproved_people": shown(unapproved),
        "search": search,
    }))
}

fn is_field(field: &str) -> bool {
    field == "username" || PERSON_FIELDS.contains(&field)
}

fn is_wanted(user: &User, search: &str, call: &Call<'_>) -> bool {
    let parameters = &call.parameters;
    let text = if parameters.first("by_email").is_some() {
        Some(user.email.as_str())
    } else if parameters.first("by_ircnick").is_some() {
        user.ircnick.as_deref()
    } else {
        Some(user.username.as_str())
    };
    let status = parameters.first("status").unwrap_or("all");
    let in_status = status == "all" || status == user.status.as_str();
    in_status && text.is_some_and(|text| looks_like(text, search, '*'))
}

fn with_fields(user: &User, asker: &Asker, fields: &[&str]) -> Value {
    let person = shown::person(user, asker);
    let wanted = |(field, _): &(String, Value)| fields.contains(&field.as_str());
    Value::Object(person.into_iter().filter(wanted).collect())
}

/// Whether the whole of `text` suits `pattern`, in which `any` stands for any text.
pub(super) fn looks_like(text: &str, pattern: &str, any: char) -> bool {
    let Some((first, rest)) = pattern.split_once(any) else {
        return text == pattern;
    };
    let Some(text) = text.strip_prefix(first) else {
        return false;
    };
    let mut text = text;
    let mut parts = rest.split(any).peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        let Some((_, after)) = text.split_once(part) else {
            return false;
        };
        text = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::looks_like;

    #[test]
    fn a_pattern_suits_the_whole_text() {
        for (text, pattern, expected) in [
            ("ada", "ada", true),
            ("ada", "a*", true),
            ("ada", "*", true),
            ("ada", "*a", true),
            ("ada", "a*d*a", true),
            ("ada", "d*", false),
            ("ada", "a*b", false),
            ("ada", "ada*a", false),
            ("", "*", true),
            ("aa", "a*a*a", false),
        ] {
            assert_eq!(looks_like(text, pattern, '*'), expected, "{text} {pattern}");
        }
    }
}
