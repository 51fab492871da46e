//! Visits: what the cookie names, and who has logged in under it.

use std::collections::HashMap;

use sha1::{Digest as _, Sha1};

use crate::sim::token::random_token;

/// How long a visit lives after its last request, in milliseconds.
const LIFE: u64 = 20 * 60 * 1000;
/// Before more than these are kept, the expired ones are forgotten.
const KEPT: usize = 50_000;

struct Visit {
    until: u64,
    user: Option<u64>,
}

/// All visits by key.
#[derive(Default)]
pub(super) struct Visits(HashMap<String, Visit>);

impl Visits {
    /// The visit that `key` names, which thereby lives on; a fresh one if there is
    /// none or its time is over. A client's own key is never adopted.
    pub(super) fn of(&mut self, key: Option<&str>, now: u64) -> String {
        let until = now.saturating_add(LIFE);
        if let Some(key) = key
            && let Some(visit) = self.0.get_mut(key)
            && now < visit.until
        {
            visit.until = until;
            return key.to_owned();
        }
        if self.0.len() >= KEPT {
            self.0.retain(|_, visit| now < visit.until);
        }
        let key = random_token::<20>();
        self.0.insert(key.clone(), Visit { until, user: None });
        key
    }

    /// The id of the user who has logged in under `key`.
    pub(super) fn user(&self, key: &str) -> Option<u64> {
        self.0.get(key)?.user
    }

    /// Somebody has logged in, or out.
    pub(super) fn belongs_to(&mut self, key: &str, user: Option<u64>) {
        if let Some(visit) = self.0.get_mut(key) {
            visit.user = user;
        }
    }

    /// Ends all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// What a request must carry beside the cookie: the lowercase SHA-1 of its text.
pub(super) fn token(key: &str) -> String {
    let digest = Sha1::digest(key.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_one_that_the_real_server_wants() {
        assert_eq!(
            token("0123456789abcdef0123456789abcdef01234567"),
            "158b484ae1f6f64f89da22397d25fbdafad02252"
        );
    }

    #[test]
    fn a_visit_lives_on_while_it_is_used_and_a_foreign_key_is_never_adopted() {
        let mut visits = Visits::default();
        let key = visits.of(None, 0);
        assert_eq!(key.len(), 40);
        assert_eq!(visits.of(Some(&key), LIFE - 1), key);
        assert_eq!(visits.of(Some(&key), 2 * LIFE - 2), key);
        assert_ne!(visits.of(Some(&key), 3 * LIFE - 2), key);
        let made_up = "0123456789abcdef0123456789abcdef01234567";
        assert_ne!(visits.of(Some(made_up), 0), made_up);
    }
}
