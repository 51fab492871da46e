//! What a directory contributes, renewed: everybody read anew where it can name
//! everybody, and otherwise everybody asked about who is known here.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use muster_common::clock::Time;
use muster_common::directory::{DirectoryError, ImmutableKey, Listing, Projection, Sighting};
use muster_common::name::{DirectoryName, UserName};
use muster_common::store::renewal::Renewal;
use muster_common::store::{Store, StoreError};

use crate::broker::{Broker, Connected};

/// A sync that removes at most this many persons is never held.
const SHRINK_FREE: usize = 10;
/// The share of persons, in percent, that a sync may remove unasked.
const SHRINK_PERCENT: usize = 20;

/// How many people are asked about at once; the client has its own bound on questions.
const ASKED_AT_ONCE: usize = 4;

/// Whether a sync that would remove many is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrink {
    /// Hold it: the old set stays.
    Hold,
    /// An administrator has looked and accepts it.
    Accept,
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
        "held: it would remove {removed} of {before} persons; `muster sync --accept-shrink {directory}` lets it through"
    )]
    Shrink {
        /// Who would go.
        removed: usize,
        /// Who was there.
        before: usize,
        /// The directory.
        directory: DirectoryName,
    },
    /// The work was cut off.
    #[error("cut off: {0}")]
    Cut(#[from] tokio::task::JoinError),
}

/// Persons and groups that a directory contributes.
pub type Counts = (u64, u64);

/// Renews what `name` contributes. On any error what was known before stays.
pub async fn renew_contribution(
    broker: &Arc<Broker>,
    name: &DirectoryName,
    shrink: Shrink,
) -> Result<Counts, SyncError> {
    let Some(connected) = broker.connected(name) else {
        return Ok((0, 0));
    };
    let answer = connected.directory.probe().await;
    broker.note_call(name, answer.as_ref().err());
    let version = answer?;
    let answer = match connected.directory.listing() {
        Some(listing) => read_everybody(broker, name, listing, shrink).await,
        None => ask_about_known(broker, connected, shrink).await,
    };
    if let Err(SyncError::Directory(error)) = &answer {
        broker.note_call(name, Some(error));
    }
    let (counts, remarks) = answer?;
    raise_high_water(broker);
    broker.note(name, |standing| {
        standing.server = Some(version.0);
        standing.counts = counts;
        standing.held = None;
        standing.remarks = remarks;
    });
    Ok(counts)
}

async fn read_everybody(
    broker: &Arc<Broker>,
    name: &DirectoryName,
    listing: &dyn Listing,
    shrink: Shrink,
) -> Result<(Counts, Vec<String>), SyncError> {
    let mut projection = listing.everybody().await?;
    let counts = (
        count(projection.people.len()),
        count(projection.teams.len()),
    );
    let remarks = std::mem::take(&mut projection.remarks);
    let (store, now, name) = (Arc::clone(&broker.store), broker.clock.now(), name.clone());
    tokio::task::spawn_blocking(move || keep(&store, &name, &projection, shrink, now)).await??;
    Ok((counts, remarks))
}

fn keep(
    store: &Store,
    directory: &DirectoryName,
    projection: &Projection,
    shrink: Shrink,
    now: Time,
) -> Result<(), SyncError> {
    let kept: HashSet<_> = projection.people.iter().map(|person| &person.key).collect();
    let before = store.person_keys(directory)?;
    let removed = before.iter().filter(|key| !kept.contains(key)).count();
    guard(
        directory,
        shrink,
        before.len(),
        removed,
        projection.people.len(),
    )?;
    Ok(store.replace(directory, projection, now)?)
}

/// Asks about everybody whom the directory has ever been asked about with success.
/// Whoever it does not know any more is gone; one question without an answer ends it all.
async fn ask_about_known(
    broker: &Arc<Broker>,
    connected: &Connected,
    shrink: Shrink,
) -> Result<(Counts, Vec<String>), SyncError> {
    let (store, name) = (Arc::clone(&broker.store), connected.config.name.clone());
    let known = tokio::task::spawn_blocking(move || store.people(&name)).await??;
    let known: Vec<_> = known
        .into_iter()
        .filter_map(|known| Some((known.person.key, UserName::new(&known.person.name).ok()?)))
        .collect();
    let before = known.len();
    let mut answers = futures_util::stream::iter(known)
        .map(|(key, name)| async move { (key, connected.directory.find(&name).await) })
        .buffer_unordered(ASKED_AT_ONCE);
    let mut renewal = Renewal::default();
    while let Some((key, answer)) = answers.next().await {
        sort_in(&mut renewal, key, answer)?;
    }
    let name = &connected.config.name;
    guard(name, shrink, before, renewal.gone.len(), renewal.seen.len())?;
    let (store, now, name) = (Arc::clone(&broker.store), broker.clock.now(), name.clone());
    let counts = tokio::task::spawn_blocking(move || renew(&store, &name, &renewal, now)).await??;
    broker.lookups.forget();
    Ok((counts, Vec::new()))
}

fn sort_in(
    renewal: &mut Renewal,
    key: ImmutableKey,
    answer: Result<Sighting, DirectoryError>,
) -> Result<(), DirectoryError> {
    match answer {
        Ok(sighting) => renewal.seen.push(sighting),
        Err(DirectoryError::NotFound) => renewal.gone.push(key),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// People who were found meanwhile stay beside those who were asked about.
fn renew(
    store: &Store,
    directory: &DirectoryName,
    renewal: &Renewal,
    now: Time,
) -> Result<Counts, SyncError> {
    store.renew(directory, renewal, now)?;
    store.mark_synced(directory, now)?;
    Ok((
        count(store.person_keys(directory)?.len()),
        count(store.teams(directory)?.len()),
    ))
}

fn guard(
    directory: &DirectoryName,
    shrink: Shrink,
    before: usize,
    removed: usize,
    now: usize,
) -> Result<(), SyncError> {
    if shrink == Shrink::Accept || !shrinks_too_much(before, removed, now) {
        return Ok(());
    }
    Err(SyncError::Shrink {
        removed,
        before,
        directory: directory.clone(),
    })
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
}
