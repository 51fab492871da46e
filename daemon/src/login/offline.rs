//! The offline half: only when the directory cannot be reached, only with a
//! verifier young enough, only by a clock that has not gone back.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use muster_common::clock::Time;
use muster_common::secret::Secret;
use muster_common::store::names::Owner;
use muster_common::store::verifiers::StoredVerifier;
use muster_common::verifier::{Binding, Room, Verifier};
use muster_common::wire::message::Outcome;
use tokio::sync::oneshot;

use super::judge::throttled;
use super::tries::Try;
use super::{Judgement, Pending, by_rules};
use crate::broker::Broker;

/// How far the clock may lie below the high-water mark.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);
/// The end of the year 9999, beyond which there are no dates.
const LAST_DATE: u64 = 253_402_300_799;

/// Judges `secret` without the directory.
pub(super) async fn judge(
    tried: &mut Try<'_>,
    broker: &Arc<Broker>,
    pending: &Pending,
    secret: Arc<Secret>,
) -> Judgement {
    let stored = match usable(broker, pending) {
        Ok(stored) => stored,
        Err(reason) => return Judgement::new(Outcome::Unavailable, reason),
    };
    if let Err(refusal) = tried.before_verifier().await {
        return throttled(&refusal);
    }
    let oldest = stored.written.after(broker.config.offline.max_age);
    let until = stored.expires.map_or(oldest, |expires| expires.min(oldest));
    let Some(slot) = broker.hashing.login_from(&pending.source).await else {
        return cannot_tell(tried);
    };
    let owner = pending.served.user.owner();
    match compare(broker, owner, stored, secret, slot).await {
        Match::CannotTell => cannot_tell(tried),
        Match::No => Judgement::new(
            Outcome::WrongSecret,
            "the offline verifier refused the password",
        ),
        Match::Yes => {
            tried.accepted_offline();
            let granted = Judgement {
                outcome: Outcome::GrantedOffline,
                message: Some(format!(
                    "Logged in offline: the directory cannot be reached. This works until {}.",
                    date(until)
                )),
                reason: format!("the offline verifier accepted the password (good until {until})"),
            };
            by_rules(broker, pending, granted)
        }
    }
}

/// The moment as people read it, in GMT: they may be anywhere.
fn date(moment: Time) -> String {
    let seconds = moment.unix().min(LAST_DATE);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// A verifier that cannot be read or asked is no verdict about the password, and costs no try.
fn cannot_tell(tried: &Try<'_>) -> Judgement {
    tried.took_nothing();
    Judgement::new(Outcome::Unavailable, "the offline verifier cannot be asked")
}

/// The verifier, if one may be used now; else why not.
pub(super) fn usable(broker: &Broker, pending: &Pending) -> Result<StoredVerifier, String> {
    let directory = &pending.served.user.owner().directory;
    if !broker.config.logs_in_offline(directory) {
        return Err(format!(
            "logging in offline is switched off for {directory}"
        ));
    }
    if broker.config.offline.not_for.contains(&pending.service) {
        return Err(format!("{} never lets in offline", pending.service));
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
    if stored.written > now.after(CLOCK_TOLERANCE) {
        return Err("the offline verifier is from the future: its age cannot be told".to_owned());
    }
    if now.since(stored.written) > broker.config.offline.max_age {
        return Err("the offline verifier is older than offline.max_age".to_owned());
    }
    if stored.expires.is_some_and(|expires| now >= expires) {
        return Err("the token has expired".to_owned());
    }
    Ok(stored)
}

/// What a verifier says about a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// It could not be read or computed.
    CannotTell,
}

/// Compares `secret` with what `stored` accepts, off the event loop. The slot is free again
/// when the memory has been wiped, for which no answer waits.
pub(super) async fn compare(
    broker: &Arc<Broker>,
    owner: &Owner,
    stored: StoredVerifier,
    secret: Arc<Secret>,
    slot: impl Send + 'static,
) -> Match {
    let (broker, owner) = (Arc::clone(broker), owner.clone());
    let (tell, told) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let mut room = broker.hashing.rooms.take();
        let matched = matched(&broker, &owner, &stored, &secret, &mut room);
        // Whoever asked may have gone.
        let _told = tell.send(matched);
        broker.hashing.rooms.give_back(room);
        drop(slot);
    });
    told.await.unwrap_or(Match::CannotTell)
}

fn matched(
    broker: &Broker,
    owner: &Owner,
    stored: &StoredVerifier,
    secret: &Secret,
    room: &mut Room,
) -> Match {
    let Ok(verifier) = Verifier::from_text(&stored.text) else {
        return Match::CannotTell;
    };
    let binding = Binding {
        directory: &owner.directory,
        key: &owner.key,
    };
    match verifier.matches_in(room, &broker.host_key, &binding, secret) {
        true => Match::Yes,
        false => Match::No,
    }
}
