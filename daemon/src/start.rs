//! Starting and stopping: configuration, sockets, privileges, then the tasks.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use muster_common::clock::{Clock, SystemClock};
use muster_common::config::{self, Config, ConfigErrors, DirectoryConfig};
use muster_common::connect::ConnectError;
use muster_common::paths;
use muster_common::store::{Store, StoreError};
use muster_common::verifier::{HostKey, HostKeyError};
use muster_daemon::hardening::harden;
use rustix::fs::Mode;
use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::broker::{self, Broker, Connected};
use crate::client::Client;
use crate::hashing::Hashing;
use crate::listener::{self, listen, subordinate_ranges};
use crate::login::{Patience, WrittenThrough};
use crate::lookups::Lookups;
use crate::mapped::Mapped;
use crate::peer::Places;
use crate::privileges::{PrivilegeError, drop_root};
use crate::publisher::{Publisher, keep_published};
use crate::registry::Host;
use crate::sockets::{self, Sockets};
use crate::sync::SyncRequest;
use crate::sync::keep_synced;
use crate::turns::Turns;
use crate::watchdog::keep_alive;

/// How long logins under way may go on after a request to stop.
const LAST_CALLS: Duration = Duration::from_secs(3);
/// Requests for a sync that wait for the one under way.
const SYNC_QUEUE: usize = 8;

/// Why the broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong: every problem, a line each.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A directory's client cannot be made.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The change from root to muster failed.
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The host key cannot be read or made.
    #[error(transparent)]
    HostKey(#[from] HostKeyError),
    /// Sockets, signals or the runtime.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// Runs until a signal says stop.
pub fn run(config_file: &Path) -> Result<(), StartError> {
    let config = config::load_trusted(config_file)?;
    let sockets = sockets::open()?;
    drop_root()?;
    harden(Mode::from_raw_mode(0o077))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let private = PathBuf::from(paths::PRIVATE_DIR);
    let store = Store::open(&private.join("store.sqlite"))?;
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let host_key = HostKey::unsealed_or_own(credentials.as_deref(), &private.join("host.key"))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let host = Host {
        store: Arc::new(store),
        host_key: Arc::new(host_key),
        clock,
        hashing: Arc::new(Hashing::on(cores)),
    };
    let directories = config
        .directories
        .iter()
        .map(|directory| Client::of(directory, &host))
        .collect::<Result<Vec<_>, _>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(serve(config, sockets, directories, host))?;
    runtime.shutdown_timeout(LAST_CALLS);
    Ok(())
}

async fn serve(
    config: Config,
    sockets: Sockets,
    directories: Vec<Client>,
    host: Host,
) -> io::Result<()> {
    let (connected, queues): (Vec<_>, Vec<_>) = config
        .directories
        .iter()
        .cloned()
        .zip(directories)
        .map(with_queue)
        .unzip();
    let broker = Arc::new(broker(config, connected, host));
    let places = Arc::new(Places::default());
    let mut stop = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let root = UnixListener::from_std(sockets.root)?;
    let roots_door = tokio::spawn(listen(Arc::clone(&broker), Arc::clone(&places), root));
    let look_ups = listener::open(
        Arc::clone(&broker),
        Arc::clone(&places),
        sockets.lookup,
        Handle::current(),
    )?;
    let hashing = Arc::clone(&broker.hashing);
    tokio::spawn(async move { hashing.rooms.keep_small().await });
    tokio::spawn(keep_published(Arc::clone(&broker)));
    for (connected, queue) in broker.connected.iter().zip(queues) {
        let name = connected.config.name.clone();
        tokio::spawn(keep_synced(Arc::clone(&broker), name, queue));
    }
    if let Some(interval) = muster_daemon::notify::watchdog_interval() {
        tokio::spawn(keep_alive(Path::new(paths::LOOKUP_SOCKET), interval));
    }
    muster_daemon::notify::ready();
    log::info!(
        "musterd {} is ready: {} directories",
        env!("CARGO_PKG_VERSION"),
        broker.connected.len()
    );
    tokio::select! {
        _ = stop.recv() => {}
        _ = interrupt.recv() => {}
    }
    muster_daemon::notify::stopping();
    log::info!("stopping");
    roots_door.abort();
    drop(look_ups);
    // Logins under way come to their end; whoever is still typing is hung up on.
    let _cut = timeout(LAST_CALLS, places.emptied()).await;
    Ok(())
}

fn with_queue(
    (config, client): (DirectoryConfig, Client),
) -> (Connected, mpsc::Receiver<SyncRequest>) {
    let (sync, queue) = mpsc::channel(SYNC_QUEUE);
    let connected = Connected {
        config,
        client,
        sync,
    };
    (connected, queue)
}

fn broker(config: Config, connected: Vec<Connected>, host: Host) -> Broker {
    let places = broker::Places {
        host: PathBuf::from("/"),
        snapshot: PathBuf::from(paths::SNAPSHOT),
        snapshot_owner: 0,
        publish_socket: PathBuf::from(paths::PUBLISH_SOCKET),
    };
    Broker {
        subordinate: subordinate_ranges(&places.host),
        config,
        places,
        store: host.store,
        connected,
        started: host.clock.since_boot(),
        clock: host.clock,
        host_key: host.host_key,
        hashing: host.hashing,
        publisher: Publisher::default(),
        lookups: Lookups::default(),
        mapped: Mapped::default(),
        written_through: WrittenThrough::default(),
        turns: Turns::default(),
        patience: Patience::default(),
        high_water: AtomicU64::new(0),
        standings: Mutex::new(HashMap::new()),
    }
}
