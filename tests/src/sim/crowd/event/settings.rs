//! How a simulated Crowd tells what changed.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Which generation of servers it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventStore {
    /// From before incremental synchronisation: `/event` is 404.
    Absent,
    /// Older: a ring of the newest events in memory, each told as it was made. A token
    /// is `INSTANCE:NUMBER` and ends with the server's process.
    Memory,
    /// Newer: what was made, changed and removed since a time. A token is a time,
    /// five minutes ago, and the application's directories; it outlives restarts.
    #[default]
    Timestamps,
}

/// A store of events that is not known.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no store of events; known: absent, memory, timestamps")]
pub struct UnknownStore(String);

impl FromStr for EventStore {
    type Err = UnknownStore;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "absent" => Self::Absent,
            "memory" => Self::Memory,
            "timestamps" => Self::Timestamps,
            _ => return Err(UnknownStore(text.to_owned())),
        })
    }
}

/// Whether a change of nothing but custom attributes moves a user's or group's
/// `updated-date`, by which the newer store finds changes. The older tells of
/// attributes always, with their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeChanges {
    /// It does not: nobody hears of it.
    #[default]
    Silent,
    /// It does.
    Told,
}

/// What a user's rename looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renames {
    /// UPDATED, with the same key and another name. Memberships are not told again.
    #[default]
    Updated,
    /// DELETED by the old name, CREATED by the new, memberships with it.
    Recreated,
    /// All tokens expire, as Crowd's published code has it.
    Expiring,
}

/// How memberships are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MembershipEvents {
    /// One by one, CREATED and DELETED.
    #[default]
    Single,
    /// UPDATED and `absolute`: all parents that a member has now.
    Absolute,
}

/// How a simulated Crowd tells what changed; by default as newer servers do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventSettings {
    /// Which generation it is of.
    pub store: EventStore,
    /// Older: how many events the ring holds.
    pub kept: usize,
    /// Newer: more events than this are 410. 0 turns incremental synchronisation off.
    pub limit: usize,
    /// Newer: tokens older than half of this are 410; in seconds where it is written.
    #[serde(deserialize_with = "seconds")]
    pub tombstone_lifetime: Duration,
    /// Newer: the application's directories in their order; tokens of others are 410.
    pub directories: Vec<u64>,
    /// Newer: whether attributes alone are told.
    pub attributes: AttributeChanges,
    /// What a rename looks like.
    pub renames: Renames,
    /// How memberships are told.
    pub memberships: MembershipEvents,
}

impl Default for EventSettings {
    fn default() -> Self {
        Self {
            store: EventStore::default(),
            kept: 10_000,
            limit: 10_000,
            tombstone_lifetime: Duration::from_secs(7 * 24 * 60 * 60),
            directories: vec![32769],
            attributes: AttributeChanges::default(),
            renames: Renames::default(),
            memberships: MembershipEvents::default(),
        }
    }
}

impl EventSettings {
    /// The usual settings of a store.
    pub fn of(store: EventStore) -> Self {
        Self {
            store,
            ..Self::default()
        }
    }

    /// Whether a server with these offers events.
    pub(super) fn is_available(&self) -> bool {
        match self.store {
            EventStore::Absent => false,
            EventStore::Memory => true,
            EventStore::Timestamps => self.limit > 0,
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}
