//! `muster throttle` and `muster status --throttle`: the books of wrong tries.

use std::process::ExitCode;

use muster_common::wire::client::Deadline;
use muster_common::wire::message::{ClearTries, ListTries, Tries};

use crate::ask::{QUICK, ask, connect};
use crate::failure::Failure;
use crate::options::{Options, ThrottleCommand};
use crate::show;

/// Shows or clears them.
pub fn run(options: &Options, command: &ThrottleCommand) -> Result<ExitCode, Failure> {
    match command {
        ThrottleCommand::List => list(options),
        ThrottleCommand::Clear { user } => clear(options, user.as_deref()),
    }
}

/// Shows every source with wrong tries since its last right one.
pub fn list(options: &Options) -> Result<ExitCode, Failure> {
    let mut connection = connect()?;
    let mut found: Vec<Tries> = Vec::new();
    let mut after = Some(0);
    while let Some(place) = after {
        let call = ListTries { after: Some(place) };
        let reply = connection.call(&call, Deadline::after(QUICK))?;
        after = reply.more.filter(|next| *next > place);
        found.extend(reply.tries);
    }
    if options.json {
        show::json(&found)?;
    } else if found.is_empty() {
        println!("no wrong tries are on the books");
    } else {
        print(&found);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(found: &[Tries]) {
    let heading = [
        "USER",
        "DIRECTORY",
        "FROM",
        "WRONG",
        "THIS HOUR",
        "LAST",
        "NEXT",
    ];
    let rows = found.iter().map(|one| {
        let next = match one.not_before {
            0 => "now".to_owned(),
            moment => show::ago(moment),
        };
        [
            show::plain(&one.user),
            one.directory.clone(),
            show::plain(&one.source),
            one.failures.to_string(),
            one.this_hour.to_string(),
            show::ago(one.last),
            next,
        ]
    });
    show::columns(heading, rows);
}

fn clear(options: &Options, user: Option<&str>) -> Result<ExitCode, Failure> {
    let call = ClearTries {
        user: user.map(str::to_owned),
    };
    let reply = ask(&call, QUICK)?;
    if options.json {
        show::json(&reply)?;
    } else {
        let whose = user.unwrap_or("everybody");
        println!(
            "forgot the wrong tries of {whose} from {} sources",
            reply.sources
        );
    }
    Ok(ExitCode::SUCCESS)
}
