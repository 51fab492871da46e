//! Where muster's files go on a host: the one table that installing, packages and worlds follow.

use crate::artifacts::{self, Speed};
use crate::manual;
use crate::program::{output, program, tree};
use std::path::{Path, PathBuf};

/// Where the parts of muster go.
pub(crate) struct Layout {
    /// What stands before every path: `/` on the host itself, a staging folder for packages and worlds.
    pub(crate) destdir: PathBuf,
    /// Where programs and their files go: `/usr`.
    pub(crate) prefix: String,
    /// Where glibc looks for NSS modules; PAM's are in `security` below it.
    pub(crate) libdir: String,
    /// Whose tools put muster into a host's stacks.
    pub(crate) distribution: Distribution,
    /// Where systemd's units go, where that is not PREFIX/lib/systemd/system.
    pub(crate) unitdir: Option<String>,
    /// Whether 32-bit programs resolve names, too.
    pub(crate) i386: bool,
}

/// The families of distributions, by what differs between them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Distribution {
    /// pam-auth-update and AppArmor.
    Debian,
    /// authselect and SELinux.
    Fedora,
}

/// Where the glibc of 32-bit programs looks, as on Debian.
const I386_LIBDIR: &str = "/usr/lib/i386-linux-gnu";

/// One file: what it is made from, where it goes and in which package it comes, if in any.
pub(crate) struct Put {
    pub(crate) from: PathBuf,
    pub(crate) to: String,
    pub(crate) mode: u32,
    pub(crate) existing: Existing,
    pub(crate) package: Option<Package>,
}

impl Put {
    /// Readable by everybody, and replaced by each installation.
    pub(crate) fn new(package: Package, from: PathBuf, to: String) -> Self {
        Self {
            from,
            to,
            mode: 0o644,
            existing: Existing::Replaced,
            package: Some(package),
        }
    }
}

/// The packages that have files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Package {
    Nss,
    Pam,
    Broker,
}

impl Package {
    pub(crate) const ALL: [Self; 3] = [Self::Nss, Self::Pam, Self::Broker];

    /// Its name, the same for every packager.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nss => "libnss-muster",
            Self::Pam => "libpam-muster",
            Self::Broker => "musterd",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|package| package.name() == name)
    }
}

/// What happens to a file that is already there.
#[derive(PartialEq, Eq)]
pub(crate) enum Existing {
    Replaced,
    Kept,
}

pub(crate) const FOLDERS: [&str; 5] = [
    "/etc/muster",
    "/etc/muster/muster.d",
    "/etc/muster/secrets",
    "/var/lib/muster",
    "/var/lib/muster/public",
];
/// Readable by root alone until tmpfiles.d gives it to the group `muster`.
pub(crate) const SECRETS: &str = "/etc/muster/secrets";

impl Layout {
    /// The places of this machine's distribution, below a folder.
    pub(crate) fn below(destdir: PathBuf) -> Self {
        let libdir = library_folder();
        Self {
            destdir,
            prefix: "/usr".to_owned(),
            distribution: match libdir.ends_with("/lib64") {
                true => Distribution::Fedora,
                false => Distribution::Debian,
            },
            libdir,
            unitdir: None,
            i386: false,
        }
    }

    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.destdir.join(path.trim_start_matches('/'))
    }
}

/// Debian's multiarch folder, or lib64 as on Fedora, or plain lib.
fn library_folder() -> String {
    let multiarch = output(&mut program("cc", ["-print-multiarch"])).unwrap_or_default();
    let multiarch = format!("/usr/lib/{}", multiarch.trim());
    [multiarch.trim_end_matches('/'), "/usr/lib64"]
        .into_iter()
        .find(|folder| Path::new(folder).join("libc.so.6").exists())
        .unwrap_or("/usr/lib")
        .to_owned()
}

/// The one table of what goes where, and in which package it comes.
pub(crate) fn files(layout: &Layout, speed: Speed) -> Vec<Put> {
    let mut files = modules(layout, speed);
    files.extend(programs(layout, speed));
    files.extend(packaged(layout));
    files.extend(manual::files(layout));
    files
}

fn modules(Layout { libdir, i386, .. }: &Layout, speed: Speed) -> Vec<Put> {
    let folder = artifacts::modules_folder(speed);
    let mut files = vec![
        Put::new(
            Package::Nss,
            folder.join("libnss_muster.so"),
            format!("{libdir}/libnss_muster.so.2"),
        ),
        Put::new(
            Package::Pam,
            folder.join("libpam_muster.so"),
            format!("{libdir}/security/pam_muster.so"),
        ),
    ];
    if *i386 {
        let library = artifacts::i386_folder().join("libnss_muster.so");
        let to = format!("{I386_LIBDIR}/libnss_muster.so.2");
        files.push(Put::new(Package::Nss, library, to));
    }
    files
}

fn programs(Layout { prefix, .. }: &Layout, speed: Speed) -> Vec<Put> {
    let folder = artifacts::folder(speed);
    [
        ("muster", "bin"),
        ("musterd", "sbin"),
        ("muster-publish", "sbin"),
        ("muster-userdb", "sbin"),
    ]
    .map(|(name, place)| {
        let to = format!("{prefix}/{place}/{name}");
        Put {
            mode: 0o755,
            ..Put::new(Package::Broker, folder.join(name), to)
        }
    })
    .into()
}

/// What lies in packaging/ as it is installed.
fn packaged(layout: &Layout) -> Vec<Put> {
    let prefix = &layout.prefix;
    let from = |name: &str| tree().join("packaging").join(name);
    let mut files = vec![
        Put {
            mode: 0o755,
            ..Put::new(
                Package::Nss,
                from("nsswitch/muster-nsswitch"),
                format!("{prefix}/lib/muster/muster-nsswitch"),
            )
        },
        Put {
            existing: Existing::Kept,
            ..Put::new(
                Package::Broker,
                from("etc/muster.toml"),
                "/etc/muster/muster.toml".to_owned(),
            )
        },
    ];
    files.extend(match layout.distribution {
        Distribution::Debian => debian(),
        Distribution::Fedora => fedora(layout),
    });
    for folder in ["sysusers.d", "tmpfiles.d"] {
        let to = format!("{prefix}/lib/{folder}/muster.conf");
        files.push(Put::new(
            Package::Broker,
            from(folder).join("muster.conf"),
            to,
        ));
    }
    let unitdir = layout
        .unitdir
        .clone()
        .unwrap_or_else(|| format!("{prefix}/lib/systemd/system"));
    for unit in UNITS {
        let to = format!("{unitdir}/{unit}");
        files.push(Put::new(Package::Broker, from("systemd").join(unit), to));
    }
    for example in EXAMPLES {
        let to = format!("{prefix}/share/doc/musterd/examples/{example}");
        files.push(Put::new(
            Package::Broker,
            from("examples").join(example),
            to,
        ));
    }
    for licence in ["LICENSE-GPL-3.0", "LICENSE-LGPL-3.0"] {
        let to = format!("{prefix}/share/doc/muster/{licence}");
        files.push(Put {
            package: None,
            ..Put::new(Package::Broker, tree().join(licence), to)
        });
    }
    files
}

/// What Debian's tools read.
fn debian() -> Vec<Put> {
    let from = |name: &str| tree().join("packaging").join(name);
    vec![
        Put::new(
            Package::Pam,
            from("pam-configs/muster"),
            "/usr/share/pam-configs/muster".to_owned(),
        ),
        Put {
            existing: Existing::Kept,
            ..Put::new(
                Package::Broker,
                from("apparmor/usr.sbin.musterd"),
                "/etc/apparmor.d/usr.sbin.musterd".to_owned(),
            )
        },
    ]
}

/// What Fedora's tools read; the policy module is built on the host, whose base policy it has to fit.
fn fedora(Layout { prefix, .. }: &Layout) -> Vec<Put> {
    let from = |name: String| tree().join("packaging").join(name);
    let profile = AUTHSELECT.map(|name| {
        let to = format!("/etc/authselect/custom/muster/{name}");
        Put {
            existing: Existing::Kept,
            ..Put::new(Package::Pam, from(format!("authselect/{name}")), to)
        }
    });
    let policy = ["muster.te", "muster.fc"].map(|name| {
        let to = format!("{prefix}/share/selinux/packages/muster/{name}");
        Put::new(Package::Broker, from(format!("selinux/{name}")), to)
    });
    profile.into_iter().chain(policy).collect()
}

/// The files of an authselect profile.
const AUTHSELECT: [&str; 8] = [
    "README",
    "REQUIREMENTS",
    "fingerprint-auth",
    "nsswitch.conf",
    "password-auth",
    "postlogin",
    "smartcard-auth",
    "system-auth",
];

pub(crate) const UNITS: [&str; 7] = [
    "musterd.service",
    "musterd.socket",
    "musterd-lookup.socket",
    "muster-publish.service",
    "muster-publish.socket",
    "muster-userdb.service",
    "muster-userdb.socket",
];

/// Example configurations, one per kind of directory, and secrets by systemd's credentials.
const EXAMPLES: [&str; 9] = [
    "apicrud.toml",
    "crowd.toml",
    "fas.toml",
    "gafaelfawr.toml",
    "local.toml",
    "three-directories.toml",
    "credentials.conf",
    "ansible.yml",
    "cloud-init.yml",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::target;

    #[test]
    fn every_packaged_file_in_the_table_is_in_the_tree() {
        for distribution in [Distribution::Debian, Distribution::Fedora] {
            let layout = Layout {
                distribution,
                ..Layout::below("/nowhere".into())
            };
            for put in files(&layout, Speed::Dev) {
                let built = put.from.starts_with(target());
                assert!(built || put.from.is_file(), "{}", put.from.display());
            }
        }
    }
}
