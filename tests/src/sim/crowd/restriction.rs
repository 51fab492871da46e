//! What a search asks for, and whether a user or group is that.

use serde::Deserialize;

use super::account::{Attributes, Group, User};
use crate::sim::clock::iso;

/// How a property is compared with a value; Crowd ignores case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum MatchMode {
    ExactlyMatches,
    Contains,
    StartsWith,
    EndsWith,
    GreaterThan,
    LessThan,
    Null,
}

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Logic {
    /// All parts must hold.
    And,
    /// One part must hold.
    Or,
}

/// A property's name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Property {
    /// As Crowd calls it; a name that it does not know is a custom attribute.
    pub name: String,
}

/// A condition, in the shape of its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "restriction-type")]
pub(super) enum Restriction {
    /// Everything holds.
    #[serde(rename = "null-search-restriction")]
    Everything,
    /// A property compares with a value.
    #[serde(rename = "property-search-restriction", rename_all = "kebab-case")]
    Property {
        /// Which.
        property: Property,
        /// How.
        match_mode: MatchMode,
        /// With what.
        #[serde(default)]
        value: String,
    },
    /// Several conditions.
    #[serde(rename = "boolean-search-restriction", rename_all = "kebab-case")]
    Several {
        /// How they are put together.
        boolean_logic: Logic,
        /// The parts.
        restrictions: Vec<Restriction>,
    },
}

/// Something that has properties.
pub(super) trait Searched {
    /// The values of a property; several only for custom attributes.
    fn property(&self, name: &str) -> Vec<String>;
}

fn custom(attributes: &Attributes, name: &str) -> Vec<String> {
    attributes.get(name).cloned().unwrap_or_default()
}

impl Searched for User {
    fn property(&self, name: &str) -> Vec<String> {
        vec![match name {
            "name" => self.name.clone(),
            "email" => self.email.clone(),
            "firstName" => self.first_name.clone(),
            "lastName" => self.last_name.clone(),
            "displayName" => self.display_name.clone(),
            "active" => self.active.to_string(),
            "createdDate" => iso(self.created),
            "updatedDate" => iso(self.updated),
            _ => return custom(&self.attributes, name),
        }]
    }
}

impl Searched for Group {
    fn property(&self, name: &str) -> Vec<String> {
        vec![match name {
            "name" => self.name.clone(),
            "description" => self.description.clone(),
            "active" => self.active.to_string(),
            "createdDate" => iso(self.created),
            "updatedDate" => iso(self.updated),
            _ => return custom(&self.attributes, name),
        }]
    }
}

impl Restriction {
    /// Whether it holds for `one`.
    pub(super) fn holds(&self, one: &impl Searched) -> bool {
        match self {
            Self::Everything => true,
            Self::Property {
                property,
                match_mode,
                value,
            } => {
                let values = one.property(&property.name);
                match match_mode {
                    MatchMode::Null => values.iter().all(String::is_empty),
                    mode => values.iter().any(|found| mode.suits(found, value)),
                }
            }
            Self::Several {
                boolean_logic: Logic::And,
                restrictions,
            } => restrictions.iter().all(|part| part.holds(one)),
            Self::Several {
                boolean_logic: Logic::Or,
                restrictions,
            } => restrictions.iter().any(|part| part.holds(one)),
        }
    }
}

impl MatchMode {
    fn suits(self, found: &str, wanted: &str) -> bool {
        let (found, wanted) = (found.to_lowercase(), wanted.to_lowercase());
        match self {
            Self::ExactlyMatches => found == wanted,
            Self::Contains => found.contains(&wanted),
            Self::StartsWith => found.starts_with(&wanted),
            Self::EndsWith => found.ends_with(&wanted),
            Self::GreaterThan => found > wanted,
            Self::LessThan => found < wanted,
            Self::Null => found.is_empty(),
        }
    }
}
