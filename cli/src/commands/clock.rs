//! `muster clock reset`: takes the clock for right.

use std::process::ExitCode;

use muster_common::wire::message::ResetClock;

use crate::ask::{QUICK, ask};
use crate::failure::Failure;
use crate::options::{ClockCommand, Options};
use crate::show;

/// Sets the mark to now.
pub fn run(options: &Options, command: &ClockCommand) -> Result<ExitCode, Failure> {
    let ClockCommand::Reset = command;
    let reply = ask(&ResetClock {}, QUICK)?;
    if options.json {
        show::json(&reply)?;
    } else {
        println!(
            "the clock is taken for right: the last login online was {}, by the clock that it had then",
            show::ago(reply.before)
        );
    }
    Ok(ExitCode::SUCCESS)
}
