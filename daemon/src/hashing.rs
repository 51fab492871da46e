//! Who may hash passwords now, and the memory they do it in: it stays between logins that
//! follow each other, and is given back when none has come for a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use muster_common::verifier::Room;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// So many hashes' memory is kept, 19 MiB each by default, whatever the machine's cores.
const KEPT_MOST: usize = 2;
/// For how long after the last hash it is kept.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// Sources are forgotten only when so many have gathered.
const TIDY_ABOVE: usize = 256;

/// Slots for password hashing: each takes 19 MiB and a core for 20 ms. Semaphores
/// are fair: whoever comes first hashes first.
pub struct Hashing {
    /// Logins offline: one a core.
    pub logins: Arc<Semaphore>,
    /// Verifiers written after a login: one at a time, so that they slow no login down.
    pub afterwards: Arc<Semaphore>,
    /// Verifiers that may wait to be written.
    pub queue: Arc<Semaphore>,
    /// The memory of those who have a slot.
    pub rooms: Rooms,
    cores: usize,
    sources: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// A slot of a login offline; dropped, it is the next one's.
#[derive(Debug)]
#[expect(dead_code, reason = "held for their drop")]
pub struct Slot(OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Hashing {
    /// Slots for a machine with this many cores.
    pub fn on(cores: usize) -> Self {
        Self {
            logins: Arc::new(Semaphore::new(cores)),
            afterwards: Arc::new(Semaphore::new(1)),
            queue: Arc::new(Semaphore::new(256)),
            rooms: Rooms::default(),
            cores,
            sources: Mutex::default(),
        }
    }

    /// Waits for a slot for a login offline from `source`; `None`: the broker is stopping. Of one
    /// source no more stand in the queue than there are slots, so that the others wait for a
    /// few hashes, however many it asks for.
    pub async fn login_from(&self, source: &str) -> Option<Slot> {
        let place = self.places_of(source).acquire_owned().await.ok()?;
        let slot = Arc::clone(&self.logins).acquire_owned().await.ok()?;
        Some(Slot(slot, place))
    }

    fn places_of(&self, source: &str) -> Arc<Semaphore> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() > TIDY_ABOVE {
            sources.retain(|_, places| places.strong_count() > 0);
        }
        if let Some(places) = sources.get(source).and_then(Weak::upgrade) {
            return places;
        }
        let places = Arc::new(Semaphore::new(self.cores));
        sources.insert(source.to_owned(), Arc::downgrade(&places));
        places
    }
}

/// Memory for hashes that nobody computes in now; all of it is wiped.
#[derive(Debug, Default)]
pub struct Rooms {
    free: Mutex<Free>,
    used: Notify,
}

#[derive(Debug, Default)]
struct Free {
    rooms: Vec<Room>,
    last_used: Option<Instant>,
}

impl Rooms {
    /// Memory for one hash, which comes back by [`Self::give_back`].
    pub fn take(&self) -> Room {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.rooms.pop().unwrap_or_default()
    }

    /// Wipes it, which takes milliseconds, and keeps it for the next.
    pub fn give_back(&self, mut room: Room) {
        room.wipe();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.last_used = Some(Instant::now());
        if free.rooms.len() < KEPT_MOST {
            free.rooms.push(room);
        }
        drop(free);
        self.used.notify_one();
    }

    /// Gives memory back to the system whenever nobody has hashed for a while.
    pub async fn keep_small(&self) {
        loop {
            self.used.notified().await;
            while let Some(rest) = self.empty_if_unused(Instant::now()) {
                tokio::time::sleep(rest).await;
            }
        }
    }

    /// How long what there is may stay yet; `None`: there is nothing now.
    fn empty_if_unused(&self, now: Instant) -> Option<Duration> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = now.saturating_duration_since(free.last_used?);
        let rest = KEPT_FOR.checked_sub(unused).filter(|rest| !rest.is_zero());
        if rest.is_none() {
            *free = Free::default();
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(rooms: &Rooms) -> usize {
        rooms.free.lock().unwrap().rooms.len()
    }

    #[test]
    fn memory_is_kept_for_a_minute_after_the_last_hash_and_never_for_more_than_two() {
        let rooms = Rooms::default();
        assert_eq!(rooms.empty_if_unused(Instant::now()), None);
        let taken = [rooms.take(), rooms.take(), rooms.take()];
        taken.into_iter().for_each(|room| rooms.give_back(room));
        assert_eq!(kept(&rooms), 2);
        let used = rooms.free.lock().unwrap().last_used.unwrap();
        let second = Duration::from_secs(1);
        assert_eq!(rooms.empty_if_unused(used + 59 * second), Some(second));
        assert_eq!(kept(&rooms), 2);
        assert_eq!(rooms.empty_if_unused(used + 60 * second), None);
        assert_eq!(kept(&rooms), 0);
    }

    #[tokio::test]
    async fn a_source_that_asks_for_much_keeps_another_waiting_for_few_hashes() {
        let hashing = Arc::new(Hashing::on(1));
        let first = hashing.login_from("guesser").await.unwrap();
        let (served, mut order) = tokio::sync::mpsc::unbounded_channel();
        for source in ["guesser", "guesser", "guesser", "ada's"] {
            let (hashing, served) = (Arc::clone(&hashing), served.clone());
            tokio::spawn(async move {
                let _slot = hashing.login_from(source).await.unwrap();
                served.send(source).unwrap();
            });
            // Until it stands in its queue.
            tokio::task::yield_now().await;
        }
        drop((first, served));
        let mut sources = Vec::new();
        while let Some(source) = order.recv().await {
            sources.push(source);
        }
        assert_eq!(sources, ["ada's", "guesser", "guesser", "guesser"]);
    }

    #[tokio::test]
    async fn strangers_cannot_fill_the_memory_with_sources() {
        let hashing = Hashing::on(1);
        for source in 0..10_000 {
            drop(hashing.login_from(&source.to_string()).await);
        }
        assert!(hashing.sources.lock().unwrap().len() <= TIDY_ABOVE + 1);
    }

    #[test]
    fn whoever_hashes_next_has_the_memory_of_the_last_one() {
        let rooms = Rooms::default();
        rooms.give_back(rooms.take());
        let _taken = rooms.take();
        assert_eq!(kept(&rooms), 0);
    }
}
