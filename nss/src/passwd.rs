//! passwd(5): what glibc looks for under these names.

use std::ffi::{c_char, c_int};

use libc::{size_t, uid_t};
use libnss::passwd::CPasswd;
use muster_common::paths::LOOKUP_SOCKET;
use muster_common::snapshot::reader::Snapshot;

use crate::answer::{user, user_by_id, user_by_name};
use crate::caller::{Name, buffer, told};
use crate::entry::{NAMES, answered, guarded, status, store};
use crate::lazy::Broker;
use crate::listing::Listing;

static USERS: Listing = Listing::new(0);

/// The broker, for names that are not in the snapshot.
static BROKER: Broker = Broker::at(LOOKUP_SOCKET, 0);

/// getpwnam_r(3).
///
/// # Safety
/// glibc's contract: a terminated name, room for one passwd, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getpwnam_r(
    wanted: *const c_char,
    result: *mut CPasswd,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let answer = guarded(|| {
        // SAFETY: glibc's contract.
        let wanted = unsafe { Name::copied(wanted) }?;
        let look_up = || {
            NAMES.with(|snapshot| {
                // SAFETY: glibc's contract; the one look-up ends before the other begins.
                user_by_name(snapshot, wanted.bytes(), unsafe { buffer(start, length) })
            })?
        };
        store(result, BROKER.asked_on_a_miss(wanted.bytes(), look_up)?)
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// getpwuid_r(3).
///
/// # Safety
/// glibc's contract: room for one passwd, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getpwuid_r(
    uid: uid_t,
    result: *mut CPasswd,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let answer = answered(result, |snapshot| {
        // SAFETY: glibc's contract.
        user_by_id(snapshot, uid, unsafe { buffer(start, length) })
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// setpwent(3).
#[unsafe(no_mangle)]
pub extern "C" fn _nss_muster_setpwent(_stay_open: c_int) -> c_int {
    status(guarded(|| USERS.begin(&NAMES)))
}

/// endpwent(3).
#[unsafe(no_mangle)]
pub extern "C" fn _nss_muster_endpwent() -> c_int {
    status(guarded(|| USERS.end(&NAMES)))
}

/// getpwent_r(3).
///
/// # Safety
/// glibc's contract: room for one passwd, a buffer of that length, an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _nss_muster_getpwent_r(
    result: *mut CPasswd,
    start: *mut c_char,
    length: size_t,
    errnop: *mut c_int,
) -> c_int {
    let answer = guarded(|| {
        let found = USERS.next(&NAMES, Snapshot::user_count, |snapshot, position| {
            // SAFETY: glibc's contract.
            let buffer = unsafe { buffer(start, length) };
            Ok(user(&snapshot.user_at(position)?, buffer)?.0)
        });
        store(result, found?)
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}
