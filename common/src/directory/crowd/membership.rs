//! Crowd's bulk memberships: XML only, direct members only, read as a stream.

use tokio::io::AsyncBufRead;

use super::super::DirectoryError;
use super::verdict::nonsense;
use super::xml::{self, Element};

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
    each: impl FnMut(Membership<'_>) + Send,
) -> Result<(), DirectoryError> {
    let mut document = Document {
        group: String::new(),
        each,
    };
    xml::read(body, "memberships", &mut document).await
}

/// Where in the document we are.
struct Document<F> {
    group: String,
    each: F,
}

impl<F: FnMut(Membership<'_>) + Send> xml::Document for Document<F> {
    fn open(&mut self, depth: usize, element: &Element<'_>) -> Result<(), DirectoryError> {
        let named = |attribute: &'static str| {
            let value = element.attribute(attribute)?;
            value.ok_or_else(|| nonsense(format!("a membership lacks its {attribute}")))
        };
        match (depth, element.name()) {
            (1, "membership") => self.group = named("group")?,
            (3, "user") => (self.each)(Membership {
                group: &self.group,
                member: Member::User(&named("name")?),
            }),
            (3, "group") => (self.each)(Membership {
                group: &self.group,
                member: Member::Group(&named("name")?),
            }),
            _ => {}
        }
        Ok(())
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
