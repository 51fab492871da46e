//! Shakes hands with every server that is asked by https, with all at once and one deadline: as the broker does,
//! and without a question.

use std::path::Path;
use std::time::Duration;

use muster_common::certificate::Certificate;
use muster_common::config::{self, DirectoryConfig, ServerConfig};
use muster_common::directory::http::handshake::{HandshakeError, shake_hands};
use muster_common::text::with_causes;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::facts::{Handshake, Shaken};

/// How long a server may take, from its name to the end of the handshake.
const PATIENCE: Duration = Duration::from_secs(5);

/// With the servers of the configuration at `path`; with none if it cannot be read, which another check says.
pub(super) fn with_servers(path: &Path) -> Vec<Handshake> {
    let directories = config::load_trusted(path).map_or_else(|_| Vec::new(), |it| it.directories);
    let servers: Vec<_> = directories.into_iter().filter_map(asked_by_https).collect();
    if servers.is_empty() {
        return Vec::new();
    }
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let shaken = runtime.block_on(with_all(servers));
    // A name that is still being resolved is not waited for.
    runtime.shutdown_background();
    shaken
}

fn asked_by_https(directory: DirectoryConfig) -> Option<(String, ServerConfig)> {
    let server = directory.server?;
    let https = server.url.scheme() == "https";
    https.then(|| (directory.name.to_string(), server))
}

async fn with_all(servers: Vec<(String, ServerConfig)>) -> Vec<Handshake> {
    let mut tasks = JoinSet::new();
    for (directory, server) in servers {
        tasks.spawn(with(directory, server));
    }
    let mut shaken = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        shaken.extend(ended.ok());
    }
    shaken.sort_by(|one: &Handshake, other| one.directory.cmp(&other.directory));
    shaken
}

async fn with(directory: String, server: ServerConfig) -> Handshake {
    let ca_pem = server.ca_file.as_ref().map(std::fs::read).transpose();
    let shaken = match ca_pem {
        Err(error) => Shaken::Broken(format!("ca_file: {error}")),
        Ok(pem) => told(shake_hands(&server.url, pem.as_deref(), PATIENCE).await),
    };
    Handshake {
        directory,
        url: server.url.to_string(),
        shaken,
    }
}

fn told(outcome: Result<Vec<Certificate>, HandshakeError>) -> Shaken {
    match outcome {
        Ok(chain) => Shaken::Believed(chain),
        Err(HandshakeError::Untrusted(why)) => Shaken::Untrusted(why),
        Err(error @ (HandshakeError::Unreachable(_) | HandshakeError::Silent(_))) => {
            Shaken::NotReached(error.to_string())
        }
        Err(error) => Shaken::Broken(with_causes(&error)),
    }
}
