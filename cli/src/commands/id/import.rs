//! `muster id import`: another host's ledger, checked whole before any of it is sent.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use muster_common::portable::{self, LINE_MAX, Portable, TEXT_MAX};
use muster_common::wire::client::Deadline;
use muster_common::wire::message::{CommitImport, CommitImportReply, REQUEST_MAX, StageImport};
use serde::Serialize;
use serde_json::json;

use crate::ask::{LONG, QUICK, connect};
use crate::commands::read::{read, read_up_to};
use crate::failure::{EXIT_NO, Failure};
use crate::options::Options;
use crate::show;

/// How many bytes of lines one request holds: what is around them has room, too.
const BATCH_MAX: usize = REQUEST_MAX - LINE_MAX - 256;

/// Reads the file, sends it and shows what came of it.
pub fn run(options: &Options, file: &Path, dry_run: bool) -> Result<ExitCode, Failure> {
    let text = if file == Path::new("-") {
        read_up_to(&mut io::stdin().lock(), TEXT_MAX)?
    } else {
        read(file, TEXT_MAX)?
    };
    let portable = match portable::read(&text) {
        Ok(portable) => portable,
        Err(problems) => return refuse(options, file, &problems),
    };
    drop(text);
    let mut connection = connect()?;
    for batch in batches(portable)? {
        connection.call(&batch, Deadline::after(QUICK))?;
    }
    let reply = connection.call(&CommitImport { dry_run }, Deadline::after(LONG))?;
    if options.json {
        show::json(&reply)?;
    } else {
        print(&reply, dry_run);
    }
    Ok(if reply.conflicts.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_NO)
    })
}

fn refuse(options: &Options, file: &Path, problems: &[String]) -> Result<ExitCode, Failure> {
    if options.json {
        println!("{}", json!({ "file": file, "problems": problems }));
    } else {
        for problem in problems {
            println!("{}: {}", file.display(), show::plain(problem));
        }
        println!("Nothing is imported.");
    }
    Ok(ExitCode::from(EXIT_NO))
}

fn print(reply: &CommitImportReply, dry_run: bool) {
    for conflict in &reply.conflicts {
        println!("not taken in: {}", show::plain(conflict));
    }
    if reply.more_conflicts > 0 {
        println!("and {} more", reply.more_conflicts);
    }
    let verb = if dry_run { "would be" } else { "are" };
    println!(
        "{} ids and {} names {verb} added; {} lines say nothing new; generation {} is served",
        reply.ids, reply.names, reply.present, reply.generation
    );
}

/// Requests that hold everything, each short enough for the wire.
fn batches(Portable { ids, names }: Portable) -> Result<Vec<StageImport>, Failure> {
    let mut batches = Batches::default();
    for entry in ids {
        let room = batches.room_for(&entry)?;
        room.ids.push(entry);
    }
    for entry in names {
        let room = batches.room_for(&entry)?;
        room.names.push(entry);
    }
    Ok(batches.all)
}

#[derive(Default)]
struct Batches {
    all: Vec<StageImport>,
    /// The bytes of the last one's lines.
    filled: usize,
}

impl Batches {
    /// The request that `line` goes into.
    fn room_for(&mut self, line: &impl Serialize) -> Result<&mut StageImport, Failure> {
        let length = serde_json::to_string(line).map_err(io::Error::from)?.len();
        self.filled = self.filled.saturating_add(length).saturating_add(1);
        if self.all.is_empty() || self.filled > BATCH_MAX {
            self.filled = length.saturating_add(1);
            self.all.push(StageImport::default());
        }
        // There is one: it has just been made, if there was none.
        self.all
            .last_mut()
            .ok_or_else(|| io::Error::other("no request to fill").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_common::portable::KEY_MAX;
    use muster_common::wire::codec::encode_call;
    use muster_common::wire::message::{IdEntry, NameEntry};

    #[test]
    fn batches_fit_the_wire_and_hold_everything_once_and_in_order() {
        // Every character of such a key takes two bytes on the wire.
        let key = format!("key:{}", "\\".repeat(KEY_MAX - 4));
        let entry = |id| IdEntry {
            id,
            key: key.clone(),
            ..IdEntry::default()
        };
        let name = NameEntry {
            key: key.clone(),
            ..NameEntry::default()
        };
        let portable = Portable {
            ids: (0..300).map(entry).collect(),
            names: vec![name; 100],
        };
        let batches = batches(portable.clone()).unwrap();
        assert!(batches.len() > 1);
        for batch in &batches {
            assert!(encode_call(batch, false).is_ok());
        }
        let ids: Vec<_> = batches.iter().flat_map(|batch| batch.ids.clone()).collect();
        assert_eq!(ids, portable.ids);
        let names = batches.iter().map(|batch| batch.names.len()).sum::<usize>();
        assert_eq!(names, 100);
    }
}
