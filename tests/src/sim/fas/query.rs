//! `/json/people_query`: a little SQL over people, groups and roles.
//!
//! Values are LIKE patterns, so `_` and `%` in them are wildcards; and columns of
//! groups that no constraint ties to a group come as a cross join. Both are pitfalls
//! of the real server.

use serde_json::{Map, Value, json};

use super::account::{Group, RoleType, User};
use super::call::Call;
use super::identity::Asker;
use super::people::listed;
use super::population::Population;
use super::reply::Trouble;
use super::service::State;
use super::shown;
use super::table::Outcome;

const PERSON: [&str; 5] = ["id", "username", "email", "ircnick", "status"];
const GROUP: [&str; 5] = [
    "group",
    "group_type",
    "role_status",
    "role_type",
    "role_approval",
];

/// A person and perhaps a membership that the row is joined with.
type Row<'p> = (&'p User, Option<Joined<'p>>);

#[derive(Clone, Copy)]
struct Joined<'p> {
    group: &'p Group,
    role: Option<RoleType>,
    member: &'p str,
}

/// `/json/people_query`.
pub(super) fn people_query(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let columns = call.parameters.first("columns").unwrap_or_default();
    let columns: Vec<&str> = columns.split(',').map(str::trim).collect();
    let known = |column: &&str| PERSON.contains(column) || GROUP.contains(column);
    if !columns.iter().all(known) {
        return Ok(failed("Invalid column requested."));
    }
    let constraints: Vec<(&str, &str)> = call
        .parameters
        .pairs()
        .filter(|(name, _)| *name != "columns")
        .collect();
    if !constraints.iter().all(|(name, _)| known(name)) {
        return Ok(failed("Invalid constraint specified."));
    }
    if constraints.iter().any(|(name, _)| *name == "id") {
        // PostgreSQL knows no LIKE for numbers.
        return Err(Trouble::Raised);
    }
    let is_group = |name: &str| GROUP.contains(&name);
    let tied = constraints.iter().any(|(name, _)| is_group(name));
    let crossed = !tied && columns.iter().any(|name| is_group(name));
    let rows = rows(&state.population, call, tied, crossed);
    let suits = |row: &Row<'_>| {
        constraints
            .iter()
            .all(|(name, pattern)| like(&cell(row, name, asker), pattern))
    };
    let data: Vec<Value> = rows
        .into_iter()
        .filter(suits)
        .map(|row| {
            let cells = columns
                .iter()
                .map(|name| ((*name).to_owned(), cell(&row, name, asker)));
            Value::Object(cells.collect())
        })
        .collect();
    Ok(json!({"success": true, "data": data}))
}

fn failed(error: &str) -> Value {
    json!({"success": false, "error": error, "data": Map::new()})
}

fn rows<'p>(
    population: &'p Population,
    call: &Call<'_>,
    tied: bool,
    crossed: bool,
) -> Vec<Row<'p>> {
    let people = listed(population, call);
    if !tied && !crossed {
        return people.map(|user| (user, None)).collect();
    }
    let joined: Vec<Joined<'p>> = population.groups.values().flat_map(memberships).collect();
    people
        .flat_map(|user| {
            let fits = move |joined: &&Joined<'_>| crossed || joined.member == user.username;
            let own: Vec<Row<'p>> = joined
                .iter()
                .filter(fits)
                .map(|joined| (user, Some(*joined)))
                .collect();
            own
        })
        .collect()
}

fn memberships(group: &Group) -> impl Iterator<Item = Joined<'_>> {
    let approved = group.approved().map(|(member, kind)| (member, Some(kind)));
    let asked = group.unapproved.iter().map(|name| (name.as_str(), None));
    approved.chain(asked).map(move |(member, role)| Joined {
        group,
        role,
        member,
    })
}

fn cell(row: &Row<'_>, column: &str, asker: &Asker) -> Value {
    let (user, joined) = row;
    let Some(joined) = joined.filter(|_| GROUP.contains(&column)) else {
        let person = shown::person(user, asker);
        return person.get(column).cloned().unwrap_or(Value::Null);
    };
    let role = shown::role(user, joined.group, joined.role);
    let field = match column {
        "group" => return json!(joined.group.name),
        "group_type" => return json!(joined.group.kind),
        "role_approval" => "approval",
        other => other,
    };
    role.get(field).cloned().unwrap_or(Value::Null)
}

/// SQL's LIKE: `%` is any text, `_` any character.
fn like(value: &Value, pattern: &str) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    suits(&text, &pattern)
}

fn suits(text: &[char], pattern: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(('%', rest)), _) => {
            (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|text| suits(text, rest)))
        }
        (Some((wanted, rest)), Some((found, after))) => {
            (*wanted == '_' || wanted == found) && suits(after, rest)
        }
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_underscore_in_a_value_is_any_character() {
        for (text, pattern, expected) in [
            ("a_b", "a_b", true),
            ("axb", "a_b", true),
            ("a_b", "a%", true),
            ("ab", "a_b", false),
            ("ab", "%b", true),
            ("ab", "A%", false),
            ("", "%", true),
        ] {
            assert_eq!(like(&json!(text), pattern), expected, "{text} {pattern}");
        }
    }
}
