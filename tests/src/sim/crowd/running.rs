//! A simulated Crowd that runs: the door for tests written in Rust.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::population::Population;
use super::service::CrowdService;
use crate::sim::SimError;
use crate::sim::fault::Rule;
use crate::sim::record::Recorded;
use crate::sim::running::Running;
use crate::sim::tls::Authority;

/// Whether a simulator speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// It does, with a throw-away authority.
    Tls,
    /// It does not.
    Plain,
}

/// A running Crowd; it ends when this is dropped. All methods may be called
/// from asynchronous code and outside it.
pub struct Crowd {
    running: Running<CrowdService>,
    authority: Option<Authority>,
}

impl Crowd {
    /// Starts one with TLS on a free port of 127.0.0.1, below `/crowd`.
    pub fn start(population: Population) -> Result<Self, SimError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::start_at(population, any, Encryption::Tls, "/crowd")
    }

    /// Starts one without TLS.
    pub fn start_plain(population: Population) -> Result<Self, SimError> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::start_at(population, any, Encryption::Plain, "/crowd")
    }

    /// Starts one at `address` below `context`.
    pub fn start_at(
        population: Population,
        address: SocketAddr,
        encryption: Encryption,
        context: &str,
    ) -> Result<Self, SimError> {
        let authority = match encryption {
            Encryption::Tls => Some(Authority::new()?),
            Encryption::Plain => None,
        };
        let tls = authority.as_ref().map(Authority::server);
        let service = CrowdService::new(population, context);
        Ok(Self {
            running: Running::start(service, tls, address, context)?,
            authority,
        })
    }

    /// Its base URL, for example `https://127.0.0.1:40123/crowd`.
    pub fn url(&self) -> &str {
        self.running.url()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// The certificate that clients must trust; empty without TLS.
    pub fn authority_pem(&self) -> &str {
        self.authority.as_ref().map_or("", Authority::pem)
    }

    /// Puts one fault in force in place of all others. When it returns it is.
    pub fn fault(&self, rule: impl Into<Rule>) {
        self.faults(vec![rule.into()]);
    }

    /// Puts these faults in force in place of all others; the first that suits wins.
    pub fn faults(&self, rules: Vec<Rule>) {
        self.running.server().set_faults(rules);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.faults(Vec::new());
    }

    /// Changes the population.
    pub fn update<R>(&self, change: impl FnOnce(&mut Population) -> R) -> R {
        self.running.server().service.update(change)
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.running.server().records.all()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.running.server().records.clear();
    }

    /// Lets time pass for sessions and dates.
    pub fn advance(&self, span: Duration) {
        self.running.server().service.advance(span);
    }

    /// Forgets servlet sessions, as a restart does.
    pub fn forget_servlet_sessions(&self) {
        self.running.server().service.forget_servlet_sessions();
    }

    /// Takes orders at a Unix socket, for scripts.
    pub fn control_at(&self, socket: &Path) -> Result<(), SimError> {
        self.running.control_at(socket)
    }

    /// The server underneath.
    pub fn server(&self) -> &Arc<crate::sim::server::Server<CrowdService>> {
        self.running.server()
    }
}
