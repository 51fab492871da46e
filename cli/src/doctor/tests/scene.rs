//! A host in a folder, sound until a test breaks it.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use muster_common::certificate::Certificate;
use muster_common::clock::{Clock, SystemClock};
use muster_common::name::NameRule;
use muster_common::snapshot::build::{Sources, build};
use muster_common::snapshot::writer::write;
use muster_common::wire::message::{DirectoryStatus, StatusReply};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::doctor::facts::{Facts, Handshake, Room, Shaken};
use crate::doctor::host::Host;

const ARCH: &str = "/usr/lib/x86_64-linux-gnu";
pub(super) const PASSWD: &str = "ada:*:2000000001:2000000001::/home/ada:/bin/sh\n";
pub(super) const GROUP: &str = "ada:*:2000000001:\nengineers:*:2000000100:ada\n";

pub(super) struct Scene {
    folder: tempfile::TempDir,
    pub(super) facts: Facts,
    pub(super) owner: u32,
    broker: (u32, u32),
    _sockets: Vec<UnixListener>,
}

impl Scene {
    pub(super) fn empty() -> Self {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        let broker = match uid.as_raw() {
            0 => (990, 990),
            uid => (uid, gid.as_raw()),
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            facts: facts(),
            owner: uid.as_raw(),
            broker,
            _sockets: Vec::new(),
        }
    }

    pub(super) fn sound() -> Self {
        let mut scene = Self::empty();
        let (uid, gid) = scene.broker;
        scene.write("/etc/passwd", &format!("root:x:0:0::/root:/bin/sh\nmuster:x:{uid}:{gid}::/nonexistent:/bin/false\nmuster-keys:x:991:991::/:/bin/false\n"));
        scene.write("/etc/group", "root:x:0:\nwheel:x:10:\n");
        scene.write("/etc/shadow", "muster:!:1::::::\n");
        scene.write("/etc/login.defs", "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nSYS_UID_MIN 100\nSYS_UID_MAX 999\nSYS_GID_MIN 100\nSYS_GID_MAX 999\n");
        scene.write(
            "/etc/nsswitch.conf",
            "passwd: files muster\ngroup: files muster\n",
        );
        for file in [
            "libnss_muster.so.2",
            "security/pam_muster.so",
            "security/pam_unix.so",
            "security/pam_deny.so",
            "security/pam_permit.so",
            "security/pam_env.so",
        ] {
            scene.write(&format!("{ARCH}/{file}"), "");
        }
        scene.stacks();
        scene.write("/etc/ssh/sshd_config", "UsePAM yes\nKbdInteractiveAuthentication yes\nLoginGraceTime 2m\nAuthorizedKeysCommand /usr/bin/muster ssh-keys %u\nAuthorizedKeysCommandUser muster-keys\n");
        scene.write(
            "/etc/sudoers",
            "root ALL=(ALL:ALL) ALL\n%wheel ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
        );
        scene.configure("");
        scene.state();
        scene.units();
        scene.write("/var/log/kern.log", "nothing\n");
        scene
    }

    fn stacks(&mut self) {
        let auth = "auth [success=2 default=ignore] pam_unix.so nullok\nauth [success=1 default=ignore] pam_muster.so use_first_pass\nauth requisite pam_deny.so\nauth required pam_permit.so\n";
        let account = "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\naccount requisite pam_deny.so\naccount required pam_permit.so\naccount [success=ok user_unknown=ignore default=bad] pam_muster.so\n";
        self.write("/etc/pam.d/common-auth", auth);
        self.write("/etc/pam.d/common-account", account);
        for service in ["sshd", "login", "su", "sudo"] {
            self.write(
                &format!("/etc/pam.d/{service}"),
                "auth required pam_env.so\n@include common-auth\n@include common-account\n",
            );
        }
        self.write(
            "/etc/pam.d/other",
            "auth required pam_deny.so\naccount required pam_deny.so\n",
        );
    }

    fn state(&mut self) {
        let (uid, gid) = self.broker;
        self.folder("/etc/muster/secrets", 0o750);
        chown(self.path("/etc/muster/secrets"), None, Some(gid)).unwrap();
        self.write("/etc/muster/secrets/crowd", "secret\n");
        self.mode("/etc/muster/secrets/crowd", 0o640);
        chown(self.path("/etc/muster/secrets/crowd"), None, Some(gid)).unwrap();
        self.folder("/var/lib/muster/public", 0o755);
        self.folder("/var/lib/muster/private", 0o700);
        chown(self.path("/var/lib/muster/private"), Some(uid), Some(gid)).unwrap();
        self.serve(PASSWD, GROUP);
        for (name, mode) in [("root", 0o600), ("lookup", 0o666), ("publish", 0o660)] {
            let place = format!("/run/muster/{name}.sock");
            self.folder("/run/muster", 0o755);
            self._sockets
                .push(UnixListener::bind(self.path(&place)).unwrap());
            self.mode(&place, mode);
        }
        chown(self.path("/run/muster/publish.sock"), None, Some(gid)).unwrap();
    }

    fn units(&mut self) {
        let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd");
        for unit in [
            "musterd.service",
            "muster-publish.service",
            "musterd.socket",
            "musterd-lookup.socket",
            "muster-publish.socket",
        ] {
            let text = fs::read_to_string(packaging.join(unit)).unwrap();
            self.write(&format!("/usr/lib/systemd/system/{unit}"), &text);
            let wants = if unit.ends_with("socket") {
                "sockets"
            } else {
                "multi-user"
            };
            self.write(
                &format!("/etc/systemd/system/{wants}.target.wants/{unit}"),
                "",
            );
        }
    }

    /// The directory's configuration with further lines in its section.
    pub(super) fn configure(&mut self, more: &str) {
        let text = format!(
            "version = 1\n[[directory]]\nname = \"corp\"\nkind = \"crowd\"\nurl = \"https://crowd.example.org/crowd\"\napplication = \"hosts\"\npassword_file = \"/etc/muster/secrets/crowd\"\n{more}\n[access]\nallow = [\"group:corp/engineers\"]\n"
        );
        self.write("/etc/muster/muster.toml", &text);
    }

    /// Puts a snapshot in its place that serves these.
    pub(super) fn serve(&mut self, passwd: &str, group: &str) {
        let names = NameRule::default();
        let sources = Sources {
            passwd: passwd.as_bytes(),
            group: group.as_bytes(),
            names: &names,
        };
        let mut built = build(sources, SystemClock.now()).unwrap();
        assert!(built.remarks.is_empty());
        built.content.id_ranges = vec![2_000_000_000..=2_000_999_999];
        let bytes = write(&built.content, 1).unwrap();
        let place = self.path("/var/lib/muster/public/snapshot");
        fs::write(&place, bytes).unwrap();
        self.mode("/var/lib/muster/public/snapshot", 0o644);
    }

    pub(super) fn path(&self, absolute: &str) -> PathBuf {
        self.folder.path().join(absolute.trim_start_matches('/'))
    }

    pub(super) fn folder(&self, absolute: &str, mode: u32) {
        fs::create_dir_all(self.path(absolute)).unwrap();
        self.mode(absolute, mode);
    }

    pub(super) fn mode(&self, absolute: &str, mode: u32) {
        fs::set_permissions(self.path(absolute), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(super) fn write(&mut self, absolute: &str, text: &str) {
        let path = self.path(absolute);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        self.mode(absolute, 0o644);
    }

    /// A pipe in which nothing ends, as long as somebody holds it.
    pub(super) fn pipe(&mut self, absolute: &str) -> File {
        let path = self.path(absolute);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
        File::options().read(true).write(true).open(path).unwrap()
    }

    pub(super) fn link(&mut self, absolute: &str, to: &str) {
        symlink(to, self.path(absolute)).unwrap();
    }

    pub(super) fn append(&mut self, absolute: &str, text: &str) {
        let before = fs::read_to_string(self.path(absolute)).unwrap();
        self.write(absolute, &(before + text));
    }

    pub(super) fn replace(&mut self, absolute: &str, old: &str, new: &str) {
        let before = fs::read_to_string(self.path(absolute)).unwrap();
        assert!(before.contains(old), "{absolute}: {old}");
        self.write(absolute, &before.replace(old, new));
    }

    pub(super) fn remove(&mut self, absolute: &str) {
        fs::remove_file(self.path(absolute)).unwrap();
    }

    pub(super) fn status(&mut self) -> &mut StatusReply {
        self.facts.broker.as_mut().unwrap().as_mut().unwrap()
    }

    pub(super) fn host(&self) -> Host {
        Host::at(self.folder.path(), self.owner, self.facts.clone())
    }
}

fn facts() -> Facts {
    let now = Facts::of_an_image().now;
    let corp = DirectoryStatus {
        name: "corp".to_owned(),
        state: "online".to_owned(),
        url: "https://crowd.example.org/crowd".to_owned(),
        server: Some("Crowd 6.0".to_owned()),
        synced: now,
        ..DirectoryStatus::default()
    };
    let status = StatusReply {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        generation: 7,
        directories: vec![corp],
        ..StatusReply::default()
    };
    let room = Room {
        place: "/var/lib/muster/public".to_owned(),
        free: 1 << 34,
        all: 1 << 35,
        ..Room::default()
    };
    Facts {
        live: true,
        by_root: true,
        broker: Some(Ok(status)),
        handshakes: vec![handshake(now)],
        rooms: vec![room],
        clock_kept: Some(true),
        ..Facts::of_an_image()
    }
}

fn handshake(now: u64) -> Handshake {
    let certificate = Certificate {
        subject: "CN=crowd.example.org".to_owned(),
        not_before: now - 86_400,
        not_after: now + 90 * 86_400,
    };
    Handshake {
        directory: "corp".to_owned(),
        url: "https://crowd.example.org/crowd".to_owned(),
        shaken: Shaken::Believed(vec![certificate]),
    }
}

/// A certificate of an authority's that ends `days` from now, in PEM.
pub(super) fn authority(days: i64) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let now = i64::try_from(Facts::of_an_image().now).unwrap();
    let end = u64::try_from(now + days * 86_400 + 60).unwrap();
    params.not_before = epoch + Duration::from_secs(end - 400 * 86_400);
    params.not_after = epoch + Duration::from_secs(end);
    params.self_signed(&key).unwrap().pem()
}
