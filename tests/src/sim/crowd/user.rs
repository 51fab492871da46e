//! `/user`: reading, making, changing and removing users.

use hyper::{Method, StatusCode};
use serde::Deserialize;

use super::account::{Attributes, Permission, User};
use super::call::{AttributesBody, Call, Flag, Password};
use super::entity::{AttributeList, Outcome, UserEntity, found, href};
use super::population::{Population, fold};
use super::reason::{Reason, Refusal};

/// A user as clients send one.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UserBody {
    name: String,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    active: Option<Flag>,
    password: Option<Password>,
}

impl UserBody {
    fn change(self, user: &mut User) {
        let fields = [
            (self.first_name, &mut user.first_name),
            (self.last_name, &mut user.last_name),
            (self.display_name, &mut user.display_name),
            (self.email, &mut user.email),
        ];
        for (said, field) in fields {
            if let Some(said) = said {
                *field = said;
            }
        }
        if let Some(active) = self.active {
            user.active = active.is_set();
        }
    }
}

/// `/user`.
pub(super) fn user<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    match *call.method() {
        Method::GET => Ok(found(UserEntity(
            asked_for(population, call)?,
            call.detail(),
        ))),
        Method::POST => create(population, call),
        Method::PUT => update(population, call),
        Method::DELETE => {
            call.may(Permission::RemoveUser)?;
            let name = call.required("username")?;
            if population.remove_user(name) {
                Ok(Outcome::Done)
            } else {
                Err(Refusal::no_user(name))
            }
        }
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

fn asked_for<'p>(population: &'p Population, call: &Call<'_>) -> Result<&'p User, Refusal> {
    if let Some(key) = call.parameter("key") {
        return population
            .find_key(key)
            .ok_or_else(|| Refusal::no_user(key));
    }
    seen(population, call)
}

/// The user whom `username` names.
fn seen<'p>(population: &'p Population, call: &Call<'_>) -> Result<&'p User, Refusal> {
    let name = call.required("username")?;
    population
        .find_user(name)
        .ok_or_else(|| Refusal::no_user(name))
}

/// The user whom `username` names, to be changed.
pub(super) fn named<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<&'p mut User, Refusal> {
    let name = call.required("username")?;
    population
        .user_mut(name)
        .ok_or_else(|| Refusal::no_user(name))
}

fn create<'p>(population: &'p mut Population, call: &Call<'_>) -> Result<Outcome<'p>, Refusal> {
    call.may(Permission::AddUser)?;
    let mut body: UserBody = call.body()?;
    let name = body.name.clone();
    if name.trim().is_empty() {
        return Err(Refusal::new(Reason::InvalidUser, "the name is empty"));
    }
    if population.find_user(&name).is_some() {
        let message = format!("User already exists: <{name}>");
        return Err(Refusal::new(Reason::InvalidUser, message));
    }
    let password = body.password.take().and_then(|password| password.value);
    if let Some(password) = &password {
        acceptable(population, password)?;
    }
    let mut user = User::new(&name);
    (user.password, user.created, user.updated) = (password, call.now, call.now);
    body.change(&mut user);
    population.add_user(user);
    let user = population
        .find_user(&name)
        .ok_or_else(|| Refusal::no_user(&name))?;
    let address = href("/user", "username", &user.name);
    Ok(Outcome::Created(
        address,
        Some(Box::new(UserEntity(user, call.detail()))),
    ))
}

fn update<'p>(population: &'p mut Population, call: &Call<'_>) -> Result<Outcome<'p>, Refusal> {
    call.may(Permission::ModifyUser)?;
    let body: UserBody = call.body()?;
    let user = named(population, call)?;
    if fold(&body.name) != fold(&user.name) {
        let message = "the names in the address and in the body differ";
        return Err(Refusal::new(Reason::InvalidUser, message));
    }
    body.change(user);
    user.updated = call.now;
    Ok(Outcome::Done)
}

fn acceptable(population: &Population, password: &str) -> Result<(), Refusal> {
    if password.is_empty() || password.chars().count() < population.shortest_password {
        let message = "The new password does not meet the directory's password complexity";
        return Err(Refusal::new(Reason::InvalidCredential, message));
    }
    Ok(())
}

/// `/user/password`: sets it, without asking for the old one.
pub(super) fn password<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    if *call.method() != Method::PUT {
        return Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED));
    }
    call.may(Permission::ModifyUser)?;
    let body: Password = call.body()?;
    seen(population, call)?;
    let new = body.value.unwrap_or_default();
    acceptable(population, &new)?;
    let user = named(population, call)?;
    user.password = Some(new);
    user.expired = false;
    user.updated = call.now;
    user.attributes.remove("invalidPasswordAttempts");
    user.attributes
        .insert("passwordLastChanged".to_owned(), vec![call.now.to_string()]);
    Ok(Outcome::Done)
}

/// `/user/attribute`.
pub(super) fn attribute<'p>(
    population: &'p mut Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    if *call.method() == Method::GET {
        let user = seen(population, call)?;
        return Ok(listed(&user.attributes, "/user", &user.name));
    }
    let user = named(population, call)?;
    change_attributes(&mut user.attributes, Permission::ModifyUserAttributes, call)
}

/// Attributes by themselves, of whom `path` and its parameter name.
pub(super) fn listed<'p>(attributes: &'p Attributes, path: &str, name: &str) -> Outcome<'p> {
    let link = href(
        &format!("{path}/attribute"),
        &format!("{}name", path.trim_start_matches('/')),
        name,
    );
    found(AttributeList { attributes, link })
}

/// Sets or removes attributes, whose ever they are.
pub(super) fn change_attributes<'p>(
    attributes: &mut Attributes,
    permission: Permission,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    match *call.method() {
        Method::POST => {
            call.may(permission)?;
            let body: AttributesBody = call.body()?;
            attributes.extend(
                body.attributes
                    .into_iter()
                    .map(|one| (one.name, one.values)),
            );
            Ok(Outcome::Done)
        }
        Method::DELETE => {
            call.may(permission)?;
            attributes.remove(call.required("attributename")?);
            Ok(Outcome::Done)
        }
        _ => Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

/// `/user/mail/password`: the mail itself is not sent.
pub(super) fn mail_password<'p>(
    population: &'p Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    if *call.method() != Method::POST {
        return Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED));
    }
    call.may(Permission::ModifyUser)?;
    if seen(population, call)?.email.contains('@') {
        return Ok(Outcome::Done);
    }
    Err(Refusal::new(
        Reason::InvalidEmail,
        "the user has no valid address",
    ))
}

/// `/user/mail/usernames`: the mail itself is not sent.
pub(super) fn mail_usernames<'p>(
    population: &'p Population,
    call: &Call<'_>,
) -> Result<Outcome<'p>, Refusal> {
    if *call.method() != Method::POST {
        return Ok(Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED));
    }
    let email = call.required("email")?;
    if population
        .users
        .values()
        .any(|user| user.email.eq_ignore_ascii_case(email))
    {
        return Ok(Outcome::Done);
    }
    Err(Refusal::no_user(email))
}
