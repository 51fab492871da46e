//! A request, taken apart: what every page works on.

use hyper::header::ACCEPT;
use serde_json::{Map, Value};

use super::identity::Asker;
use crate::sim::exchange::{Request, parse_query};
use crate::sim::fault::Fault;

/// The query's and the form's pairs, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of a request.
    pub(super) fn of(request: &Request) -> Self {
        let mut pairs = request.query.clone();
        if request.media_type().as_deref() == Some("application/x-www-form-urlencoded") {
            pairs.extend(parse_query(&String::from_utf8_lossy(&request.body)));
        }
        Self(pairs)
    }

    /// The first value of a parameter.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All pairs.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Adds one.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Removes a parameter, and returns its first value.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let value = self.first(name).map(str::to_owned);
        self.0.retain(|(key, _)| key != name);
        value
    }

    /// A parameter that is none of `known`.
    pub(super) fn stranger(&self, known: &[&str]) -> Option<&str> {
        self.pairs()
            .map(|(name, _)| name)
            .find(|name| !known.contains(name))
    }

    /// As an object, for a refusal to echo.
    pub(super) fn as_json(&self) -> Value {
        let members: Map<String, Value> = self
            .pairs()
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        Value::Object(members)
    }
}

/// The form that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A page for people.
    Html,
    /// JSON, asked for by the Accept header.
    JsonByHeader,
    /// JSON, asked for by `tg_format`, which some pages look at themselves.
    JsonByParameter,
}

impl Form {
    /// Takes the choice out of the parameters.
    pub(super) fn take(request: &Request, parameters: &mut Parameters) -> Self {
        parameters.take("tg_random");
        if parameters.take("tg_format").as_deref() == Some("json") {
            return Self::JsonByParameter;
        }
        match request.header(ACCEPT) {
            Some("application/json" | "text/javascript") => Self::JsonByHeader,
            _ => Self::Html,
        }
    }
}

/// A request, who asks, and what goes wrong.
pub(super) struct Call<'r> {
    /// The parameters of the page, the path's among them.
    pub parameters: Parameters,
    /// The form that was asked for.
    pub form: Form,
    /// The visit's key.
    pub visit: &'r str,
    /// Who asks; nobody if anonymous.
    pub asker: Option<Asker>,
    /// Whether a login was tried in this request.
    pub attempted: bool,
    /// The fault in force.
    pub fault: Option<&'r Fault>,
    /// The server's time, in milliseconds since 1970.
    pub now: u64,
}
