//! Laying content out in a snapshot's bytes; the counterpart of `decode`.

use super::content::{
    Content, DirectoryRecord, GroupRecord, GroupType, Misses, Tombstone, UserRecord,
};
use super::format::{
    FLAG_ENUMERATE, FLAG_FOLD_CASE, HEADER, LENGTH_MAX, MAGIC, PROBES, SECTIONS, Section, Slot,
    UNIT, VERSION, directory, hash_id, hash_name, header, place, user,
};
use super::seeded::Set;
use super::writer::WriteError;
use crate::name::ServiceName;

/// Quarters of a place that an index has a key.
const QUARTERS: usize = 10;
/// How many more the index of users' names has: nine of ten people are found at the first
/// slot that is read then, not seven, for 22 bytes a person.
const QUARTERS_FOR_USERS: usize = 11;

/// One attempt at a snapshot: a seed, and how much wider than usual the indexes are made.
pub(super) struct Layout {
    bytes: Vec<u8>,
    /// How many bytes of another snapshot stand before them.
    before: usize,
    seed: u64,
    wider: usize,
    wider_for_users: usize,
    reading: Reading,
}

/// How what is laid out will be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Somebody is looked for.
    ByKey,
    /// All of it, once: the indexes are empty.
    Whole,
}

/// Names and ids of a list, hashed, with the offset of their record.
#[derive(Default)]
struct Keys {
    names: Vec<Slot>,
    ids: Vec<Slot>,
    records: Vec<u32>,
}

/// Records that come behind another snapshot's bytes, and their offsets in units.
pub(super) struct Behind {
    pub(super) bytes: Vec<u8>,
    pub(super) users: Vec<u32>,
    pub(super) groups: Vec<u32>,
}

impl Layout {
    /// A layout with `seed`; each further `attempt` makes the indexes wider by a quarter.
    pub(super) fn new(seed: u64, attempt: u32) -> Self {
        Self {
            bytes: vec![0; HEADER],
            before: 0,
            seed,
            wider: attempt as usize,
            wider_for_users: 0,
            reading: Reading::ByKey,
        }
    }

    /// A layout of records that nobody looks for: each is read once, in its order.
    pub(super) fn without_indexes() -> Self {
        Self {
            reading: Reading::Whole,
            ..Self::new(0, 0)
        }
    }

    /// A layout of what stands behind the `length` bytes of another snapshot.
    pub(super) fn behind(length: usize) -> Result<Self, WriteError> {
        if !length.is_multiple_of(UNIT) {
            return Err(WriteError::Unfaithful("a snapshot ends amid a unit"));
        }
        Ok(Self {
            bytes: Vec::new(),
            before: length,
            ..Self::without_indexes()
        })
    }

    /// These records, one behind the other.
    pub(super) fn amended(
        mut self,
        users: &[UserRecord],
        groups: &[GroupRecord],
    ) -> Result<Behind, WriteError> {
        let users = users.iter().map(|user| self.user(user));
        let users = users.collect::<Result<_, _>>()?;
        let groups = groups.iter().map(|group| self.group(group));
        let groups = groups.collect::<Result<_, _>>()?;
        self.unit()?;
        Ok(Behind {
            bytes: self.bytes,
            users,
            groups,
        })
    }

    /// With room between users' names: they are what logins and most look-ups ask for.
    pub(super) fn roomy(self) -> Self {
        Self {
            wider_for_users: QUARTERS_FOR_USERS,
            ..self
        }
    }

    /// The bytes, or `None` if a probe would be too long with this seed and width.
    pub(super) fn write(
        mut self,
        content: &Content,
        generation: u64,
    ) -> Result<Option<Vec<u8>>, WriteError> {
        let users = self.users(&content.users)?;
        let groups = self.groups(&content.groups)?;
        let tombstones = self.tombstones(&content.tombstones)?;
        let directories = self.directories(&content.directories)?;
        let services = self.short_texts(content.services.iter().map(ServiceName::as_str))?;
        let suffixes = self.short_texts(content.forms.suffixes.iter().map(String::as_str))?;
        let group_types = self.group_types(&content.group_types)?;
        let mut table = [(0, 0); SECTIONS];
        for (entry, section) in table.iter_mut().zip(Section::ALL) {
            let written = match section {
                Section::UserNames => self.index_with(
                    self.wider.saturating_add(self.wider_for_users),
                    &users.names,
                )?,
                Section::Uids => self.index(&users.ids)?,
                Section::GroupNames => self.index(&groups.names)?,
                Section::Gids => self.index(&groups.ids)?,
                Section::TombstoneNames => self.index(&tombstones.names)?,
                Section::Users => Some(self.numbers(&users.records)?),
                Section::Groups => Some(self.numbers(&groups.records)?),
                Section::Tombstones => Some(self.numbers(&tombstones.records)?),
                Section::Directories => Some(self.numbers(&directories)?),
                Section::Services => Some(self.numbers(&services)?),
                Section::IdRanges => Some(self.ranges(content)?),
                Section::Suffixes if suffixes.is_empty() => Some((0, 0)),
                Section::Suffixes => Some(self.numbers(&suffixes)?),
                Section::GroupTypes if group_types.is_empty() => Some((0, 0)),
                Section::GroupTypes => Some(self.numbers(&group_types)?),
            };
            match written {
                Some(place) => *entry = place,
                None => return Ok(None),
            }
        }
        self.align();
        self.header(content, generation, table);
        if self.bytes.len() > LENGTH_MAX {
            return Err(WriteError::TooLarge);
        }
        Ok(Some(self.bytes))
    }

    fn header(&mut self, content: &Content, generation: u64, table: [(u32, u32); SECTIONS]) {
        let flags = [
            (content.enumerate, FLAG_ENUMERATE),
            (content.forms.fold_case, FLAG_FOLD_CASE),
        ];
        let flags = flags.into_iter().filter(|(set, _)| *set);
        let flags = flags.fold(0u64, |all, (_, flag)| all | flag);
        self.set(header::MAGIC, &MAGIC.to_le_bytes());
        self.set(header::VERSION, &VERSION.to_le_bytes());
        self.set(header::LENGTH, &(self.bytes.len() as u64).to_le_bytes());
        self.set(header::GENERATION, &generation.to_le_bytes());
        self.set(header::CREATED, &content.created.unix().to_le_bytes());
        self.set(header::SEED, &self.seed.to_le_bytes());
        self.set(header::FLAGS, &flags.to_le_bytes());
        for ((unit, count), at) in table.into_iter().zip((header::SECTIONS..).step_by(8)) {
            self.set(at, &unit.to_le_bytes());
            self.set(at.saturating_add(4), &count.to_le_bytes());
        }
    }

    fn users(&mut self, users: &[UserRecord]) -> Result<Keys, WriteError> {
        let mut keys = self.keys_for(users.len());
        for user in users {
            let (name, uid) = (user.account.name.as_bytes(), user.account.uid.get());
            let unit = self.user(user)?;
            self.note(&mut keys, name, uid, unit);
        }
        Ok(keys)
    }

    fn user(&mut self, record: &UserRecord) -> Result<u32, WriteError> {
        let account = &record.account;
        let unfit = |why| WriteError::Unfit {
            name: account.name.to_string(),
            why,
        };
        let unit = self.unit()?;
        let gecos = account.name.as_bytes().len().saturating_add(3);
        let home = gecos.saturating_add(account.gecos.len()).saturating_add(1);
        let shell = home.saturating_add(account.home.len()).saturating_add(1);
        let length = shell.saturating_add(account.shell.len()).saturating_add(1);
        let rest = user::TEXT
            .saturating_add(length)
            .div_ceil(UNIT)
            .saturating_add(unit as usize);
        self.word32(account.uid.get());
        self.word32(account.gid.get());
        for border in [length, gecos, home, shell] {
            self.word16(u16::try_from(border).map_err(|_| unfit("its text is too long"))?);
        }
        self.word32(count(record.groups.len())?);
        self.word16(record.directory);
        self.word16(u16::try_from(record.ssh_keys.len()).map_err(|_| unfit("too many SSH keys"))?);
        self.put(&record.access.allowed.to_le_bytes());
        self.put(&record.access.until.unix().to_le_bytes());
        self.word32(count(rest)?);
        self.word32(0);
        for text in [
            account.name.as_bytes(),
            b"*",
            account.gecos.as_bytes(),
            account.home.as_bytes(),
            account.shell.as_bytes(),
        ] {
            self.put(text);
            self.put(&[0]);
        }
        self.align();
        for gid in &record.groups {
            self.word32(gid.get());
        }
        for key in &record.ssh_keys {
            self.word32(count(key.len())?);
            self.put(key.as_bytes());
            self.pad(4);
        }
        Ok(unit)
    }

    fn groups(&mut self, groups: &[GroupRecord]) -> Result<Keys, WriteError> {
        let mut keys = self.keys_for(groups.len());
        for group in groups {
            let (name, gid) = (group.group.name.as_bytes(), group.group.gid.get());
            let unit = self.group(group)?;
            self.note(&mut keys, name, gid, unit);
        }
        Ok(keys)
    }

    fn group(&mut self, record: &GroupRecord) -> Result<u32, WriteError> {
        let unfit = |why| WriteError::Unfit {
            name: record.group.name.to_string(),
            why,
        };
        let name = record.group.name.as_bytes();
        let members = &record.group.members;
        let length = members.text().len();
        let unit = self.unit()?;
        self.word32(record.group.gid.get());
        self.word32(count(members.len())?);
        self.word32(count(length.saturating_add(name.len()).saturating_add(3))?);
        self.word16(u16::try_from(name.len()).map_err(|_| unfit("its name is too long"))?);
        self.word16(record.directory);
        self.put(name);
        self.put(b"\0*\0");
        self.put(members.text());
        self.put(members.lengths());
        Ok(unit)
    }

    /// The first tombstone of a name is found by it; the list has them all.
    fn tombstones(&mut self, tombstones: &[Tombstone]) -> Result<Keys, WriteError> {
        let mut keys = Keys::default();
        let mut seen = Set::default();
        for tombstone in tombstones {
            let name = tombstone.name.as_bytes();
            let unit = self.unit()?;
            self.word32(tombstone.uid.get());
            self.word32(count(name.len())?);
            self.put(name);
            if self.reading == Reading::ByKey && seen.insert(name) {
                keys.names.push(self.name_slot(name, unit));
            }
            keys.records.push(unit);
        }
        Ok(keys)
    }

    fn group_types(&mut self, types: &[GroupType]) -> Result<Vec<u32>, WriteError> {
        let write = |one: &GroupType| {
            let unit = self.unit()?;
            self.word32(one.gid.get());
            self.word32(count(one.name.as_bytes().len())?);
            self.put(one.name.as_bytes());
            Ok(unit)
        };
        types.iter().map(write).collect()
    }

    fn directories(&mut self, directories: &[DirectoryRecord]) -> Result<Vec<u32>, WriteError> {
        let write = |record: &DirectoryRecord| {
            let unit = self.unit()?;
            let synced = record.synced.map_or(directory::NEVER, |time| time.unix());
            self.put(&synced.to_le_bytes());
            self.word32(match record.misses {
                Misses::Final => directory::FINAL,
                Misses::AskByName => directory::ASK_BY_NAME,
                Misses::Unclear => 0,
            });
            self.word32(count(record.name.as_str().len())?);
            self.put(record.name.as_str().as_bytes());
            Ok(unit)
        };
        directories.iter().map(write).collect()
    }

    fn short_texts<'t>(
        &mut self,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<Vec<u32>, WriteError> {
        let write = |text: &str| {
            let unit = self.unit()?;
            self.put(&(text.len() as u64).to_le_bytes());
            self.put(text.as_bytes());
            Ok(unit)
        };
        texts.map(write).collect()
    }

    fn ranges(&mut self, content: &Content) -> Result<(u32, u32), WriteError> {
        let unit = self.unit()?;
        for range in &content.id_ranges {
            self.word32(*range.start());
            self.word32(*range.end());
        }
        Ok((unit, count(content.id_ranges.len())?))
    }

    fn numbers(&mut self, numbers: &[u32]) -> Result<(u32, u32), WriteError> {
        let unit = self.unit()?;
        for number in numbers {
            self.word32(*number);
        }
        Ok((unit, count(numbers.len())?))
    }

    /// An index as wide as usual.
    fn index(&mut self, keys: &[Slot]) -> Result<Option<(u32, u32)>, WriteError> {
        self.index_with(self.wider, keys)
    }

    /// An index of `keys`: in the order of their hashes each takes its own place
    /// or the next that is free. `None` if that one is beyond a reader's probes.
    fn index_with(
        &mut self,
        wider: usize,
        keys: &[Slot],
    ) -> Result<Option<(u32, u32)>, WriteError> {
        let places = places(keys.len(), wider)?;
        let mut sorted = keys.to_vec();
        sorted.sort_unstable_by_key(|key| key.order());
        let unit = self.unit()?;
        let slots = self.zeros((places as usize).saturating_add(PROBES).saturating_mul(8));
        let (slots, _) = slots.as_chunks_mut();
        let mut free = 0;
        for key in sorted {
            let own = place(key.hash, places) as usize;
            let taken = own.max(free);
            match slots.get_mut(taken) {
                Some(slot) if taken.saturating_sub(own) < PROBES => {
                    *slot = key.pack().to_le_bytes();
                }
                _ => return Ok(None),
            }
            free = taken.saturating_add(1);
        }
        Ok(Some((unit, places)))
    }

    /// Room for `count` keys.
    fn keys_for(&self, count: usize) -> Keys {
        let indexed = match self.reading {
            Reading::ByKey => count,
            Reading::Whole => 0,
        };
        Keys {
            names: Vec::with_capacity(indexed),
            ids: Vec::with_capacity(indexed),
            records: Vec::with_capacity(count),
        }
    }

    /// Notes where the record called `name` with this id lies.
    fn note(&self, keys: &mut Keys, name: &[u8], id: u32, unit: u32) {
        keys.records.push(unit);
        if self.reading == Reading::ByKey {
            keys.names.push(self.name_slot(name, unit));
            keys.ids.push(self.id_slot(id, unit));
        }
    }

    fn name_slot(&self, name: &[u8], unit: u32) -> Slot {
        let hash = hash_name(self.seed, name);
        Slot { hash, unit }
    }

    fn id_slot(&self, id: u32, unit: u32) -> Slot {
        let hash = hash_id(self.seed, id);
        Slot { hash, unit }
    }

    /// Pads to the next unit and names it.
    fn unit(&mut self) -> Result<u32, WriteError> {
        self.align();
        match self.before.saturating_add(self.bytes.len()) {
            length @ ..=LENGTH_MAX => count(length.div_ceil(UNIT)),
            _ => Err(WriteError::TooLarge),
        }
    }

    fn align(&mut self) {
        self.pad(UNIT);
    }

    fn pad(&mut self, unit: usize) {
        self.bytes
            .resize(self.bytes.len().next_multiple_of(unit), 0);
    }

    /// `length` bytes more, all zero.
    fn zeros(&mut self, length: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start.saturating_add(length), 0);
        self.bytes.get_mut(start..).unwrap_or_default()
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn word32(&mut self, number: u32) {
        self.put(&number.to_le_bytes());
    }

    fn word16(&mut self, number: u16) {
        self.put(&number.to_le_bytes());
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len());
        if let Some(target) = self.bytes.get_mut(at..end) {
            target.copy_from_slice(bytes);
        }
    }
}

fn count(number: usize) -> Result<u32, WriteError> {
    u32::try_from(number).map_err(|_| WriteError::TooLarge)
}

/// Two and a half places a key, and so many quarters more.
fn places(keys: usize, wider: usize) -> Result<u32, WriteError> {
    let quarters = QUARTERS.saturating_add(wider);
    count(keys.saturating_mul(quarters).div_ceil(4))
}
