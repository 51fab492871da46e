//! Files and sockets: configuration, secrets, folders, snapshot.

use crate::broker::WITHOUT_BROKER;
use crate::scene::{AUTHORITY, DROP_IN};
use crate::table::{Breakage, Broken, HOST, Mended, PLAIN, Sh};

const CONFIG: &str = "/etc/muster/muster.toml";
const SECRET: &str = "/etc/muster/secrets/crowd";
const SECRETS: &str = "/etc/muster/secrets";
const PUBLIC: &str = "/var/lib/muster/public";
const PRIVATE: &str = "/var/lib/muster/private";
const SNAPSHOT: &str = "/var/lib/muster/public/snapshot";
const ROOT_SOCKET: &str = "/run/muster/root.sock";
const LOOKUP_SOCKET: &str = "/run/muster/lookup.sock";

/// What nobody can say without a configuration.
const WITHOUT_CONFIGURATION: &[&str] = &[
    "secrets",
    "authorities",
    "freshness",
    "transport",
    "tls-chain",
    "tls-expiry",
    "tls-authorities",
];

pub const BROKEN: &[Broken] = &[
    Broken {
        name: "a key in the configuration that there is not",
        breakages: &[Breakage {
            check: "configuration",
            says: "colour",
            seen: CONFIG,
            repair: "muster config check",
            breaks: Sh("sed -i '1a colour = 1' /etc/muster/muster.toml"),
            felt: "muster config check",
            touches: &[CONFIG],
            ..PLAIN
        }],
        also: WITHOUT_CONFIGURATION,
        ..HOST
    },
    Broken {
        name: "a configuration that everybody can write to",
        breakages: &[
            Breakage {
                check: "configuration-mode",
                says: "others than root can write to it",
                seen: CONFIG,
                repair: "chmod 0644 /etc/muster/muster.toml",
                breaks: Sh("chmod 666 /etc/muster/muster.toml"),
                felt: "! setpriv --reuid nobody --clear-groups test -w /etc/muster/muster.toml",
                touches: &[CONFIG],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "configuration",
                says: "",
                seen: CONFIG,
                repair: "muster config check",
                mended: Mended::ByFix,
                ..PLAIN
            },
        ],
        also: WITHOUT_CONFIGURATION,
        ..HOST
    },
    Broken {
        name: "a drop-in of the configuration that is somebody else's",
        breakages: &[
            Breakage {
                check: "configuration-mode",
                says: "it is not root's",
                seen: DROP_IN,
                repair: "chown root /etc/muster/muster.d/10-more.toml",
                breaks: Sh("chown larry /etc/muster/muster.d/10-more.toml"),
                touches: &[DROP_IN],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "configuration",
                says: "",
                seen: CONFIG,
                repair: "muster config check",
                mended: Mended::ByFix,
                ..PLAIN
            },
        ],
        also: WITHOUT_CONFIGURATION,
        ..HOST
    },
    Broken {
        name: "what is open to everybody",
        breakages: &[
            Breakage {
                check: "secrets",
                says: "others can read or write it",
                seen: SECRET,
                repair: "chmod 0640 /etc/muster/secrets/crowd",
                breaks: Sh("chmod 644 /etc/muster/secrets/crowd"),
                touches: &[SECRET],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "secrets-folder",
                says: "open or closed to the wrong ones",
                seen: SECRETS,
                repair: "chmod 0750 /etc/muster/secrets",
                breaks: Sh("chmod 755 /etc/muster/secrets"),
                felt: "! setpriv --reuid nobody --clear-groups cat /etc/muster/secrets/crowd",
                touches: &[SECRETS],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "authorities",
                says: "others than root can write to it",
                seen: AUTHORITY,
                repair: "chmod 0644 /etc/muster/ca.pem",
                breaks: Sh("chmod 666 /etc/muster/ca.pem"),
                touches: &[AUTHORITY],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "public-folder",
                says: "open or closed to the wrong ones",
                seen: PUBLIC,
                repair: "chmod 0755 /var/lib/muster/public",
                breaks: Sh("chmod 777 /var/lib/muster/public"),
                touches: &[PUBLIC],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "snapshot",
                says: "others may write it or its folder",
                seen: SNAPSHOT,
                repair: "muster sync",
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "private-folder",
                says: "others may look into it",
                seen: PRIVATE,
                repair: "systemctl restart musterd",
                breaks: Sh("chmod 755 /var/lib/muster/private"),
                felt: "! setpriv --reuid nobody --clear-groups ls /var/lib/muster/private",
                touches: &[PRIVATE],
                ..PLAIN
            },
            Breakage {
                check: "broker-user",
                says: "can log in by a password",
                seen: "/etc/shadow",
                repair: "systemd-sysusers muster.conf",
                breaks: Sh("echo muster:muster | chpasswd"),
                felt: "! echo muster | pamtester sshd muster authenticate",
                touches: &["/etc/shadow"],
                ..PLAIN
            },
            Breakage {
                check: "sockets",
                says: "its mode is not 0600",
                seen: ROOT_SOCKET,
                repair: "systemctl restart musterd.socket",
                breaks: Sh("chmod 666 /run/muster/root.sock"),
                touches: &[ROOT_SOCKET],
                ..PLAIN
            },
        ],
        also: WITHOUT_SNAPSHOT,
        ..HOST
    },
    Broken {
        name: "what is closed to those who need it",
        breakages: &[
            Breakage {
                check: "secrets",
                says: "the broker cannot read it",
                seen: SECRET,
                repair: "chown root:muster",
                breaks: Sh("chgrp root /etc/muster/secrets/crowd"),
                felt: "setpriv --reuid muster --regid muster --clear-groups cat /etc/muster/secrets/crowd",
                touches: &[SECRET],
                ..PLAIN
            },
            Breakage {
                check: "secrets-folder",
                says: "the broker cannot look into it",
                seen: SECRETS,
                repair: "chown root:muster /etc/muster/secrets",
                breaks: Sh("chmod 700 /etc/muster/secrets"),
                touches: &[SECRETS],
                ..PLAIN
            },
            Breakage {
                check: "authorities",
                says: "the broker cannot read it",
                seen: AUTHORITY,
                repair: "chmod 0644 the file",
                breaks: Sh("chmod 600 /etc/muster/ca.pem"),
                felt: "setpriv --reuid muster --regid muster --clear-groups cat /etc/muster/ca.pem",
                touches: &[AUTHORITY],
                ..PLAIN
            },
            Breakage {
                check: "public-folder",
                says: "open or closed to the wrong ones",
                seen: "/var/lib/muster",
                repair: "chmod 0755 /var/lib/muster",
                breaks: Sh("chmod 700 /var/lib/muster"),
                touches: &["/var/lib/muster"],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "snapshot",
                says: "not everybody can read it",
                seen: SNAPSHOT,
                repair: "chmod 0644 /var/lib/muster/public/snapshot",
                breaks: Sh("chmod 600 /var/lib/muster/public/snapshot"),
                felt: "setpriv --reuid nobody --clear-groups getent passwd ada",
                touches: &[SNAPSHOT],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "private-folder",
                says: "it is not the broker's",
                seen: PRIVATE,
                repair: "systemctl restart musterd",
                breaks: Sh("chown root /var/lib/muster/private"),
                touches: &[PRIVATE],
                ..PLAIN
            },
            Breakage {
                check: "sockets",
                says: "it is not root's",
                seen: LOOKUP_SOCKET,
                repair: "systemctl restart musterd.socket",
                breaks: Sh("chown larry /run/muster/lookup.sock"),
                touches: &[LOOKUP_SOCKET],
                ..PLAIN
            },
        ],
        also: &["publishing", "ledger"],
        ..HOST
    },
    Broken {
        name: "a folder of the sockets that everybody can write to",
        breakages: &[
            Breakage {
                check: "sockets",
                says: "open or closed to the wrong ones",
                seen: "/run/muster",
                repair: "chmod 0755 /run/muster",
                breaks: Sh("chmod 777 /run/muster"),
                touches: &["/run/muster"],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "broker",
                says: "does not belong to root alone",
                seen: "/run/muster",
                repair: "systemctl restart musterd",
                felt: "muster status",
                mended: Mended::ByFix,
                ..PLAIN
            },
        ],
        also: WITHOUT_BROKER,
        ..HOST
    },
    Broken {
        name: "what is somebody else's, or gone",
        breakages: &[
            Breakage {
                check: "authorities",
                says: "it is not root's",
                seen: AUTHORITY,
                repair: "chown root /etc/muster/ca.pem",
                breaks: Sh("chown larry /etc/muster/ca.pem"),
                touches: &[AUTHORITY],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "secrets",
                says: "it cannot be looked at",
                seen: SECRET,
                repair: "chown root:muster",
                breaks: Sh("rm /etc/muster/secrets/crowd"),
                touches: &[SECRET],
                ..PLAIN
            },
            Breakage {
                check: "snapshot",
                says: "",
                seen: SNAPSHOT,
                repair: "muster sync",
                breaks: Sh(
                    "echo 'no snapshot' >/var/lib/muster/public/new; mv /var/lib/muster/public/new /var/lib/muster/public/snapshot",
                ),
                felt: "getent passwd ada",
                touches: &[SNAPSHOT],
                ..PLAIN
            },
        ],
        also: WITHOUT_SNAPSHOT,
        ..HOST
    },
];

/// What nobody can say without a snapshot.
const WITHOUT_SNAPSHOT: &[&str] = &[
    "publishing",
    "ledger",
    "names-shadowed",
    "ids-shadowed",
    "privileged-sudoers",
    "privileged-polkit",
    "privileged-sshd",
    "privileged-access",
    "privileged-free",
];
