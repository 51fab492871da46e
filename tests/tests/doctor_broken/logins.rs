//! Logins: PAM's stacks and sshd.

use crate::table::{Breakage, Broken, HOST, Mended, PLAIN, Sh};

const AUTH: &str = "/etc/pam.d/common-auth";
const ACCOUNT: &str = "/etc/pam.d/common-account";
const MODULE: &str = concat!(lib!(), "/security/pam_muster.so");
const SSHD: &str = "/etc/ssh/sshd_config";

pub const BROKEN: &[Broken] = &[
    Broken {
        name: "services that are open, do without muster, or are misspelt",
        breakages: &[
            Breakage {
                check: "pam-proof",
                says: "open lets in without a proof",
                seen: "/etc/pam.d/open",
                repair: "auth requisite pam_deny.so",
                breaks: Sh(
                    "printf 'auth sufficient pam_muster.so\\nauth optional pam_permit.so\\n' >/etc/pam.d/open",
                ),
                felt: "! pamtester open larry authenticate </dev/null",
                touches: &["/etc/pam.d/open"],
                ..PLAIN
            },
            Breakage {
                check: "pam-services",
                level: "warning",
                says: "su does not ask muster in auth and account",
                seen: "/etc/pam.d/su",
                repair: "pam-auth-update --enable muster",
                breaks: Sh(
                    "printf 'auth required pam_unix.so\\naccount required pam_unix.so\\n' >/etc/pam.d/su",
                ),
                felt: "echo 'analytical engine' | pamtester su ada authenticate",
                touches: &["/etc/pam.d/su"],
                ..PLAIN
            },
            Breakage {
                check: "pam-modules-there",
                says: "there is no pam_nowhere.so",
                seen: "/etc/pam.d/sudo",
                repair: "install what brings the module",
                breaks: Sh("sed -i '1a auth optional pam_nowhere.so' /etc/pam.d/sudo"),
                touches: &["/etc/pam.d/sudo"],
                ..PLAIN
            },
            Breakage {
                check: "pam-files",
                says: "others than root can write to it",
                seen: "/etc/pam.d/cron",
                repair: "chmod 0644 /etc/pam.d/cron",
                breaks: Sh("chmod 666 /etc/pam.d/cron"),
                felt: "! setpriv --reuid nobody --clear-groups test -w /etc/pam.d/cron",
                touches: &["/etc/pam.d/cron"],
                mended: Mended::ByFix,
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "a line that libpam does not understand",
        breakages: &[Breakage {
            check: "pam-syntax",
            says: "",
            seen: "/etc/pam.d/sshd",
            repair: "correct the line",
            breaks: Sh("echo 'aut required pam_unix.so' >>/etc/pam.d/sshd"),
            felt: "echo local-secret | pamtester sshd larry authenticate",
            touches: &["/etc/pam.d/sshd"],
            ..PLAIN
        }],
        also: &["pam-local-accounts", "pam-account-local", "pam-people"],
        ..HOST
    },
    Broken {
        name: "stacks that refuse local accounts because of muster",
        breakages: &[
            Breakage {
                check: "pam-local-accounts",
                says: "refuses root and local accounts because of muster",
                seen: AUTH,
                repair: "[success=end default=ignore]",
                breaks: Sh(
                    "printf 'auth [success=ok default=die] %s\\n' pam_muster.so pam_unix.so >/etc/pam.d/common-auth",
                ),
                felt: "echo local-secret | pamtester sshd larry authenticate",
                touches: &[AUTH],
                ..PLAIN
            },
            Breakage {
                check: "pam-account-local",
                says: "refuses root and local accounts because of muster",
                seen: ACCOUNT,
                repair: "user_unknown=ignore",
                breaks: Sh("sed -i 's/ user_unknown=ignore//' /etc/pam.d/common-account"),
                felt: "pamtester sshd larry acct_mgmt",
                touches: &[ACCOUNT],
                ..PLAIN
            },
            Breakage {
                check: "pam-people",
                says: "refuses in auth whom muster lets in",
                seen: AUTH,
                repair: "pam-auth-update --enable muster",
                felt: "echo 'analytical engine' | pamtester sshd ada authenticate",
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "stacks that let in whom muster refuses, and a module that is gone",
        breakages: &[
            Breakage {
                check: "pam-account-closed",
                says: "lets in whom muster refuses",
                seen: ACCOUNT,
                repair: "[success=ok user_unknown=ignore default=bad]",
                breaks: Sh(
                    "sed -i 's/user_unknown=ignore default=bad/default=ignore/' /etc/pam.d/common-account",
                ),
                touches: &[ACCOUNT],
                ..PLAIN
            },
            Breakage {
                check: "pam-module",
                says: "there is no pam_muster.so",
                seen: lib!(),
                repair: "install libpam-muster again",
                breaks: Sh(concat!("rm ", lib!(), "/security/pam_muster.so")),
                felt: "echo 'analytical engine' | pamtester sshd ada authenticate",
                touches: &[MODULE],
                ..PLAIN
            },
            Breakage {
                check: "pam-modules-there",
                says: "there is no pam_muster.so",
                seen: "/etc/pam.d",
                repair: "install what brings the module",
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "an account stack that is content with pam_unix, and auth without account",
        breakages: &[
            Breakage {
                check: "pam-account-closed",
                says: "without asking muster",
                seen: ACCOUNT,
                repair: "before anything `sufficient`",
                breaks: Sh(
                    "sed -i '1i account sufficient pam_permit.so' /etc/pam.d/common-account",
                ),
                touches: &[ACCOUNT],
                ..PLAIN
            },
            Breakage {
                check: "pam-services",
                says: "login asks muster in auth, and not in account",
                seen: "/etc/pam.d/login",
                repair: "pam-auth-update --enable muster",
                breaks: Sh(
                    "sed -i 's/^@include common-account/account required pam_unix.so/' /etc/pam.d/login",
                ),
                touches: &["/etc/pam.d/login"],
                ..PLAIN
            },
            Breakage {
                check: "pam-module",
                says: "others than root can write to it",
                seen: MODULE,
                repair: "install libpam-muster again",
                breaks: Sh(concat!("chmod 777 ", lib!(), "/security/pam_muster.so")),
                touches: &[MODULE],
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "sshd does not ask PAM",
        breakages: &[
            Breakage {
                check: "sshd-pam",
                says: "UsePAM is no",
                seen: SSHD,
                repair: "set `UsePAM yes`",
                breaks: Sh("sed -i 's/^UsePAM.*/UsePAM no/' /etc/ssh/sshd_config"),
                felt: "sshd -T | grep -qix 'usepam yes'",
                touches: &[SSHD],
                ..PLAIN
            },
            Breakage {
                check: "sshd-dialogue",
                level: "warning",
                says: "KbdInteractiveAuthentication is no",
                seen: SSHD,
                repair: "set `KbdInteractiveAuthentication yes`",
                breaks: Sh(
                    "sed -i 's/^KbdInteractiveAuthentication.*/KbdInteractiveAuthentication no/' /etc/ssh/sshd_config",
                ),
                felt: "sshd -T | grep -qix 'kbdinteractiveauthentication yes'",
                touches: &[SSHD],
                ..PLAIN
            },
            Breakage {
                check: "sshd-grace",
                level: "warning",
                says: "a login may take 20 s",
                seen: SSHD,
                repair: "set LoginGraceTime",
                breaks: Sh("sed -i 's/^LoginGraceTime.*/LoginGraceTime 20/' /etc/ssh/sshd_config"),
                felt: "sshd -T | grep -qix 'logingracetime 120'",
                touches: &[SSHD],
                ..PLAIN
            },
            Breakage {
                check: "sshd-empty-passwords",
                says: "PermitEmptyPasswords is yes",
                seen: "/etc/ssh/sshd_config.d/open.conf",
                repair: "set `PermitEmptyPasswords no`",
                breaks: Sh("echo 'PermitEmptyPasswords yes' >/etc/ssh/sshd_config.d/open.conf"),
                felt: "sshd -T | grep -qix 'permitemptypasswords no'",
                touches: &["/etc/ssh/sshd_config.d/open.conf"],
                ..PLAIN
            },
            Breakage {
                check: "sshd-keys-command",
                says: "not given the user's name",
                seen: SSHD,
                repair: "muster ssh-keys %u",
                breaks: Sh("sed -i 's/ssh-keys %u/ssh-keys/' /etc/ssh/sshd_config"),
                touches: &[SSHD],
                ..PLAIN
            },
        ],
        ..HOST
    },
];
