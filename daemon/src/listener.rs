//! Accepts connections at both doors, each peer within its allowance.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use muster_common::local::LocalFiles;
use tokio::net::UnixListener;

use crate::broker::Broker;
use crate::connection::Connection;
use crate::peer::{Door, Peer, Places};

/// The wait after a failed accept (descriptor table full), so as not to spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts at `door` for ever.
pub async fn listen(broker: Arc<Broker>, places: Arc<Places>, listener: UnixListener, door: Door) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(credentials) = stream.peer_cred() else {
            continue;
        };
        let peer = Peer {
            door,
            uid: credentials.uid(),
        };
        // Whoever has no more room is hung up on: the caller takes it for "not there".
        let Some(place) = places.take(broker.account_of(peer.uid)) else {
            continue;
        };
        let connection = Connection::new(Arc::clone(&broker), peer, stream);
        let serving = async move {
            connection.serve().await;
            drop(place);
        };
        // Whoever goes wrong takes nobody along, and the door stays open.
        let mut serving = Box::pin(AssertUnwindSafe(serving).catch_unwind());
        // Most callers have asked by now, and what they ask is known: that is no task of its own.
        if !is_over(&mut serving).await {
            tokio::spawn(serving);
        }
    }
}

/// Goes on with `work` as far as it gets without waiting; whether that was its end.
async fn is_over<W: Future + Unpin>(work: &mut W) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *work).poll(context).is_ready())).await
}

/// The ranges that local users may act in by way of a user namespace.
pub fn subordinate_ranges(host: &std::path::Path) -> Vec<std::ops::RangeInclusive<u32>> {
    LocalFiles::read(host)
        .map(|local| local.subordinate)
        .unwrap_or_default()
}
