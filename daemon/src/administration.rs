//! What root asks for: syncing now, giving a held name over.

use std::sync::Arc;

use muster_common::store::StoreError;
use muster_common::store::ledger::IdKind;
use muster_common::wire::message::{AcceptName, AcceptNameReply, Sync, SyncOutcome, SyncReply};
use tokio::sync::oneshot;

use crate::broker::{Broker, Connected};
use crate::publisher::{Publication, publish_now};
use crate::sync::{Shrink, SyncRequest};

/// Answers [`Sync`]; `None` when no directory has that name.
pub async fn sync(broker: &Arc<Broker>, call: &Sync) -> Option<SyncReply> {
    let wanted: Vec<&Connected> = match &call.directory {
        Some(name) => broker
            .connected
            .iter()
            .filter(|connected| connected.config.name.as_str() == name)
            .collect(),
        None => broker.connected.iter().collect(),
    };
    if wanted.is_empty() && call.directory.is_some() {
        return None;
    }
    let shrink = if call.accept_shrink == Some(true) {
        Shrink::Accept
    } else {
        Shrink::Hold
    };
    let mut directories = Vec::with_capacity(wanted.len());
    for connected in wanted {
        directories.push(sync_one(connected, shrink).await);
    }
    Some(SyncReply {
        directories,
        generation: generation(&broker.publisher.last()),
    })
}

async fn sync_one(connected: &Connected, shrink: Shrink) -> SyncOutcome {
    let (reply, answer) = oneshot::channel();
    let sent = connected.sync.send(SyncRequest { shrink, reply }).await;
    let outcome = if sent.is_ok() {
        answer.await.ok()
    } else {
        None
    };
    outcome.unwrap_or_else(|| SyncOutcome {
        name: connected.config.name.to_string(),
        error: Some("the broker is stopping".to_owned()),
        ..SyncOutcome::default()
    })
}

/// Answers [`AcceptName`].
pub async fn accept_name(
    broker: &Arc<Broker>,
    call: &AcceptName,
) -> Result<AcceptNameReply, StoreError> {
    let kind = if call.group {
        IdKind::Group
    } else {
        IdKind::User
    };
    let held = broker.store.release_name(kind, &call.name)?;
    let publication = publish_now(broker).await;
    log::warn!(
        "root gave the name of {} {} over",
        kind.as_str(),
        muster_common::text::safe(&call.name, 64)
    );
    Ok(AcceptNameReply {
        held,
        generation: generation(&publication),
    })
}

fn generation(publication: &Publication) -> u64 {
    publication
        .published
        .as_ref()
        .map_or(0, |published| published.generation)
}
