//! `/authentication`: is this the user's password, and may the user log in here?

use hyper::{Method, StatusCode};

use super::account::{Application, User};
use super::call::{Call, Password};
use super::entity::{Detail, Outcome, UserEntity, found};
use super::population::{Population, fold};
use super::reason::{Reason, Refusal};
use super::user::named;
use crate::sim::fault::Fault;

/// Where Crowd counts wrong passwords.
const ATTEMPTS: &str = "invalidPasswordAttempts";

/// `/authentication`. Everything that is not a success is 400 here, an unknown
/// user and one who may not log in too.
pub(super) fn authentication<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    if *call.method() != Method::POST {
        return Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED));
    }
    let name = call.required("username")?;
    let body: Password = call.body()?;
    let password = body.value.unwrap_or_default();
    check_password(population, name, &password, call.now).map_err(Refusal::into_bad_request)?;
    if !may_log_in(population, &call.application, name) {
        return Err(wrong(name));
    }
    if let Some(Fault::WrongName(other)) = call.fault {
        return Ok(found(Impostor(User::new(other))));
    }
    let user = population
        .find_user(name)
        .ok_or_else(|| Refusal::no_user(name))?;
    Ok(found(UserEntity(user, call.detail())))
}

/// `/authentication/notify`: somebody logged in without a password.
pub(super) fn notify<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    if *call.method() != Method::POST {
        return Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED));
    }
    let user = named(population, call)?;
    note_success(user, call.now);
    Ok(found(UserEntity(user, call.detail())))
}

/// Checks a password as Crowd does, counting wrong ones.
pub(super) fn check_password(
    population: &mut Population,
    name: &str,
    password: &str,
    now: u64,
) -> Result<(), Refusal> {
    let most = population.max_wrong_passwords;
    let user = population
        .user_mut(name)
        .ok_or_else(|| Refusal::no_user(name))?;
    if !user.active {
        let message = format!("Account with name <{name}> is inactive");
        return Err(Refusal::new(Reason::InactiveAccount, message));
    }
    let attempts = wrong_attempts(user);
    let locked = most.is_some_and(|most| attempts >= most);
    if locked || password.is_empty() || user.password.as_deref() != Some(password) {
        let attempts = attempts.saturating_add(1).to_string();
        user.attributes.insert(ATTEMPTS.to_owned(), vec![attempts]);
        return Err(wrong(name));
    }
    if user.expired {
        let message = format!("Credential of <{name}> is expired");
        return Err(Refusal::new(Reason::ExpiredCredential, message));
    }
    note_success(user, now);
    Ok(())
}

fn wrong(name: &str) -> Refusal {
    let message = format!("Failed to authenticate principal <{name}>, password was invalid");
    Refusal::new(Reason::InvalidUserAuthentication, message)
}

fn wrong_attempts(user: &User) -> u64 {
    let counted = user
        .attributes
        .get(ATTEMPTS)
        .and_then(|values| values.first());
    counted.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn note_success(user: &mut User, now: u64) {
    user.attributes
        .insert(ATTEMPTS.to_owned(), vec!["0".to_owned()]);
    user.attributes
        .insert("lastAuthenticated".to_owned(), vec![now.to_string()]);
}

/// Whether the application lets this user in: everybody, or members of its groups,
/// directly or not.
pub(super) fn may_log_in(population: &Population, application: &Application, name: &str) -> bool {
    let Some(allowed) = &application.allowed_groups else {
        return true;
    };
    let Some(user) = population.find_user(name) else {
        return false;
    };
    let groups = population.closure(population.groups_of(user), Population::parents);
    groups
        .iter()
        .any(|group| allowed.iter().any(|name| fold(name) == fold(&group.name)))
}

/// Somebody whom nobody asked for.
struct Impostor(User);

impl super::entity::Entity for Impostor {
    fn json(&self) -> serde_json::Value {
        UserEntity(&self.0, Detail::Plain).json()
    }

    fn xml(&self) -> super::xml::Element {
        UserEntity(&self.0, Detail::Plain).xml()
    }
}
