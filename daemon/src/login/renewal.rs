//! What a login tells about the person: written through to the store and published
//! before the rules are asked, so that they decide by what the directory says now.
//!
//! Some services say it in the same exchange. The others are asked only where the
//! compiled decision has half run out; who logs in every day costs them nothing.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use muster_common::clock::Time;
use muster_common::directory::{Directory, Ids, Sighting};
use muster_common::name::DirectoryName;
use muster_common::store::StoreError;
use muster_common::store::names::Owner;
use muster_common::store::renewal::{Change, Renewal};
use muster_common::text::with_causes;
use muster_common::wire::message::Outcome;

use super::{Judgement, Pending, still_served};
use crate::broker::Broker;
use crate::publisher::publish_now;
use crate::scope::Carried;

/// Whoever does not fit is written through once more.
const REMEMBERED: usize = 10_000;

/// What logins have written through lately, so that the same is not written again.
#[derive(Debug, Default)]
pub struct WrittenThrough {
    known: Mutex<HashMap<(String, String), Written>>,
    /// Whose news are in the store and could not be served yet.
    unserved: Mutex<HashSet<(String, String)>>,
}

/// A sighting's fingerprint, and the sync before it.
type Written = (u64, Option<Time>);

impl WrittenThrough {
    fn has(&self, owner: &Owner, fingerprint: u64, synced: Option<Time>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key(owner)) == Some(&(fingerprint, synced))
    }

    fn is_unserved(&self, owner: &Owner) -> bool {
        let unserved = self.unserved.lock().unwrap_or_else(PoisonError::into_inner);
        unserved.contains(&key(owner))
    }

    /// Until it is served, no login of this person is decided by what was served before.
    fn unserved(&self, owner: &Owner) {
        let mut unserved = self.unserved.lock().unwrap_or_else(PoisonError::into_inner);
        unserved.insert(key(owner));
    }

    fn note(&self, owner: &Owner, fingerprint: u64, synced: Option<Time>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key(owner), (fingerprint, synced));
        let mut unserved = self.unserved.lock().unwrap_or_else(PoisonError::into_inner);
        unserved.remove(&key(owner));
    }
}

fn key(owner: &Owner) -> (String, String) {
    (owner.directory.to_string(), owner.key.to_string())
}

/// The login with the person as the directory says it now; or why it ends here.
pub(super) async fn renewed(
    broker: &Arc<Broker>,
    pending: Pending,
    directory: &dyn Directory,
    sighting: Option<Sighting>,
) -> Result<Pending, Judgement> {
    let stale = half_run_out(broker, &pending);
    let sighting = match sighting {
        Some(sighting) => sighting,
        None if stale => match directory.find(pending.served.user.name()).await {
            Ok(sighting) => sighting,
            Err(error) => {
                log::warn!("{}: {}", pending.served.user.name(), with_causes(&error));
                return Ok(pending);
            }
        },
        None => return Ok(pending),
    };
    same_person(broker, &pending, &sighting)?;
    match write_through(broker, &pending, sighting, stale).await {
        Ok(Served::AsBefore) => Ok(pending),
        Ok(Served::Anew) => still_served(broker, pending),
        Err(reason) => Err(Judgement::new(Outcome::Unavailable, reason)),
    }
}

/// Whether the compiled decision has at most half of its time left.
fn half_run_out(broker: &Broker, pending: &Pending) -> bool {
    let left = pending.served.record.access.until.since(broker.clock.now());
    left <= broker.config.access_max_staleness / 2
}

/// The service's id, where it gives one to everybody, must be the one that the name resolves to.
fn same_person(broker: &Broker, pending: &Pending, sighting: &Sighting) -> Result<(), Judgement> {
    let user = &pending.served.user;
    let kind = broker
        .connected(&user.owner().directory)
        .map(|connected| connected.config.kind.ids());
    let resolved = user.uid().get();
    if sighting.person.key != *user.key() {
        let reason = format!(
            "the directory answered about {}, the name belongs to {}",
            sighting.person.key,
            user.key()
        );
        return Err(Judgement::new(Outcome::Mismatch, reason));
    }
    if kind == Some(Ids::Given) && sighting.person.uid != Some(resolved) {
        let said = sighting.person.uid.unwrap_or_default();
        let reason = format!("the directory says uid {said}, the name resolves to uid {resolved}");
        return Err(Judgement::new(Outcome::Mismatch, reason));
    }
    if !sighting.person.active {
        return Err(Judgement::new(
            Outcome::Locked,
            "the directory says that the account is not active",
        ));
    }
    Ok(())
}

/// What is served after writing through.
enum Served {
    AsBefore,
    Anew,
}

/// Errors are for the log: what has changed and cannot be served must not be decided by the old state.
async fn write_through(
    broker: &Arc<Broker>,
    pending: &Pending,
    sighting: Sighting,
    stale: bool,
) -> Result<Served, String> {
    let owner = pending.served.user.owner();
    let fingerprint = fingerprint(&sighting);
    let synced = broker
        .store
        .synced(&owner.directory)
        .map_err(|error| with_causes(&error))?;
    if !stale && broker.written_through.has(owner, fingerprint, synced) {
        return Ok(Served::AsBefore);
    }
    if kept(broker, owner, sighting).await? == Change::Some {
        broker.written_through.unserved(owner);
    }
    let news = broker.written_through.is_unserved(owner);
    if news || stale {
        match publish_now(broker).await.error {
            Some(error) if news => {
                return Err(format!(
                    "what the directory says now is not served: {error}"
                ));
            }
            _ => {}
        }
    }
    broker.written_through.note(owner, fingerprint, synced);
    Ok(if news || stale {
        Served::Anew
    } else {
        Served::AsBefore
    })
}

async fn kept(broker: &Arc<Broker>, owner: &Owner, sighting: Sighting) -> Result<Change, String> {
    let (keeper, directory, now) = (
        Arc::clone(broker),
        owner.directory.clone(),
        broker.clock.now(),
    );
    let kept = tokio::task::spawn_blocking(move || {
        let renewed = keep(&keeper, &directory, sighting, now);
        renewed.map_err(|error| with_causes(&error))
    });
    kept.await.unwrap_or_else(|cut| Err(cut.to_string()))
}

/// Whoever is not carried here any more is gone.
fn keep(
    broker: &Broker,
    directory: &DirectoryName,
    sighting: Sighting,
    now: Time,
) -> Result<Change, StoreError> {
    let mut renewal = Renewal {
        seen: vec![sighting],
        ..Renewal::default()
    };
    if let Some(connected) = broker.connected(directory) {
        Carried::new(&broker.store, &connected.config)?.narrow(&mut renewal);
    }
    broker.store.renew(directory, &renewal, now)
}

fn fingerprint(sighting: &Sighting) -> u64 {
    let mut hasher = DefaultHasher::new();
    format!("{sighting:?}").hash(&mut hasher);
    hasher.finish()
}
