//! group(5) and a user's groups: what glibc looks for under these names.

use std::ffi::{c_char, c_int, c_long};

use libc::{gid_t, size_t};
use libnss::group::CGroup;
use muster_common::snapshot::reader::Snapshot;

use crate::answer::{fill_group, group_named, group_with_id};
use crate::caller::{Refusal, Room, name, told};
use crate::current::Question;
use crate::entry::{NAMES, guarded, status};
use crate::initgroups::{List, groups_of};
use crate::listing::Listing;

static GROUPS: Listing = Listing::new(1);

/// getgrnam_r(3).
///
/// # Safety
/// glibc's contract: a terminated name, room for one group, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getgrnam_r(
    wanted: *const c_char,
    result: *mut CGroup,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let call = ByName {
        wanted,
        room: Room::at(result, start, length),
    };
    let answer = guarded(|| NAMES.with(&call));
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// getgrgid_r(3).
///
/// # Safety
/// glibc's contract: room for one group, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getgrgid_r(
    gid: gid_t,
    result: *mut CGroup,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let call = ById {
        gid,
        room: Room::at(result, start, length),
    };
    let answer = guarded(|| NAMES.with(&call));
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// setgrent(3).
#[unsafe(no_mangle)]
pub extern "C" fn _nss_muster_setgrent(_stay_open: c_int) -> c_int {
    status(guarded(|| GROUPS.begin(&NAMES)))
}

/// endgrent(3).
#[unsafe(no_mangle)]
pub extern "C" fn _nss_muster_endgrent() -> c_int {
    status(guarded(|| GROUPS.end(&NAMES)))
}

/// getgrent_r(3).
///
/// # Safety
/// glibc's contract: room for one group, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getgrent_r(
    result: *mut CGroup,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let room = Room::at(result, start, length);
    let answer = guarded(|| {
        GROUPS.next(&NAMES, Snapshot::group_count, |snapshot, position| {
            // SAFETY: glibc's contract.
            let (buffer, target) = unsafe { room.open() }?;
            fill_group(&snapshot.group_at(position)?, buffer, target)
        })
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// What getgrouplist(3) and initgroups(3) ask.
///
/// # Safety
/// glibc's contract: a terminated name, a list from malloc with its two numbers, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_initgroups_dyn(
    wanted: *const c_char,
    primary: gid_t,
    start: *mut c_long,
    size: *mut c_long,
    groups: *mut *mut gid_t,
    limit: c_long,
    errnop: *mut c_int,
) -> c_int {
    let call = GroupsOf {
        wanted,
        primary,
        list: [start, size],
        groups,
        limit,
    };
    let answer = guarded(|| NAMES.with(&call));
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// One call of getgrnam_r.
struct ByName {
    wanted: *const c_char,
    room: Room<CGroup>,
}

impl Question<()> for ByName {
    #[inline(always)]
    fn put(&self, snapshot: &Snapshot) -> Result<(), Refusal> {
        // SAFETY: glibc's contract; the name is done with when the group is found.
        let entry = group_named(snapshot, unsafe { name(self.wanted) }?)?;
        // SAFETY: glibc's contract.
        let (buffer, target) = unsafe { self.room.open() }?;
        fill_group(&entry, buffer, target)
    }
}

/// One call of getgrgid_r.
struct ById {
    gid: gid_t,
    room: Room<CGroup>,
}

impl Question<()> for ById {
    #[inline(always)]
    fn put(&self, snapshot: &Snapshot) -> Result<(), Refusal> {
        let entry = group_with_id(snapshot, self.gid)?;
        // SAFETY: glibc's contract.
        let (buffer, target) = unsafe { self.room.open() }?;
        fill_group(&entry, buffer, target)
    }
}

/// One call of initgroups_dyn.
struct GroupsOf {
    wanted: *const c_char,
    primary: gid_t,
    /// Where the list's start and size stand.
    list: [*mut c_long; 2],
    groups: *mut *mut gid_t,
    limit: c_long,
}

impl Question<()> for GroupsOf {
    #[inline(always)]
    fn put(&self, snapshot: &Snapshot) -> Result<(), Refusal> {
        // SAFETY: glibc's contract.
        let wanted = unsafe { name(self.wanted) }?;
        let [start, size] = self.list;
        // SAFETY: glibc's contract: each is null or its own, and another place.
        let list = unsafe { List::of(start, size, self.groups, self.limit) }?;
        groups_of(snapshot, wanted, self.primary, list)
    }
}
