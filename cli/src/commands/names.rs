//! `muster user` and `muster group`: look-ups with their source.

use std::process::ExitCode;

use muster_common::wire::message::{GetGroup, GetUser};

use crate::ask::{QUICK, ask};
use crate::failure::Failure;
use crate::options::Options;
use crate::show;

/// Shows a user.
pub fn user(options: &Options, user: &str) -> Result<ExitCode, Failure> {
    let call = match user.parse() {
        Ok(uid) => GetUser {
            uid: Some(uid),
            name: None,
        },
        Err(_) => GetUser {
            name: Some(user.to_owned()),
            uid: None,
        },
    };
    let reply = ask(&call, QUICK)?;
    if options.json {
        show::json(&reply)?;
    } else {
        show::table(&[
            ("Name", reply.name),
            ("Uid", format!("{} ({})", reply.uid, reply.id_source)),
            ("Gid", reply.gid.to_string()),
            ("Full name", reply.gecos),
            ("Home", reply.home),
            ("Shell", reply.shell),
            ("Groups", reply.groups.join(" ")),
            ("Directory", format!("{} ({})", reply.directory, reply.key)),
        ]);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows a group.
pub fn group(options: &Options, group: &str) -> Result<ExitCode, Failure> {
    let call = match group.parse() {
        Ok(gid) => GetGroup {
            gid: Some(gid),
            name: None,
        },
        Err(_) => GetGroup {
            name: Some(group.to_owned()),
            gid: None,
        },
    };
    let reply = ask(&call, QUICK)?;
    if options.json {
        show::json(&reply)?;
    } else {
        show::table(&[
            ("Name", reply.name),
            ("Gid", reply.gid.to_string()),
            ("Members", reply.members.join(" ")),
            ("Directory", reply.directory),
        ]);
    }
    Ok(ExitCode::SUCCESS)
}
