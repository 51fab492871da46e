//! `muster status`: how directories, snapshot and broker are.

use std::process::ExitCode;

use muster_common::wire::message::{DirectoryStatus, RevokedUser, Status, StatusReply};

use crate::ask::{QUICK, ask};
use crate::failure::Failure;
use crate::options::Options;
use crate::show;

/// Shows the status.
pub fn run(options: &Options) -> Result<ExitCode, Failure> {
    let reply = ask(&Status {}, QUICK)?;
    if options.json {
        show::json(&reply)?;
    } else {
        print(&reply);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(reply: &StatusReply) {
    let served = match reply.generation {
        0 => "nothing yet".to_owned(),
        generation => {
            let published = show::ago(reply.published);
            format!(
                "{} users, {} groups (generation {generation}, published {published})",
                reply.users, reply.groups
            )
        }
    };
    show::table(&[
        (
            "Broker",
            format!(
                "musterd {}, up {}",
                reply.version,
                show::span(reply.uptime_seconds)
            ),
        ),
        ("Served", served),
        (
            "Publishing",
            reply.publish_error.clone().unwrap_or_default(),
        ),
    ]);
    for directory in &reply.directories {
        print_directory(directory);
    }
    print_revoked(&reply.revoked);
    if !reply.problems.is_empty() {
        println!("\nProblems");
    }
    for problem in &reply.problems {
        println!("  - {problem}");
    }
}

fn print_revoked(revoked: &[RevokedUser]) {
    if !revoked.is_empty() {
        println!("\nShut out by root (muster unrevoke)");
    }
    for one in revoked {
        println!(
            "  - {} ({} of {}), since {}",
            show::plain(&one.user),
            show::plain(&one.key),
            one.directory,
            show::ago(one.since)
        );
    }
}

fn read_whole(directory: &DirectoryStatus) -> String {
    let when = show::ago(directory.read_whole);
    if directory.tells_changes {
        format!("{when}; it tells what changes")
    } else {
        when
    }
}

fn print_directory(directory: &DirectoryStatus) {
    println!(
        "\nDirectory {} ({}, {})",
        directory.name, directory.kind, directory.url
    );
    show::table(&[
        ("  State", directory.state.clone()),
        ("  Error", directory.error.clone().unwrap_or_default()),
        ("  Server", directory.server.clone().unwrap_or_default()),
        ("  Synced", show::ago(directory.synced)),
        ("  Read whole", read_whole(directory)),
        ("  Next sync", show::ago(directory.next_sync)),
        (
            "  Contributes",
            format!("{} users, {} groups", directory.users, directory.groups),
        ),
    ]);
}
