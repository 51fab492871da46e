//! Who asks: the socket's door, the peer's credentials, and how many places each peer may take.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The socket that a peer came in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// root.sock (0600): only root can connect.
    Root,
    /// lookup.sock (0666): anybody can.
    Lookup,
}

/// A connected process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The door it came in by.
    pub door: Door,
    /// Its uid when it connected (SO_PEERCRED).
    pub uid: u32,
}

impl Peer {
    /// Whether this is root at root's own door.
    pub fn is_root(self) -> bool {
        self.door == Door::Root && self.uid == 0
    }
}

/// How often a stopping broker looks whether all have gone.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Places for all but root together.
const STRANGERS_MAX: u32 = 512;
/// Places for one uid.
const UID_MAX: u32 = 64;
/// Places for root, kept free of all others.
const ROOT_MAX: u32 = 2048;

/// Counts connections per uid, so that nobody takes another's room.
#[derive(Debug, Default)]
pub struct Places {
    taken: Mutex<HashMap<u32, u32>>,
}

/// One place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    account: u32,
}

impl Places {
    /// Waits until no place is taken any more.
    pub async fn emptied(&self) {
        while !self
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
        {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Takes a place for `account` (a uid, or one that several share); `None` when it has no more.
    pub fn take(self: &Arc<Self>, account: u32) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let strangers: u32 = taken
            .iter()
            .filter(|(uid, _)| **uid != 0)
            .map(|(_, count)| count)
            .sum();
        let mine = taken.entry(account).or_default();
        let free = match account {
            0 => *mine < ROOT_MAX,
            _ => *mine < UID_MAX && strangers < STRANGERS_MAX,
        };
        if !free {
            return None;
        }
        *mine += 1;
        Some(Place {
            places: Arc::clone(self),
            account,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self
            .places
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_uid_cannot_take_the_places_of_others_and_root_always_has_room() {
        let places = Arc::new(Places::default());
        let mine: Vec<_> = (0..UID_MAX).map(|_| places.take(1000).unwrap()).collect();
        assert!(places.take(1000).is_none());
        assert!(places.take(1001).is_some());
        let all: Vec<_> = (2000..3000).filter_map(|uid| places.take(uid)).collect();
        assert!(places.take(5000).is_none(), "the common room is full");
        assert!(places.take(0).is_some());
        drop((mine, all));
        assert!(places.take(1000).is_some());
    }
}
