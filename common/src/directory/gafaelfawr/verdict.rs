//! What Gafaelfawr's refusals mean: status and type of the problem in, a decision out.
//!
//! The rule: a token, or a name, is judged only by Gafaelfawr's own words, in JSON.
//! Everything else is about us, about what stands in front of it, or about a sick
//! server. No page is ever quoted, since whatever answers might echo a token.

use super::super::http::Answer;
use super::super::{DirectoryError, Refusal};
use super::model::Problem;

/// Reads the JSON of a good answer; `refused` says what another one means.
pub(super) fn believed<T: serde::de::DeserializeOwned>(
    answer: &Answer,
    refused: impl FnOnce(&Answer) -> DirectoryError,
) -> Result<T, DirectoryError> {
    if answer.head.status != 200 {
        return Err(refused(answer));
    }
    if !answer.head.is_json() {
        return Err(nonsense(format!(
            "the server answers with {:?} instead of JSON: the URL does not point at Gafaelfawr, \
             or a login page stands in front of it",
            crate::text::safe(&answer.head.media, 64)
        )));
    }
    // serde's own text may quote a value that it did not expect, and that may be anything.
    serde_json::from_slice(&answer.body).map_err(|error| {
        nonsense(format!(
            "the answer is not the JSON that was asked for ({:?} error at line {} column {})",
            error.classify(),
            error.line(),
            error.column()
        ))
    })
}

/// What it means that a question with a person's token is not answered; `key` is the
/// half of the token that may be shown.
pub(super) fn of_person(answer: &Answer, key: &str) -> DirectoryError {
    match (answer.head.status, kind(answer).as_deref()) {
        (401, Some("invalid_token")) => refused(format!(
            "Gafaelfawr does not take the token {key}: unknown, expired or revoked"
        )),
        (403, Some("invalid_token")) => {
            refused(format!("Gafaelfawr has lost its record of the token {key}"))
        }
        (401, _) => misconfigured(
            "HTTP 401 that is not about the token: something in front of Gafaelfawr wants other \
             credentials, or takes the Authorization header away",
        ),
        (403, Some("permission_denied")) => {
            misconfigured("Gafaelfawr does not let a token read about itself (HTTP 403)")
        }
        (status, kind) => of_nobody(answer, status, kind),
    }
}

/// What it means that a question with our service token is not answered.
pub(super) fn of_us(answer: &Answer) -> DirectoryError {
    match (answer.head.status, kind(answer).as_deref()) {
        (401, _) | (403, Some("invalid_token")) => misconfigured(
            "Gafaelfawr does not take our service token: it has expired or was revoked; make a \
             new one for a bot- user with the scope admin:userinfo, and put it into token_file",
        ),
        (403, Some("permission_denied")) => misconfigured(LACKS_SCOPE),
        (status, kind) => of_nobody(answer, status, kind),
    }
}

/// What to do about a service token that may not look.
pub(super) const LACKS_SCOPE: &str = "our service token lacks the scope admin:userinfo: make one \
     that has it, and put it into token_file";

/// As [`of_us`], where a name was asked about: the server's rules may leave it no room.
pub(super) fn of_name(answer: &Answer) -> DirectoryError {
    match (answer.head.status, kind(answer)) {
        (422, Some(_)) => DirectoryError::NotFound,
        _ => of_us(answer),
    }
}

/// What refusals mean that are about neither a token nor a name.
fn of_nobody(answer: &Answer, status: u16, kind: Option<&str>) -> DirectoryError {
    let paused =
        kind == Some("rate_limited") || answer.head.header("x-error-status") == Some("429");
    match (status, kind) {
        _ if paused => unreachable(format!("the server asks for a pause (HTTP {status})")),
        (403, Some("invalid_request")) => misconfigured(
            "our Authorization header arrives malformed: does a proxy in front of Gafaelfawr \
             change it?",
        ),
        (403, _) => misconfigured(
            "something in front of Gafaelfawr forbids our requests (HTTP 403): look at the \
             ingress and at firewalls",
        ),
        (404, Some("not_supported")) => misconfigured(
            "this Gafaelfawr has no user directory (LDAP) behind it, so nobody can be looked up \
             by name: people become known by logging in, or by importing them",
        ),
        (404 | 405, _) => nonsense(format!(
            "HTTP {status} from what should be Gafaelfawr's API: is the URL that of the server, \
             without /auth/api?"
        )),
        (500.., Some("user_info_failed")) => unreachable(format!(
            "the user directory behind Gafaelfawr does not answer (HTTP {status})"
        )),
        (408 | 500.., _) => unreachable(format!("the server is sick (HTTP {status})")),
        (_, kind) => nonsense(format!(
            "unexpected HTTP {status} {}",
            kind.unwrap_or_default()
        )),
    }
}

/// Why the server has no lists, if it says so itself: without a user directory behind it
/// (`not_supported`), or older than 15.4.0, which knows no such path.
pub(super) fn absence(answer: &Answer) -> Option<&'static str> {
    if answer.head.status != 404 || !answer.head.is_json() {
        return None;
    }
    match kind(answer).as_deref() {
        Some("not_supported") => Some(
            "no user directory (LDAP) stands behind this Gafaelfawr: nobody can be looked up by \
             name; people are known from their logins, or by `muster gafaelfawr import`",
        ),
        Some(_) => None,
        None => {
            let problem: Problem = serde_json::from_slice(&answer.body).ok()?;
            problem.is_unknown_path().then_some(
                "this Gafaelfawr is older than 15.4.0 and lists nobody: people are asked about by \
                 name, and ids of people who are not known yet cannot be told",
            )
        }
    }
}

/// The type of the problem, if this is Gafaelfawr speaking.
pub(super) fn kind(answer: &Answer) -> Option<String> {
    if !answer.head.is_json() {
        return None;
    }
    let problem: Problem = serde_json::from_slice(&answer.body).ok()?;
    problem.kind().map(str::to_owned)
}

/// The token is not good for this person, whatever happens.
pub(super) fn refused(reason: String) -> DirectoryError {
    DirectoryError::Refused(Refusal::certain(reason))
}

/// An answer that cannot be believed.
pub(super) fn nonsense(reason: impl Into<String>) -> DirectoryError {
    DirectoryError::Nonsense {
        reason: reason.into(),
        source: None,
    }
}

pub(super) fn misconfigured(reason: &str) -> DirectoryError {
    DirectoryError::Misconfigured {
        reason: reason.to_owned(),
    }
}

/// The server, or what stands before it, could not be asked.
pub(super) fn unreachable(reason: impl Into<String>) -> DirectoryError {
    DirectoryError::Unreachable {
        reason: reason.into(),
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
    const TEXT: &str = "text/plain";

    fn answer(status: u16, media: &str, body: &str) -> Answer {
        Answer {
            head: Head::for_tests(status, media, None),
            body: body.as_bytes().to_vec(),
        }
    }

    fn listed(kind: &str) -> String {
        format!(r#"{{"detail":[{{"msg":"x","type":"{kind}"}}]}}"#)
    }

    fn decision(error: &DirectoryError) -> &'static str {
        match error {
            DirectoryError::Unreachable { .. } => "unreachable",
            DirectoryError::Refused(refusal) if refusal.certain => "refused",
            DirectoryError::Refused(_) => "doubtful",
            DirectoryError::NotFound => "not found",
            DirectoryError::CodeWanted => "code wanted",
            DirectoryError::TooManyTries => "too many tries",
            DirectoryError::Locked => "locked",
            DirectoryError::SecretExpired => "expired",
            DirectoryError::Misconfigured { .. } => "misconfigured",
            DirectoryError::Nonsense { .. } => "nonsense",
        }
    }

    /// What a person's token, our own, and a name asked about are told.
    fn check(status: u16, media: &str, body: &str, expected: [&str; 3]) {
        let answer = answer(status, media, body);
        let found = [of_person(&answer, "KEY"), of_us(&answer), of_name(&answer)];
        let found = found.each_ref().map(decision);
        assert_eq!(found, expected, "{status} {media} {body}");
    }

    #[test]
    fn a_token_or_name_is_judged_by_gafaelfawrs_own_words_only() {
        let both = |decision: &'static str| [decision; 3];
        let ours = |person: &'static str| [person, "misconfigured", "misconfigured"];
        let object = r#"{"detail":{"msg":"x","type":"no_authorization"}}"#;
        check(401, JSON, &listed("invalid_token"), ours("refused"));
        check(403, JSON, &listed("invalid_token"), ours("refused"));
        check(401, JSON, object, both("misconfigured"));
        check(401, HTML, &listed("invalid_token"), both("misconfigured"));
        check(401, TEXT, "", both("misconfigured"));
        check(
            403,
            JSON,
            &listed("permission_denied"),
            both("misconfigured"),
        );
        check(403, JSON, &listed("invalid_request"), both("misconfigured"));
        check(403, HTML, "<h1>Forbidden</h1>", both("misconfigured"));
        check(403, JSON, &listed("rate_limited"), both("unreachable"));
        check(404, JSON, &listed("not_supported"), both("misconfigured"));
        check(404, JSON, &listed("not_found"), both("nonsense"));
        check(404, JSON, r#"{"detail":"Not Found"}"#, both("nonsense"));
        check(404, HTML, "<h1>default backend</h1>", both("nonsense"));
        let unfit = listed("string_pattern_mismatch");
        check(422, JSON, &unfit, ["nonsense", "nonsense", "not found"]);
        check(422, HTML, &unfit, both("nonsense"));
        check(500, JSON, &listed("user_info_failed"), both("unreachable"));
        check(500, TEXT, "Internal Server Error", both("unreachable"));
        check(500, JSON, &listed("invalid_token"), both("unreachable"));
        check(502, HTML, "<h1>Bad Gateway</h1>", both("unreachable"));
        check(408, "", "", both("unreachable"));
        check(418, JSON, r#"{"detail":7}"#, both("nonsense"));
        check(204, "", "", both("nonsense"));
    }

    #[test]
    fn that_there_are_no_lists_is_believed_from_the_server_itself_only() {
        let said = |status, media, body: &str| absence(&answer(status, media, body));
        let ldap = said(404, JSON, &listed("not_supported")).unwrap();
        assert!(ldap.contains("LDAP"), "{ldap}");
        let old = said(404, JSON, r#"{"detail":"Not Found"}"#).unwrap();
        assert!(old.contains("15.4.0"), "{old}");
        for (status, media, body) in [
            (404, HTML, "<h1>default backend</h1>"),
            (404, TEXT, "404 page not found"),
            (404, JSON, r#"{"error":"no such route"}"#),
            (404, JSON, &listed("not_found")),
            (403, JSON, &listed("permission_denied")),
            (500, TEXT, "Internal Server Error"),
            (200, JSON, "{}"),
        ] {
            assert_eq!(said(status, media, body), None, "{status} {media} {body}");
        }
    }

    #[test]
    fn a_pause_that_an_ingress_hides_behind_403_is_one() {
        let hidden = Answer {
            head: Head::for_tests(403, HTML, Some(("x-error-status", "429"))),
            body: Vec::new(),
        };
        assert_eq!(decision(&of_person(&hidden, "KEY")), "unreachable");
    }

    #[test]
    fn an_answer_is_believed_as_json_only_and_never_quoted() {
        let read = |status, media, body: &str| {
            let answer = answer(status, media, body);
            believed::<serde_json::Value>(&answer, of_us)
        };
        assert!(read(200, JSON, "{}").is_ok());
        for (status, media, body) in [
            (200, HTML, "<title>Sign in</title> gt-KEY.SECRET"),
            (200, JSON, "{\"gt-KEY.SECRET"),
            (201, JSON, "{}"),
            (200, "", "{}"),
        ] {
            let error = read(status, media, body).unwrap_err();
            assert_eq!(decision(&error), "nonsense", "{status} {media}");
            assert!(!format!("{error} {error:?}").contains("SECRET"));
        }
    }
}
