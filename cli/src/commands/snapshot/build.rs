//! `muster snapshot build`: a snapshot out of passwd(5) and group(5).

use std::process::ExitCode;

use muster_common::clock::{Clock, SystemClock};
use muster_common::name::NameRule;
use muster_common::snapshot::build::{Built, Remark, Source, Sources, Weight, build, put};
use muster_common::snapshot::writer::write;
use serde_json::{Value, json};

use crate::commands::read::read;
use crate::failure::{EXIT_NO, Failure};
use crate::options::{BuildOrder, Options};
use crate::show;

/// Nobody counts the generations of a built snapshot.
const GENERATION: u64 = 1;
/// No host's passwd or group file is larger.
const SOURCE_MAX: u64 = 256 << 20;

/// Whether the file was made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Written,
    TooStrict,
}

/// Builds it and lists what was left out; with `--strict` only if nothing was.
pub fn run(options: &Options, order: &BuildOrder) -> Result<ExitCode, Failure> {
    let (passwd, group) = (
        read(&order.passwd, SOURCE_MAX)?,
        read(&order.group, SOURCE_MAX)?,
    );
    let sources = Sources {
        passwd: &passwd,
        group: &group,
        names: &NameRule::with_extra(&order.extra)?,
    };
    let mut built = build(sources, SystemClock.now())?;
    built.content.enumerate = !order.no_enumerate;
    let outcome = match count(&built, Weight::Refused) {
        1.. if order.strict => Outcome::TooStrict,
        _ => Outcome::Written,
    };
    if outcome == Outcome::Written {
        put(&write(&built.content, GENERATION)?, &order.out)?;
    }
    if options.json {
        show::json(&as_json(order, &built, outcome))?;
    } else {
        print(order, &built, outcome);
    }
    Ok(match outcome {
        Outcome::Written => ExitCode::SUCCESS,
        Outcome::TooStrict => ExitCode::from(EXIT_NO),
    })
}

fn count(built: &Built, weight: Weight) -> usize {
    let remarks = built.remarks.iter();
    remarks.filter(|remark| remark.weight == weight).count()
}

fn file(order: &BuildOrder, remark: &Remark) -> String {
    let file = match remark.source {
        Source::Passwd => &order.passwd,
        Source::Group => &order.group,
    };
    file.display().to_string()
}

fn print(order: &BuildOrder, built: &Built, outcome: Outcome) {
    for remark in &built.remarks {
        let Remark {
            line, name, why, ..
        } = remark;
        let note = match remark.weight {
            Weight::Refused => "",
            Weight::Noted => "note: ",
        };
        eprintln!("{}:{line}: {note}{name} {why}", file(order, remark));
    }
    let (users, groups) = (built.content.users.len(), built.content.groups.len());
    let (refused, out) = (count(built, Weight::Refused), order.out.display());
    match outcome {
        Outcome::Written => {
            println!("{out}: users {users}, groups {groups}, refused {refused}");
        }
        Outcome::TooStrict => {
            eprintln!("muster: {out} is not written: refused {refused}, and --strict allows none");
        }
    }
}

fn as_json(order: &BuildOrder, built: &Built, outcome: Outcome) -> Value {
    let remarks = |weight| {
        let remarks = built.remarks.iter().filter(move |r| r.weight == weight);
        let remarks = remarks.map(|remark| {
            let Remark {
                line, name, why, ..
            } = remark;
            json!({ "file": file(order, remark), "line": line, "name": name, "why": why })
        });
        remarks.collect::<Vec<_>>()
    };
    json!({
        "file": order.out,
        "written": outcome == Outcome::Written,
        "users": built.content.users.len(),
        "groups": built.content.groups.len(),
        "refused": remarks(Weight::Refused),
        "notes": remarks(Weight::Noted),
    })
}
