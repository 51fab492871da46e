//! `cargo xtask demo`: makes everything ready and hands over to `muster-demo`, which shows and checks.

use crate::program::{Failure, Outcome, execute, headline, is_root, program};
use crate::{artifacts, no_words, requirements, test};

/// Builds muster and shows it at work.
pub(crate) fn run(words: &[String]) -> Outcome {
    no_words("demo", words)?;
    if !is_root() {
        return Err(Failure::new(
            "the demo makes a private namespace and needs root: sudo -E env \"PATH=$PATH\" cargo xtask demo",
        ));
    }
    requirements::for_building()?;
    requirements::for_worlds()?;
    headline("building muster");
    artifacts::build_modules()?;
    artifacts::build_everything_for_tests()?;
    let world = test::stage(artifacts::Speed::Dev)?;
    let demo = artifacts::folder(artifacts::Speed::Dev).join("muster-demo");
    execute(program(demo, [""; 0]).env("MUSTER_TEST_WORLD", world))
}
