//! Sessions, as they lie in Redis: under the person's id and the last three characters of
//! the key, so that two can meet.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::sim::token::random_token;

/// A session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub uid: String,
    pub key: String,
    pub roles: Vec<String>,
    /// In seconds since 1970.
    pub ends: u64,
}

/// All that are open.
#[derive(Debug, Default)]
pub(super) struct Sessions(BTreeMap<(String, String), Session>);

impl Sessions {
    /// Opens one for `uid` for so many seconds; none where another lies in its place.
    pub(super) fn open(
        &mut self,
        uid: &str,
        roles: Vec<String>,
        now: u64,
        life: u64,
    ) -> Option<Session> {
        let session = Session {
            uid: uid.to_owned(),
            key: random_token::<4>(),
            roles,
            ends: now.saturating_add(life),
        };
        let place = place(uid, &session.key);
        self.0.retain(|_, session| session.ends > now);
        if self.0.contains_key(&place) {
            return None;
        }
        self.0.insert(place, session.clone());
        Some(session)
    }

    /// The session that these credentials are of.
    pub(super) fn of(&self, basic: Option<&(String, String)>, now: u64) -> Option<Session> {
        let (uid, key) = basic?;
        let session = self.0.get(&place(uid, key))?;
        (session.key == *key && session.ends > now).then(|| session.clone())
    }

    /// Ends what lies at the place of these credentials, whoever's it is.
    pub(super) fn close(&mut self, basic: Option<&(String, String)>) {
        if let Some((uid, key)) = basic {
            self.0.remove(&place(uid, key));
        }
    }

    /// Ends all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many are open.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

fn place(uid: &str, key: &str) -> (String, String) {
    let last = key.len().saturating_sub(3);
    (
        uid.to_owned(),
        key.get(last..).unwrap_or_default().to_owned(),
    )
}

/// The session as a token. The signature is nobody's: no host can check it.
pub(super) fn token(session: &Session, account: &str, identity: &str) -> String {
    let claims = json!({
        "auth": session.roles.join(":"), "exp": session.ends.to_string(), "iss": "example.com",
        "jti": session.key, "sub": session.uid, "acc": account, "identity": identity, "method": "local",
    });
    let part = |value: &Value| BASE64.encode(value.to_string());
    let head = json!({"alg": "HS256", "typ": "JWT"});
    format!(
        "{}.{}.{}",
        part(&head),
        part(&claims),
        BASE64.encode([0_u8; 32])
    )
}
