//! The online half of a judgement: throttle, the directory's own verdict, the
//! rules; and what follows from it for the verifier.

use std::sync::Arc;

use muster_common::directory::{Directory, DirectoryError, Verified};
use muster_common::secret::Secret;
use muster_common::wire::message::Outcome;
use tokio::sync::oneshot;

use super::question::Question;
use super::renewal::renewed;
use super::tries::{Refusal, Try};
use super::{Judgement, Pending, Proof, aftermath, by_rules, offline};
use muster_common::text::with_causes;

use crate::broker::Broker;
use crate::sync::{Shrink, SyncRequest};

/// Judges `proof` for `pending`: the directory that owns the name is asked, never another.
pub async fn judge(broker: &Arc<Broker>, mut pending: Pending, proof: Proof) -> Judged {
    let asked = ask(broker, &pending, proof, Unreached::Verifier).await;
    let (directory, verified) = match asked {
        Asked::Verified(directory, verified) => (directory, verified),
        Asked::CodeWanted(secret) => {
            pending.secret = Some(secret);
            return Judged::CodeWanted(Box::new(pending));
        }
        Asked::Judged(judgement) => return Judged::Over(judgement),
    };
    let granted = Judgement::new(Outcome::Granted, "the directory accepted the secret");
    let renewed = renewed(broker, pending, directory.as_ref(), verified.sighting).await;
    Judged::Over(match renewed {
        Ok(pending) => by_present_rules(broker, &pending, granted),
        Err(judgement) => judgement,
    })
}

/// What came of what was typed.
pub enum Judged {
    /// It is settled.
    Over(Judgement),
    /// The secret is right as far as it goes, and kept: a one-time code is wanted as well.
    CodeWanted(Box<Pending>),
}

/// Who decides when the directory cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreached {
    /// The verifier of the last login online.
    Verifier,
    /// Nobody.
    Nobody,
}

/// What came of asking about the secret.
pub(super) enum Asked {
    /// It is right, and the person's own.
    Verified(Arc<dyn Directory>, Verified),
    /// It is right, and the directory wants a one-time code as well.
    CodeWanted(Arc<Secret>),
    /// It is settled already.
    Judged(Judgement),
}

pub(super) async fn ask(
    broker: &Arc<Broker>,
    pending: &Pending,
    proof: Proof,
    unreached: Unreached,
) -> Asked {
    let directory = match directory_of(broker, pending) {
        Ok(directory) => directory,
        Err(judgement) => return Asked::Judged(judgement),
    };
    if let Some(judgement) = shut_out(broker, pending) {
        return Asked::Judged(judgement);
    }
    // What cannot be a secret of theirs at all is no try: nothing is counted, nothing sent.
    if let Err(refusal) = directory.plausible(pending.served.user.name(), &proof.secret) {
        return Asked::Judged(Judgement::new(Outcome::WrongSecret, refusal.reason));
    }
    let mut tried = match Try::admit(broker, pending).await {
        Ok(tried) => tried,
        Err(refusal) => return Asked::Judged(throttled(&refusal)),
    };
    let sequence = broker.store.next_sequence();
    let (owner, name) = (pending.served.user.owner(), pending.served.user.name());
    let (secret, with_code) = (Arc::clone(&proof.secret), proof.code.is_some());
    let question = Question {
        directory: Arc::clone(&directory),
        owner: owner.clone(),
        name: name.clone(),
        proof,
        unreached,
        sequence,
    };
    let answer = question.put(broker, pending).await;
    broker.note_call(&owner.directory, answer.as_ref().err());
    Asked::Judged(match answer {
        Ok(verified) if verified.key == *pending.served.user.key() => {
            tried.accepted();
            broker.vouched_by(&owner.directory);
            aftermath::keep_verifier(broker, pending, verified.expires, secret, sequence);
            return Asked::Verified(directory, verified);
        }
        Err(DirectoryError::CodeWanted) if !with_code => return Asked::CodeWanted(secret),
        Ok(verified) => answered_about_another(pending, &verified),
        Err(error @ DirectoryError::Unreachable { .. }) if unreached == Unreached::Verifier => {
            let judgement = offline::judge(&mut tried, broker, pending, secret).await;
            let reason = format!("{}; {}", with_causes(&error), judgement.reason);
            Judgement {
                reason,
                ..judgement
            }
        }
        Err(error) => no(broker, pending, &tried, directory, secret, error, sequence),
    })
}

/// Whoever is shut out is not asked about, so that nobody learns whether the secret is right.
pub(super) fn shut_out(broker: &Broker, pending: &Pending) -> Option<Judgement> {
    match broker.store.is_revoked(pending.served.user.owner()) {
        Ok(false) => None,
        Ok(true) => Some(Judgement::new(
            Outcome::NotAllowed,
            "root has shut this person out (muster revoke)",
        )),
        Err(error) => Some(Judgement::new(Outcome::Unavailable, with_causes(&error))),
    }
}

/// The client of the directory that owns the name.
pub(super) fn directory_of(
    broker: &Broker,
    pending: &Pending,
) -> Result<Arc<dyn Directory>, Judgement> {
    let owner = pending.served.user.owner();
    let connected = broker.connected(&owner.directory).ok_or_else(|| {
        Judgement::new(
            Outcome::Unavailable,
            format!("directory {} is not configured any more", owner.directory),
        )
    })?;
    Ok(connected.directory())
}

/// What the directory's no means, for the person, the books and the verifier.
pub(super) fn no(
    broker: &Arc<Broker>,
    pending: &Pending,
    tried: &Try<'_>,
    directory: Arc<dyn Directory>,
    secret: Arc<Secret>,
    error: DirectoryError,
    sequence: i64,
) -> Judgement {
    match error {
        DirectoryError::Refused(refusal) => {
            tried.refused();
            let reason = refusal.reason.clone();
            aftermath::refused(
                broker,
                pending.served.user.owner(),
                directory,
                secret,
                refusal,
                sequence,
            );
            Judgement::new(Outcome::WrongSecret, reason)
        }
        DirectoryError::Locked | DirectoryError::NotFound | DirectoryError::SecretExpired => {
            aftermath::forget_verifier(broker, pending.served.user.owner(), sequence);
            let judgement = Judgement::new(outcome_of(&error), error.to_string());
            match error {
                DirectoryError::SecretExpired => told_where(broker, pending, judgement),
                _ => judgement,
            }
        }
        error => Judgement::new(outcome_of(&error), with_causes(&error)),
    }
}

/// With the place where passwords are changed, if the configuration says one.
fn told_where(broker: &Broker, pending: &Pending, judgement: Judgement) -> Judgement {
    let message = password_page(broker, pending)
        .map(|page| format!("Your password has expired: change it at {page}"));
    Judgement {
        message,
        ..judgement
    }
}

/// Where people change their passwords by themselves, if the configuration says it.
pub(super) fn password_page<'a>(broker: &'a Broker, pending: &Pending) -> Option<&'a str> {
    let connected = broker.connected(&pending.served.user.owner().directory)?;
    connected
        .config
        .password_page
        .as_ref()
        .map(url::Url::as_str)
}

fn outcome_of(error: &DirectoryError) -> Outcome {
    match error {
        DirectoryError::Refused(_) | DirectoryError::CodeWanted => Outcome::WrongSecret,
        DirectoryError::NotFound => Outcome::Gone,
        DirectoryError::TooManyTries => Outcome::Throttled,
        DirectoryError::Locked => Outcome::Locked,
        DirectoryError::SecretExpired => Outcome::SecretExpired,
        DirectoryError::Misconfigured { .. } => Outcome::Misconfigured,
        DirectoryError::Unreachable { .. } | DirectoryError::Nonsense { .. } => {
            Outcome::Unavailable
        }
    }
}

/// Nobody is asked.
pub(super) fn throttled(refusal: &Refusal) -> Judgement {
    match refusal {
        Refusal::NotBefore(time) => Judgement::new(
            Outcome::Throttled,
            format!("too many wrong tries; next try at {time}"),
        ),
        Refusal::NoBooks(error) => Judgement::new(
            Outcome::Unavailable,
            format!(
                "wrong tries cannot be counted, so none is taken: {}",
                with_causes(error)
            ),
        ),
    }
}

fn answered_about_another(pending: &Pending, verified: &Verified) -> Judgement {
    let key = pending.served.user.key();
    let reason = format!(
        "the directory answered for {}, the name belongs to {key}",
        verified.key
    );
    Judgement::new(Outcome::Mismatch, reason)
}

fn by_present_rules(broker: &Broker, pending: &Pending, granted: Judgement) -> Judgement {
    let judgement = by_rules(broker, pending, granted);
    if judgement.outcome == Outcome::Unavailable {
        ask_for_sync(broker, pending);
    }
    judgement
}

/// The server answers again: the next try shall find a fresh decision.
fn ask_for_sync(broker: &Broker, pending: &Pending) {
    let (reply, _nobody_waits) = oneshot::channel();
    let request = SyncRequest {
        shrink: Shrink::Hold,
        reply,
    };
    if let Some(connected) = broker.connected(&pending.served.user.owner().directory) {
        // A full queue means that syncs are asked for already.
        let _asked = connected.sync.try_send(request);
    }
}
