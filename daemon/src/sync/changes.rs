//! What has changed since a directory was read: whoever is named is asked about anew.
//!
//! Nothing is believed of what a notice says but the name, so that it does no harm to
//! hear of the same change again and again, as from Crowd, for five minutes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use muster_common::config::DirectoryConfig;
use muster_common::directory::{Changes, Cursor, DirectoryError, Notices, Sighting, TeamSighting};
use muster_common::store::Store;
use muster_common::store::renewal::{Change, Renewal};
use tokio::time::Instant;

use super::guard::{Guard, Removal, Shrink};
use super::{SyncError, on_store};
use crate::broker::{Broker, Connected};
use crate::scope::Carried;

/// When more are named than this, reading everybody is less work for both sides.
const NAMED_MAX: usize = 1000;
/// How soon the same notice about the same name makes us ask again: something else may
/// have changed meanwhile that the notice does not tell.
const SAME_AGAIN: Duration = Duration::from_secs(60);
/// How often the moment up to which a quiet history was read is written down.
const WRITTEN_EVERY: Duration = Duration::from_secs(60);
/// How often a quiet directory's freshness is published, for decisions that would run out.
const PUBLISHED_EVERY: Duration = Duration::from_secs(3600);

/// What came of asking for changes.
#[derive(Debug)]
pub enum Followed {
    /// They were read.
    Read {
        /// How long the server took to name them.
        answered_in: Duration,
        /// Whether there is something to publish.
        publish: bool,
    },
    /// The directory's history does not lead on from where it was read last.
    HistoryLost,
    /// So much has changed, or in such a way, that everybody had better be read.
    Beyond,
}

/// How far one directory's history was read, and what it told lately.
#[derive(Debug, Default)]
pub struct Follower {
    cursor: Option<Cursor>,
    written: Option<Instant>,
    published: Option<Instant>,
    heard: HashMap<(Named, String), (u64, Instant)>,
    /// Notices after which everybody has to be read, and when they were asked for: to be
    /// remembered once that is done.
    beyond: Option<(Notices, Instant)>,
}

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Named {
    Person,
    Team,
}

/// Whom to ask about.
#[derive(Debug, Default)]
struct Questions {
    people: Vec<String>,
    teams: Vec<String>,
    /// People who are told anew to have been removed.
    people_removed: Vec<String>,
    /// Groups that are told anew to have been removed.
    teams_removed: Vec<String>,
}

impl Follower {
    /// Asks `connected` what has changed, asks about whoever is named, and keeps it.
    pub async fn follow(
        &mut self,
        broker: &Arc<Broker>,
        connected: &Connected,
    ) -> Result<Followed, SyncError> {
        let directory = connected.directory();
        let Some(changes) = directory.changes() else {
            return Ok(Followed::HistoryLost);
        };
        let Some(cursor) = self.cursor(broker, connected).await? else {
            return Ok(Followed::HistoryLost);
        };
        let asked = Instant::now();
        let notices = changes.since(&cursor).await?;
        let answered_in = asked.elapsed();
        broker.note_call(&connected.config.name, None);
        let Some(notices) = notices else {
            return Ok(Followed::HistoryLost);
        };
        let questions = self.questions(&notices, asked);
        let narrowed = !connected.config.scope.is_everybody();
        let many = questions.people.len().saturating_add(questions.teams.len()) > NAMED_MAX;
        if many || narrowed && !questions.teams.is_empty() {
            self.beyond = Some((notices, asked));
            return Ok(Followed::Beyond);
        }
        let taken_in = self
            .take_in(broker, connected, changes, &questions, &notices)
            .await?;
        let Some(change) = taken_in else {
            self.beyond = Some((notices, asked));
            return Ok(Followed::Beyond);
        };
        self.remember(&notices, asked);
        self.cursor = notices.until;
        broker.raise_high_water();
        Ok(Followed::Read {
            answered_in,
            publish: self.is_to_publish(change, asked),
        })
    }

    async fn cursor(
        &self,
        broker: &Broker,
        connected: &Connected,
    ) -> Result<Option<Cursor>, SyncError> {
        if self.cursor.is_some() {
            return Ok(self.cursor.clone());
        }
        let name = connected.config.name.clone();
        let reading = on_store(broker, move |store| Ok(store.reading(&name)?)).await?;
        Ok(reading.and_then(|reading| reading.cursor))
    }

    /// Whom to ask about: not again, so soon, about whom the same was told.
    fn questions(&self, notices: &Notices, now: Instant) -> Questions {
        let new = |named: Named, told: &BTreeMap<String, u64>| {
            let is_new = |(name, told): &(&String, &u64)| {
                let heard = self.heard.get(&(named, (*name).clone()));
                heard.is_none_or(|(before, at)| {
                    before != *told || now.duration_since(*at) >= SAME_AGAIN
                })
            };
            told.iter()
                .filter(is_new)
                .map(|(name, _)| name.clone())
                .collect()
        };
        let removed = |named: Named, removed: &BTreeSet<String>, told: &BTreeMap<String, u64>| {
            let is_new = |name: &&String| {
                let heard = self.heard.get(&(named, (*name).clone()));
                heard.map(|(before, _)| before) != told.get(*name)
            };
            removed.iter().filter(is_new).cloned().collect()
        };
        Questions {
            people: new(Named::Person, &notices.people),
            teams: new(Named::Team, &notices.teams),
            people_removed: removed(Named::Person, &notices.people_removed, &notices.people),
            teams_removed: removed(Named::Team, &notices.teams_removed, &notices.teams),
        }
    }

    /// Goes on from where the store says that everybody was read, and remembers what was
    /// told before that.
    pub fn start_over(&mut self) {
        if let Some((notices, asked)) = self.beyond.take() {
            self.remember(&notices, asked);
        }
        self.cursor = None;
        self.written = None;
    }

    /// Remembers what was told, and forgets what is told no more.
    fn remember(&mut self, notices: &Notices, now: Instant) {
        let mut heard = HashMap::new();
        let people = notices.people.iter().map(|told| (Named::Person, told));
        let teams = notices.teams.iter().map(|told| (Named::Team, told));
        for (named, (name, told)) in people.chain(teams) {
            let key = (named, name.clone());
            let at = match self.heard.get(&key) {
                Some((before, at)) if before == told && now.duration_since(*at) < SAME_AGAIN => *at,
                _ => now,
            };
            heard.insert(key, (*told, at));
        }
        self.heard = heard;
    }

    /// `None` where names alone do not lead on: a group was made anew, and who was in the former
    /// one is told by nobody; somebody was removed who is known here by another name.
    async fn take_in(
        &mut self,
        broker: &Arc<Broker>,
        connected: &Connected,
        changes: &dyn Changes,
        questions: &Questions,
        notices: &Notices,
    ) -> Result<Option<Change>, SyncError> {
        let nothing = questions.people.is_empty() && questions.teams.is_empty();
        let now = Instant::now();
        let written = self.written;
        if nothing && written.is_some_and(|at| now.duration_since(at) < WRITTEN_EVERY) {
            return Ok(Some(Change::None));
        }
        let mut answers = Answers::of(changes, connected, questions).await?;
        let lost = answers.has_any_of(&questions.teams_removed)
            || has_a_stranger(broker, connected, &questions.people_removed).await?;
        if lost {
            return Ok(None);
        }
        answers.learn_groups(broker, connected, changes).await?;
        let until = notices.until.clone();
        let change = keep(broker, connected, answers, until).await?;
        self.written = Some(now);
        Ok(Some(change))
    }

    fn is_to_publish(&mut self, change: Change, now: Instant) -> bool {
        let published = *self.published.get_or_insert(now);
        let publish = change == Change::Some || now.duration_since(published) >= PUBLISHED_EVERY;
        if publish {
            self.published = Some(now);
        }
        publish
    }
}

/// Whether any of these names is nobody's here. (A narrowed host does not know most people.)
async fn has_a_stranger(
    broker: &Broker,
    connected: &Connected,
    names: &[String],
) -> Result<bool, SyncError> {
    if names.is_empty() || !connected.config.scope.is_everybody() {
        return Ok(false);
    }
    let (directory, names) = (connected.config.name.clone(), names.to_vec());
    on_store(broker, move |store| {
        for name in &names {
            if store.person_keys_named(&directory, name)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    })
    .await
}

/// What the directory says about those who were named; of whoever is gone the name.
#[derive(Debug, Default)]
struct Answers {
    people: Vec<Sighting>,
    people_gone: Vec<String>,
    teams: Vec<TeamSighting>,
    teams_gone: Vec<String>,
    /// How many questions are under way at once; the client has its own bound.
    at_once: usize,
}

impl Answers {
    async fn of(
        changes: &dyn Changes,
        connected: &Connected,
        questions: &Questions,
    ) -> Result<Self, DirectoryError> {
        let mut answers = Self {
            at_once: connected.config.requests_at_once(),
            ..Self::default()
        };
        let mut people = futures_util::stream::iter(questions.people.clone())
            .map(|name| async move { (changes.person(&name).await, name) })
            .buffer_unordered(answers.at_once);
        while let Some((answer, name)) = people.next().await {
            match answer {
                Ok(sighting) => answers.people.push(sighting),
                Err(DirectoryError::NotFound) => answers.people_gone.push(name),
                Err(error) => return Err(error),
            }
        }
        answers
            .ask_about_teams(changes, questions.teams.clone())
            .await?;
        Ok(answers)
    }

    fn has_any_of(&self, groups: &[String]) -> bool {
        let mut teams = self.teams.iter().map(|seen| &seen.team.name);
        teams.any(|name| groups.iter().any(|group| group.eq_ignore_ascii_case(name)))
    }

    async fn ask_about_teams(
        &mut self,
        changes: &dyn Changes,
        names: Vec<String>,
    ) -> Result<(), DirectoryError> {
        let mut teams = futures_util::stream::iter(names)
            .map(|name| async move { (changes.team(&name).await, name) })
            .buffer_unordered(self.at_once);
        while let Some((answer, name)) = teams.next().await {
            match answer {
                Ok(sighting) => self.teams.push(sighting),
                Err(DirectoryError::NotFound) => self.teams_gone.push(name),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Asks about groups that nobody has told of and that hold somebody who was asked about.
    async fn learn_groups(
        &mut self,
        broker: &Arc<Broker>,
        connected: &Connected,
        changes: &dyn Changes,
    ) -> Result<(), SyncError> {
        if self.people.is_empty() || !connected.config.scope.is_everybody() {
            return Ok(());
        }
        let name = connected.config.name.clone();
        let told: HashSet<_> = self.teams.iter().map(|seen| &seen.team.key).collect();
        let memberships = self.people.iter().flat_map(|person| &person.groups);
        let untold = memberships.filter(|group| !told.contains(&group.key));
        let untold: BTreeMap<_, _> = untold
            .map(|group| (group.key.clone(), group.name.clone()))
            .collect();
        let new = on_store(broker, move |store| {
            let mut new = Vec::new();
            for (key, group) in untold {
                if !store.is_team(&name, &key)? {
                    new.push(group);
                }
            }
            Ok(new)
        });
        Ok(self.ask_about_teams(changes, new.await?).await?)
    }

    fn into_renewal(
        self,
        store: &Store,
        connected: &DirectoryConfig,
        until: Option<Cursor>,
    ) -> Result<Renewal, SyncError> {
        let directory = &connected.name;
        let mut renewal = Renewal {
            seen: self.people,
            teams_seen: self.teams,
            until,
            ..Renewal::default()
        };
        for name in &self.people_gone {
            renewal
                .gone
                .extend(store.person_keys_named(directory, name)?);
        }
        for name in &self.teams_gone {
            renewal
                .teams_gone
                .extend(store.team_keys_named(directory, name)?);
        }
        Carried::new(store, connected)?.narrow(&mut renewal);
        Ok(renewal)
    }
}

async fn keep(
    broker: &Arc<Broker>,
    connected: &Connected,
    answers: Answers,
    until: Option<Cursor>,
) -> Result<Change, SyncError> {
    let (now, config) = (broker.clock.now(), connected.config.clone());
    let limits = broker.config.sync.clone();
    let kept = on_store(broker, move |store| {
        let renewal = answers.into_renewal(store, &config, until)?;
        let guard = Guard {
            directory: &config.name,
            shrink: Shrink::Hold,
            limits: &limits,
        };
        let counts = store.counts(&config.name)?;
        guard.persons(removal(counts.people, gone_for_good(&renewal)))?;
        guard.groups("groups", removal(counts.teams, renewal.teams_gone.len()))?;
        let change = store.renew(&config.name, &renewal, now)?;
        Ok((change, store.counts(&config.name)?))
    });
    let (change, counts) = kept.await?;
    broker.note(&connected.config.name, |standing| {
        standing.counts = counts;
        standing.held = None;
    });
    Ok(change)
}

/// How many are gone and are not there again by another name.
fn gone_for_good(renewal: &Renewal) -> usize {
    let seen: HashSet<_> = renewal.seen.iter().map(|seen| &seen.person.key).collect();
    renewal
        .gone
        .iter()
        .filter(|key| !seen.contains(key))
        .count()
}

fn removal(before: u64, removed: usize) -> Removal {
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    Removal {
        before,
        removed,
        now: before.saturating_sub(removed),
    }
}
