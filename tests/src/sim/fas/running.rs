//! A simulated FAS that runs: the door for tests written in Rust.

use std::net::SocketAddr;
use std::time::Duration;

use super::population::Population;
use super::service::FasService;
use crate::sim::SimError;
use crate::sim::running::{ANY_PORT, Encryption, Running};

/// A running FAS.
pub type Fas = Running<FasService>;

impl Running<FasService> {
    /// Starts one with TLS on a free port of 127.0.0.1, below `/accounts`.
    pub fn start(population: Population) -> Result<Self, SimError> {
        Self::start_at(population, ANY_PORT, Encryption::Tls, "/accounts")
    }

    /// Starts one without TLS.
    pub fn start_plain(population: Population) -> Result<Self, SimError> {
        Self::start_at(population, ANY_PORT, Encryption::Plain, "/accounts")
    }

    /// Starts one at `address` below `context`.
    pub fn start_at(
        population: Population,
        address: SocketAddr,
        encryption: Encryption,
        context: &str,
    ) -> Result<Self, SimError> {
        let service = FasService::new(population, context);
        Self::serve(service, encryption, address, context)
    }

    /// Changes the population.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        self.server().service.update(change)
    }

    /// Lets time pass for sessions, the cache of groups, and dates.
    pub fn advance(&self, span: Duration) {
        self.server().service.advance(span);
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        self.server().service.expire_sessions();
    }
}
