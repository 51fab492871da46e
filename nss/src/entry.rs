//! The guard around every function that glibc calls, and what they share.
//!
//! `passwd` and `group` hold the functions themselves.

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::atomic::{AtomicBool, Ordering};

use muster_common::paths::SNAPSHOT;

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

/// Turns an answer that has no errno to set into a status.
pub(crate) fn status(answer: Result<(), Refusal>) -> c_int {
    // SAFETY: null is allowed.
    unsafe { told(answer, std::ptr::null_mut()) }
}
