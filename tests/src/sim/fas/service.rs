//! The simulated FAS as a [`Service`]: visits, identity, the page, the cookie.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderValue, SET_COOKIE};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::account::Status;
use super::call::{Call, Form, Parameters};
use super::identity::{Claim, identify, meant};
use super::orders;
use super::population::Population;
use super::reply::{Refusal, Trouble, raised, shown};
use super::table::{self, Further, Outcome, Page, Row};
use super::visit::{Visits, token};
use crate::sim::clock::ServerClock;
use crate::sim::exchange::{Reply, Request};
use crate::sim::fault::Fault;
use crate::sim::record::Recorded;
use crate::sim::server::Service;

/// The session's cookie.
const VISIT_COOKIE: &str = "tg-visit";

/// What changes while the server runs.
#[derive(Default)]
pub(super) struct State {
    /// Whom and what it knows.
    pub population: Population,
    /// Who has logged in where.
    pub visits: Visits,
    /// The groups as memcached has them, and since when.
    pub group_data: Option<(u64, Value)>,
}

/// A simulated FAS.
pub struct FasService {
    context: String,
    clock: ServerClock,
    state: Mutex<State>,
}

impl FasService {
    /// A FAS with this population below `context` (`/accounts`, or nothing).
    pub fn new(population: Population, context: &str) -> Self {
        let state = State {
            population,
            ..State::default()
        };
        Self {
            context: context.trim_end_matches('/').to_owned(),
            clock: ServerClock::default(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the population. The cache of groups does not notice.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        change(&mut self.state().population)
    }

    /// Lets time pass for sessions, the cache of groups, and dates.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        self.state().visits.clear();
    }

    /// The path below the root, decoded once, if it is ours.
    fn below(&self, request: &Request) -> Option<String> {
        let rest = request.path.strip_prefix(&self.context)?;
        let below = rest.strip_prefix('/').or(rest.is_empty().then_some(""))?;
        Some(percent_decode_str(below).decode_utf8_lossy().into_owned())
    }

    fn serve(&self, path: &str, request: &Request, fault: Option<&Fault>) -> Reply {
        let now = self.clock.now();
        let mut state = self.state();
        let state = &mut *state;
        if fault == Some(&Fault::ExpiredSessions) {
            state.visits.clear();
        }
        let visit = state.visits.of(request.cookie(VISIT_COOKIE), now);
        let reply = self.page(state, path, request, &visit, fault, now);
        if fault == Some(&Fault::NoCookie) {
            return reply;
        }
        with_cookie(reply, &visit)
    }

    fn page(
        &self,
        state: &mut State,
        path: &str,
        request: &Request,
        visit: &str,
        fault: Option<&Fault>,
        now: u64,
    ) -> Reply {
        let mut parameters = Parameters::of(request);
        let form = Form::take(request, &mut parameters);
        let mut echoed = parameters.clone();
        let claim = Claim::take(visit, &mut parameters);
        let asker = identify(&mut state.population, &mut state.visits, &claim, fault, now);
        match fault {
            Some(Fault::OperationFailed) => return raised(),
            Some(Fault::ApplicationError) => return shown(&application_error(), form),
            _ => {}
        }
        let call = Call {
            parameters,
            form,
            visit,
            asker,
            attempted: claim.login.is_some(),
            fault,
            now,
        };
        match dispatch(state, path, call) {
            Ok(value) => shown(&value, form),
            Err(trouble) => {
                let _ = Claim::take(visit, &mut echoed);
                let refusal = Refusal {
                    message: message(&claim, path),
                    page: format!("/{path}"),
                    parameters: request_echo(&claim, echoed).as_json(),
                    flash: flash(&state.population, &claim),
                    context: &self.context,
                    token: token(visit),
                };
                trouble.reply(form, &refusal)
            }
        }
    }
}

/// What a refusal echoes: everything but the credentials. The token stays.
fn request_echo(claim: &Claim<'_>, mut parameters: Parameters) -> Parameters {
    if let Some(token) = &claim.token {
        parameters.add("_csrf_token", token);
    }
    parameters
}

fn application_error() -> Value {
    json!({"exc": "DBAPIError", "tg_flash": "The data base is not there"})
}

/// What a refusal tells people; nobody can tell its three meanings apart by it.
fn message(claim: &Claim<'_>, path: &str) -> &'static str {
    if claim.login.is_some() {
        "The credentials you supplied were not correct or did not grant access to this resource."
    } else if path == "login" {
        "Please log in."
    } else {
        "You must provide your credentials before accessing this resource."
    }
}

/// Set before the password is looked at, so that it shows who exists.
fn flash(population: &Population, claim: &Claim<'_>) -> Option<&'static str> {
    let (name, _) = claim.login.as_ref()?;
    let user = meant(population, name)?;
    (user.status == Status::Inactive)
        .then_some("Your password has expired. You must reset it before you can log in.")
}

fn with_cookie(mut reply: Reply, visit: &str) -> Reply {
    let cookie = format!("{VISIT_COOKIE}={visit}; Path=/");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        reply.headers.append(SET_COOKIE, value);
    }
    // The text of a flash goes the same way; here there is never one left to show.
    reply.headers.append(
        SET_COOKIE,
        HeaderValue::from_static("tg_flash=; Path=/; Max-Age=0"),
    );
    reply
}

/// Finds the page, lets nobody in who may not, and takes no parameter that it lacks.
fn dispatch(state: &mut State, path: &str, mut call: Call<'_>) -> Outcome {
    let (row, rest) = table::find(path).ok_or(Trouble::NoSuchPage)?;
    let asker = call.asker.clone();
    let asker = asker.as_ref();
    let in_group = call.fault != Some(&Fault::NotInGroup);
    match row.page {
        Page::Open(page) => {
            place(&mut call, row, &rest)?;
            page(state, &call)
        }
        Page::LoggedIn(page) => {
            let asker = asker.filter(|_| in_group).ok_or(Trouble::Forbidden)?;
            place(&mut call, row, &rest)?;
            page(state, &call, asker)
        }
        Page::System(page) => {
            let may = |asker: &&_| in_group && is_system(asker);
            let asker = asker.filter(may).ok_or(Trouble::Forbidden)?;
            place(&mut call, row, &rest)?;
            page(state, &call, asker)
        }
    }
}

fn is_system(asker: &super::identity::Asker) -> bool {
    asker.rights.system
}

/// Makes the rest of the path parameters, in the page's order. One too many, or one
/// that the page does not take, makes it raise.
fn place(call: &mut Call<'_>, row: &Row, rest: &[&str]) -> Result<(), Trouble> {
    if rest.len() > row.parameters.len() {
        return Err(Trouble::Raised);
    }
    for (name, value) in row.parameters.iter().zip(rest) {
        call.parameters.add(name, value);
    }
    let strange = call.parameters.stranger(row.parameters).is_some();
    if strange && row.further == Further::None {
        return Err(Trouble::Raised);
    }
    Ok(())
}

impl Service for FasService {
    fn place(&self, request: &Request) -> String {
        match self.below(request) {
            Some(below) => format!("/{below}"),
            None => request.path.clone(),
        }
    }

    fn answer(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        match fault {
            // A proxy in front, which knows nothing of cookies and JSON.
            Some(Fault::Forbidden) => {
                return Reply::html(StatusCode::FORBIDDEN, "Forbidden", "Not from your address");
            }
            Some(Fault::RateLimited(_) | Fault::Limited) => {
                return Reply::empty(StatusCode::TOO_MANY_REQUESTS);
            }
            _ => {}
        }
        match self.below(request) {
            Some(path) => self.serve(&path, request, fault),
            None => Reply::html(StatusCode::NOT_FOUND, "404 Not Found", "Not Found"),
        }
    }

    fn record(&self, request: &Request) -> Recorded {
        let mut parameters = Parameters::of(request);
        let claim = Claim::take("", &mut parameters);
        parameters.take("otp");
        // Without its button a form is none, and its password an odd parameter.
        parameters.take("password");
        let person = claim.login.map(|(name, _)| name);
        let about = ["username", "person_id"].map(|name| parameters.first(name).map(str::to_owned));
        Recorded {
            method: request.method.to_string(),
            path: self.place(request),
            query: parameters
                .pairs()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            person: about.into_iter().fold(person, Option::or),
            cookie: request.cookie(VISIT_COOKIE).is_some(),
            token: claim.token.is_some(),
            fault: None,
            status: None,
        }
    }

    fn control(&self, order: &Value) -> Result<Value, String> {
        orders::obey(self, order)
    }
}
