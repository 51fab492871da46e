//! Where muster's files go on a host: the one table that installing, packages and worlds follow.

use crate::artifacts::{self, Speed};
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
    /// Whether 32-bit programs resolve names, too.
    pub(crate) i386: bool,
}

/// Where the glibc of 32-bit programs looks, as on Debian.
const I386_LIBDIR: &str = "/usr/lib/i386-linux-gnu";

/// One file: what it is made from and where it goes.
pub(crate) struct Put {
    pub(crate) from: PathBuf,
    pub(crate) to: String,
    pub(crate) mode: u32,
    pub(crate) existing: Existing,
}

/// What happens to a file that is already there.
#[derive(PartialEq, Eq)]
pub(crate) enum Existing {
    Replaced,
    Kept,
}

pub(crate) const FOLDERS: [&str; 4] = [
    "/etc/muster",
    "/etc/muster/secrets",
    "/var/lib/muster",
    "/var/lib/muster/public",
];
/// Readable by root alone until tmpfiles.d gives it to the group `muster`.
pub(crate) const SECRETS: &str = "/etc/muster/secrets";

impl Layout {
    /// The places of this machine's distribution, below a folder.
    pub(crate) fn below(destdir: PathBuf) -> Self {
        Self {
            destdir,
            prefix: "/usr".to_owned(),
            libdir: library_folder(),
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

/// The one table of what goes where.
pub(crate) fn files(layout: &Layout, speed: Speed) -> Vec<Put> {
    let Layout { prefix, libdir, .. } = layout;
    let packaging = tree().join("packaging");
    let modules = artifacts::folder(Speed::Release);
    let programs = artifacts::folder(speed);
    let put = |from: PathBuf, to: String, mode| Put {
        from,
        to,
        mode,
        existing: Existing::Replaced,
    };
    let mut files = vec![
        put(
            modules.join("libnss_muster.so"),
            format!("{libdir}/libnss_muster.so.2"),
            0o644,
        ),
        put(
            modules.join("libpam_muster.so"),
            format!("{libdir}/security/pam_muster.so"),
            0o644,
        ),
        put(
            programs.join("muster"),
            format!("{prefix}/bin/muster"),
            0o755,
        ),
        put(
            programs.join("musterd"),
            format!("{prefix}/sbin/musterd"),
            0o755,
        ),
        put(
            programs.join("muster-publish"),
            format!("{prefix}/sbin/muster-publish"),
            0o755,
        ),
        put(
            packaging.join("sysusers.d/muster.conf"),
            format!("{prefix}/lib/sysusers.d/muster.conf"),
            0o644,
        ),
        put(
            packaging.join("tmpfiles.d/muster.conf"),
            format!("{prefix}/lib/tmpfiles.d/muster.conf"),
            0o644,
        ),
        put(
            packaging.join("pam-configs/muster"),
            "/usr/share/pam-configs/muster".to_owned(),
            0o644,
        ),
        put(
            packaging.join("examples/muster.toml"),
            format!("{prefix}/share/doc/muster/muster.toml"),
            0o644,
        ),
    ];
    if layout.i386 {
        let library = artifacts::i386_folder().join("libnss_muster.so");
        let to = format!("{I386_LIBDIR}/libnss_muster.so.2");
        files.push(put(library, to, 0o644));
    }
    for licence in ["LICENSE-GPL-3.0", "LICENSE-LGPL-3.0"] {
        let to = format!("{prefix}/share/doc/muster/{licence}");
        files.push(put(tree().join(licence), to, 0o644));
    }
    for unit in UNITS {
        let from = packaging.join("systemd").join(unit);
        files.push(put(
            from,
            format!("{prefix}/lib/systemd/system/{unit}"),
            0o644,
        ));
    }
    files.push(Put {
        from: packaging.join("examples/muster.toml"),
        to: "/etc/muster/muster.toml".to_owned(),
        mode: 0o644,
        existing: Existing::Kept,
    });
    files
}

const UNITS: [&str; 5] = [
    "musterd.service",
    "musterd.socket",
    "musterd-lookup.socket",
    "muster-publish.service",
    "muster-publish.socket",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packaged_file_in_the_table_is_in_the_tree() {
        let layout = Layout::below("/nowhere".into());
        for put in files(&layout, Speed::Dev) {
            if put.from.starts_with(tree()) && !put.from.starts_with(artifacts::folder(Speed::Dev))
            {
                let built = put.from.starts_with(artifacts::folder(Speed::Release));
                assert!(built || put.from.is_file(), "{}", put.from.display());
            }
        }
    }
}
