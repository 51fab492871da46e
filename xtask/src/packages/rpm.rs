//! What can be proved of the rpms on a Debian machine: their files, requirements and scripts, in a tree of its own.

use super::same;
use super::tally::Tally;
use crate::artifacts::Speed;
use crate::dist::{self, Surroundings};
use crate::program::{Failure, Outcome, headline, program};
use std::fs;
use std::path::{Path, PathBuf};

/// Packs them twice and has rpmlint judge them.
pub(crate) fn made(speed: Speed, tally: &mut Tally) -> Result<Vec<PathBuf>, Failure> {
    headline("packing for Fedora and EL, twice, and rpmlint");
    let again = dist::empty_folder("rpm-again")?;
    for package in dist::rpms(speed, Surroundings::Strange)? {
        let copy = again.join(package.file_name().unwrap_or_default());
        fs::copy(&package, &copy).map_err(|error| Failure::at(&copy, &error))?;
    }
    let packages = dist::rpms(speed, Surroundings::Own)?;
    let others = dist::files_in(&again, &["rpm"])?;
    tally.judge(
        "rpms: two packings, with other masks and time zones, are the same bytes",
        same(&packages, &others),
    );
    tally.judge("rpms: rpmlint finds no error", dist::lint_rpms(&packages));
    Ok(packages)
}

/// Installs them with rpm in a tree that is there already.
pub(crate) fn prove(tree: &Path, packages: &[PathBuf], tally: &mut Tally) -> Outcome {
    let mount = dist::empty_folder("rpm-mount")?;
    let script = include_str!("rpm.sh");
    let mut proof = program("unshare", ["--mount", "--propagation", "private"]);
    proof
        .args(["bash", "-c", script, "rpm.sh"])
        .arg(tree)
        .arg(mount)
        .args(packages);
    tally.take_from("rpms", &mut proof)
}
