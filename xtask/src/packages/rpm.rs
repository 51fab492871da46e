//! What can be proved of the rpms on a Debian machine: their files, requirements and scripts, in a tree of its own.

use super::tally::Tally;
use super::tree::{self, SUITES};
use crate::artifacts::Speed;
use super::same;
use crate::dist;
use crate::program::{Failure, Outcome, headline, program};
use std::fs;

/// Packs them and installs them below a folder.
pub(crate) fn prove(speed: Speed, tally: &mut Tally) -> Outcome {
    headline("packing for Fedora and EL, and rpmlint");
    let packages = dist::rpms(speed)?;
    tally.judge("rpms: rpmlint finds no error", dist::lint_rpms(&packages));
    let again = dist::empty_folder("rpm-again")?;
    for package in &packages {
        let copy = again.join(package.file_name().unwrap_or_default());
        fs::copy(package, &copy).map_err(|error| Failure::at(&copy, &error))?;
    }
    let packages = dist::rpms(speed)?;
    let others = dist::files_in(&again, &["rpm"])?;
    tally.judge("rpms: two packings are the same bytes", same(&packages, &others));
    let Some(suite) = SUITES.iter().find(|suite| !suite.may_be_absent) else {
        return Err(Failure::new("there is no tree for the rpms"));
    };
    let mount = dist::empty_folder("rpm-mount")?;
    let script = include_str!("rpm.sh");
    let mut proof = program("unshare", ["--mount", "--propagation", "private"]);
    proof
        .args(["bash", "-c", script, "rpm.sh"])
        .arg(tree::of(*suite)?)
        .arg(mount)
        .args(packages);
    tally.take_from("rpms", &mut proof)
}
