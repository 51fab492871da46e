//! Reading a snapshot safely: a file of random bytes never makes a reader
//! crash, loop or read outside; it only gives [`Damaged`].
//!
//! Look-ups go `user_named` and the like (`find`) → `user` or `group` → `copy_text`: what is
//! found is checked on a copy. None of this allocates; `decode` builds owned values on it.

use std::io;
use std::path::Path;

use super::content::Misses;
pub use super::entry::{Gids, GroupEntry, Members, UserEntry};
pub use super::format::LENGTH_MAX;
use super::format::{
    FLAG_ENUMERATE, HEADER, MAGIC, SECTIONS, Section, UNIT, VERSION, directory, halves, header,
};
use super::map::{Map, View};
pub use super::open::Identity;
use super::open::map_trusted;
use crate::clock::Time;

/// A record or an index that cannot be right. Nothing of the answer may be used: UNAVAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot is damaged: {0}")]
pub struct Damaged(pub(crate) &'static str);

/// Why there is no snapshot to read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing was published yet, or somebody removed it.
    #[error("there is no snapshot")]
    Missing,
    /// Somebody else could have written it: it is not read at all.
    #[error("the snapshot cannot be trusted: {0}")]
    Untrusted(&'static str),
    /// Another version's; the broker has it made anew.
    #[error("the snapshot is of format version {0}, this reads {VERSION}")]
    UnknownVersion(u32),
    /// Its header or tables cannot be right; the broker has it made anew.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
    /// The system would not; trying later may help.
    #[error("the snapshot cannot be opened")]
    Io(#[from] io::Error),
}

impl From<Damaged> for OpenError {
    fn from(Damaged(what): Damaged) -> Self {
        Self::Damaged(what)
    }
}

/// One published snapshot, mapped and its header checked.
#[derive(Debug)]
pub struct Snapshot {
    map: Map,
    identity: Option<Identity>,
    header: Header,
}

/// The header's words, checked and kept in memory of our own.
#[derive(Debug, Clone, Copy)]
struct Header {
    generation: u64,
    created: Time,
    seed: u64,
    flags: u64,
    sections: [Table; SECTIONS],
    complete: bool,
    asks: bool,
    unclear: bool,
}

/// Where a section lies: its first byte and how many items it has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Table {
    pub(super) at: usize,
    pub(super) count: u32,
}

impl Snapshot {
    /// Maps the snapshot at `path` if it and its folder belong to root alone.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_trusted_by(path, 0)
    }

    /// As [`Snapshot::open`], but trusts `owner` in root's place: for tests and tools.
    pub fn open_trusted_by(path: &Path, owner: u32) -> Result<Self, OpenError> {
        let (map, identity) = map_trusted(path, owner)?;
        Self::check(map, Some(identity))
    }

    /// Reads a copy of a snapshot in memory: a test's.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpenError> {
        Self::check(Map::from_bytes(bytes), None)
    }

    /// Takes over a snapshot in memory: a candidate, or what has just been laid out.
    #[cfg(feature = "writer")]
    pub fn from_vec(bytes: Vec<u8>) -> Result<Self, OpenError> {
        Self::check(Map::from_vec(bytes), None)
    }

    /// The bytes of one that was taken over.
    #[cfg(feature = "writer")]
    pub(super) fn into_vec(self) -> Vec<u8> {
        self.map.into_vec()
    }

    fn check(map: Map, identity: Option<Identity>) -> Result<Self, OpenError> {
        let header = Header::check(map.view())?;
        let mut snapshot = Self {
            map,
            identity,
            header,
        };
        let (mut complete, mut asks, mut unclear) = (true, false, false);
        for position in 0..snapshot.count(Section::Directories) {
            let misses = snapshot.misses(snapshot.record(Section::Directories, position)?)?;
            complete &= misses == Misses::Final;
            asks |= misses == Misses::AskByName;
            unclear |= misses == Misses::Unclear;
        }
        let header = &mut snapshot.header;
        (header.complete, header.asks, header.unclear) = (complete, asks, unclear);
        Ok(snapshot)
    }

    /// What a miss means to the directory at `place`.
    pub(super) fn misses(&self, Place(at): Place) -> Result<Misses, Damaged> {
        let chunk = self.view().chunk::<{ directory::TEXT }>(at);
        let outside = Damaged("a directory lies outside");
        Ok(match chunk.ok_or(outside)?.u32::<{ directory::MISSES }>() {
            directory::FINAL => Misses::Final,
            directory::ASK_BY_NAME => Misses::AskByName,
            // Also what a later writer may mean: nothing is certain then.
            _ => Misses::Unclear,
        })
    }

    pub(crate) fn view(&self) -> View<'_> {
        self.map.view()
    }

    /// The publisher's count of snapshots.
    pub const fn generation(&self) -> u64 {
        self.header.generation
    }

    /// When the content was put together.
    pub const fn created(&self) -> Time {
        self.header.created
    }

    pub(super) const fn flags(&self) -> u64 {
        self.header.flags
    }

    /// Whether getpwent and getgrent list what is here.
    pub const fn enumerate(&self) -> bool {
        self.flags() & FLAG_ENUMERATE != 0
    }

    /// Whether all directories are complete: what is not here does not exist.
    pub const fn complete(&self) -> bool {
        self.header.complete
    }

    /// Whether a directory has never been read: what is not here may be anybody's.
    pub const fn unclear(&self) -> bool {
        self.header.unclear
    }

    /// Whether a directory may know a person who is not here: the broker can ask it, by name.
    pub const fn asks(&self) -> bool {
        self.header.asks
    }

    /// Which file this is; `None` if it was read from memory.
    pub const fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// Whether the publisher has said to look for a newer one.
    #[inline]
    pub fn looks_stale(&self) -> bool {
        self.view().u32_at(header::LOOK_AGAIN) != Some(0)
    }

    /// How many users there are.
    pub const fn user_count(&self) -> u32 {
        self.table(Section::Users).count
    }

    /// How many groups there are.
    pub const fn group_count(&self) -> u32 {
        self.table(Section::Groups).count
    }

    #[inline]
    pub(super) const fn seed(&self) -> u64 {
        self.header.seed
    }

    #[inline]
    pub(super) const fn table(&self, section: Section) -> Table {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m] = self.header.sections;
        match section {
            Section::UserNames => a,
            Section::Uids => b,
            Section::GroupNames => c,
            Section::Gids => d,
            Section::TombstoneNames => e,
            Section::Users => f,
            Section::Groups => g,
            Section::Tombstones => h,
            Section::Directories => i,
            Section::Services => j,
            Section::IdRanges => k,
            Section::Suffixes => l,
            Section::GroupTypes => m,
        }
    }

    pub(crate) const fn count(&self, section: Section) -> u32 {
        self.table(section).count
    }

    /// The number at `position` in a section of numbers.
    pub(crate) fn number(&self, section: Section, position: u32) -> Result<u32, Damaged> {
        let table = self.table(section);
        let at = (position as usize)
            .checked_mul(4)
            .and_then(|offset| table.at.checked_add(offset));
        at.and_then(|at| self.view().u32_at(at))
            .ok_or(Damaged("a table reaches beyond its end"))
    }

    /// Where the record at `position` of a section lies.
    pub(crate) fn record(&self, section: Section, position: u32) -> Result<Place, Damaged> {
        let unit = self.number(section, position)?;
        Ok(Place((unit as usize).saturating_mul(UNIT)))
    }

    /// The user at `position` in the list of all.
    pub fn user_at(&self, position: u32) -> Result<UserEntry<'_>, Damaged> {
        self.user(self.record(Section::Users, position)?)
    }

    /// The group at `position` in the list of all.
    pub fn group_at(&self, position: u32) -> Result<GroupEntry<'_>, Damaged> {
        self.group(self.record(Section::Groups, position)?)
    }
}

impl Header {
    fn check(view: View<'_>) -> Result<Self, OpenError> {
        let chunk = view
            .chunk::<HEADER>(0)
            .ok_or(OpenError::Damaged("it is too short"))?;
        if chunk.u64::<{ header::MAGIC }>() != MAGIC {
            return Err(OpenError::Damaged("this is no snapshot"));
        }
        let version = chunk.u32::<{ header::VERSION }>();
        if version != VERSION {
            return Err(OpenError::UnknownVersion(version));
        }
        if usize::try_from(chunk.u64::<{ header::LENGTH }>()) != Ok(view.length()) {
            return Err(OpenError::Damaged("it is cut short"));
        }
        let mut sections = [Table::default(); SECTIONS];
        let entries = (header::SECTIONS..).step_by(8);
        for ((table, section), entry) in sections.iter_mut().zip(Section::ALL).zip(entries) {
            *table = Table::check(view, section, entry)?;
        }
        Ok(Self {
            generation: chunk.u64::<{ header::GENERATION }>(),
            created: Time::from_unix(chunk.u64::<{ header::CREATED }>()),
            seed: chunk.u64::<{ header::SEED }>(),
            flags: chunk.u64::<{ header::FLAGS }>(),
            sections,
            complete: false,
            asks: false,
            unclear: false,
        })
    }
}

impl Table {
    fn check(view: View<'_>, section: Section, entry: usize) -> Result<Self, Damaged> {
        let outside = Damaged("a table lies outside");
        let chunk = view.chunk::<8>(entry).ok_or(outside)?;
        let [unit, count] = halves(chunk.u64::<0>());
        let may_be_missing = matches!(section, Section::Suffixes | Section::GroupTypes);
        if may_be_missing && (unit, count) == (0, 0) {
            return Ok(Self::default());
        }
        let at = (unit as usize).checked_mul(UNIT).ok_or(outside)?;
        let end = section
            .bytes(count as usize)
            .and_then(|bytes| at.checked_add(bytes))
            .ok_or(outside)?;
        if at < HEADER || end > view.length() {
            return Err(outside);
        }
        // Without this, a small hostile file could name one record a million times.
        let least = section.least_bytes().saturating_mul(count as usize);
        if least > view.length() {
            return Err(Damaged("its records overlap"));
        }
        Ok(Self { at, count })
    }
}

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(pub(crate) usize);
