//! Records as they lie in a snapshot: the fixed part checked, the text copied
//! out and then checked. Nothing here allocates.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::format::{UNIT, group, halves, quarters, user};
use super::map::{Bytes, Numbers, View};
use super::reader::{Damaged, Place, Snapshot};
use crate::account::{Gid, Uid};

impl Snapshot {
    /// The fixed part of the user's record at `place`, checked but for its text.
    #[inline]
    pub fn user(&self, Place(at): Place) -> Result<UserEntry<'_>, Damaged> {
        let chunk = self
            .view()
            .chunk::<{ user::TEXT }>(at)
            .ok_or(Damaged("a user lies outside"))?;
        let [uid, gid] = halves(chunk.u64::<{ user::IDS }>());
        let [length, gecos, home, shell] = quarters(chunk.u64::<{ user::BORDERS }>());
        // name NUL * NUL | gecos NUL | home NUL | shell NUL, the name not empty
        if !(gecos >= 4 && home > gecos && shell > home && length > shell) {
            return Err(Damaged("a user's fields overlap"));
        }
        Ok(UserEntry {
            view: self.view(),
            at,
            uid: Uid::new(uid).map_err(|_| Damaged("a user has an id of the system"))?,
            gid: Gid::new(gid).map_err(|_| Damaged("a user has a group id of the system"))?,
            length: usize::from(length),
            gecos: usize::from(gecos),
            home: usize::from(home),
            shell: usize::from(shell),
        })
    }

    /// The fixed part of the group's record at `place`, checked but for its text.
    #[inline]
    pub fn group(&self, Place(at): Place) -> Result<GroupEntry<'_>, Damaged> {
        let chunk = self
            .view()
            .chunk::<{ group::TEXT }>(at)
            .ok_or(Damaged("a group lies outside"))?;
        let [gid, members] = halves(chunk.u64::<{ group::IDS }>());
        let [length, borders] = halves(chunk.u64::<{ group::BORDERS }>());
        let [name, directory, ..] = quarters(u64::from(borders));
        let (length, name, members) = (length as usize, usize::from(name), members as usize);
        // name NUL * NUL, the name not empty, and each member at least a letter and NUL;
        // this bounds the members by the file's length, whatever the record says
        let least = members
            .saturating_mul(2)
            .saturating_add(name)
            .saturating_add(3);
        if name == 0 || length < least || length > self.view().length() {
            return Err(Damaged("a group's fields overlap"));
        }
        Ok(GroupEntry {
            view: self.view(),
            at,
            gid: Gid::new(gid).map_err(|_| Damaged("a group has an id of the system"))?,
            length,
            name,
            members,
            directory,
        })
    }

    /// The complete list of a user's groups, the primary one included, without allocating.
    pub fn gids_of(&self, entry: &UserEntry<'_>) -> Result<Gids<'_>, Damaged> {
        let chunk = entry
            .view
            .chunk::<{ user::TEXT }>(entry.at)
            .ok_or(Damaged("a user lies outside"))?;
        let [count, _] = halves(chunk.u64::<{ user::COUNTS }>());
        let rest = (chunk.u32::<{ user::REST }>() as usize).saturating_mul(UNIT);
        self.gid_list(rest, count)
    }

    pub(crate) fn gid_list(&self, at: usize, count: u32) -> Result<Gids<'_>, Damaged> {
        let numbers = self.view().numbers(at, count as usize);
        Ok(Gids(numbers.ok_or(Damaged("a user's groups lie outside"))?))
    }
}

/// The fixed part of a user's record; ids and the order of the fields are checked.
#[derive(Debug, Clone, Copy)]
pub struct UserEntry<'a> {
    pub(crate) view: View<'a>,
    pub(crate) at: usize,
    /// The user id.
    pub uid: Uid,
    /// The primary group's id.
    pub gid: Gid,
    /// Bytes of the text, NULs included.
    pub length: usize,
    /// Where the full name starts in the text; the password field starts two bytes before.
    pub gecos: usize,
    /// Where the home folder starts in the text.
    pub home: usize,
    /// Where the shell starts in the text.
    pub shell: usize,
}

impl UserEntry<'_> {
    /// Bytes of the name.
    pub const fn name_length(&self) -> usize {
        self.gecos.saturating_sub(3)
    }

    /// Whether the name is `name`, compared where it lies.
    #[inline]
    pub fn is_called(&self, name: &[u8]) -> bool {
        // The fixed part lies inside the map, so that its end cannot overflow.
        self.name_length() == name.len() && self.view.holds(self.at.wrapping_add(user::TEXT), name)
    }

    /// Copies `name NUL * NUL` to the start of `target` and checks it there. `None`:
    /// `target` is too small.
    pub fn copy_name_and_password<'b>(
        &self,
        target: &'b mut [MaybeUninit<u8>],
    ) -> Option<Result<&'b [u8], Damaged>> {
        let target = target.get_mut(..self.gecos)?;
        let copy = self.view.copy(self.at.saturating_add(user::TEXT), target);
        Some(
            copy.filter(|text| text.ends_with(&[0, b'*', 0]))
                .ok_or(Damaged("a user's text does not fit its fields")),
        )
    }

    /// Copies the text to the first [`length`](Self::length) bytes of `target` and checks on
    /// the copy that each field ends where the next one starts. `None`: `target` is too small.
    #[inline]
    pub fn copy_text<'b>(
        &self,
        target: &'b mut [MaybeUninit<u8>],
    ) -> Option<Result<&'b [u8], Damaged>> {
        let target = target.get_mut(..self.length)?;
        let copy = self.view.copy(self.at.wrapping_add(user::TEXT), target);
        Some(
            copy.filter(|text| self.is_sound(text))
                .ok_or(Damaged("a user's text does not fit its fields")),
        )
    }

    #[inline]
    fn is_sound(&self, text: &[u8]) -> bool {
        let ends_before = |field: usize| text.get(field.wrapping_sub(1)) == Some(&0);
        let password = text.get(self.gecos.wrapping_sub(3)..).unwrap_or_default();
        password.first_chunk() == Some(&[0, b'*', 0])
            && ends_before(self.home)
            && ends_before(self.shell)
            && ends_before(self.length)
    }
}

/// The fixed part of a group's record; the id is checked.
#[derive(Debug, Clone, Copy)]
pub struct GroupEntry<'a> {
    view: View<'a>,
    pub(crate) at: usize,
    /// The group id.
    pub gid: Gid,
    /// Bytes of the text, NULs included.
    pub length: usize,
    /// Bytes of the name; the password field starts one byte after it.
    pub name: usize,
    /// How many members there are.
    pub members: usize,
    pub(crate) directory: u16,
}

impl<'a> GroupEntry<'a> {
    /// Whether the name is `name`, compared where it lies.
    #[inline]
    pub fn is_called(&self, name: &[u8]) -> bool {
        self.name == name.len() && self.view.holds(self.at.saturating_add(group::TEXT), name)
    }

    /// Copies the text to the first [`length`](Self::length) bytes of `target` and checks on
    /// the copy where name and password end. `None`: `target` is too small.
    #[inline]
    pub fn copy_text<'b>(
        &self,
        target: &'b mut [MaybeUninit<u8>],
    ) -> Option<Result<&'b [u8], Damaged>> {
        let target = target.get_mut(..self.length)?;
        let copy = self.view.copy(self.at.saturating_add(group::TEXT), target);
        let borders = self.name..self.name.saturating_add(3);
        Some(
            copy.filter(|text| text.get(borders) == Some(&[0, b'*', 0]))
                .ok_or(Damaged("a group's text does not fit its fields")),
        )
    }

    /// Copies the name alone to the start of `target`. `None`: `target` is too small, or the
    /// name lies outside.
    pub(crate) fn copy_name<'b>(&self, target: &'b mut [MaybeUninit<u8>]) -> Option<&'b [u8]> {
        let target = target.get_mut(..self.name)?;
        self.view.copy(self.at.saturating_add(group::TEXT), target)
    }

    /// The position of the owning directory.
    pub const fn directory(&self) -> u16 {
        self.directory
    }

    /// The bytes that this record takes.
    pub(crate) fn bytes(&self) -> usize {
        group::TEXT
            .saturating_add(self.length)
            .saturating_add(self.members)
    }

    /// Whether these are the lengths of the members' names, compared where they lie.
    #[cfg(feature = "writer")]
    pub(crate) fn has_lengths(&self, lengths: &[u8]) -> bool {
        let at = self.at.saturating_add(group::TEXT);
        self.view.holds(at.saturating_add(self.length), lengths)
    }

    /// Where each member stands in `text`, as [`members`](Self::members), to its end.
    pub(crate) fn member_ranges(
        &self,
        text: &[u8],
    ) -> impl Iterator<Item = Result<Range<usize>, Damaged>> {
        let mut members = self.members(text);
        std::iter::from_fn(move || members.next_range())
    }

    /// Where each member starts in `text`, a copy of this group's: exactly
    /// [`members`](Self::members) items, after the first that is damaged none.
    #[inline]
    pub fn members<'b>(&self, text: &'b [u8]) -> Members<'a, 'b> {
        let lengths = self
            .at
            .saturating_add(group::TEXT)
            .saturating_add(self.length);
        let lengths = self.view.bytes(lengths, self.members);
        Members {
            broken: lengths.is_none(),
            lengths,
            text,
            start: self.name.saturating_add(3),
        }
    }
}

/// Where a group's members start in a copy of its text.
#[derive(Debug)]
pub struct Members<'a, 'b> {
    /// None are left once one was damaged.
    lengths: Option<Bytes<'a>>,
    /// The lengths lie outside, which has to be said once.
    broken: bool,
    text: &'b [u8],
    start: usize,
}

impl Members<'_, '_> {
    #[inline]
    fn next_range(&mut self) -> Option<Result<Range<usize>, Damaged>> {
        let Some(lengths) = &mut self.lengths else {
            return self.damage_once();
        };
        let start = self.start;
        let end = start.saturating_add(usize::from(lengths.next()?));
        if end > start && self.text.get(end) == Some(&0) {
            self.start = end.saturating_add(1);
            return Some(Ok(start..end));
        }
        self.lengths = None;
        self.broken = true;
        self.damage_once()
    }

    #[cold]
    fn damage_once(&mut self) -> Option<Result<Range<usize>, Damaged>> {
        let damage = Damaged("a group's members do not fit its text");
        std::mem::take(&mut self.broken).then_some(Err(damage))
    }
}

impl Iterator for Members<'_, '_> {
    type Item = Result<usize, Damaged>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let range = self.next_range()?;
        Some(range.map(|range| range.start))
    }
}

/// A user's group ids, each checked.
#[derive(Debug)]
pub struct Gids<'a>(Numbers<'a>);

impl<'a> Gids<'a> {
    /// The bare numbers: whoever takes them checks each.
    #[inline]
    pub fn unchecked(self) -> impl Iterator<Item = u32> + use<'a> {
        self.0
    }
}

impl Iterator for Gids<'_> {
    type Item = Result<Gid, Damaged>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let gid = Gid::new(self.0.next()?);
        Some(gid.map_err(|_| Damaged("a user is in a group of the system")))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Gids<'_> {}
