//! The way to the publisher: assembles, hands over, remembers how it went. Where only persons
//! have changed who stay who they are, their records are all that is handed over.
//! Requests that come while one is under way are served together by the next.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use muster_common::clock::Time;
use muster_common::directory::ImmutableKey;
use muster_common::local::LocalFiles;
use muster_common::name::DirectoryName;
use muster_common::snapshot::policy::worth_writing;
use muster_common::snapshot::writer;
use muster_common::store::written::{Touched, Written};
use muster_common::wire::publish::{self, Offer, PublishError, Published};

use crate::assemble::{amend, assemble};
use muster_common::text::with_causes;

use crate::broker::Broker;
use crate::rest::Rest;

/// How long the publisher may take over 100,000 users on a slow disk.
const DEADLINE: Duration = Duration::from_secs(30);
/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(15);
/// How often the host's own files are looked at.
const WATCH: Duration = Duration::from_secs(5);

/// New problems of one publication that the log tells; the rest is counted.
const LOGGED_MAX: usize = 100;

/// How the last publication went; a copy costs next to nothing.
#[derive(Debug, Clone, Default)]
pub struct Publication {
    /// What is served, if the publisher has said it.
    pub served: Option<Generation>,
    /// Why it is not what it should be.
    pub error: Option<String>,
    /// What was left out or needs an administrator, a line each.
    pub problems: Arc<[String]>,
}

/// What is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// The users in it.
    pub users: u64,
    /// The groups in it.
    pub groups: u64,
}

impl From<&Published> for Generation {
    fn from(published: &Published) -> Self {
        Self {
            number: published.generation,
            users: published.users,
            groups: published.groups,
        }
    }
}

/// Hands a candidate to whoever listens at a socket and says what is served then.
pub type HandOver =
    Box<dyn Fn(&Path, Offer, &[u8], Duration) -> Result<Published, PublishError> + Send + Sync>;

/// Serializes and coalesces publications.
pub struct Publisher {
    hand_over: HandOver,
    requested: AtomicU64,
    covered: tokio::sync::Mutex<u64>,
    last: Mutex<Publication>,
    /// What the last whole publication went by.
    base: Mutex<Option<Arc<Base>>>,
    /// Whether a publication that nobody waits for is about to come.
    waiting: AtomicBool,
    /// What the publications so far have taken.
    rest: Mutex<Rest>,
}

/// What everybody was put together by.
#[derive(Debug)]
struct Base {
    local: LocalFiles,
    at: Time,
    /// Whether a group may be missing that rules are about.
    refuses_groups: bool,
    /// Users of whom anything was reported.
    reported: HashSet<Box<str>>,
}

impl Default for Publisher {
    /// The way to muster-publish.
    fn default() -> Self {
        Self::by(Box::new(publish::publish))
    }
}

impl Publisher {
    /// Publishes by `hand_over`: tests have no muster-publish.
    pub fn by(hand_over: HandOver) -> Self {
        Self {
            hand_over,
            requested: AtomicU64::default(),
            covered: tokio::sync::Mutex::default(),
            last: Mutex::default(),
            base: Mutex::default(),
            waiting: AtomicBool::default(),
            rest: Mutex::default(),
        }
    }

    /// How the last publication went.
    pub fn last(&self) -> Publication {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// How long those for whom nobody waits leave the publisher alone, as seen from `now`.
    fn rest(&self, now: Instant) -> Duration {
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.left(now)
    }

    fn note_end(&self, began: Instant) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        rest.note(began, Instant::now());
    }

    /// What can be amended: everybody as put together by these accounts, and so lately that
    /// everybody else's decisions are as good as new. From before a clock that went back none are.
    fn base(
        &self,
        local: &LocalFiles,
        now: Time,
        max_staleness: Duration,
    ) -> Result<Arc<Base>, &'static str> {
        let base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        let as_now = |base: &&Arc<Base>| {
            let age = now.since(base.at);
            base.local == *local && base.at <= now && age < worth_writing(max_staleness)
        };
        let base = base.as_ref().filter(as_now);
        let base = base.ok_or("what is served was put together otherwise, or long ago")?;
        if base.refuses_groups {
            return Err("rules may be about groups that are not served");
        }
        Ok(Arc::clone(base))
    }

    fn base_on(&self, base: Option<Base>) {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base.map(Arc::new);
    }

    fn remember(&self, publication: Publication) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = publication;
    }
}

/// Publishes what the store says, some time: changes that nobody waits for come together,
/// so that however many they are, at most a tenth of the time is spent on publishing them;
/// a few after a quiet time are published one after the other ([`Rest`]).
/// Returns at once.
pub fn publish_in_background(broker: &Arc<Broker>) {
    if broker.publisher.waiting.swap(true, Ordering::SeqCst) {
        return;
    }
    let broker = Arc::clone(broker);
    tokio::spawn(async move {
        tokio::time::sleep(broker.publisher.rest(Instant::now())).await;
        // What changes from here on may come too late for this one.
        broker.publisher.waiting.store(false, Ordering::SeqCst);
        publish_now(&broker).await;
    });
}

/// Publishes what the store says now; returns when it is served (or could not be).
pub async fn publish_now(broker: &Arc<Broker>) -> Publication {
    let publisher = &broker.publisher;
    let ticket = publisher.requested.fetch_add(1, Ordering::SeqCst) + 1;
    let mut covered = publisher.covered.lock().await;
    if *covered >= ticket {
        return publisher.last();
    }
    let covers = publisher.requested.load(Ordering::SeqCst);
    let worker = Arc::clone(broker);
    let began = Instant::now();
    let publication = tokio::task::spawn_blocking(move || publication(&worker))
        .await
        .unwrap_or_else(|error| Publication {
            error: Some(format!("assembling failed: {error}")),
            ..Publication::default()
        });
    match &publication.error {
        Some(error) => log::error!("not published, the old snapshot stays: {error}"),
        None => log_published(&publisher.last(), &publication),
    }
    publisher.note_end(began);
    publisher.remember(publication.clone());
    *covered = covers;
    publication
}

fn log_published(before: &Publication, now: &Publication) {
    let Some(served) = now.served else {
        return;
    };
    let Generation {
        number,
        users,
        groups,
    } = served;
    if before.served.is_none_or(|last| last.number != number) {
        log::info!("generation {number} is served: {users} users, {groups} groups");
    }
    if Arc::ptr_eq(&before.problems, &now.problems) {
        return;
    }
    let known: HashSet<_> = before.problems.iter().collect();
    let mut new = now
        .problems
        .iter()
        .filter(|problem| !known.contains(problem));
    for problem in new.by_ref().take(LOGGED_MAX) {
        log::warn!("{problem}");
    }
    let more = new.count();
    if more > 0 {
        log::warn!("and {more} more problems: see `muster status`");
    }
}

fn publication(broker: &Broker) -> Publication {
    match try_publication(broker) {
        Ok(publication) => publication,
        Err(error) => Publication {
            error: Some(error),
            ..broker.publisher.last()
        },
    }
}

/// The text of the error is for the log and `status`; all errors come to the same: the old snapshot stays.
fn try_publication(broker: &Broker) -> Result<Publication, String> {
    // Asked first: what is written from here on is told the next time.
    let written = broker.store.written();
    let publication = publication_of(broker, &written);
    if publication.is_err() {
        broker.store.forget_written();
    }
    publication
}

fn publication_of(broker: &Broker, written: &Written) -> Result<Publication, String> {
    let local = LocalFiles::read(&broker.places.host)
        .map_err(|error| format!("the host's own accounts cannot be read: {error}"))?;
    let proposed = match written {
        Written::People(people) if !people.is_empty() => proposal(broker, &local, people),
        _ => Err("more may be other than some people".to_owned()),
    };
    match proposed.map(|proposal| amended(broker, proposal)) {
        Ok(Some(published)) => return published,
        Ok(None) => {}
        Err(why) => log::debug!("everybody is put together: {why}"),
    }
    whole(broker, local)
}

/// An amendment's candidate, and the problems that stay.
struct Proposal {
    candidate: Vec<u8>,
    problems: Arc<[String]>,
}

/// The records of `people` alone; the error says why that does not do.
fn proposal(
    broker: &Broker,
    local: &LocalFiles,
    people: &BTreeMap<(DirectoryName, ImmutableKey), Touched>,
) -> Result<Proposal, String> {
    let (publisher, config) = (&broker.publisher, &broker.config);
    let (last, now) = (publisher.last(), broker.clock.now());
    if last.error.is_some() {
        return Err("the last publication came to nothing".to_owned());
    }
    let base = publisher.base(local, now, config.access_max_staleness)?;
    let served = broker.snapshot().map_err(|error| with_causes(&error))?;
    let number = last.served.map(|served| served.number);
    if number != Some(served.generation()) {
        return Err("another snapshot is served than the last one".to_owned());
    }
    let base = amend::Base {
        served: &served,
        reported: &base.reported,
    };
    let content = amend::amend(&broker.store, (config, local), &base, people, now)
        .map_err(|error| with_causes(&error))?;
    let candidate = writer::candidate_upon(&content, served.generation());
    Ok(Proposal {
        candidate: candidate.map_err(|error| with_causes(&error))?,
        problems: last.problems,
    })
}

/// Whether a group may be missing that was there when everybody's access was compiled. The private
/// ones of users who are refused are in nobody else's access.
fn refuses_groups(published: &Published) -> bool {
    let refused = |kind| {
        let refusals = published.refusals.iter();
        refusals.filter_map(move |refusal| refusal.what.strip_prefix(kind))
    };
    let users: HashSet<&str> = refused("user ").collect();
    let listed = u64::try_from(published.refusals.len()).unwrap_or(u64::MAX);
    published.refused_total > listed || refused("group ").any(|group| !users.contains(group))
}

/// What came of an amendment; `None` where the publisher needs everybody.
fn amended(broker: &Broker, proposal: Proposal) -> Option<Result<Publication, String>> {
    let published = (broker.publisher.hand_over)(
        &broker.places.publish_socket,
        Offer::Amendment,
        &proposal.candidate,
        DEADLINE,
    );
    match published {
        Ok(published) => Some(Ok(Publication {
            served: Some(Generation::from(&published)),
            error: None,
            problems: proposal.problems,
        })),
        Err(PublishError::Refused(why)) => {
            log::debug!("everybody is handed over: {why}");
            None
        }
        Err(error) => Some(Err(with_causes(&error))),
    }
}

fn whole(broker: &Broker, local: LocalFiles) -> Result<Publication, String> {
    let now = broker.clock.now();
    broker.publisher.base_on(None);
    let assembly = assemble(&broker.store, &broker.config, &local, now)
        .map_err(|error| with_causes(&error))?;
    let candidate = writer::candidate(&assembly.content).map_err(|error| with_causes(&error))?;
    let mut problems = assembly.problems;
    drop(assembly.content);
    let published = (broker.publisher.hand_over)(
        &broker.places.publish_socket,
        Offer::Whole,
        &candidate,
        DEADLINE,
    );
    let published = published.map_err(|error| with_causes(&error))?;
    drop(candidate);
    problems.extend(refused(&published));
    broker.publisher.base_on(Some(Base {
        local,
        at: now,
        refuses_groups: refuses_groups(&published),
        reported: amend::reported(&problems),
    }));
    // What an assembly needed goes back: the broker idles on a small footprint.
    crate::heap::trim();
    Ok(Publication {
        served: Some(Generation::from(&published)),
        error: None,
        problems: problems.into(),
    })
}

/// What the publisher has left out or changed, a line each.
fn refused(published: &Published) -> Vec<String> {
    let refusals = published.refusals.iter();
    let mut lines: Vec<String> = refusals
        .map(|refused| format!("{}: {}", refused.what, refused.why))
        .collect();
    let named = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    let unnamed = published.refused_total.saturating_sub(named);
    if unnamed > 0 {
        lines.push(format!("and {unnamed} more records are refused"));
    }
    lines
}

/// Publishes what the store remembers, before any network is there; republishes when the host's own accounts change, and tries again after a failure.
pub async fn keep_published(broker: Arc<Broker>) {
    // Looked at before publishing: what changes meanwhile is seen the next time.
    let mut seen = fingerprint(&broker);
    publish_now(&broker).await;
    let mut wait = WATCH;
    loop {
        tokio::time::sleep(wait).await;
        let now = fingerprint(&broker);
        let failed = broker.publisher.last().error.is_some();
        if failed || now != seen {
            seen = now;
            let publication = publish_now(&broker).await;
            wait = if publication.error.is_some() {
                RETRY
            } else {
                WATCH
            };
        }
    }
}

/// Sizes and times of the files that local accounts, grants and shells stand in.
fn fingerprint(broker: &Broker) -> Vec<Option<(u64, i64, i64, u64)>> {
    use muster_common::paths::{GROUP, PASSWD, SHELLS, SUBGID, SUBUID};
    use std::os::unix::fs::MetadataExt;
    let files = [PASSWD, GROUP, SUBUID, SUBGID, SHELLS];
    let stats = files
        .map(|file| std::fs::metadata(broker.places.host.join(file.trim_start_matches('/'))).ok());
    stats
        .into_iter()
        .map(|stat| stat.map(|s| (s.len(), s.mtime(), s.mtime_nsec(), s.ino())))
        .collect()
}

#[cfg(test)]
mod tests {
    use muster_common::wire::publish::Refused;

    use super::*;

    #[test]
    fn private_groups_of_refused_users_are_missed_by_nobody_and_others_are() {
        let published = |refused: &[&str], more| Published {
            refusals: refused
                .iter()
                .map(|what| Refused {
                    what: (*what).to_owned(),
                    why: "has the name of a local user".to_owned(),
                })
                .collect(),
            refused_total: refused.len() as u64 + more,
            ..Published::default()
        };
        assert!(!refuses_groups(&published(&[], 0)));
        let private = ["user larry", "group larry", "former user bob"];
        assert!(!refuses_groups(&published(&private, 0)));
        assert!(refuses_groups(&published(&["user larry", "group ops"], 0)));
        assert!(refuses_groups(&published(&private, 1)), "one is not listed");
    }
}
