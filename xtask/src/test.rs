//! `cargo xtask test`: every test there is, ending with the runner's own closing lines.

use crate::artifacts::{self, Speed};
use crate::install;
use crate::layout::Layout;
use crate::manual;
use crate::program::{Failure, Outcome, cargo, execute, headline, is_root, target};
use crate::requirements;
use std::path::PathBuf;

/// Builds once and runs everything; words filter the tests by name, as with `cargo test`.
pub(crate) fn run(words: &[String]) -> Outcome {
    requirements::for_building()?;
    requirements::for_clients()?;
    if let Err(failure) = requirements::for_i386() {
        println!("the test of 32-bit programs is SKIPPED: {failure}");
    }
    headline("building modules, programs and tests");
    artifacts::build_modules()?;
    artifacts::build_everything_for_tests()?;
    let mut tests = cargo(["test", "--workspace", "--no-fail-fast"]);
    if is_root() {
        requirements::for_worlds()?;
        tests.env("MUSTER_TEST_WORLD", stage(Speed::Dev)?);
    } else {
        println!("not root: the stories in private namespaces are skipped");
    }
    headline("tests");
    execute(tests.args(words))
}

/// Installs what worlds and demo need below target/world, and returns that folder: `product` is muster as it is
/// installed on a host, and the programs of the tests stay where cargo built them.
pub(crate) fn stage(speed: Speed) -> Result<PathBuf, Failure> {
    let world = target().join("world");
    let product = world.join("product");
    if product.exists() {
        std::fs::remove_dir_all(&product).map_err(|error| Failure::at(&product, &error))?;
    }
    manual::write()?;
    install::install(&Layout::below(product), speed)?;
    Ok(world)
}
