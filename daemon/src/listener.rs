//! Accepts connections at both doors, each peer within its allowance.

use std::sync::Arc;
use std::time::Duration;

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
        tokio::spawn(async move {
            connection.serve().await;
            drop(place);
        });
    }
}

/// The ranges that local users may act in by way of a user namespace.
pub fn subordinate_ranges(host: &std::path::Path) -> Vec<std::ops::RangeInclusive<u32>> {
    LocalFiles::read(host)
        .map(|local| local.subordinate)
        .unwrap_or_default()
}
