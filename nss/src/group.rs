//! group(5) and a user's groups: what glibc looks for under these names.

use std::ffi::{c_char, c_int, c_long};

use libc::{gid_t, size_t};
use libnss::group::CGroup;
use muster_common::snapshot::reader::Snapshot;

use crate::answer::{group, group_by_id, group_by_name};
use crate::caller::{Name, Refusal, buffer, told};
use crate::entry::{NAMES, answered, guarded, status, store};
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
    let answer = answered(result, |snapshot| {
        // SAFETY: glibc's contract.
        let wanted = unsafe { Name::copied(wanted) }?;
        // SAFETY: glibc's contract.
        group_by_name(snapshot, wanted.bytes(), unsafe { buffer(start, length) })
    });
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
    let answer = answered(result, |snapshot| {
        // SAFETY: glibc's contract.
        group_by_id(snapshot, gid, unsafe { buffer(start, length) })
    });
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
    let answer = guarded(|| {
        let found = GROUPS.next(&NAMES, Snapshot::group_count, |snapshot, position| {
            // SAFETY: glibc's contract.
            let buffer = unsafe { buffer(start, length) };
            Ok(group(&snapshot.group_at(position)?, buffer)?.0)
        });
        store(result, found?)
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
    let answer = guarded(|| {
        // SAFETY: glibc's contract.
        let wanted = unsafe { Name::copied(wanted) }?;
        // SAFETY: glibc's contract: null or its own.
        let start = unsafe { start.as_mut() }.ok_or(Refusal::Unavailable)?;
        // SAFETY: as above, and another place.
        let size = unsafe { size.as_mut() }.ok_or(Refusal::Unavailable)?;
        // SAFETY: as above, and another place.
        let groups = unsafe { groups.as_mut() }.ok_or(Refusal::Unavailable)?;
        let list = List {
            start,
            size,
            groups,
            limit,
        };
        NAMES.with(|snapshot| groups_of(snapshot, wanted.bytes(), primary, list))?
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}
