//! The simulated Crowd as a [`Service`]: filters, the table of endpoints, forms.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::{ALLOW, CACHE_CONTROL, HeaderName, LOCATION, SET_COOKIE};
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::account::Application;
use super::admission::{Admitted, SESSION_COOKIE, Servlets, admit, client_address};
use super::call::{Call, Form, filter};
use super::entity::{CookieConfig, Entity, Outcome, found};
use super::event::{Change, EventLog, EventSettings};
use super::membership::{Depth, Kin};
use super::population::{Origin, Population};
use super::reason::{Reason, Refusal};
use super::session::Sessions;
use super::{admission, authentication, event, group, membership, orders, search, session, user};
use crate::sim::clock::ServerClock;
use crate::sim::exchange::{Delivery, Reply, Request};
use crate::sim::fault::Fault;
use crate::sim::record::Recorded;
use crate::sim::server::Service;

/// The header without which Atlassian's client believes nothing.
const VERSION: HeaderName = HeaderName::from_static("x-embedded-crowd-version");

/// What changes while the server runs.
#[derive(Default)]
struct State {
    population: Population,
    servlets: Servlets,
    sessions: Sessions,
    events: EventLog,
}

impl State {
    /// Finds out what was changed by `now`, and keeps it to be told.
    fn settle(&mut self, now: u64) {
        let changes = self.population.settle(now, &self.events.settings);
        self.events.add(now, changes);
    }

    /// The same after anything at all may have happened to the population.
    fn settle_after(&mut self, now: u64, before: &Before) {
        if *self.population.origin() != before.origin {
            // As after a restored backup: there is no telling the difference.
            self.population.forget_changes();
            return self.events.add(now, vec![Change::Reset(None)]);
        }
        self.settle(now);
        let applications = before.applications.iter();
        let changed = applications
            .filter(|(name, was)| self.population.applications.get(*name) != Some(*was))
            .map(|(name, _)| Change::Reset(Some(name.clone())));
        let changed = changed.collect();
        self.events.add(now, changed);
    }
}

/// What a population was, as far as it does not remember that itself.
struct Before {
    origin: Origin,
    applications: BTreeMap<String, Application>,
}

/// A simulated Crowd.
pub struct CrowdService {
    context: String,
    clock: ServerClock,
    state: Mutex<State>,
}

impl CrowdService {
    /// A Crowd with this population below `context` (`/crowd`, or nothing).
    pub fn new(population: Population, context: &str) -> Self {
        let context = context.trim_end_matches('/').to_owned();
        let mut state = State {
            population,
            ..State::default()
        };
        // What is there from the beginning is no event.
        state.population.forget_changes();
        Self {
            context,
            clock: ServerClock::default(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the population. Whatever is done to it is found out and told as events:
    /// changed users, groups and memberships; tokens of a changed application expire,
    /// and all of them if the whole population is replaced.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        let mut state = self.state();
        let before = Before {
            origin: state.population.origin().same(),
            applications: state.population.applications.clone(),
        };
        let changed = change(&mut state.population);
        state.settle_after(self.clock.now(), &before);
        changed
    }

    /// Lets time pass for sessions and dates.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Forgets servlet sessions, as a restart does.
    pub fn forget_servlet_sessions(&self) {
        self.state().servlets.clear();
    }

    /// Forgets what a server's process forgets when it is started again: servlet
    /// sessions, and the older store's events.
    pub fn restart(&self) {
        let mut state = self.state();
        state.servlets.clear();
        state.events.restart();
    }

    /// Tells what changes as these say, from now on.
    pub fn set_events(&self, settings: EventSettings) {
        self.state().events.settings = settings;
    }

    /// Lets the tokens of events expire, as a change of aliases or directories does.
    pub fn expire_events(&self) {
        let now = self.clock.now();
        self.state().events.add(now, vec![Change::Reset(None)]);
    }

    /// The path below the service, version included, if it is the service's.
    fn below_service<'r>(&self, request: &'r Request) -> Option<&'r str> {
        request
            .path
            .strip_prefix(&self.context)?
            .strip_prefix("/rest/usermanagement/")
    }

    fn below_version<'r>(&self, request: &'r Request) -> Option<&'r str> {
        let (version, rest) = self.below_service(request)?.split_once('/')?;
        matches!(version, "1" | "latest").then_some(rest)
    }

    fn serve(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        let mut state = self.state();
        let state = &mut *state;
        match fault {
            Some(Fault::Unauthorized) => return admission::unauthorized(),
            Some(Fault::Forbidden) => {
                let name = request.basic().map(|(name, _)| name).unwrap_or_default();
                let client = client_address(&state.population, request);
                return admission::forbidden(client, &name);
            }
            Some(Fault::RateLimited(_) | Fault::Limited) => return rate_limited(),
            _ => {}
        }
        let admitted = match admit(&state.population, &mut state.servlets, request) {
            Ok(admitted) => admitted,
            Err(reply) => return *reply,
        };
        let Admitted {
            application,
            cookie,
        } = admitted;
        let reply = filter(request).unwrap_or_else(|| {
            let rest = self.below_version(request).unwrap_or_default();
            let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
            let segments = rest.split('/').map(decode).collect();
            let now = self.clock.now();
            let reply = respond(
                state,
                &Call {
                    request,
                    segments,
                    application,
                    fault,
                    now,
                },
            );
            state.settle(now);
            reply
        });
        match cookie {
            None => reply,
            Some(id) => {
                let path = if self.context.is_empty() {
                    "/"
                } else {
                    &self.context
                };
                reply.with(
                    SET_COOKIE,
                    &format!("{SESSION_COOKIE}={id}; Path={path}; HttpOnly"),
                )
            }
        }
    }
}

fn rate_limited() -> Reply {
    Reply::empty(StatusCode::TOO_MANY_REQUESTS)
        .with(HeaderName::from_static("x-ratelimit-limit"), "10")
        .with(HeaderName::from_static("x-ratelimit-remaining"), "0")
        .with(
            HeaderName::from_static("x-ratelimit-interval-seconds"),
            "60",
        )
        .with(HeaderName::from_static("x-ratelimit-fillrate"), "10")
}

/// Answers an admitted application in the form that it asked for.
fn respond(state: &mut State, call: &Call<'_>) -> Reply {
    let form = match Form::of(call.request) {
        Some(form) => form,
        // Memberships are XML whatever is asked for.
        None if call.segments == ["group", "membership"] => Form::Xml,
        None => {
            return Reply::html(
                StatusCode::NOT_ACCEPTABLE,
                "HTTP Status 406",
                "Not Acceptable",
            );
        }
    };
    let outcome = match call.fault {
        Some(Fault::OperationFailed) => Err(Refusal::new(
            Reason::OperationFailed,
            "the directory's back end is down",
        )),
        _ => route(state, call),
    };
    match outcome {
        Ok(outcome) => shape(outcome, form),
        Err(refusal) => written(refusal.status, &refusal, form),
    }
}

/// The table of endpoints.
fn route<'s>(state: &'s mut State, call: &Call<'_>) -> Result<Outcome<'s>, Refusal> {
    let State {
        population,
        sessions,
        events,
        ..
    } = state;
    let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let depth = segments.last().and_then(|last| Depth::of(last));
    match (segments.as_slice(), depth) {
        (["authentication"], _) => authentication::authentication(population, call),
        (["authentication", "notify"], _) => authentication::notify(population, call),
        (["user"], _) => user::user(population, call),
        (["user", "password"], _) => user::password(population, call),
        (["user", "attribute"], _) => user::attribute(population, call),
        (["user", "mail", "password"], _) => user::mail_password(population, call),
        (["user", "mail", "usernames"], _) => user::mail_usernames(population, call),
        (["user", "group", _], Some(depth)) => membership::groups_of_user(population, call, depth),
        (["group"], _) => group::group(population, call),
        (["group", "attribute"], _) => group::attribute(population, call),
        (["group", "user", _], Some(depth)) => membership::users_of_group(population, call, depth),
        (["group", "child-group", _], Some(depth)) => {
            membership::kin_of_group(population, call, Kin::Children, depth)
        }
        (["group", "parent-group", _], Some(depth)) => {
            membership::kin_of_group(population, call, Kin::Parents, depth)
        }
        (["group", "membership"], _) if *call.method() == Method::GET => {
            Ok(membership::memberships(population, call))
        }
        (["search"], _) => search::search(population, call),
        (["session"], _) => session::all(sessions, population, call),
        (["session", token], _) => session::one(sessions, population, call, token),
        (["config", "cookie"], _) if *call.method() == Method::GET => Ok(found(CookieConfig)),
        (["event"], _) => event::token(events, call),
        (["event", token], _) => event::since(events, population, call, token),
        _ => Ok(Outcome::Nothing(StatusCode::NOT_FOUND)),
    }
}

fn shape(outcome: Outcome<'_>, form: Form) -> Reply {
    match outcome {
        Outcome::Found(entity) => {
            written(StatusCode::OK, entity.as_ref(), form).with(CACHE_CONTROL, "no-cache")
        }
        Outcome::Created(address, entity) => {
            let reply = match entity {
                Some(entity) => written(StatusCode::CREATED, entity.as_ref(), form),
                None => Reply::empty(StatusCode::CREATED),
            };
            reply.with(LOCATION, &address)
        }
        Outcome::Done => Reply::empty(StatusCode::NO_CONTENT),
        Outcome::Streamed(document) => {
            let mut reply = Reply::of(StatusCode::OK, "application/xml", document);
            reply.delivery = Delivery::Streamed;
            reply
        }
        Outcome::Nothing(StatusCode::METHOD_NOT_ALLOWED) => Reply::html(
            StatusCode::METHOD_NOT_ALLOWED,
            "HTTP Status 405",
            "Method Not Allowed",
        )
        .with(ALLOW, "GET,POST,PUT,DELETE"),
        Outcome::Nothing(status) => Reply::html(status, "HTTP Status 404", "Not Found"),
    }
}

fn written(status: StatusCode, entity: &dyn Entity, form: Form) -> Reply {
    match form {
        Form::Json => Reply::of(status, "application/json", entity.json().to_string()),
        Form::Xml => Reply::of(status, "application/xml", entity.xml().document()),
    }
}

impl Service for CrowdService {
    fn place(&self, request: &Request) -> String {
        match self.below_version(request) {
            Some(rest) => format!("/{rest}"),
            None => request.path.clone(),
        }
    }

    fn answer(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        if self.below_service(request).is_none() {
            // Another web application, or none: nothing of Crowd's speaks here.
            return Reply::html(
                StatusCode::NOT_FOUND,
                "HTTP Status 404 – Not Found",
                "Not Found",
            );
        }
        let reply = self.serve(request, fault);
        match fault {
            Some(Fault::NoVersion) => reply,
            _ => reply.with(VERSION, "Crowd/5.1.0"),
        }
    }

    fn record(&self, request: &Request) -> Recorded {
        let place = self.place(request);
        // A session's token is a secret.
        let path = match place.strip_prefix("/session/") {
            Some(_) => "/session/***".to_owned(),
            None => place,
        };
        let public = |(name, _): &&(String, String)| name != "exclude";
        Recorded {
            method: request.method.to_string(),
            path,
            query: request.query.iter().filter(public).cloned().collect(),
            person: request.parameter("username").map(str::to_owned),
            cookie: request.cookie(SESSION_COOKIE).is_some(),
            token: false,
            fault: None,
            status: None,
        }
    }

    fn control(&self, order: &Value) -> Result<Value, String> {
        orders::obey(self, order)
    }
}
