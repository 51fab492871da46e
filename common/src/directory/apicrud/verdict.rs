//! What apicrud's answers mean: status, media type and body in, a decision out.
//!
//! 403 is a wrong password, an account that is not in use, a locked one, and a proxy's page;
//! 405 is how values are refused; 201 to a login is not yet one. A person is refused only by
//! apicrud's own JSON. No body is quoted in an error.

use serde::de::DeserializeOwned;

use super::super::http::Answer;
use super::super::{self as directory, DirectoryError};
use super::model::Refusal;

/// apicrud's words for an account that takes no more tries, with `Accept-Language: en`.
const LOCKED_OUT: &str = "locked out";
/// For a wrong password, and for an account that is not in use.
const NOT_VALID: &str = "not valid";

/// Reads the JSON of an answer with this status, and of no other.
pub(super) fn believed<T: DeserializeOwned>(
    answer: &Answer,
    status: u16,
) -> Result<T, DirectoryError> {
    if answer.head.status != status {
        return Err(failed(answer));
    }
    if !answer.head.is_json() {
        return Err(nonsense(
            "the server answers with a page instead of JSON: the URL does not point at apicrud's \
             API (is /api/v1 missing?), or a login page stands in front",
        ));
    }
    serde_json::from_slice(&answer.body).map_err(|error| DirectoryError::Nonsense {
        reason: "the answer is not the JSON that was asked for".to_owned(),
        // Its kind and place; serde's own text may quote the body.
        source: Some(format!("{:?} at byte {}", error.classify(), error.column()).into()),
    })
}

/// A refusal in apicrud's own form, if it is one.
pub(super) fn refusal(answer: &Answer) -> Option<Refusal> {
    if !answer.head.is_json() {
        return None;
    }
    let refusal: Refusal = serde_json::from_slice(&answer.body).ok()?;
    (refusal.message.is_some() && refusal.error.is_none()).then_some(refusal)
}

/// What a login that is not answered by 201 says about the person's password.
pub(super) fn refused_login(answer: &Answer, name: &str) -> DirectoryError {
    let said = refusal(answer);
    match (answer.head.status, said) {
        // A failure of the data base is a 403 as well, and names nobody.
        (
            403,
            Some(Refusal {
                username: Some(other),
                message: Some(message),
                ..
            }),
        ) if other == name => match message.as_str() {
            LOCKED_OUT => DirectoryError::TooManyTries,
            NOT_VALID => certain("apicrud refuses the password (or the account is not in use)"),
            _ => doubtful("apicrud refuses the login in words that are not known"),
        },
        (403, Some(_)) => unreachable_because("apicrud refuses a login and does not say whose"),
        // Its length is checked before it is sent, so the server's rules must be other ones.
        (400, _) if answer.head.is_json() => {
            doubtful("apicrud does not take the form of the password")
        }
        _ => failed(answer),
    }
}

/// What a one-time code that is not answered by 201 says about it.
pub(super) fn refused_code(answer: &Answer, name: &str) -> DirectoryError {
    match (answer.head.status, refusal(answer)) {
        (403, Some(Refusal { username: None, .. })) => {
            doubtful("apicrud refuses the one-time code (or it was used before)")
        }
        _ => refused_login(answer, name),
    }
}

/// What an answer means that is neither good nor a refusal of the person.
pub(super) fn failed(answer: &Answer) -> DirectoryError {
    let status = answer.head.status;
    match status {
        401 => unreachable_because("apicrud does not know the session that it has just opened"),
        403 => misconfigured(
            "our requests are forbidden (HTTP 403): look at the proxy or firewall in front of \
             apicrud",
        ),
        404 => nonsense(
            "HTTP 404: the URL does not point at apicrud's API (is /api/v1 missing, or is \
             something else running there?)",
        ),
        405 => misconfigured("apicrud does not take our calls (HTTP 405): see its version"),
        407 => misconfigured("a proxy wants credentials (HTTP 407)"),
        500.. => unreachable_because(&format!("the server is sick (HTTP {status})")),
        _ => nonsense(&format!("unexpected HTTP {status}")),
    }
}

pub(super) fn certain(reason: &'static str) -> DirectoryError {
    DirectoryError::Refused(directory::Refusal::certain(reason))
}

pub(super) fn doubtful(reason: &'static str) -> DirectoryError {
    DirectoryError::Refused(directory::Refusal::doubtful(reason))
}

pub(super) fn misconfigured(reason: &str) -> DirectoryError {
    DirectoryError::Misconfigured {
        reason: reason.to_owned(),
    }
}

pub(super) fn nonsense(reason: &str) -> DirectoryError {
    DirectoryError::Nonsense {
        reason: reason.to_owned(),
        source: None,
    }
}

fn unreachable_because(reason: &str) -> DirectoryError {
    DirectoryError::Unreachable {
        reason: reason.to_owned(),
        retry_after: None,
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::http::Head;

    fn login(status: u16, media: &str, body: &str) -> String {
        let answer = Answer {
            head: Head::for_tests(status, media, None),
            body: body.as_bytes().to_vec(),
        };
        let error = refused_login(&answer, "ada.l");
        assert!(!error.to_string().contains("quoted"), "{error}");
        match error {
            DirectoryError::Refused(refusal) if refusal.certain => "wrong".to_owned(),
            DirectoryError::Refused(_) => "doubtful".to_owned(),
            DirectoryError::TooManyTries => "locked out".to_owned(),
            error => error.state().to_owned(),
        }
    }

    #[test]
    fn a_person_is_only_ever_refused_by_apicruds_own_json_about_them() {
        let json = "application/json";
        for (status, media, body, expected) in [
            (
                403,
                json,
                r#"{"message":"not valid","username":"ada.l"}"#,
                "wrong",
            ),
            (
                403,
                json,
                r#"{"message":"locked out","username":"ada.l"}"#,
                "locked out",
            ),
            (
                403,
                json,
                r#"{"message":"quoted","username":"ada.l"}"#,
                "doubtful",
            ),
            (
                403,
                json,
                r#"{"message":"not valid","username":"bob.l"}"#,
                "unreachable",
            ),
            (
                403,
                json,
                r#"{"message":"DB operational error"}"#,
                "unreachable",
            ),
            (
                403,
                json,
                r#"{"message":"not valid","username":"ada.l","error":{"code":1}}"#,
                "misconfigured",
            ),
            (403, "text/html", "<h1>quoted</h1>", "misconfigured"),
            (
                403,
                "text/html",
                r#"{"message":"not valid","username":"ada.l"}"#,
                "misconfigured",
            ),
            (403, json, "[]", "misconfigured"),
            (
                400,
                "application/problem+json",
                r#"{"detail":"quoted","status":400,"title":"Bad Request"}"#,
                "doubtful",
            ),
            (400, "text/html", "quoted", "nonsense"),
            (200, json, r#"{"jwt_token":"a.b.c"}"#, "nonsense"),
            (204, "", "", "nonsense"),
            (
                401,
                json,
                r#"{"detail":"quoted","status":401,"title":"Unauthorized"}"#,
                "unreachable",
            ),
            (404, json, "{}", "nonsense"),
            (
                405,
                json,
                r#"{"message":"unsupported login method"}"#,
                "misconfigured",
            ),
            (
                500,
                json,
                r#"{"message":"not valid","username":"ada.l"}"#,
                "unreachable",
            ),
            (502, "text/html", "quoted", "unreachable"),
        ] {
            assert_eq!(login(status, media, body), expected, "{status} {body}");
        }
    }
}
