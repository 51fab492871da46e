//! The one way to open a snapshot's file: nothing is followed, nothing waits,
//! nothing is believed that somebody else could have written.

use std::ffi::{CStr, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;

use super::format::{HEADER, LENGTH_MAX};
use super::map::Map;
use super::reader::OpenError;

/// The longest path that can be opened: paths are kept on the stack, so that
/// opening allocates nothing in a process that is just forking or dying.
const PATH_MAX: usize = 256;

/// Which file a map was made of; no other file has the same while it is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(status: &libc::stat64) -> Self {
        Self {
            device: status.st_dev,
            inode: status.st_ino,
        }
    }

    /// Which file `file` is.
    #[cfg(feature = "writer")]
    pub(super) fn of_file(file: &std::fs::File) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let status = file.metadata()?;
        Ok(Self {
            device: status.dev(),
            inode: status.ino(),
        })
    }

    /// Which file stands at `path` now.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::of(&status_of(path)?))
    }
}

/// Maps the file at `path` if it and its folder belong to `owner` alone.
pub(crate) fn map_trusted(path: &Path, owner: u32) -> Result<(Map, Identity), OpenError> {
    let file = Descriptor::open(path).map_err(refused)?;
    let status = file.status()?;
    check_owner(&status, libc::S_IFREG, owner)?;
    let folder = path.parent().ok_or(OpenError::Untrusted("has no folder"))?;
    check_owner(&status_of(folder)?, libc::S_IFDIR, owner)?;
    let length = usize::try_from(status.st_size).unwrap_or(0);
    if !(HEADER..=LENGTH_MAX).contains(&length) {
        return Err(OpenError::Damaged("its size cannot be right"));
    }
    Ok((file.map(length)?, Identity::of(&status)))
}

/// What open(2) says to a link in the last place is a matter of trust, not of luck.
fn refused(error: io::Error) -> OpenError {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ENOTDIR) => OpenError::Missing,
        Some(libc::ELOOP) => OpenError::Untrusted("is a symbolic link"),
        Some(libc::ENXIO) => OpenError::Untrusted("is not a regular file"),
        _ => OpenError::Io(error),
    }
}

fn check_owner(status: &libc::stat64, kind: libc::mode_t, owner: u32) -> Result<(), OpenError> {
    let untrusted = |why| Err(OpenError::Untrusted(why));
    match kind {
        _ if status.st_mode & libc::S_IFMT == kind => {}
        libc::S_IFDIR => return untrusted("lies in what is not a folder"),
        _ => return untrusted("is not a regular file"),
    }
    if status.st_uid != owner {
        return untrusted("it or its folder belongs to somebody else");
    }
    if status.st_mode & (libc::S_IWGRP | libc::S_IWOTH) != 0 {
        return untrusted("others may write it or its folder");
    }
    Ok(())
}

/// Runs `call` with `path` as C wants it, and turns its -1 into errno.
fn with_path(path: &Path, call: impl FnOnce(&CStr) -> c_int) -> io::Result<c_int> {
    let bytes = path.as_os_str().as_bytes();
    let mut room = [0; PATH_MAX];
    let target = room.get_mut(..bytes.len());
    target
        .ok_or_else(|| io::Error::from_raw_os_error(libc::ENAMETOOLONG))?
        .copy_from_slice(bytes);
    let text = CStr::from_bytes_until_nul(&room)
        .ok()
        .filter(|text| text.count_bytes() == bytes.len())
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    checked(call(text))
}

fn checked(status: c_int) -> io::Result<c_int> {
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(status)
}

/// lstat(2).
fn status_of(path: &Path) -> io::Result<libc::stat64> {
    let mut status = MaybeUninit::uninit();
    with_path(path, |text| {
        // SAFETY: a terminated path and room for one stat.
        unsafe { libc::lstat64(text.as_ptr(), status.as_mut_ptr()) }
    })?;
    // SAFETY: lstat succeeded, so it filled `status`.
    Ok(unsafe { status.assume_init() })
}

/// A descriptor, closed when dropped. open(2) and close(2) are called past
/// glibc's wrappers: those are cancellation points, and a thread that is
/// cancelled inside Rust code takes the process with it.
struct Descriptor(c_int);

impl Descriptor {
    fn open(path: &Path) -> io::Result<Self> {
        // O_NONBLOCK: opening a FIFO would wait for its writer.
        let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let number = with_path(path, |text| {
            // SAFETY: openat with a terminated path and flags that need no mode.
            let number =
                unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, text.as_ptr(), flags) };
            c_int::try_from(number).unwrap_or(-1)
        })?;
        Ok(Self(number))
    }

    fn status(&self) -> io::Result<libc::stat64> {
        let mut status = MaybeUninit::uninit();
        // SAFETY: an open descriptor and room for one stat.
        checked(unsafe { libc::fstat64(self.0, status.as_mut_ptr()) })?;
        // SAFETY: fstat succeeded, so it filled `status`.
        Ok(unsafe { status.assume_init() })
    }

    fn map(&self, length: usize) -> io::Result<Map> {
        // SAFETY: a new mapping at an address of the kernel's choice, of a file that is open.
        let start = unsafe {
            libc::mmap64(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ,
                libc::MAP_SHARED,
                self.0,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: just mapped, `length` bytes, and known to nobody else.
        Ok(unsafe { Map::from_mmap(start, length) })
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours and is not used after this.
        unsafe { libc::syscall(libc::SYS_close, self.0) };
    }
}
