//! The system calls that a Unix socket with deadlines needs and std has no safe
//! way for. The only unsafe code of the wire; it knows nothing of messages.
//!
//! Nothing here blocks, raises SIGPIPE or survives an exec, and no descriptor
//! takes the place of a closed stdin, stdout or stderr of the host program. The kernel
//! is called past glibc's wrappers: those are cancellation points, and a thread that is
//! cancelled inside Rust code takes the process with it. It also spares each process that
//! resolves a name the look-up of a dozen symbols.

use std::ffi::{c_int, c_long};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

#[cfg(feature = "broker")]
use std::os::{
    fd::{AsRawFd, BorrowedFd, FromRawFd},
    unix::net::UnixStream,
};

use super::deadline::Deadline;

/// How long to wait before a full backlog is tried again: the kernel tells nobody when it drains.
const BACKLOG_PAUSE: Duration = Duration::from_millis(5);

/// A connected socket that never blocks. Errors of kind `TimedOut` mean that the deadline passed.
pub(super) struct Socket(Descriptor);

impl Socket {
    /// Connects to the socket at `path`. A full backlog is waited for until `deadline`.
    pub(super) fn connect(path: &Path, deadline: Deadline) -> io::Result<Self> {
        let address = address_of(path)?;
        let socket = new_socket()?;
        loop {
            match connect_once(&socket, &address) {
                Ok(_) => return Ok(Self(socket)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    pause(deadline.remaining()?.min(BACKLOG_PAUSE));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The connection itself, still never blocking.
    #[cfg(feature = "broker")]
    pub(super) fn into_stream(self) -> UnixStream {
        let Self(descriptor) = self;
        let number = descriptor.number();
        std::mem::forget(descriptor);
        // SAFETY: open, and nobody else's since it is not closed by `descriptor` any more.
        unsafe { UnixStream::from_raw_fd(number) }
    }

    /// The uid of whoever listens at the other end (for an activated socket: of who made it).
    pub(super) fn peer_uid(&self) -> io::Result<u32> {
        peer_uid(self.0.0)
    }

    /// Sends all of `bytes` before `deadline`.
    pub(super) fn send_all(&self, mut bytes: &[u8], deadline: Deadline) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.send_some(bytes) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) => self.go_on_after(error, libc::POLLOUT, deadline)?,
            }
        }
        Ok(())
    }

    fn send_some(&self, bytes: &[u8]) -> io::Result<usize> {
        let (start, flags) = (
            bytes.as_ptr().expose_provenance(),
            libc::MSG_NOSIGNAL as usize,
        );
        // SAFETY: `bytes` is valid for reads of its length; no address is given.
        unsafe { call(libc::SYS_sendto, [self.0.0, start, bytes.len(), flags, 0]) }
    }

    /// Receives what is there, waiting until `deadline` for a first byte; 0 at the end of the stream.
    pub(super) fn receive(&self, into: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        // Who has asked a moment ago would look in vain.
        self.wait_for(libc::POLLIN, deadline)?;
        loop {
            let start = into.as_mut_ptr().expose_provenance();
            // SAFETY: `into` is valid for writes of its length; no address is asked for.
            match unsafe { call(libc::SYS_recvfrom, [self.0.0, start, into.len(), 0, 0]) } {
                Ok(received) => return Ok(received),
                Err(error) => self.go_on_after(error, libc::POLLIN, deadline)?,
            }
        }
    }

    /// Waits for `events` where `error` only says that nothing can be done yet.
    fn go_on_after(&self, error: io::Error, events: i16, deadline: Deadline) -> io::Result<()> {
        match error.kind() {
            io::ErrorKind::Interrupted => deadline.remaining().map(|_| ()),
            io::ErrorKind::WouldBlock => self.wait_for(events, deadline),
            _ => Err(error),
        }
    }

    /// Waits for `events` until `deadline`, or until a signal comes.
    fn wait_for(&self, events: i16, deadline: Deadline) -> io::Result<()> {
        let rest = deadline.remaining()?;
        let mut waited = [libc::pollfd {
            fd: self.0.number(),
            events,
            revents: 0,
        }];
        match poll_once(&mut waited, rest) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
            _ => Ok(()),
        }
    }
}

/// The uid of the process at the other end of `stream`, a socket in the domain AF_UNIX, when it connected or listened.
///
/// # Errors
/// getsockopt(2): it is no such socket.
#[cfg(feature = "broker")]
pub fn uid_of_peer(stream: BorrowedFd<'_>) -> io::Result<u32> {
    peer_uid(usize::try_from(stream.as_raw_fd()).map_err(io::Error::other)?)
}

fn peer_uid(descriptor: usize) -> io::Result<u32> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut length = socklen(size_of::<libc::ucred>());
    let (level, option) = (libc::SOL_SOCKET as usize, libc::SO_PEERCRED as usize);
    let places = [
        (&raw mut peer).expose_provenance(),
        (&raw mut length).expose_provenance(),
    ];
    let [place, size] = places;
    // SAFETY: `peer` and `length` are valid for writes and `length` is the size of `peer`.
    unsafe {
        call(
            libc::SYS_getsockopt,
            [descriptor, level, option, place, size],
        )
    }?;
    Ok(peer.uid)
}

/// An open descriptor, as the kernel takes it; closed when dropped.
struct Descriptor(usize);

impl Descriptor {
    fn number(&self) -> c_int {
        c_int::try_from(self.0).unwrap_or(-1)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours and is not used after this.
        let _ = unsafe { call(libc::SYS_close, [self.0, 0, 0, 0, 0]) };
    }
}

/// The system call `number`; a sixth argument is always zero.
///
/// # Safety
/// Each argument is what that call wants there, pointers valid for what it does with them.
unsafe fn call(number: c_long, arguments: [usize; 5]) -> io::Result<usize> {
    let [a, b, c, d, e] = arguments;
    // SAFETY: the caller's promise.
    let answer = unsafe { libc::syscall(number, a, b, c, d, e, 0usize) };
    usize::try_from(answer).map_err(|_negative| io::Error::last_os_error())
}

fn new_socket() -> io::Result<Descriptor> {
    let kind = (libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK).cast_unsigned();
    let (family, kind) = (libc::AF_UNIX as usize, kind as usize);
    // SAFETY: socket(2) takes no pointer.
    let socket = Descriptor(unsafe { call(libc::SYS_socket, [family, kind, 0, 0, 0]) }?);
    if socket.number() > libc::STDERR_FILENO {
        return Ok(socket);
    }
    // The host closed one of its standard streams: what it prints must not reach the broker.
    let duplicate = libc::F_DUPFD_CLOEXEC as usize;
    // SAFETY: fcntl(2) with F_DUPFD_CLOEXEC takes no pointer.
    let higher = unsafe { call(libc::SYS_fcntl, [socket.0, duplicate, 3, 0, 0]) }?;
    Ok(Descriptor(higher))
}

fn address_of(path: &Path) -> io::Result<libc::sockaddr_un> {
    let mut address = libc::sockaddr_un {
        sun_family: libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or_default(),
        sun_path: [0; 108],
    };
    let bytes = path.as_os_str().as_bytes();
    if bytes.len() >= address.sun_path.len() || bytes.contains(&0) || bytes.is_empty() {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    for (place, &byte) in address.sun_path.iter_mut().zip(bytes) {
        *place = libc::c_char::from_ne_bytes([byte]);
    }
    Ok(address)
}

fn connect_once(socket: &Descriptor, address: &libc::sockaddr_un) -> io::Result<usize> {
    let (start, length) = (
        std::ptr::from_ref(address).expose_provenance(),
        size_of::<libc::sockaddr_un>(),
    );
    // SAFETY: `address` is a valid, NUL-terminated sockaddr_un of `length` bytes.
    unsafe { call(libc::SYS_connect, [socket.0, start, length, 0, 0]) }
}

/// Waits for one of `waited`, or for `rest` to pass.
fn poll_once(waited: &mut [libc::pollfd], rest: Duration) -> io::Result<usize> {
    let mut rest = libc::timespec {
        tv_sec: libc::time_t::try_from(rest.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: rest.subsec_nanos().cast_signed().into(),
    };
    let (start, count) = (waited.as_mut_ptr().expose_provenance(), waited.len());
    let rest = (&raw mut rest).expose_provenance();
    // SAFETY: `count` valid pollfds, a valid timespec, and no signal mask.
    unsafe { call(libc::SYS_ppoll, [start, count, rest, 0, 0]) }
}

fn pause(length: Duration) {
    // A pause that a signal ends early is as good.
    let _ = poll_once(&mut [], length);
}

fn socklen(size: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(size).unwrap_or(0)
}
