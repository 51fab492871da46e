//! What Crowd answers with, in JSON and in XML.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::account::{Attributes, Group, User};
use super::xml::Element;
use crate::sim::clock::iso;

/// The address of the service in links: its own idea of it, seldom the client's.
const BASE: &str = "http://localhost:8095/crowd/rest/usermanagement/1";

/// The attributes of whatever is not expanded.
static NONE: Attributes = Attributes::new();

/// Something that has both forms.
pub(super) trait Entity {
    /// As JSON.
    fn json(&self) -> Value;
    /// As XML.
    fn xml(&self) -> Element;
}

/// A link of Crowd's: `path` below the service with one query parameter.
pub(super) fn href(path: &str, parameter: &str, value: &str) -> String {
    let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
    format!("{BASE}{path}?{parameter}={value}")
}

fn link_json(href: &str, rel: &str) -> Value {
    json!({"href": href, "rel": rel})
}

fn link_xml(href: &str, rel: &str) -> Element {
    Element::new("link")
        .attribute("href", href)
        .attribute("rel", rel)
}

fn leaf(name: &str, text: &str) -> Element {
    Element::new(name).text(text)
}

/// How much of an entity is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Name and link, as in lists that are not expanded.
    Minimal,
    /// Only the name, in the shape of more, as events tell of what is gone.
    Gone,
    /// As [`Detail::Plain`], without what events do not tell: dates and directory.
    Event,
    /// Everything but attributes, whose list is empty then.
    Plain,
    /// Everything.
    Attributes,
}

/// An entity's attributes at `link`.
pub(super) struct AttributeList<'a> {
    /// Their values by name.
    pub attributes: &'a Attributes,
    /// Where they are to be had.
    pub link: String,
}

impl Entity for AttributeList<'_> {
    fn json(&self) -> Value {
        let each = self.attributes.iter().map(|(name, values)| {
            let href = format!("{}&attributename={name}", self.link);
            json!({"name": name, "values": values, "link": link_json(&href, "self")})
        });
        json!({"attributes": each.collect::<Vec<_>>(), "link": link_json(&self.link, "self")})
    }

    fn xml(&self) -> Element {
        let each = self.attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| leaf("value", value));
            Element::new("attribute")
                .attribute("name", name)
                .child(link_xml(
                    &format!("{}&attributename={name}", self.link),
                    "self",
                ))
                .child(Element::new("values").children(values))
        });
        Element::new("attributes")
            .child(link_xml(&self.link, "self"))
            .children(each)
    }
}

/// A user, more or less of it.
#[derive(Clone, Copy)]
pub(super) struct UserEntity<'a>(pub &'a User, pub Detail);

impl UserEntity<'_> {
    fn link(&self) -> String {
        href("/user", "username", &self.0.name)
    }

    fn password_link(&self) -> String {
        href("/user/password", "username", &self.0.name)
    }

    /// Dates and directory in XML; nothing in events.
    fn of_the_directory(&self) -> Vec<Element> {
        if self.1 == Detail::Event {
            return Vec::new();
        }
        vec![
            leaf("created-date", &iso(self.0.created)),
            leaf("updated-date", &iso(self.0.updated)),
            leaf("directory-id", "32769"),
            leaf("directory-name", "Main"),
        ]
    }

    fn attributes(&self) -> AttributeList<'_> {
        let attributes = if self.1 == Detail::Attributes {
            &self.0.attributes
        } else {
            &NONE
        };
        AttributeList {
            attributes,
            link: href("/user/attribute", "username", &self.0.name),
        }
    }
}

impl Entity for UserEntity<'_> {
    fn json(&self) -> Value {
        let Self(user, detail) = self;
        let link = link_json(&self.link(), "self");
        if *detail == Detail::Minimal {
            return json!({"link": link, "name": user.name});
        }
        let password = json!({"link": link_json(&self.password_link(), "edit")});
        if *detail == Detail::Gone {
            return json!({
                "expand": "attributes", "link": link, "name": user.name, "password": password,
                "active": false, "attributes": self.attributes().json(),
            });
        }
        let mut shown = json!({
            "expand": "attributes", "link": link, "name": user.name,
            "first-name": user.first_name, "last-name": user.last_name,
            "display-name": user.display_name, "email": user.email, "password": password,
            "key": user.key, "active": user.active, "attributes": self.attributes().json(),
        });
        if let (Some(shown), true) = (shown.as_object_mut(), *detail != Detail::Event) {
            shown.insert("created-date".to_owned(), json!(user.created));
            shown.insert("updated-date".to_owned(), json!(user.updated));
            shown.insert("directory-id".to_owned(), json!(32769));
            shown.insert("directory-name".to_owned(), json!("Main"));
        }
        shown
    }

    fn xml(&self) -> Element {
        let Self(user, detail) = self;
        let element = Element::new("user").attribute("name", &user.name);
        let link = link_xml(&self.link(), "self");
        if *detail == Detail::Minimal {
            return element.child(link);
        }
        let password = Element::new("password").child(link_xml(&self.password_link(), "edit"));
        let element = element.attribute("expand", "attributes").child(link);
        if *detail == Detail::Gone {
            return element
                .child(password)
                .child(leaf("active", "false"))
                .child(self.attributes().xml());
        }
        element
            .child(leaf("first-name", &user.first_name))
            .child(leaf("last-name", &user.last_name))
            .child(leaf("display-name", &user.display_name))
            .child(leaf("email", &user.email))
            .child(password)
            .child(leaf("key", &user.key))
            .children(self.of_the_directory())
            .child(leaf("active", if user.active { "true" } else { "false" }))
            .child(self.attributes().xml())
    }
}

/// A group, more or less of it.
#[derive(Clone, Copy)]
pub(super) struct GroupEntity<'a>(pub &'a Group, pub Detail);

impl GroupEntity<'_> {
    fn link(&self) -> String {
        href("/group", "groupname", &self.0.name)
    }

    /// Of a group that is gone neither is known.
    fn description_and_active(&self) -> (&str, bool) {
        match self.1 {
            Detail::Gone => ("", true),
            _ => (&self.0.description, self.0.active),
        }
    }

    fn attributes(&self) -> AttributeList<'_> {
        let attributes = if self.1 == Detail::Attributes {
            &self.0.attributes
        } else {
            &NONE
        };
        AttributeList {
            attributes,
            link: href("/group/attribute", "groupname", &self.0.name),
        }
    }
}

impl Entity for GroupEntity<'_> {
    fn json(&self) -> Value {
        let Self(group, detail) = self;
        let link = link_json(&self.link(), "self");
        if *detail == Detail::Minimal {
            return json!({"link": link, "name": group.name});
        }
        let (description, active) = self.description_and_active();
        json!({
            "expand": "attributes", "link": link, "name": group.name,
            "description": description, "type": "GROUP", "active": active,
            "attributes": self.attributes().json(),
        })
    }

    fn xml(&self) -> Element {
        let Self(group, detail) = self;
        let element = Element::new("group").attribute("name", &group.name);
        let link = link_xml(&self.link(), "self");
        if *detail == Detail::Minimal {
            return element.child(link);
        }
        let (description, active) = self.description_and_active();
        element
            .attribute("expand", "attributes")
            .child(link)
            .child(leaf("type", "GROUP"))
            .child(leaf("description", description))
            .child(leaf("active", if active { "true" } else { "false" }))
            .child(self.attributes().xml())
    }
}

/// A page of users.
pub(super) struct Users<'a>(pub Vec<UserEntity<'a>>);

impl Entity for Users<'_> {
    fn json(&self) -> Value {
        let users: Vec<_> = self.0.iter().map(Entity::json).collect();
        json!({"expand": "user", "users": users})
    }

    fn xml(&self) -> Element {
        Element::new("users")
            .attribute("expand", "user")
            .children(self.0.iter().map(Entity::xml))
    }
}

/// A page of groups.
pub(super) struct Groups<'a>(pub Vec<GroupEntity<'a>>);

impl Entity for Groups<'_> {
    fn json(&self) -> Value {
        let groups: Vec<_> = self.0.iter().map(Entity::json).collect();
        json!({"expand": "group", "groups": groups})
    }

    fn xml(&self) -> Element {
        Element::new("groups")
            .attribute("expand", "group")
            .children(self.0.iter().map(Entity::xml))
    }
}

/// A session.
pub(super) struct SessionEntity<'a> {
    /// Its token.
    pub token: &'a str,
    /// Whose it is.
    pub user: UserEntity<'a>,
    /// When it began, in milliseconds since 1970.
    pub created: u64,
    /// When it ends, in milliseconds since 1970.
    pub expiry: u64,
}

impl SessionEntity<'_> {
    /// The session's own address.
    pub(super) fn link(&self) -> String {
        format!("{BASE}/session/{}", self.token)
    }
}

impl Entity for SessionEntity<'_> {
    fn json(&self) -> Value {
        json!({
            "expand": "user", "token": self.token, "user": self.user.json(),
            "link": link_json(&self.link(), "self"),
            "created-date": self.created, "expiry-date": self.expiry,
        })
    }

    fn xml(&self) -> Element {
        Element::new("session")
            .attribute("expand", "user")
            .child(leaf("token", self.token))
            .child(self.user.xml())
            .child(link_xml(&self.link(), "self"))
            .child(leaf("created-date", &iso(self.created)))
            .child(leaf("expiry-date", &iso(self.expiry)))
    }
}

/// How the cookie of single sign-on is to be made.
pub(super) struct CookieConfig;

impl Entity for CookieConfig {
    fn json(&self) -> Value {
        json!({"domain": ".example.org", "secure": true, "name": "crowd.token_key"})
    }

    fn xml(&self) -> Element {
        Element::new("cookie-config")
            .child(leaf("domain", ".example.org"))
            .child(leaf("secure", "true"))
            .child(leaf("name", "crowd.token_key"))
    }
}

/// What an endpoint gives back, before it has a form.
pub(super) enum Outcome<'a> {
    /// 200 with an entity.
    Found(Box<dyn Entity + 'a>),
    /// 201 with the new thing's address, and an entity where Crowd sends one.
    Created(String, Option<Box<dyn Entity + 'a>>),
    /// 204.
    Done,
    /// 200 with an XML document whatever was asked for, in chunks.
    Streamed(String),
    /// The path or the verb is none of Crowd's.
    Nothing(StatusCode),
}

/// 200 with `entity`.
pub(super) fn found<'a>(entity: impl Entity + 'a) -> Outcome<'a> {
    Outcome::Found(Box::new(entity))
}
