//! The ledger as text that is carried from host to host, and the strict reading of its
//! lines; docs/ids.md describes it.
//!
//! Each line is a JSON object with one member that says what the line is: `ledger` first,
//! then `id` and `name`, and `end` last, by which a text that was cut off is known.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::account::{IdError, check_id};
use crate::directory::ImmutableKey;
use crate::name::{DirectoryName, GroupName, NameError, UserName};
use crate::store::ledger::{Entry, Holder, IdKind, IdSource};
use crate::store::names::{Owned, Owner};
use crate::text;
use crate::wire::message::{IdEntry, NameEntry};

/// The format's version.
pub const VERSION: u32 = 1;
/// The longest line, in bytes.
pub const LINE_MAX: usize = 8 << 10;
/// The longest text, in bytes.
pub const TEXT_MAX: u64 = 256 << 20;
/// The most ids and names together.
pub const RECORDS_MAX: usize = 500_000;
/// The longest key, its kind in front, in bytes.
pub const KEY_MAX: usize = 1024;
/// The longest namespace, in bytes.
const NAMESPACE_MAX: usize = 64;
/// The longest piece of a text that a problem shows.
const SHOWN_MAX: usize = 80;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first.
    Ledger {
        /// The format's version.
        version: u32,
    },
    /// An id.
    Id(IdEntry),
    /// A name.
    Name(NameEntry),
    /// The last.
    End {
        /// How many ids stand before it.
        ids: usize,
        /// How many names stand before it.
        names: usize,
    },
}

/// A line as it is written, its newline included.
pub fn written(line: &Line) -> serde_json::Result<String> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    Ok(text)
}

/// What a text holds; every line has been checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Portable {
    /// The ids.
    pub ids: Vec<IdEntry>,
    /// The owners of names.
    pub names: Vec<NameEntry>,
}

/// Why a line cannot be believed. Nothing of the text is used then.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Too long.
    #[error("is longer than {LINE_MAX} bytes")]
    TooLong,
    /// Not JSON, or no line of ours.
    #[error("is no line of a ledger: {}", without_place(.0))]
    NotAgreed(#[from] serde_json::Error),
    /// Not where it stands: the header elsewhere, a line behind the last.
    #[error("does not stand in its place")]
    OutOfPlace,
    /// Another version of the format.
    #[error("is of version {0}; this is version {VERSION}")]
    Version(u32),
    /// Neither a user nor a group.
    #[error("has the kind {0:?}; \"user\" or \"group\" is wanted")]
    Kind(String),
    /// A source that there is not.
    #[error(
        "has the source {0:?}; \"service\", \"derived\", \"pinned\", \"unpinned\" or \"override\" is wanted"
    )]
    Source(String),
    /// An id that cannot be anybody's.
    #[error("{0}")]
    Id(#[from] IdError),
    /// A name that cannot be one.
    #[error("the name {0:?} {1}")]
    Name(String, #[source] NameError),
    /// A directory's name that cannot be one.
    #[error("the directory's name {0:?} {1}")]
    Directory(String, #[source] NameError),
    /// A namespace that no configuration can say.
    #[error(
        "has the namespace {0:?}; 1 to {NAMESPACE_MAX} letters, digits, `.`, `_` or `-` are wanted"
    )]
    Namespace(String),
    /// A key that no directory can have.
    #[error(
        "has the key {0:?}; \"key:\" or \"name:\" and printable text are wanted, at most {KEY_MAX} bytes together"
    )]
    Key(String),
    /// Something that stood in a line before.
    #[error("says again what stands in an earlier line: {0}")]
    Again(String),
    /// More than any host has.
    #[error("is one too many: at most {RECORDS_MAX} ids and names together are taken")]
    TooMany,
    /// The last line counts otherwise.
    #[error("counts {ids} ids and {names} names, which is not what stands before it")]
    Miscounted {
        /// What it says of ids.
        ids: usize,
        /// What it says of names.
        names: usize,
    },
}

/// The ledger's own entry, if every field of `said` is sound.
pub fn entry(said: &IdEntry) -> Result<Entry, Unfit> {
    check_id(said.id)?;
    let kind = kind(&said.kind)?;
    check_name(kind, &said.name)?;
    let source = IdSource::named(&said.source).ok_or_else(|| Unfit::Source(shown(&said.source)))?;
    let holder = Holder {
        kind,
        namespace: namespace(&said.namespace)?.into(),
        key: key(&said.key)?,
    };
    Ok(Entry {
        id: said.id,
        holder,
        name: said.name.clone(),
        source,
        current: said.current,
    })
}

/// The ledger's own owner of a name, if every field of `said` is sound.
pub fn owned(said: &NameEntry) -> Result<Owned, Unfit> {
    let kind = kind(&said.kind)?;
    check_name(kind, &said.name)?;
    let directory = DirectoryName::new(&said.directory)
        .map_err(|error| Unfit::Directory(shown(&said.directory), error))?;
    let owner = Owner {
        directory,
        key: key(&said.key)?,
    };
    Ok(Owned {
        kind,
        name: said.name.clone(),
        owner,
    })
}

impl From<&Entry> for IdEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id,
            kind: entry.holder.kind.as_str().to_owned(),
            name: entry.name.clone(),
            namespace: entry.holder.namespace.to_string(),
            key: entry.holder.key.to_string(),
            source: entry.source.as_str().to_owned(),
            current: entry.current,
        }
    }
}

fn kind(said: &str) -> Result<IdKind, Unfit> {
    IdKind::named(said).ok_or_else(|| Unfit::Kind(shown(said)))
}

fn check_name(kind: IdKind, name: &str) -> Result<(), Unfit> {
    let checked = match kind {
        IdKind::User => UserName::new(name).map(drop),
        IdKind::Group => GroupName::new(name).map(drop),
    };
    checked.map_err(|error| Unfit::Name(shown(name), error))
}

/// As the configuration takes it.
fn namespace(said: &str) -> Result<&str, Unfit> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = (1..=NAMESPACE_MAX).contains(&said.len()) && said.chars().all(plain);
    fits.then_some(said)
        .ok_or_else(|| Unfit::Namespace(shown(said)))
}

fn key(said: &str) -> Result<ImmutableKey, Unfit> {
    let rest = said
        .strip_prefix("key:")
        .or_else(|| said.strip_prefix("name:"));
    let fits = rest.is_some_and(|rest| !rest.is_empty())
        && said.len() <= KEY_MAX
        && text::safe(said, KEY_MAX) == said;
    if fits {
        Ok(ImmutableKey::stored(said))
    } else {
        Err(Unfit::Key(shown(said)))
    }
}

fn shown(said: &str) -> String {
    text::safe(said, SHOWN_MAX)
}

/// What is wrong with a line's JSON, without the place: "line 1" would be the line's own first.
fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let end = said.rfind(" at line ").unwrap_or(said.len());
    text::safe(said.get(..end).unwrap_or(&said), 2 * SHOWN_MAX)
}

/// Reads a whole text. Every problem is listed with its line, and then nothing is used.
pub fn read(text: &[u8]) -> Result<Portable, Vec<String>> {
    let mut reading = Reading::default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for (line, number) in text.split(|&byte| byte == b'\n').zip(1usize..) {
        if let Err(why) = reading.take(line, number) {
            reading.problems.push(format!("line {number}: {why}"));
        }
    }
    if !reading.ended {
        let cut_off = "the last line, which counts the others, is missing: the text was cut off";
        reading.problems.push(cut_off.to_owned());
    }
    if reading.problems.is_empty() {
        Ok(reading.portable)
    } else {
        Err(reading.problems)
    }
}

/// A text while it is read.
#[derive(Default)]
struct Reading {
    portable: Portable,
    problems: Vec<String>,
    /// Lines of ids and names, sound or not.
    counted: (usize, usize),
    ended: bool,
    ids: HashSet<u32>,
    /// Whoever has an id now, or a pin.
    current: HashSet<Holder>,
    pinned: HashSet<Holder>,
    names: HashSet<(IdKind, String)>,
}

impl Reading {
    fn take(&mut self, line: &[u8], number: usize) -> Result<(), Unfit> {
        if line.len() > LINE_MAX {
            return Err(Unfit::TooLong);
        }
        let line: Line = serde_json::from_slice(line)?;
        if self.ended || (number == 1) != matches!(line, Line::Ledger { .. }) {
            return Err(Unfit::OutOfPlace);
        }
        match line {
            Line::Ledger { version: VERSION } => Ok(()),
            Line::Ledger { version } => Err(Unfit::Version(version)),
            Line::Id(said) => self.id(said),
            Line::Name(said) => self.name(said),
            Line::End { ids, names } => self.end(ids, names),
        }
    }

    fn id(&mut self, said: IdEntry) -> Result<(), Unfit> {
        self.counted.0 = self.counted.0.saturating_add(1);
        self.room()?;
        let entry = entry(&said)?;
        let again = || Err(Unfit::Again(format!("id {}", entry.id)));
        if !self.ids.insert(entry.id) {
            return again();
        }
        if entry.current && !self.current.insert(entry.holder.clone()) {
            return Err(Unfit::Again(format!("the current id of {}", entry.name)));
        }
        if entry.source == IdSource::Pinned && !self.pinned.insert(entry.holder.clone()) {
            return Err(Unfit::Again(format!("the pinned id of {}", entry.name)));
        }
        self.portable.ids.push(said);
        Ok(())
    }

    fn name(&mut self, said: NameEntry) -> Result<(), Unfit> {
        self.counted.1 = self.counted.1.saturating_add(1);
        self.room()?;
        let owned = owned(&said)?;
        if !self.names.insert((owned.kind, owned.name)) {
            let again = format!("the {} {}", said.kind, said.name);
            return Err(Unfit::Again(again));
        }
        self.portable.names.push(said);
        Ok(())
    }

    fn room(&self) -> Result<(), Unfit> {
        let (ids, names) = self.counted;
        if ids.saturating_add(names) > RECORDS_MAX {
            return Err(Unfit::TooMany);
        }
        Ok(())
    }

    fn end(&mut self, ids: usize, names: usize) -> Result<(), Unfit> {
        self.ended = true;
        if (ids, names) != self.counted {
            return Err(Unfit::Miscounted { ids, names });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"ledger":{"version":1}}"#;
    const ADA: &str = r#"{"id":{"id":20001,"kind":"user","name":"ada","namespace":"crowd","key":"key:1","source":"service","current":true}}"#;
    const NAME: &str = r#"{"name":{"kind":"user","name":"ada","directory":"corp","key":"key:1"}}"#;
    const END: &str = r#"{"end":{"ids":1,"names":1}}"#;

    fn problems(lines: &[&str]) -> String {
        read(lines.join("\n").as_bytes()).unwrap_err().join("\n")
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let text = [HEADER, ADA, NAME, END].join("\n") + "\n";
        let Portable { ids, names } = read(text.as_bytes()).unwrap();
        let lines = [
            Line::Ledger { version: VERSION },
            Line::Id(ids[0].clone()),
            Line::Name(names[0].clone()),
            Line::End { ids: 1, names: 1 },
        ];
        let again: String = lines.iter().map(|line| written(line).unwrap()).collect();
        assert_eq!(again, text);
        assert_eq!(IdEntry::from(&entry(&ids[0]).unwrap()), ids[0]);
    }

    #[test]
    fn every_field_is_checked_and_every_problem_listed_with_its_line() {
        let check = |field: &str, instead: &str, words: &str| {
            let bad = ADA.replacen(field, instead, 1);
            assert_ne!(bad, ADA, "{field}");
            let found = problems(&[HEADER, &bad, NAME, END]);
            assert!(found.starts_with("line 2: "), "{found}");
            assert!(found.contains(words), "{instead}: {found}");
        };
        check("20001", "999", "below 1000");
        check("20001", "65535", "reserved");
        check("20001", "-1", "no line of a ledger");
        check("20001", "4294967296", "no line of a ledger");
        let found = problems(&[HEADER, "{", END]);
        assert!(!found.contains("line 1"), "{found}");
        check(r#""user""#, r#""root""#, "kind");
        check(r#""ada""#, r#""a:b""#, "the name");
        check(r#""ada""#, r#""123""#, "all digits");
        check(r#""crowd""#, r#""""#, "namespace");
        check(r#""crowd""#, r#""a b""#, "namespace");
        check("key:1", "1", "key");
        check("key:1", "key:", "key");
        check("key:1", r"key:\u001b[31m", "key");
        check(r#""service""#, r#""magic""#, "source");
        check(r#","current":true"#, "", "missing field");
        check("true}}", "true}", "no line of a ledger");
        let long = ADA.replace("key:1", &format!("key:{}", "x".repeat(KEY_MAX)));
        assert!(problems(&[HEADER, &long, NAME, END]).contains("has the key"));
        let longer = " ".repeat(LINE_MAX + 1);
        let all = problems(&[HEADER, &longer, &NAME.replace("corp", "a/b"), ADA, ADA]);
        for words in [
            "line 2: is longer than 8192 bytes",
            "line 3: the directory's name",
            "line 5: says again what stands in an earlier line: id 20001",
            "cut off",
        ] {
            assert!(all.contains(words), "{words}: {all}");
        }
    }

    #[test]
    fn a_text_of_another_version_or_cut_off_or_in_disorder_is_refused() {
        assert!(problems(&[&HEADER.replace('1', "2"), ADA, NAME, END]).contains("version 2"));
        assert!(problems(&[HEADER, ADA, NAME]).contains("cut off"));
        assert!(problems(&[""]).contains("cut off"));
        assert!(problems(&[ADA, NAME, END]).contains("line 1: does not stand in its place"));
        assert!(problems(&[HEADER, NAME, END]).contains("line 3: counts 1 ids and 1 names"));
        assert!(problems(&[HEADER, ADA, NAME, END, ADA]).contains("line 5: does not stand"));
        let second = ADA.replace("20001", "20002");
        assert!(problems(&[HEADER, ADA, &second, END]).contains("the current id of ada"));
        let group = NAME.replace("user", "group");
        assert!(problems(&[HEADER, NAME, &group, NAME, END]).contains("line 4: says again"));
    }
}
