//! A snapshot's content out of passwd(5) and group(5), for hosts without a broker: containers, images, tests.
//!
//! The files are root's, so homes, shells and primary groups are taken as written. Nobody may
//! log in by such a snapshot: it names people and admits none.

use std::ops::RangeInclusive;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::content::{Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord};
use super::seeded::Map;
use super::text::{Line, group_of, lines, user_of};
use super::writer::{WriteError, install};
use crate::account::{Account, Gid, Group, ID_FLOOR, Uid};
use crate::clock::Time;
use crate::name::{DirectoryName, GroupName, NameError, NameRule, UserName};
use crate::paths::SNAPSHOT;

/// The name of the one directory of a built snapshot.
pub const DIRECTORY: &str = "built";

/// Every id that can be represented: nothing is claimed to be nobody's.
const ID_RANGES: [RangeInclusive<u32>; 3] =
    [ID_FLOOR..=61_183, 65_520..=65_533, 65_536..=u32::MAX - 1];

/// The two files' bytes, and what holds for both.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// passwd(5).
    pub passwd: &'a [u8],
    /// group(5).
    pub group: &'a [u8],
    /// The names' canonical form.
    pub names: &'a NameRule,
}

/// What came of them.
#[derive(Debug)]
pub struct Built {
    /// To be written as it is.
    pub content: Content,
    /// What was left out, and what is worth knowing; the users' file first, each in its order.
    pub remarks: Vec<Remark>,
}

/// Something to be said about a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The file.
    pub source: Source,
    /// The line, counted from 1.
    pub line: usize,
    /// The line's first field, made safe to show.
    pub name: String,
    /// The end of a sentence that starts with the name.
    pub why: String,
    /// Whether anything was left out.
    pub weight: Weight,
}

/// One of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// passwd(5).
    Passwd,
    /// group(5).
    Group,
}

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The record, or a member of it, is left out.
    Refused,
    /// Everything is served all the same.
    Noted,
}

/// Puts the content together that `sources` describe: one directory, read whole at `created`.
pub fn build(sources: Sources<'_>, created: Time) -> Result<Built, NameError> {
    let mut remarks = Vec::new();
    let mut users = users(sources, &mut remarks);
    let groups = groups(sources, &mut remarks);
    join(&mut users, &groups);
    let directory = DirectoryRecord {
        name: DirectoryName::new(DIRECTORY)?,
        misses: Misses::Final,
        synced: Some(created),
    };
    let content = Content {
        created,
        enumerate: true,
        id_ranges: ID_RANGES.to_vec(),
        directories: vec![directory],
        users,
        groups,
        ..Content::default()
    };
    Ok(Built { content, remarks })
}

fn users(sources: Sources<'_>, remarks: &mut Vec<Remark>) -> Vec<UserRecord> {
    let (mut users, mut seen) = (Vec::new(), Seen::<UserName, Uid>::default());
    for line in lines(sources.passwd) {
        let mut notes = Notes::about(Source::Passwd, line, remarks);
        let account = user_of(line, sources.names).and_then(|account| {
            seen.first(line, &account.name, ("uid", account.uid))?;
            Ok(account)
        });
        match account {
            Ok(account) => users.push(user(account)),
            Err(why) => notes.say(why, Weight::Refused),
        }
        notes.say_of_password();
    }
    users
}

fn user(account: Account) -> UserRecord {
    UserRecord {
        groups: vec![account.gid],
        account,
        directory: 0,
        // Denied for ever, rather than undecided: the rules are not here.
        access: Access {
            allowed: 0,
            until: Time::from_unix(u64::MAX),
        },
        ssh_keys: Vec::new(),
    }
}

fn groups(sources: Sources<'_>, remarks: &mut Vec<Remark>) -> Vec<GroupRecord> {
    let (mut groups, mut seen) = (Vec::new(), Seen::<GroupName, Gid>::default());
    for line in lines(sources.group) {
        let mut notes = Notes::about(Source::Group, line, remarks);
        let group = group_of(line, sources.names).and_then(|(group, unfit)| {
            seen.first(line, &group.name, ("gid", group.gid))?;
            Ok((group, unfit))
        });
        match group {
            Ok((group, unfit)) => {
                let directory = 0;
                groups.push(GroupRecord { group, directory });
                for why in unfit {
                    notes.say(why, Weight::Refused);
                }
            }
            Err(why) => notes.say(why, Weight::Refused),
        }
        notes.say_of_password();
    }
    groups
}

/// Gives each user the groups that list them, in the order of the groups, as `files` does.
fn join(users: &mut [UserRecord], groups: &[GroupRecord]) {
    let places: Map<UserName, usize> = users
        .iter()
        .enumerate()
        .map(|(place, user)| (user.account.name.clone(), place))
        .collect();
    for Group { gid, members, .. } in groups.iter().map(|record| &record.group) {
        for member in members.iter() {
            let user = places.get(member).and_then(|&place| users.get_mut(place));
            // Whoever is listed twice is in it once.
            if let Some(user) =
                user.filter(|user| user.account.gid != *gid && user.groups.last() != Some(gid))
            {
                user.groups.push(*gid);
            }
        }
    }
}

/// Names and ids so far, each with its line: the first of each is served, as with `files`.
struct Seen<N, I> {
    names: Map<N, usize>,
    ids: Map<I, usize>,
}

impl<N, I> Default for Seen<N, I> {
    fn default() -> Self {
        let (names, ids) = (Map::default(), Map::default());
        Self { names, ids }
    }
}

impl<N: Clone + Eq + std::hash::Hash, I: Copy + Eq + std::hash::Hash + std::fmt::Display>
    Seen<N, I>
{
    fn first(&mut self, line: Line<'_>, name: &N, (what, id): (&str, I)) -> Result<(), String> {
        if let Some(first) = self.names.get(name) {
            return Err(format!("has the name of line {first}, which is served"));
        }
        if let Some(first) = self.ids.get(&id) {
            return Err(format!(
                "has the {what} {id} of line {first}, which is served"
            ));
        }
        self.names.insert(name.clone(), line.number);
        self.ids.insert(id, line.number);
        Ok(())
    }
}

/// Remarks about one line.
struct Notes<'a> {
    source: Source,
    line: Line<'a>,
    remarks: &'a mut Vec<Remark>,
}

impl<'a> Notes<'a> {
    fn about(source: Source, line: Line<'a>, remarks: &'a mut Vec<Remark>) -> Self {
        Self {
            source,
            line,
            remarks,
        }
    }

    fn say(&mut self, why: String, weight: Weight) {
        self.remarks.push(Remark {
            source: self.source,
            line: self.line.number,
            name: self.line.shown(),
            why,
            weight,
        });
    }

    fn say_of_password(&mut self) {
        if self.line.has_password() {
            let why =
                "has a password or its hash in the file: it is not taken along, \"*\" is shown";
            self.say(why.to_owned(), Weight::Noted);
        }
    }
}

/// Puts `bytes` at `path`, whole or not at all, mode 0644. A file that is called as the
/// hosts' is exchanged as theirs: whoever has it mapped is told.
pub fn put(bytes: &[u8], path: &Path) -> Result<(), WriteError> {
    let at = |source| WriteError::Io {
        path: path.to_owned(),
        source,
    };
    let absolute = std::path::absolute(path).map_err(at)?;
    let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(at(std::io::ErrorKind::IsADirectory.into()));
    };
    let usual = Path::new(SNAPSHOT).file_name().unwrap_or_default();
    if name == usual {
        return install(bytes, folder);
    }
    let number = std::process::id();
    let apart = folder.join(format!(".muster-{number}"));
    let made = std::fs::DirBuilder::new().mode(0o700).create(&apart);
    made.map_err(at)?;
    let moved = install(bytes, &apart)
        .and_then(|()| std::fs::rename(apart.join(usual), &absolute).map_err(at));
    let removed = std::fs::remove_dir_all(&apart);
    moved?;
    removed.map_err(at)?;
    let folder = std::fs::File::open(folder);
    folder.and_then(|folder| folder.sync_all()).map_err(at)
}

#[cfg(test)]
mod tests;
