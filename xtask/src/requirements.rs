//! What a machine must have besides Rust: told from what is there, installed where we may, named where we may not.

use crate::artifacts;
use crate::program::{
    Failure, Outcome, execute, headline, is_root, on_path, output, program, succeeds,
};
use std::path::Path;

/// One thing that muster's commands need from the machine.
struct Requirement {
    what: &'static str,
    is_there: fn() -> bool,
    debian: &'static [&'static str],
    fedora: &'static [&'static str],
}

/// To compile and link muster.
const BUILD: &[Requirement] = &[
    Requirement {
        what: "a C compiler and binutils",
        is_there: || {
            on_path("cc") && on_path("readelf") && Path::new("/usr/include/stdio.h").exists()
        },
        debian: &["gcc", "libc6-dev", "binutils"],
        fedora: &["gcc", "glibc-devel", "binutils"],
    },
    Requirement {
        what: "libpam's headers",
        is_there: || Path::new("/usr/include/security/pam_modules.h").exists(),
        debian: &["libpam0g-dev"],
        fedora: &["pam-devel"],
    },
];

/// To build for 32-bit programs.
const I386: &[Requirement] = &[Requirement {
    what: "a C compiler's 32-bit half",
    is_there: || {
        succeeds(&mut program(
            "sh",
            [
                "-c",
                "echo 'int main(void){return 0;}' | cc -m32 -x c -o /dev/null -",
            ],
        ))
    },
    debian: &["gcc-multilib"],
    fedora: &["glibc-devel.i686", "libgcc.i686"],
}];

/// To make private namespaces.
const WORLDS: &[Requirement] = &[Requirement {
    what: "unshare, nsenter and mount",
    is_there: || {
        ["unshare", "nsenter", "mount", "pivot_root", "tar"]
            .into_iter()
            .all(on_path)
    },
    debian: &["util-linux", "mount", "tar"],
    fedora: &["util-linux", "tar"],
}];

/// To run the directory clients that others wrote.
const CLIENTS: &[Requirement] = &[Requirement {
    what: "Python with virtual environments",
    is_there: || succeeds(&mut program("python3", ["-c", "import venv, ensurepip"])),
    debian: &["python3", "python3-venv"],
    fedora: &["python3", "python3-pip"],
}];

/// To judge systemd's units.
const UNITS: &[Requirement] = &[Requirement {
    what: "systemd-analyze",
    is_there: || on_path("systemd-analyze"),
    debian: &["systemd"],
    fedora: &["systemd"],
}];

/// To make packages for Debian.
const DEBS: &[Requirement] = &[Requirement {
    what: "debhelper and lintian",
    is_there: || {
        ["dpkg-buildpackage", "dh", "lintian"]
            .into_iter()
            .all(on_path)
    },
    debian: &["dpkg-dev", "debhelper", "lintian"],
    fedora: &["dpkg-dev", "debhelper", "lintian"],
}];

/// To make packages for Fedora and EL.
const RPMS: &[Requirement] = &[Requirement {
    what: "rpmbuild, rpmlint and cpio",
    is_there: || ["rpmbuild", "rpmlint", "cpio"].into_iter().all(on_path),
    debian: &["rpm", "rpmlint", "cpio"],
    fedora: &["rpm-build", "rpmlint", "cpio"],
}];

/// To make a Debian of the peers' own.
const PEERS: &[Requirement] = &[Requirement {
    what: "debootstrap",
    is_there: || on_path("debootstrap"),
    debian: &["debootstrap"],
    fedora: &["debootstrap"],
}];

/// Makes sure that muster can be compiled here.
pub(crate) fn for_building() -> Outcome {
    ensure(BUILD)
}

/// Makes sure that worlds can be made here. Only Debian and its relatives: a world installs sshd with apt.
pub(crate) fn for_worlds() -> Outcome {
    ensure(WORLDS)?;
    if !on_path("apt-get") {
        return Err(Failure::new(
            "the private namespace installs sshd and the like with apt-get, which this machine lacks: use Debian or Ubuntu",
        ));
    }
    if has_overlay() || succeeds(&mut program("modprobe", ["overlay"])) && has_overlay() {
        return Ok(());
    }
    Err(Failure::new(
        "this kernel has no overlayfs, which the private namespace is made of",
    ))
}

/// Makes sure that third-party clients can be installed in a virtual environment.
pub(crate) fn for_clients() -> Outcome {
    ensure(CLIENTS)
}

/// Makes sure that the NSS module can be built for 32-bit programs.
pub(crate) fn for_i386() -> Outcome {
    ensure(I386)?;
    let sysroot = output(&mut program("rustc", ["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(artifacts::I386);
    if library.exists() || succeeds(&mut program("rustup", ["target", "add", artifacts::I386])) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "Rust's library for 32-bit programs is missing: rustup target add {}",
        artifacts::I386
    )))
}

/// Makes sure that systemd's units can be judged.
pub(crate) fn for_units() -> Outcome {
    ensure(UNITS)
}

/// Makes sure that packages for Debian can be made and checked.
pub(crate) fn for_debs() -> Outcome {
    ensure(DEBS)
}

/// Makes sure that packages of every kind can be made, and installed in hosts of their own.
pub(crate) fn for_packages() -> Outcome {
    ensure(DEBS)?;
    ensure(RPMS)?;
    ensure(PEERS)?;
    ensure(WORLDS)
}

/// Makes sure that packages for Fedora and EL can be made and checked.
pub(crate) fn for_rpms() -> Outcome {
    ensure(RPMS)
}

/// Makes sure that source packages of every kind can be made.
pub(crate) fn for_source_packages() -> Outcome {
    ensure(DEBS)?;
    ensure(RPMS)
}

/// Makes sure that the peers can be installed, in a tree of their own.
pub(crate) fn for_peers() -> Outcome {
    ensure(PEERS)
}

fn has_overlay() -> bool {
    std::fs::read_to_string("/proc/filesystems")
        .is_ok_and(|list| list.lines().any(|line| line.ends_with("\toverlay")))
}

fn ensure(requirements: &[Requirement]) -> Outcome {
    let missing: Vec<&Requirement> = requirements
        .iter()
        .filter(|one| !(one.is_there)())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !(is_root() && on_path("apt-get")) {
        return Err(Failure::new(advice(&missing)));
    }
    let packages: Vec<&str> = missing.iter().flat_map(|one| one.debian).copied().collect();
    headline(&format!(
        "installing what is missing: apt-get install {}",
        packages.join(" ")
    ));
    apt_install(&packages)?;
    match missing.iter().find(|one| !(one.is_there)()) {
        None => Ok(()),
        Some(one) => Err(Failure::new(format!(
            "{} still missing after apt-get",
            one.what
        ))),
    }
}

/// Installs with the package lists at hand, and fetches them only where they are absent or stale.
fn apt_install(packages: &[&str]) -> Outcome {
    let install = || {
        let mut apt = program(
            "apt-get",
            ["install", "-qq", "-y", "--no-install-recommends"],
        );
        apt.args(packages).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    if output(&mut install()).is_ok() {
        return Ok(());
    }
    execute(&mut program("apt-get", ["update", "-qq"]))?;
    output(&mut install()).map(drop)
}

fn advice(missing: &[&Requirement]) -> String {
    let what: Vec<&str> = missing.iter().map(|one| one.what).collect();
    let debian: Vec<&str> = missing.iter().flat_map(|one| one.debian).copied().collect();
    let fedora: Vec<&str> = missing.iter().flat_map(|one| one.fedora).copied().collect();
    format!(
        "missing: {}; run as root:  apt-get install {}   (or: dnf install {})",
        what.join(", "),
        debian.join(" "),
        fedora.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_names_the_packages_of_both_families() {
        let missing: Vec<&Requirement> = BUILD.iter().collect();
        let advice = advice(&missing);
        assert!(
            advice.contains("apt-get install gcc libc6-dev binutils libpam0g-dev"),
            "{advice}"
        );
        assert!(
            advice.contains("dnf install gcc glibc-devel binutils pam-devel"),
            "{advice}"
        );
        assert_eq!(advice.lines().count(), 1);
    }
}
