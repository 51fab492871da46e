//! What changed, in its order, and the tokens that name a place in it.

use std::collections::VecDeque;
use std::time::Duration;

use super::change::{Change, Step, Turn};
use super::entity::{Event, Operation};
use super::expired;
use super::settings::{EventSettings, EventStore};
use super::window::Window;
use crate::sim::crowd::population::Population;
use crate::sim::crowd::reason::Refusal;
use crate::sim::token::random_token;

/// By how much the newer store dates its tokens back, in milliseconds.
const SLOP: u64 = 5 * 60 * 1000;
/// The version of the newer store's tokens.
const VERSION: &str = "1";

struct Entry {
    number: u64,
    time: u64,
    change: Change,
}

/// The changes of late, and how they are told.
pub(in crate::sim::crowd) struct EventLog {
    /// How they are told.
    pub settings: EventSettings,
    entries: VecDeque<Entry>,
    last: u64,
    instance: String,
}

impl Default for EventLog {
    fn default() -> Self {
        Self {
            settings: EventSettings::default(),
            entries: VecDeque::new(),
            last: 0,
            instance: instance(),
        }
    }
}

/// A number that no other process of a server has.
fn instance() -> String {
    u64::from_str_radix(&random_token::<8>(), 16)
        .unwrap_or_default()
        .to_string()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl EventLog {
    /// Adds what changed at `now`, and forgets what no token can ask for any more.
    pub(in crate::sim::crowd) fn add(&mut self, now: u64, changes: Vec<Change>) {
        for change in changes {
            self.last += 1;
            self.entries.push_back(Entry {
                number: self.last,
                time: now,
                change,
            });
        }
        let oldest = now.saturating_sub(millis(self.settings.tombstone_lifetime));
        while self
            .entries
            .front()
            .is_some_and(|entry| entry.time < oldest)
        {
            self.entries.pop_front();
        }
    }

    /// Begins anew, as a server does that is started again.
    pub(in crate::sim::crowd) fn restart(&mut self) {
        self.instance = instance();
    }

    /// The token of `now`.
    pub(super) fn token(&self, now: u64) -> String {
        match self.settings.store {
            EventStore::Memory => format!("{}:{}", self.instance, self.last),
            _ => format!(
                "{VERSION}:{}:{}",
                now.saturating_sub(SLOP),
                self.directories()
            ),
        }
    }

    fn directories(&self) -> String {
        let ids: Vec<String> = self
            .settings
            .directories
            .iter()
            .map(u64::to_string)
            .collect();
        ids.join("-")
    }

    /// Older: the events after the one that `token` numbers.
    pub(super) fn numbered(&self, token: &str) -> Result<Vec<Event<'_>>, Refusal> {
        let unknown = || expired("the token is of another instance of this server");
        let (instance, number) = token.split_once(':').ok_or_else(unknown)?;
        let number: u64 = number.parse().map_err(|_| unknown())?;
        if instance != self.instance || number > self.last {
            return Err(unknown());
        }
        let kept = u64::try_from(self.settings.kept).unwrap_or(u64::MAX);
        let first = self
            .entries
            .front()
            .map_or(self.last, |entry| entry.number - 1);
        if number < first.max(self.last.saturating_sub(kept)) {
            return Err(expired("the events since then are not kept any more"));
        }
        let new = self.entries.iter().filter(|entry| entry.number > number);
        new.map(|entry| told(&entry.change)).collect()
    }

    /// Newer: what is otherwise now than at the time of `token`.
    pub(super) fn dated<'s>(
        &'s self,
        token: &str,
        application: &str,
        population: &'s Population,
        now: u64,
    ) -> Result<Vec<Event<'s>>, Refusal> {
        let since = self.time_of(token, now)?;
        let window = || {
            let entries = self.entries.iter().rev();
            entries.take_while(|entry| entry.time > since)
        };
        for entry in window() {
            match &entry.change {
                Change::Reset(None) => return Err(expired("that is not supported")),
                Change::Reset(Some(changed)) if changed == application => {
                    return Err(expired("the application's configuration has changed"));
                }
                _ => {}
            }
        }
        let changes: Vec<&Change> = window().map(|entry| &entry.change).collect();
        let window = Window::of(changes.into_iter().rev(), population);
        if window.len() > self.settings.limit {
            return Err(expired("too many events since then"));
        }
        Ok(window.events())
    }

    fn time_of(&self, token: &str, now: u64) -> Result<u64, Refusal> {
        let parts: Vec<&str> = token.split(':').collect();
        let [VERSION, time, directories] = parts.as_slice() else {
            return Err(expired("the token's format is not known"));
        };
        let time: u64 = time
            .parse()
            .map_err(|_| expired("the token's format is not known"))?;
        if self.settings.limit == 0 {
            return Err(expired("incremental synchronisation is disabled"));
        }
        if *directories != self.directories() {
            return Err(expired("the application's configuration has changed"));
        }
        if time <= now.saturating_sub(millis(self.settings.tombstone_lifetime) / 2) {
            return Err(expired("the token has expired"));
        }
        Ok(time)
    }
}

/// A change as the older store tells it.
fn told(change: &Change) -> Result<Event<'_>, Refusal> {
    let turned = |turn: Turn| match turn {
        Turn::Created => Operation::Created,
        Turn::Deleted => Operation::Deleted,
    };
    Ok(match change {
        Change::User(step, user) => Event::User {
            operation: operation(step),
            user,
            deltas: step.deltas(),
        },
        Change::Group(step, group) => Event::Group {
            operation: operation(step),
            group,
            deltas: step.deltas(),
        },
        Change::UserMembership(turn, pair) => {
            Event::user_in(turned(*turn), &pair.child, &pair.parent)
        }
        Change::GroupMembership(turn, pair) => {
            Event::group_in(turned(*turn), &pair.child, &pair.parent)
        }
        Change::Reset(_) => return Err(expired("that is not supported")),
    })
}

fn operation(step: &Step) -> Operation {
    match step {
        Step::Created => Operation::Created,
        Step::Deleted => Operation::Deleted,
        Step::Updated | Step::Renamed(_) | Step::Attributes(_) => Operation::Updated,
    }
}
