//! Logging in, as root settles it: who is shut out, wrong tries, the clock.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use muster_common::store::StoreError;
use muster_common::store::attempts::TriedFrom;
use muster_common::store::ledger::IdKind;
use muster_common::store::names::Owner;
use muster_common::text;
use muster_common::wire::message::{
    ClearTries, ClearTriesReply, ListTries, ListTriesReply, ResetClock, ResetClockReply, Revoke,
    RevokeReply, Tries, Unrevoke,
};

use super::page::{PAGE, page};
use super::{generation, off_the_loop};
use crate::broker::Broker;
use crate::publisher::publish_now;
use crate::resolve::ResolveError;
use crate::throttle::{Allowance, allowance};

/// Answers [`Revoke`].
pub async fn revoke(broker: Arc<Broker>, call: Revoke) -> Result<RevokeReply, ResolveError> {
    settled(broker, call.user, |broker, owner, name| {
        let new = broker.store.revoke(owner, name, broker.clock.now())?;
        // Nothing that is known here lets the person in when the directory is out of reach.
        let sequence = broker.store.next_sequence();
        broker.store.remove_verifier(owner, sequence)?;
        log::warn!("root has shut {} out", text::safe(name, 64));
        Ok(new)
    })
    .await
}

/// Answers [`Unrevoke`].
pub async fn unrevoke(broker: Arc<Broker>, call: Unrevoke) -> Result<RevokeReply, ResolveError> {
    settled(broker, call.user, |broker, owner, name| {
        let gone = broker.store.unrevoke(owner)?;
        log::warn!("root lets {} in again", text::safe(name, 64));
        Ok(gone)
    })
    .await
}

async fn settled(
    broker: Arc<Broker>,
    user: String,
    settle: fn(&Broker, &Owner, &str) -> Result<bool, StoreError>,
) -> Result<RevokeReply, ResolveError> {
    let done = off_the_loop(&broker, move |broker| {
        let owner = owner_of(broker, &user)?;
        let changed = settle(broker, &owner, &user)?;
        Ok::<_, ResolveError>((owner, changed))
    });
    let (owner, changed) = done.await??;
    let publication = publish_now(&broker).await;
    Ok(RevokeReply {
        directory: owner.directory.to_string(),
        key: owner.key.to_string(),
        changed,
        generation: generation(&publication),
        unpublished: publication.error,
    })
}

fn owner_of(broker: &Broker, user: &str) -> Result<Owner, ResolveError> {
    let owner = broker.store.owner(IdKind::User, user)?;
    owner.ok_or(ResolveError::NotFound)
}

/// Answers [`ListTries`].
pub fn list_tries(broker: &Broker, call: &ListTries) -> Result<ListTriesReply, ResolveError> {
    let now = broker.clock.now();
    let after = call.after.unwrap_or(0);
    let found = broker.store.tries(now, after, PAGE.saturating_add(1))?;
    let (found, more) = page(found, |one| one.source.len());
    let shown = u64::try_from(found.len()).unwrap_or(u64::MAX);
    Ok(ListTriesReply {
        tries: found.iter().map(|one| shown_tries(broker, one)).collect(),
        more: more.then(|| after.saturating_add(shown)),
    })
}

fn shown_tries(broker: &Broker, one: &TriedFrom) -> Tries {
    let now = broker.clock.now();
    let next = allowance(&broker.config.throttle, &one.attempts, now);
    Tries {
        user: one.name.clone().unwrap_or_default(),
        directory: one.owner.directory.to_string(),
        source: one.source.clone(),
        failures: one.attempts.failures,
        this_hour: one.attempts.this_hour,
        last: one.attempts.last_failure.unix(),
        not_before: match next {
            Allowance::Allowed => 0,
            Allowance::NotBefore(time) => time.unix(),
        },
    }
}

/// Answers [`ClearTries`].
pub fn clear_tries(broker: &Broker, call: &ClearTries) -> Result<ClearTriesReply, ResolveError> {
    let owner = match &call.user {
        Some(user) => Some(owner_of(broker, user)?),
        None => None,
    };
    let sources = broker.store.clear_tries(owner.as_ref())?;
    let whose = call.user.as_deref().unwrap_or("everybody");
    log::warn!(
        "root has forgotten the wrong tries of {}",
        text::safe(whose, 64)
    );
    Ok(ClearTriesReply { sources })
}

/// Answers [`ResetClock`].
pub async fn reset_clock(
    broker: Arc<Broker>,
    _call: ResetClock,
) -> Result<ResetClockReply, ResolveError> {
    let now = broker.clock.now();
    let taken = off_the_loop(&broker, move |broker| {
        broker.store.take_clock_for_right(now)
    });
    let before = taken.await??;
    broker.high_water.store(now.unix(), Ordering::Relaxed);
    log::warn!("root takes the clock for right: the mark was {before} and is {now}");
    // Decisions that were made in the future must not count until then.
    let publication = publish_now(&broker).await;
    if let Some(error) = publication.error {
        log::error!("what the clock has changed could not be published: {error}");
    }
    Ok(ResetClockReply {
        before: before.unix(),
        now: now.unix(),
    })
}
