//! One thing broken for each check, and how bad that is.

use muster_common::wire::message::RevokedUser;

use super::scene::{GROUP, PASSWD, Scene};
use crate::doctor::facts::Process;
use crate::doctor::finding::Level::{self, Error, Note, Warning};

pub(super) type Breakage = (&'static str, Level, fn(&mut Scene));

const NSSWITCH: &str = "/etc/nsswitch.conf";
const AUTH: &str = "/etc/pam.d/common-auth";
const ACCOUNT: &str = "/etc/pam.d/common-account";
const SSHD: &str = "/etc/ssh/sshd_config";
const NSS_MODULE: &str = "/usr/lib/x86_64-linux-gnu/libnss_muster.so.2";

pub(super) const BREAKAGES: &[Breakage] = &[
    ("nsswitch-users", Error, |s| {
        s.replace(NSSWITCH, "passwd: files muster", "passwd: files");
    }),
    ("nsswitch-groups", Error, |s| {
        s.replace(NSSWITCH, "group: files muster", "");
    }),
    ("nsswitch-order", Error, |s| {
        s.replace(NSSWITCH, "passwd: files muster", "passwd: muster files");
    }),
    ("nsswitch-order", Warning, |s| {
        s.replace(NSSWITCH, "passwd: files", "passwd: files sss");
    }),
    ("nsswitch-reached", Error, |s| {
        s.replace(NSSWITCH, "passwd: files", "passwd: files [NOTFOUND=return]");
    }),
    ("nsswitch-initgroups", Error, |s| {
        s.append(NSSWITCH, "initgroups: files\n");
    }),
    ("nss-module", Error, |s| s.remove(NSS_MODULE)),
    ("nss-module", Error, |s| s.mode(NSS_MODULE, 0o666)),
    ("nscd", Warning, |s| {
        s.write(
            "/etc/nscd.conf",
            "enable-cache passwd yes\nenable-cache hosts yes\n",
        );
        s.facts.processes.push(Process {
            pid: 7,
            name: "nscd".to_owned(),
            gone: vec![],
        });
    }),
    ("names-shadowed", Error, |s| {
        s.append("/etc/passwd", "ada:x:1000:1000::/home/ada:/bin/sh\n");
    }),
    ("names-shadowed", Warning, |s| {
        s.status()
            .problems
            .push("user ada: is a local user".to_owned());
    }),
    ("ids-shadowed", Error, |s| {
        s.append("/etc/passwd", "eve:x:2000000001:1000::/:/bin/sh\n");
    }),
    ("ids-login-defs", Warning, |s| {
        s.replace("/etc/login.defs", "\nUID_MAX 60000", "\nUID_MAX 2000000005");
    }),
    ("ids-system", Error, |s| {
        s.replace(
            "/etc/login.defs",
            "SYS_UID_MAX 999",
            "SYS_UID_MAX 2000000005",
        );
    }),
    ("ids-subordinate", Error, |s| {
        s.write("/etc/subuid", "eve:2000000000:65536\n");
    }),
    ("ids-systemd", Warning, |s| {
        let ids = "version = 1\n[ids]\nderive = [600000, 2000000]\n";
        s.replace("/etc/muster/muster.toml", "version = 1\n", ids);
    }),
    ("pam-services", Error, |s| {
        s.write(
            "/etc/pam.d/su",
            "@include common-auth\naccount required pam_unix.so\n",
        );
    }),
    ("pam-services", Warning, |s| {
        s.write(
            "/etc/pam.d/su",
            "auth required pam_unix.so\naccount required pam_unix.so\n",
        );
    }),
    ("pam-syntax", Error, |s| {
        s.write("/etc/pam.d/other", "@include not-there\n");
    }),
    ("pam-people", Error, |s| {
        s.append("/etc/pam.d/sshd", "@include not-there\n");
    }),
    ("pam-syntax", Error, |s| {
        s.append(AUTH, "aut required pam_unix.so\n");
    }),
    ("pam-syntax", Error, |s| {
        s.append("/etc/pam.d/sshd", "@include common-nothing\n");
    }),
    ("pam-module", Error, |s| {
        s.remove("/usr/lib/x86_64-linux-gnu/security/pam_muster.so");
    }),
    ("pam-modules-there", Error, |s| {
        s.append(AUTH, "auth optional pam_nowhere.so\n");
    }),
    ("pam-proof", Error, |s| {
        s.replace(AUTH, "requisite pam_deny.so", "optional pam_env.so");
    }),
    ("pam-proof", Note, |s| {
        s.write(
            "/etc/pam.d/su",
            "auth sufficient pam_strange.so\n@include common-auth\n@include common-account\n",
        );
    }),
    ("pam-local-accounts", Error, |s| {
        s.write(
            AUTH,
            "auth requisite pam_muster.so\nauth required pam_unix.so\n",
        );
    }),
    ("pam-account-local", Error, |s| {
        s.replace(ACCOUNT, "user_unknown=ignore", "user_unknown=bad");
    }),
    ("pam-account-closed", Error, |s| {
        s.replace(ACCOUNT, "default=bad", "default=ignore");
    }),
    ("pam-account-closed", Error, |s| {
        s.write(
            ACCOUNT,
            "account sufficient pam_unix.so\naccount required pam_muster.so\n",
        );
    }),
    ("pam-people", Error, |s| {
        s.write(
            AUTH,
            "auth required pam_unix.so\nauth required pam_muster.so\n",
        );
    }),
    ("pam-files", Error, |s| s.mode(AUTH, 0o666)),
    ("sshd-pam", Error, |s| s.replace(SSHD, "UsePAM yes", "")),
    ("sshd-dialogue", Warning, |s| {
        s.replace(
            SSHD,
            "KbdInteractiveAuthentication yes",
            "KbdInteractiveAuthentication no",
        );
    }),
    ("sshd-grace", Warning, |s| s.replace(SSHD, "2m", "20")),
    ("sshd-empty-passwords", Error, |s| {
        s.write(
            "/etc/ssh/sshd_config.d/x.conf",
            "PermitEmptyPasswords yes\n",
        );
        s.append(SSHD, "Include sshd_config.d/*.conf\n");
    }),
    ("sshd-keys-command", Error, |s| {
        s.replace(SSHD, "ssh-keys %u", "ssh-keys");
    }),
    ("sshd-keys-command", Error, |s| {
        s.replace(SSHD, "User muster-keys", "User nobody-here");
    }),
    ("privileged-sudoers", Note, |s| {
        s.write("/etc/sudoers.d/engineers", "%engineers ALL=(ALL:ALL) ALL\n");
    }),
    ("privileged-sudoers", Note, |s| {
        s.append("/etc/sudoers", "User_Alias OPS = eve, ada\nOPS ALL=ALL\n");
    }),
    ("privileged-sudoers", Note, |s| {
        s.write("/etc/sudoers.d/people", "ada ALL = NOPASSWD: ALL\n");
    }),
    ("privileged-sudoers", Note, |s| {
        s.append("/etc/sudoers", "@include sudoers.people\n");
        s.write(
            "/etc/sudoers.people",
            "User_Alias OPS = eve, \\\n ada\nOPS ALL=ALL\n",
        );
    }),
    ("privileged-polkit", Note, |s| {
        s.write(
            "/etc/polkit-1/rules.d/50.rules",
            "  if (subject.isInGroup(\"engineers\")) {\n",
        );
    }),
    ("privileged-sshd", Note, |s| {
        s.append(SSHD, "AllowGroups engineers wheel\n");
    }),
    ("privileged-sshd", Note, |s| {
        s.append(SSHD, "Match User ada\n");
    }),
    ("privileged-access", Note, |s| {
        s.write("/etc/security/access.conf", "+ : root (engineers) : ALL\n");
    }),
    ("privileged-access", Note, |s| {
        s.write(
            "/etc/security/group.conf",
            "*;*;%engineers;Al0000-2400;plugdev\n",
        );
    }),
    ("privileged-free", Warning, |s| {
        s.write("/etc/sudoers.d/old", "%platform ALL=(ALL:ALL) ALL\n");
    }),
    ("configuration", Error, |s| s.configure("colour = 1")),
    ("configuration", Error, |s| {
        s.remove("/etc/muster/muster.toml");
    }),
    ("configuration-mode", Error, |s| {
        s.mode("/etc/muster/muster.toml", 0o666);
    }),
    ("secrets", Error, |s| {
        s.mode("/etc/muster/secrets/crowd", 0o644);
    }),
    ("secrets", Error, |s| s.remove("/etc/muster/secrets/crowd")),
    ("secrets-folder", Error, |s| {
        s.mode("/etc/muster/secrets", 0o700);
    }),
    ("configuration-mode", Error, |s| {
        s.write("/etc/muster/muster.d/10-more.toml", "");
        s.mode("/etc/muster/muster.d/10-more.toml", 0o666);
    }),
    ("secrets-folder", Error, |s| {
        s.mode("/etc/muster/secrets", 0o755);
    }),
    ("authorities", Error, |s| {
        s.configure("ca_file = \"/etc/muster/ca.pem\"");
    }),
    ("public-folder", Error, |s| {
        s.mode("/var/lib/muster/public", 0o777);
    }),
    ("public-folder", Error, |s| s.mode("/var/lib/muster", 0o700)),
    ("private-folder", Error, |s| {
        s.mode("/var/lib/muster/private", 0o755);
    }),
    ("snapshot", Error, |s| {
        s.write("/var/lib/muster/public/snapshot", "no snapshot");
    }),
    ("broker-user", Error, |s| {
        s.replace("/etc/shadow", "muster:!", "muster:$y$abc");
    }),
    ("sockets", Error, |s| s.mode("/run/muster/root.sock", 0o666)),
    ("sockets", Error, |s| s.remove("/run/muster/lookup.sock")),
    ("broker", Error, |s| {
        s.facts.broker = Some(Err("the broker is not there".to_owned()));
    }),
    ("broker-version", Warning, |s| {
        s.status().version = "0.0.1".to_owned();
    }),
    ("publishing", Error, |s| {
        s.status().publish_error = Some("no room".to_owned());
    }),
    ("directories", Error, |s| {
        s.status().directories[0].state = "misconfigured".to_owned();
    }),
    ("directories", Warning, |s| {
        s.status().directories[0].state = "unreachable".to_owned();
    }),
    ("freshness", Error, |s| s.status().directories[0].synced = 1),
    ("server-version", Note, |s| {
        s.status().directories[0].server = None;
    }),
    ("transport", Warning, |s| {
        s.configure("plain_http = \"loopback\"");
        let (from, to) = ("https://crowd.example.org", "http://127.0.0.1:8095");
        s.replace("/etc/muster/muster.toml", from, to);
    }),
    ("ledger", Warning, |s| {
        s.status()
            .problems
            .push("group ops: two directories claim it".to_owned());
    }),
    ("shut-out", Note, |s| {
        s.status().revoked.push(RevokedUser {
            user: "eve".to_owned(),
            ..RevokedUser::default()
        });
    }),
    ("clock", Error, |s| s.facts.now = 86_400),
    ("clock-kept", Warning, |s| s.facts.clock_kept = Some(false)),
    ("disk-space", Error, |s| s.facts.rooms[0].free = 1024),
    ("stale-modules", Warning, |s| {
        s.facts.processes.push(holder(3, NSS_MODULE));
    }),
    ("stale-maps", Note, |s| {
        s.facts
            .processes
            .extend((0..30).map(|pid| holder(pid, "/var/lib/muster/public/snapshot")));
    }),
    ("denials", Warning, |s| {
        s.append(
            "/var/log/kern.log",
            "audit: apparmor=\"DENIED\" operation=\"open\" profile=\"/usr/sbin/musterd\"\n",
        );
    }),
    ("units", Error, |s| {
        s.remove("/usr/lib/systemd/system/musterd.socket");
    }),
    ("units", Error, |s| {
        s.link("/etc/systemd/system/musterd.socket", "/dev/null");
    }),
    ("units", Error, |s| {
        s.write("/etc/systemd/system/muster-publish.service", "");
    }),
    ("unit-hardening", Warning, |s| {
        s.write(
            "/etc/systemd/system/service.d/all.conf",
            "[Service]\nNoNewPrivileges=no\n",
        );
    }),
    ("unit-hardening", Warning, |s| {
        s.write(
            "/etc/systemd/system/muster-.service.d/family.conf",
            "[Service]\nNoNewPrivileges=no\n",
        );
    }),
    ("unit-hardening", Warning, |s| {
        let [open, closed] =
            ["User=root", "User=muster"].map(|user| format!("[Service]\n{user}\n"));
        s.write("/run/systemd/system/musterd.service.d/50-open.conf", &open);
        s.write(
            "/etc/systemd/system/musterd.service.d/10-closed.conf",
            &closed,
        );
    }),
    ("unit-hardening", Warning, |s| {
        s.write(
            "/etc/systemd/system/musterd.service.d/x.conf",
            "[Service]\nUser=root\n",
        );
    }),
];

fn holder(pid: u32, path: &str) -> Process {
    Process {
        pid,
        name: "sshd".to_owned(),
        gone: vec![path.to_owned()],
    }
}

#[test]
fn a_group_that_is_served_is_named_with_file_and_line() {
    let mut scene = Scene::sound();
    scene.serve(PASSWD, GROUP);
    scene.write(
        "/etc/sudoers.d/engineers",
        "# people\n%engineers ALL=(ALL:ALL) ALL\n",
    );
    let (_, shown) = super::level(&scene, "privileged-sudoers");
    assert!(shown.contains("the group engineers"), "{shown}");
    assert!(shown.contains("/etc/sudoers.d/engineers"), "{shown}");
}
