//! What Crowd's refusals mean: status, media type and reason in, a decision out.
//!
//! The rule: a statement about a person is believed only from Crowd itself (its
//! version header is there) and only as JSON with a known reason. Everything
//! else is about us, about a proxy, or about a sick server.

use super::super::http::{Answer, Head, quoted};
use super::super::{BoxedError, DirectoryError, Refusal};
use super::model::ErrorEntity;

/// Crowd puts this header on every answer; whatever lacks it is not Crowd.
pub(super) const VERSION_HEADER: &str = "X-Embedded-Crowd-Version";

/// Whether an error may quote the server's page. What answers to a password might echo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    Allowed,
    Never,
}

/// Reads the JSON of a good answer, or says what a bad one means.
pub(super) fn believed<T: serde::de::DeserializeOwned>(
    answer: &Answer,
    quoting: Quoting,
) -> Result<T, DirectoryError> {
    if !answer.head.is_success() {
        return Err(refused(answer, quoting));
    }
    check_origin(&answer.head)?;
    if !answer.head.is_json() {
        return Err(nonsense(format!(
            "Crowd answers with {:?} instead of JSON",
            answer.head.media
        )));
    }
    serde_json::from_slice(&answer.body).map_err(|error| unreadable_json(&error))
}

/// JSON that cannot be read. Only the place is told: serde's own text quotes the
/// value it did not expect, and that may be anything.
fn unreadable_json(error: &serde_json::Error) -> DirectoryError {
    nonsense(format!(
        "the answer is not the JSON that was asked for ({:?} error at line {} column {})",
        error.classify(),
        error.line(),
        error.column()
    ))
}

/// A good answer of which nothing is read.
pub(super) fn done(answer: &Answer, quoting: Quoting) -> Result<(), DirectoryError> {
    if !answer.head.is_success() {
        return Err(refused(answer, quoting));
    }
    check_origin(&answer.head)
}

/// Whether a good answer comes from Crowd at all.
pub(super) fn check_origin(head: &Head) -> Result<(), DirectoryError> {
    if head.header(VERSION_HEADER).is_none() {
        return Err(nonsense(
            "the answer lacks X-Embedded-Crowd-Version: the URL does not point at Crowd's REST \
             service (is /crowd missing, or does a login page or proxy stand in front?)",
        ));
    }
    Ok(())
}

/// What an answer that is no success means.
pub(super) fn refused(answer: &Answer, quoting: Quoting) -> DirectoryError {
    let status = answer.head.status;
    let page = || match quoting {
        Quoting::Allowed => quoted(&answer.body),
        Quoting::Never => "(not shown)".to_owned(),
    };
    match (status, reason(answer)) {
        (401, _) => misconfigured(
            "Crowd does not accept our application name and password (HTTP 401): compare them \
             with Crowd's console, Applications, this application, and the password file"
                .to_owned(),
        ),
        (500.., None) => unreachable_because(sick(status, &answer.head)),
        (_, Some(reason)) => meaning(status, &reason),
        (403, None) => misconfigured(format!(
            "Crowd forbids our requests (HTTP 403): add this host's address to the application's \
             Remote addresses in Crowd's console, or look at the proxy in front; it says: {}",
            page()
        )),
        (407, None) => misconfigured("a proxy wants credentials (HTTP 407)".to_owned()),
        (408, None) => unreachable_because("the server gave up waiting (HTTP 408)".to_owned()),
        (412, None) => misconfigured("this feature is switched off in Crowd (HTTP 412)".to_owned()),
        (_, None) => nonsense(format!(
            "HTTP {status} that Crowd would not send: a proxy answered, or the URL lacks /crowd; \
             it says: {}",
            page()
        )),
    }
}

fn sick(status: u16, head: &Head) -> String {
    match head.header(VERSION_HEADER) {
        Some(_) => format!("the server is sick (HTTP {status})"),
        None => format!(
            "a proxy in front of Crowd, or the server around it, is sick (HTTP {status} without \
             X-Embedded-Crowd-Version)"
        ),
    }
}

/// Crowd's own words about its refusal; `None` if this is not Crowd speaking.
pub(super) fn entity(answer: &Answer) -> Option<ErrorEntity> {
    answer.head.header(VERSION_HEADER)?;
    if !answer.head.is_json() {
        return None;
    }
    serde_json::from_slice(&answer.body).ok()
}

fn reason(answer: &Answer) -> Option<String> {
    Some(entity(answer)?.reason)
}

/// Crowd's table of reasons. A person is only ever judged by a 4xx.
fn meaning(status: u16, reason: &str) -> DirectoryError {
    match (reason, status) {
        ("INVALID_USER_AUTHENTICATION", 400..500) => DirectoryError::Refused(Refusal::doubtful(
            "Crowd refuses the password, or the person is not allowed into our application",
        )),
        // Only the session calls are documented to say this; newer servers may say
        // it when a password is checked as well.
        ("APPLICATION_ACCESS_DENIED", 400..500) => DirectoryError::Refused(Refusal::doubtful(
            "Crowd does not let the person into our application",
        )),
        ("INACTIVE_ACCOUNT", 400..500) => DirectoryError::Locked,
        ("EXPIRED_CREDENTIAL", 400..500) => DirectoryError::SecretExpired,
        ("USER_NOT_FOUND" | "GROUP_NOT_FOUND" | "MEMBERSHIP_NOT_FOUND", 400..500) => {
            DirectoryError::NotFound
        }
        // Unknown, expired, or bound to another address: Crowd does not say which.
        ("INVALID_SSO_TOKEN", 400..500) => DirectoryError::Refused(Refusal::doubtful(
            "Crowd knows no such session, or not from this address",
        )),
        ("APPLICATION_PERMISSION_DENIED", _) => misconfigured(
            "the application lacks a permission (APPLICATION_PERMISSION_DENIED): see its \
             Directories and Permissions in Crowd's console"
                .to_owned(),
        ),
        ("UNSUPPORTED_OPERATION", 400..500) => misconfigured(
            "a directory behind Crowd does not allow this change (UNSUPPORTED_OPERATION): see \
             its permissions in Crowd's console, Directories"
                .to_owned(),
        ),
        ("APPLICATION_NOT_FOUND", _) => misconfigured(
            "Crowd no longer knows our application (APPLICATION_NOT_FOUND): add it again in \
             Crowd's console"
                .to_owned(),
        ),
        ("OPERATION_FAILED", _) | (_, 500..) => unreachable_because(format!(
            "the server or a directory behind it is sick (HTTP {status} {})",
            shown(reason)
        )),
        (_, 403) => misconfigured(format!("Crowd forbids it (HTTP 403 {})", shown(reason))),
        (_, 412) => misconfigured(format!(
            "this feature is switched off in Crowd (HTTP 412 {})",
            shown(reason)
        )),
        _ => nonsense(format!("unexpected HTTP {status} {}", shown(reason))),
    }
}

fn shown(reason: &str) -> String {
    crate::text::safe(reason, 64)
}

/// XML that cannot be read as what was asked for.
pub(super) fn unreadable(cause: impl Into<BoxedError>) -> DirectoryError {
    DirectoryError::Nonsense {
        reason: "the answer is not the XML that was asked for".to_owned(),
        source: Some(cause.into()),
    }
}

/// An answer that cannot be believed.
pub(super) fn nonsense(reason: impl Into<String>) -> DirectoryError {
    DirectoryError::Nonsense {
        reason: reason.into(),
        source: None,
    }
}

fn misconfigured(reason: String) -> DirectoryError {
    DirectoryError::Misconfigured { reason }
}

fn unreachable_because(reason: String) -> DirectoryError {
    DirectoryError::Unreachable {
        reason,
        retry_after: None,
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::http::Head;

    const JSON: &str = "application/json";
    const HTML: &str = "text/html";

    fn answer(status: u16, media: &str, from_crowd: bool, body: &str) -> Answer {
        let version = from_crowd.then_some((VERSION_HEADER, "Crowd/5.1.0"));
        Answer {
            head: Head::for_tests(status, media, version),
            body: body.as_bytes().to_vec(),
        }
    }

    fn check(status: u16, reason: &str, expected: &str) {
        let body = format!(r#"{{"reason":"{reason}","message":"x"}}"#);
        let error = refused(&answer(status, JSON, true, &body), Quoting::Allowed);
        assert_eq!(decision(&error), expected, "{status} {reason}: {error}");
    }

    fn decision(error: &DirectoryError) -> &'static str {
        match error {
            DirectoryError::Unreachable { .. } => "unreachable",
            DirectoryError::Refused(_) => "refused",
            DirectoryError::NotFound => "not found",
            DirectoryError::CodeWanted => "code wanted",
            DirectoryError::TooManyTries => "too many tries",
            DirectoryError::Locked => "locked",
            DirectoryError::SecretExpired => "expired",
            DirectoryError::Misconfigured { .. } => "misconfigured",
            DirectoryError::Nonsense { .. } => "nonsense",
        }
    }

    #[test]
    fn each_of_crowds_reasons_calls_for_its_decision() {
        check(400, "INVALID_USER_AUTHENTICATION", "refused");
        check(403, "APPLICATION_ACCESS_DENIED", "refused");
        check(400, "INACTIVE_ACCOUNT", "locked");
        check(400, "EXPIRED_CREDENTIAL", "expired");
        check(400, "USER_NOT_FOUND", "not found");
        check(404, "USER_NOT_FOUND", "not found");
        check(404, "GROUP_NOT_FOUND", "not found");
        check(404, "MEMBERSHIP_NOT_FOUND", "not found");
        check(403, "APPLICATION_PERMISSION_DENIED", "misconfigured");
        check(403, "UNSUPPORTED_OPERATION", "misconfigured");
        check(400, "UNSUPPORTED_OPERATION", "misconfigured");
        check(404, "INVALID_SSO_TOKEN", "refused");
        check(400, "INVALID_SSO_TOKEN", "refused");
        check(500, "APPLICATION_NOT_FOUND", "misconfigured");
        check(500, "OPERATION_FAILED", "unreachable");
        check(400, "OPERATION_FAILED", "unreachable");
        check(412, "FEATURE_DISABLED", "misconfigured");
        check(400, "ILLEGAL_ARGUMENT", "nonsense");
        check(400, "INVALID_CREDENTIAL", "nonsense");
        check(418, "SOMETHING_NEW", "nonsense");
    }

    #[test]
    fn a_person_is_never_judged_by_a_sick_server() {
        for reason in [
            "INVALID_USER_AUTHENTICATION",
            "INACTIVE_ACCOUNT",
            "USER_NOT_FOUND",
        ] {
            check(500, reason, "unreachable");
            check(401, reason, "misconfigured");
        }
    }

    #[test]
    fn a_person_is_never_judged_by_what_is_not_crowd() {
        let body = r#"{"reason":"INVALID_USER_AUTHENTICATION"}"#;
        for (status, media, from_crowd, expected) in [
            (400, JSON, false, "nonsense"),
            (400, HTML, true, "nonsense"),
            (404, HTML, false, "nonsense"),
            (401, "text/plain", true, "misconfigured"),
            (401, HTML, false, "misconfigured"),
            (403, HTML, true, "misconfigured"),
            (403, JSON, false, "misconfigured"),
            (500, HTML, true, "unreachable"),
            (502, HTML, false, "unreachable"),
            (504, "", false, "unreachable"),
        ] {
            let error = refused(&answer(status, media, from_crowd, body), Quoting::Allowed);
            assert_eq!(decision(&error), expected, "{status} {media} {from_crowd}");
        }
    }

    #[test]
    fn a_403_page_tells_the_administrator_what_it_says_unless_a_password_was_sent() {
        let page = "<html><h1>HTTP 403</h1>Client with address \"10.0.0.9\" is forbidden</html>";
        let answer = answer(403, HTML, true, page);
        let told = refused(&answer, Quoting::Allowed).to_string();
        assert!(told.contains("10.0.0.9") && told.contains("Remote addresses"));
        assert!(!told.contains('<'));
        let told = refused(&answer, Quoting::Never).to_string();
        assert!(!told.contains("10.0.0.9"));
    }

    #[test]
    fn what_is_about_us_says_what_to_do_and_where() {
        let permission = r#"{"reason":"APPLICATION_PERMISSION_DENIED"}"#;
        let unknown = r#"{"reason":"APPLICATION_NOT_FOUND"}"#;
        let read_only = r#"{"reason":"UNSUPPORTED_OPERATION"}"#;
        for (status, media, from_crowd, body, told) in [
            (
                401,
                "text/plain",
                true,
                "Application failed to authenticate",
                "Crowd's console, Applications",
            ),
            (
                403,
                HTML,
                true,
                "Client with address \"10.0.0.9\"",
                "Remote addresses in Crowd's console",
            ),
            (
                403,
                HTML,
                true,
                "The server understood the request",
                "Remote addresses in Crowd's console",
            ),
            (
                403,
                HTML,
                false,
                "<h1>Blocked</h1>",
                "look at the proxy in front",
            ),
            (
                403,
                JSON,
                true,
                permission,
                "Permissions in Crowd's console",
            ),
            (403, JSON, true, read_only, "Crowd's console, Directories"),
            (500, JSON, true, unknown, "add it again in Crowd's console"),
            (
                404,
                HTML,
                false,
                "<h1>Not Found</h1>",
                "the URL lacks /crowd",
            ),
            (407, HTML, false, "", "a proxy wants credentials"),
            (502, HTML, false, "", "a proxy in front of Crowd"),
            (504, HTML, true, "", "the server is sick"),
        ] {
            let error = refused(&answer(status, media, from_crowd, body), Quoting::Allowed);
            assert!(error.to_string().contains(told), "{status} {body}: {error}");
        }
        let login_page = answer(200, HTML, false, "<html>Log in</html>");
        let error = believed::<serde_json::Value>(&login_page, Quoting::Allowed).unwrap_err();
        for told in [
            "does not point at Crowd",
            "is /crowd missing",
            "login page or proxy",
        ] {
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn a_good_status_is_believed_only_as_json_from_crowd() {
        let read = |media, from_crowd, body| {
            believed::<serde_json::Value>(&answer(200, media, from_crowd, body), Quoting::Allowed)
        };
        assert!(read(JSON, true, r#"{"name":"ada"}"#).is_ok());
        for (media, from_crowd, body) in [
            (JSON, false, r#"{"name":"ada"}"#),
            (HTML, true, "<html>Log in</html>"),
            (HTML, false, "<html>Log in</html>"),
            (JSON, true, r#"{"name":"a"#),
            (JSON, true, ""),
            ("application/xml", true, "<user name=\"ada\"/>"),
        ] {
            let error = read(media, from_crowd, body).unwrap_err();
            assert_eq!(decision(&error), "nonsense", "{media} {from_crowd} {body}");
        }
    }
}
