//! Crowd's bulk memberships: XML only, direct members only, read as a stream.
//!
//! Entities are off: a document type is an error, and only the five characters
//! that XML itself names are resolved.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use tokio::io::AsyncBufRead;

use super::super::DirectoryError;
use super::super::http::stream_error;
use super::verdict::{nonsense, unreadable};

/// One direct membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership<'a> {
    pub(super) group: &'a str,
    pub(super) member: Member<'a>,
}

/// Who is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member<'a> {
    User(&'a str),
    Group(&'a str),
}

/// Reads the document to its end and hands over each membership. A document that
/// stops before its end is an error, not a shorter one.
pub(super) async fn read(
    body: impl AsyncBufRead + Unpin,
    mut each: impl FnMut(Membership<'_>) + Send,
) -> Result<(), DirectoryError> {
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut buffer = Vec::new();
    let mut document = Document::default();
    loop {
        buffer.clear();
        let event = reader
            .read_event_into_async(&mut buffer)
            .await
            .map_err(broken)?;
        match event {
            Event::Start(element) => {
                document.open(&element, &mut each)?;
                document.depth = document.depth.saturating_add(1);
            }
            Event::Empty(element) => document.open(&element, &mut each)?,
            Event::End(_) => document.depth = document.depth.saturating_sub(1),
            Event::DocType(_) | Event::GeneralRef(_) => {
                return Err(nonsense("the memberships declare or use entities"));
            }
            Event::Eof => return document.finish(),
            _ => {}
        }
    }
}

/// Where in the document we are.
#[derive(Debug, Default)]
struct Document {
    begun: bool,
    depth: usize,
    group: String,
}

impl Document {
    fn open(
        &mut self,
        element: &BytesStart<'_>,
        each: &mut (impl FnMut(Membership<'_>) + Send),
    ) -> Result<(), DirectoryError> {
        let name = element.local_name();
        match (self.depth, name.as_ref()) {
            (0, "memberships") => self.begun = true,
            (0, _) => return Err(nonsense("the XML holds no memberships")),
            (1, "membership") => self.group = attribute(element, "group")?,
            (3, "user") => each(Membership {
                group: &self.group,
                member: Member::User(&attribute(element, "name")?),
            }),
            (3, "group") => each(Membership {
                group: &self.group,
                member: Member::Group(&attribute(element, "name")?),
            }),
            _ => {}
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), DirectoryError> {
        if self.begun && self.depth == 0 {
            Ok(())
        } else {
            Err(nonsense("the memberships break off"))
        }
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<String, DirectoryError> {
    let attribute = element
        .try_get_attribute(name)
        .map_err(unreadable)?
        .ok_or_else(|| nonsense(format!("a membership lacks its {name}")))?;
    let value = attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .map_err(unreadable)?;
    Ok(value.into_owned())
}

/// A broken connection stays *Unreachable*; broken XML is *Nonsense*.
fn broken(error: quick_xml::Error) -> DirectoryError {
    match &error {
        quick_xml::Error::Io(cause) => stream_error(cause).unwrap_or_else(|| unreadable(error)),
        _ => unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn memberships(xml: &str) -> Result<Vec<String>, DirectoryError> {
        let mut found = Vec::new();
        // Seven bytes at a time, so that every element is cut somewhere.
        let body = tokio::io::BufReader::with_capacity(7, xml.as_bytes());
        read(body, |membership| {
            found.push(match membership.member {
                Member::User(name) => format!("{} > {name}", membership.group),
                Member::Group(name) => format!("{} > [{name}]", membership.group),
            });
        })
        .await?;
        Ok(found)
    }

    #[tokio::test]
    async fn users_and_groups_of_each_membership_are_read() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
            <memberships><membership group="dev team"><users><user name="ann"/><user name="a&amp;b &lt;c&gt; > &#252;ü"/></users>
            <groups><group name="leaf"/></groups></membership>
            <membership group="empty"><users/><groups/></membership><membership group="bare"/>
            <membership group="leaf"><users><user name="bob"><link href="x"/></user></users></membership></memberships>"#;
        assert_eq!(
            memberships(xml).await.unwrap(),
            [
                "dev team > ann",
                "dev team > a&b <c> > üü",
                "dev team > [leaf]",
                "leaf > bob"
            ]
        );
        assert!(memberships("<memberships/>").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_document_that_breaks_off_or_is_something_else_is_nonsense() {
        for xml in [
            "",
            "<memberships>",
            r#"<memberships><membership group="a"><users><user name="ann"/>"#,
            r#"<memberships><membership group="a"></memberships>"#,
            r#"<memberships><membership group="a"><users><user/></users></membership></memberships>"#,
            "<memberships><membership/></memberships>",
            "<html><body>Log in</body></html>",
            r#"{"memberships":[]}"#,
        ] {
            let error = memberships(xml).await.unwrap_err();
            assert!(matches!(error, DirectoryError::Nonsense { .. }), "{xml}");
        }
    }

    #[tokio::test]
    async fn entities_are_never_expanded() {
        let bomb = r#"<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>
            <memberships><membership group="&b;"/></memberships>"#;
        assert!(memberships(bomb).await.is_err());
        assert!(
            memberships(r#"<memberships><membership group="&b;"/></memberships>"#)
                .await
                .is_err()
        );
    }
}
