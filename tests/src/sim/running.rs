//! A simulator with its own threads, so that tests need not be asynchronous.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::net::UnixListener;
use tokio::runtime::{Builder, Runtime};

use super::fault::Rule;
use super::record::Recorded;
use super::server::{Server, Service};
use super::tls::{Authority, Leaf};
use super::{SimError, control, gate};

/// A free port of 127.0.0.1.
pub const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Whether a simulator speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// It does, with a throw-away authority.
    Tls,
    /// It does, with a certificate that is broken in one way.
    TlsWith(Leaf),
    /// It does not.
    Plain,
}

/// What every running simulator can be asked, whichever directory it plays.
pub trait Simulator {
    /// Its base URL, for example `https://127.0.0.1:40123/crowd`.
    fn url(&self) -> &str;

    /// The certificate that clients must trust; empty without TLS.
    fn authority_pem(&self) -> &str;

    /// Takes orders at a Unix socket, for scripts.
    fn control_at(&self, socket: &Path) -> Result<(), SimError>;
}

/// A running simulator; it ends when this is dropped. All methods may be called
/// from asynchronous code and outside it.
pub struct Running<S> {
    server: Arc<Server<S>>,
    authority: Option<Authority>,
    address: SocketAddr,
    url: String,
    // Taken when dropped: a runtime may not be dropped by asynchronous code.
    runtime: Option<Runtime>,
}

impl<S: Service> Running<S> {
    /// Serves at `address`, with its root at `context`.
    pub fn serve(
        service: S,
        encryption: Encryption,
        address: SocketAddr,
        context: &str,
    ) -> Result<Self, SimError> {
        let (scheme, authority) = match encryption {
            Encryption::Tls => ("https", Some(Authority::new()?)),
            Encryption::TlsWith(leaf) => ("https", Some(Authority::with(leaf)?)),
            Encryption::Plain => ("http", None),
        };
        let tls = authority.as_ref().map(Authority::server);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("simulator")
            .enable_all()
            .build()
            .map_err(SimError::io("starting threads"))?;
        let server = Arc::new(Server::new(service, tls));
        let entered = runtime.enter();
        let listener = gate::hold(address)
            .and_then(gate::listen)
            .map_err(SimError::io(format!("listening on {address}")))?;
        drop(entered);
        let address = listener.local_addr().map_err(SimError::io("listening"))?;
        runtime.spawn(Arc::clone(&server).run(listener));
        let url = format!("{scheme}://{address}{}", context.trim_end_matches('/'));
        Ok(Self {
            server,
            authority,
            address,
            url,
            runtime: Some(runtime),
        })
    }

    /// The server.
    pub fn server(&self) -> &Arc<Server<S>> {
        &self.server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, for example `https://127.0.0.1:40123/crowd`.
    pub fn url(&self) -> &str {
        &self.url
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
        self.server.set_faults(rules);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.faults(Vec::new());
    }

    /// The requests so far, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.server.records.all()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.server.records.clear();
    }

    /// Takes orders at a Unix socket, for scripts.
    pub fn control_at(&self, socket: &Path) -> Result<(), SimError> {
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        let _entered = runtime.enter();
        let listener = UnixListener::bind(socket)
            .map_err(SimError::io(format!("listening on {}", socket.display())))?;
        runtime.spawn(control::listen(Arc::clone(&self.server), listener));
        Ok(())
    }
}

impl<S: Service> Simulator for Running<S> {
    fn url(&self) -> &str {
        self.url()
    }

    fn authority_pem(&self) -> &str {
        self.authority_pem()
    }

    fn control_at(&self, socket: &Path) -> Result<(), SimError> {
        self.control_at(socket)
    }
}

impl<S> Drop for Running<S> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
