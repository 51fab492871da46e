//! What all worlds share: the packages that apt installs over the machine's root, kept as a tarball below target/.

use super::namespace;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// What people log in with, what makes users and folders of a package, `ip` to raise the loopback, a peer,
/// a keeper of names, what makes a clock wrong, and certificates.
const PACKAGES: [&str; 17] = [
    "openssh-server",
    "openssh-client",
    "sshpass",
    "sudo",
    "pamtester",
    "libpam-wrapper",
    "procps",
    "iproute2",
    "systemd",
    "libnss-extrausers",
    "cron",
    "expect",
    "systemd-userdbd",
    "libnss-systemd",
    "nscd",
    "libfaketime",
    "openssl",
];

/// Where the machine lists what is installed on it: another list makes another base.
const INSTALLED: &str = "/var/lib/dpkg/status";

/// The base of all worlds.
#[derive(Debug)]
pub(super) struct Base {
    /// The overlay's upper layer after the installation.
    pub(super) tarball: PathBuf,
    /// An empty folder to mount things on, in namespaces only.
    pub(super) folder: PathBuf,
}

impl Base {
    /// The base below `place`; made first if there is none for this machine as it is.
    #[track_caller]
    pub(super) fn at(place: &Path) -> Self {
        let base = Self {
            tarball: place.join(format!("base-{:016x}.tar", key())),
            folder: place.join("mount"),
        };
        fs::create_dir_all(&base.folder)
            .unwrap_or_else(|error| panic!("{}: {error}", base.folder.display()));
        let lock = File::create(place.join("lock")).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.unwrap_or_else(|error| panic!("cannot lock {}: {error}", place.display()));
        if !base.tarball.exists() {
            base.make(place);
        }
        base
    }

    #[track_caller]
    fn make(&self, place: &Path) {
        remove_old(place);
        let new = place.join("base.new");
        let mut command = namespace::unshare(&["--mount", "--pid"]);
        command
            .arg("base")
            .arg(&self.folder)
            .arg(&new)
            .args(PACKAGES);
        let made = command
            .output()
            .unwrap_or_else(|error| panic!("cannot run unshare: {error}"));
        if !made.status.success() {
            panic!(
                "the base of the worlds cannot be made:\n{}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
        fs::rename(&new, &self.tarball)
            .unwrap_or_else(|error| panic!("{}: {error}", new.display()));
    }
}

/// Changes with the machine's packages and with how a base is made.
fn key() -> u64 {
    let mut hasher = DefaultHasher::new();
    fs::read(INSTALLED).unwrap_or_default().hash(&mut hasher);
    PACKAGES.hash(&mut hasher);
    namespace::SCRIPT.hash(&mut hasher);
    hasher.finish()
}

fn remove_old(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("base-")) {
        // One that stays costs 20 MB, nothing else.
        let _ = fs::remove_file(entry.path());
    }
}
