//! `/search`: users or groups that a restriction finds, page by page.

use hyper::{Method, StatusCode};

use super::call::Call;
use super::cql;
use super::entity::{GroupEntity, Groups, Outcome, UserEntity, Users, found};
use super::population::Population;
use super::reason::Refusal;
use super::restriction::Restriction;
use crate::sim::fault::Fault;

/// `/search`.
pub(super) fn search<'p>(
    population: &'p Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    let restriction = match *call.method() {
        Method::GET => {
            let query = call.parameter("restriction").unwrap_or_default();
            cql::parse(query).map_err(|error| Refusal::illegal(error.to_string()))?
        }
        Method::POST => call.body::<Restriction>()?,
        _ => return Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    };
    match call.parameter("entity-type") {
        Some("user") => users(population, &restriction, call),
        Some("group") => groups(population, &restriction, call),
        _ => Err(Refusal::illegal("entity-type must be user or group")),
    }
}

fn users<'p>(
    population: &'p Population,
    restriction: &Restriction,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    let detail = call.list_detail("user");
    if call.fault == Some(&Fault::EmptyUsers) {
        return Ok(found(Users(Vec::new())));
    }
    let users = population
        .users
        .values()
        .filter(|user| restriction.holds(*user));
    let page = call.page()?.of(users).map(|user| UserEntity(user, detail));
    Ok(found(Users(page.collect())))
}

fn groups<'p>(
    population: &'p Population,
    restriction: &Restriction,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    let detail = call.list_detail("group");
    if call.fault == Some(&Fault::EmptyGroups) {
        return Ok(found(Groups(Vec::new())));
    }
    let groups = population
        .groups
        .values()
        .filter(|group| restriction.holds(*group));
    let page = call
        .page()?
        .of(groups)
        .map(|group| GroupEntity(group, detail));
    Ok(found(Groups(page.collect())))
}
