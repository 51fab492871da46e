//! The simulated Gafaelfawr as a [`Service`]: what is the API's, what is beside it,
//! and which faults are played before anything is looked at.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use hyper::header::HOST;
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::admission::presented;
use super::orders;
use super::population::Population;
use super::refusal::Refusal;
use super::routes::{Call, api, json_reply};
use crate::sim::clock::ServerClock;
use crate::sim::exchange::{Reply, Request};
use crate::sim::fault::Fault;
use crate::sim::record::Recorded;
use crate::sim::running::Encryption;
use crate::sim::server::Service;

/// Where the API lies below the base URL.
pub(super) const API: &str = "/auth/api/v1";

/// A simulated Gafaelfawr.
pub struct GafaelfawrService {
    scheme: &'static str,
    context: String,
    clock: ServerClock,
    population: Mutex<Population>,
}

impl GafaelfawrService {
    /// A Gafaelfawr with this population below `context`, usually nothing.
    pub fn new(population: Population, encryption: Encryption, context: &str) -> Self {
        Self {
            scheme: match encryption {
                Encryption::Tls | Encryption::TlsWith(_) => "https",
                Encryption::Plain => "http",
            },
            context: context.trim_end_matches('/').to_owned(),
            clock: ServerClock::default(),
            population: Mutex::new(population),
        }
    }

    fn population(&self) -> MutexGuard<'_, Population> {
        self.population
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the population.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        change(&mut self.population())
    }

    /// Lets time pass for tokens.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    fn now(&self) -> u64 {
        self.clock.now() / 1000
    }

    /// The path below the base URL, decoded before it is taken apart.
    fn below_base(&self, request: &Request) -> Option<String> {
        let path = percent_decode_str(&request.path).decode_utf8_lossy();
        path.strip_prefix(&self.context).map(str::to_owned)
    }

    fn serve(&self, request: &Request, fault: Option<&Fault>) -> Result<Reply, Refusal> {
        self.fail(fault)?;
        let path = self.below_base(request).ok_or(Refusal::NoSuchPath)?;
        if let Some(below) = path.strip_prefix(API) {
            let call = Call {
                request,
                fault,
                now: self.now(),
            };
            let segments: Vec<&str> = below.split('/').skip(1).collect();
            return api(&mut self.population(), &call, &segments);
        }
        match path.as_str() {
            _ if request.method != Method::GET => Err(Refusal::NoSuchMethod("GET")),
            "/" | "" => Ok(json_reply(StatusCode::OK, &about())),
            "/health" => Ok(json_reply(StatusCode::OK, &json!({"status": "healthy"}))),
            "/repertoire/discovery" => {
                Ok(json_reply(StatusCode::OK, &self.discovery(request, fault)))
            }
            "/.well-known/openid-configuration" | "/.well-known/jwks.json" => Err(
                Refusal::NotSupported("OpenID Connect server not configured"),
            ),
            _ => Err(Refusal::NoSuchPath),
        }
    }

    /// The faults that do not depend on what is asked.
    fn fail(&self, fault: Option<&Fault>) -> Result<(), Refusal> {
        let limited = |seconds: u64| {
            let reset = self.now().saturating_add(seconds);
            let until = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(reset));
            Refusal::RateLimited { until, reset }
        };
        Err(match fault {
            Some(Fault::Unauthorized) => Refusal::InvalidToken,
            Some(Fault::Forbidden) => {
                Refusal::PermissionDenied("Token does not have required scope".to_owned())
            }
            Some(Fault::InvalidRequest) => {
                Refusal::InvalidRequest("Malformed Authorization header".to_owned())
            }
            Some(Fault::OperationFailed) => Refusal::Crashed,
            Some(Fault::RateLimited(seconds) | Fault::DateLimited(seconds)) => limited(*seconds),
            Some(Fault::Limited) => limited(60),
            _ => return Ok(()),
        })
    }

    /// What Repertoire tells of this deployment; all but Gafaelfawr is for show.
    fn discovery(&self, request: &Request, fault: Option<&Fault>) -> Value {
        let host = request.header(HOST).unwrap_or("127.0.0.1");
        let url = format!("{}://{host}{}/auth/api", self.scheme, self.context);
        let own = format!("{url}/v1");
        let v1 = json!({"url": self.population().discovered.clone().unwrap_or(own)});
        let gafaelfawr = json!({"url": url, "versions": {"v1": v1}});
        let internal = match fault {
            Some(Fault::NoDiscovery) => json!({}),
            _ => json!({"gafaelfawr": gafaelfawr}),
        };
        json!({"applications": ["gafaelfawr"], "datasets": {}, "influxdb_databases": {},
            "services": {"internal": internal, "ui": {}}})
    }

    /// The host of the base URL, which challenges name.
    fn realm<'r>(&self, request: &'r Request) -> &'r str {
        let host = request.header(HOST).unwrap_or("127.0.0.1");
        host.rsplit_once(':').map_or(host, |(host, _)| host)
    }
}

fn about() -> Value {
    json!({"name": "gafaelfawr", "version": "15.4.1",
        "description": "Authentication and identity management",
        "repository_url": "https://github.com/lsst-sqre/gafaelfawr",
        "documentation_url": "https://gafaelfawr.lsst.io/"})
}

/// A path in which no token's secret is shown, should somebody put one there.
fn starred(path: &str) -> String {
    let star = |segment: &str| match segment.split_once('.') {
        Some((key, _)) if segment.starts_with("gt-") => format!("{key}.***"),
        _ => segment.to_owned(),
    };
    path.split('/').map(star).collect::<Vec<_>>().join("/")
}

impl Service for GafaelfawrService {
    fn place(&self, request: &Request) -> String {
        let Some(path) = self.below_base(request) else {
            return request.path.clone();
        };
        let below = path.strip_prefix(API).filter(|rest| rest.starts_with('/'));
        below.map(str::to_owned).unwrap_or(path)
    }

    fn answer(&self, request: &Request, fault: Option<&Fault>) -> Reply {
        self.serve(request, fault)
            .unwrap_or_else(|refusal| refusal.reply(self.realm(request)))
    }

    fn record(&self, request: &Request) -> Recorded {
        let path = starred(&self.place(request));
        let named = path.strip_prefix("/users/");
        let named = named.and_then(|rest| rest.split('/').next().map(str::to_owned));
        let owner = || {
            let text = presented(request).ok().flatten()?;
            let population = self.population();
            let token = population.good_token(&text, self.now())?;
            Some(token.username.clone())
        };
        Recorded {
            method: request.method.to_string(),
            person: named.or_else(owner),
            path,
            // The API takes no parameters that muster uses, and a strange one may be a secret.
            query: Vec::new(),
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

#[cfg(test)]
mod tests {
    use super::starred;

    #[test]
    fn a_token_in_a_path_shows_its_key_only() {
        assert_eq!(starred("/users/vera/tokens/abc"), "/users/vera/tokens/abc");
        assert_eq!(starred("/users/gt-abc.secret/x"), "/users/gt-abc.***/x");
    }
}
