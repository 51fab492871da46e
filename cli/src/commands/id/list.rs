//! `muster id list`: the ledger's lines, page by page.

use std::process::ExitCode;

use muster_common::wire::client::{Connection, Deadline};
use muster_common::wire::message::{IdEntry, ListIds, ListIdsReply};

use crate::ask::{QUICK, connect};
use crate::failure::{EXIT_NO, Failure};
use crate::options::{IdQuery, Options};
use crate::show;

/// Shows the lines that are wanted.
pub fn run(options: &Options, query: &IdQuery) -> Result<ExitCode, Failure> {
    let asked_about_one = query.id.is_some() || query.user.is_some() || query.group.is_some();
    let call = ListIds {
        id: query.id,
        name: query.user.clone().or_else(|| query.group.clone()),
        group: Some(query.group.is_some()),
        former: Some(query.all),
        after: None,
    };
    let mut found = Vec::new();
    every_page(&mut connect()?, call, |entry| {
        found.push(entry);
        Ok(())
    })?;
    if options.json {
        show::json(&found)?;
    } else {
        print(&found);
    }
    Ok(if asked_about_one && found.is_empty() {
        ExitCode::from(EXIT_NO)
    } else {
        ExitCode::SUCCESS
    })
}

/// Hands each line to `take`, by id.
pub fn every_page(
    connection: &mut Connection,
    mut call: ListIds,
    mut take: impl FnMut(IdEntry) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let reply: ListIdsReply = connection.call(&call, Deadline::after(QUICK))?;
        call.after = reply.entries.last().map(|entry| entry.id);
        let ended = !reply.more || reply.entries.is_empty();
        for entry in reply.entries {
            take(entry)?;
        }
        if ended {
            return Ok(());
        }
    }
}

fn print(found: &[IdEntry]) {
    let heading = ["ID", "KIND", "NAME", "SOURCE", "NAMESPACE", "KEY", ""];
    let rows = found.iter().map(|entry| {
        let standing = if entry.current {
            ""
        } else {
            "kept from others"
        };
        [
            entry.id.to_string(),
            entry.kind.clone(),
            entry.name.clone(),
            entry.source.clone(),
            entry.namespace.clone(),
            show::plain(&entry.key),
            standing.to_owned(),
        ]
    });
    show::columns(heading, rows);
}
