//! When each directory's contribution is renewed: at start, then at the
//! configured interval with jitter, slower while it fails, at once when asked.

use std::sync::Arc;
use std::time::Duration;

use muster_common::directory::DirectoryError;
use muster_common::name::DirectoryName;
use muster_common::wire::message::SyncOutcome;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use muster_common::text::with_causes;

use crate::broker::Broker;
use crate::contribution::{Shrink, SyncError, renew_contribution};
use crate::publisher::publish_now;

/// The wait after the first failure; it doubles up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(10);
/// Asks for a sync now.
pub struct SyncRequest {
    /// What an administrator has said about shrinking.
    pub shrink: Shrink,
    /// Where the outcome goes, after it has been published.
    pub reply: oneshot::Sender<SyncOutcome>,
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
        let result = renew_contribution(&broker, &name, shrink).await;
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

#[cfg(test)]
mod tests {
    use super::*;

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
