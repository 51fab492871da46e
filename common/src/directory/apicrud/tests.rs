//! The client against a scripted server: what goes over the wire, and what servers do that
//! the simulator (which is honest) does not.

mod changing;
mod typed;
mod verifying;

use std::sync::Mutex;

use tokio::sync::mpsc;

use super::session::token;
use super::*;
use crate::directory::script::{Asked, Scripted};

const PASSWORD: &str = "Right-w0rd";
const NEW: &str = "N3w-password";
/// Of every session.
const KEY: &str = "k3yk3yk3";

/// An apicrud that answers as its script says, and our client of it. Ends of sessions are
/// answered as they should be, and told.
struct Script {
    apicrud: Apicrud,
    server: Scripted,
    ended: tokio::sync::Mutex<mpsc::UnboundedReceiver<Asked>>,
}

impl Script {
    async fn new(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Self {
        let (ended, ends) = mpsc::unbounded_channel();
        let server = Scripted::new(move |asked| {
            if asked.has("/logout") {
                // Nobody may be listening any more.
                let _ = ended.send(asked.clone());
                return json(200, r#"{"message":"logged out"}"#);
            }
            answer(asked)
        })
        .await;
        let settings = ApicrudSettings {
            people: [(user("ada.l"), PersonId::new("u-1").unwrap())].into(),
            roles: vec![
                ("admin".to_owned(), group("ops")),
                ("user".to_owned(), group("everybody")),
                ("list-3f-member".to_owned(), group("ops")),
                ("list-3f-manager".to_owned(), group("list-managers")),
            ],
            ..ApicrudSettings::new(server.url("/api/v1"))
        };
        Self {
            apicrud: Apicrud::new(settings).unwrap(),
            server,
            ended: tokio::sync::Mutex::new(ends),
        }
    }

    /// One that knows `ada.l`, whose sessions have these roles.
    async fn with_roles(roles: &'static str) -> Self {
        Self::new(move |asked| usual(asked, roles)).await
    }

    async fn login(&self) -> Result<Verified, DirectoryError> {
        self.apicrud.verify(&user("ada.l"), &secret(PASSWORD)).await
    }

    /// Waits until a session has been ended, and returns how.
    async fn end(&self) -> Asked {
        self.ended.lock().await.recv().await.unwrap()
    }
}

/// What an honest server answers about `ada.l`.
fn usual(asked: &Asked, roles: &str) -> String {
    match asked {
        asked if asked.has("POST /api/v1/auth ") => logged_in("ada.l", "u-1", roles),
        asked if asked.has("GET /api/v1/account?") => {
            json(200, &accounts("ada.l", "u-1", "active"))
        }
        asked if asked.has("PUT /api/v1/account_password/") => {
            json(200, r#"{"id":"x-1","uid":"u-1","username":"ada.l"}"#)
        }
        _ => json(404, "{}"),
    }
}

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn group(name: &str) -> GroupName {
    crate::name::NameRule::default().group(name).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::typed(text.as_bytes()).unwrap()
}

fn answer(status: u16, media: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\
         Set-Cookie: __Secure-totp=bypass; Path=/api/v1/auth\r\n\r\n{body}"
    )
}

fn json(status: u16, body: &str) -> String {
    answer(status, "application/json", body)
}

fn login_body(name: &str, person: &str, roles: &str) -> String {
    let claims = format!(
        r#"{{"auth":"{roles}","exp":"1900000000","iss":"example","jti":"{KEY}","sub":"{person}"}}"#
    );
    format!(
        r#"{{"jwt_token":"{}","resources":{{"main":"https://elsewhere.example"}},
            "settings_id":"x-1","username":"{name}"}}"#,
        token(&claims)
    )
}

fn logged_in(name: &str, person: &str, roles: &str) -> String {
    json(201, &login_body(name, person, roles))
}

fn accounts(name: &str, person: &str, status: &str) -> String {
    format!(
        r#"{{"items":[{{"name":"{name}","uid":"{person}","status":"{status}","is_admin":false}}],"count":1}}"#
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

/// Answers in turn, and the last one for ever.
fn in_turn(answers: Vec<String>) -> impl Fn(&Asked) -> String + Send + Sync + 'static {
    let left = Mutex::new(answers);
    move |_| {
        let mut left = left.lock().unwrap();
        match left.len() {
            1 => left[0].clone(),
            _ => left.remove(0),
        }
    }
}
