//! `muster sync`: syncs now, and returns when the result is served.

use std::process::ExitCode;

use muster_common::wire::message::Sync;

use crate::ask::{LONG, ask};
use crate::failure::{EXIT_COULD_NOT_ASK, Failure};
use crate::options::Options;
use crate::show;

/// Syncs one directory or all.
pub fn run(
    options: &Options,
    directory: Option<&str>,
    accept_shrink: Option<&str>,
) -> Result<ExitCode, Failure> {
    let call = Sync {
        directory: accept_shrink.or(directory).map(str::to_owned),
        accept_shrink: accept_shrink.is_some().then_some(true),
    };
    let reply = ask(&call, LONG)?;
    let failed = reply
        .directories
        .iter()
        .any(|outcome| outcome.error.is_some());
    if options.json {
        show::json(&reply)?;
    } else {
        for outcome in &reply.directories {
            match &outcome.error {
                None => println!(
                    "{}: {} users, {} groups",
                    outcome.name, outcome.users, outcome.groups
                ),
                Some(error) => println!("{}: {error}", outcome.name),
            }
        }
        println!("generation {} is served", reply.generation);
    }
    Ok(if failed {
        ExitCode::from(EXIT_COULD_NOT_ASK)
    } else {
        ExitCode::SUCCESS
    })
}
