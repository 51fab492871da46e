//! The caller's memory: names in, fields out, and what glibc wants to hear.

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;

use libnss::interop::NssStatus;
use muster_common::name::NAME_MAX;
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

/// The name that was asked for, in memory of our own: the caller's may lie in the
/// very buffer that the answer goes to, as in `getpwnam(pw->pw_name)`.
#[derive(Debug)]
pub(crate) struct Name {
    bytes: [u8; NAME_MAX],
    length: usize,
}

impl Name {
    /// Copies a C string. One that is longer than any name becomes empty: like
    /// the empty name it is nobody's.
    ///
    /// # Safety
    /// `text` is null or points to a terminated string.
    #[inline]
    pub(crate) unsafe fn copied(text: *const c_char) -> Result<Self, Refusal> {
        if text.is_null() {
            return Err(Refusal::Unavailable);
        }
        let mut bytes = [0; NAME_MAX];
        // SAFETY: not null and terminated; no byte after the NUL is read.
        let length = unsafe { libc::strnlen(text, NAME_MAX.saturating_add(1)) };
        if length > NAME_MAX {
            return Ok(Self { bytes, length: 0 });
        }
        // SAFETY: `length` bytes before the NUL, and room for NAME_MAX.
        unsafe { std::ptr::copy_nonoverlapping(text.cast(), bytes.as_mut_ptr(), length) };
        Ok(Self { bytes, length })
    }

    /// The name's bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The caller's buffer. It may be empty, and may start at any address.
///
/// # Safety
/// `start` is null or points to `length` bytes that nobody else uses meanwhile.
#[inline]
pub(crate) unsafe fn buffer<'a>(start: *mut c_char, length: usize) -> &'a mut [MaybeUninit<u8>] {
    if start.is_null() || isize::try_from(length).is_err() {
        return &mut [];
    }
    // SAFETY: not null, not beyond half the address space, and by the caller's promise its own.
    unsafe { std::slice::from_raw_parts_mut(start.cast(), length) }
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
