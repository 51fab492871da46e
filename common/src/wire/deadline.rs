//! The one moment that all waiting of a call has in common.

use std::io;
use std::time::{Duration, Instant};

/// A moment after which nothing is waited for any more.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// `span` from now.
    pub fn after(span: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(span).unwrap_or(now))
    }

    /// The earlier of the two.
    pub fn or_earlier(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// What is left; an error of kind `TimedOut` when nothing is.
    pub fn remaining(self) -> io::Result<Duration> {
        let rest = self.0.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(rest)
    }
}
