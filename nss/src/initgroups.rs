//! A user's groups, appended to the list that glibc is building.

use std::ffi::c_long;

use libc::gid_t;
use muster_common::account::check_id;
use muster_common::snapshot::reader::Snapshot;

use crate::answer::{absent_id, user_named};
use crate::caller::Refusal;

/// glibc's growing list of groups: `start` of `size` places are taken.
#[derive(Debug)]
pub(crate) struct List<'a> {
    pub(crate) start: &'a mut c_long,
    pub(crate) size: &'a mut c_long,
    pub(crate) groups: &'a mut *mut gid_t,
    /// No more places than this; none given if not positive.
    pub(crate) limit: c_long,
}

/// Appends the groups of the user called `name`, but for `primary`.
///
/// glibc asks every service for every user, root and local ones too. Ours is
/// only who has the primary group that the snapshot says: somebody else of the
/// same name gets nothing from here. Nobody has the primary group -1, which is
/// what `getent initgroups` asks with.
#[inline]
pub(crate) fn groups_of(
    snapshot: &Snapshot,
    name: &[u8],
    primary: gid_t,
    mut list: List<'_>,
) -> Result<(), Refusal> {
    // Whoever is logging in has been looked up by name before: nobody is asked here.
    let entry = match user_named(snapshot, name) {
        Err(Refusal::Absent | Refusal::Askable) => return Err(absent_id(snapshot, primary)),
        found => found?,
    };
    if entry.gid.get() != primary && primary != gid_t::MAX {
        return Err(Refusal::Absent);
    }
    let gids = snapshot.gids_of(&entry)?;
    let mut next = list.taken()?;
    let most = next.saturating_add(gids.len());
    let (mut end, mut places) = (list.end(), *list.groups);
    let has_room = most <= end;
    for gid in gids.unchecked() {
        check_id(gid).map_err(|_of_the_system| Refusal::Unavailable)?;
        if has_room {
            // SAFETY: as many places as groups are below `end`, which is inside the list.
            let place = unsafe { places.add(next) };
            // SAFETY: inside the list, as above.
            unsafe { place.write(gid) };
            next = next.wrapping_add(usize::from(gid != primary));
            continue;
        }
        if gid == primary {
            continue;
        }
        if next >= end {
            if list.is_full(next) {
                break;
            }
            end = list.grow(most)?;
            places = *list.groups;
        }
        // SAFETY: `next` is below `end`, which is inside the list.
        let place = unsafe { places.add(next) };
        // SAFETY: inside the list, as above.
        unsafe { place.write(gid) };
        next = next.wrapping_add(1);
    }
    // Only a list that was read whole counts.
    *list.start = c_long::try_from(next).map_err(|_| Refusal::Unavailable)?;
    Ok(())
}

impl List<'_> {
    /// The list that glibc points to.
    ///
    /// # Safety
    /// Each pointer is null or points to a place of its own that nobody else uses meanwhile.
    pub(crate) unsafe fn of(
        start: *mut c_long,
        size: *mut c_long,
        groups: *mut *mut gid_t,
        limit: c_long,
    ) -> Result<Self, Refusal> {
        // SAFETY: the caller's promise.
        let start = unsafe { start.as_mut() };
        // SAFETY: the caller's promise.
        let size = unsafe { size.as_mut() };
        // SAFETY: the caller's promise.
        let groups = unsafe { groups.as_mut() };
        Ok(Self {
            start: start.ok_or(Refusal::Unavailable)?,
            size: size.ok_or(Refusal::Unavailable)?,
            groups: groups.ok_or(Refusal::Unavailable)?,
            limit,
        })
    }

    /// How many places are taken, if the caller's numbers make sense.
    fn taken(&self) -> Result<usize, Refusal> {
        if *self.start > *self.size || self.groups.is_null() {
            return Err(Refusal::Unavailable);
        }
        usize::try_from(*self.start).map_err(|_| Refusal::Unavailable)
    }

    fn is_full(&self, next: usize) -> bool {
        self.limit > 0 && c_long::try_from(next).is_ok_and(|next| next >= self.limit)
    }

    /// Where the places end that can be filled now: at the list's size or at the limit.
    fn end(&self) -> usize {
        let size = usize::try_from(*self.size).unwrap_or(0);
        match usize::try_from(self.limit) {
            Ok(limit @ 1..) => size.min(limit),
            _ => size,
        }
    }

    /// Grows the list: by half, at least to `most`, at most to the limit. Gives the new end.
    #[cold]
    fn grow(&mut self, most: usize) -> Result<usize, Refusal> {
        if is_static_program() {
            // Its malloc made the list, and a second libc came with us: to mix them is its death.
            return Err(Refusal::NoMemory);
        }
        let size = usize::try_from(*self.size).map_err(|_| Refusal::Unavailable)?;
        let mut wanted = most.max(size.saturating_add(size / 2)).max(16);
        if let Ok(limit @ 1..) = usize::try_from(self.limit) {
            wanted = wanted.min(limit);
        }
        let bytes = wanted
            .checked_mul(size_of::<gid_t>())
            .ok_or(Refusal::NoMemory)?;
        let count = c_long::try_from(wanted).map_err(|_| Refusal::NoMemory)?;
        // SAFETY: the list is malloc's, glibc's contract for this call.
        let grown = unsafe { libc::realloc((*self.groups).cast(), bytes) };
        if grown.is_null() {
            return Err(Refusal::NoMemory);
        }
        *self.groups = grown.cast();
        *self.size = count;
        Ok(self.end())
    }
}

/// Whether the program was started without a dynamic loader.
fn is_static_program() -> bool {
    // SAFETY: reads what the kernel gave the process.
    unsafe { libc::getauxval(libc::AT_BASE) == 0 }
}
