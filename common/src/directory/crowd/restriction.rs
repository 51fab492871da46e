//! What a search asks for, as XML: values stand in it as data, so that no text of
//! anybody's can become a part of the question. Crowd's query language (CQL) is not
//! used: how it is escaped is not documented. Older servers cannot read the JSON form.

use std::fmt::Write as _;

/// What a search looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// The name of a user or group.
    Name,
    /// A user's mail address.
    Email,
    /// A user's given name.
    FirstName,
    /// A user's family name.
    LastName,
    /// A user's full name.
    DisplayName,
    /// A group's description.
    Description,
    /// A custom attribute. That other names than Crowd's own mean one is not documented.
    Attribute(String),
}

impl Property {
    fn as_str(&self) -> &str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::DisplayName => "displayName",
            Self::Description => "description",
            Self::Attribute(name) => name,
        }
    }
}

/// How a property is compared; Crowd ignores case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// It is the value.
    Exactly,
    /// The value stands in it.
    Contains,
    /// It begins with the value.
    StartsWith,
    /// It ends with the value; not on old servers.
    EndsWith,
}

impl Match {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Exactly => "EXACTLY_MATCHES",
            Self::Contains => "CONTAINS",
            Self::StartsWith => "STARTS_WITH",
            Self::EndsWith => "ENDS_WITH",
        }
    }
}

/// Text with a character that XML cannot carry: nothing can have that value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a character that cannot be searched for")]
pub struct Unsayable;

/// Whom a search finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Everything,
    Compared(Property, Match, String),
    Active(bool),
    Several(&'static str, Vec<Restriction>),
}

impl Restriction {
    /// Everybody.
    pub fn everything() -> Self {
        Self(Kind::Everything)
    }

    /// Those whose property compares so with `value`.
    pub fn text(property: Property, how: Match, value: &str) -> Result<Self, Unsayable> {
        if carried(property.as_str()) && carried(value) {
            Ok(Self(Kind::Compared(property, how, value.to_owned())))
        } else {
            Err(Unsayable)
        }
    }

    /// Those who are active, or those who are not.
    pub fn active(active: bool) -> Self {
        Self(Kind::Active(active))
    }

    /// Those whom all parts suit.
    pub fn all(parts: Vec<Self>) -> Self {
        Self(Kind::Several("and", parts))
    }

    /// Those whom one part suits at least.
    pub fn any(parts: Vec<Self>) -> Self {
        Self(Kind::Several("or", parts))
    }

    /// The body of the question.
    pub(super) fn document(&self) -> String {
        let mut xml = String::from(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
        self.write(&mut xml);
        xml
    }

    fn write(&self, xml: &mut String) {
        match &self.0 {
            Kind::Everything => xml.push_str("<null-search-restriction/>"),
            Kind::Compared(property, how, value) => {
                compared(xml, property.as_str(), "STRING", how.as_str(), value);
            }
            Kind::Active(active) => {
                let value = if *active { "true" } else { "false" };
                compared(xml, "active", "BOOLEAN", Match::Exactly.as_str(), value);
            }
            Kind::Several(logic, parts) => {
                let start = r#"<boolean-search-restriction boolean-logic=""#;
                xml.extend([start, logic, r#""><restrictions>"#]);
                parts.iter().for_each(|part| part.write(xml));
                xml.push_str("</restrictions></boolean-search-restriction>");
            }
        }
    }
}

fn compared(xml: &mut String, property: &str, kind: &str, how: &str, value: &str) {
    xml.push_str("<property-search-restriction><property><name>");
    append_escaped(xml, property);
    xml.extend(["</name><type>", kind, "</type></property><match-mode>", how]);
    xml.push_str("</match-mode><value>");
    append_escaped(xml, value);
    xml.push_str("</value></property-search-restriction>");
}

/// Text between two tags; line ends as references, since readers change bare ones.
fn append_escaped(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' | '\r' | '\n' | '\t' => {
                // Writing to a String cannot fail.
                let _ = write!(xml, "&#{};", u32::from(c));
            }
            c => xml.push(c),
        }
    }
}

/// Whether XML 1.0 has all these characters.
fn carried(text: &str) -> bool {
    let foreign = |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    !text.contains(foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restriction_has_the_form_that_crowd_reads() {
        let email = Restriction::text(Property::Email, Match::Exactly, "ann@example.org").unwrap();
        let property = "<property-search-restriction><property><name>email</name><type>STRING</type></property><match-mode>EXACTLY_MATCHES</match-mode><value>ann@example.org</value></property-search-restriction>";
        let head = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
        assert_eq!(email.document(), format!("{head}{property}"));
        let active = "<property-search-restriction><property><name>active</name><type>BOOLEAN</type></property><match-mode>EXACTLY_MATCHES</match-mode><value>true</value></property-search-restriction>";
        assert_eq!(
            Restriction::all(vec![email, Restriction::active(true)]).document(),
            format!(
                r#"{head}<boolean-search-restriction boolean-logic="and"><restrictions>{property}{active}</restrictions></boolean-search-restriction>"#
            )
        );
        let nobody = Restriction::any(vec![]).document();
        assert!(nobody.contains(r#"boolean-logic="or"><restrictions></restrictions>"#));
        let everything = Restriction::everything().document();
        assert_eq!(everything, format!("{head}<null-search-restriction/>"));
    }

    #[test]
    fn a_value_stays_a_value_whatever_it_holds() {
        let value = "</value><x y=\"'&amp;\r\n\t]]>";
        let written = Restriction::text(Property::Name, Match::Contains, value)
            .unwrap()
            .document();
        let inside = written.split_once("<value>").unwrap().1;
        let inside = inside.split_once("</value>").unwrap().0;
        assert_eq!(
            inside,
            "&#60;/value&#62;&#60;x y=&#34;&#39;&#38;amp;&#13;&#10;&#9;]]&#62;"
        );
        for text in ["a\0", "\u{1b}[31m", "\u{ffff}"] {
            let refused = Restriction::text(Property::Name, Match::Exactly, text);
            assert_eq!(refused, Err(Unsayable), "{text:?}");
            let named = Property::Attribute(text.to_owned());
            assert!(Restriction::text(named, Match::Exactly, "x").is_err());
        }
    }
}
