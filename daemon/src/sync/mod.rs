//! What each directory contributes, kept up to date: a task for each, which reads
//! everybody or what has changed when its schedule says so, or at once when asked.

mod changes;
mod guard;
mod whole;

#[cfg(test)]
mod tests;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use muster_common::config::DirectoryConfig;
use muster_common::directory::DirectoryError;
use muster_common::name::DirectoryName;
use muster_common::store::projection::Counts;
use muster_common::store::renewal::Change;
use muster_common::store::{Store, StoreError};
use muster_common::text::with_causes;
use muster_common::wire::message::SyncOutcome;
use muster_daemon::schedule::{Before, Outcome, Plan, Schedule, Work};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use self::changes::{Followed, Follower};
pub use self::guard::Shrink;
#[cfg(test)]
pub use self::whole::read as read_whole;
use crate::broker::{Broker, Connected};
use crate::publisher::{publish_in_background, publish_now};

/// Asks for a sync now.
pub struct SyncRequest {
    /// What an administrator has said about shrinking.
    pub shrink: Shrink,
    /// Where the outcome goes, after it has been published.
    pub reply: oneshot::Sender<SyncOutcome>,
}

/// Why a sync came to nothing. What was known before stays.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The directory gave no answer to believe.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It would remove too many.
    #[error(
        "held: it would remove {removed} of {before} {what}; `muster sync --accept-shrink {directory}` lets it through"
    )]
    Shrink {
        /// Of what.
        what: &'static str,
        /// How many would go.
        removed: usize,
        /// How many were there.
        before: usize,
        /// The directory.
        directory: DirectoryName,
    },
    /// The work was cut off.
    #[error("cut off: {0}")]
    Cut(#[from] tokio::task::JoinError),
}

/// What a sync came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synced {
    /// What the directory contributes now.
    pub counts: Counts,
    /// Whether that is other than before.
    pub change: Change,
    /// Whether changes can be asked for from here on.
    pub history: bool,
    /// Whether everybody was read, and not only who is known here.
    pub listed: bool,
}

/// The task of one directory; ends when nobody can ask any more.
pub async fn keep_synced(
    broker: Arc<Broker>,
    name: DirectoryName,
    mut requests: mpsc::Receiver<SyncRequest>,
) {
    let Some(connected) = broker.connected(&name) else {
        return;
    };
    let origin = Instant::now();
    let mut keeper = Keeper::new(&broker, connected);
    loop {
        let (due, work) = keeper.schedule.due();
        let wait = due.saturating_sub(origin.elapsed());
        broker.note(&name, |standing| {
            standing.next_sync = broker.clock.now().after(wait);
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => match work {
                Work::Whole => keeper.read_whole(origin).await,
                Work::Changes => keeper.follow(origin).await,
            },
            request = requests.recv() => match request {
                Some(request) => keeper.answer(origin, request).await,
                None => return,
            },
        }
    }
}

/// One directory, and when it is asked for what.
struct Keeper<'a> {
    broker: &'a Arc<Broker>,
    connected: &'a Connected,
    schedule: Schedule,
    follower: Follower,
}

impl<'a> Keeper<'a> {
    fn new(broker: &'a Arc<Broker>, connected: &'a Connected) -> Self {
        let sync = &broker.config.sync;
        let plan = Plan {
            whole: sync.interval,
            whole_beside_changes: sync.full_interval.max(sync.interval),
            changes: sync.changes_interval,
        };
        let before = before(broker, connected);
        Self {
            broker,
            connected,
            schedule: Schedule::new(plan, seed(), Duration::ZERO, before),
            follower: Follower::default(),
        }
    }

    async fn read_whole(&mut self, origin: Instant) {
        if self.whole(origin, Shrink::Hold).await.is_ok() {
            publish_in_background(self.broker);
        }
    }

    async fn answer(&mut self, origin: Instant, request: SyncRequest) {
        let result = self.whole(origin, request.shrink).await;
        let outcome = self.outcome(&result).await;
        // Whoever asked may have hung up: nothing is lost.
        let _gone = request.reply.send(outcome);
    }

    async fn whole(&mut self, origin: Instant, shrink: Shrink) -> Result<Synced, SyncError> {
        let result = whole::read(self.broker, self.connected, shrink).await;
        let outcome = match &result {
            Ok(synced) => {
                self.follower.start_over();
                Outcome::Whole {
                    history: synced.history,
                }
            }
            Err(error) => failed(error),
        };
        self.schedule.settle(origin.elapsed(), outcome);
        if let Err(error) = &result {
            self.note_failure(error);
        }
        result
    }

    async fn follow(&mut self, origin: Instant) {
        let followed = self.follower.follow(self.broker, self.connected).await;
        let outcome = match &followed {
            Ok(Followed::Read { answered_in, .. }) => Outcome::Changes {
                answered_in: *answered_in,
            },
            Ok(Followed::HistoryLost) => Outcome::HistoryLost,
            Ok(Followed::Beyond) => Outcome::ChangesBeyond,
            Err(error) => failed(error),
        };
        self.schedule.settle(origin.elapsed(), outcome);
        match &followed {
            Ok(Followed::Read { publish: true, .. }) => publish_in_background(self.broker),
            Ok(_) => {}
            Err(error) => self.note_failure(error),
        }
    }

    fn note_failure(&self, error: &SyncError) {
        let name = &self.connected.config.name;
        match error {
            SyncError::Directory(error) => self.broker.note_call(name, Some(error)),
            _ => {
                let text = with_causes(error);
                log::error!("sync of {name}: {text}");
                self.broker
                    .note(name, |standing| standing.held = Some(text));
            }
        }
    }

    async fn outcome(&self, result: &Result<Synced, SyncError>) -> SyncOutcome {
        let name = self.connected.config.name.to_string();
        match result {
            Ok(Synced { counts, .. }) => {
                let error = publish_now(self.broker).await.error;
                SyncOutcome {
                    name,
                    users: counts.people,
                    groups: counts.teams,
                    error: error.map(|error| format!("synced, but not published: {error}")),
                }
            }
            Err(error) => SyncOutcome {
                name,
                error: Some(with_causes(error)),
                ..SyncOutcome::default()
            },
        }
    }
}

fn failed(error: &SyncError) -> Outcome {
    match error {
        SyncError::Directory(DirectoryError::Unreachable { retry_after, .. }) => Outcome::Failed {
            pause: *retry_after,
        },
        _ => Outcome::Failed { pause: None },
    }
}

/// What the store knows from before the start; nothing that was read under other settings
/// counts, since another scope or other attributes say other things of the same people.
fn before(broker: &Broker, connected: &Connected) -> Option<Before> {
    let reading = broker.store.reading(&connected.config.name).ok()??;
    if reading.settings != Some(fingerprint(&connected.config)) {
        return None;
    }
    Some(Before {
        whole: broker.clock.now().since(reading.whole),
        history: reading.cursor.is_some() && connected.directory().changes().is_some(),
    })
}

/// What tells one directory's settings from others.
pub fn fingerprint(config: &DirectoryConfig) -> i64 {
    let mut hasher = DefaultHasher::new();
    format!("{config:?}").hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// A seed that no other host has; without the system's random numbers any will do.
fn seed() -> u64 {
    let mut seed = [0; 8];
    match getrandom::fill(&mut seed) {
        Ok(()) => u64::from_ne_bytes(seed),
        Err(_) => u64::from(std::process::id()),
    }
}

/// Runs `work` on the store where it may block.
async fn on_store<T: Send + 'static>(
    broker: &Broker,
    work: impl FnOnce(&Store) -> Result<T, SyncError> + Send + 'static,
) -> Result<T, SyncError> {
    let store = Arc::clone(&broker.store);
    tokio::task::spawn_blocking(move || work(&store)).await?
}
