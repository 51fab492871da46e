//! The offline half: only when the directory cannot be reached, only with a
//! verifier young enough, only by a clock that has not gone back.

use std::sync::Arc;
use std::time::Duration;

use muster_common::secret::Secret;
use muster_common::snapshot::content::AccessAnswer;
use muster_common::store::names::Owner;
use muster_common::store::verifiers::StoredVerifier;
use muster_common::verifier::{Binding, Verifier};
use muster_common::wire::message::Outcome;

use super::judge::throttled;
use super::tries::Try;
use super::{Judgement, Pending, access};
use crate::broker::Broker;

/// How far the clock may lie below the high-water mark.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// Judges `secret` without the directory.
pub(super) async fn judge(
    tried: &mut Try<'_>,
    broker: &Arc<Broker>,
    pending: &Pending,
    secret: Secret,
) -> Judgement {
    let stored = match usable(broker, pending) {
        Ok(stored) => stored,
        Err(reason) => return Judgement::new(Outcome::Unavailable, reason),
    };
    if let Err(refusal) = tried.before_verifier().await {
        return throttled(&refusal);
    }
    let until = stored.written.after(broker.config.offline.max_age);
    if !matches(broker, pending.served.user.owner(), stored, secret).await {
        return Judgement::new(
            Outcome::WrongSecret,
            "the offline verifier refused the password",
        );
    }
    tried.accepted_offline();
    match access(pending, broker.clock.now()) {
        AccessAnswer::Allowed => Judgement {
            outcome: Outcome::GrantedOffline,
            message: Some("Logged in offline: the directory cannot be reached.".to_owned()),
            reason: format!("the offline verifier accepted the password (good until {until})"),
        },
        AccessAnswer::Denied => Judgement::new(
            Outcome::NotAllowed,
            "the password is right, the access rules say no",
        ),
        AccessAnswer::Expired => {
            Judgement::new(Outcome::Unavailable, "the access decision is too old")
        }
    }
}

/// The verifier, if one may be used now; else why not.
fn usable(broker: &Broker, pending: &Pending) -> Result<StoredVerifier, String> {
    if !broker.config.offline.enabled {
        return Err("logging in offline is switched off".to_owned());
    }
    let now = broker.clock.now();
    let mark = broker
        .store
        .high_water()
        .map_err(|error| error.to_string())?;
    if now.after(CLOCK_TOLERANCE) < mark {
        return Err(format!(
            "the clock ({now}) lies before the last login online ({mark})"
        ));
    }
    let stored = broker
        .store
        .verifier(pending.served.user.owner())
        .map_err(|error| error.to_string())?;
    let stored = stored.ok_or("no offline verifier: this person has not logged in here online")?;
    if now.since(stored.written) > broker.config.offline.max_age {
        return Err("the offline verifier is older than offline.max_age".to_owned());
    }
    if stored.expires.is_some_and(|expires| now >= expires) {
        return Err("the token has expired".to_owned());
    }
    Ok(stored)
}

/// Whether `secret` is the one that `stored` accepts; hashes in a slot, off the event loop.
pub(super) async fn matches(
    broker: &Arc<Broker>,
    owner: &Owner,
    stored: StoredVerifier,
    secret: Secret,
) -> bool {
    let Ok(_slot) = broker.hashing.logins.acquire().await else {
        return false;
    };
    let (broker, owner) = (Arc::clone(broker), owner.clone());
    let hashed = tokio::task::spawn_blocking(move || {
        let Ok(verifier) = Verifier::from_text(&stored.text) else {
            return false;
        };
        let binding = Binding {
            directory: &owner.directory,
            key: &owner.key,
        };
        verifier.matches(&broker.host_key, &binding, &secret)
    });
    hashed.await.unwrap_or(false)
}
