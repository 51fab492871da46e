//! shadow(5): what glibc looks for under these names. Every user has an entry that no
//! password opens; whoever reads it learns nothing that passwd(5) does not say.

use std::ffi::{c_char, c_int};

use libc::size_t;
use libnss::shadow::CShadow;
use muster_common::snapshot::reader::Snapshot;

use crate::answer::{fill_shadow, user_named};
use crate::caller::{Room, name, told};
use crate::entry::{NAMES, guarded, status};
use crate::listing::Listing;

static SHADOWS: Listing = Listing::new(2);

/// getspnam_r(3). Nobody is asked: whoever wants this has looked the user up before.
///
/// # Safety
/// glibc's contract: a terminated name, room for one spwd, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getspnam_r(
    wanted: *const c_char,
    result: *mut CShadow,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let room = Room::at(result, start, length);
    let answer = guarded(|| {
        NAMES.with(&|snapshot: &Snapshot| {
            // SAFETY: glibc's contract; the name is done with when the user is found.
            let entry = user_named(snapshot, unsafe { name(wanted) }?)?;
            // SAFETY: glibc's contract.
            let (buffer, target) = unsafe { room.open() }?;
            fill_shadow(&entry, buffer, target)
        })
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// setspent(3).
#[unsafe(no_mangle)]
pub extern "C" fn _nss_muster_setspent(_stay_open: c_int) -> c_int {
    status(guarded(|| SHADOWS.begin(&NAMES)))
}

/// endspent(3).
#[unsafe(no_mangle)]
pub extern "C" fn _nss_muster_endspent() -> c_int {
    status(guarded(|| SHADOWS.end(&NAMES)))
}

/// getspent_r(3).
///
/// # Safety
/// glibc's contract: room for one spwd, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getspent_r(
    result: *mut CShadow,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let room = Room::at(result, start, length);
    let answer = guarded(|| {
        SHADOWS.next(&NAMES, Snapshot::user_count, |snapshot, position| {
            // SAFETY: glibc's contract.
            let (buffer, target) = unsafe { room.open() }?;
            fill_shadow(&snapshot.user_at(position)?, buffer, target)
        })
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}
