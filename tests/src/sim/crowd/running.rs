//! A simulated Crowd that runs: the door for tests written in Rust.

use std::net::SocketAddr;
use std::time::Duration;

use super::event::EventSettings;
use super::population::Population;
use super::service::CrowdService;
use crate::sim::SimError;
use crate::sim::running::{ANY_PORT, Encryption, Running};

/// A running Crowd.
pub type Crowd = Running<CrowdService>;

impl Running<CrowdService> {
    /// Starts one with TLS on a free port of 127.0.0.1, below `/crowd`.
    pub fn start(population: Population) -> Result<Self, SimError> {
        Self::start_at(population, ANY_PORT, Encryption::Tls, "/crowd")
    }

    /// Starts one without TLS.
    pub fn start_plain(population: Population) -> Result<Self, SimError> {
        Self::start_at(population, ANY_PORT, Encryption::Plain, "/crowd")
    }

    /// Starts one at `address` below `context`.
    pub fn start_at(
        population: Population,
        address: SocketAddr,
        encryption: Encryption,
        context: &str,
    ) -> Result<Self, SimError> {
        let service = CrowdService::new(population, context);
        Self::serve(service, encryption, address, context)
    }

    /// Changes the population. Whatever is done to it is found out and told as events.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        self.server().service.update(change)
    }

    /// Lets time pass for sessions and dates.
    pub fn advance(&self, span: Duration) {
        self.server().service.advance(span);
    }

    /// Forgets servlet sessions, as a restart does.
    pub fn forget_servlet_sessions(&self) {
        self.server().service.forget_servlet_sessions();
    }

    /// Forgets what a server's process forgets when it is started again.
    pub fn restart(&self) {
        self.server().service.restart();
    }

    /// Tells what changes as these say, from now on.
    pub fn set_events(&self, settings: EventSettings) {
        self.server().service.set_events(settings);
    }

    /// Lets the tokens of events expire, as a change of aliases or directories does.
    pub fn expire_events(&self) {
        self.server().service.expire_events();
    }
}
