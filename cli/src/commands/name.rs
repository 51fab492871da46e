//! `muster name`: for whom names are held, and giving one over to whoever claims it now.

use std::process::ExitCode;

use muster_common::wire::client::{Connection, Deadline};
use muster_common::wire::message::{AcceptName, AcceptNameReply, HeldName, ListNames};

use crate::ask::{LONG, ask, connect};
use crate::failure::{EXIT_NO, Failure};
use crate::options::{NameCommand, NameKind, Options};
use crate::show;

/// Shows held names, or gives one over.
pub fn run(options: &Options, command: &NameCommand) -> Result<ExitCode, Failure> {
    match command {
        NameCommand::List { all } => list(options, *all),
        NameCommand::Accept { kind, name } => accept(options, *kind, name),
    }
}

fn list(options: &Options, all: bool) -> Result<ExitCode, Failure> {
    let mut connection = connect()?;
    let mut found = Vec::new();
    for group in [false, true] {
        let call = ListNames {
            group,
            after: None,
            claimed: Some(!all),
        };
        every_page(&mut connection, call, |held| {
            found.push(held);
            Ok(())
        })?;
    }
    if options.json {
        show::json(&found)?;
    } else if found.is_empty() {
        println!("no name is claimed by anybody but whom it is held for");
    } else {
        print(&found);
    }
    Ok(ExitCode::SUCCESS)
}

/// Hands each name to `take`, in the order of their bytes.
pub fn every_page(
    connection: &mut Connection,
    mut call: ListNames,
    mut take: impl FnMut(HeldName) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        // Who claims what is found out by reading everybody.
        let reply = connection.call(&call, Deadline::after(LONG))?;
        call.after = reply.names.last().map(|held| held.name.clone());
        let ended = !reply.more || reply.names.is_empty();
        for held in reply.names {
            take(held)?;
        }
        if ended {
            return Ok(());
        }
    }
}

fn print(found: &[HeldName]) {
    let heading = ["KIND", "NAME", "HELD FOR", "ID", "CLAIMED BY"];
    let rows = found.iter().map(|held| {
        let claimants = held.claimants.iter();
        let claimants = claimants.map(|one| whose(&one.key, &one.directory));
        [
            held.kind.clone(),
            held.name.clone(),
            whose(&held.key, &held.directory),
            held.id.map(|id| id.to_string()).unwrap_or_default(),
            claimants.collect::<Vec<_>>().join(", "),
        ]
    });
    show::columns(heading, rows);
}

/// Releases the name; the next claim takes it.
fn accept(options: &Options, kind: NameKind, name: &str) -> Result<ExitCode, Failure> {
    let call = AcceptName {
        group: kind == NameKind::Group,
        name: name.to_owned(),
    };
    let reply = ask(&call, LONG)?;
    if options.json {
        show::json(&reply)?;
    } else {
        for line in sentences(kind, name, &reply) {
            println!("{line}");
        }
    }
    Ok(if reply.held {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_NO)
    })
}

fn sentences(kind: NameKind, name: &str, reply: &AcceptNameReply) -> Vec<String> {
    let generation = reply.generation;
    let Some(before) = &reply.before else {
        return vec![format!("{name} was not held for anybody")];
    };
    let of = |held: &HeldName| {
        let id = held
            .id
            .map_or_else(|| "no id".to_owned(), |id| format!("id {id}"));
        format!("{}, {id}", whose(&held.key, &held.directory))
    };
    let same = |now: &&HeldName| (&now.key, &now.directory) == (&before.key, &before.directory);
    match &reply.now {
        Some(now) if same(&now) => vec![format!(
            "Nobody else claims {name}: it is held again for {}; generation {generation} is served",
            of(now)
        )],
        now => {
            let now = now.as_ref().map_or_else(
                || "is nobody's until somebody claims it".to_owned(),
                |now| format!("is held for {} now", of(now)),
            );
            let first = format!(
                "{name} was held for {} and {now}; generation {generation} is served",
                of(before)
            );
            let left = before.id.map(|id| show::left_behind(kind, id));
            [first].into_iter().chain(left).collect()
        }
    }
}

fn whose(key: &str, directory: &str) -> String {
    format!("{} of {directory}", show::plain(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(key: &str, id: u32) -> HeldName {
        HeldName {
            directory: "corp".into(),
            key: key.into(),
            id: Some(id),
            ..HeldName::default()
        }
    }

    fn told(before: Option<HeldName>, now: Option<HeldName>) -> String {
        let reply = AcceptNameReply {
            held: before.is_some(),
            before,
            now,
            generation: 7,
        };
        sentences(NameKind::User, "ada", &reply).join("\n")
    }

    #[test]
    fn whoever_gives_a_name_over_is_told_of_the_files_left_behind() {
        let text = told(Some(held("key:1", 20_001)), Some(held("key:2", 20_005)));
        for words in [
            "was held for key:1 of corp, id 20001",
            "is held for key:2 of corp, id 20005 now",
            "find / -xdev -uid 20001",
            "generation 7",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let nobody = told(Some(held("key:1", 20_001)), None);
        assert!(nobody.contains("nobody's") && nobody.contains("find"));
        let same = told(Some(held("key:1", 20_001)), Some(held("key:1", 20_001)));
        assert!(same.contains("Nobody else claims ada") && !same.contains("find"));
        assert_eq!(told(None, None), "ada was not held for anybody");
    }
}
