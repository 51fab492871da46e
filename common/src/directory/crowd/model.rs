//! Crowd's JSON as it comes. Only names are certain: every other field is missing
//! on some server, so all are optional, and what muster has no use for (links
//! above all, which carry the server's own idea of its host name) is not read.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::super::Cursor;

/// A person. A *minimal* one, in a listing that was not expanded, has a name only.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct User {
    pub(super) name: Option<String>,
    pub(super) key: Option<String>,
    pub(super) active: Option<bool>,
    pub(super) display_name: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) attributes: Option<Attributes>,
}

/// A group.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Group {
    pub(super) name: Option<String>,
    pub(super) active: Option<bool>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) attributes: Option<Attributes>,
}

/// The object around the list of attributes, which has the same name.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Attributes {
    #[serde(default, deserialize_with = "or_empty")]
    attributes: Vec<Attribute>,
}

/// An attribute: text, always in a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute {
    name: Option<String>,
    #[serde(deserialize_with = "or_empty")]
    values: Vec<String>,
}

impl Attributes {
    /// Whether there is none; "not expanded" looks the same.
    pub(super) fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// Every attribute with its values, in the server's order.
    pub(super) fn into_pairs(self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.attributes
            .into_iter()
            .filter_map(|attribute| Some((attribute.name?, attribute.values)))
    }

    /// All values of the attribute `name`.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |attribute| attribute.name.as_deref() == Some(name))
            .flat_map(|attribute| attribute.values.iter().map(String::as_str))
    }
}

/// A page of a listing. A page without a list is nonsense rather than the last one.
#[derive(Debug, Deserialize)]
pub(super) struct Page<E> {
    #[serde(alias = "users", alias = "groups")]
    pub(super) entries: Vec<E>,
}

/// Where the server's history of changes stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Present {
    new_event_token: Option<String>,
    incremental_synchronisation_available: Option<bool>,
}

impl Present {
    /// The moment, if the server says that its history can be relied on; silence is no.
    pub(super) fn cursor(self) -> Option<Cursor> {
        let offered = self.incremental_synchronisation_available == Some(true);
        let token = self.new_event_token.filter(|token| !token.is_empty())?;
        offered.then_some(Cursor(token))
    }
}

/// Why the server refuses. The message is for people and is never looked into.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorEntity {
    pub(super) reason: String,
    /// No text at all where it is not text: the reason counts all the same.
    #[serde(default)]
    pub(super) message: serde_json::Value,
}

/// A session of single sign-on. No Debug: the token is a secret.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Session {
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) user: Option<User>,
    /// Milliseconds since 1970, as JSON has dates.
    pub(super) created_date: serde_json::Value,
    pub(super) expiry_date: serde_json::Value,
}

/// The answer to a question whether one thing belongs to another: the other, or, from
/// servers that do not understand the question, a list that may hold it.
#[derive(Debug, Deserialize)]
pub(super) struct Related {
    name: Option<String>,
    #[serde(
        default,
        alias = "users",
        alias = "groups",
        deserialize_with = "or_empty"
    )]
    entries: Vec<Named>,
}

/// Something of which only the name counts.
#[derive(Debug, Deserialize)]
struct Named {
    name: Option<String>,
}

impl Related {
    /// All names in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let listed = self
            .entries
            .iter()
            .filter_map(|entry| entry.name.as_deref());
        self.name.as_deref().into_iter().chain(listed)
    }
}

fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_a_list_is_not_an_empty_page() {
        let read = |json| serde_json::from_str::<Page<User>>(json).map(|page| page.entries.len());
        assert_eq!(read(r#"{"expand":"user","users":[]}"#).unwrap(), 0);
        assert_eq!(read(r#"{"groups":[{"name":"a"}]}"#).unwrap(), 1);
        assert!(read(r#"{"expand":"user"}"#).is_err());
        assert!(read("[]").is_err());
    }

    #[test]
    fn two_hundred_thousand_open_brackets_are_an_error_and_no_crash() {
        let mut json = String::from(r#"{"users":[{"x":"#);
        json.extend(std::iter::repeat_n('[', 200_000));
        assert!(serde_json::from_str::<Page<User>>(&json).is_err());
    }
}
