//! Entries that remember how they were before they were changed.

use std::collections::BTreeMap;
use std::ops::Deref;

use serde::Serialize;

/// What is kept of an entry that is about to be changed.
pub(super) trait Remembered {
    /// As much of it as a comparison needs.
    fn remembered(&self) -> Self;
}

/// Entries by folded name. Reading is a map's; every way to change one keeps the
/// entry as it was when [`Tracked::take_before`] was last called.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Tracked<T> {
    entries: BTreeMap<String, T>,
    #[serde(skip)]
    before: BTreeMap<String, Option<T>>,
}

impl<T> Default for Tracked<T> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            before: BTreeMap::new(),
        }
    }
}

/// A copy has no past.
impl<T: Clone> Clone for Tracked<T> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            before: BTreeMap::new(),
        }
    }
}

impl<T> Deref for Tracked<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &Self::Target {
        &self.entries
    }
}

impl<T: Remembered> Tracked<T> {
    fn remember(&mut self, name: &str) {
        if !self.before.contains_key(name) {
            let entry = self.entries.get(name).map(T::remembered);
            self.before.insert(name.to_owned(), entry);
        }
    }

    /// An entry, to be changed.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.remember(name);
        self.entries.get_mut(name)
    }

    /// Adds or replaces an entry.
    pub(super) fn insert(&mut self, name: String, entry: T) {
        self.remember(&name);
        self.entries.insert(name, entry);
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, name: &str) -> Option<T> {
        self.remember(name);
        self.entries.remove(name)
    }

    /// An entry, to be changed in what is no change to anybody.
    pub(super) fn silently(&mut self, name: &str) -> Option<&mut T> {
        self.entries.get_mut(name)
    }

    /// The entries that are there and may have changed.
    pub(super) fn touched(&self) -> impl Iterator<Item = (&String, &T)> {
        let names = self.before.keys();
        names.filter_map(|name| self.entries.get_key_value(name))
    }

    /// Whether something may have changed.
    pub(super) fn is_touched(&self) -> bool {
        !self.before.is_empty()
    }

    /// The entries that may have changed, each as it was, and none if it was not there;
    /// what they are now is where they start from next time.
    pub(super) fn take_before(&mut self) -> BTreeMap<String, Option<T>> {
        std::mem::take(&mut self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Remembered for u8 {
        fn remembered(&self) -> Self {
            *self
        }
    }

    #[test]
    fn an_entry_is_remembered_as_it_was_first() {
        let mut tracked = Tracked::default();
        tracked.insert("a".to_owned(), 1_u8);
        tracked.insert("b".to_owned(), 2);
        assert!(tracked.is_touched());
        tracked.take_before();
        assert!(!tracked.is_touched());
        *tracked.get_mut("a").unwrap() = 5;
        *tracked.get_mut("a").unwrap() = 6;
        tracked.remove("b");
        tracked.insert("b".to_owned(), 7);
        tracked.insert("c".to_owned(), 8);
        *tracked.silently("c").unwrap() = 9;
        let before: Vec<_> = tracked.take_before().into_iter().collect();
        let expected = [("a", Some(1)), ("b", Some(2)), ("c", None)];
        assert_eq!(before, expected.map(|(name, was)| (name.to_owned(), was)));
        assert_eq!(tracked.values().copied().collect::<Vec<_>>(), [6, 7, 9]);
    }
}
