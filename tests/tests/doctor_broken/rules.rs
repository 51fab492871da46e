//! Rules that name people: sudo, polkit, sshd, pam_access and pam_group.

use crate::table::{Breakage, Broken, HOST, PLAIN, Sh};

const SUDOERS: &str = "/etc/sudoers.d/people";
const POLKIT: &str = "/etc/polkit-1/rules.d/50-people.rules";
const SSHD: &str = "/etc/ssh/sshd_config";
const ACCESS: &str = "/etc/security/access.conf";
const GROUP_CONF: &str = "/etc/security/group.conf";

/// Whether sudo gives ada nothing.
const NOTHING_FOR_ADA: &str = "sudo -l -U ada | grep -q 'not allowed'";

pub const BROKEN: &[Broken] = &[
    Broken {
        name: "rules that name a group of the directory",
        breakages: &[
            Breakage {
                check: "privileged-sudoers",
                level: "note",
                says: "the group engineers is a directory's",
                seen: SUDOERS,
                repair: "only those whom you trust with root",
                breaks: Sh("echo '%engineers ALL=(ALL:ALL) ALL' >/etc/sudoers.d/people"),
                felt: NOTHING_FOR_ADA,
                touches: &[SUDOERS],
                ..PLAIN
            },
            Breakage {
                check: "privileged-polkit",
                level: "note",
                says: "the group engineers is a directory's",
                seen: POLKIT,
                repair: "only those whom you trust with it",
                breaks: Sh("mkdir -p /etc/polkit-1/rules.d
                    cat >/etc/polkit-1/rules.d/50-people.rules <<'RULE'
polkit.addRule(function(action, subject) {
    if (subject.isInGroup(\"engineers\")) { return polkit.Result.YES; }
});
RULE"),
                touches: &[POLKIT],
                ..PLAIN
            },
            Breakage {
                check: "privileged-sshd",
                level: "note",
                says: "the group engineers is a directory's",
                seen: SSHD,
                repair: "only those whom you trust with it",
                breaks: Sh("echo 'AllowGroups engineers larry' >>/etc/ssh/sshd_config"),
                felt: "! sshd -T | grep -q '^allowgroups engineers'",
                touches: &[SSHD],
                ..PLAIN
            },
            Breakage {
                check: "privileged-access",
                level: "note",
                says: "the group engineers is a directory's",
                seen: ACCESS,
                repair: "only those whom you trust with it",
                breaks: Sh("echo '+ : root (engineers) : ALL' >>/etc/security/access.conf"),
                touches: &[ACCESS],
                ..PLAIN
            },
            Breakage {
                check: "privileged-free",
                level: "warning",
                says: "platform is nobody's",
                seen: "/etc/sudoers.d/old",
                repair: "groupadd --system",
                breaks: Sh("echo '%platform ALL=(ALL:ALL) ALL' >/etc/sudoers.d/old"),
                touches: &["/etc/sudoers.d/old"],
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "rules that name a person of the directory, and a name that could become one's",
        breakages: &[
            Breakage {
                check: "privileged-sudoers",
                level: "note",
                says: "the user ada is a directory's",
                seen: SUDOERS,
                repair: "only those whom you trust with root",
                breaks: Sh("echo 'ada ALL = NOPASSWD: ALL' >/etc/sudoers.d/people"),
                felt: NOTHING_FOR_ADA,
                touches: &[SUDOERS],
                ..PLAIN
            },
            Breakage {
                check: "privileged-polkit",
                level: "note",
                says: "the user ada is a directory's",
                seen: POLKIT,
                repair: "only those whom you trust with it",
                breaks: Sh("mkdir -p /etc/polkit-1/rules.d
                    echo 'polkit.addAdminRule(function() { return [\"unix-user:ada\"]; });' >/etc/polkit-1/rules.d/50-people.rules"),
                touches: &[POLKIT],
                ..PLAIN
            },
            Breakage {
                check: "privileged-sshd",
                level: "note",
                says: "the user ada is a directory's",
                seen: SSHD,
                repair: "only those whom you trust with it",
                breaks: Sh("printf 'Match User ada\\n  X11Forwarding yes\\n' >>/etc/ssh/sshd_config"),
                touches: &[SSHD],
                ..PLAIN
            },
            Breakage {
                check: "privileged-access",
                level: "note",
                says: "the group engineers is a directory's",
                seen: GROUP_CONF,
                repair: "only those whom you trust with it",
                breaks: Sh("echo '*;*;%engineers;Al0000-2400;plugdev' >>/etc/security/group.conf"),
                touches: &[GROUP_CONF],
                ..PLAIN
            },
            Breakage {
                check: "privileged-free",
                level: "warning",
                says: "ops is nobody's",
                seen: ACCESS,
                repair: "groupadd --system",
                breaks: Sh("echo '+ : (ops) : ALL' >>/etc/security/access.conf"),
                touches: &[ACCESS],
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "an alias of several lines in a file that sudoers includes",
        breakages: &[Breakage {
            check: "privileged-sudoers",
            level: "note",
            says: "the user ada is a directory's",
            seen: "/etc/sudoers.people",
            repair: "only those whom you trust with root",
            breaks: Sh("printf 'User_Alias OPS = larry, \\\\\\n  ada\\nOPS ALL = ALL\\n' >/etc/sudoers.people
                echo '@include /etc/sudoers.people' >>/etc/sudoers
                echo '%platform ALL=(ALL) ALL' >/etc/sudoers.d/old.bak"),
            felt: NOTHING_FOR_ADA,
            touches: &["/etc/sudoers", "/etc/sudoers.people", "/etc/sudoers.d/old.bak"],
            ..PLAIN
        }],
        ..HOST
    },
];
