//! `muster revoke` and `muster unrevoke`: shutting somebody out of this host, and taking it back.

use std::process::ExitCode;

use muster_common::wire::message::{Revoke, RevokeReply, Unrevoke};

use crate::ask::{LONG, ask};
use crate::failure::Failure;
use crate::options::Options;
use crate::show;

/// Shuts `user` out.
pub fn revoke(options: &Options, user: &str) -> Result<ExitCode, Failure> {
    let call = Revoke {
        user: user.to_owned(),
    };
    print(options, user, &ask(&call, LONG)?, "is shut out")?;
    if !options.json {
        println!("what {user} already runs goes on: loginctl terminate-user {user} ends it");
    }
    Ok(ExitCode::SUCCESS)
}

/// Lets `user` in again.
pub fn unrevoke(options: &Options, user: &str) -> Result<ExitCode, Failure> {
    let call = Unrevoke {
        user: user.to_owned(),
    };
    print(options, user, &ask(&call, LONG)?, "is not shut out")?;
    Ok(ExitCode::SUCCESS)
}

fn print(options: &Options, user: &str, reply: &RevokeReply, said: &str) -> Result<(), Failure> {
    if options.json {
        return Ok(show::json(reply)?);
    }
    let again = match reply.changed {
        true => "",
        false => ", as before",
    };
    println!(
        "{user} ({} of {}) {said}{again}; generation {} is served",
        show::plain(&reply.key),
        reply.directory,
        reply.generation
    );
    if let Some(why) = &reply.unpublished {
        println!(
            "Warning: not published ({}): logins by SSH key and cron follow the former snapshot until it is",
            show::plain(why)
        );
    }
    Ok(())
}
