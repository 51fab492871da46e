//! passwd(5): what glibc looks for under these names.

use std::ffi::{c_char, c_int};

use libc::{size_t, uid_t};
use libnss::passwd::CPasswd;
use muster_common::paths::LOOKUP_SOCKET;
use muster_common::snapshot::reader::Snapshot;

use crate::answer::{fill_user, name_to_ask, user_named, user_with_id};
use crate::caller::{Refusal, Room, name, told};
use crate::current::Question;
use crate::entry::{NAMES, guarded, status};
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
    let call = ByName {
        wanted,
        room: Room::at(result, start, length),
    };
    let answer = guarded(|| match NAMES.with(&call) {
        Err(Refusal::Askable) => call.ask(),
        known => known,
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
    let call = ById {
        uid,
        room: Room::at(result, start, length),
    };
    let answer = guarded(|| NAMES.with(&call));
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
    let room = Room::at(result, start, length);
    let answer = guarded(|| {
        USERS.next(&NAMES, Snapshot::user_count, |snapshot, position| {
            // SAFETY: glibc's contract.
            let (buffer, target) = unsafe { room.open() }?;
            fill_user(&snapshot.user_at(position)?, buffer, target)
        })
    });
    // SAFETY: glibc's contract.
    unsafe { told(answer, errnop) }
}

/// One call of getpwnam_r.
struct ByName {
    wanted: *const c_char,
    room: Room<CPasswd>,
}

impl Question<()> for ByName {
    #[inline(always)]
    fn put(&self, snapshot: &Snapshot) -> Result<(), Refusal> {
        // SAFETY: glibc's contract; the name is done with when the user is found.
        let entry = user_named(snapshot, unsafe { name(self.wanted) }?)?;
        // SAFETY: glibc's contract.
        let (buffer, target) = unsafe { self.room.open() }?;
        fill_user(&entry, buffer, target)
    }
}

impl ByName {
    /// Nobody is here of that name, but a directory may know somebody: the broker is asked,
    /// and whom it finds is read from the new snapshot.
    #[cold]
    #[inline(never)]
    fn ask(&self) -> Result<(), Refusal> {
        let name = NAMES.with(&|snapshot: &Snapshot| {
            // SAFETY: glibc's contract.
            name_to_ask(snapshot, unsafe { name(self.wanted) }?)
        })?;
        BROKER.ask(&name)?;
        NAMES.with(self)
    }
}

/// One call of getpwuid_r.
struct ById {
    uid: uid_t,
    room: Room<CPasswd>,
}

impl Question<()> for ById {
    #[inline(always)]
    fn put(&self, snapshot: &Snapshot) -> Result<(), Refusal> {
        let entry = user_with_id(snapshot, self.uid)?;
        // SAFETY: glibc's contract.
        let (buffer, target) = unsafe { self.room.open() }?;
        fill_user(&entry, buffer, target)
    }
}
