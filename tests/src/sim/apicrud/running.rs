//! A simulated apicrud that runs: the door for tests written in Rust.

use std::net::SocketAddr;
use std::time::Duration;

use super::population::Population;
use super::service::ApicrudService;
use crate::sim::SimError;
use crate::sim::running::{ANY_PORT, Encryption, Running};

/// A running apicrud.
pub type Apicrud = Running<ApicrudService>;

impl Running<ApicrudService> {
    /// Starts one with TLS on a free port of 127.0.0.1, below `/api/v1`.
    pub fn start(population: Population) -> Result<Self, SimError> {
        Self::start_at(population, ANY_PORT, Encryption::Tls, "/api/v1")
    }

    /// Starts one at `address` below `context`.
    pub fn start_at(
        population: Population,
        address: SocketAddr,
        encryption: Encryption,
        context: &str,
    ) -> Result<Self, SimError> {
        let service = ApicrudService::new(population, context);
        Self::serve(service, encryption, address, context)
    }

    /// Changes the population.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        self.server().service.update(change)
    }

    /// Lets time pass for sessions and locked accounts.
    pub fn advance(&self, span: Duration) {
        self.server().service.advance(span);
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.server().service.sessions()
    }
}
