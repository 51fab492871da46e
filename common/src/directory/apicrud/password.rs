//! A person's new password.
//!
//! apicrud checks the new password before it looks at the old one, and takes a reset token in
//! the old one's place: none is ever sent. Its rules are applied here first. The old password
//! opens a session, which must be that of the person who is meant.

use super::super::http::{Answer, quoted};
use super::super::passwords::{Change, Passwords};
use super::super::{DirectoryError, ImmutableKey};
use super::model::{Changed, Refusal};
use super::verdict::{believed, doubtful, failed, refusal};
use super::{Apicrud, Standing, grammar, typed};
use crate::name::UserName;
use crate::secret::Secret;

#[async_trait::async_trait]
impl Passwords for Apicrud {
    async fn change(
        &self,
        name: &UserName,
        key: &ImmutableKey,
        old: &Secret,
        new: &Secret,
    ) -> Result<Change, DirectoryError> {
        let password = match new.expose_text() {
            Some(text) => text,
            None => return Ok(unfit("It holds bytes that are no text.")),
        };
        if let Some(weakness) = grammar::weakness(password) {
            return Ok(unfit(weakness));
        }
        let present = typed(name, old)?;
        let visit = self.client.log_in(present, self.client.deadline()).await?;
        let session = visit.session();
        if ImmutableKey::given(session.person.as_str()) != *key {
            return Ok(Change::SomebodyElse);
        }
        match session.standing() {
            Standing::LoggedIn | Standing::CodeWanted | Standing::MustChange => {}
            Standing::MustEnrol | Standing::Powerless => return Err(DirectoryError::Locked),
        }
        match self
            .client
            .put_password(&visit, present.password, password)
            .await
        {
            Ok(answer) => changed(&answer, name.as_str(), session.person.as_str(), [old, new]),
            Err(error) => Ok(Change::InDoubt(error)),
        }
    }
}

fn unfit(message: &str) -> Change {
    Change::Unfit {
        message: message.to_owned(),
    }
}

/// What the answer to a new password means.
pub(super) fn changed(
    answer: &Answer,
    name: &str,
    person: &str,
    secrets: [&Secret; 2],
) -> Result<Change, DirectoryError> {
    match (answer.head.status, refusal(answer)) {
        (200, _) => Ok(match believed::<Changed>(answer, 200) {
            Ok(said) if is_about(&said, name, person) => Change::Done,
            Ok(_) => Change::InDoubt(super::verdict::nonsense(
                "apicrud says that somebody else's password was changed",
            )),
            Err(error) => Change::InDoubt(error),
        }),
        (405, Some(Refusal { message, .. })) => {
            let message = message.unwrap_or_default();
            Ok(unfit(&fit_to_show(&message, secrets)))
        }
        // Its own form of a password is checked before anything else.
        (400, _) if answer.head.is_json() => Ok(unfit("")),
        (403, Some(_)) => Err(doubtful("apicrud refuses the present password")),
        (404, Some(_)) => Err(DirectoryError::NotFound),
        _ => match failed(answer) {
            error @ (DirectoryError::Unreachable { .. } | DirectoryError::Nonsense { .. })
                if answer.head.status != 401 =>
            {
                Ok(Change::InDoubt(error))
            }
            error => Err(error),
        },
    }
}

fn is_about(said: &Changed, name: &str, person: &str) -> bool {
    said.username.as_deref() == Some(name) && said.uid.as_deref() == Some(person)
}

/// The server's words on one line and short; none if they repeat a password.
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
    use crate::directory::http::Head;

    fn shown(status: u16, media: &str, body: &str) -> String {
        let secret = |text: &str| Secret::typed(text.as_bytes()).unwrap();
        let answer = Answer {
            head: Head::for_tests(status, media, None),
            body: body.as_bytes().to_vec(),
        };
        let (old, new) = (secret("old-secret"), secret("new-secret"));
        format!("{:?}", changed(&answer, "ada.l", "u-1", [&old, &new]))
    }

    #[test]
    fn a_refusal_of_the_new_password_is_told_in_the_servers_words_made_safe() {
        let json = "application/json";
        let told = |message: &str| shown(405, json, &format!(r#"{{"message":"{message}"}}"#));
        assert_eq!(
            told("rejected <b>weak</b>\\npassword\\u001b[31m"),
            r#"Ok(Unfit { message: "rejected weak password[31m" })"#
        );
        assert_eq!(told("not new-secret"), r#"Ok(Unfit { message: "" })"#);
        let form = shown(
            400,
            "application/problem+json",
            r#"{"detail":"new-secret is too short"}"#,
        );
        assert_eq!(form, r#"Ok(Unfit { message: "" })"#);
    }

    #[test]
    fn only_apicruds_own_yes_about_this_person_is_one() {
        let json = "application/json";
        let done = r#"{"id":"x-1","uid":"u-1","username":"ada.l"}"#;
        assert_eq!(shown(200, json, done), "Ok(Done)");
        for (status, media, body) in [
            (200, "text/html", done),
            (200, json, "{}"),
            (200, json, &done.replace("ada.l", "bob.l")),
            (200, json, &done.replace("u-1", "u-2")),
            (201, json, done),
            (405, "text/html", "new-secret"),
            (500, json, r#"{"message":"trouble"}"#),
            (502, "text/html", "new-secret"),
        ] {
            let shown = shown(status, media, body);
            let in_doubt =
                shown.starts_with("Ok(InDoubt(") || shown.starts_with("Err(Misconfigured");
            assert!(
                in_doubt && !shown.contains("new-secret"),
                "{status}: {shown}"
            );
        }
    }

    #[test]
    fn a_wrong_old_password_a_lost_session_and_a_gone_account_change_nothing() {
        let json = "application/json";
        let wrong = shown(
            403,
            json,
            r#"{"message":"invalid credential","username":"ada.l"}"#,
        );
        assert!(wrong.starts_with("Err(Refused"), "{wrong}");
        let gone = shown(404, json, r#"{"message":"account not found","uid":"u-1"}"#);
        assert_eq!(gone, "Err(NotFound)");
        let lost = shown(
            401,
            json,
            r#"{"detail":"x","status":401,"title":"Unauthorized"}"#,
        );
        assert!(lost.starts_with("Err(Unreachable"), "{lost}");
    }
}
