//! Who asks: form credentials first, then (HTTP Basic is off) the visit.
//!
//! A form login that fails does not end the matter: a live session that comes along
//! with its token still counts, and the request runs as *its* user.

use super::account::User;
use super::call::Parameters;
use super::population::Population;
use super::visit::{Visits, token};
use crate::sim::fault::Fault;

/// The groups that show more than others see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rights {
    /// In `accounts`.
    pub admin: bool,
    /// In `fas-system`.
    pub system: bool,
    /// In `thirdparty`.
    pub thirdparty: bool,
}

/// Somebody who has proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asker {
    /// The user's name.
    pub name: String,
    /// What the user's groups allow.
    pub rights: Rights,
}

/// What a request says about who asks.
pub(super) struct Claim<'r> {
    /// The visit that it runs under.
    pub visit: &'r str,
    /// The form's name and password, if somebody tries to log in.
    pub login: Option<(String, String)>,
    /// The proof that the cookie was sent on purpose.
    pub token: Option<String>,
    /// A one-time code that came along. FAS looks at it only then.
    pub otp: Option<String>,
}

impl<'r> Claim<'r> {
    /// Takes the claim out of the parameters, so that no page sees them.
    pub(super) fn take(visit: &'r str, parameters: &mut Parameters) -> Self {
        let login = parameters.take("login").map(|_| {
            let name = parameters.take("user_name").unwrap_or_default();
            (name, parameters.take("password").unwrap_or_default())
        });
        Self {
            visit,
            login,
            token: parameters.take("_csrf_token"),
            otp: parameters.first("otp").map(str::to_owned),
        }
    }
}

/// Decides who asks, and remembers a login under the visit.
pub(super) fn identify(
    population: &mut Population,
    visits: &mut Visits,
    claim: &Claim<'_>,
    fault: Option<&Fault>,
    now: u64,
) -> Option<Asker> {
    let by_form = match &claim.login {
        Some((name, password)) if fault != Some(&Fault::Unauthorized) => {
            by_password(population, name, password, claim.otp.as_deref())
        }
        _ => None,
    };
    if let Some(name) = by_form {
        let user = population.users.get_mut(&name)?;
        user.last_seen = now;
        visits.belongs_to(claim.visit, Some(user.id));
        return Some(asker(population, &name));
    }
    by_visit(population, visits, claim)
}

fn by_password(
    population: &mut Population,
    typed: &str,
    password: &str,
    otp: Option<&str>,
) -> Option<String> {
    let name = meant(population, typed)?.username.clone();
    let user = population.users.get_mut(&name)?;
    let right = user.status.may_log_in()
        && user.takes_password(password)
        && otp.is_none_or(|code| user.takes_otp(code));
    right.then_some(name)
}

/// The user whom a login name means: `ada`, `ada@HOST`, or an e-mail address.
pub(super) fn meant<'p>(population: &'p Population, typed: &str) -> Option<&'p User> {
    let host = format!("@{}", population.email_host);
    let name = typed.strip_suffix(&host).unwrap_or(typed);
    if name.contains('@') {
        return population.users.values().find(|user| user.email == name);
    }
    population.users.get(name)
}

fn by_visit(population: &Population, visits: &mut Visits, claim: &Claim<'_>) -> Option<Asker> {
    let id = visits.user(claim.visit)?;
    if claim.token.as_deref() != Some(token(claim.visit).as_str()) {
        return None;
    }
    let user = population.user_with_id(id);
    let Some(user) = user.filter(|user| user.status.may_log_in()) else {
        visits.belongs_to(claim.visit, None);
        return None;
    };
    Some(asker(population, &user.username))
}

fn asker(population: &Population, name: &str) -> Asker {
    Asker {
        name: name.to_owned(),
        rights: Rights {
            admin: population.is_in(name, "accounts"),
            system: population.is_in(name, "fas-system"),
            thirdparty: population.is_in(name, "thirdparty"),
        },
    }
}
