//! Accepts connections at both doors, each peer within its allowance: root's here, everybody's in
//! [`look_ups`], where what is known already is answered at once.

mod look_ups;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use muster_common::local::LocalFiles;
use tokio::net::UnixListener;

use crate::broker::Broker;
use crate::connection::Connection;
use crate::peer::{Door, Peer, Place, Places};

pub use look_ups::open;

/// The wait after a failed accept (descriptor table full), so as not to spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts at root's door for ever.
pub async fn listen(broker: Arc<Broker>, places: Arc<Places>, listener: UnixListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(credentials) = stream.peer_cred() else {
            continue;
        };
        let peer = Peer {
            door: Door::Root,
            uid: credentials.uid(),
        };
        // Whoever has no more room is hung up on: the caller takes it for "not there".
        let Some(place) = places.take(broker.account_of(peer.uid)) else {
            continue;
        };
        let connection = Connection::new(Arc::clone(&broker), peer, stream);
        tokio::spawn(served(connection, place));
    }
}

/// Serves `connection` to its end. Whoever goes wrong takes nobody along, and the door stays open.
async fn served(connection: Connection, place: Place) {
    let _panicked = AssertUnwindSafe(connection.serve()).catch_unwind().await;
    drop(place);
}

/// The ranges that local users may act in by way of a user namespace.
pub fn subordinate_ranges(host: &std::path::Path) -> Vec<std::ops::RangeInclusive<u32>> {
    LocalFiles::read(host)
        .map(|local| local.subordinate)
        .unwrap_or_default()
}
