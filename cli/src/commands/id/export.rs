//! `muster id export`: the whole ledger as portable text (docs/ids.md).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use muster_common::portable::{Line, VERSION, written};
use muster_common::wire::client::Connection;
use muster_common::wire::message::{ListIds, ListNames, NameEntry};
use serde_json::json;

use super::list;
use crate::ask::connect;
use crate::commands::name;
use crate::failure::Failure;
use crate::options::Options;

/// How many lines were written.
struct Count {
    ids: usize,
    names: usize,
}

/// Writes it to the file, or to standard output.
pub fn run(options: &Options, file: &Path) -> Result<ExitCode, Failure> {
    let mut connection = connect()?;
    if file == Path::new("-") {
        export(&mut connection, &mut BufWriter::new(io::stdout().lock()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let unwritten = |source| Failure::File {
        path: file.to_owned(),
        source,
    };
    let mut out = BufWriter::new(File::create(file).map_err(unwritten)?);
    let Count { ids, names } = export(&mut connection, &mut out)?;
    out.get_ref().sync_all().map_err(unwritten)?;
    if options.json {
        println!("{}", json!({ "file": file, "ids": ids, "names": names }));
    } else {
        println!("{}: {ids} ids and {names} names", file.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn export(connection: &mut Connection, out: &mut impl Write) -> Result<Count, Failure> {
    let mut count = Count { ids: 0, names: 0 };
    write(out, &Line::Ledger { version: VERSION })?;
    let everything = ListIds {
        former: Some(true),
        ..ListIds::default()
    };
    list::every_page(connection, everything, |entry| {
        count.ids = count.ids.saturating_add(1);
        write(out, &Line::Id(entry))
    })?;
    for group in [false, true] {
        let everything = ListNames {
            group,
            ..ListNames::default()
        };
        name::every_page(connection, everything, |held| {
            count.names = count.names.saturating_add(1);
            let entry = NameEntry {
                kind: held.kind,
                name: held.name,
                directory: held.directory,
                key: held.key,
            };
            write(out, &Line::Name(entry))
        })?;
    }
    let Count { ids, names } = count;
    write(out, &Line::End { ids, names })?;
    out.flush()?;
    Ok(count)
}

fn write(out: &mut impl Write, line: &Line) -> Result<(), Failure> {
    let text = written(line).map_err(io::Error::from)?;
    Ok(out.write_all(text.as_bytes())?)
}
