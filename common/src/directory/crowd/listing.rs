//! Whole listings, page after page: what is asked for, and each entry once.
//!
//! Crowd gives no total and no "last page". Pages are read until one is empty,
//! and since the set may shift between two pages, entries that come twice are
//! dropped.

use std::collections::HashSet;

use super::super::{DirectoryError, ImmutableKey, Person, Team};
use super::kin::{Kin, Reach};
use super::mapping::canonical;
use super::model::{Attributes, Group, User};
use super::verdict::nonsense;

/// A directory of more entries than this is believed to be a loop.
const ENTRIES_MAX: usize = 5_000_000;

/// What is listed: a path and its fixed parameters.
#[derive(Debug)]
pub(super) struct Listing<'a> {
    pub(super) path: &'static str,
    pub(super) parameters: Vec<(&'static str, &'a str)>,
    /// Which of them, as XML: for listings that are asked for by POST.
    pub(super) restriction: Option<&'a str>,
}

impl<'a> Listing<'a> {
    fn search(entity: &'static str, expand: &'static str) -> Self {
        Self {
            path: "search",
            parameters: vec![
                ("entity-type", entity),
                ("restriction", ""),
                ("expand", expand),
            ],
            restriction: None,
        }
    }

    /// The names of the users or groups (`entity`) that suit a restriction.
    pub(super) fn found(entity: &'a str, restriction: &'a str) -> Self {
        Self {
            path: "search",
            parameters: vec![("entity-type", entity)],
            restriction: Some(restriction),
        }
    }

    /// The names of what is on the other side of `kin` from `name`.
    pub(super) fn kin(kin: Kin, reach: Reach, name: &'a str) -> Self {
        Self {
            path: kin.path(reach),
            parameters: vec![(kin.asked(), name)],
            restriction: None,
        }
    }

    /// The people directly in `group`, names only.
    pub(super) fn users_of(group: &'a str) -> Self {
        Self::kin(Kin::Users, Reach::Direct, group)
    }

    /// The groups that `person` is in directly, names only.
    pub(super) fn groups_holding_user(person: &'a str) -> Self {
        Self::kin(Kin::GroupsOfUser, Reach::Direct, person)
    }

    /// The groups that `group` is in directly, names only.
    pub(super) fn groups_holding_group(group: &'a str) -> Self {
        Self::kin(Kin::Parents, Reach::Direct, group)
    }

    /// The groups directly in `group`, names only.
    pub(super) fn groups_of(group: &'a str) -> Self {
        Self::kin(Kin::Children, Reach::Direct, group)
    }
}

/// A user or a group: what can be listed and asked for by name.
pub(super) trait Entry: serde::de::DeserializeOwned + Send {
    /// What an entry means to us.
    type Meaning: Identified + Send + Sync;
    /// The path of the question about one.
    const PATH: &'static str;
    /// The parameter that holds its name.
    const PARAMETER: &'static str;
    /// What a search calls it.
    const ENTITY: &'static str;

    fn listing() -> Listing<'static>;
    fn name(&self) -> Option<&str>;
    fn attributes(&self) -> Option<&Attributes>;
    /// Whether it holds nothing but a name: the listing was not expanded.
    fn is_minimal(&self) -> bool;

    fn has_attributes(&self) -> bool {
        self.attributes().is_some_and(|found| !found.is_empty())
    }
}

impl Entry for User {
    type Meaning = Person;
    const PATH: &'static str = "user";
    const PARAMETER: &'static str = "username";
    const ENTITY: &'static str = "user";

    fn listing() -> Listing<'static> {
        Listing::search("user", "user,attributes")
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn attributes(&self) -> Option<&Attributes> {
        self.attributes.as_ref()
    }

    fn is_minimal(&self) -> bool {
        self.active.is_none() && self.display_name.is_none() && self.key.is_none()
    }
}

impl Entry for Group {
    type Meaning = Team;
    const PATH: &'static str = "group";
    const PARAMETER: &'static str = "groupname";
    const ENTITY: &'static str = "group";

    fn listing() -> Listing<'static> {
        Listing::search("group", "group,attributes")
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn attributes(&self) -> Option<&Attributes> {
        self.attributes.as_ref()
    }

    fn is_minimal(&self) -> bool {
        self.active.is_none() && self.kind.is_none()
    }
}

/// What has a name and a key.
pub(super) trait Identified {
    fn name(&self) -> &str;
    fn key(&self) -> &ImmutableKey;
}

impl Identified for Person {
    fn name(&self) -> &str {
        &self.name
    }

    fn key(&self) -> &ImmutableKey {
        &self.key
    }
}

impl Identified for Team {
    fn name(&self) -> &str {
        &self.name
    }

    fn key(&self) -> &ImmutableKey {
        &self.key
    }
}

/// The entries of a listing, in its order, each once.
///
/// Two entries are the same if their keys are; two of one name with different
/// keys both stay, so that admission sees the clash and refuses both.
#[derive(Debug)]
pub(super) struct Roll<M> {
    meanings: Vec<M>,
    keys: HashSet<ImmutableKey>,
    attributes_seen: bool,
    more_than_names_seen: bool,
}

impl<M> Default for Roll<M> {
    fn default() -> Self {
        Self {
            meanings: Vec::new(),
            keys: HashSet::new(),
            attributes_seen: false,
            more_than_names_seen: false,
        }
    }
}

impl<M: Identified> Roll<M> {
    /// Adds what `entry` means, unless it is there already.
    pub(super) fn add<E: Entry>(&mut self, entry: &E, read: impl FnOnce(&E) -> Option<M>) {
        self.attributes_seen |= entry.has_attributes();
        self.more_than_names_seen |= !entry.is_minimal();
        if let Some(meaning) = read(entry)
            && self.keys.insert(meaning.key().clone())
        {
            self.meanings.push(meaning);
        }
    }

    /// Whether the entries held names only.
    pub(super) fn is_minimal(&self) -> bool {
        !self.meanings.is_empty() && !self.more_than_names_seen
    }

    /// Whether attributes are known to be expanded, or there is nobody to have any.
    pub(super) fn shows_attributes(&self) -> bool {
        self.attributes_seen || self.meanings.is_empty()
    }

    /// At most about `most` names, spread over the whole listing.
    pub(super) fn sample(&self, most: usize) -> Vec<String> {
        let step = self.meanings.len().div_ceil(most.max(1)).max(1);
        self.meanings
            .iter()
            .step_by(step)
            .map(|meaning| meaning.name().to_owned())
            .collect()
    }

    pub(super) fn into_names(self) -> Vec<String> {
        let name = |meaning: &M| meaning.name().to_owned();
        self.meanings.iter().map(name).collect()
    }

    pub(super) fn into_meanings(self) -> Vec<M> {
        self.meanings
    }
}

/// Where the next page starts. Stops a listing that does not come to an end.
#[derive(Debug, Default)]
pub(super) struct Paging {
    start: usize,
    last: Option<(usize, Option<String>)>,
}

impl Paging {
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Takes note of a page. A full page that begins as the one before did means
    /// that the server ignores where we want to start: its listing is cut off at
    /// its first page, and everybody else would seem gone.
    pub(super) fn turn<E: Entry>(&mut self, page: &[E]) -> Result<(), DirectoryError> {
        let first = page.first().and_then(|entry| entry.name()).map(canonical);
        let this = Some((page.len(), first));
        if this == self.last {
            return Err(nonsense(
                "the server sends the same page again and again: it ignores start-index",
            ));
        }
        self.last = this;
        self.start = self.start.saturating_add(page.len());
        if self.start > ENTRIES_MAX {
            return Err(nonsense("the server's listing does not end"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::crowd::mapping::{AttributeNames, person};
    use crate::directory::remarks::Remarks;

    fn users(json: &str) -> Vec<User> {
        serde_json::from_str(json).unwrap()
    }

    fn roll(json: &str) -> Roll<Person> {
        let mut roll = Roll::default();
        for user in users(json) {
            roll.add(&user, |user| {
                person(user, &AttributeNames::default(), &mut Remarks::default())
            });
        }
        roll
    }

    #[test]
    fn an_entry_that_comes_twice_counts_once_whatever_its_case() {
        let roll = roll(
            r#"[{"name":"ann"},{"name":"ANN"},{"name":"bob","key":"1"},{"name":"rob","key":"1"}]"#,
        );
        assert_eq!(roll.into_names(), ["ann", "bob"]);
    }

    #[test]
    fn two_people_of_one_name_both_stay_for_admission_to_refuse() {
        let roll = roll(r#"[{"name":"bob","key":"1"},{"name":"Bob","key":"2"}]"#);
        assert_eq!(roll.into_names(), ["bob", "Bob"]);
    }

    #[test]
    fn names_alone_and_empty_attributes_are_told_from_full_entries() {
        let minimal = roll(r#"[{"name":"a","link":{}},{"name":"b"}]"#);
        assert!(minimal.is_minimal() && !minimal.shows_attributes());
        let unexpanded = roll(r#"[{"name":"a","active":true,"attributes":{"attributes":[]}}]"#);
        assert!(!unexpanded.is_minimal() && !unexpanded.shows_attributes());
        let full = roll(
            r#"[{"name":"a","active":true},{"name":"b","attributes":{"attributes":[{"name":"x","values":[]}]}}]"#,
        );
        assert!(!full.is_minimal() && full.shows_attributes());
        assert!(roll("[]").shows_attributes() && !roll("[]").is_minimal());
    }

    #[test]
    fn a_sample_is_spread_over_all() {
        let json: Vec<String> = (0..100).map(|n| format!(r#"{{"name":"u{n}"}}"#)).collect();
        let sample = roll(&format!("[{}]", json.join(","))).sample(16);
        assert!(sample.len() <= 16 && sample.len() > 10);
        assert_eq!(sample.first().map(String::as_str), Some("u0"));
        assert_eq!(sample.last().map(String::as_str), Some("u98"));
    }

    #[test]
    fn a_server_that_ignores_where_to_start_is_not_believed() {
        let page = users(r#"[{"name":"a"},{"name":"b"}]"#);
        let mut paging = Paging::default();
        paging.turn(&page).unwrap();
        assert_eq!(paging.start(), 2);
        assert!(paging.turn(&page).is_err());
        let mut paging = Paging::default();
        paging.turn(&page).unwrap();
        paging.turn(&users(r#"[{"name":"b"}]"#)).unwrap();
        assert_eq!(paging.start(), 3, "a page may shift");
    }
}
