//! The guard around every function that glibc calls, and what they share.
//!
//! `passwd` and `group` hold the functions themselves.

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::atomic::{AtomicBool, Ordering};

use muster_common::paths::SNAPSHOT;
use muster_common::snapshot::reader::Snapshot;

use crate::caller::{Refusal, told};
use crate::current::Current;

/// The host's snapshot.
pub(crate) static NAMES: Current = Current::at(SNAPSHOT, 0);

/// Runs `body`; a panic becomes "could not be found out" and stays in here.
#[inline]
pub(crate) fn guarded(body: impl FnOnce() -> Result<(), Refusal>) -> Result<(), Refusal> {
    silence();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Refusal::Unavailable))
}

/// Keeps a panic off the host's stderr. This library is a cdylib and carries a
/// copy of std of its own, so the hook is this library's and not the host's.
#[inline]
fn silence() {
    static SILENT: AtomicBool = AtomicBool::new(false);
    if !SILENT.load(Ordering::Relaxed) && !SILENT.swap(true, Ordering::Relaxed) {
        set_hook(Box::new(|_| ()));
    }
}

/// Asks the current snapshot and stores the answer where the caller wants it.
#[inline]
pub(crate) fn answered<T>(
    result: *mut T,
    ask: impl FnOnce(&Snapshot) -> Result<T, Refusal>,
) -> Result<(), Refusal> {
    guarded(|| NAMES.with(|snapshot| store(result, ask(snapshot)?))?)
}

#[inline]
pub(crate) fn store<T>(result: *mut T, answer: T) -> Result<(), Refusal> {
    if result.is_null() {
        return Err(Refusal::Unavailable);
    }
    // SAFETY: not null, and glibc's contract makes it room for one T.
    unsafe { result.write(answer) };
    Ok(())
}

/// Turns an answer that has no errno to set into a status.
pub(crate) fn status(answer: Result<(), Refusal>) -> c_int {
    // SAFETY: null is allowed.
    unsafe { told(answer, std::ptr::null_mut()) }
}
