//! Sockets that systemd hands over (sd_listen_fds(3)). The only unsafe code of this library.

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

/// systemd hands descriptors over from here on.
const FIRST: RawFd = 3;

/// The sockets for this process with their names (`FileDescriptorName=`), or
/// none if it was not started by socket activation. To be called once, before
/// anything else is opened: it adopts descriptors by number.
pub fn listeners() -> Vec<(String, UnixListener)> {
    let variable = |name| std::env::var(name).unwrap_or_default();
    if variable("LISTEN_PID").parse() != Ok(std::process::id()) {
        return Vec::new();
    }
    let count: usize = variable("LISTEN_FDS").parse().unwrap_or(0);
    let names = variable("LISTEN_FDNAMES");
    let names = names.split(':').map(str::to_owned);
    let names = names.chain(std::iter::repeat(String::new()));
    let numbered = (FIRST..).zip(names).take(count);
    numbered
        .map(|(number, name)| (name, adopt(number)))
        .collect()
}

#[expect(
    unsafe_code,
    reason = "descriptors that systemd hands over can only be adopted by number"
)]
fn adopt(number: RawFd) -> UnixListener {
    // SAFETY: LISTEN_PID names this process, so systemd opened the descriptor for us; nobody else has adopted it.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    UnixListener::from(descriptor)
}
