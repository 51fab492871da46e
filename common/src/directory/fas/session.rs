//! The one session of the service account: opened when it is first needed, shared by
//! all, and opened again, once, when FAS has forgotten it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::super::DirectoryError;
use super::verdict::misconfigured;
use super::visit::Visit;
use crate::memory::{Keeping, Memory};

/// FAS ends a session that is not used for twenty minutes, and says so; this is no
/// deadline of ours but the bound that the memory wants.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A session and which one it is, counted from the first.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    number: u64,
    pub(super) visit: Arc<Visit>,
}

/// The session, or none yet.
pub(super) struct Session {
    /// The number of the session that is good, or would be the next to be opened.
    current: AtomicU64,
    opened: Memory<u64, Arc<Visit>>,
    pause_for: Duration,
    /// Since when the service account is refused, and what was said about it.
    refused: Mutex<Option<(Instant, String)>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(***)")
    }
}

impl Session {
    /// None yet. After a refusal nothing is sent for `pause_for`, so that a wrong password
    /// does not lock the service account or hammer the server.
    pub(super) fn new(pause_for: Duration) -> Self {
        let keeping = Keeping {
            // More than one, since a new number must never lose its place to an old one.
            entries: 64,
            found: KEPT,
            missing: KEPT,
        };
        Self {
            current: AtomicU64::new(0),
            opened: Memory::new(keeping),
            pause_for,
            refused: Mutex::new(None),
        }
    }

    /// The session; if there is none, `log_in` opens one, however many ask.
    pub(super) async fn get(
        &self,
        log_in: impl Future<Output = Result<Visit, DirectoryError>>,
    ) -> Result<Opened, DirectoryError> {
        let number = self.current.load(Ordering::SeqCst);
        let ask = async {
            self.check_pause()?;
            Ok(Some(Arc::new(log_in.await?)))
        };
        match self.opened.get_or_ask(number, ask).await {
            Ok(Some(visit)) => Ok(Opened { number, visit }),
            // A login never finds nothing.
            Ok(None) => Err(misconfigured("there is no session".to_owned())),
            Err(error) => Err(shared(&error)),
        }
    }

    /// FAS does not know this session any more. Whoever says so of an older one than
    /// is open now changes nothing.
    pub(super) async fn end(&self, opened: &Opened) {
        let next = opened.number.saturating_add(1);
        let changed =
            self.current
                .compare_exchange(opened.number, next, Ordering::SeqCst, Ordering::SeqCst);
        // Who has read the number just before still finds what belongs to it, and
        // learns from FAS that it is over, instead of opening a session of its own.
        if changed.is_ok()
            && let Some(older) = opened.number.checked_sub(1)
        {
            self.opened.forget(&older).await;
        }
    }

    fn check_pause(&self) -> Result<(), DirectoryError> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match &*refused {
            Some((since, reason)) if since.elapsed() < self.pause_for => {
                Err(misconfigured(reason.clone()))
            }
            _ => Ok(()),
        }
    }

    /// FAS refuses the service account itself, for this reason: it is left alone for a while.
    pub(super) fn pause(&self, reason: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused = Some((Instant::now(), reason.to_owned()));
    }
}

/// A failure, told to everybody who waited for the same login.
fn shared(error: &DirectoryError) -> DirectoryError {
    match error {
        DirectoryError::Unreachable {
            reason,
            retry_after,
            ..
        } => DirectoryError::Unreachable {
            reason: reason.clone(),
            retry_after: *retry_after,
            source: None,
        },
        DirectoryError::Misconfigured { reason } => misconfigured(reason.clone()),
        DirectoryError::Nonsense { reason, .. } => DirectoryError::Nonsense {
            reason: reason.clone(),
            source: None,
        },
        // What is said of a person is never said of the service account.
        DirectoryError::Refused(_)
        | DirectoryError::NotFound
        | DirectoryError::CodeWanted
        | DirectoryError::TooManyTries
        | DirectoryError::Locked
        | DirectoryError::SecretExpired => misconfigured(error.to_string()),
    }
}
