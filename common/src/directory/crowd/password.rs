//! A person's new password.
//!
//! Crowd's call for it does not ask for the old one: whoever holds an application's
//! credentials could set anybody's. So the old one is checked first, in the same call
//! and as a login is, and its answer must be about the person who is meant. A password
//! that has expired is not taken for a checked one: Crowd says so *instead of* yes,
//! and that it looked at the password before is not documented.

use super::super::http::{Answer, Change as Verb, SensitiveBody, quoted};
use super::super::passwords::{Change, Passwords};
use super::super::{DirectoryError, ImmutableKey};
use super::verdict::{Quoting, done, entity};
use super::{Crowd, mapping};
use crate::name::UserName;
use crate::secret::Secret;

impl Crowd {
    /// Gives the person `name`, whose key is `key`, the password `new` if `old` is right.
    ///
    /// An error means that nothing was changed: *Refused*, *Locked*, *SecretExpired* and
    /// *NotFound* are about the person and the old password, *Misconfigured* is a missing
    /// permission. Counts as a login at the server; nothing is ever retried.
    pub async fn change_password(
        &self,
        name: &UserName,
        key: &ImmutableKey,
        old: &Secret,
        new: &Secret,
    ) -> Result<Change, DirectoryError> {
        let Some(password) = new.expose_text() else {
            let message = "It holds bytes that are no text.".to_owned();
            return Ok(Change::Unfit { message });
        };
        let user = self.client.authenticate(name.as_str(), old).await?;
        let verified = mapping::verified(&user, name)?;
        if verified.key != *key {
            return Ok(Change::SomebodyElse);
        }
        let question = self.client.change(Verb::Put, "user/password").alone();
        let question = question
            .with("username", verified.name.as_str())
            .carrying(SensitiveBody::json(&[("value", password)]));
        match self.client.ask(question).await {
            Ok(answer) => changed(&answer, [old, new]),
            Err(error) => Ok(Change::InDoubt(error)),
        }
    }
}

#[async_trait::async_trait]
impl Passwords for Crowd {
    async fn change(
        &self,
        name: &UserName,
        key: &ImmutableKey,
        old: &Secret,
        new: &Secret,
    ) -> Result<Change, DirectoryError> {
        self.change_password(name, key, old, new).await
    }
}

/// What the answer to a new password means.
fn changed(answer: &Answer, secrets: [&Secret; 2]) -> Result<Change, DirectoryError> {
    if let Some(refusal) = entity(answer)
        && refusal.reason == "INVALID_CREDENTIAL"
        && (400..500).contains(&answer.head.status)
    {
        let message = refusal.message.as_str().unwrap_or_default();
        return Ok(Change::Unfit {
            message: fit_to_show(message, secrets),
        });
    }
    match done(answer, Quoting::Never) {
        Ok(()) => Ok(Change::Done),
        Err(error @ (DirectoryError::Unreachable { .. } | DirectoryError::Nonsense { .. })) => {
            Ok(Change::InDoubt(error))
        }
        Err(error) => Err(error),
    }
}

/// The server's words without tags, on one line and short; none if they repeat a password.
fn fit_to_show(message: &str, secrets: [&Secret; 2]) -> String {
    let repeats = |secret: &Secret| {
        let text = secret.expose_text();
        text.is_some_and(|text| message.contains(text))
    };
    if secrets.into_iter().any(repeats) {
        return String::new();
    }
    quoted(message.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::crowd::verdict::VERSION_HEADER;
    use crate::directory::http::Head;

    fn answer(status: u16, from_crowd: bool, body: &str) -> Answer {
        let version = from_crowd.then_some((VERSION_HEADER, "Crowd/5.1.0"));
        Answer {
            head: Head::for_tests(status, "application/json", version),
            body: body.as_bytes().to_vec(),
        }
    }

    fn secret(text: &str) -> Secret {
        Secret::typed(text.as_bytes()).unwrap()
    }

    fn shown(status: u16, from_crowd: bool, body: &str) -> String {
        let (old, new) = (secret("old-secret"), secret("new-secret"));
        let change = changed(&answer(status, from_crowd, body), [&old, &new]);
        format!("{change:?}")
    }

    #[test]
    fn a_refusal_of_the_new_password_is_told_in_the_servers_words_made_safe() {
        let told = |message: &str| {
            let body = serde_json::json!({"reason": "INVALID_CREDENTIAL", "message": message});
            shown(400, true, &body.to_string())
        };
        assert_eq!(
            told("At least <b>12</b>\ncharacters\u{1b}[31m"),
            r#"Ok(Unfit { message: "At least 12 characters[31m" })"#
        );
        assert!(told(&"long ".repeat(1000)).len() < 300);
        for echo in ["not <new-secret>", "old-secret again"] {
            assert_eq!(told(echo), r#"Ok(Unfit { message: "" })"#);
        }
        let odd = r#"{"reason":"INVALID_CREDENTIAL","message":{"a":1}}"#;
        assert_eq!(shown(400, true, odd), r#"Ok(Unfit { message: "" })"#);
    }

    #[test]
    fn what_is_not_crowds_own_answer_leaves_the_change_in_doubt() {
        assert_eq!(shown(204, true, ""), "Ok(Done)");
        for (status, from_crowd, body) in [
            (204, false, ""),
            (400, false, r#"{"reason":"INVALID_CREDENTIAL"}"#),
            (500, true, r#"{"reason":"OPERATION_FAILED"}"#),
            (502, false, "new-secret"),
            (418, true, r#"{"reason":"NEW"}"#),
        ] {
            let shown = shown(status, from_crowd, body);
            assert!(shown.starts_with("Ok(InDoubt("), "{status}: {shown}");
            assert!(!shown.contains("new-secret"), "{shown}");
        }
    }

    #[test]
    fn a_missing_permission_and_a_person_who_has_gone_change_nothing() {
        let denied = shown(403, true, r#"{"reason":"APPLICATION_PERMISSION_DENIED"}"#);
        assert!(denied.starts_with("Err(Misconfigured"), "{denied}");
        let read_only = shown(403, true, r#"{"reason":"UNSUPPORTED_OPERATION"}"#);
        assert!(read_only.starts_with("Err(Misconfigured"), "{read_only}");
        let gone = shown(404, true, r#"{"reason":"USER_NOT_FOUND"}"#);
        assert_eq!(gone, "Err(NotFound)");
    }
}
