//! Keeps each directory's contribution fresh: a full sync at start, then at the
//! configured interval with jitter, slower while it fails, at once when asked.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use muster_common::directory::{DirectoryError, Projection};
use muster_common::name::DirectoryName;
use muster_common::store::StoreError;
use muster_common::wire::message::SyncOutcome;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use muster_daemon::logging::with_causes;

use crate::broker::Broker;
use crate::publisher::publish_now;

/// The wait after the first failure; it doubles up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(10);
/// A sync that removes at most this many persons is never held.
const SHRINK_FREE: usize = 10;
/// The share of persons, in percent, that a sync may remove unasked.
const SHRINK_PERCENT: usize = 20;

/// Whether a sync that would remove many is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrink {
    /// Hold it: the old set stays.
    Hold,
    /// An administrator has looked and accepts it.
    Accept,
}

/// Asks for a sync now.
pub struct SyncRequest {
    /// What an administrator has said about shrinking.
    pub shrink: Shrink,
    /// Where the outcome goes, after it has been published.
    pub reply: oneshot::Sender<SyncOutcome>,
}

/// Why a sync came to nothing. What was known before stays.
#[derive(Debug, thiserror::Error)]
enum SyncError {
    /// The directory gave no answer to believe.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It would remove too many.
    #[error(
        "held: it would remove {removed} of {before} persons; `muster sync --accept-shrink {directory}` lets it through"
    )]
    Shrink {
        removed: usize,
        before: usize,
        directory: DirectoryName,
    },
    /// The work was cut off.
    #[error("cut off: {0}")]
    Cut(#[from] tokio::task::JoinError),
}

/// The task of one directory; ends when nobody can ask any more.
pub async fn keep_synced(
    broker: Arc<Broker>,
    name: DirectoryName,
    mut requests: mpsc::Receiver<SyncRequest>,
) {
    let interval = broker.config.sync.interval;
    let mut failures = 0u32;
    let mut due = Instant::now();
    loop {
        let request = tokio::select! {
            () = tokio::time::sleep_until(due) => None,
            request = requests.recv() => match request {
                Some(request) => Some(request),
                None => return,
            },
        };
        let shrink = request
            .as_ref()
            .map_or(Shrink::Hold, |request| request.shrink);
        let result = sync_once(&broker, &name, shrink).await;
        failures = if result.is_ok() {
            0
        } else {
            failures.saturating_add(1)
        };
        let wait = jittered(wait_after(failures, interval, retry_after(&result)));
        due = Instant::now() + wait;
        broker.note(&name, |standing| {
            standing.next_sync = broker.clock.now().after(wait);
        });
        let outcome = outcome(&broker, &name, &result).await;
        if let Some(request) = request {
            // Whoever asked may have hung up: nothing is lost.
            let _gone = request.reply.send(outcome);
        }
    }
}

async fn outcome(
    broker: &Arc<Broker>,
    directory: &DirectoryName,
    result: &Result<(u64, u64), SyncError>,
) -> SyncOutcome {
    let name = directory.to_string();
    match result {
        Ok((users, groups)) => {
            let error = publish_now(broker)
                .await
                .error
                .map(|error| format!("synced, but not published: {error}"));
            SyncOutcome {
                name,
                users: *users,
                groups: *groups,
                error,
            }
        }
        Err(error) => {
            let text = with_causes(error);
            if !matches!(error, SyncError::Directory(_)) {
                log::error!("sync of {name}: {text}");
                broker.note(directory, |standing| {
                    standing.held = Some(text.clone());
                });
            }
            SyncOutcome {
                name,
                users: 0,
                groups: 0,
                error: Some(text),
            }
        }
    }
}

async fn sync_once(
    broker: &Arc<Broker>,
    name: &DirectoryName,
    shrink: Shrink,
) -> Result<(u64, u64), SyncError> {
    let Some(connected) = broker.connected(name) else {
        return Ok((0, 0));
    };
    let answer = connected.directory.probe().await;
    broker.note_call(name, answer.as_ref().err());
    let version = answer?;
    let Some(listing) = connected.directory.listing() else {
        return Ok((0, 0));
    };
    let answer = listing.everybody().await;
    broker.note_call(name, answer.as_ref().err());
    let projection = answer?;
    let counts = (
        count(projection.people.len()),
        count(projection.teams.len()),
    );
    let store = Arc::clone(&broker.store);
    let now = broker.clock.now();
    let owned = name.clone();
    let remarks = projection.remarks.clone();
    tokio::task::spawn_blocking(move || keep(&store, &owned, &projection, shrink, now)).await??;
    raise_high_water(broker);
    broker.note(name, |standing| {
        standing.server = Some(version.0);
        standing.counts = counts;
        standing.held = None;
        standing.remarks = remarks;
    });
    Ok(counts)
}

fn keep(
    store: &muster_common::store::Store,
    directory: &DirectoryName,
    projection: &Projection,
    shrink: Shrink,
    now: muster_common::clock::Time,
) -> Result<(), SyncError> {
    if shrink == Shrink::Hold {
        let kept: HashSet<_> = projection.people.iter().map(|person| &person.key).collect();
        let before = store.person_keys(directory)?;
        let removed = before.iter().filter(|key| !kept.contains(key)).count();
        if shrinks_too_much(before.len(), removed, projection.people.len()) {
            let directory = directory.clone();
            return Err(SyncError::Shrink {
                removed,
                before: before.len(),
                directory,
            });
        }
    }
    Ok(store.replace(directory, projection, now)?)
}

/// An empty answer is never believed by itself; nor is one without a fifth of those who were there.
fn shrinks_too_much(before: usize, removed: usize, now: usize) -> bool {
    let share = before.saturating_mul(SHRINK_PERCENT) / 100;
    (now == 0 && before > 0) || removed > share.max(SHRINK_FREE)
}

/// How far the clock runs on before the mark is written again.
const MARK_EVERY: u64 = 60;

/// An authenticated answer of a server over TLS vouches for the clock.
pub fn raise_high_water(broker: &Broker) {
    let now = broker.clock.now();
    let written = broker.high_water.load(Ordering::Relaxed);
    if now.unix() < written.saturating_add(MARK_EVERY) {
        return;
    }
    match broker.store.raise_high_water(now) {
        Ok(()) => broker.high_water.store(now.unix(), Ordering::Relaxed),
        Err(error) => log::error!("the clock's high-water mark could not be kept: {error}"),
    }
}

fn retry_after(result: &Result<(u64, u64), SyncError>) -> Option<Duration> {
    match result {
        Err(SyncError::Directory(DirectoryError::Unreachable { retry_after, .. })) => *retry_after,
        _ => None,
    }
}

fn wait_after(failures: u32, interval: Duration, asked: Option<Duration>) -> Duration {
    let Some(doublings) = failures.checked_sub(1) else {
        return interval;
    };
    let backoff = FIRST_RETRY
        .saturating_mul(1u32.checked_shl(doublings).unwrap_or(u32::MAX))
        .min(interval);
    // A server may ask for patience, but not for ever.
    backoff.max(asked.unwrap_or_default().min(Duration::from_secs(3600)))
}

/// Up to a tenth more, so that a fleet does not march in step.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [0u8; 2];
    if getrandom::fill(&mut byte).is_err() {
        return wait;
    }
    wait + wait / 10 * u32::from(u16::from_be_bytes(byte)) / u32::from(u16::MAX)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_answer_or_a_large_removal_is_held_and_a_small_one_is_not() {
        let check = |before, removed, now, held| {
            assert_eq!(
                shrinks_too_much(before, removed, now),
                held,
                "{before} {removed}"
            );
        };
        check(0, 0, 0, false);
        check(1, 1, 0, true);
        check(8, 5, 3, false);
        check(100, 20, 80, false);
        check(100, 21, 79, true);
        check(100, 20, 1000, false);
    }

    #[test]
    fn failures_wait_longer_up_to_the_interval_and_as_long_as_the_server_asks() {
        let interval = Duration::from_secs(900);
        let check = |failures, asked: Option<u64>, seconds| {
            let wait = wait_after(failures, interval, asked.map(Duration::from_secs));
            assert_eq!(wait, Duration::from_secs(seconds), "{failures} {asked:?}");
        };
        check(0, None, 900);
        check(1, None, 10);
        check(2, None, 20);
        check(40, None, 900);
        check(1, Some(120), 120);
        check(1, Some(1_000_000), 3600);
    }
}
