//! What root asks for: syncing now, settling ids and names, carrying the ledger to other hosts,
//! shutting people out, taking them in, the host's own registry.

mod ids;
mod introduce;
mod logins;
mod names;
mod page;
mod people;
#[cfg(test)]
mod tests;
mod tokens;
mod transfer;

use std::sync::Arc;

use muster_common::wire::message::{Sync, SyncOutcome, SyncReply};
use tokio::sync::oneshot;

use crate::broker::{Broker, Connected};
use crate::publisher::Publication;
use crate::resolve::ResolveError;
use crate::sync::{Shrink, SyncRequest};

pub use ids::{list_ids, pin_id, unpin_id};
pub use introduce::introduce;
pub use logins::{clear_tries, list_tries, reset_clock, revoke, unrevoke};
pub use names::{accept_name, list_names};
pub use tokens::{
    deregister_token, export_fixie, import_fixie, list_tokens, register_token, reset_token,
    set_token_groups, set_token_password, unlock_token, verify_token,
};
pub use transfer::{Staged, commit_import};

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

/// Runs `work` where it may read files and the store.
async fn off_the_loop<T: Send + 'static>(
    broker: &Arc<Broker>,
    work: impl FnOnce(&Broker) -> T + Send + 'static,
) -> Result<T, ResolveError> {
    let broker = Arc::clone(broker);
    let done = tokio::task::spawn_blocking(move || work(&broker)).await;
    done.map_err(|_cut| ResolveError::Unclear)
}

fn generation(publication: &Publication) -> u64 {
    publication.served.map_or(0, |served| served.number)
}
