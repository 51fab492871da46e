//! Names that are not in the snapshot, where a directory is asked name by name.
//!
//! However many want to know the same name at the same time, the directory is asked
//! once; who is found is published first, so that everybody reads the answer in the
//! snapshot and nobody has it from here. An answer is worked out to its end even if
//! whoever wanted it has hung up: the next one finds it ready.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use muster_common::clock::Time;
use muster_common::config::DirectoryConfig;
use muster_common::directory::{Coverage, DirectoryError, GroupsTold, Sighting};
use muster_common::local::LocalFiles;
use muster_common::memory::{Keeping, Memory};
use muster_common::name::{DirectoryName, UserName};
use muster_common::snapshot::reader::{Damaged, Snapshot};
use muster_common::snapshot::reserved::reserved;
use muster_common::store::ledger::IdKind;
use muster_common::store::renewal::Renewal;
use muster_common::store::{Store, StoreError};

use muster_common::text::with_causes;

use crate::allowance::Allowances;
use crate::assemble::is_listed;
use crate::broker::{Broker, Connected};
use crate::publisher::publish_now;
use crate::resolve::{ResolveError, Served, served_user};
use crate::scope::Carried;

/// That nobody bears a name is believed for so long; and that somebody has been found,
/// which matters only where the publisher does not serve them.
const KEEPING: Keeping = Keeping {
    entries: 1000,
    found: Duration::from_secs(30),
    missing: Duration::from_secs(30),
};
/// How long a directory that gave no answer is left alone, if it does not say so itself.
const PAUSE: Duration = Duration::from_secs(5);

/// Why nothing is known about a name. Never "no such user".
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The directory cannot say.
    #[error("directory {0}: {1}")]
    Directory(DirectoryName, #[source] DirectoryError),
    /// The directory gave no answer a moment ago and is left alone.
    #[error("directory {0} gave no answer and is left alone for a while")]
    Paused(DirectoryName),
    /// The books cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Found, but what is found cannot be served.
    #[error("not published: {0}")]
    Publication(String),
    /// The work was cut off.
    #[error("cut off")]
    Cut,
}

/// Somebody was found and whatever may be served of them is.
#[derive(Debug, Clone, Copy)]
pub struct Found;

/// What is being asked, what was, and whom not to ask.
pub struct Lookups {
    memory: Memory<UserName, Found>,
    allowances: Allowances,
    /// Until when directories are left alone, by the boot clock.
    pauses: Mutex<HashMap<DirectoryName, Duration>>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self {
            memory: Memory::new(KEEPING),
            allowances: Allowances::default(),
            pauses: Mutex::default(),
        }
    }
}

impl Lookups {
    fn pause(&self, directory: &DirectoryName, until: Duration) {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.insert(directory.clone(), until);
    }

    fn is_paused(&self, directory: &DirectoryName, now: Duration) -> bool {
        let pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.get(directory).is_some_and(|until| now < *until)
    }

    /// What was kept in memory counts no more: everything has been asked anew.
    pub fn forget(&self) {
        self.memory.forget_all();
    }
}

/// The user called `name`: from the snapshot, or asked for on account of `account`.
pub async fn user(broker: &Arc<Broker>, account: u32, name: &str) -> Result<Served, ResolveError> {
    if UserName::new(name).is_ok_and(|name| is_nobody(broker, &name)) {
        return Err(ResolveError::NotFound);
    }
    let served = {
        let (broker, name) = (Arc::clone(broker), name.to_owned());
        move || served_user(&broker, &name)
    };
    let missed = match blocking(served.clone()).await? {
        Err(missed @ (ResolveError::NotFound | ResolveError::Gone)) => missed,
        known => return known,
    };
    match find(broker, account, name).await {
        Ok(Some(Found)) => match blocking(served).await? {
            Err(ResolveError::NotFound) => Err(certain(broker, missed)),
            known => known,
        },
        Ok(None) => Err(certain(broker, missed)),
        Err(error) => Err(error),
    }
}

/// Whether it was found out a moment ago that nobody bears `name`, nobody has been published
/// under it since, and no directory is left that could know better. The answer to most misses:
/// nothing is read from disk for it.
pub fn is_nobody(broker: &Broker, name: &UserName) -> bool {
    broker.lookups.memory.is_missing(name)
        && broker
            .mapped
            .kept()
            .is_some_and(|snapshot| is_absent(&snapshot, name).unwrap_or(false))
}

fn is_absent(snapshot: &Snapshot, name: &UserName) -> Result<bool, Damaged> {
    Ok(!snapshot.unclear()
        && snapshot.user_named(name.as_bytes())?.is_none()
        && snapshot.tombstone(name.as_str())?.is_none())
}

/// A miss is a miss only where every directory has been read or asked.
fn certain(broker: &Broker, missed: ResolveError) -> ResolveError {
    match broker.snapshot() {
        Ok(snapshot) if matches!(missed, ResolveError::Gone) || !snapshot.unclear() => missed,
        Ok(_) => ResolveError::Unclear,
        Err(error) => error.into(),
    }
}

/// Asks whoever could know `name`; nobody is asked about names that are not served anyway.
async fn find(
    broker: &Arc<Broker>,
    account: u32,
    name: &str,
) -> Result<Option<Found>, ResolveError> {
    if asked(broker)?.is_empty() {
        return Ok(None);
    }
    let Some(name) = servable(broker, name)? else {
        return Ok(None);
    };
    let lookups = &broker.lookups;
    if let Some(kept) = lookups.memory.kept(&name).await {
        return Ok(kept);
    }
    if !lookups.allowances.spend(account, broker.clock.since_boot()) {
        return Err(ResolveError::Busy);
    }
    let asking = {
        let (broker, asked) = (Arc::clone(broker), name.clone());
        async move { ask(&broker, &asked).await }
    };
    let broker = Arc::clone(broker);
    // A task of its own: whoever hangs up must not take the answer from the next one.
    let answered =
        tokio::spawn(async move { broker.lookups.memory.get_or_ask(name, asking).await });
    match answered.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(ResolveError::Lookup(error)),
        Err(_cut) => Err(ResolveError::Lookup(Arc::new(LookupError::Cut))),
    }
}

/// The directories that are asked by name, at present.
fn asked(broker: &Broker) -> Result<Vec<&Connected>, StoreError> {
    let mut asked = Vec::new();
    for connected in &broker.connected {
        let config = &connected.config;
        let is_read = config.kind.coverage() == Coverage::Complete;
        if !is_read && !is_listed(&broker.store, config)? {
            asked.push(connected);
        }
    }
    Ok(asked)
}

/// `name`, if it is in the canonical form and neither local nor reserved.
fn servable(broker: &Broker, name: &str) -> Result<Option<UserName>, ResolveError> {
    let canonical = match broker.config.names.user(name) {
        Ok(canonical) if canonical.as_str() == name && reserved(name).is_none() => canonical,
        _ => return Ok(None),
    };
    let local = LocalFiles::read(&broker.places.host).map_err(ResolveError::Local)?;
    Ok((!local.holds_name(name)).then_some(canonical))
}

/// Asks the directory that owns the name, or, if nobody does, each in its order until one knows it.
/// One that cannot say ends it: it could be the owner.
async fn ask(broker: &Arc<Broker>, name: &UserName) -> Result<Option<Found>, LookupError> {
    for connected in candidates(broker, name)? {
        match ask_one(broker, connected, name).await {
            Ok(sighting) => return serve(broker, connected, sighting, name.as_str()).await,
            Err(LookupError::Directory(_, DirectoryError::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn candidates<'b>(broker: &'b Broker, name: &UserName) -> Result<Vec<&'b Connected>, LookupError> {
    let owner = broker.store.owner(IdKind::User, name.as_str())?;
    let may_know = |connected: &&Connected| {
        let owner = owner.as_ref();
        owner.is_none_or(|owner| owner.directory == connected.config.name)
    };
    let mut asked = asked(broker)?;
    asked.retain(may_know);
    Ok(asked)
}

async fn ask_one(
    broker: &Broker,
    connected: &Connected,
    name: &UserName,
) -> Result<Sighting, LookupError> {
    let directory = &connected.config.name;
    let now = broker.clock.since_boot();
    if broker.lookups.is_paused(directory, now) {
        return Err(LookupError::Paused(directory.clone()));
    }
    let answer = match connected.directory().find(name).await {
        Err(error) if connected.has_new_secret(&error) => connected.directory().find(name).await,
        answer => answer,
    };
    broker.note_call(directory, answer.as_ref().err());
    match answer {
        Ok(sighting) => Ok(sighting),
        Err(error) => {
            if let Some(pause) = pause_after(&error) {
                let until = broker.clock.since_boot().saturating_add(pause);
                broker.lookups.pause(directory, until);
            }
            Err(LookupError::Directory(directory.clone(), error))
        }
    }
}

/// How long a directory is left alone after this.
fn pause_after(error: &DirectoryError) -> Option<Duration> {
    match error {
        DirectoryError::Unreachable { retry_after, .. } => Some(retry_after.unwrap_or(PAUSE)),
        DirectoryError::Misconfigured { .. } => Some(PAUSE),
        _ => None,
    }
}

/// Keeps and publishes whom `connected` has found; nothing comes of it where this host
/// does not carry the person.
pub async fn serve(
    broker: &Arc<Broker>,
    connected: &Connected,
    sighting: Sighting,
    name: &str,
) -> Result<Option<Found>, LookupError> {
    let now = broker.clock.now();
    let (keeper, directory) = (Arc::clone(broker), connected.config.clone());
    let kept = blocking(move || keep(&keeper.store, &directory, sighting, now)).await;
    if kept.map_err(|_cut| LookupError::Cut)?? == Carriage::Outside {
        return Ok(None);
    }
    broker.raise_high_water();
    let publication = publish_now(broker).await;
    if let Some(error) = publication.error {
        return Err(LookupError::Publication(error));
    }
    log::debug!(
        "{name} of {} was asked for and is known now",
        connected.config.name
    );
    Ok(Some(Found))
}

/// Whether this host carries whom a directory has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carriage {
    Carried,
    Outside,
}

fn keep(
    store: &Store,
    directory: &DirectoryConfig,
    sighting: Sighting,
    now: Time,
) -> Result<Carriage, StoreError> {
    let Some(sighting) = Carried::new(store, directory)?.of(sighting) else {
        return Ok(Carriage::Outside);
    };
    let now = match directory.kind.groups_told() {
        GroupsTold::Always => now,
        GroupsTold::AtLogin => {
            let keys = store.person_keys_named(&directory.name, &sighting.person.name)?;
            if keys.contains(&sighting.person.key) {
                return Ok(Carriage::Carried);
            }
            // Who is in which group is not known yet, so nothing may be decided by it.
            Time::from_unix(0)
        }
    };
    let renewal = Renewal {
        seen: vec![sighting],
        ..Renewal::default()
    };
    store.renew(&directory.name, &renewal, now)?;
    Ok(Carriage::Carried)
}

/// Runs `work` where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ResolveError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_cut| ResolveError::Lookup(Arc::new(LookupError::Cut)))
}

impl LookupError {
    /// One line for the log.
    pub fn line(&self) -> String {
        with_causes(self)
    }
}
