//! Answers kept in memory for a while, for directories that are asked name by
//! name: what was found, and for a shorter while what was not. However many ask
//! for the same thing at once, the directory is asked once. A failure is told to
//! all who waited for it and kept for nobody.
//!
//! The only file that names moka.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

/// How much is kept and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// The most answers of each sort; beyond it those least asked for go first.
    pub entries: u64,
    /// How long something found is kept.
    pub found: Duration,
    /// How long it is kept that something was not found.
    pub missing: Duration,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            entries: 10_000,
            found: Duration::from_secs(300),
            missing: Duration::from_secs(30),
        }
    }
}

/// Answers of type `V` to questions of type `K`; failures are of type `E`.
///
/// Found and missing are bounded apart, so that guesses at names cannot push
/// out what is known.
pub struct Memory<K, V> {
    found: Cache<K, V>,
    missing: Cache<K, ()>,
}

/// Why nothing is kept as found.
enum Nothing<E> {
    Missing,
    Failed(Arc<E>),
}

impl<K, V> Memory<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// An empty memory.
    pub fn new(keeping: Keeping) -> Self {
        Self {
            found: Cache::builder()
                .max_capacity(keeping.entries)
                .time_to_live(keeping.found)
                .build(),
            missing: Cache::builder()
                .max_capacity(keeping.entries)
                .time_to_live(keeping.missing)
                .build(),
        }
    }

    /// What is kept about `key`, without asking anybody: `Some(None)` says that there is no such thing.
    pub async fn kept(&self, key: &K) -> Option<Option<V>> {
        if self.is_missing(key) {
            return Some(None);
        }
        self.found.get(key).await.map(Some)
    }

    /// Whether it is kept that there is no such thing as `key`.
    pub fn is_missing(&self, key: &K) -> bool {
        self.missing.contains_key(key)
    }

    /// The kept answer to `key`, or that of `ask`: `Ok(None)` says that there is no
    /// such thing. `ask` runs only if nothing is kept and nobody else is asking; if
    /// its caller goes away, one who waits asks instead.
    pub async fn get_or_ask<E>(
        &self,
        key: K,
        ask: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, Arc<E>>
    where
        E: Send + Sync + 'static,
    {
        if self.is_missing(&key) {
            return Ok(None);
        }
        let missing = &self.missing;
        let noted = key.clone();
        let asked = self.found.try_get_with(key, async move {
            match ask.await {
                Ok(Some(answer)) => Ok(answer),
                Ok(None) => {
                    missing.insert(noted, ()).await;
                    Err(Nothing::Missing)
                }
                Err(error) => Err(Nothing::Failed(Arc::new(error))),
            }
        });
        match asked.await {
            Ok(answer) => Ok(Some(answer)),
            Err(nothing) => match &*nothing {
                Nothing::Missing => Ok(None),
                Nothing::Failed(error) => Err(Arc::clone(error)),
            },
        }
    }

    /// Keeps an answer that was learnt otherwise, in place of what was kept.
    pub async fn keep(&self, key: K, answer: V) {
        self.missing.invalidate(&key).await;
        self.found.insert(key, answer).await;
    }

    /// Forgets the answer to `key`, whichever it was.
    pub async fn forget(&self, key: &K) {
        self.found.invalidate(key).await;
        self.missing.invalidate(key).await;
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        self.found.invalidate_all();
        self.missing.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    struct Down;

    type Answer = Result<Option<&'static str>, Down>;

    fn memory() -> Memory<String, &'static str> {
        Memory::new(Keeping::default())
    }

    /// Asks for one key again and again; says what came and how often the directory was asked.
    async fn ask_thrice(
        answer: fn() -> Answer,
    ) -> (Vec<Result<Option<&'static str>, Arc<Down>>>, usize) {
        let (memory, asked) = (memory(), AtomicUsize::new(0));
        let mut answers = Vec::new();
        for _ in 0..3 {
            let ask = async {
                asked.fetch_add(1, Ordering::SeqCst);
                answer()
            };
            answers.push(memory.get_or_ask("ada".to_owned(), ask).await);
        }
        (answers, asked.into_inner())
    }

    #[tokio::test]
    async fn what_was_found_and_what_was_not_is_kept_and_a_failure_is_not() {
        assert_eq!(
            ask_thrice(|| Ok(Some("Ada"))).await,
            (vec![Ok(Some("Ada")); 3], 1)
        );
        assert_eq!(ask_thrice(|| Ok(None)).await, (vec![Ok(None); 3], 1));
        assert_eq!(
            ask_thrice(|| Err(Down)).await,
            (vec![Err(Arc::new(Down)); 3], 3)
        );
    }

    /// Lets 500 ask for one key at once, the directory answering only when all wait.
    async fn ask_at_once(answer: fn() -> Answer) -> usize {
        const ASKING: usize = 500;
        let memory = Arc::new(memory());
        let asked = Arc::new(AtomicUsize::new(0));
        let begun = Arc::new(AtomicUsize::new(0));
        let release = Arc::new(Semaphore::new(0));
        let tasks: Vec<_> = (0..ASKING)
            .map(|_| {
                let (memory, asked) = (Arc::clone(&memory), Arc::clone(&asked));
                let (begun, release) = (Arc::clone(&begun), Arc::clone(&release));
                tokio::spawn(async move {
                    begun.fetch_add(1, Ordering::SeqCst);
                    let ask = async {
                        asked.fetch_add(1, Ordering::SeqCst);
                        let _turn = release.acquire().await.unwrap();
                        answer()
                    };
                    memory.get_or_ask("ada".to_owned(), ask).await
                })
            })
            .collect();
        while begun.load(Ordering::SeqCst) < ASKING {
            tokio::task::yield_now().await;
        }
        release.add_permits(1);
        for task in tasks {
            assert_eq!(task.await.unwrap().map_err(|_| Down), answer());
        }
        asked.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn five_hundred_who_miss_at_once_make_one_question() {
        assert_eq!(ask_at_once(|| Ok(Some("Ada"))).await, 1);
        assert_eq!(ask_at_once(|| Ok(None)).await, 1);
        assert_eq!(ask_at_once(|| Err(Down)).await, 1, "all share one failure");
    }

    #[tokio::test]
    async fn who_waits_takes_over_when_the_asker_goes_away() {
        let memory = Arc::new(memory());
        let asker = {
            let memory = Arc::clone(&memory);
            let never = std::future::pending::<Answer>();
            tokio::spawn(async move { memory.get_or_ask("ada".to_owned(), never).await })
        };
        tokio::task::yield_now().await;
        asker.abort();
        let answer = memory.get_or_ask("ada".to_owned(), async { Ok::<_, Down>(Some("Ada")) });
        assert_eq!(answer.await, Ok(Some("Ada")));
    }

    #[tokio::test]
    async fn what_is_forgotten_is_asked_for_again() {
        let memory = memory();
        let answered =
            async |answer: Answer| memory.get_or_ask("ada".to_owned(), async { answer }).await;
        assert_eq!(memory.kept(&"ada".to_owned()).await, None);
        assert_eq!(answered(Ok(None)).await, Ok(None));
        assert_eq!(memory.kept(&"ada".to_owned()).await, Some(None));
        memory.forget(&"ada".to_owned()).await;
        assert_eq!(answered(Ok(Some("Ada"))).await, Ok(Some("Ada")));
        memory.forget_all();
        assert_eq!(answered(Ok(Some("Eve"))).await, Ok(Some("Eve")));
    }

    #[tokio::test]
    async fn what_was_learnt_otherwise_goes_before_what_was_kept() {
        let memory = memory();
        let ada = || "ada".to_owned();
        let answered = async |answer: Answer| memory.get_or_ask(ada(), async { answer }).await;
        assert_eq!(memory.kept(&ada()).await, None);
        assert_eq!(answered(Ok(None)).await, Ok(None));
        memory.keep(ada(), "Ada").await;
        assert_eq!(answered(Err(Down)).await, Ok(Some("Ada")));
        memory.keep(ada(), "Eve").await;
        assert_eq!(memory.kept(&ada()).await, Some(Some("Eve")));
    }

    #[tokio::test]
    async fn guesses_at_names_do_not_push_out_what_is_known() {
        let memory = Memory::new(Keeping {
            entries: 10,
            ..Keeping::default()
        });
        let ask = async || Ok::<_, Down>(Some("Ada"));
        memory.get_or_ask("ada".to_owned(), ask()).await.unwrap();
        for n in 0..1_000 {
            let nobody = memory.get_or_ask(format!("guess{n}"), async { Ok::<_, Down>(None) });
            assert_eq!(nobody.await, Ok(None));
        }
        let kept = memory.get_or_ask("ada".to_owned(), async { Err(Down) });
        assert_eq!(kept.await, Ok(Some("Ada")));
    }
}
