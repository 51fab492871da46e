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
/// Peers of foreign user namespaces and subordinate uids share this account.
const SHARED_ACCOUNT: u32 = u32::MAX;

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
        let Some(place) = places.take(account(&broker, peer.uid)) else {
            continue;
        };
        let connection = Connection::new(Arc::clone(&broker), peer, stream);
        tokio::spawn(async move {
            connection.serve().await;
            drop(place);
        });
    }
}

/// Whose allowance a peer draws on.
fn account(broker: &Broker, uid: u32) -> u32 {
    let shares = uid == 65_534 || broker.subordinate.iter().any(|range| range.contains(&uid));
    if shares { SHARED_ACCOUNT } else { uid }
}

/// The ranges that local users may act in by way of a user namespace.
pub fn subordinate_ranges(host: &std::path::Path) -> Vec<std::ops::RangeInclusive<u32>> {
    LocalFiles::read(host)
        .map(|local| local.subordinate)
        .unwrap_or_default()
}
