//! One after the other, by name: tries that could be guesses are made one at a
//! time per (person, source), so that many at once are not many free guesses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// Names that are forgotten only when so many have gathered.
const TIDY_ABOVE: usize = 256;

/// Who is waiting for whom.
#[derive(Debug, Default)]
pub struct Turns {
    queues: Mutex<HashMap<String, Weak<Queue<()>>>>,
}

/// A turn; the next in the queue has it when this is dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held for its drop")] OwnedMutexGuard<()>);

impl Turns {
    /// Waits until nobody else has the turn of `name`; who comes first goes first.
    pub async fn take(&self, name: String) -> Turn {
        let queue = self.queue(name);
        Turn(queue.lock_owned().await)
    }

    fn queue(&self, name: String) -> Arc<Queue<()>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.len() > TIDY_ABOVE {
            queues.retain(|_, queue| queue.strong_count() > 0);
        }
        if let Some(queue) = queues.get(&name).and_then(Weak::upgrade) {
            return queue;
        }
        let queue = Arc::new(Queue::new(()));
        queues.insert(name, Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_name_goes_one_by_one_and_another_at_once() {
        let turns = Turns::default();
        let first = turns.take("ada".into()).await;
        let other = turns.take("bob".into()).await;
        let queue = turns.queue("ada".into());
        assert!(queue.try_lock().is_err());
        drop(first);
        assert!(queue.try_lock().is_ok());
        drop(other);
    }

    #[tokio::test]
    async fn strangers_cannot_fill_the_memory_with_names() {
        let turns = Turns::default();
        for number in 0..10_000 {
            turns.take(number.to_string()).await;
        }
        assert!(turns.queues.lock().unwrap().len() <= TIDY_ABOVE + 1);
    }
}
