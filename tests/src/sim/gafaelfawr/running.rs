//! A simulated Gafaelfawr that runs: the door for tests written in Rust.

use std::net::SocketAddr;
use std::time::Duration;

use super::population::Population;
use super::service::GafaelfawrService;
use crate::sim::SimError;
use crate::sim::running::{ANY_PORT, Encryption, Running};

/// A running Gafaelfawr.
pub type Gafaelfawr = Running<GafaelfawrService>;

impl Running<GafaelfawrService> {
    /// Starts one with TLS on a free port of 127.0.0.1.
    pub fn start(population: Population) -> Result<Self, SimError> {
        Self::start_at(population, ANY_PORT, Encryption::Tls, "")
    }

    /// Starts one without TLS.
    pub fn start_plain(population: Population) -> Result<Self, SimError> {
        Self::start_at(population, ANY_PORT, Encryption::Plain, "")
    }

    /// Starts one at `address` below `context`.
    pub fn start_at(
        population: Population,
        address: SocketAddr,
        encryption: Encryption,
        context: &str,
    ) -> Result<Self, SimError> {
        let service = GafaelfawrService::new(population, encryption, context);
        Self::serve(service, encryption, address, context)
    }

    /// Changes the population.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        self.server().service.update(change)
    }

    /// Lets time pass for tokens.
    pub fn advance(&self, span: Duration) {
        self.server().service.advance(span);
    }
}
