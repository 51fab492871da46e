//! What FAS's answers mean: status, media type and body in, a decision out.
//!
//! FAS says 403 to a wrong password, to a session that it has forgotten, and to
//! somebody who lacks a group, in the same words; which it is follows from what was
//! sent. Whatever is not FAS's own JSON says nothing about a person. No body is ever
//! quoted: a person's hash, the echo of a token or an address may be in it.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::super::http::{Answer, Head, Opened, stream_error};
use super::super::{DirectoryError, Refusal};
use super::model::{Bulk, Trouble};
use crate::text;

/// What an answer with a good status may hold instead of what was asked for.
#[derive(Deserialize)]
struct ApplicationError {
    exc: Option<Trouble>,
}

/// The body of a 403, as far as it says that it is FAS's own.
#[derive(Deserialize)]
struct LoginPage {
    logging_in: Option<bool>,
    tg_flash: Option<IgnoredAny>,
}

/// A refusal by status, told apart by who speaks.
enum Speaker {
    /// FAS's own login page, as JSON.
    Fas(LoginPage),
    /// Some JSON object.
    Somebody,
    /// A page for people: a proxy, a firewall.
    SomethingElse,
}

/// Whether FAS does not know who asks: a wrong password, or a session that is over.
pub(super) fn is_anonymous(answer: &Answer) -> bool {
    matches!(answer.head.status, 401 | 403)
        && matches!(speaker(answer), Speaker::Fas(_) | Speaker::Somebody)
}

fn speaker(answer: &Answer) -> Speaker {
    if !answer.head.is_json() {
        return Speaker::SomethingElse;
    }
    match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&answer.body) {
        Err(_not_an_object) => Speaker::SomethingElse,
        Ok(_) => match serde_json::from_slice::<LoginPage>(&answer.body) {
            Ok(page) if page.logging_in == Some(true) => Speaker::Fas(page),
            _ => Speaker::Somebody,
        },
    }
}

/// What a login that is no success says about the person's secret.
pub(super) fn refused_login(answer: &Answer) -> DirectoryError {
    let status = answer.head.status;
    if !matches!(status, 401 | 403) {
        return failed(answer);
    }
    match speaker(answer) {
        // The flash is set before the password is looked at: it proves nothing more.
        Speaker::Fas(page) => DirectoryError::Refused(Refusal::certain(match page.tg_flash {
            Some(_) => "FAS refuses the password, and adds that the account's has expired",
            None => "FAS refuses the password (or the account is not in use)",
        })),
        Speaker::Somebody => DirectoryError::Refused(Refusal::doubtful(format!(
            "HTTP {status} with JSON that is not FAS's login page"
        ))),
        Speaker::SomethingElse => forbidden(status),
    }
}

/// What an answer means that is neither good nor a refusal of who asks.
pub(super) fn failed(answer: &Answer) -> DirectoryError {
    let status = answer.head.status;
    match status {
        401 | 403 => forbidden(status),
        407 => misconfigured("a proxy wants credentials (HTTP 407)".to_owned()),
        408 => unreachable_because("the server gave up waiting (HTTP 408)".to_owned()),
        500.. => unreachable_because(format!("the server is sick (HTTP {status})")),
        404 => nonsense(
            "HTTP 404: the URL does not point at FAS (is /accounts missing, or is something else \
             running there?)",
        ),
        _ => nonsense(format!("unexpected HTTP {status}")),
    }
}

fn forbidden(status: u16) -> DirectoryError {
    misconfigured(format!(
        "a page for people instead of FAS's JSON forbids our requests (HTTP {status}): look at \
         the proxy or firewall in front of FAS"
    ))
}

/// Reads the JSON of a good answer.
pub(super) fn believed<T: DeserializeOwned>(answer: &Answer) -> Result<T, DirectoryError> {
    if answer.head.status != 200 {
        return Err(failed(answer));
    }
    is_json(&answer.head)?;
    let unreadable = |error: serde_json::Error| unreadable_json(&error);
    // `exc` comes with status 200; nothing beside it can be believed.
    let trouble: ApplicationError = serde_json::from_slice(&answer.body).map_err(unreadable)?;
    match trouble.exc {
        Some(exc) => Err(own_error(&exc)),
        None => serde_json::from_slice(&answer.body).map_err(unreadable),
    }
}

/// Reads the data of a good answer about everybody as it arrives: neither the whole text
/// nor what is passed over in it is ever in memory. A failure is never an empty directory.
pub(super) async fn believed_whole<T>(opened: Opened) -> Result<T, DirectoryError>
where
    T: DeserializeOwned + Send + 'static,
{
    is_json(&opened.head)?;
    let reader = tokio_util::io::SyncIoBridge::new(opened.reader());
    let parsed = tokio::task::spawn_blocking(move || serde_json::from_reader::<_, Bulk<T>>(reader));
    let bulk = match parsed.await {
        Ok(Ok(bulk)) => bulk,
        Ok(Err(error)) => return Err(unreadable_stream(error)),
        Err(cut) => return Err(nonsense(format!("the answer could not be read: {cut}"))),
    };
    match bulk {
        Bulk { exc: Some(exc), .. } => Err(own_error(&exc)),
        Bulk {
            success: Some(true),
            data: Some(data),
            ..
        } => Ok(data),
        Bulk {
            success: Some(false),
            ..
        } => Err(nonsense("FAS could not read its data (success is false)")),
        Bulk { .. } => Err(nonsense("the answer lacks success or data")),
    }
}

fn is_json(head: &Head) -> Result<(), DirectoryError> {
    if head.is_json() {
        return Ok(());
    }
    Err(nonsense(format!(
        "the server answers with {:?} instead of JSON: the URL does not point at FAS, or a \
         login page stands in front",
        text::safe(&head.media, 64)
    )))
}

fn own_error(exc: &Trouble) -> DirectoryError {
    let name = text::safe(exc.0.as_deref().unwrap_or("?"), 64);
    match name.as_str() {
        "AuthorizationError" => {
            misconfigured("FAS does not let this account do that (AuthorizationError)".to_owned())
        }
        name => nonsense(format!("FAS met an error of its own ({name})")),
    }
}

/// What the stream met, if that is why; else that it is no JSON.
fn unreadable_stream(error: serde_json::Error) -> DirectoryError {
    if !error.is_io() {
        return unreadable_json(&error);
    }
    let met = std::io::Error::from(error);
    stream_error(&met).unwrap_or_else(|| nonsense("the answer broke off"))
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

/// An answer that cannot be believed.
pub(super) fn nonsense(reason: impl Into<String>) -> DirectoryError {
    DirectoryError::Nonsense {
        reason: reason.into(),
        source: None,
    }
}

/// Something that only an administrator can put right.
pub(super) fn misconfigured(reason: String) -> DirectoryError {
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

    const JSON: &str = "application/json";
    const HTML: &str = "text/html";
    const PAGE: &str = r#"{"logging_in":true,"message":"…","forward_url":null}"#;
    const INACTIVE: &str = r#"{"logging_in":true,"tg_flash":"Your password has expired."}"#;

    fn answer(status: u16, media: &str, body: &str) -> Answer {
        Answer {
            head: Head::for_tests(status, media, None),
            body: body.as_bytes().to_vec(),
        }
    }

    fn decision(error: &DirectoryError) -> &'static str {
        match error {
            DirectoryError::Refused(refusal) if refusal.certain => "refused",
            DirectoryError::Refused(_) => "doubtful",
            DirectoryError::Unreachable { .. } => "unreachable",
            DirectoryError::Misconfigured { .. } => "misconfigured",
            DirectoryError::Nonsense { .. } => "nonsense",
            DirectoryError::NotFound
            | DirectoryError::CodeWanted
            | DirectoryError::TooManyTries
            | DirectoryError::Locked => "about a person",
            DirectoryError::SecretExpired => "expired",
        }
    }

    #[test]
    fn a_person_is_only_ever_refused_by_fas_own_json() {
        for (status, media, body, expected) in [
            (403, JSON, PAGE, "refused"),
            (401, JSON, PAGE, "refused"),
            (403, JSON, INACTIVE, "refused"),
            (403, JSON, "{}", "doubtful"),
            (403, JSON, r#"{"error":"blocked"}"#, "doubtful"),
            (403, JSON, r#"{"logging_in":"yes"}"#, "doubtful"),
            (403, JSON, "[]", "misconfigured"),
            (403, JSON, "<html>", "misconfigured"),
            (403, HTML, PAGE, "misconfigured"),
            (401, HTML, "<html>", "misconfigured"),
            (400, JSON, PAGE, "nonsense"),
            (404, JSON, PAGE, "nonsense"),
            (404, HTML, "<html>", "nonsense"),
            (407, HTML, "", "misconfigured"),
            (408, HTML, "", "unreachable"),
            (500, JSON, PAGE, "unreachable"),
            (502, HTML, "", "unreachable"),
        ] {
            let error = refused_login(&answer(status, media, body));
            assert_eq!(decision(&error), expected, "{status} {media} {body}");
        }
    }

    #[test]
    fn a_good_status_is_believed_only_as_the_json_that_was_asked_for() {
        let read =
            |status, media, body| believed::<serde_json::Value>(&answer(status, media, body));
        assert!(read(200, JSON, r#"{"success":true}"#).is_ok());
        assert!(read(200, JSON, r#"{"exc":null,"success":true}"#).is_ok());
        for (status, media, body) in [
            (200, HTML, r#"{"success":true}"#),
            (200, "", r#"{"success":true}"#),
            (200, JSON, "<html>"),
            (200, JSON, r#"{"success":tr"#),
            (
                200,
                JSON,
                r#"{"exc":"DBAPIError","tg_flash":"…","success":true}"#,
            ),
            (200, JSON, r#"{"exc":"Invalid"}"#),
            (200, JSON, r#"{"exc":7}"#),
            (204, JSON, ""),
        ] {
            let error = read(status, media, body).unwrap_err();
            assert_eq!(decision(&error), "nonsense", "{status} {media} {body}");
        }
    }

    #[test]
    fn no_body_is_quoted_whatever_it_holds() {
        let secret = "$6$salt$hash";
        for status in [200, 400, 403, 404, 500] {
            for media in [JSON, HTML] {
                for body in [
                    format!("{{\"user\":\"{secret}\""),
                    format!("{{\"exc\":{{\"x\":\"{secret}\"}}}}"),
                    format!("<html>{secret}</html>"),
                    format!("{{\"user\":{{\"id\":\"{secret}\"}}}}"),
                ] {
                    let answer = answer(status, media, &body);
                    let read = believed::<super::super::model::Login>(&answer).err();
                    let told = format!("{read:?} {:?}", refused_login(&answer));
                    assert!(!told.contains(secret), "{told}");
                }
            }
        }
    }
}
