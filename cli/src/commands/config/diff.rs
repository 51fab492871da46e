//! `muster config diff`: who gains and who loses access, before anything is changed.

use std::path::Path;
use std::process::ExitCode;

use muster_common::access::changes::{Changes, changes};
use muster_common::config;
use muster_common::name::{ServiceName, UserName};
use muster_common::snapshot::reader::OpenError;
use serde_json::json;

use crate::commands::snapshot::file::snapshot;
use crate::failure::{EXIT_NO, Failure};
use crate::options::Options;
use crate::show;

/// Compares, and exits with 1 if anybody's access changes; with another code if that cannot be known.
pub fn run(options: &Options, old: &Path, new: &Path, file: &Path) -> Result<ExitCode, Failure> {
    let (old, new) = (config::load(old)?, config::load(new)?);
    let (people, _) = snapshot(file).map_err(no_people)?;
    let found = changes(&people, &old.access, &new.access);
    let mut found = found.map_err(|damaged| {
        no_people(Failure::Snapshot {
            path: file.to_owned(),
            source: OpenError::from(damaged),
        })
    })?;
    found.retain(|one| !one.gain.is_empty() || !one.lose.is_empty());
    if options.json {
        let services: Vec<_> = found.iter().map(as_json).collect();
        show::json(&json!({ "people": people.user_count(), "services": services }))?;
    } else {
        print(&found, people.user_count());
    }
    Ok(match found.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_NO),
    })
}

fn no_people(why: Failure) -> Failure {
    Failure::NoPeople(Box::new(why))
}

fn as_json(changes: &Changes) -> serde_json::Value {
    let names =
        |names: &[UserName]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    json!({
        "service": changes.service.as_ref().map(ServiceName::as_str),
        "gain": names(&changes.gain),
        "lose": names(&changes.lose),
    })
}

fn print(found: &[Changes], people: u32) {
    if found.is_empty() {
        println!("Nobody of {people} gains or loses access.");
    }
    for Changes {
        service,
        gain,
        lose,
    } in found
    {
        let service = service.as_ref();
        let service = service.map_or("Every other service", ServiceName::as_str);
        println!(
            "{service}: {} gain access, {} lose it",
            gain.len(),
            lose.len()
        );
        gain.iter().for_each(|name| println!("  + {name}"));
        lose.iter().for_each(|name| println!("  - {name}"));
    }
}
