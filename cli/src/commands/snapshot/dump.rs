//! `muster snapshot dump`: one as text, as getent prints it. Of a damaged one nothing is printed.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use muster_common::snapshot::content::Content;
use muster_common::snapshot::text::{write_group, write_initgroups, write_passwd};
use serde_json::{Value, json};

use super::file::{snapshot, verified};
use crate::failure::Failure;
use crate::options::{Database, Options};

/// Prints a part of it.
pub fn run(options: &Options, file: &Path, what: Database) -> Result<ExitCode, Failure> {
    let (snapshot, _) = snapshot(file)?;
    let content = verified(file, &snapshot)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match what {
        _ if options.json => print_json(&content, what, &mut out),
        Database::Passwd => write_passwd(&content.users, &mut out),
        Database::Group => write_group(&content.groups, &mut out),
        Database::Initgroups => write_initgroups(&content.users, &mut out),
    };
    match printed.and_then(|()| out.flush()) {
        // Whoever reads has enough: `| head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        printed => printed?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print_json(content: &Content, what: Database, out: &mut impl Write) -> io::Result<()> {
    let records: Vec<Value> = match what {
        Database::Passwd => content.users.iter().map(|user| {
            let account = &user.account;
            json!({
                "name": account.name.as_str(), "uid": account.uid.get(), "gid": account.gid.get(),
                "gecos": account.gecos, "home": account.home, "shell": account.shell,
            })
        }).collect(),
        Database::Group => content.groups.iter().map(|record| {
            let group = &record.group;
            let members: Vec<&str> = group.members.iter().collect();
            json!({ "name": group.name.as_str(), "gid": group.gid.get(), "members": members })
        }).collect(),
        Database::Initgroups => content.users.iter().map(|user| {
            let groups: Vec<u32> = user.groups.iter().map(|gid| gid.get()).collect();
            json!({ "name": user.account.name.as_str(), "groups": groups })
        }).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &records)?;
    writeln!(out)
}
