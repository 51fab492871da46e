//! What a login leaves behind, done after its answer has gone out: the verifier
//! is written, removed, or doubted.

use std::sync::Arc;

use muster_common::clock::Time;
use muster_common::directory::{Directory, Refusal, SecretKind};
use muster_common::secret::Secret;
use muster_common::store::StoreError;
use muster_common::store::names::Owner;
use muster_common::store::verifiers::StoredVerifier;
use muster_common::text::with_causes;
use muster_common::verifier::{Binding, Salt, Verifier};

use super::Pending;
use super::offline::{self, Match};
use crate::broker::Broker;

/// Makes and keeps the verifier after the answer has gone out; one at a time, behind nobody's login.
pub(super) fn keep_verifier(
    broker: &Arc<Broker>,
    pending: &Pending,
    expires: Option<Time>,
    secret: Arc<Secret>,
    sequence: i64,
) {
    if !broker
        .config
        .logs_in_offline(&pending.served.user.owner().directory)
    {
        return;
    }
    let Some(kind) = secret_kind(broker, pending) else {
        return;
    };
    // Under a flood of logins some verifiers stay as they were: the next login makes a new one.
    let Ok(turn) = Arc::clone(&broker.hashing.queue).try_acquire_owned() else {
        return;
    };
    let broker = Arc::clone(broker);
    let owner = pending.served.user.owner().clone();
    tokio::spawn(async move {
        let Ok(_slot) = broker.hashing.afterwards.acquire().await else {
            return;
        };
        let broker = Arc::clone(&broker);
        let kept = tokio::task::spawn_blocking(move || {
            let binding = Binding {
                directory: &owner.directory,
                key: &owner.key,
            };
            let salt = Salt::random().map_err(|error| with_causes(&error))?;
            let mut room = broker.hashing.rooms.take();
            let verifier = Verifier::make_at(
                broker.config.offline.cost,
                kind,
                &broker.host_key,
                &binding,
                &secret,
                salt,
                &mut room,
            );
            broker.hashing.rooms.give_back(room);
            let verifier = verifier.map_err(|error| with_causes(&error))?;
            let stored = StoredVerifier {
                text: verifier.to_text(),
                written: broker.clock.now(),
                expires,
                refusals: 0,
            };
            broker
                .store
                .keep_verifier(&owner, sequence, &stored)
                .map_err(|error| with_causes(&error))
        });
        report_verifier(kept.await);
        drop(turn);
    });
}

fn report_verifier(kept: Result<Result<(), String>, tokio::task::JoinError>) {
    match kept {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::error!("the offline verifier could not be kept: {error}"),
        Err(error) => log::error!("the offline verifier could not be made: {error}"),
    }
}

fn secret_kind(broker: &Broker, pending: &Pending) -> Option<SecretKind> {
    let connected = broker.connected(&pending.served.user.owner().directory)?;
    Some(connected.config.kind.secret())
}

pub(super) fn forget_verifier(broker: &Broker, owner: &Owner, sequence: i64) {
    if let Err(error) = broker.store.remove_verifier(owner, sequence) {
        log::error!("the offline verifier could not be removed: {error}");
    }
}

/// How many times a healthy server must refuse the very secret that the verifier
/// accepts, where a refusal can also mean a sick back end.
const DOUBTFUL_REFUSALS_THAT_COUNT: u32 = 2;

/// Looks, after the answer has gone out, whether the refused secret is the one that
/// the verifier accepts: then it was changed at the server and the verifier goes.
/// A stranger's wrong guess never matches and never removes anything.
pub(super) fn refused(
    broker: &Arc<Broker>,
    owner: &Owner,
    directory: Arc<dyn Directory>,
    secret: Arc<Secret>,
    refusal: Refusal,
    sequence: i64,
) {
    let Ok(Some(stored)) = broker.store.verifier(owner) else {
        return;
    };
    // A flood of wrong guesses must not take the slots of people who log in.
    let Ok(turn) = Arc::clone(&broker.hashing.queue).try_acquire_owned() else {
        return;
    };
    let (broker, owner) = (Arc::clone(broker), owner.clone());
    tokio::spawn(async move {
        let afterwards = Arc::clone(&broker.hashing.afterwards);
        let Ok(slot) = afterwards.acquire_owned().await else {
            return;
        };
        let matched = offline::compare(&broker, &owner, stored, secret, slot).await;
        drop(turn);
        if matched != Match::Yes || !refusal.certain && directory.probe().await.is_err() {
            return;
        }
        if let Err(error) = settle_refusal(&broker, &owner, &refusal, sequence) {
            log::error!("a refusal of the verifier's secret could not be kept: {error}");
        }
    });
}

fn settle_refusal(
    broker: &Broker,
    owner: &Owner,
    refusal: &Refusal,
    sequence: i64,
) -> Result<(), StoreError> {
    if refusal.certain || broker.store.count_refusal(owner)? >= DOUBTFUL_REFUSALS_THAT_COUNT {
        broker.store.remove_verifier(owner, sequence)?;
    }
    Ok(())
}
