//! The caller's memory: names in, fields out, and what glibc wants to hear.

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;

use libnss::interop::NssStatus;
use muster_common::name::{NAME_MAX, SUFFIX_MAX};
use muster_common::snapshot::reader::{Damaged, OpenError};

/// Why there is no answer, each with the status and errno that glibc expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is nobody of that name or id, and that is certain.
    Absent,
    /// The answer does not fit the caller's buffer; a larger one will do.
    TooSmall,
    /// No memory for the caller's list.
    NoMemory,
    /// Another thread moves the same list; it can be asked again.
    Busy,
    /// Nobody of that name is here, but the broker may know somebody. Callers hear it only
    /// where it could not be asked.
    Askable,
    /// It could not be found out. Never "no such user".
    Unavailable,
}

impl From<OpenError> for Refusal {
    fn from(_: OpenError) -> Self {
        Self::Unavailable
    }
}

impl From<Damaged> for Refusal {
    fn from(_: Damaged) -> Self {
        Self::Unavailable
    }
}

impl Refusal {
    /// As glibc wants it. errno is always set: glibc takes a stale ERANGE beside
    /// TRYAGAIN for a buffer too small, and grows it for ever. ENOENT is kept for
    /// what is certain: callers take it for "no such user".
    const fn told(self) -> (NssStatus, c_int) {
        match self {
            Self::Absent => (NssStatus::NotFound, libc::ENOENT),
            Self::TooSmall => (NssStatus::TryAgain, libc::ERANGE),
            Self::NoMemory => (NssStatus::TryAgain, libc::ENOMEM),
            Self::Busy => (NssStatus::TryAgain, libc::EAGAIN),
            Self::Askable | Self::Unavailable => (NssStatus::Unavail, libc::EIO),
        }
    }
}

/// Turns an answer into a status, and sets errno whatever it is.
///
/// # Safety
/// `errnop` is null or points to an int of the caller's.
#[inline]
pub(crate) unsafe fn told(answer: Result<(), Refusal>, errnop: *mut c_int) -> c_int {
    let (status, errno) = match answer {
        Ok(()) => (NssStatus::Success, 0),
        Err(refusal) => refusal.told(),
    };
    if !errnop.is_null() {
        // SAFETY: not null, and by the caller's promise its int.
        unsafe { errnop.write(errno) };
    }
    status as c_int
}

/// The longest form of a name that anybody could be found by, in bytes.
const FORM_MAX: usize = NAME_MAX + SUFFIX_MAX;

/// The name that was asked for; of a longer one than any form so much that it is still
/// longer than any, and nobody's.
///
/// # Safety
/// `text` is null or points to a terminated string, which is not written as long as the
/// name is used. It may lie in the very buffer that the answer goes to, as in
/// `getpwnam(pw->pw_name)`: the name is done with before the buffer is touched.
#[inline]
pub(crate) unsafe fn name<'a>(text: *const c_char) -> Result<&'a [u8], Refusal> {
    if text.is_null() {
        return Err(Refusal::Unavailable);
    }
    // SAFETY: not null and terminated; no byte after the NUL is read.
    let length = unsafe { libc::strnlen(text, FORM_MAX.saturating_add(1)) };
    // SAFETY: `length` bytes that are there, and nobody writes them meanwhile.
    Ok(unsafe { std::slice::from_raw_parts(text.cast(), length) })
}

/// Where the caller wants the answer: a structure, and a buffer for what it points to.
#[derive(Debug)]
pub(crate) struct Room<T> {
    /// Null, or room for one T.
    result: *mut T,
    /// Null, or the buffer's start, at any address.
    start: *mut c_char,
    /// The buffer's length, perhaps none.
    length: usize,
}

impl<T> Room<T> {
    /// What glibc hands over.
    #[inline(always)]
    pub(crate) const fn at(result: *mut T, start: *mut c_char, length: usize) -> Self {
        Self {
            result,
            start,
            length,
        }
    }

    /// The buffer and the structure, to be filled.
    ///
    /// # Safety
    /// glibc's contract: what is not null is the caller's own, and nobody else uses it
    /// meanwhile, not even as the name that was asked for.
    #[inline(always)]
    pub(crate) unsafe fn open<'a>(
        &self,
    ) -> Result<(&'a mut [MaybeUninit<u8>], &'a mut MaybeUninit<T>), Refusal> {
        let target = self.result.cast::<MaybeUninit<T>>();
        // SAFETY: null or room for one T; any bytes are a MaybeUninit.
        let target = unsafe { target.as_mut() }.ok_or(Refusal::Unavailable)?;
        if self.start.is_null() || isize::try_from(self.length).is_err() {
            return Err(Refusal::TooSmall);
        }
        // SAFETY: not null, not beyond half the address space, and by the caller's promise its own.
        let buffer = unsafe { std::slice::from_raw_parts_mut(self.start.cast(), self.length) };
        Ok((buffer, target))
    }
}

/// A place for the address of a member's name.
pub(crate) type Pointer = MaybeUninit<*mut c_char>;

/// Takes an aligned array of `count` pointers off the start of `buffer`.
#[inline]
pub(crate) fn pointers(
    buffer: &mut [MaybeUninit<u8>],
    count: usize,
) -> Option<(&mut [Pointer], &mut [MaybeUninit<u8>])> {
    const SIZE: usize = size_of::<Pointer>();
    let skipped = buffer.as_ptr().addr().wrapping_neg() % SIZE;
    let (_, aligned) = buffer.split_at_mut_checked(skipped)?;
    let (array, rest) = aligned.split_at_mut_checked(count.checked_mul(SIZE)?)?;
    // SAFETY: any bytes are a MaybeUninit of a pointer.
    let (_, array, _) = unsafe { array.align_to_mut() };
    Some((array, rest))
}
