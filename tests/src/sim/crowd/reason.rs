//! Crowd's reasons for saying no, each with its status.

use hyper::StatusCode;

use super::entity::Entity;
use super::xml::Element;
use serde_json::{Value, json};

/// The `reason` of an error entity: Crowd's own names, which the wire document explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    InvalidUserAuthentication,
    InactiveAccount,
    ExpiredCredential,
    UserNotFound,
    InvalidCredential,
    InvalidEmail,
    InvalidUser,
    InvalidGroup,
    GroupNotFound,
    MembershipNotFound,
    MembershipAlreadyExists,
    InvalidMembership,
    InvalidSsoToken,
    ApplicationAccessDenied,
    ApplicationPermissionDenied,
    EventTokenExpired,
    IncrementalSyncNotAvailable,
    IllegalArgument,
    OperationFailed,
}

impl Reason {
    const fn wire(self) -> (&'static str, StatusCode) {
        use StatusCode as S;
        match self {
            Self::InvalidUserAuthentication => ("INVALID_USER_AUTHENTICATION", S::BAD_REQUEST),
            Self::InactiveAccount => ("INACTIVE_ACCOUNT", S::BAD_REQUEST),
            Self::ExpiredCredential => ("EXPIRED_CREDENTIAL", S::BAD_REQUEST),
            Self::UserNotFound => ("USER_NOT_FOUND", S::NOT_FOUND),
            Self::InvalidCredential => ("INVALID_CREDENTIAL", S::BAD_REQUEST),
            Self::InvalidEmail => ("INVALID_EMAIL", S::BAD_REQUEST),
            Self::InvalidUser => ("INVALID_USER", S::BAD_REQUEST),
            Self::InvalidGroup => ("INVALID_GROUP", S::BAD_REQUEST),
            Self::GroupNotFound => ("GROUP_NOT_FOUND", S::NOT_FOUND),
            Self::MembershipNotFound => ("MEMBERSHIP_NOT_FOUND", S::NOT_FOUND),
            Self::MembershipAlreadyExists => ("MEMBERSHIP_ALREADY_EXISTS", S::CONFLICT),
            Self::InvalidMembership => ("INVALID_MEMBERSHIP", S::BAD_REQUEST),
            Self::InvalidSsoToken => ("INVALID_SSO_TOKEN", S::NOT_FOUND),
            Self::ApplicationAccessDenied => ("APPLICATION_ACCESS_DENIED", S::FORBIDDEN),
            Self::ApplicationPermissionDenied => ("APPLICATION_PERMISSION_DENIED", S::FORBIDDEN),
            Self::EventTokenExpired => ("EVENT_TOKEN_EXPIRED", S::GONE),
            Self::IncrementalSyncNotAvailable => ("INCREMENTAL_SYNC_NOT_AVAILABLE", S::BAD_REQUEST),
            Self::IllegalArgument => ("ILLEGAL_ARGUMENT", S::BAD_REQUEST),
            Self::OperationFailed => ("OPERATION_FAILED", S::INTERNAL_SERVER_ERROR),
        }
    }
}

/// A refusal: the reason, its status here, and a sentence not to be parsed.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    reason: Reason,
    /// The reason's status, unless this endpoint has its own.
    pub status: StatusCode,
    message: String,
}

impl Refusal {
    /// A refusal with the reason's usual status.
    pub(super) fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            status: reason.wire().1,
            message: message.into(),
        }
    }

    /// No such user.
    pub(super) fn no_user(name: &str) -> Self {
        Self::new(
            Reason::UserNotFound,
            format!("User <{name}> does not exist"),
        )
    }

    /// No such group.
    pub(super) fn no_group(name: &str) -> Self {
        Self::new(
            Reason::GroupNotFound,
            format!("Group <{name}> does not exist"),
        )
    }

    /// A parameter or body that cannot be used.
    pub(super) fn illegal(message: impl Into<String>) -> Self {
        Self::new(Reason::IllegalArgument, message)
    }

    /// The same refusal as 400, as some endpoints have it.
    #[must_use]
    pub(super) fn into_bad_request(mut self) -> Self {
        self.status = StatusCode::BAD_REQUEST;
        self
    }
}

impl Entity for Refusal {
    fn json(&self) -> Value {
        json!({"reason": self.reason.wire().0, "message": self.message})
    }

    fn xml(&self) -> Element {
        Element::new("error")
            .child(Element::new("reason").text(self.reason.wire().0))
            .child(Element::new("message").text(&self.message))
    }
}
