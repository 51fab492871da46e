//! A simulator with its own threads, so that tests need not be asynchronous.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::UnixListener;
use tokio::runtime::{Builder, Runtime};

use super::server::{Server, Service};
use super::{SimError, control, gate};

/// A running server; it ends when this is dropped.
pub struct Running<S> {
    server: Arc<Server<S>>,
    address: SocketAddr,
    url: String,
    // Taken when dropped: a runtime may not be dropped by asynchronous code.
    runtime: Option<Runtime>,
}

impl<S: Service> Running<S> {
    /// Serves at `address`, with its root at `context`.
    pub fn start(
        service: S,
        tls: Option<Arc<rustls::ServerConfig>>,
        address: SocketAddr,
        context: &str,
    ) -> Result<Self, SimError> {
        let scheme = if tls.is_some() { "https" } else { "http" };
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

    /// Its root.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Takes orders at a Unix socket.
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

impl<S> Drop for Running<S> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
