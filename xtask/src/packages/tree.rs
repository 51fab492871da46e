//! Debian hosts without muster, made once by debootstrap and kept below target/.

use crate::program::{Failure, Outcome, execute, program, target};
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// A release of Debian.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// Whether it is enough to say that it could not be had.
    pub(crate) may_be_absent: bool,
    /// Whether apt, not debootstrap, has to install the rest: bookworm's debootstrap cannot order trixie's systemd.
    by_apt: bool,
}

/// Where the packages are proved.
pub(crate) const SUITES: [Suite; 2] = [
    Suite {
        name: "bookworm",
        may_be_absent: false,
        by_apt: false,
    },
    Suite {
        name: "trixie",
        may_be_absent: true,
        by_apt: true,
    },
];

const MIRROR: &str = "http://deb.debian.org/debian";

/// What people log in with, and what the packages themselves want, so that apt needs no lists.
const PACKAGES: &str = "ca-certificates,cron,dbus,iproute2,libpam-systemd,mawk,nscd,openssh-client,openssh-server,pamtester,procps,sshpass,sudo,systemd,systemd-sysv";

/// Installs in the tree `$1`; no service starts, since there is no systemd.
const BY_APT: &str = "mount -t proc proc \"$1/proc\"
    export DEBIAN_FRONTEND=noninteractive
    chroot \"$1\" apt-get -qq update
    chroot \"$1\" apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install";

/// The host's tree; made first where there is none.
pub(crate) fn of(suite: Suite) -> Result<PathBuf, Failure> {
    let trees = target().join("packages/trees");
    fs::create_dir_all(&trees).map_err(|error| Failure::at(&trees, &error))?;
    let place = trees.join(format!("{}-{:016x}", suite.name, key()));
    if !place.exists() {
        make(suite, &place)?;
    }
    Ok(place)
}

fn make(suite: Suite, place: &Path) -> Outcome {
    let new = place.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new).map_err(|error| Failure::at(&new, &error))?;
    }
    let included = match suite.by_apt {
        true => "ca-certificates",
        false => PACKAGES,
    };
    let mut making = program("debootstrap", ["--variant=minbase"]);
    making
        .arg(format!("--include={included}"))
        .arg(suite.name)
        .arg(&new)
        .arg(MIRROR)
        .stdout(std::process::Stdio::null());
    execute(&mut making)?;
    if suite.by_apt {
        let packages = PACKAGES.replace(',', " ");
        let script = format!("{BY_APT} {packages}");
        let mut installing = program("unshare", ["--mount", "--propagation", "private"]);
        installing.args(["sh", "-ec", &script, "sh"]).arg(&new);
        execute(installing.stdout(std::process::Stdio::null()))?;
    }
    fs::rename(&new, place).map_err(|error| Failure::at(place, &error))
}

/// Changes with what is in a tree.
fn key() -> u64 {
    let mut hasher = DefaultHasher::new();
    (PACKAGES, MIRROR).hash(&mut hasher);
    hasher.finish()
}
