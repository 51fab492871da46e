//! What whole hosts ask for: everybody and every group in one answer each.

use serde_json::{Map, Value, json};

use super::account::{Group, RoleType, Status};
use super::call::Call;
use super::groups::members_of;
use super::identity::Asker;
use super::people::listed;
use super::population::Population;
use super::service::State;
use super::shown;
use super::table::Outcome;

/// How long memcached keeps the groups, in milliseconds.
const KEPT: u64 = 15 * 60 * 1000;

/// `/json/fas_client/group_data`: from the cache, unless `force_refresh` comes along.
pub(super) fn group_data(state: &mut State, call: &Call<'_>, _asker: &Asker) -> Outcome {
    let forced = call.parameters.first("force_refresh").is_some();
    let fresh = state
        .group_data
        .as_ref()
        .filter(|(made, _)| !forced && call.now.saturating_sub(*made) < KEPT);
    if let Some((_, data)) = fresh {
        return Ok(json!({"success": true, "data": data}));
    }
    let groups = state.population.groups.values();
    let data: Map<String, Value> = groups
        .map(|group| (group.name.clone(), members(&state.population, group)))
        .collect();
    let data = Value::Object(data);
    state.group_data = Some((call.now, data.clone()));
    Ok(json!({"success": true, "data": data}))
}

fn members(population: &Population, group: &Group) -> Value {
    let ids = |wanted: RoleType| -> Vec<u64> {
        members_of(population, group)
            .filter(|(_, kind)| *kind == wanted)
            .map(|(user, _)| user.id)
            .collect()
    };
    json!({
        "id": group.id,
        "administrators": ids(RoleType::Administrator),
        "sponsors": ids(RoleType::Sponsor),
        "users": ids(RoleType::User),
        "type": group.kind,
    })
}

/// `/json/fas_client/user_data`: only those whose status is `active`, so no bots.
pub(super) fn user_data(state: &mut State, call: &Call<'_>, asker: &Asker) -> Outcome {
    let rights = asker.rights;
    let data: Map<String, Value> = listed(&state.population, call)
        .filter(|user| user.status == Status::Active)
        .map(|user| {
            let hash = rights.system.then(|| shown::hash(user));
            let keys = (rights.thirdparty || rights.system).then_some(user.ssh_key.as_str());
            let name = if user.privacy {
                &user.username
            } else {
                &user.human_name
            };
            let shown = json!({
                "username": user.username,
                "password": hash.as_deref().unwrap_or("*"),
                "human_name": name,
                "ssh_key": keys.unwrap_or_default(),
                "email": user.email,
                "alias_enabled": true,
            });
            (user.id.to_string(), shown)
        })
        .collect();
    Ok(json!({"success": true, "data": data}))
}
