//! What a directory's answer may take away unasked.

use muster_common::config::Sync as Limits;
use muster_common::name::DirectoryName;

use super::SyncError;

/// A sync that removes at most this many of anything is never held for their number.
const FREE: usize = 10;

/// Whether a sync that would remove many is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrink {
    /// Hold it: the old set stays.
    Hold,
    /// An administrator has looked and accepts it.
    Accept,
}

/// How many there were, how many of them would go, and how many there would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// How many there were.
    pub before: usize,
    /// How many of them would go.
    pub removed: usize,
    /// How many there would be.
    pub now: usize,
}

/// What may be taken away from one directory's contribution.
pub struct Guard<'a> {
    /// The directory.
    pub directory: &'a DirectoryName,
    /// What an administrator has said.
    pub shrink: Shrink,
    /// The configured share.
    pub limits: &'a Limits,
}

impl Guard<'_> {
    /// Holds an answer without anybody, or without too many of the persons there were.
    pub fn persons(&self, removal: Removal) -> Result<(), SyncError> {
        let emptied = removal.now == 0 && removal.before > 0;
        self.hold_if(emptied || self.is_too_much(removal), "persons", removal)
    }

    /// Holds an answer without too many of the groups there were, or of the persons in
    /// any. The last member may leave the last group: whoever is held in one keeps rights.
    pub fn groups(&self, what: &'static str, removal: Removal) -> Result<(), SyncError> {
        self.hold_if(self.is_too_much(removal), what, removal)
    }

    fn is_too_much(&self, removal: Removal) -> bool {
        let percent = usize::from(self.limits.shrink_percent);
        let share = removal.before.saturating_mul(percent) / 100;
        removal.removed > share.max(FREE)
    }

    fn hold_if(&self, hold: bool, what: &'static str, removal: Removal) -> Result<(), SyncError> {
        if !hold || self.shrink == Shrink::Accept {
            return Ok(());
        }
        Err(SyncError::Shrink {
            what,
            removed: removal.removed,
            before: removal.before,
            directory: self.directory.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(shrink: Shrink, before: usize, removed: usize, now: usize) -> (bool, bool) {
        let guard = Guard {
            directory: &DirectoryName::new("corp").unwrap(),
            shrink,
            limits: &Limits {
                shrink_percent: 20,
                ..Limits::default()
            },
        };
        let removal = Removal {
            before,
            removed,
            now,
        };
        let groups = guard.groups("groups", removal);
        (guard.persons(removal).is_err(), groups.is_err())
    }

    #[test]
    fn an_empty_answer_or_a_large_removal_is_held_and_a_small_one_is_not() {
        let check = |before, removed, now, expected| {
            let held = held(Shrink::Hold, before, removed, now);
            assert_eq!(held, expected, "{before} {removed}");
        };
        check(0, 0, 0, (false, false));
        check(1, 1, 0, (true, false));
        check(8, 5, 3, (false, false));
        check(11, 11, 0, (true, true));
        check(100, 20, 80, (false, false));
        check(100, 21, 79, (true, true));
        check(100, 20, 1000, (false, false));
    }

    #[test]
    fn an_administrator_lets_it_through() {
        assert_eq!(held(Shrink::Accept, 100, 100, 0), (false, false));
    }
}
