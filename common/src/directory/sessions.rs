//! Single sign-on of a web directory: sessions that people have there, looked at and
//! ended for an administrator. Logging in on this host neither makes nor takes one.

use std::net::IpAddr;

use super::{DirectoryError, ImmutableKey};
use crate::clock::Time;
use crate::secret::Secret;

/// What a session can be bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// The address of the person's browser, never this host's.
    RemoteAddress,
    /// The address that a proxy forwarded.
    ForwardedFor,
}

/// What a session is bound to: validating it needs exactly the same again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Factors(Vec<(Factor, String)>);

impl Factors {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// The address of the person's browser.
    pub fn remote_address(address: IpAddr) -> Self {
        Self::none().with(Factor::RemoteAddress, address)
    }

    /// And this as well.
    #[must_use]
    pub fn with(mut self, factor: Factor, address: IpAddr) -> Self {
        self.0.push((factor, address.to_string()));
        self
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Factor, &str)> {
        self.0
            .iter()
            .map(|(factor, value)| (*factor, value.as_str()))
    }
}

/// A session as the directory describes it, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key of the person whose it is.
    pub key: ImmutableKey,
    /// The person's name as the directory spells it.
    pub name: String,
    /// When it was made, where the server says so.
    pub created: Option<Time>,
    /// When it ends unless it is validated before, where the server says so.
    pub expires: Option<Time>,
}

/// A directory with sessions.
#[async_trait::async_trait]
pub trait Sessions: Send + Sync {
    /// Whether a session is good for somebody with these factors; prolongs it. *Refused*
    /// where it is not: unknown, over, or bound to something else. Never retried.
    async fn validate(&self, token: &Secret, factors: &Factors) -> Result<Session, DirectoryError>;

    /// Ends a session. One that is over already is no error. Never retried.
    async fn end(&self, token: &Secret) -> Result<(), DirectoryError>;
}
