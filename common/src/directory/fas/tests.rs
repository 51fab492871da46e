//! The client against a scripted server: what goes over the wire, and what servers
//! do that the simulator (which is honest) does not.

mod everybody;
mod reading;
mod typed;
mod verifying;

use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::directory::script::{Asked, Scripted};

const KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// Of [`KEY`].
const TOKEN: &str = "158b484ae1f6f64f89da22397d25fbdafad02252";
const OUR_PASSWORD: &str = "our-own-secret";
/// What an answer holds that must never be told.
const HASH: &str = "$6$salt$neverShowThis";

/// A FAS that answers as its script says, and our client of it.
struct Script {
    fas: Fas,
    server: Scripted,
}

impl Script {
    /// Asked anything but to log the service account in.
    async fn new(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::bare(move |asked| {
            if asked.body.contains(OUR_PASSWORD) {
                return json(&person("hosts", 100_001, "active"));
            }
            answer(asked)
        })
        .await
    }

    /// Asked everything.
    async fn bare(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        Self::with(answer, |_| {}).await
    }

    async fn with(
        answer: impl Fn(&Asked) -> String + Send + Sync + 'static,
        change: impl FnOnce(&mut FasSettings),
    ) -> Self {
        let server = Scripted::new(answer).await;
        let mut settings = FasSettings::new(
            server.url("/accounts/"),
            "hosts".to_owned(),
            secret(OUR_PASSWORD),
        );
        change(&mut settings);
        let fas = Fas::new(settings).unwrap();
        Self { fas, server }
    }

    async fn login(&self, name: &str, password: &str) -> Result<Verified, DirectoryError> {
        self.fas.verify(&user(name), &secret(password)).await
    }

    /// How often the service account has logged in.
    fn our_logins(&self) -> usize {
        let asked = self.server.asked();
        let ours = |asked: &&Asked| asked.body.contains(OUR_PASSWORD);
        asked.iter().filter(ours).count()
    }
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

/// An answer as FAS gives it: a cookie on every one.
fn fas(status: &str, media: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}; charset=utf-8\r\nContent-Length: {length}\r\n\
         Set-Cookie: tg-visit={KEY}; Path=/\r\nSet-Cookie: tg_flash=; Path=/; Max-Age=0\r\n\r\n{body}"
    )
}

fn json(body: &str) -> String {
    fas("200 OK", "application/json", body)
}

/// What FAS says to whoever it does not know.
fn login_page() -> String {
    let body = r#"{"logging_in":true,"message":"Please log in.","forward_url":null}"#;
    fas("403 Forbidden", "application/json", body)
}

/// The answer to a login.
fn person(name: &str, id: u32, status: &str) -> String {
    format!(
        r#"{{"user":{{"id":{id},"username":"{name}","status":"{status}","human_name":"Full Name",
            "password":"{HASH}","old_password":"{HASH}","ssh_key":null,"privacy":false,
            "group_roles":["staff"],"roles":[],"approved_memberships":[]}},"tg_flash":"Welcome"}}"#
    )
}

/// Which decision an outcome calls for.
fn decision<T>(outcome: &Result<T, DirectoryError>) -> &'static str {
    match outcome {
        Ok(_) => "yes",
        Err(DirectoryError::Refused(refusal)) if refusal.certain => "refused",
        Err(DirectoryError::Refused(_)) => "doubtful",
        Err(DirectoryError::NotFound) => "not found",
        Err(DirectoryError::CodeWanted) => "code wanted",
        Err(DirectoryError::TooManyTries) => "too many tries",
        Err(DirectoryError::Locked) => "locked",
        Err(DirectoryError::SecretExpired) => "expired",
        Err(DirectoryError::Unreachable { .. }) => "unreachable",
        Err(DirectoryError::Misconfigured { .. }) => "misconfigured",
        Err(DirectoryError::Nonsense { .. }) => "nonsense",
    }
}
