//! What can be proved of the rpms on a Debian machine: their files, requirements and scripts, in an empty tree.

use super::tally::Tally;
use crate::artifacts::Speed;
use crate::dist;
use crate::program::{Outcome, headline, program};

/// Packs them and installs them below a folder.
pub(crate) fn prove(speed: Speed, tally: &mut Tally) -> Outcome {
    headline("packing for Fedora and EL, and rpmlint");
    let packages = dist::rpms(speed)?;
    tally.judge("rpms: rpmlint finds no error", dist::lint_rpms(&packages));
    let root = dist::empty_folder("rpm-root")?;
    let mut proof = program("bash", ["-c", include_str!("rpm.sh"), "rpm.sh"]);
    tally.take_from("rpms", proof.arg(root).args(packages))
}
