//! musterd, the broker: the only part with network, secrets and a memory.
//!
//! It starts as root only to bind its sockets in a root-owned folder (systemd
//! does that for it on a host), becomes the user `muster` for good, and from
//! then on syncs, resolves and judges logins. It writes nothing that the
//! modules read: that is the publisher's, who believes nobody.

mod administration;
mod allowance;
mod assemble;
mod broker;
mod client;
mod connection;
mod dispatch;
mod explain;
#[cfg(test)]
mod fixture;
mod frames;
mod hashing;
mod heap;
mod introspect;
mod listener;
mod login;
mod lookups;
mod mapped;
mod meant;
mod peer;
mod privileges;
mod publisher;
mod questions;
mod registry;
mod resolve;
mod rest;
mod scope;
mod sessions;
mod sockets;
mod start;
mod status;
mod sync;
mod throttle;
mod turns;
mod watchdog;

use std::path::PathBuf;
use std::process::ExitCode;

use muster_common::paths;

const USAGE: &str = "usage: musterd [--config FILE]
The broker of muster. Started by systemd, or as root: it binds its sockets and becomes the user muster.";

/// The configuration cannot be used, as sysexits(3) says it.
const EXIT_CONFIG: u8 = 78;

fn main() -> ExitCode {
    let mut config = PathBuf::from(paths::CONFIG);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), arguments.next()) {
            ("--version", _) => {
                println!("musterd {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            ("--config", Some(file)) => config = PathBuf::from(file),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    heap::settle();
    muster_daemon::logging::start();
    match start::run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(start::StartError::Config(errors)) => {
            log::error!("{errors}");
            ExitCode::from(EXIT_CONFIG)
        }
        Err(error) => {
            log::error!("{}", muster_common::text::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}
