//! XML out and in, as much of it as Crowd speaks.
//!
//! Bodies that come in are turned into the shape that their JSON twins have, so
//! that everything behind reads one shape. Entities are never expanded.

use std::fmt::Write as _;

use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

/// Deeper nesting is nobody's honest request.
const DEEPEST: usize = 32;

/// How every document begins.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";

/// A document that is written as it goes, for what is too large to be held as elements.
pub(super) struct Document(String);

impl Default for Document {
    fn default() -> Self {
        Self(DECLARATION.to_owned())
    }
}

impl Document {
    /// An element without children.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push_str("/>");
    }

    /// The beginning of an element that has children.
    pub(super) fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push('>');
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.push(["<", name]);
        for (name, value) in attributes {
            self.push([" ", name, "=\"", &escape(*value), "\""]);
        }
    }

    /// The end of an element that was begun.
    pub(super) fn end(&mut self, name: &str) {
        self.push(["</", name, ">"]);
    }

    fn push<const N: usize>(&mut self, parts: [&str; N]) {
        parts.iter().for_each(|part| self.0.push_str(part));
    }

    /// The whole.
    pub(super) fn text(self) -> String {
        self.0
    }
}

/// An element with its attributes, children and text.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    /// An empty element.
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// With an attribute.
    #[must_use]
    pub(super) fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With one more child.
    #[must_use]
    pub(super) fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// With more children.
    #[must_use]
    pub(super) fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// With this text.
    #[must_use]
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// The same under another name.
    #[must_use]
    pub(super) fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The whole document.
    pub(super) fn document(&self) -> String {
        let mut out = String::from(DECLARATION);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            // Writing to a String cannot fail.
            let _ = write!(out, " {name}=\"{}\"", escape(value.as_str()));
        }
        if self.children.is_empty() && self.text.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&escape(self.text.as_str()));
        for child in &self.children {
            child.write(out);
        }
        let _ = write!(out, "</{}>", self.name);
    }

    /// The shape of this element's JSON twin.
    pub(super) fn as_json(&self) -> Value {
        let each = || Value::Array(self.children.iter().map(Self::as_json).collect());
        match self.name.as_str() {
            "attributes" => twin("attributes", each()),
            "validation-factors" => twin("validationFactors", each()),
            "values" | "restrictions" => each(),
            _ if self.attributes.is_empty()
                && self.children.is_empty()
                && !self.is_restriction() =>
            {
                Value::String(self.text.clone())
            }
            _ => Value::Object(self.members()),
        }
    }

    fn is_restriction(&self) -> bool {
        self.name.ends_with("-search-restriction")
    }

    fn members(&self) -> Map<String, Value> {
        let attributes = self
            .attributes
            .iter()
            .map(|(k, v)| (k.clone(), Value::from(v.as_str())));
        let children = self
            .children
            .iter()
            .map(|child| (child.name.clone(), child.as_json()));
        let mut members: Map<_, _> = attributes.chain(children).collect();
        if self.is_restriction() {
            members.insert(
                "restriction-type".to_owned(),
                Value::from(self.name.as_str()),
            );
        }
        members
    }
}

fn twin(name: &str, list: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), list)]))
}

/// Why bytes are no document of ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotXml {
    /// They are not well formed.
    #[error("not well-formed XML")]
    Malformed(#[source] quick_xml::Error),
    /// They declare or use what no honest client does.
    #[error("{0}")]
    Unwanted(&'static str),
}

impl<E: Into<quick_xml::Error>> From<E> for NotXml {
    fn from(error: E) -> Self {
        Self::Malformed(error.into())
    }
}

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Element, NotXml> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        match reader.read_event()? {
            Event::Start(_) if open.len() >= DEEPEST => {
                return Err(NotXml::Unwanted("nested too deeply"));
            }
            Event::Start(start) => open.push(begin(&start)?),
            Event::Empty(start) => {
                if let Some(root) = close(&mut open, begin(&start)?) {
                    return Ok(root);
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else {
                    return Err(NotXml::Unwanted("an end without a beginning"));
                };
                if let Some(root) = close(&mut open, element) {
                    return Ok(root);
                }
            }
            Event::Text(text) => append(&mut open, &text),
            Event::CData(text) => append(&mut open, &text),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref()?.map(String::from);
                let predefined = || resolve_predefined_entity(&reference).map(String::from);
                let text = character.or_else(predefined);
                append(&mut open, &text.ok_or(NotXml::Unwanted("an entity"))?);
            }
            Event::DocType(_) => return Err(NotXml::Unwanted("a document type")),
            Event::Eof => return Err(NotXml::Unwanted("an end before the root's")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn begin(start: &BytesStart<'_>) -> Result<Element, NotXml> {
    let mut element = Element::new(start.name().into_inner());
    for attribute in start.attributes() {
        let attribute = attribute?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
        element = element.attribute(attribute.key.into_inner(), &value);
    }
    Ok(element)
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Gives a finished element to its parent, or back if it is the root. Space
/// between children is no text.
fn close(open: &mut [Element], mut element: Element) -> Option<Element> {
    if !element.children.is_empty() {
        element.text.clear();
    }
    match open.last_mut() {
        Some(parent) => {
            parent.children.push(element);
            None
        }
        None => Some(element),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_restriction_has_the_shape_of_its_json_twin() {
        let text = "<?xml version=\"1.0\"?>\n<boolean-search-restriction boolean-logic=\"and\">
            <restrictions><property-search-restriction><property><name>email</name>
            <type>STRING</type></property><match-mode>CONTAINS</match-mode>
            <value>a&amp;b&#33;</value></property-search-restriction>
            <null-search-restriction/></restrictions></boolean-search-restriction>";
        assert_eq!(
            parse(text).unwrap().as_json(),
            json!({"restriction-type": "boolean-search-restriction", "boolean-logic": "and",
                "restrictions": [
                    {"restriction-type": "property-search-restriction",
                     "property": {"name": "email", "type": "STRING"},
                     "match-mode": "CONTAINS", "value": "a&b!"},
                    {"restriction-type": "null-search-restriction"}]})
        );
    }

    #[test]
    fn attributes_and_factors_have_the_shape_of_their_json_twins() {
        let text = "<user name=\"ada\"><attributes><attribute name=\"sshPublicKey\"><values>\
            <value>one</value><value>two</value></values></attribute></attributes></user>";
        assert_eq!(
            parse(text).unwrap().as_json(),
            json!({"name": "ada",
                "attributes": {"attributes": [{"name": "sshPublicKey", "values": ["one", "two"]}]}})
        );
        let text = "<validation-factors><validation-factor><name>remote_address</name>\
            <value>192.0.2.7</value></validation-factor></validation-factors>";
        assert_eq!(
            parse(text).unwrap().as_json(),
            json!({"validationFactors": [{"name": "remote_address", "value": "192.0.2.7"}]})
        );
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = "<a>".repeat(200_000);
        for text in [
            "",
            "<a>",
            "</a>",
            "<a></b>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
            "<a>&e;</a>",
            deep.as_str(),
        ] {
            assert!(parse(text).is_err(), "{}", text.get(..20).unwrap_or(text));
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let element = Element::new("group")
            .attribute("name", "r&d \"<x>\"")
            .text("a < b");
        let read = parse(&element.document()).unwrap();
        assert_eq!(read.attributes, element.attributes);
        assert_eq!(read.text, "a < b");
    }
}
