//! A group's members in one piece of memory, as they lie in a snapshot: a million names are
//! no million values to be filled, moved and compared one by one.

use crate::name::{NameError, UserName, check_user_name};

/// Names of users, in an order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// Each name and a NUL.
    text: Vec<u8>,
    /// Each name's length.
    lengths: Vec<u8>,
}

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Makes room for exactly `count` more, whose names have so many `bytes` in all.
    pub fn reserve_exact(&mut self, count: usize, bytes: usize) {
        self.text.reserve_exact(bytes.saturating_add(count));
        self.lengths.reserve_exact(count);
    }

    /// Adds one more.
    pub fn push(&mut self, name: &UserName) {
        self.push_checked(name.as_bytes());
    }

    /// Adds one more whose name is not checked yet.
    pub fn push_bytes(&mut self, name: &[u8]) -> Result<(), NameError> {
        check_user_name(name)?;
        self.push_checked(name);
        Ok(())
    }

    /// No name is so long that its length would not fit.
    fn push_checked(&mut self, name: &[u8]) {
        if let Ok(length) = u8::try_from(name.len()) {
            self.text.extend_from_slice(name);
            self.text.push(0);
            self.lengths.push(length);
        }
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let names = self.names();
        names.map(|name| std::str::from_utf8(name).unwrap_or_default())
    }

    /// The names' bytes, all of them ASCII.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.text.as_slice();
        self.lengths
            .iter()
            .map(move |&length| {
                let (name, behind) = rest.split_at_checked(usize::from(length))?;
                rest = behind.get(1..)?;
                Some(name)
            })
            .map(Option::unwrap_or_default)
    }

    /// Whether `name` is among them.
    pub fn contains(&self, name: &UserName) -> bool {
        self.names().any(|member| member == name.as_bytes())
    }

    /// Keeps those of whose names `keep` is true, in their order.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        let Some(first) = self.names().position(|name| !keep(name)) else {
            return;
        };
        let mut kept = Self::default();
        let names = self.names().enumerate();
        for (_, name) in names.filter(|(nth, name)| *nth < first || *nth > first && keep(name)) {
            kept.push_checked(name);
        }
        *self = kept;
    }

    /// Brings them into the order of their names, each once.
    pub fn sort(&mut self) {
        if self.names().is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut names: Vec<_> = self.names().collect();
        names.sort_unstable();
        names.dedup();
        let mut sorted = Self::default();
        for name in names {
            sorted.push_checked(name);
        }
        *self = sorted;
    }

    /// Each name and a NUL, one behind the other.
    #[cfg(feature = "writer")]
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Each name's length.
    #[cfg(feature = "writer")]
    pub(crate) fn lengths(&self) -> &[u8] {
        &self.lengths
    }
}

impl FromIterator<UserName> for Members {
    fn from_iter<I: IntoIterator<Item = UserName>>(names: I) -> Self {
        let mut members = Self::default();
        members.extend(names);
        members
    }
}

impl Extend<UserName> for Members {
    fn extend<I: IntoIterator<Item = UserName>>(&mut self, names: I) {
        names.into_iter().for_each(|name| self.push(&name));
    }
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[&str]) -> Members {
        let names = names.iter().map(|name| UserName::new(name).unwrap());
        names.collect()
    }

    fn listed(members: &Members) -> Vec<&str> {
        members.iter().collect()
    }

    #[test]
    fn members_are_given_back_as_they_were_added() {
        assert!(members(&[]).is_empty());
        let long = "m".repeat(32);
        let some = members(&["eve", &long, "ada"]);
        assert_eq!(listed(&some), ["eve", &long, "ada"]);
        assert_eq!(some.len(), 3);
        let has = |name: &str| some.contains(&UserName::new(name).unwrap());
        assert!(has("ada") && has(&long) && !has("ad") && !has("bob"));
        assert_ne!(some, members(&["ada", "eve", &long]));
    }

    #[test]
    fn what_is_no_name_is_no_member() {
        let mut some = members(&["ada"]);
        let long = "m".repeat(33);
        for wrong in ["", "a:b", "a\0b", "..", "12", &long] {
            assert!(some.push_bytes(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
        some.push_bytes(b"bob").unwrap();
        assert_eq!(listed(&some), ["ada", "bob"]);
    }

    #[test]
    fn whoever_is_kept_stays_in_order() {
        let check = |kept: &[&str]| {
            let mut all = members(&["eve", "ada", "bob"]);
            all.retain(|name| kept.iter().any(|kept| kept.as_bytes() == name));
            assert_eq!(listed(&all), kept);
        };
        check(&["eve", "ada", "bob"]);
        check(&["eve", "bob"]);
        check(&["ada", "bob"]);
        check(&["ada"]);
        check(&[]);
    }

    #[test]
    fn sorted_members_are_there_once() {
        let check = |said: &[&str], expected: &[&str]| {
            let mut all = members(said);
            all.sort();
            assert_eq!(listed(&all), expected);
        };
        check(&["eve", "ada", "eve", "ad"], &["ad", "ada", "eve"]);
        check(&["ada", "ada"], &["ada"]);
        check(&["ada", "bob"], &["ada", "bob"]);
        check(&[], &[]);
    }
}
