//! `muster config check`: every problem of a configuration at once.

use std::path::Path;
use std::process::ExitCode;

use muster_common::config::{self, Config};
use serde_json::json;

use crate::failure::{EXIT_NO, Failure};
use crate::options::Options;

/// Checks the file, and the files that it names.
pub fn run(options: &Options, file: &Path) -> Result<ExitCode, Failure> {
    let (problems, warnings) = match config::load(file) {
        Ok(config) => (unusable_files(&config), config.warnings),
        Err(errors) => (errors.problems(), Vec::new()),
    };
    if options.json {
        println!(
            "{}",
            json!({ "file": file, "problems": problems, "warnings": warnings })
        );
    } else {
        print(file, &problems, &warnings);
    }
    Ok(if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_NO)
    })
}

fn print(file: &Path, problems: &[String], warnings: &[String]) {
    for problem in problems {
        println!("{problem}");
    }
    for warning in warnings {
        println!("warning: {warning}");
    }
    match problems.len() {
        0 => println!("{}: no problem found", file.display()),
        1 => println!("{}: 1 problem", file.display()),
        count => println!("{}: {count} problems", file.display()),
    }
}

/// Secrets and CA files that cannot be used: found now rather than when the broker starts.
fn unusable_files(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    for directory in &config.directories {
        if let Some((key, source)) = directory.kind.secret_file()
            && let Err(error) = config::read_secret(source)
        {
            problems.push(format!("directory {}: {key}: {error}", directory.name));
        }
        if let Some(Err(error)) = directory.server.ca_file.as_ref().map(std::fs::read) {
            problems.push(format!("directory {}: ca_file: {error}", directory.name));
        }
    }
    problems
}
