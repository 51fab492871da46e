//! Tokens and lists of events, in XML and in JSON.
//!
//! The JSON of a list is not confirmed by anybody: the documents and clients that are
//! known have it in XML only. Here each event is an object with one member, which
//! names its kind.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::change::{Deltas, Step};
use crate::sim::crowd::account::{Group, User};
use crate::sim::crowd::entity::{AttributeList, Detail, Entity, GroupEntity, UserEntity, href};
use crate::sim::crowd::population::{Population, fold};
use crate::sim::crowd::xml::Element;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// It is new.
    Created,
    /// It is otherwise.
    Updated,
    /// It is gone.
    Deleted,
}

impl Operation {
    const fn wire(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Updated => "UPDATED",
            Self::Deleted => "DELETED",
        }
    }

    /// How much is told of what it was done to.
    const fn detail(self) -> Detail {
        match self {
            Self::Created | Self::Updated => Detail::Event,
            Self::Deleted => Detail::Gone,
        }
    }
}

/// The members of an event, by name.
type Parts<'a> = Vec<(&'static str, Box<dyn Entity + 'a>)>;

/// What the two sides of a membership event say.
pub(super) struct Kin<'a> {
    /// The member.
    pub child: &'a str,
    /// The groups that it is a member of.
    pub parents: Vec<&'a str>,
    /// The groups that are members of it, if it is a group.
    children: Vec<&'a str>,
    /// Whether the lists are everything there is.
    absolute: bool,
}

/// One event.
pub(super) enum Event<'a> {
    /// About a user.
    User {
        /// What was done.
        operation: Operation,
        /// The user as it is now, or was last.
        user: &'a User,
        /// The attributes that changed, where they are told.
        deltas: Option<&'a Deltas>,
    },
    /// About a group.
    Group {
        /// What was done.
        operation: Operation,
        /// The group as it is now, or was last.
        group: &'a Group,
        /// The attributes that changed, where they are told.
        deltas: Option<&'a Deltas>,
    },
    /// About the groups of a user.
    UserMembership(Operation, Kin<'a>),
    /// About the groups around a group.
    GroupMembership(Operation, Kin<'a>),
}

impl Step {
    /// The attributes that changed.
    pub(super) fn deltas(&self) -> Option<&Deltas> {
        match self {
            Self::Attributes(deltas) => Some(deltas),
            _ => None,
        }
    }
}

impl Deltas {
    /// What was set and what was removed, if anything was.
    fn parts<'a>(&'a self, link: &str) -> Parts<'a> {
        let mut parts: Parts<'a> = Vec::new();
        if !self.stored.is_empty() {
            let attributes = AttributeList {
                attributes: &self.stored,
                link: link.to_owned(),
            };
            parts.push(("storedAttributes", Box::new(attributes)));
        }
        if !self.deleted.is_empty() {
            let names = DeletedAttributes(&self.deleted);
            parts.push(("deletedAttributes", Box::new(names)));
        }
        parts
    }
}

impl<'a> Event<'a> {
    /// About a user, without attributes.
    pub(super) fn user(operation: Operation, user: &'a User) -> Self {
        let deltas = None;
        Self::User {
            operation,
            user,
            deltas,
        }
    }

    /// About a group, without attributes.
    pub(super) fn group(operation: Operation, group: &'a Group) -> Self {
        let deltas = None;
        Self::Group {
            operation,
            group,
            deltas,
        }
    }

    /// About one membership of a user.
    pub(super) fn user_in(operation: Operation, user: &'a str, group: &'a str) -> Self {
        Self::UserMembership(operation, Kin::one(user, group))
    }

    /// About one membership of a group.
    pub(super) fn group_in(operation: Operation, child: &'a str, group: &'a str) -> Self {
        Self::GroupMembership(operation, Kin::one(child, group))
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::User { .. } => "userEvent",
            Self::Group { .. } => "groupEvent",
            Self::UserMembership(..) => "userMembershipEvent",
            Self::GroupMembership(..) => "groupMembershipEvent",
        }
    }

    fn operation(&self) -> Operation {
        match self {
            Self::User { operation, .. } | Self::Group { operation, .. } => *operation,
            Self::UserMembership(operation, _) | Self::GroupMembership(operation, _) => *operation,
        }
    }

    fn is_absolute(&self) -> bool {
        match self {
            Self::UserMembership(_, kin) | Self::GroupMembership(_, kin) => kin.absolute,
            _ => false,
        }
    }

    /// What it holds besides the operation, by name.
    fn parts(&self) -> Parts<'a> {
        match self {
            Self::User {
                operation,
                user,
                deltas,
            } => {
                let link = href("/user/attribute", "username", &user.name);
                let user = UserEntity(user, operation.detail());
                let mut parts: Parts<'a> = vec![("user", Box::new(user))];
                parts.extend(deltas.iter().flat_map(|deltas| deltas.parts(&link)));
                parts
            }
            Self::Group {
                operation,
                group,
                deltas,
            } => {
                let link = href("/group/attribute", "groupname", &group.name);
                let group = GroupEntity(group, operation.detail());
                let mut parts: Parts<'a> = vec![("group", Box::new(group))];
                parts.extend(deltas.iter().flat_map(|deltas| deltas.parts(&link)));
                parts
            }
            Self::UserMembership(_, kin) => vec![
                ("childUser", kin.member("user")),
                ("parentGroups", Box::new(NamedGroups(kin.parents.clone()))),
            ],
            Self::GroupMembership(_, kin) => vec![
                ("group", kin.member("group")),
                ("parentGroups", Box::new(NamedGroups(kin.parents.clone()))),
                ("childGroups", Box::new(NamedGroups(kin.children.clone()))),
            ],
        }
    }
}

impl<'a> Kin<'a> {
    fn one(child: &'a str, parent: &'a str) -> Self {
        Self {
            child,
            parents: vec![parent],
            children: Vec::new(),
            absolute: false,
        }
    }

    fn member(&self, kind: &'static str) -> Box<dyn Entity + 'a> {
        let name = self.child;
        Box::new(Named { kind, name })
    }

    fn all_of(child: &'a str, parents: Vec<&'a Group>, children: Vec<&'a Group>) -> Self {
        let names = |groups: Vec<&'a Group>| groups.into_iter().map(|one| one.name.as_str());
        Self {
            child,
            parents: names(parents).collect(),
            children: names(children).collect(),
            absolute: true,
        }
    }
}

/// The same events with memberships told by all that is there now; whoever is gone has none.
pub(super) fn absolute<'a>(events: Vec<Event<'a>>, population: &'a Population) -> Vec<Event<'a>> {
    let mut all = Vec::new();
    let (mut users, mut groups) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        match &event {
            Event::UserMembership(_, kin) => {
                users.insert(fold(kin.child));
            }
            Event::GroupMembership(_, kin) => {
                groups.insert(fold(kin.child));
            }
            Event::User { .. } | Event::Group { .. } => all.push(event),
        }
    }
    let users = users.iter().filter_map(|name| population.users.get(name));
    all.extend(users.map(|user| {
        let kin = Kin::all_of(&user.name, population.groups_of(user), Vec::new());
        Event::UserMembership(Operation::Updated, kin)
    }));
    let groups = groups.iter().filter_map(|name| population.groups.get(name));
    all.extend(groups.map(|group| {
        let (parents, children) = (population.parents(group), population.children(group));
        let kin = Kin::all_of(&group.name, parents, children);
        Event::GroupMembership(Operation::Updated, kin)
    }));
    all
}

/// A user or group of which only the name is told.
struct Named<'a> {
    kind: &'static str,
    name: &'a str,
}

impl Named<'_> {
    fn link(&self) -> String {
        href(
            &format!("/{}", self.kind),
            &format!("{}name", self.kind),
            self.name,
        )
    }
}

impl Entity for Named<'_> {
    fn json(&self) -> Value {
        json!({"link": {"href": self.link(), "rel": "self"}, "name": self.name})
    }

    fn xml(&self) -> Element {
        let link = Element::new("link").attribute("href", &self.link());
        Element::new(self.kind)
            .attribute("name", self.name)
            .child(link.attribute("rel", "self"))
    }
}

/// Groups of which only the names are told.
struct NamedGroups<'a>(Vec<&'a str>);

impl<'a> NamedGroups<'a> {
    fn each(&self) -> impl Iterator<Item = Named<'a>> {
        self.0.iter().map(|name| Named {
            kind: "group",
            name,
        })
    }
}

impl Entity for NamedGroups<'_> {
    fn json(&self) -> Value {
        let groups: Vec<_> = self.each().map(|group| group.json()).collect();
        json!({"expand": "group", "groups": groups})
    }

    fn xml(&self) -> Element {
        Element::new("groups")
            .attribute("expand", "group")
            .children(self.each().map(|group| group.xml()))
    }
}

/// The names of attributes that were removed.
struct DeletedAttributes<'a>(&'a [String]);

impl Entity for DeletedAttributes<'_> {
    fn json(&self) -> Value {
        let names: Vec<_> = self.0.iter().map(|name| json!({"name": name})).collect();
        json!({"attributes": names})
    }

    fn xml(&self) -> Element {
        let each = self.0.iter();
        let each = each.map(|name| Element::new("attribute").attribute("name", name));
        Element::new("attributes").children(each)
    }
}

impl Entity for Event<'_> {
    fn json(&self) -> Value {
        let mut members = Map::new();
        members.insert("operation".to_owned(), json!(self.operation().wire()));
        if self.is_absolute() {
            members.insert("absolute".to_owned(), json!(true));
        }
        for (name, part) in self.parts() {
            members.insert(name.to_owned(), part.json());
        }
        Value::Object(Map::from_iter([(
            self.kind().to_owned(),
            Value::Object(members),
        )]))
    }

    fn xml(&self) -> Element {
        let mut element = Element::new(self.kind());
        if self.is_absolute() {
            element = element.attribute("absolute", "true");
        }
        let operation = Element::new("operation").text(self.operation().wire());
        let parts = self.parts();
        let parts = parts.iter().map(|(name, part)| part.xml().renamed(name));
        element.child(operation).children(parts)
    }
}

/// A first token; without one, that there are no events to be had.
pub(super) struct EventToken(pub Option<String>);

impl Entity for EventToken {
    fn json(&self) -> Value {
        match &self.0 {
            Some(token) => {
                json!({"newEventToken": token, "incrementalSynchronisationAvailable": true})
            }
            None => json!({"incrementalSynchronisationAvailable": false}),
        }
    }

    fn xml(&self) -> Element {
        let (name, available) = ("incrementalSynchronisationAvailable", self.0.is_some());
        let element = Element::new("events");
        let element = match &self.0 {
            Some(token) => element.attribute("newEventToken", token),
            None => element,
        };
        element.attribute(name, if available { "true" } else { "false" })
    }
}

/// The events since a token, and the token after them. Whether incremental
/// synchronisation is available is told with first tokens only.
pub(super) struct EventList<'a> {
    /// The token to ask with next.
    pub token: String,
    /// The events.
    pub events: Vec<Event<'a>>,
}

impl Entity for EventList<'_> {
    fn json(&self) -> Value {
        let events: Vec<_> = self.events.iter().map(Entity::json).collect();
        json!({"newEventToken": self.token, "events": events})
    }

    fn xml(&self) -> Element {
        Element::new("events")
            .attribute("newEventToken", &self.token)
            .children(self.events.iter().map(Entity::xml))
    }
}
