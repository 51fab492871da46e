//! `cargo xtask test`: every test there is, ending with the runner's own closing lines.

use crate::artifacts::{self, Speed};
use crate::install::{self, Layout};
use crate::program::{Failure, Outcome, cargo, execute, headline, is_root, program, target};
use crate::requirements;
use std::path::PathBuf;

/// The directory clients that others wrote, with the versions that were judged.
const CLIENTS: [&str; 2] = ["Crowd==3.1.0", "atlassian-python-api==4.0.7"];

/// Builds once and runs everything; words filter the tests by name, as with `cargo test`.
pub(crate) fn run(words: &[String]) -> Outcome {
    requirements::for_building()?;
    requirements::for_clients()?;
    headline("building modules, programs and tests");
    artifacts::build_modules()?;
    artifacts::build_everything_for_tests()?;
    let python = third_party_clients()?;
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    tests.env("MUSTER_TEST_PYTHON", python);
    if is_root() {
        requirements::for_worlds()?;
        tests.env("MUSTER_TEST_WORLD", stage()?);
    } else {
        println!("not root: the stories in private namespaces are skipped");
    }
    headline("tests");
    execute(tests.args(words))
}

/// Installs what worlds and demo need below target/world, and returns that folder: `product` is muster as it is
/// installed on a host, and the programs of the tests stay where cargo built them.
pub(crate) fn stage() -> Result<PathBuf, Failure> {
    let world = target().join("world");
    let product = world.join("product");
    if product.exists() {
        std::fs::remove_dir_all(&product).map_err(|error| Failure::at(&product, &error))?;
    }
    install::install(&Layout::below(product), Speed::Dev)?;
    Ok(world)
}

/// A virtual environment with the clients; returns its interpreter.
fn third_party_clients() -> Result<PathBuf, Failure> {
    let folder = target().join("clients");
    let python = folder.join("bin/python");
    let mark = folder.join("installed");
    let wanted = CLIENTS.join(" ");
    if std::fs::read_to_string(&mark).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    headline(&format!(
        "third-party clients in {}: {wanted}",
        folder.display()
    ));
    execute(program("python3", ["-m", "venv", "--clear"]).arg(&folder))?;
    execute(
        program(
            &python,
            [
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ],
        )
        .args(CLIENTS),
    )?;
    std::fs::write(&mark, wanted).map_err(|error| Failure::at(&mark, &error))?;
    Ok(python)
}
