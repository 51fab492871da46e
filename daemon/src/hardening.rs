//! What a daemon gives up before it reads anything from others.

use std::io;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit};

/// No new privileges by way of setuid programs, no core files, no debugger; files get `mask`.
pub fn harden(mask: Mode) -> io::Result<()> {
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = rustix::process::setrlimit(Resource::Core, none) {
        // The unit's seccomp filter forbids the call and has set the limit itself;
        // a process that is not dumpable writes no core anyway.
        log::debug!("the limit for core files stays as it was: {error}");
    }
    rustix::process::umask(mask);
    Ok(())
}
