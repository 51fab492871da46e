//! Ids: what the ledger says, and what an administrator says instead.

use std::sync::Arc;

use muster_common::local::LocalFiles;
use muster_common::store::StoreError;
use muster_common::store::ledger::{Entry, Former, Holder, IdKind, PinError};
use muster_common::store::names::Owner;
use muster_common::text;
use muster_common::wire::message::{IdEntry, ListIds, ListIdsReply, PinId, PinReply, UnpinId};

use super::page::{PAGE, page};
use super::people::{Said, WhoError, holder_of, meant};
use super::{generation, off_the_loop};
use crate::assemble::id_space;
use crate::broker::Broker;
use crate::publisher::publish_now;
use crate::resolve::ResolveError;

/// Why a pin is neither set nor taken away. Nothing has changed.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// It cannot be said who is meant.
    #[error(transparent)]
    Who(#[from] WhoError),
    /// The configuration goes before.
    #[error("[override.user.{name}] of the configuration gives the uid {uid}: take that out first")]
    Overridden {
        /// Whose.
        name: String,
        /// The id.
        uid: u32,
    },
    /// Nothing to take away.
    #[error("{0} has no pinned id")]
    NotPinned(String),
    /// The id cannot be theirs.
    #[error(transparent)]
    Id(#[from] PinError),
    /// Files or the store cannot be read or written.
    #[error(transparent)]
    Books(#[from] ResolveError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Books(error.into())
    }
}

/// Whose id was changed, and what it was.
struct Changed {
    holder: Holder,
    before: Option<u32>,
}

/// Answers [`ListIds`].
pub fn list_ids(broker: &Broker, call: &ListIds) -> Result<ListIdsReply, ResolveError> {
    let after = call.after.unwrap_or(0);
    let former = match call.former {
        Some(true) => Former::Shown,
        _ => Former::Hidden,
    };
    let mut found = match (call.id, &call.name) {
        (Some(id), None) => broker.store.entry_with(id)?.into_iter().collect(),
        (None, Some(name)) => {
            let kind = IdKind::group_if(call.group == Some(true));
            entries_about(broker, kind, name)?
        }
        (None, None) => {
            let most = PAGE.saturating_add(1);
            broker.store.entries_after(after, former, most)?
        }
        (Some(_), Some(_)) => return Err(ResolveError::Invalid),
    };
    found.retain(|entry| entry.id > after);
    let (entries, more) = page(found, weight);
    Ok(ListIdsReply {
        entries: entries.iter().map(IdEntry::from).collect(),
        more,
    })
}

fn weight(Entry { holder, name, .. }: &Entry) -> usize {
    let lengths = [
        name.len(),
        holder.namespace.len(),
        holder.key.as_str().len(),
    ];
    lengths.into_iter().fold(0, usize::saturating_add)
}

/// The entries of whoever owns the name, and those that were given under it; by id.
fn entries_about(broker: &Broker, kind: IdKind, name: &str) -> Result<Vec<Entry>, StoreError> {
    let store = &broker.store;
    let mut found = store.entries_named(kind, name)?;
    let owner = store.owner(kind, name)?;
    if let Some(holder) = owner.and_then(|owner| holder_of(broker, kind, &owner)) {
        found.extend(store.entries_of(&holder)?);
    }
    found.sort_unstable_by_key(|entry| entry.id);
    found.dedup_by_key(|entry| entry.id);
    Ok(found)
}

/// Answers [`PinId`].
pub async fn pin_id(broker: Arc<Broker>, call: PinId) -> Result<PinReply, ResolveError> {
    let said = Said {
        kind: IdKind::group_if(call.group),
        name: call.name,
        directory: call.directory,
        key: call.key,
    };
    let pinned = off_the_loop(&broker, move |broker| pin(broker, &said, call.id)).await?;
    served(&broker, pinned).await
}

/// Answers [`UnpinId`].
pub async fn unpin_id(broker: Arc<Broker>, call: UnpinId) -> Result<PinReply, ResolveError> {
    let said = Said {
        kind: IdKind::group_if(call.group),
        name: call.name,
        directory: call.directory,
        key: call.key,
    };
    let unpinned = off_the_loop(&broker, move |broker| unpin(broker, &said)).await?;
    served(&broker, unpinned).await
}

/// Publishes what was changed and says what counts then.
async fn served(
    broker: &Arc<Broker>,
    changed: Result<Changed, Refusal>,
) -> Result<PinReply, ResolveError> {
    let Changed { holder, before } = match changed {
        Ok(changed) => changed,
        Err(Refusal::Books(error)) => return Err(error),
        Err(Refusal::Who(WhoError::Store(error))) => return Err(error.into()),
        Err(refusal) => {
            return Ok(PinReply {
                refused: Some(refusal.to_string()),
                generation: generation(&broker.publisher.last()),
                ..PinReply::default()
            });
        }
    };
    let publication = publish_now(broker).await;
    let now = off_the_loop(broker, move |broker| broker.store.identity(&holder)).await??;
    Ok(PinReply {
        refused: None,
        before,
        now: now.as_ref().map(IdEntry::from),
        generation: generation(&publication),
    })
}

fn pin(broker: &Broker, said: &Said, id: u32) -> Result<Changed, Refusal> {
    let local = LocalFiles::read(&broker.places.host).map_err(ResolveError::Local)?;
    let _turn = broker.store.deciding();
    let (owner, holder) = meant(broker, said)?;
    if let Some(uid) = overriding(broker, said) {
        let name = said.name.clone();
        return Err(Refusal::Overridden { name, uid });
    }
    let mut ledger = broker.store.ledger(id_space(&broker.config))?;
    let before = ledger.entry(&holder).map(|entry| entry.id);
    ledger.pin(&holder, &said.name, id, &local)?;
    broker.store.keep_ledger(&ledger)?;
    log::warn!("root pinned {} to the id {id}", shown(said, &owner));
    Ok(Changed { holder, before })
}

fn unpin(broker: &Broker, said: &Said) -> Result<Changed, Refusal> {
    let _turn = broker.store.deciding();
    let (owner, holder) = meant(broker, said)?;
    let mut ledger = broker.store.ledger(id_space(&broker.config))?;
    let Some(id) = ledger.unpin(&holder) else {
        return Err(Refusal::NotPinned(said.shown()));
    };
    broker.store.keep_ledger(&ledger)?;
    log::warn!(
        "root took the pin to the id {id} from {}",
        shown(said, &owner)
    );
    let before = Some(id);
    Ok(Changed { holder, before })
}

/// The uid that the configuration gives a user of this name.
fn overriding(broker: &Broker, said: &Said) -> Option<u32> {
    let overrides = &broker.config.overrides;
    let said = overrides
        .get(said.name.as_str())
        .filter(|_| said.kind == IdKind::User);
    Some(said?.uid?.get())
}

fn shown(said: &Said, Owner { directory, key }: &Owner) -> String {
    let key = text::safe(key.as_str(), 64);
    format!("{} ({key} of {directory})", said.shown())
}
