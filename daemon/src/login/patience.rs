//! How long a login waits for a directory that has let one wait in vain
//! (docs/decisions/0018-a-server-that-hangs-is-waited-for-briefly.md).
//!
//! A server that takes connections and never answers would cost every login the whole
//! deadline. After one has paid that, whoever has a verifier is made to wait a short time
//! only, for a while. The server is asked as ever and its word counts whenever it comes
//! in time: what is remembered here decides nothing about anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use muster_common::name::DirectoryName;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a server that is well answers in by far, and what a person takes for a moment.
const SHORT: Duration = Duration::from_secs(2);
/// How long one silence is remembered.
const FIRST: Duration = Duration::from_secs(30);
/// How long silence upon silence is remembered at most.
const LONGEST: Duration = Duration::from_secs(300);

/// Which directories have been silent lately. All moments are the boot clock's.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    silences: Mutex<HashMap<DirectoryName, Silence>>,
}

#[derive(Debug)]
struct Silence {
    met: Duration,
    remembered_for: Duration,
    watch: Arc<Semaphore>,
}

/// The one question to a silent directory that goes on after its login, to its own deadline.
#[derive(Debug)]
pub(super) struct Watch(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Default for Patience {
    fn default() -> Self {
        Self::of(SHORT)
    }
}

impl Patience {
    /// Whoever has a verifier waits for `limit`.
    pub(crate) fn of(limit: Duration) -> Self {
        Self {
            limit,
            silences: Mutex::default(),
        }
    }

    /// How long a login may wait that has a verifier; `None`: as long as the question may take.
    pub(super) fn limit(&self, directory: &DirectoryName, now: Duration) -> Option<Duration> {
        let silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = silences.get(directory)?;
        (now < silence.met.saturating_add(silence.remembered_for)).then_some(self.limit)
    }

    /// The watch over `directory`, if it is silent and nobody has it.
    pub(super) fn watch(&self, directory: &DirectoryName) -> Option<Watch> {
        let silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
        let watch = &silences.get(directory)?.watch;
        Arc::clone(watch).try_acquire_owned().ok().map(Watch)
    }

    /// A question that began at `begun` has ended in silence at `now`, by itself. Those that
    /// began before the last silence was met tell nothing new.
    pub(super) fn silent(&self, directory: &DirectoryName, begun: Duration, now: Duration) {
        if now.saturating_sub(begun) < SHORT {
            return;
        }
        let mut silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
        match silences.get_mut(directory) {
            Some(silence) if begun < silence.met => {}
            Some(silence) => {
                silence.met = now;
                silence.remembered_for = silence.remembered_for.saturating_mul(2).min(LONGEST);
            }
            None => {
                let silence = Silence {
                    met: now,
                    remembered_for: FIRST,
                    watch: Arc::new(Semaphore::new(1)),
                };
                silences.insert(directory.clone(), silence);
            }
        }
    }

    /// It has answered, whatever it said.
    pub(super) fn answered(&self, directory: &DirectoryName) {
        let mut silences = self.silences.lock().unwrap_or_else(PoisonError::into_inner);
        silences.remove(directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corp() -> DirectoryName {
        DirectoryName::new("corp").unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Meets a silence of ten seconds that ends at `now`.
    fn meet(patience: &Patience, now: u64) {
        patience.silent(&corp(), seconds(now - 10), seconds(now));
    }

    fn is_hurried(patience: &Patience, now: u64) -> bool {
        patience.limit(&corp(), seconds(now)).is_some()
    }

    #[test]
    fn a_silence_is_remembered_for_a_while_and_silence_upon_silence_longer_up_to_a_ceiling() {
        let patience = Patience::default();
        assert!(!is_hurried(&patience, 100));
        let mut now = 100;
        for expected in [30, 60, 120, 240, 300, 300] {
            meet(&patience, now);
            assert!(is_hurried(&patience, now + expected - 1), "{expected}");
            assert!(!is_hurried(&patience, now + expected), "{expected}");
            now += expected + 10;
        }
        let other = DirectoryName::new("other").unwrap();
        assert_eq!(patience.limit(&other, seconds(now)), None);
    }

    #[test]
    fn logins_that_waited_together_have_met_one_silence() {
        let patience = Patience::default();
        for _ in 0..20 {
            meet(&patience, 100);
        }
        patience.silent(&corp(), seconds(95), seconds(105));
        assert!(is_hurried(&patience, 129) && !is_hurried(&patience, 130));
    }

    #[test]
    fn any_answer_ends_it_and_a_connection_refused_at_once_begins_nothing() {
        let patience = Patience::default();
        patience.silent(&corp(), seconds(100), seconds(101));
        assert!(!is_hurried(&patience, 101));
        meet(&patience, 120);
        meet(&patience, 140);
        patience.answered(&corp());
        assert!(!is_hurried(&patience, 140));
        meet(&patience, 160);
        assert!(!is_hurried(&patience, 190), "it begins anew");
    }

    #[test]
    fn one_watches_at_a_time_and_a_directory_that_answers_is_not_watched() {
        let patience = Patience::default();
        assert!(patience.watch(&corp()).is_none());
        meet(&patience, 100);
        let watch = patience.watch(&corp()).unwrap();
        assert!(patience.watch(&corp()).is_none());
        drop(watch);
        assert!(patience.watch(&corp()).is_some());
    }
}
