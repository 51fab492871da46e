//! apicrud's three forms of a refusal, and its good answers.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::sim::exchange::Reply;

/// JSON with this status.
pub(super) fn shown(status: StatusCode, value: &Value) -> Reply {
    Reply::of(status, "application/json", value.to_string())
}

/// `{"message":…}`.
pub(super) fn told(status: StatusCode, message: &str) -> Reply {
    shown(status, &json!({ "message": message }))
}

/// Connexion's own refusals, before anything of apicrud is reached.
pub(super) fn problem(status: StatusCode, detail: &str) -> Reply {
    let title = status.canonical_reason().unwrap_or_default();
    let problem =
        json!({"detail": detail, "status": status.as_u16(), "title": title, "type": "about:blank"});
    Reply::of(status, "application/problem+json", problem.to_string())
}

/// A failure inside.
pub(super) fn failed() -> Reply {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    shown(
        status,
        &json!({"error": {"code": 500, "message": "Internal Server Error"}, "message": "error"}),
    )
}
