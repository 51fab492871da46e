//! `cargo xtask check`: what must hold of the source before its tests are worth running, cheapest first.

use crate::program::{Failure, Outcome, cargo, execute, headline, program, target};
use crate::{no_words, requirements, tidy, units};
use std::path::PathBuf;

const CARGO_DENY: &str = "0.20.2";

/// Checks everything; the first thing that fails ends it.
pub(crate) fn run(words: &[String]) -> Outcome {
    no_words("check", words)?;
    headline("formatting");
    execute(&mut cargo(["fmt", "--all", "--check"]))?;
    requirements::for_building()?;
    tidy::sources()?;
    units::check()?;
    headline("clippy");
    execute(&mut cargo([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    headline("documentation, private items too");
    execute(
        cargo([
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
            "--quiet",
        ])
        .env(
            "RUSTDOCFLAGS",
            "-D warnings -A rustdoc::private_intra_doc_links",
        ),
    )?;
    tidy::modules()?;
    deny()
}

/// Licences, sources and bans of every dependency. Not advisories: their database needs the open internet.
fn deny() -> Outcome {
    headline("cargo-deny: bans, licences, sources");
    let tool = cargo_deny()?;
    execute(&mut program(
        tool,
        [
            "--log-level",
            "error",
            "check",
            "bans",
            "licenses",
            "sources",
        ],
    ))
}

/// The tool, installed below target/ on first use: the distributions do not carry it.
fn cargo_deny() -> Result<PathBuf, Failure> {
    let tools = target().join("tools");
    let tool = tools.join("bin/cargo-deny");
    let mark = tools.join(format!("cargo-deny-{CARGO_DENY}"));
    if tool.is_file() && mark.is_file() {
        return Ok(tool);
    }
    println!(
        "installing cargo-deny {CARGO_DENY} below {} (two minutes, once)",
        tools.display()
    );
    let mut install = cargo([
        "install",
        "cargo-deny",
        "--debug",
        "--locked",
        "--quiet",
        "--force",
    ]);
    install
        .args(["--version", CARGO_DENY, "--root"])
        .arg(&tools);
    install.env("CARGO_TARGET_DIR", tools.join("build"));
    execute(&mut install)?;
    let removed = std::fs::remove_dir_all(tools.join("build"));
    removed.map_err(|error| Failure::at(&tools, &error))?;
    std::fs::write(&mark, CARGO_DENY).map_err(|error| Failure::at(&mark, &error))?;
    Ok(tool)
}
