//! What was asked, for tests to look at: never a password, token or cookie.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// More than any test looks at, and little enough for long benchmarks.
const KEPT: usize = 10_000;

/// One request that came in.
#[derive(Debug, Clone, Serialize)]
pub struct Recorded {
    /// The verb.
    pub method: String,
    /// The path below the service's root, secrets in it starred out.
    pub path: String,
    /// The query's pairs, and a form's, that hold no secret.
    pub query: Vec<(String, String)>,
    /// The person it was about.
    pub person: Option<String>,
    /// Whether a session cookie came along.
    pub cookie: bool,
    /// Whether a proof against forged requests came along (FAS's `_csrf_token`).
    pub token: bool,
    /// The fault it met.
    pub fault: Option<String>,
    /// The answer's status; none if there was no answer.
    pub status: Option<u16>,
}

impl Recorded {
    /// A query parameter's value.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The newest requests.
#[derive(Debug, Default)]
pub struct Records(Mutex<VecDeque<Recorded>>);

impl Records {
    /// Adds one, and forgets the oldest when there are too many.
    pub fn add(&self, recorded: Recorded) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(recorded);
    }

    /// All that are kept, oldest first.
    pub fn all(&self) -> Vec<Recorded> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}
