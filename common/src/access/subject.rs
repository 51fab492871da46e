//! Whom a rule is about, and what has to be known of a person to tell.

use std::fmt;

use crate::name::{DirectoryName, GroupName, GroupTypeName, UserName};

/// The type of FAS's groups that stand for a signed agreement, and how their names start.
const AGREEMENTS: (&str, &str) = ("cla", "cla_");

/// Whom a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Every person of every directory.
    Everyone,
    /// Every person of one directory.
    Directory(DirectoryName),
    /// One person.
    User(DirectoryName, UserName),
    /// Everybody in one group.
    Group(DirectoryName, GroupName),
    /// Everybody in any group of this type.
    GroupsOfType(DirectoryName, GroupTypeName),
    /// Everybody in this group, the agreement's, and in one at least that stands for none:
    /// fasClient's `@all`.
    Contributors(DirectoryName, GroupName),
}

/// What is known of the kind of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind<'a> {
    /// Its type, as the directory says.
    OfType(&'a GroupTypeName),
    /// The directory has not said.
    Untold,
    /// A person's private group, which no directory made: rules about kinds of groups do not see it.
    Private,
}

/// One group of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupFact<'a> {
    /// The directory that it belongs to.
    pub directory: &'a DirectoryName,
    /// Its name.
    pub name: &'a GroupName,
    /// What kind of group it is.
    pub kind: GroupKind<'a>,
}

/// What the engine has to know about a person.
#[derive(Debug, Clone, Copy)]
pub struct PersonFacts<'a> {
    /// The directory that owns the name.
    pub directory: &'a DirectoryName,
    /// The canonical name.
    pub user: &'a UserName,
    /// The person's groups: approved memberships, nothing that was only applied for.
    pub groups: &'a [GroupFact<'a>],
}

/// What a group of unknown type counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// One of the type that is asked for: where a match shuts out.
    Matches,
    /// None: where a match lets in.
    DoesNotMatch,
}

impl Subject {
    /// Whether the person is one of those.
    pub(super) fn holds(&self, person: &PersonFacts<'_>, doubt: Doubt) -> bool {
        let in_group = |directory: &DirectoryName, name: &GroupName| {
            let mut groups = person.groups.iter();
            groups.any(|group| group.directory == directory && group.name == name)
        };
        match self {
            Self::Everyone => true,
            Self::Directory(directory) => directory == person.directory,
            Self::User(directory, name) => directory == person.directory && name == person.user,
            Self::Group(directory, name) => in_group(directory, name),
            Self::GroupsOfType(directory, wanted) => person.groups.iter().any(|group| {
                group.directory == directory
                    && match group.kind {
                        GroupKind::OfType(found) => found == wanted,
                        GroupKind::Untold => doubt == Doubt::Matches,
                        GroupKind::Private => false,
                    }
            }),
            Self::Contributors(directory, agreement) => {
                let mut groups = person.groups.iter();
                in_group(directory, agreement)
                    && groups.any(|group| group.directory == directory && group.is_work())
            }
        }
    }

    /// Whether it matters to this subject that somebody is in the group.
    pub(super) fn asks_about(&self, directory: &DirectoryName, group: &GroupName) -> bool {
        match self {
            Self::Group(owner, name) => owner == directory && name == group,
            Self::GroupsOfType(owner, _) | Self::Contributors(owner, _) => owner == directory,
            Self::Everyone | Self::Directory(_) | Self::User(..) => false,
        }
    }
}

impl GroupFact<'_> {
    /// Whether the group stands for more than a signed agreement.
    fn is_work(&self) -> bool {
        let (kind, prefix) = AGREEMENTS;
        let named_so = self.name.as_str().starts_with(prefix);
        match self.kind {
            GroupKind::OfType(found) => found.as_str() != kind && !named_so,
            GroupKind::Untold => !named_so,
            GroupKind::Private => false,
        }
    }
}

impl fmt::Display for GroupFact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.directory, self.name)?;
        match self.kind {
            GroupKind::OfType(found) => write!(f, " (@type:{found})"),
            GroupKind::Untold | GroupKind::Private => Ok(()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Directory(directory) => write!(f, "directory:{directory}"),
            Self::User(directory, name) => write!(f, "user:{directory}/{name}"),
            Self::Group(directory, name) => write!(f, "group:{directory}/{name}"),
            Self::GroupsOfType(directory, wanted) => write!(f, "group:{directory}/@type:{wanted}"),
            Self::Contributors(directory, _) => write!(f, "group:{directory}/@all"),
        }
    }
}
