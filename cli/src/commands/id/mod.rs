//! `muster id`: whose ids are, settling them, and carrying them to other hosts.

mod export;
mod import;
mod list;
mod pin;

use std::process::ExitCode;

use crate::failure::Failure;
use crate::options::{IdCommand, Options};

/// Shows, settles or carries ids.
pub fn run(options: &Options, command: &IdCommand) -> Result<ExitCode, Failure> {
    match command {
        IdCommand::List(query) => list::run(options, query),
        IdCommand::Pin { who, id } => pin::pin(options, who, *id),
        IdCommand::Unpin { who } => pin::unpin(options, who),
        IdCommand::Export { file } => export::run(options, file),
        IdCommand::Import { file, dry_run } => import::run(options, file, *dry_run),
    }
}
