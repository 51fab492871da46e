//! The simulated apicrud as a [`Service`]: who asks, and the routes.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::account::User;
use super::auth::Answered;
use super::call::Call;
use super::population::Population;
use super::reply::{failed, problem, shown, told};
use super::session::Sessions;
use super::{apikey, auth, orders, password};
use crate::sim::clock::ServerClock;
use crate::sim::exchange::{Reply, Request};
use crate::sim::fault::Fault;
use crate::sim::record::Recorded;
use crate::sim::server::Service;

/// Where an API key comes along.
const API_KEY: &str = "x-api-key";
/// How many accounts an answer holds.
const PAGE: usize = 20;

/// What changes while the server runs.
#[derive(Default)]
pub(super) struct State {
    /// Whom it knows.
    pub population: Population,
    /// Who has logged in.
    pub sessions: Sessions,
    /// Whose API keys were good once, by their ids.
    pub keys_seen: BTreeMap<String, String>,
    /// Whose passwords can be reset, by the tokens for it.
    pub reset_tokens: BTreeMap<String, String>,
}

/// A simulated apicrud.
pub struct ApicrudService {
    context: String,
    clock: ServerClock,
    state: Mutex<State>,
}

impl ApicrudService {
    /// One with this population below `context` (`/api/v1`).
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

    /// Changes the population.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        change(&mut self.state().population)
    }

    /// Lets time pass for sessions and locked accounts.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// Locks an account, as five wrong tries do; none where there is none of this name.
    pub fn lock(&self, name: &str) -> Option<()> {
        let now = self.clock.now();
        self.update(|population| {
            population.user_named(name)?.invalid = (auth::TRIES, now);
            Some(())
        })
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        self.state().sessions.clear();
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.state().sessions.count()
    }

    /// The path below the API's base, decoded, if it is ours.
    fn below(&self, request: &Request) -> Option<String> {
        let rest = request.path.strip_prefix(&self.context)?;
        let below = rest.strip_prefix('/')?;
        Some(percent_decode_str(below).decode_utf8_lossy().into_owned())
    }

    fn serve(&self, path: &str, request: &Request, fault: Option<&Fault>) -> Reply {
        let now = self.clock.now();
        let (answered, delay) = {
            let mut state = self.state();
            let basic = request.basic();
            if fault == Some(&Fault::ExpiredSessions) {
                state.sessions.clear();
            }
            let call = Call {
                request,
                body: serde_json::from_slice(&request.body).unwrap_or(Value::Null),
                session: state.sessions.of(basic.as_ref(), now / 1000),
                fault,
                now,
            };
            let answered = route(&mut state, path, &call);
            (answered, state.population.lockout_delay)
        };
        match answered {
            Answered::Now(reply) => reply,
            Answered::Late(reply) => {
                // As the real one, which keeps a worker busy for it.
                tokio::task::block_in_place(|| std::thread::sleep(Duration::from_millis(delay)));
                reply
            }
        }
    }
}

fn route(state: &mut State, path: &str, call: &Call<'_>) -> Answered {
    let method = &call.request.method;
    let is_json = call.request.media_type().as_deref() == Some("application/json");
    if method != Method::GET && !is_json {
        let detail = "Invalid Content-type";
        return Answered::Now(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let reply = match (method.as_str(), first, rest) {
        ("POST", "auth", "") => return auth::login(state, call),
        ("GET", "auth_methods", "") => auth::methods(state),
        ("GET", "logout", "") => auth::logout(state, call),
        ("PUT", "account_password", uid) => password::change(state, call, uid),
        ("POST", "account", "") if call.body.get("forgot_password") == Some(&json!(true)) => {
            password::forgotten(state, call)
        }
        ("GET", "scope", "") => apikey::scopes(),
        _ => in_session(state, (method.as_str(), first, rest), call),
    };
    Answered::Now(reply)
}

/// The routes that want a session of somebody who is logged in, or an API key.
fn in_session(state: &mut State, route: (&str, &str, &str), call: &Call<'_>) -> Reply {
    let logged_in = call.session.as_ref();
    let has_role =
        |role: &str| logged_in.is_some_and(|one| one.roles.iter().any(|has| has == role));
    let by_key = call.request.header(API_KEY);
    let by_key = by_key.and_then(|key| apikey::owner(state, key));
    let Some(asker) = logged_in.map(|one| one.uid.clone()).or(by_key.clone()) else {
        return problem(
            StatusCode::UNAUTHORIZED,
            "Provided authorization is not valid",
        );
    };
    if !has_role("user") && by_key.is_none() {
        return told(StatusCode::FORBIDDEN, "access denied");
    }
    match route {
        ("GET", "auth_params", "") => auth::params(state, &asker),
        ("GET", "account", "") => accounts(state, call, &asker),
        ("GET", "person", uid) => person(state, &asker, uid),
        ("POST", "apikey", "") => apikey::create(state, call, &asker),
        _ => problem(
            StatusCode::NOT_FOUND,
            "The requested URL was not found on the server.",
        ),
    }
}

/// An administrator sees everybody, a page of them, and others themselves.
fn accounts(state: &mut State, call: &Call<'_>, asker: &str) -> Reply {
    let filter: Value = call
        .request
        .parameter("filter")
        .map_or(Value::Null, |text| {
            serde_json::from_str(text).unwrap_or(Value::Null)
        });
    let wanted = filter.get("name").and_then(Value::as_str);
    let admin = state
        .population
        .user_with_id(asker)
        .is_some_and(|user| user.is_admin);
    let may_see = |user: &&User| {
        (admin || user.uid == asker) && wanted.is_none_or(|name| name == user.username)
    };
    let mut users: Vec<&User> = state.population.users.iter().filter(may_see).collect();
    users.sort_by(|one, other| one.username.cmp(&other.username));
    let items: Vec<Value> = users
        .iter()
        .take(PAGE)
        .map(|user| account(user, call))
        .collect();
    shown(
        StatusCode::OK,
        &json!({"count": users.len(), "items": items}),
    )
}

fn account(user: &User, call: &Call<'_>) -> Value {
    let name = match call.fault {
        Some(Fault::WrongName(other)) => other,
        _ => &user.username,
    };
    json!({"id": user.account_id(), "name": name, "uid": user.uid, "is_admin": user.is_admin,
        "status": user.status, "totp": user.has_codes(),
        "password_must_change": user.password_must_change, "owner": user.name})
}

fn person(state: &mut State, asker: &str, uid: &str) -> Reply {
    let admin = state
        .population
        .user_with_id(asker)
        .is_some_and(|user| user.is_admin);
    match state.population.user_with_id(uid) {
        Some(user) if admin || user.uid == asker => shown(
            StatusCode::OK,
            &json!({"id": user.uid, "name": user.name, "identity": user.identity, "status": user.status}),
        ),
        _ => shown(
            StatusCode::NOT_FOUND,
            &json!({"id": uid, "message": "not found"}),
        ),
    }
}

impl Service for ApicrudService {
    fn place(&self, request: &Request) -> String {
        match self.below(request) {
            Some(below) => format!("/{below}"),
            None => request.path.clone(),
        }
    }

    fn answer(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        match fault {
            // A proxy in front, which knows nothing of JSON.
            Some(Fault::Forbidden) => {
                return Reply::html(StatusCode::FORBIDDEN, "Forbidden", "Not from your address");
            }
            Some(Fault::RateLimited(_) | Fault::Limited) => {
                return Reply::empty(StatusCode::TOO_MANY_REQUESTS);
            }
            Some(Fault::OperationFailed) => return failed(),
            Some(Fault::Unauthorized) => {
                return problem(
                    StatusCode::UNAUTHORIZED,
                    "Provided authorization is not valid",
                );
            }
            Some(Fault::ApplicationError) => {
                return told(StatusCode::FORBIDDEN, "DB operational error, try again");
            }
            _ => {}
        }
        match self.below(request) {
            Some(path) => self.serve(&path, request, fault),
            None => Reply::html(StatusCode::NOT_FOUND, "404 Not Found", "Not Found"),
        }
    }

    fn record(&self, request: &Request) -> Recorded {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let named = body.get("username").and_then(Value::as_str);
        Recorded {
            method: request.method.to_string(),
            path: self.place(request),
            query: request.query.clone(),
            person: named.map(str::to_owned),
            cookie: request.headers.contains_key(hyper::header::COOKIE),
            token: false,
            fault: None,
            status: None,
        }
    }

    fn control(&self, order: &Value) -> Result<Value, String> {
        orders::obey(self, order)
    }
}
