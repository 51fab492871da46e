//! A request, taken apart: what every route works on.

use serde_json::Value;

use super::session::Session;
use crate::sim::exchange::Request;
use crate::sim::fault::Fault;

/// A request, who asks, and what goes wrong.
pub(super) struct Call<'r> {
    pub request: &'r Request,
    /// The body, if it is JSON.
    pub body: Value,
    /// The session that the request comes in.
    pub session: Option<Session>,
    pub fault: Option<&'r Fault>,
    /// The server's time, in milliseconds since 1970.
    pub now: u64,
}

impl Call<'_> {
    /// A text of the body.
    pub(super) fn said(&self, key: &str) -> Option<&str> {
        self.body.get(key)?.as_str()
    }

    /// The server's time in seconds since 1970.
    pub(super) fn seconds(&self) -> u64 {
        self.now / 1000
    }
}
