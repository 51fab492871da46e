//! What the two modules carry into other people's programs: symbols, libraries, packages, bytes.

use crate::artifacts::{self, Speed};
use crate::program::{Failure, cargo, output, program};
use std::collections::BTreeSet;
use std::path::Path;

/// What a module may be.
struct Bounds {
    package: &'static str,
    file: &'static str,
    /// Exactly these are exported.
    symbols: &'static [&'static str],
    /// Nothing else is needed at run time.
    libraries: &'static [&'static str],
    /// At most so many packages, its own included.
    packages: usize,
    soname: Option<&'static str>,
}

const BOUNDS: [Bounds; 2] = [
    Bounds {
        package: "muster-nss",
        file: "libnss_muster.so",
        symbols: &[
            "_nss_muster_endgrent",
            "_nss_muster_endpwent",
            "_nss_muster_endspent",
            "_nss_muster_getgrent_r",
            "_nss_muster_getgrgid_r",
            "_nss_muster_getgrnam_r",
            "_nss_muster_getpwent_r",
            "_nss_muster_getpwnam_r",
            "_nss_muster_getpwuid_r",
            "_nss_muster_getspent_r",
            "_nss_muster_getspnam_r",
            "_nss_muster_initgroups_dyn",
            "_nss_muster_setgrent",
            "_nss_muster_setpwent",
            "_nss_muster_setspent",
        ],
        libraries: &[
            "libc.so.6",
            "libgcc_s.so.1",
            "ld-linux-x86-64.so.2",
            "ld-linux-aarch64.so.1",
        ],
        packages: 14,
        soname: Some("libnss_muster.so.2"),
    },
    Bounds {
        package: "muster-pam",
        file: "libpam_muster.so",
        symbols: &[
            "pam_sm_acct_mgmt",
            "pam_sm_authenticate",
            "pam_sm_chauthtok",
            "pam_sm_close_session",
            "pam_sm_open_session",
            "pam_sm_setcred",
        ],
        libraries: &[
            "libc.so.6",
            "libgcc_s.so.1",
            "libpam.so.0",
            "ld-linux-x86-64.so.2",
            "ld-linux-aarch64.so.1",
        ],
        packages: 32,
        soname: None,
    },
];

/// A module enters every process: no HTTP, no TLS, no runtime, no threads of its own.
const NEVER: &[&str] = &[
    "reqwest", "hyper", "rustls", "tokio", "ring", "rusqlite", "moka", "clap", "openssl",
];

/// Stripped, in bytes.
const LARGEST: u64 = 640 * 1024;

/// Builds the modules and says what is out of bounds.
pub(super) fn findings() -> Result<Vec<String>, Failure> {
    artifacts::build_modules()?;
    let mut findings = Vec::new();
    for bounds in &BOUNDS {
        findings.extend(of_one(bounds)?);
    }
    Ok(findings)
}

fn of_one(bounds: &Bounds) -> Result<Vec<String>, Failure> {
    let library = artifacts::folder(Speed::Release).join(bounds.file);
    let size = std::fs::metadata(&library)
        .map_err(|error| Failure::at(&library, &error))?
        .len();
    let packages = packages(bounds.package)?;
    let dynamic = output(program("readelf", ["--dynamic", "--wide"]).arg(&library))?;
    println!(
        "{}: {} KB, {} packages",
        bounds.file,
        size / 1024,
        packages.len()
    );

    let mut findings = Vec::new();
    let mut say = |what: String| findings.push(format!("{}: {what}", bounds.file));
    if size > LARGEST {
        say(format!("{size} bytes, at most {LARGEST} are allowed"));
    }
    if packages.len() > bounds.packages {
        say(format!(
            "{} packages, at most {} are allowed: {packages:?}",
            packages.len(),
            bounds.packages
        ));
    }
    for never in NEVER.iter().filter(|never| packages.contains(**never)) {
        say(format!("carries {never}"));
    }
    let exported = exported(&library)?;
    let wanted: BTreeSet<String> = bounds
        .symbols
        .iter()
        .map(|symbol| (*symbol).to_owned())
        .collect();
    for symbol in exported.symmetric_difference(&wanted) {
        say(format!(
            "{symbol} is {}",
            if wanted.contains(symbol) {
                "not exported"
            } else {
                "exported"
            }
        ));
    }
    for needed in entries(&dynamic, "(NEEDED)").filter(|needed| !bounds.libraries.contains(needed))
    {
        say(format!("needs {needed}"));
    }
    if bounds.soname.is_some() && entries(&dynamic, "(SONAME)").next() != bounds.soname {
        say(format!(
            "has not the SONAME {}",
            bounds.soname.unwrap_or_default()
        ));
    }
    Ok(findings)
}

/// The names of all packages that a module is made of.
fn packages(package: &str) -> Result<BTreeSet<String>, Failure> {
    let tree = output(&mut cargo([
        "tree",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        package,
    ]))?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
}

/// The symbols that a library defines for others.
fn exported(library: &Path) -> Result<BTreeSet<String>, Failure> {
    let list =
        output(program("nm", ["--dynamic", "--defined-only", "--format=posix"]).arg(library))?;
    Ok(list
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
}

/// The bracketed values of one kind of entry in readelf's listing.
fn entries<'a>(dynamic: &'a str, kind: &'a str) -> impl Iterator<Item = &'a str> {
    dynamic
        .lines()
        .filter(move |line| line.contains(kind))
        .filter_map(|line| line.split_once('[')?.1.split_once(']'))
        .map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readelf_is_understood() {
        let listing = " 0x1 (NEEDED)  Shared library: [libc.so.6]\n 0xe (SONAME)  Library soname: [libx.so.2]\n";
        assert_eq!(
            entries(listing, "(NEEDED)").collect::<Vec<_>>(),
            ["libc.so.6"]
        );
        assert_eq!(entries(listing, "(SONAME)").next(), Some("libx.so.2"));
    }
}
