//! `muster snapshot`: snapshots as files, on machines with or without a broker.

mod build;
mod dump;
pub mod file;
mod verify;

use std::process::ExitCode;

use crate::failure::Failure;
use crate::options::{Options, SnapshotCommand};

/// Makes, checks or prints one.
pub fn run(options: &Options, command: &SnapshotCommand) -> Result<ExitCode, Failure> {
    match command {
        SnapshotCommand::Build(order) => build::run(options, order),
        SnapshotCommand::Verify { file } => verify::run(options, file),
        SnapshotCommand::Dump { file, what } => dump::run(options, file, *what),
    }
}
