//! The units under a systemd that is process 1: in namespaces of its own, started twice.

use super::tally::Tally;
use super::tree::Suite;
use crate::program::{Outcome, program};
use std::path::Path;

/// What the starts need besides what is in every proof folder.
pub(super) const SCRIPTS: [(&str, &str); 4] = [
    ("init.sh", include_str!("init.sh")),
    ("common.sh", include_str!("common.sh")),
    ("first.sh", include_str!("first.sh")),
    ("second.sh", include_str!("second.sh")),
];

/// Starts a host of this tree. A machine that cannot have a systemd of its own is no failure: the script says why.
pub(super) fn prove(
    suite: Suite,
    place: &Path,
    mount: &Path,
    proof: &Path,
    tally: &mut Tally,
) -> Outcome {
    let mut host = program("unshare", ["--mount", "--propagation", "private"]);
    host.args(["bash", "-c", include_str!("host.sh"), "host.sh"])
        .arg(place)
        .arg(mount)
        .arg(proof);
    tally.take_from(&format!("{} with systemd", suite.name), &mut host)
}
