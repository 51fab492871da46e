//! `muster version`.

use std::process::ExitCode;

use serde_json::json;

use crate::failure::Failure;
use crate::options::Options;

/// Prints the version.
pub fn run(options: &Options) -> Result<ExitCode, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if options.json {
        println!("{}", json!({ "version": version }));
    } else {
        println!("muster {version}");
    }
    Ok(ExitCode::SUCCESS)
}
