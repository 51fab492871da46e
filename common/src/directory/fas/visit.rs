//! A session of FAS's: what its cookie says, and the token that must go with it.

use std::fmt;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use super::super::http::Head;

/// Longer than any key of FAS's, which has 40 digits.
const KEY_MAX: usize = 128;

/// A session. Whoever holds it is the person who opened it: it shows nothing of itself.
pub(super) struct Visit {
    cookie: Zeroizing<String>,
    token: Zeroizing<String>,
}

impl Visit {
    /// The session that an answer's cookie of this name opens or goes on with.
    pub(super) fn of(head: &Head, name: &str) -> Option<Self> {
        head.all("set-cookie")
            .filter_map(|cookie| cookie.split(';').next()?.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.trim_matches('"'))
            .filter(|value| is_key(value))
            .last()
            .map(|key| Self::with_key(name, key))
    }

    /// The session with this key, if one can have it.
    pub(super) fn with_given_key(name: &str, key: &str) -> Option<Self> {
        is_key(key).then(|| Self::with_key(name, key))
    }

    fn with_key(name: &str, key: &str) -> Self {
        Self {
            cookie: Zeroizing::new(format!("{name}={key}")),
            token: Zeroizing::new(token(key)),
        }
    }

    /// The session's key: what the cookie holds.
    pub(super) fn key(&self) -> &str {
        self.cookie.split_once('=').map_or("", |(_, key)| key)
    }

    /// What the `Cookie` header says.
    pub(super) fn cookie(&self) -> &str {
        &self.cookie
    }

    /// What the field `_csrf_token` says. Without it the session is nobody's.
    pub(super) fn token(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether a cookie's value can be sent back as it is.
fn is_key(value: &str) -> bool {
    let sendable = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    !value.is_empty() && value.len() <= KEY_MAX && value.bytes().all(sendable)
}

/// The lowercase SHA-1 of the key's text: FAS's proof that a request was meant.
fn token(key: &str) -> String {
    use std::fmt::Write as _;
    let mut token = String::with_capacity(40);
    for byte in Sha1::digest(key.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(token, "{byte:02x}");
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(cookie: &'static str) -> Option<Visit> {
        let head = Head::for_tests(200, "application/json", Some(("set-cookie", cookie)));
        Visit::of(&head, "tg-visit")
    }

    #[test]
    fn the_token_is_the_one_that_the_real_server_wants() {
        let visit = visit("tg-visit=0123456789abcdef0123456789abcdef01234567; Path=/").unwrap();
        assert_eq!(
            visit.cookie(),
            "tg-visit=0123456789abcdef0123456789abcdef01234567"
        );
        assert_eq!(visit.token(), "158b484ae1f6f64f89da22397d25fbdafad02252");
        assert_eq!(format!("{visit:?}"), "***");
    }

    #[test]
    fn a_cookie_of_another_name_or_one_that_cannot_be_sent_is_none() {
        for cookie in [
            "tg_flash=abc; Path=/",
            "tg-visit=; Max-Age=0",
            "tg-visit=a b",
            "tg-visit=a,b",
            "tg-visit",
            "my-tg-visit=abc",
        ] {
            assert!(visit(cookie).is_none(), "{cookie}");
        }
    }
}
