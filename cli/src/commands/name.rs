//! `muster name accept`: gives a held name over to whoever claims it now.

use std::process::ExitCode;

use muster_common::wire::message::AcceptName;

use crate::ask::{LONG, ask};
use crate::failure::{EXIT_NO, Failure};
use crate::options::{NameCommand, NameKind, Options};
use crate::show;

/// Releases the name; the next claim takes it.
pub fn run(options: &Options, command: &NameCommand) -> Result<ExitCode, Failure> {
    let NameCommand::Accept { kind, name } = command;
    let call = AcceptName {
        group: *kind == NameKind::Group,
        name: name.clone(),
    };
    let reply = ask(&call, LONG)?;
    if options.json {
        show::json(&reply)?;
    } else if reply.held {
        println!(
            "{name} is given over; generation {} is served",
            reply.generation
        );
        println!("Files of the former owner keep their old id.");
    } else {
        println!("{name} was not held for anybody");
    }
    Ok(if reply.held {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_NO)
    })
}
