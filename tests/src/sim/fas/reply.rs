//! What a page comes to, and how it is written: JSON, a page, a refusal.

use hyper::StatusCode;
use hyper::header::LOCATION;
use serde_json::{Value, json};

use super::call::Form;
use crate::sim::exchange::Reply;

/// Why a page is not shown. Application errors (`exc`, `success: false`) are shown
/// pages: FAS tells them with status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody asks, or somebody who may not.
    Forbidden,
    /// The page raised: a missing, unknown or unreadable parameter.
    Raised,
    /// The page's validator sent its page for people, whatever was asked for.
    PageForPeople,
    /// Somewhere else.
    Redirect(String),
    /// There is no such page.
    NoSuchPage,
}

/// Something shown, as JSON or for people.
pub(super) fn shown(value: &Value, form: Form) -> Reply {
    match form {
        Form::Html => page_for_people(StatusCode::OK),
        Form::JsonByHeader | Form::JsonByParameter => json_reply(StatusCode::OK, value),
    }
}

fn json_reply(status: StatusCode, value: &Value) -> Reply {
    Reply::of(status, "application/json", value.to_string())
}

fn page_for_people(status: StatusCode) -> Reply {
    Reply::html(status, "Fedora Accounts System", "Welcome")
}

/// What a refusal says beside its status.
pub(super) struct Refusal<'c> {
    /// For people; the three meanings share two texts.
    pub message: &'static str,
    /// The page that was asked for.
    pub page: String,
    /// The parameters that are left, the token among them.
    pub parameters: Value,
    /// The only reason that ever reaches the wire.
    pub flash: Option<&'static str>,
    /// The path of the root.
    pub context: &'c str,
    /// What a redirect carries on, so that the next page knows who asks.
    pub token: String,
}

impl Refusal<'_> {
    /// The refusal as asked for.
    pub(super) fn reply(&self, form: Form) -> Reply {
        if form == Form::Html {
            return page_for_people(StatusCode::FORBIDDEN);
        }
        let mut body = json!({
            "logging_in": true,
            "message": self.message,
            "forward_url": null,
            "previous_url": self.page,
            "original_parameters": self.parameters,
        });
        if let (Some(flash), Some(members)) = (self.flash, body.as_object_mut()) {
            members.insert("tg_flash".to_owned(), Value::from(flash));
        }
        json_reply(StatusCode::FORBIDDEN, &body)
    }
}

impl Trouble {
    /// The reply; `refusal` has what some troubles say further.
    pub(super) fn reply(&self, form: Form, refusal: &Refusal<'_>) -> Reply {
        match self {
            Self::Forbidden => refusal.reply(form),
            Self::Raised => raised(),
            Self::PageForPeople => page_for_people(StatusCode::OK),
            Self::Redirect(to) => {
                let to = format!("{}{to}?_csrf_token={}", refusal.context, refusal.token);
                Reply::empty(StatusCode::FOUND).with(LOCATION, &to)
            }
            Self::NoSuchPage => Reply::html(
                StatusCode::NOT_FOUND,
                "404 Not Found",
                "The path was not found",
            ),
        }
    }
}

/// An exception that nobody caught.
pub(super) fn raised() -> Reply {
    Reply::html(
        StatusCode::INTERNAL_SERVER_ERROR,
        "500 Internal error",
        "The server encountered an unexpected condition which prevented it from fulfilling the request.",
    )
}
