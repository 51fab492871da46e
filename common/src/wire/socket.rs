//! The system calls that a Unix socket with deadlines needs and std has no safe
//! way for. The only unsafe code of the wire; it knows nothing of messages.
//!
//! Nothing here blocks, raises SIGPIPE or survives an exec, and no descriptor
//! takes the place of a closed stdin, stdout or stderr of the host program.

use std::ffi::c_int;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::client::Deadline;

/// How long to wait before a full backlog is tried again: the kernel tells nobody when it drains.
const BACKLOG_PAUSE: Duration = Duration::from_millis(5);

/// A connected socket that never blocks. Errors of kind `TimedOut` mean that the deadline passed.
pub(super) struct Socket(UnixStream);

impl Socket {
    /// Connects to the socket at `path`. A full backlog is waited for until `deadline`.
    pub(super) fn connect(path: &Path, deadline: Deadline) -> io::Result<Self> {
        let address = address_of(path)?;
        let socket = new_socket()?;
        loop {
            match connect_once(socket.as_raw_fd(), &address) {
                Ok(()) => return Ok(Self(UnixStream::from(socket))),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::sleep(deadline.remaining()?.min(BACKLOG_PAUSE));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The connection itself, still never blocking.
    #[cfg(feature = "broker")]
    pub(super) fn into_stream(self) -> UnixStream {
        self.0
    }

    /// The uid of whoever listens at the other end (for an activated socket: of who made it).
    pub(super) fn peer_uid(&self) -> io::Result<u32> {
        let mut peer = libc::ucred {
            pid: 0,
            uid: u32::MAX,
            gid: u32::MAX,
        };
        let mut length = socklen(size_of::<libc::ucred>());
        // SAFETY: `peer` and `length` are valid for writes and `length` is the size of `peer`.
        let status = unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut peer).cast(),
                &raw mut length,
            )
        };
        checked(status).map(|_| peer.uid)
    }

    /// Sends all of `bytes` before `deadline`.
    pub(super) fn send_all(&self, mut bytes: &[u8], deadline: Deadline) -> io::Result<()> {
        while !bytes.is_empty() {
            match send_some(self.0.as_raw_fd(), bytes) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) => self.wait_after(error, libc::POLLOUT, deadline)?,
            }
        }
        Ok(())
    }

    /// Receives what is there, waiting until `deadline` for a first byte; 0 at the end of the stream.
    pub(super) fn receive(&self, into: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            match (&self.0).read(into) {
                Ok(received) => return Ok(received),
                Err(error) => self.wait_after(error, libc::POLLIN, deadline)?,
            }
        }
    }

    /// Waits for `events` where `error` only says that nothing can be done yet.
    fn wait_after(&self, error: io::Error, events: i16, deadline: Deadline) -> io::Result<()> {
        match error.kind() {
            io::ErrorKind::Interrupted => deadline.remaining().map(|_| ()),
            io::ErrorKind::WouldBlock => {
                let rest = deadline.remaining()?;
                match poll_once(self.0.as_raw_fd(), events, rest) {
                    Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
                    _ => Ok(()),
                }
            }
            _ => Err(error),
        }
    }
}

fn new_socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket(2) takes no pointer.
    let descriptor = checked(unsafe { libc::socket(libc::AF_UNIX, kind, 0) })?;
    // SAFETY: `descriptor` was opened just now and nobody else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(descriptor) };
    if descriptor > libc::STDERR_FILENO {
        return Ok(socket);
    }
    // The host closed one of its standard streams: what it prints must not reach the broker.
    // SAFETY: fcntl(2) with F_DUPFD_CLOEXEC takes no pointer.
    let higher = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 3) };
    let higher = checked(higher)?;
    // SAFETY: `higher` was opened just now and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(higher) })
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

fn connect_once(descriptor: RawFd, address: &libc::sockaddr_un) -> io::Result<()> {
    let length = socklen(size_of::<libc::sockaddr_un>());
    // SAFETY: `address` is a valid, NUL-terminated sockaddr_un of `length` bytes.
    let status = unsafe { libc::connect(descriptor, std::ptr::from_ref(address).cast(), length) };
    checked(status).map(|_| ())
}

fn send_some(descriptor: RawFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: `bytes` is valid for reads of its length.
    let sent = unsafe {
        libc::send(
            descriptor,
            bytes.as_ptr().cast(),
            bytes.len(),
            libc::MSG_NOSIGNAL,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

fn poll_once(descriptor: RawFd, events: i16, rest: Duration) -> io::Result<()> {
    let mut waited = libc::pollfd {
        fd: descriptor,
        events,
        revents: 0,
    };
    // One more than the whole milliseconds, so that a rest below one does not spin.
    let millis = c_int::try_from(rest.as_millis().saturating_add(1)).unwrap_or(c_int::MAX);
    // SAFETY: `waited` is one valid pollfd.
    let status = unsafe { libc::poll(&raw mut waited, 1, millis) };
    checked(status).map(|_| ())
}

fn checked(status: c_int) -> io::Result<c_int> {
    if status < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(status)
    }
}

fn socklen(size: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(size).unwrap_or(0)
}
