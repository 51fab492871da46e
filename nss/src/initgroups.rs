//! A user's groups, appended to the list that glibc is building.

use std::ffi::c_long;

use libc::gid_t;
use muster_common::name::NAME_MAX;
use muster_common::snapshot::reader::{Snapshot, UserEntry};

use crate::answer::absent_id;
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
/// same name gets nothing from here.
pub(crate) fn groups_of(
    snapshot: &Snapshot,
    name: &[u8],
    primary: gid_t,
    mut list: List<'_>,
) -> Result<(), Refusal> {
    // Whoever is logging in has been looked up by name before: nobody is asked here.
    let entry = user_named(snapshot, name)?.ok_or_else(|| absent_id(snapshot, primary))?;
    if entry.gid.get() != primary {
        return Err(Refusal::Absent);
    }
    let gids = snapshot.gids_of(&entry)?;
    let mut next = list.taken()?;
    let most = next.saturating_add(gids.len());
    for gid in gids {
        let gid = gid?.get();
        if gid == primary {
            continue;
        }
        if list.is_full(next) {
            break;
        }
        list.reserve(next, most)?;
        // SAFETY: `reserve` made sure that `next` is below the list's size.
        let place = unsafe { list.groups.add(next) };
        // SAFETY: inside the list, as above.
        unsafe { place.write(gid) };
        next = next.saturating_add(1);
    }
    // Only a list that was read whole counts.
    *list.start = c_long::try_from(next).map_err(|_| Refusal::Unavailable)?;
    Ok(())
}

fn user_named<'a>(snapshot: &'a Snapshot, name: &[u8]) -> Result<Option<UserEntry<'a>>, Refusal> {
    for place in snapshot.users_named(name) {
        let entry = snapshot.user(place)?;
        if entry.name_length() == name.len() && is_called(&entry, name)? {
            return Ok(Some(entry));
        }
    }
    Ok(None)
}

/// Compares on a copy of the name alone: the rest is not wanted here.
fn is_called(entry: &UserEntry<'_>, name: &[u8]) -> Result<bool, Refusal> {
    let mut room = [std::mem::MaybeUninit::uninit(); NAME_MAX];
    let copied = entry.copy_name(&mut room).ok_or(Refusal::Unavailable)??;
    Ok(copied == name)
}

impl List<'_> {
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

    /// Grows the list until `next` is inside: by half, at least to `most`, at most to the limit.
    fn reserve(&mut self, next: usize, most: usize) -> Result<(), Refusal> {
        let size = usize::try_from(*self.size).map_err(|_| Refusal::Unavailable)?;
        if next < size {
            return Ok(());
        }
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
        Ok(())
    }
}
