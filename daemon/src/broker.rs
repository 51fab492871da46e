//! What the parts of musterd share: configuration, store, directories, clocks and standings.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use muster_common::clock::{Clock, Time};
use muster_common::config::{Config, DirectoryConfig};
use muster_common::directory::{Directory, DirectoryError};
use muster_common::name::DirectoryName;
use muster_common::snapshot::reader::{OpenError, Snapshot};
use muster_common::store::Store;
use muster_common::store::projection::Counts;
use muster_common::verifier::HostKey;
use tokio::sync::mpsc;

use muster_common::text::with_causes;

use crate::client::Client;
use crate::hashing::Hashing;
use crate::login::{Patience, WrittenThrough};
use crate::lookups::Lookups;
use crate::mapped::Mapped;
use crate::publisher::Publisher;
use crate::sync::SyncRequest;
use crate::turns::Turns;

/// The account of peers without an id of their own here.
const SHARED_ACCOUNT: u32 = u32::MAX;
/// How far the clock runs on before its high-water mark is written again, in seconds.
const MARK_EVERY: u64 = 60;
/// What the kernel shows for ids that are not mapped.
const OVERFLOW_UID: u32 = 65_534;

/// Where the broker finds and leaves things; tests have folders of their own.
#[derive(Debug, Clone)]
pub struct Places {
    /// The root of the host's files (`/`).
    pub host: PathBuf,
    /// The snapshot that names are resolved from.
    pub snapshot: PathBuf,
    /// Who must own the snapshot (0; a test's own uid).
    pub snapshot_owner: u32,
    /// The publisher's socket.
    pub publish_socket: PathBuf,
}

/// How one directory has been doing.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// What the server says it is.
    pub server: Option<String>,
    /// The last failure, if the last call failed.
    pub error: Option<String>,
    /// `online` and so on; `None`: never asked.
    pub state: Option<&'static str>,
    /// When the next sync is due.
    pub next_sync: Time,
    /// Persons and groups in the last good sync.
    pub counts: Counts,
    /// Why the last answer is not served, though the directory gave one.
    pub held: Option<String>,
    /// What the last sync left out, a line each.
    pub remarks: Vec<String>,
}

/// A directory and the way to its sync task.
pub struct Connected {
    /// What the configuration says about it.
    pub config: DirectoryConfig,
    /// The client, see [`Self::directory`].
    pub client: Client,
    /// Asks its sync task to sync now.
    pub sync: mpsc::Sender<SyncRequest>,
}

impl Connected {
    /// The client to use for what begins now.
    pub fn directory(&self) -> Arc<dyn Directory> {
        self.client.now()
    }

    /// Whether our own secret has been changed meanwhile, where `error` says that the one
    /// in use is not taken: then asking once more makes sense.
    pub fn has_new_secret(&self, error: &DirectoryError) -> bool {
        matches!(error, DirectoryError::Misconfigured { .. }) && self.client.renewed()
    }
}

/// Everything that the broker's parts share.
pub struct Broker {
    /// The checked configuration.
    pub config: Config,
    /// Where things are.
    pub places: Places,
    /// What is kept on disk.
    pub store: Arc<Store>,
    /// The directories, in order of precedence.
    pub connected: Vec<Connected>,
    /// The snapshot that was looked at last.
    pub mapped: Mapped,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The key of the offline verifiers.
    pub host_key: Arc<HostKey>,
    /// Who may hash passwords now.
    pub hashing: Arc<Hashing>,
    /// Who waits for whom to try a secret.
    pub turns: Turns,
    /// How long logins wait for directories that have been silent.
    pub patience: Patience,
    /// The latest moment known to be on disk as the clock's high-water mark, in seconds since 1970.
    pub high_water: AtomicU64,
    /// The way to the publisher.
    pub publisher: Publisher,
    /// Names that directories are being asked about.
    pub lookups: Lookups,
    /// What logins have told about their people.
    pub written_through: WrittenThrough,
    /// When the broker started, on the boot clock.
    pub started: Duration,
    /// Ids that local users may act as by way of a user namespace.
    pub subordinate: Vec<RangeInclusive<u32>>,
    /// How the directories have been doing.
    pub standings: Mutex<HashMap<DirectoryName, Standing>>,
}

impl Broker {
    /// What `directory` has said vouches for the clock, unless it is the host itself.
    pub fn vouched_by(&self, directory: &DirectoryName) {
        let connected = self.connected(directory);
        if connected.is_some_and(|one| one.config.server.is_some()) {
            self.raise_high_water();
        }
    }

    /// An authenticated answer of a server over TLS vouches for the clock.
    pub fn raise_high_water(&self) {
        let now = self.clock.now();
        let written = self.high_water.load(Ordering::Relaxed);
        if now.unix() < written.saturating_add(MARK_EVERY) {
            return;
        }
        match self.store.raise_high_water(now) {
            Ok(()) => self.high_water.store(now.unix(), Ordering::Relaxed),
            Err(error) => log::error!("the clock's high-water mark could not be kept: {error}"),
        }
    }

    /// The snapshot as the modules would open it now.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, OpenError> {
        let places = &self.places;
        self.mapped.newest(&places.snapshot, places.snapshot_owner)
    }

    /// The directory called `name`, if it is configured.
    pub fn connected(&self, name: &DirectoryName) -> Option<&Connected> {
        self.connected
            .iter()
            .find(|connected| connected.config.name == *name)
    }

    /// Whose allowance a peer draws on: users of foreign user namespaces and subordinate
    /// ids share one.
    pub fn account_of(&self, uid: u32) -> u32 {
        let shares =
            uid == OVERFLOW_UID || self.subordinate.iter().any(|range| range.contains(&uid));
        if shares { SHARED_ACCOUNT } else { uid }
    }

    /// The namespace in which `name` derives ids.
    pub fn namespace(&self, name: &DirectoryName) -> Option<&str> {
        let configured = self
            .config
            .directories
            .iter()
            .find(|directory| directory.name == *name);
        configured.map(|directory| &*directory.namespace)
    }

    /// The standing of `name`.
    pub fn standing(&self, name: &DirectoryName) -> Standing {
        self.lock_standings().get(name).cloned().unwrap_or_default()
    }

    /// Changes the standing of `name`.
    pub fn note<R>(&self, name: &DirectoryName, change: impl FnOnce(&mut Standing) -> R) -> R {
        change(self.lock_standings().entry(name.clone()).or_default())
    }

    /// Notes how a call to `name` went, and says so in the log when the state changes.
    pub fn note_call(&self, name: &DirectoryName, error: Option<&DirectoryError>) {
        let state = error.map_or("online", DirectoryError::state);
        let text = error
            .filter(|error| error.is_silence())
            .map(|error| with_causes(error));
        let former = self.note(name, |standing| {
            standing.error.clone_from(&text);
            standing.state.replace(state)
        });
        match text {
            Some(text) if former != Some(state) => {
                log::warn!("directory {name} is {state}: {text}");
            }
            None if former.is_some_and(|former| former != "online") => {
                log::info!("directory {name} is online again");
            }
            _ => {}
        }
    }

    fn lock_standings(&self) -> std::sync::MutexGuard<'_, HashMap<DirectoryName, Standing>> {
        self.standings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
