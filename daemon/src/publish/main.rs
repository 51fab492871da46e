//! muster-publish, the publisher: the only part that writes what the modules
//! read. Root, without network and secrets; it believes nobody.

use std::path::PathBuf;
use std::process::ExitCode;

use muster_common::clock::SystemClock;
use muster_common::paths;
use muster_daemon::publish::check::{CheckError, Places, Publisher};
use muster_daemon::publish::{server, socket};
use muster_daemon::{hardening, logging};
use rustix::fs::Mode;

const USAGE: &str = "usage: muster-publish [--config FILE]
The publisher of muster. Started by systemd, or as root beside musterd.";

/// The configuration cannot be used, as sysexits(3) says it.
const EXIT_CONFIG: u8 = 78;

fn main() -> ExitCode {
    let mut config = PathBuf::from(paths::CONFIG);
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.to_str(), arguments.next()) {
            (Some("--version"), _) => {
                println!("muster-publish {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            (Some("--config"), Some(file)) => config = file.into(),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    logging::start();
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{}", muster_common::text::with_causes(error.as_ref()));
            match error.downcast_ref() {
                Some(CheckError::Config(_)) => ExitCode::from(EXIT_CONFIG),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn run(config: PathBuf) -> Result<(), Box<dyn std::error::Error>> {
    let listener = socket::open()?;
    hardening::harden(Mode::WGRP | Mode::WOTH)?;
    let mut publisher = Publisher::new(Places::of_host(config), Box::new(SystemClock));
    for warning in &publisher.config()?.warnings {
        log::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    runtime.block_on(server::serve(listener, publisher))?;
    Ok(())
}
