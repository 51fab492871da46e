//! Where muster's files lie on a host. One table for all parts.

/// The folder with the snapshot: root's, so that containers can bind-mount it.
pub const PUBLIC_DIR: &str = "/var/lib/muster/public";
/// The snapshot that the modules map.
pub const SNAPSHOT: &str = "/var/lib/muster/public/snapshot";
/// The records of locked homes: root's.
pub const LOCKED_HOMES: &str = "/var/lib/muster/locked-homes";
/// The broker's own folder: store, ledger, verifiers, host key (0700 muster).
pub const PRIVATE_DIR: &str = "/var/lib/muster/private";
/// The folder of the sockets: root's.
pub const RUN_DIR: &str = "/run/muster";
/// Logins and administration (0600 root).
pub const ROOT_SOCKET: &str = "/run/muster/root.sock";
/// Lookups by anyone (0666).
pub const LOOKUP_SOCKET: &str = "/run/muster/lookup.sock";
/// From the broker to the publisher (0660 root:muster).
pub const PUBLISH_SOCKET: &str = "/run/muster/publish.sock";
/// The configuration.
pub const CONFIG: &str = "/etc/muster/muster.toml";
/// The drop-ins of the configuration, files `*.toml`: root's.
pub const CONFIG_DROP_INS: &str = "/etc/muster/muster.d";
/// Local users, who always win.
pub const PASSWD: &str = "/etc/passwd";
/// Local groups, which always win.
pub const GROUP: &str = "/etc/group";
/// Subordinate user ids granted to local users.
pub const SUBUID: &str = "/etc/subuid";
/// Subordinate group ids granted to local users.
pub const SUBGID: &str = "/etc/subgid";
/// Login shells that the host knows.
pub const SHELLS: &str = "/etc/shells";
/// The ids that useradd and groupadd choose from.
pub const LOGIN_DEFS: &str = "/etc/login.defs";
/// The user that the broker runs as.
pub const BROKER_USER: &str = "muster";
