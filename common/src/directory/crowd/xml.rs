//! Crowd's XML, read as a stream of elements.
//!
//! Entities are off: a document type is an error, and only the five characters that XML
//! itself names, and those given by number, are resolved.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesRef, BytesStart, Event};
use tokio::io::AsyncBufRead;

use super::super::DirectoryError;
use super::super::http::stream_error;
use super::verdict::{nonsense, unreadable};

/// Nothing of Crowd's lies deeper.
const DEPTH_MAX: usize = 64;

/// The start of an element.
pub(super) struct Element<'a>(&'a BytesStart<'a>);

impl Element<'_> {
    /// The name without a prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The name and all attributes, as they are written.
    pub(super) fn written(&self) -> &str {
        self.0
    }

    /// The value of an attribute, if it is there.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<String>, DirectoryError> {
        let Some(attribute) = self.0.try_get_attribute(name).map_err(unreadable)? else {
            return Ok(None);
        };
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(unreadable)?;
        Ok(Some(value.into_owned()))
    }
}

/// What is done with a document.
pub(super) trait Document {
    /// An element begins, in so many others.
    fn open(&mut self, depth: usize, element: &Element<'_>) -> Result<(), DirectoryError>;

    /// Text, as it is written.
    fn text(&mut self, _text: &str) {}
}

/// Reads the document, whose outermost element is `root`, to its end. One that stops
/// before its end is an error, not a shorter one.
pub(super) async fn read(
    body: impl AsyncBufRead + Unpin,
    root: &str,
    document: &mut (impl Document + Send),
) -> Result<(), DirectoryError> {
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut buffer = Vec::new();
    let mut place = Place::new(root);
    loop {
        buffer.clear();
        let event = reader
            .read_event_into_async(&mut buffer)
            .await
            .map_err(broken)?;
        match event {
            Event::Start(element) => {
                place.open(&Element(&element), document)?;
                place.depth = place.depth.saturating_add(1);
            }
            Event::Empty(element) => place.open(&Element(&element), document)?,
            Event::End(_) => place.depth = place.depth.saturating_sub(1),
            Event::Text(text) => document.text(&text),
            Event::CData(text) => document.text(&text),
            Event::GeneralRef(reference) if is_plain(&reference) => document.text(&reference),
            Event::DocType(_) | Event::GeneralRef(_) => {
                return Err(nonsense(format!("the {root} declare or use entities")));
            }
            Event::Eof => return place.finish(),
            _ => {}
        }
    }
}

/// Whether a reference is to a character: one of the five that XML names, or one by number.
fn is_plain(reference: &BytesRef<'_>) -> bool {
    let name: &str = reference;
    matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") || reference.is_char_ref()
}

/// Where in a document we are.
struct Place<'a> {
    root: &'a str,
    begun: bool,
    depth: usize,
}

impl<'a> Place<'a> {
    fn new(root: &'a str) -> Self {
        Self {
            root,
            begun: false,
            depth: 0,
        }
    }

    fn open(
        &mut self,
        element: &Element<'_>,
        document: &mut impl Document,
    ) -> Result<(), DirectoryError> {
        let root = self.root;
        if self.depth == 0 {
            if self.begun || element.name() != root {
                return Err(nonsense(format!("the XML holds no {root}")));
            }
            self.begun = true;
        }
        if self.depth > DEPTH_MAX {
            return Err(nonsense(format!("the {root} are too deep")));
        }
        document.open(self.depth, element)
    }

    fn finish(&self) -> Result<(), DirectoryError> {
        if self.begun && self.depth == 0 {
            Ok(())
        } else {
            Err(nonsense(format!("the {} break off", self.root)))
        }
    }
}

/// A broken connection stays *Unreachable*; broken XML is *Nonsense*.
fn broken(error: quick_xml::Error) -> DirectoryError {
    match &error {
        quick_xml::Error::Io(cause) => stream_error(cause).unwrap_or_else(|| unreadable(error)),
        _ => unreadable(error),
    }
}
