//! Everybody read anew where a directory can name everybody, and otherwise everybody
//! asked about who is known here.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::StreamExt;
use muster_common::clock::Time;
use muster_common::config::{DirectoryConfig, Sync as Limits};
use muster_common::directory::{
    Coverage, Cursor, Directory, DirectoryError, GroupsTold, ImmutableKey, Listing, Projection,
    ServerVersion, Sighting,
};
use muster_common::name::UserName;
use muster_common::store::Store;
use muster_common::store::renewal::{Change, Renewal};
use muster_common::text::with_causes;

use super::guard::{Guard, Removal, Shrink};
use super::{SyncError, Synced, fingerprint, on_store};
use crate::broker::{Broker, Connected};
use crate::publisher::publish_in_background;
use crate::scope::Carried;

/// Renews everything that a directory contributes. On any error what was known before stays.
pub async fn read(
    broker: &Arc<Broker>,
    connected: &Connected,
    shrink: Shrink,
) -> Result<Synced, SyncError> {
    let shrink = match connected.config.server {
        Some(_) => shrink,
        // Nobody but root on this very host can have taken anybody away.
        None => Shrink::Accept,
    };
    let result = renew_all(broker, connected, shrink).await;
    let listed = result.as_ref().is_ok_and(|synced| synced.listed);
    if !listed && connected.config.kind.coverage() == Coverage::WhereListed {
        ask_by_name_again(broker, &connected.config).await;
    }
    result
}

/// A directory whose last reading of everybody came to nothing is not complete, where
/// people can be asked about by name instead.
async fn ask_by_name_again(broker: &Arc<Broker>, config: &DirectoryConfig) {
    let name = config.name.clone();
    let noted = on_store(broker, move |store| Ok(store.keep_listed(&name, None)?));
    match noted.await {
        Ok(true) => {
            log::warn!(
                "directory {}: people are asked about by name again",
                config.name
            );
            publish_in_background(broker);
        }
        Ok(false) => {}
        Err(error) => log::error!("{}", with_causes(&error)),
    }
}

async fn renew_all(
    broker: &Arc<Broker>,
    connected: &Connected,
    shrink: Shrink,
) -> Result<Synced, SyncError> {
    let name = &connected.config.name;
    let answer = probe(connected).await;
    broker.note_call(name, answer.as_ref().err());
    let version = answer?;
    let directory = connected.directory();
    let (synced, remarks) = match listing(directory.as_ref()).await? {
        Way::Listing(listing) => read_everybody(broker, connected, listing, shrink).await?,
        Way::ByName(remarks) => (
            ask_about_known(broker, connected, directory.as_ref(), shrink).await?,
            remarks,
        ),
    };
    broker.vouched_by(name);
    broker.note(name, |standing| {
        standing.server = Some(version.0);
        standing.counts = synced.counts;
        standing.held = None;
        standing.remarks = remarks;
    });
    Ok(synced)
}

async fn probe(connected: &Connected) -> Result<ServerVersion, DirectoryError> {
    match connected.directory().probe().await {
        Err(error) if connected.has_new_secret(&error) => connected.directory().probe().await,
        answer => answer,
    }
}

/// How everybody is read.
enum Way<'d> {
    /// At once.
    Listing(&'d dyn Listing),
    /// One by one, and why.
    ByName(Vec<String>),
}

async fn listing(directory: &dyn Directory) -> Result<Way<'_>, DirectoryError> {
    let Some(listing) = directory.listing() else {
        return Ok(Way::ByName(Vec::new()));
    };
    Ok(match listing.missing().await? {
        None => Way::Listing(listing),
        Some(why) => Way::ByName(vec![why.to_owned()]),
    })
}

async fn read_everybody(
    broker: &Arc<Broker>,
    connected: &Connected,
    listing: &dyn Listing,
    shrink: Shrink,
) -> Result<(Synced, Vec<String>), SyncError> {
    // Taken first: what changes while everybody is read is told afterwards.
    let until = present(connected.directory().as_ref()).await?;
    let history = until.is_some();
    let projection = listing.everybody().await?;
    let mut projection = connected.config.scope.narrow(projection);
    projection.until = until;
    let settings = fingerprint(&connected.config);
    let remarks = std::mem::take(&mut projection.remarks);
    let (now, name) = (broker.clock.now(), connected.config.name.clone());
    let limits = broker.config.sync.clone();
    let synced = on_store(broker, move |store| {
        let guard = Guard {
            directory: &name,
            shrink,
            limits: &limits,
        };
        let change = keep(store, &guard, &projection, now)?;
        store.keep_settings(&name, settings)?;
        store.keep_listed(&name, Some(settings))?;
        Ok(Synced {
            counts: store.counts(&name)?,
            change,
            history,
            listed: true,
        })
    });
    Ok((synced.await?, remarks))
}

/// The present moment of the directory's history. One that cannot be read is none, whatever
/// the reason: everybody can still be read. Only a pause that is asked for is kept.
async fn present(directory: &dyn Directory) -> Result<Option<Cursor>, DirectoryError> {
    let Some(changes) = directory.changes() else {
        return Ok(None);
    };
    match changes.present().await {
        Err(
            pause @ DirectoryError::Unreachable {
                retry_after: Some(_),
                ..
            },
        ) => Err(pause),
        Err(error) => {
            log::warn!("what changes cannot be asked for: {}", with_causes(&error));
            Ok(None)
        }
        present => present,
    }
}

fn keep(
    store: &Store,
    guard: &Guard<'_>,
    projection: &Projection,
    now: Time,
) -> Result<Change, SyncError> {
    let directory = guard.directory;
    let people = projection.people.iter().map(|one| &one.entry.key);
    guard.persons(removal(&store.person_keys(directory)?, people))?;
    let teams = projection.teams.iter().map(|one| &one.entry.key);
    guard.groups("groups", removal(&store.team_keys(directory)?, teams))?;
    let in_groups = projection
        .people
        .iter()
        .filter(|one| !one.groups.is_empty());
    let in_groups = in_groups.map(|one| &one.entry.key);
    let before = store.person_keys_in_groups(directory)?;
    guard.groups("persons in groups", removal(&before, in_groups))?;
    Ok(store.replace(directory, projection, now)?)
}

/// What would go if of `before` only those of `kept` stay.
fn removal<'a>(before: &[ImmutableKey], kept: impl Iterator<Item = &'a ImmutableKey>) -> Removal {
    let kept: HashSet<_> = kept.collect();
    Removal {
        before: before.len(),
        removed: before.iter().filter(|key| !kept.contains(key)).count(),
        now: kept.len(),
    }
}

/// Asks about everybody whom the directory has ever been asked about with success.
/// Whoever it does not know any more is gone; one question without an answer ends it all.
async fn ask_about_known(
    broker: &Arc<Broker>,
    connected: &Connected,
    directory: &dyn Directory,
    shrink: Shrink,
) -> Result<Synced, SyncError> {
    let name = connected.config.name.clone();
    let known = on_store(broker, move |store| Ok(store.people(&name)?)).await?;
    let known: Vec<_> = known
        .into_iter()
        .filter_map(|known| Some((known.person.key, UserName::new(&known.person.name).ok()?)))
        .collect();
    let before = known.len();
    let mut answers = futures_util::stream::iter(known)
        .map(|(key, name)| async move { (key, directory.find(&name).await) })
        .buffer_unordered(connected.config.requests_at_once());
    let mut renewal = Renewal::default();
    while let Some((key, answer)) = answers.next().await {
        sort_in(&mut renewal, key, answer)?;
    }
    let told = connected.config.kind.groups_told();
    let (now, config) = (broker.clock.now(), connected.config.clone());
    let limits: Limits = broker.config.sync.clone();
    let synced = on_store(broker, move |store| {
        Carried::new(store, &config)?.narrow(&mut renewal);
        let guard = Guard {
            directory: &config.name,
            shrink,
            limits: &limits,
        };
        guard.persons(Removal {
            before,
            removed: renewal.gone.len(),
            now: renewal.seen.len(),
        })?;
        if told == GroupsTold::AtLogin {
            return forget(store, &config, renewal, now);
        }
        renew(store, &config, &renewal, now)
    });
    let synced = synced.await?;
    broker.lookups.forget();
    Ok(synced)
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

/// Whoever is gone goes; of the others nothing was told that counts, so that nobody is
/// vouched for.
fn forget(
    store: &Store,
    config: &DirectoryConfig,
    renewal: Renewal,
    now: Time,
) -> Result<Synced, SyncError> {
    let gone = Renewal {
        gone: renewal.gone,
        ..Renewal::default()
    };
    Ok(Synced {
        change: store.renew(&config.name, &gone, now)?,
        counts: store.counts(&config.name)?,
        history: false,
        listed: false,
    })
}

/// People who were found meanwhile stay beside those who were asked about.
fn renew(
    store: &Store,
    config: &DirectoryConfig,
    renewal: &Renewal,
    now: Time,
) -> Result<Synced, SyncError> {
    let (directory, settings) = (&config.name, fingerprint(config));
    let change = store.renew(directory, renewal, now)?;
    store.mark_synced(directory, now)?;
    store.keep_settings(directory, settings)?;
    Ok(Synced {
        counts: store.counts(directory)?,
        change,
        history: false,
        listed: false,
    })
}
