//! `muster explain`: why a user may or may not use a service.

use std::process::ExitCode;

use muster_common::wire::message::Explain;

use crate::ask::{QUICK, ask};
use crate::failure::{EXIT_NO, Failure};
use crate::options::Options;
use crate::show;

/// Shows the decision and its facts.
pub fn run(options: &Options, user: &str, service: &str) -> Result<ExitCode, Failure> {
    let call = Explain {
        user: user.to_owned(),
        service: service.to_owned(),
    };
    let reply = ask(&call, QUICK)?;
    if options.json {
        show::json(&reply)?;
    } else {
        println!("{}", reply.decision);
        for fact in &reply.facts {
            println!("  - {fact}");
        }
    }
    Ok(if reply.allowed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_NO)
    })
}
