//! A session of apicrud's: what its token says, and whom each role lets do what.
//!
//! The token's signature is not looked at: a host cannot check it, since the key is the
//! server's own, and often the one that everybody can read in apicrud's source. What it says
//! is believed as the answer of a server that TLS vouches for, and proved by the next call.

use std::fmt;

use base64::Engine as _;
use zeroize::Zeroizing;

use super::super::DirectoryError;
use super::grammar::{PersonId, is_role};
use super::model::Claims;
use super::verdict::nonsense;
use crate::clock::Time;
use crate::secret::Secret;

/// Longer than any key of a session's.
const KEY_MAX: usize = 64;
/// More roles than anybody has.
const ROLES_MAX: usize = 10_000;

/// A session. Whoever holds it is the person: it shows nothing of its key.
pub(super) struct Session {
    pub person: PersonId,
    pub key: Secret,
    pub roles: Vec<String>,
    pub expires: Option<Time>,
}

/// What a session is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The person is logged in.
    LoggedIn,
    /// The password is right and a one-time code is wanted (`pendingtotp`).
    CodeWanted,
    /// The password is right and must be changed first (`person:pwchange`).
    MustChange,
    /// The password is right and a second factor must be set up first (`mfarequired`).
    MustEnrol,
    /// The password is right and the person may do nothing (no role: the contact is disabled).
    Powerless,
}

impl Session {
    /// The session that a token opens.
    pub(super) fn of(token: &str) -> Result<Self, DirectoryError> {
        let payload = token.split('.').nth(1).unwrap_or_default();
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let payload = engine.decode(payload).map(Zeroizing::new);
        let claims: Option<Claims> = payload
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let claims = claims.ok_or_else(|| nonsense("the session's token is none"))?;
        let person = PersonId::new(&claims.sub)
            .map_err(|_no_id| nonsense("the session's token names no person"))?;
        let is_key = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        if claims.jti.len() > KEY_MAX || !claims.jti.bytes().all(is_key) {
            return Err(nonsense("the session's token has an impossible key"));
        }
        let key = Secret::typed(claims.jti.as_bytes())
            .map_err(|_empty| nonsense("the session's token has no key"))?;
        let roles = claims.auth.split(':').filter(|role| is_role(role));
        Ok(Self {
            person,
            key,
            roles: roles.take(ROLES_MAX).map(str::to_owned).collect(),
            expires: claims.exp.as_ref().and_then(moment),
        })
    }

    /// What it is good for. A role that holds something back outweighs the others.
    pub(super) fn standing(&self) -> Standing {
        let has = |role: &str| self.roles.iter().any(|one| one == role);
        match () {
            () if has("pendingtotp") => Standing::CodeWanted,
            () if has("pwchange") => Standing::MustChange,
            () if has("mfarequired") => Standing::MustEnrol,
            () if has("user") => Standing::LoggedIn,
            () => Standing::Powerless,
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a session of {}", self.person)
    }
}

/// A moment in seconds since 1970, as a number or as text.
fn moment(said: &serde_json::Value) -> Option<Time> {
    let seconds = said.as_u64().or_else(|| said.as_str()?.parse().ok())?;
    Some(Time::from_unix(seconds))
}

#[cfg(test)]
pub(super) fn token(payload: &str) -> String {
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(payload);
    format!("eyJhbGciOiJIUzI1NiJ9.{payload}.c2lnbmF0dXJl")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(auth: &str) -> Standing {
        let payload = format!(r#"{{"auth":"{auth}","jti":"k3yk3yk3","sub":"u-1"}}"#);
        Session::of(&token(&payload)).unwrap().standing()
    }

    #[test]
    fn only_the_role_user_is_a_login_and_what_holds_back_outweighs_it() {
        for (auth, expected) in [
            ("user", Standing::LoggedIn),
            ("admin:user", Standing::LoggedIn),
            ("user:list-3f-member", Standing::LoggedIn),
            ("admin", Standing::Powerless),
            ("superuser", Standing::Powerless),
            ("", Standing::Powerless),
            ("pendingtotp", Standing::CodeWanted),
            ("user:pendingtotp", Standing::CodeWanted),
            ("person:pwchange", Standing::MustChange),
            ("person:pwchange:user", Standing::MustChange),
            ("mfarequired", Standing::MustEnrol),
            ("user:mfarequired", Standing::MustEnrol),
        ] {
            assert_eq!(standing(auth), expected, "{auth}");
        }
    }

    #[test]
    fn a_token_is_read_without_its_signature_and_shows_nothing_of_its_key() {
        let payload =
            r#"{"auth":"user","exp":"1900000000","iss":"x","jti":"k3yk3yk3","sub":"u-8Z"}"#;
        let session = Session::of(&token(payload)).unwrap();
        assert_eq!(session.expires, Some(Time::from_unix(1_900_000_000)));
        assert_eq!(format!("{session:?}"), "a session of u-8Z");
    }

    #[test]
    fn what_is_no_token_is_nonsense() {
        for payload in [
            "",
            "[]",
            r#"{"auth":"user","jti":"k"}"#,
            r#"{"auth":["user"],"jti":"k","sub":"u-1"}"#,
            r#"{"auth":"user","jti":"","sub":"u-1"}"#,
            r#"{"auth":"user","jti":"a:b","sub":"u-1"}"#,
            r#"{"auth":"user","jti":"a\nb","sub":"u-1"}"#,
            r#"{"auth":"user","jti":"k","sub":"../u-1"}"#,
        ] {
            assert!(Session::of(&token(payload)).is_err(), "{payload}");
        }
        for text in ["", "a", "a.b.c", "..", "a.%%%.c"] {
            assert!(Session::of(text).is_err(), "{text}");
        }
    }
}
