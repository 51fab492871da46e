//! Crowd's events, as XML: whom they name. What they say of anybody is not believed: the
//! newer servers tell nothing of attributes, the older ones tell the same again after five
//! minutes, and neither tells of a rename.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use tokio::io::AsyncBufRead;

use super::super::{Cursor, DirectoryError, Notices};
use super::xml::{self, Element};

/// Names that a list may give, the same ones told again counted once for each list and once
/// for each event. Far fewer are asked about one by one: more mean reading everybody anyway.
const NAMES_MAX: usize = 100_000;
/// Bytes of an event's operation that are looked at: `DELETED` and white space around it.
const OPERATION_MAX: usize = 256;

/// Whom the events name, and up to when they go; `None` where they tell of something that
/// no name stands for, or where the server cannot be relied on for the next time.
pub(super) async fn read(
    body: impl AsyncBufRead + Unpin,
) -> Result<Option<Notices>, DirectoryError> {
    let mut document = Document::default();
    xml::read(body, "events", &mut document).await?;
    Ok(document.finish())
}

#[derive(Default)]
struct Document {
    next: Option<Cursor>,
    refused: bool,
    /// Whether something happened that no name stands for.
    beyond: bool,
    people: BTreeMap<String, u64>,
    teams: BTreeMap<String, u64>,
    people_removed: BTreeSet<String>,
    teams_removed: BTreeSet<String>,
    event: Option<Event>,
}

/// The event that is being read.
struct Event {
    kind: Kind,
    people: Vec<String>,
    teams: Vec<String>,
    told: DefaultHasher,
    /// What was done, as far as it has been read.
    operation: String,
    in_operation: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Group,
    UserMembership,
    GroupMembership,
}

impl Kind {
    fn named(element: &str) -> Option<Self> {
        Some(match element {
            "userEvent" => Self::User,
            "groupEvent" => Self::Group,
            "userMembershipEvent" => Self::UserMembership,
            "groupMembershipEvent" => Self::GroupMembership,
            _ => return None,
        })
    }
}

impl Event {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            people: Vec::new(),
            teams: Vec::new(),
            told: DefaultHasher::new(),
            operation: String::new(),
            in_operation: false,
        }
    }

    fn names(&self) -> usize {
        self.people.len().saturating_add(self.teams.len())
    }

    /// Whether it tells the end of a person or group, not of a membership.
    fn is_removal(&self) -> bool {
        let whole = matches!(self.kind, Kind::User | Kind::Group);
        whole && self.operation.trim() == "DELETED"
    }

    /// Whose name an element of the event gives, if anybody's.
    fn named(&mut self, depth: usize, element: &str) -> Option<&mut Vec<String>> {
        match (self.kind, depth, element) {
            (Kind::User, 2, "user") | (Kind::UserMembership, 2, "childUser" | "user") => {
                Some(&mut self.people)
            }
            // A membership of a group concerns the group that is held. Which of the names
            // that is, servers do not agree on.
            (Kind::Group, 2, "group")
            | (Kind::GroupMembership, 2.., "group" | "childGroup" | "parentGroup") => {
                Some(&mut self.teams)
            }
            _ => None,
        }
    }
}

impl Document {
    fn finish(mut self) -> Option<Notices> {
        self.close_event();
        if self.beyond || self.refused {
            return None;
        }
        Some(Notices {
            people: self.people,
            teams: self.teams,
            people_removed: self.people_removed,
            teams_removed: self.teams_removed,
            until: Some(self.next?),
        })
    }

    fn names(&self) -> usize {
        self.people.len().saturating_add(self.teams.len())
    }

    /// Too much has happened to be told by names: none is kept, however long the list goes on.
    fn give_up(&mut self) {
        *self = Self {
            next: self.next.take(),
            beyond: true,
            ..Self::default()
        };
    }

    fn open_event(&mut self, element: &Element<'_>) {
        self.close_event();
        match Kind::named(element.name()) {
            _ if self.beyond => {}
            Some(kind) => self.event = Some(Event::new(kind)),
            None => self.beyond = true,
        }
    }

    fn close_event(&mut self) {
        let Some(event) = self.event.take() else {
            return;
        };
        if event.names().saturating_add(self.names()) > NAMES_MAX {
            return self.give_up();
        }
        self.beyond |= event.people.is_empty() && event.teams.is_empty();
        if event.is_removal() {
            self.people_removed.extend(event.people.iter().cloned());
            self.teams_removed.extend(event.teams.iter().cloned());
        }
        let told = event.told.finish();
        for (names, notices) in [
            (event.people, &mut self.people),
            (event.teams, &mut self.teams),
        ] {
            for name in names {
                let so_far = notices.entry(name).or_default();
                *so_far = so_far.rotate_left(1) ^ told;
            }
        }
    }
}

impl xml::Document for Document {
    fn open(&mut self, depth: usize, element: &Element<'_>) -> Result<(), DirectoryError> {
        match depth {
            0 => {
                self.next = element.attribute("newEventToken")?.map(Cursor);
                let offered = element.attribute("incrementalSynchronisationAvailable")?;
                // Only `GET /event` says so for certain; a list of events need not repeat it.
                self.refused = offered.is_some_and(|offered| offered != "true");
                return Ok(());
            }
            _ if self.beyond => return Ok(()),
            1 => self.open_event(element),
            _ => {}
        }
        let Some(event) = &mut self.event else {
            return Ok(());
        };
        event.told.write(element.written().as_bytes());
        event.in_operation = depth == 2 && element.name() == "operation";
        if let Some(names) = event.named(depth, element.name()) {
            match element.attribute("name")? {
                Some(name) if !name.is_empty() => names.push(name),
                _ => self.beyond = true,
            }
        }
        if event.names() > NAMES_MAX {
            self.give_up();
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(event) = &mut self.event {
            event.told.write(text.as_bytes());
            if event.in_operation && event.operation.len() < OPERATION_MAX {
                event.operation.push_str(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn notices(events: &str) -> Result<Option<Notices>, DirectoryError> {
        let xml = format!(
            r#"<events newEventToken="1:2" incrementalSynchronisationAvailable="true">{events}</events>"#
        );
        read(tokio::io::BufReader::with_capacity(7, xml.as_bytes())).await
    }

    async fn named(events: &str) -> (Vec<String>, Vec<String>) {
        let notices = notices(events).await.unwrap().unwrap();
        assert_eq!(notices.until, Some(Cursor("1:2".to_owned())));
        (
            notices.people.into_keys().collect(),
            notices.teams.into_keys().collect(),
        )
    }

    #[tokio::test]
    async fn each_event_names_whom_to_ask_about() {
        let events = r#"
            <userEvent><operation>UPDATED</operation><user name="ann"><first-name>A &amp; &#252;</first-name>
              <attributes><attribute name="x"/></attributes></user><storedAttributes/><deletedAttributes/></userEvent>
            <groupEvent><operation>CREATED</operation><group name="dev team"/></groupEvent>
            <userMembershipEvent><operation>CREATED</operation><childUser name="a&amp;b"/>
              <parentGroups><group name="ops"/></parentGroups></userMembershipEvent>
            <groupMembershipEvent absolute="true"><operation>DELETED</operation><group name="leaf"/>
              <parentGroups><group name="tree"/></parentGroups></groupMembershipEvent>"#;
        let (people, teams) = named(events).await;
        assert_eq!(people, ["a&b", "ann"]);
        assert_eq!(teams, ["dev team", "leaf", "tree"]);
        assert_eq!(named("").await, (vec![], vec![]));
    }

    #[tokio::test]
    async fn who_was_removed_is_told_from_who_was_changed() {
        let events = r#"<groupEvent><operation>DELETED</operation><group name="dev"/></groupEvent>
            <groupEvent><operation>CREATED</operation><group name="dev"/></groupEvent>
            <groupEvent><operation>UPDATED</operation><group name="ops"><description>DELETED</description></group></groupEvent>
            <groupMembershipEvent><operation>DELETED</operation><group name="leaf"/></groupMembershipEvent>
            <userEvent><operation>DELETED</operation><user name="ann"/></userEvent>"#;
        let notices = notices(events).await.unwrap().unwrap();
        assert_eq!(notices.teams_removed, BTreeSet::from(["dev".to_owned()]));
        assert_eq!(notices.people_removed, BTreeSet::from(["ann".to_owned()]));
    }

    #[tokio::test]
    async fn the_same_told_again_is_the_same_and_anything_else_is_not() {
        let told = async |text: &str| {
            let event = format!(
                r#"<userEvent><operation>UPDATED</operation><user name="ann"><updated-date>{text}</updated-date></user></userEvent>"#
            );
            notices(&event).await.unwrap().unwrap().people["ann"]
        };
        assert_eq!(told("1").await, told("1").await);
        assert_ne!(told("1").await, told("2").await);
    }

    #[tokio::test]
    async fn what_no_name_stands_for_means_reading_everybody() {
        for beyond in [
            r#"<aliasEvent><alias name="x"/></aliasEvent>"#,
            "<userEvent><operation>DELETED</operation></userEvent>",
            r#"<userEvent><operation>UPDATED</operation><user name=""/></userEvent>"#,
        ] {
            assert_eq!(notices(beyond).await.unwrap(), None, "{beyond}");
        }
        for head in [
            "<events/>",
            r#"<events newEventToken="1" incrementalSynchronisationAvailable="false"/>"#,
            r#"<events incrementalSynchronisationAvailable="true"/>"#,
        ] {
            assert_eq!(read(head.as_bytes()).await.unwrap(), None, "{head}");
        }
        let silent = read(r#"<events newEventToken="1"/>"#.as_bytes()).await;
        assert!(
            silent.unwrap().is_some(),
            "a list need not repeat the offer"
        );
    }

    #[tokio::test]
    async fn a_list_with_more_names_than_anybody_is_asked_about_means_reading_everybody() {
        let one = |nth: usize| {
            format!("<userEvent><operation>UPDATED</operation><user name=\"u{nth}\"/></userEvent>")
        };
        let all: String = (0..=NAMES_MAX).map(one).collect();
        assert_eq!(notices(&all).await.unwrap(), None);
        let groups: String = (0..=NAMES_MAX)
            .map(|nth| format!("<parentGroup name=\"g{nth}\"/>"))
            .collect();
        let one_event = format!("<groupMembershipEvent>{groups}</groupMembershipEvent>");
        assert_eq!(notices(&one_event).await.unwrap(), None);
        // The same few told again and again are no more than they are.
        let few: String = (0..=NAMES_MAX).map(|nth| one(nth % 10)).collect();
        assert_eq!(notices(&few).await.unwrap().unwrap().people.len(), 10);
    }

    #[tokio::test]
    async fn of_a_list_that_is_too_long_nothing_is_kept() {
        let names: String = (0..NAMES_MAX.saturating_mul(2))
            .map(|nth| format!("<userEvent><user name=\"u{nth}\"/></userEvent>"))
            .collect();
        let xml = format!("<events newEventToken=\"1:2\">{names}</events>");
        let mut document = Document::default();
        xml::read(xml.as_bytes(), "events", &mut document)
            .await
            .unwrap();
        assert_eq!((document.names(), document.event.is_none()), (0, true));
        assert_eq!(document.finish(), None);
    }

    #[tokio::test]
    async fn a_list_that_breaks_off_or_is_something_else_is_nonsense() {
        for xml in [
            "",
            "<html/>",
            "<events>",
            r#"<events newEventToken="1" incrementalSynchronisationAvailable="true"><userEvent>"#,
            "<!DOCTYPE e [<!ENTITY a 'a'>]><events/>",
            "<events>&a;</events>",
        ] {
            let error = read(xml.as_bytes()).await.unwrap_err();
            assert!(matches!(error, DirectoryError::Nonsense { .. }), "{xml}");
        }
    }
}
