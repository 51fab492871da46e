//! `muster doctor`: examines the host, says what is wrong and how to repair it, and repairs what is safe.

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use muster_cli::doctor::catalogue::checks;
use muster_cli::doctor::facts::Facts;
use muster_cli::doctor::finding::Level;
use muster_cli::doctor::fix::Fix;
use muster_cli::doctor::gather;
use muster_cli::doctor::host::Host;
use muster_cli::doctor::report::{self, Colours, Examined, Fine};

use crate::failure::Failure;
use crate::options::{DoctorOrder, Options};
use crate::show;

/// The exit code of an error, so that 1 is left for warnings.
const EXIT_ERROR: u8 = 5;

/// Examines, and with `--fix` repairs and examines again.
pub fn run(options: &Options, order: &DoctorOrder) -> Result<ExitCode, Failure> {
    if order.list {
        return list(options);
    }
    let mut found = report::examine(&host(order));
    let fixes = fixes(&found);
    if order.dry_run {
        for fix in &fixes {
            eprintln!("muster: would run: {fix}");
        }
    } else if order.fix {
        repair(&fixes);
        found = report::examine(&host(order));
    }
    if options.json {
        show::json(&report::json(&found))?;
    } else {
        print!("{}", report::text(&found, colours(), fine(order)));
    }
    Ok(ExitCode::from(match report::worst(&found) {
        Level::Error => EXIT_ERROR,
        Level::Warning => crate::failure::EXIT_NO,
        Level::Note | Level::Fine | Level::Skipped => 0,
    }))
}

fn host(order: &DoctorOrder) -> Host {
    match order.root.as_deref() {
        None => Host::at(Path::new("/"), 0, gather()),
        Some(root) => Host::at(root, 0, Facts::of_an_image()),
    }
}

fn fine(order: &DoctorOrder) -> Fine {
    match order.all {
        true => Fine::Shown,
        false => Fine::Counted,
    }
}

fn colours() -> Colours {
    match std::io::stdout().is_terminal() {
        true => Colours::On,
        false => Colours::Off,
    }
}

/// Each repair once.
fn fixes(found: &[Examined]) -> Vec<Fix> {
    let mut fixes: Vec<Fix> = Vec::new();
    for finding in found.iter().flat_map(|one| &one.findings) {
        if let Some(fix) = finding.fix.as_deref().filter(|fix| !fixes.contains(fix)) {
            fixes.push(fix.clone());
        }
    }
    fixes
}

fn repair(fixes: &[Fix]) {
    for fix in fixes {
        match fix.apply(0) {
            Ok(()) => eprintln!("muster: repaired: {fix}"),
            Err(error) => eprintln!("muster: not repaired: {fix}: {error}"),
        }
    }
}

fn list(options: &Options) -> Result<ExitCode, Failure> {
    let rows: Vec<_> = checks()
        .map(|check| serde_json::json!({ "name": check.name, "examines": check.examines, "risk": check.risk, "repair": check.repair }))
        .collect();
    if options.json {
        show::json(&rows)?;
    } else {
        let shown = checks().map(|check| [check.name.to_owned(), check.examines.to_owned()]);
        show::columns(["CHECK", "EXAMINES"], shown);
    }
    Ok(ExitCode::SUCCESS)
}
