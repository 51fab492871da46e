//! Simulated web directories: honest servers on loopback that can be made to fail.
//!
//! The generic half (transport, TLS, faults, records, control) knows nothing of
//! any directory; each directory is one [`Service`](server::Service) in its own
//! folder. A simulator is a test's tool: it keeps passwords in clear and listens
//! on loopback only.

pub mod apicrud;
pub mod body;
mod clock;
pub mod control;
pub mod crowd;
pub mod exchange;
pub mod fas;
pub mod fault;
pub mod gafaelfawr;
pub mod gate;
pub mod record;
pub mod running;
pub mod server;
pub mod size;
pub mod tls;
mod token;

/// Why a simulator could not be started or told something.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address cannot be listened on, or the state folder not be written.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The throw-away certificates could not be made.
    #[error("cannot make throw-away certificates")]
    Certificate(#[source] rcgen::Error),
    /// The TLS settings were refused.
    #[error("cannot use the throw-away certificates")]
    Tls(#[source] rustls::Error),
    /// The population's file is not what it should be.
    #[error("{path} does not describe a population")]
    Population {
        /// The file.
        path: String,
        /// Where it goes wrong.
        #[source]
        source: serde_json::Error,
    },
}

impl SimError {
    /// An [`SimError::Io`] while doing `what`, for `map_err`.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
