//! Names: for whom they are held, who else claims them, and giving one over.

use std::collections::HashMap;
use std::sync::Arc;

use muster_common::store::StoreError;
use muster_common::store::ledger::IdKind;
use muster_common::store::names::{Owned, Owner};
use muster_common::text;
use muster_common::wire::message::{
    AcceptName, AcceptNameReply, Claimant, HeldName, ListNames, ListNamesReply,
};

use super::page::{PAGE, page};
use super::people::{contributed, holder_of};
use super::{generation, off_the_loop};
use crate::broker::Broker;
use crate::publisher::publish_now;
use crate::resolve::ResolveError;

/// Who claims each name beside its owner.
type Claims = HashMap<String, Vec<Claimant>>;

/// Answers [`ListNames`].
pub fn list_names(broker: &Broker, call: &ListNames) -> Result<ListNamesReply, ResolveError> {
    let kind = IdKind::group_if(call.group);
    let after = call.after.as_deref().unwrap_or_default();
    let (owned, mut claims) = if call.claimed == Some(true) {
        claimed(broker, kind, after)?
    } else {
        let most = PAGE.saturating_add(1);
        let owned = broker.store.owners_after(kind, after, most)?;
        (owned, Claims::new())
    };
    let (owned, more) = page(owned, |owned| {
        let claimants = claims.get(&owned.name).into_iter().flatten();
        let claimants = claimants.map(|claimant| claimant.key.len());
        claimants.fold(owned.owner.key.as_str().len(), usize::saturating_add)
    });
    let mut names = Vec::with_capacity(owned.len());
    for owned in owned {
        let claimants = claims.remove(&owned.name).unwrap_or_default();
        let held = held_name(broker, owned)?;
        names.push(HeldName { claimants, ..held });
    }
    Ok(ListNamesReply { names, more })
}

/// The names behind `after` that somebody else claims than their owner, by name.
fn claimed(broker: &Broker, kind: IdKind, after: &str) -> Result<(Vec<Owned>, Claims), StoreError> {
    let mut owners = broker.store.owners(kind)?;
    let mut claims = Claims::new();
    for directory in &broker.config.directories {
        for (name, key) in contributed(broker, kind, &directory.name)? {
            let one = (&directory.name, &key);
            let owner = owners.get(&name).filter(|_| name.as_str() > after);
            if owner.is_some_and(|owner| (&owner.directory, &owner.key) != one) {
                claims.entry(name).or_default().push(Claimant {
                    directory: directory.name.to_string(),
                    key: key.to_string(),
                });
            }
        }
    }
    owners.retain(|name, _| claims.contains_key(name));
    let owned = owners.into_iter();
    let mut owned: Vec<_> = owned
        .map(|(name, owner)| Owned { kind, name, owner })
        .collect();
    owned.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok((owned, claims))
}

fn held_name(broker: &Broker, Owned { kind, name, owner }: Owned) -> Result<HeldName, StoreError> {
    let entry = match holder_of(broker, kind, &owner) {
        Some(holder) => broker.store.identity(&holder)?,
        None => None,
    };
    let Owner { directory, key } = owner;
    Ok(HeldName {
        kind: kind.as_str().to_owned(),
        name,
        directory: directory.to_string(),
        key: key.to_string(),
        id: entry.map(|entry| entry.id),
        claimants: Vec::new(),
    })
}

/// Answers [`AcceptName`].
pub async fn accept_name(
    broker: Arc<Broker>,
    call: AcceptName,
) -> Result<AcceptNameReply, ResolveError> {
    let kind = IdKind::group_if(call.group);
    let name = call.name.clone();
    let before = off_the_loop(&broker, move |broker| release(broker, kind, &name)).await??;
    let publication = publish_now(&broker).await;
    log::warn!(
        "root gave the name of {} {} over",
        kind.as_str(),
        text::safe(&call.name, 64)
    );
    let now = off_the_loop(&broker, move |broker| held(broker, kind, &call.name)).await??;
    Ok(AcceptNameReply {
        held: before.is_some(),
        before,
        now,
        generation: generation(&publication),
    })
}

/// Takes the name from its owner, and says who that was.
fn release(broker: &Broker, kind: IdKind, name: &str) -> Result<Option<HeldName>, StoreError> {
    let _turn = broker.store.deciding();
    let before = held(broker, kind, name)?;
    broker.store.release_name(kind, name)?;
    Ok(before)
}

fn held(broker: &Broker, kind: IdKind, name: &str) -> Result<Option<HeldName>, StoreError> {
    let Some(owner) = broker.store.owner(kind, name)? else {
        return Ok(None);
    };
    let name = name.to_owned();
    held_name(broker, Owned { kind, name, owner }).map(Some)
}
