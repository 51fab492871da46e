//! A request to the REST service, taken apart: what every endpoint works on.

use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::account::{Application, Permission};
use super::entity::Detail;
use super::reason::{Reason, Refusal};
use super::xml;
use crate::sim::exchange::{Reply, Request};
use crate::sim::fault::Fault;

/// The form that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// XML, the default.
    Xml,
    /// JSON.
    Json,
}

impl Form {
    /// The best form that the request accepts; none if it accepts neither.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let Some(accept) = request.header(ACCEPT) else {
            return Some(Self::Xml);
        };
        let mut offers: Vec<(f32, Self)> = accept.split(',').filter_map(offer).collect();
        // A stable sort keeps the order in which equals were written.
        offers.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        offers.first().map(|(_, form)| *form)
    }
}

fn offer(part: &str) -> Option<(f32, Form)> {
    let mut pieces = part.split(';').map(str::trim);
    let form = match pieces.next()?.to_ascii_lowercase().as_str() {
        "application/json" => Form::Json,
        "application/xml" | "text/xml" | "application/*" | "*/*" => Form::Xml,
        _ => return None,
    };
    let quality = pieces.find_map(|piece| piece.strip_prefix("q="));
    let quality = quality.and_then(|text| text.parse().ok()).unwrap_or(1.0);
    (quality > 0.0).then_some((quality, form))
}

/// One page of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    start: usize,
    most: usize,
}

impl Page {
    /// The entries on this page.
    pub(super) fn of<T>(self, entries: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
        entries.into_iter().skip(self.start).take(self.most)
    }
}

/// A request, the application that sent it, and what goes wrong.
pub(super) struct Call<'r> {
    /// The request.
    pub request: &'r Request,
    /// The path below the service, taken apart and decoded.
    pub segments: Vec<String>,
    /// Who asks.
    pub application: Application,
    /// The fault in force.
    pub fault: Option<&'r Fault>,
    /// The server's time, in milliseconds since 1970.
    pub now: u64,
}

impl Call<'_> {
    /// The verb.
    pub(super) fn method(&self) -> &Method {
        &self.request.method
    }

    /// A parameter, if it is there and not empty.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.request
            .parameter(name)
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.parameter(name)
            .ok_or_else(|| Refusal::illegal(format!("{name} parameter is missing")))
    }

    /// Refuses unless the application may do this.
    pub(super) fn may(&self, permission: Permission) -> Result<(), Refusal> {
        if self.application.permissions.contains(&permission) {
            return Ok(());
        }
        let message = format!("application <{}> may not do this", self.application.name);
        Err(Refusal::new(Reason::ApplicationPermissionDenied, message))
    }

    /// Whether `expand` names this.
    pub(super) fn expands(&self, what: &str) -> bool {
        let expand = self.request.parameter("expand").unwrap_or_default();
        expand.split(',').any(|part| part.trim() == what)
    }

    /// How much is shown of an entity asked for by itself.
    pub(super) fn detail(&self) -> Detail {
        if self.expands("attributes") {
            Detail::Attributes
        } else {
            Detail::Plain
        }
    }

    /// How much is shown of the entries of a list of `what`.
    pub(super) fn list_detail(&self, what: &str) -> Detail {
        match (self.expands(what), self.fault) {
            (false, _) => Detail::Minimal,
            (true, Some(Fault::NoAttributes)) => Detail::Plain,
            (true, _) => self.detail(),
        }
    }

    /// The page that was asked for.
    pub(super) fn page(&self) -> Result<Page, Refusal> {
        let number = |name: &str, default: i64| {
            let Some(text) = self.parameter(name) else {
                return Ok(default);
            };
            text.parse()
                .map_err(|_| Refusal::illegal(format!("{name} is not a number")))
        };
        let start = usize::try_from(number("start-index", 0)?)
            .map_err(|_| Refusal::illegal("start-index is negative"))?;
        let start = match self.fault {
            Some(Fault::IgnoredStartIndex) => 0,
            Some(Fault::ShiftedPages(by)) if start > 0 => start.saturating_add_signed(*by),
            _ => start,
        };
        // -1 stands for all.
        let most = usize::try_from(number("max-results", 1000)?).unwrap_or(usize::MAX);
        Ok(Page { start, most })
    }

    /// The body, in JSON's shape whatever it came in.
    pub(super) fn value(&self) -> Result<Value, Refusal> {
        let unreadable = |error: &dyn std::fmt::Display| Refusal::illegal(error.to_string());
        if self.request.media_type().as_deref() == Some("application/json") {
            return serde_json::from_slice(&self.request.body).map_err(|e| unreadable(&e));
        }
        let text = str::from_utf8(&self.request.body).map_err(|e| unreadable(&e))?;
        Ok(xml::parse(text).map_err(|e| unreadable(&e))?.as_json())
    }

    /// The body as what it should be.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_value(self.value()?).map_err(|error| Refusal::illegal(error.to_string()))
    }
}

/// Answers what the service's outer filters refuse: forms and bodies it does not
/// speak, and posts that a browser could have been tricked into.
pub(super) fn filter(request: &Request) -> Option<Reply> {
    let body = !request.body.is_empty();
    let media_type = request.media_type();
    let trickable = matches!(
        media_type.as_deref(),
        None | Some("application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain")
    );
    let vouched = request.header("x-atlassian-token").is_some_and(|value| {
        value.eq_ignore_ascii_case("no-check") || value.eq_ignore_ascii_case("nocheck")
    });
    if request.method == Method::POST && trickable && !vouched {
        return Some(Reply::of(
            StatusCode::FORBIDDEN,
            "text/plain",
            "XSRF check failed",
        ));
    }
    let spoken = matches!(
        media_type.as_deref(),
        Some("application/json" | "application/xml" | "text/xml")
    );
    if body && !spoken {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let named = request.header(CONTENT_TYPE).unwrap_or("none");
        let sentence = format!(
            "Content-Type {} is not supported",
            named.replace('<', "&lt;")
        );
        return Some(Reply::html(status, "HTTP Status 415", &sentence));
    }
    None
}

/// `true` as JSON has it and as XML's twin has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Flag {
    /// From JSON.
    Boolean(bool),
    /// From XML.
    Text(String),
}

impl Flag {
    /// What it says.
    pub(super) fn is_set(&self) -> bool {
        match self {
            Self::Boolean(set) => *set,
            Self::Text(text) => text.trim() == "true",
        }
    }
}

/// `{"name": …}`, the other half of a membership.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    /// The name.
    pub name: String,
}

/// `{"value": …}`, a password.
#[derive(Deserialize)]
pub(super) struct Password {
    /// The password; not there where an entity is sent back as it came.
    pub value: Option<String>,
}

/// `{"attributes": […]}`.
#[derive(Debug, Deserialize)]
pub(super) struct AttributesBody {
    /// The attributes to be set.
    pub attributes: Vec<AttributeBody>,
}

/// One attribute to be set.
#[derive(Debug, Deserialize)]
pub(super) struct AttributeBody {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}
