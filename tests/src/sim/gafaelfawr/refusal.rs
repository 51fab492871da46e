//! Answers that are none: five shapes of body, each with its own headers.

use hyper::StatusCode;
use hyper::header::{ALLOW, CACHE_CONTROL, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::sim::exchange::Reply;

const ERROR_STATUS: HeaderName = HeaderName::from_static("x-error-status");
const ERROR_BODY: HeaderName = HeaderName::from_static("x-error-body");
const NO_CACHE: &str = "no-cache, no-store";

/// Why a request comes to nothing.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No token came along.
    NoAuthorization,
    /// The token is malformed, unknown, expired or revoked, or its secret is wrong.
    InvalidToken,
    /// The Authorization header itself is wrong.
    InvalidRequest(String),
    /// The token lacks a scope, or is somebody else's.
    PermissionDenied(String),
    /// The token can be used, and its record is lost.
    NotInDatabase,
    /// This deployment has no such thing.
    NotSupported(&'static str),
    /// There is no such token.
    TokenNotFound,
    /// There is no such path.
    NoSuchPath,
    /// The path is there and takes other methods.
    NoSuchMethod(&'static str),
    /// The request does not have the form that the models want.
    Invalid(Vec<Value>),
    /// The request makes no sense.
    Senseless {
        status: StatusCode,
        kind: &'static str,
        message: String,
        field: &'static str,
    },
    /// The user directory does not answer, where that is looked after.
    UserInfoFailed,
    /// The same, where it is not: the framework's own words.
    Crashed,
    /// Too many requests; leave it alone until then, as an HTTP date.
    RateLimited { until: String, reset: u64 },
}

/// What the server says of all tokens that it does not take.
const NOT_VALID: &str = "Token is not valid";

impl Refusal {
    /// A field of a JSON body that makes no sense.
    pub(super) fn senseless(kind: &'static str, message: &str, field: &'static str) -> Self {
        Self::Senseless {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            kind,
            message: message.to_owned(),
            field,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoAuthorization | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest(_) | Self::PermissionDenied(_) | Self::NotInDatabase => {
                StatusCode::FORBIDDEN
            }
            Self::NotSupported(_) | Self::TokenNotFound | Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NoSuchMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Senseless { status, .. } => *status,
            Self::UserInfoFailed | Self::Crashed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The `detail` of the body: an object, a text, or a list.
    fn detail(&self) -> Value {
        let listed = |message: &str, kind: &str| json!([{"msg": message, "type": kind}]);
        match self {
            Self::NoAuthorization => {
                json!({"msg": "Authentication required", "type": "no_authorization"})
            }
            Self::InvalidToken => listed(NOT_VALID, "invalid_token"),
            Self::InvalidRequest(message) => listed(message, "invalid_request"),
            Self::PermissionDenied(message) => listed(message, "permission_denied"),
            Self::NotInDatabase => listed("Token found in Redis but not database", "invalid_token"),
            Self::NotSupported(message) => listed(message, "not_supported"),
            Self::TokenNotFound => json!([
                {"msg": "Token not found", "type": "not_found", "loc": ["path", "key"]}
            ]),
            Self::NoSuchPath => json!("Not Found"),
            Self::NoSuchMethod(_) => json!("Method Not Allowed"),
            Self::Invalid(problems) => json!(problems),
            Self::Senseless {
                kind,
                message,
                field,
                ..
            } => json!([{"msg": message, "type": kind, "loc": ["body", field]}]),
            Self::UserInfoFailed => listed("Unable to get user information", "user_info_failed"),
            Self::RateLimited { .. } => listed("Rate limit exceeded", "rate_limited"),
            Self::Crashed => Value::Null,
        }
    }

    /// The answer of a server whose base URL has the host `realm`.
    pub(super) fn reply(&self, realm: &str) -> Reply {
        if matches!(self, Self::Crashed) {
            let text = "Internal Server Error";
            return Reply::of(self.status(), "text/plain; charset=utf-8", text);
        }
        let body = json!({"detail": self.detail()}).to_string();
        let reply = Reply::of(self.status(), "application/json", body.clone());
        let challenge = |error: &str, description: &str| {
            format!(
                "Bearer realm=\"{realm}\", error=\"{error}\", error_description=\"{description}\""
            )
        };
        match self {
            Self::NoAuthorization => reply
                .with(WWW_AUTHENTICATE, &format!("Bearer realm=\"{realm}\""))
                .with(CACHE_CONTROL, NO_CACHE),
            Self::InvalidToken => reply
                .with(WWW_AUTHENTICATE, &challenge("invalid_token", NOT_VALID))
                .with(CACHE_CONTROL, NO_CACHE)
                .with(ERROR_STATUS, "401")
                .with(ERROR_BODY, &body),
            Self::InvalidRequest(message) => reply
                .with(WWW_AUTHENTICATE, &challenge("invalid_request", message))
                .with(CACHE_CONTROL, NO_CACHE)
                .with(ERROR_STATUS, "400")
                .with(ERROR_BODY, &body),
            Self::NoSuchMethod(allowed) => reply.with(ALLOW, allowed),
            Self::UserInfoFailed => reply.with(CACHE_CONTROL, NO_CACHE),
            Self::RateLimited { until, reset } => {
                rate_limited(reply.with(RETRY_AFTER, until), *reset)
            }
            _ => reply,
        }
    }
}

fn rate_limited(reply: Reply, reset: u64) -> Reply {
    let header = |name| HeaderName::from_static(name);
    reply
        .with(header("x-ratelimit-limit"), "100")
        .with(header("x-ratelimit-remaining"), "0")
        .with(header("x-ratelimit-used"), "101")
        .with(header("x-ratelimit-reset"), &reset.to_string())
        .with(header("x-ratelimit-resource"), "gafaelfawr")
}
