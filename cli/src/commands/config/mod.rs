//! `muster config`: configurations checked, shown, compared and brought over.

mod check;
mod diff;
mod import_fas;
mod show;

use std::process::ExitCode;

use crate::failure::Failure;
use crate::options::{ConfigCommand, Options};

/// Checks, shows, compares or imports.
pub fn run(options: &Options, command: &ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Check { file } => check::run(options, file),
        ConfigCommand::Show { file } => show::run(options, file),
        ConfigCommand::Diff { old, new, snapshot } => diff::run(options, old, new, snapshot),
        ConfigCommand::ImportFas { file, out } => import_fas::run(options, file, out.as_deref()),
    }
}
