//! Names that no directory may bring, also where the host itself does not have
//! them (yet): a package that is installed later, or a rule that names one,
//! would give whoever is in it more than a login.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Everything that starts like this belongs to systemd's own users.
const PREFIXES: [&str; 1] = ["systemd-"];

/// Why, and which names.
const RESERVED: [(&str, &[&str]); 9] = [
    (
        "is the superuser or may become it by common rules of sudo, su and polkit",
        &[
            "root",
            "toor",
            "wheel",
            "sudo",
            "sudoers",
            "admin",
            "administrator",
            "google-sudoers",
        ],
    ),
    (
        "reads logs, passwords or keys of the whole host",
        &[
            "adm", "shadow", "staff", "ssl-cert", "ssh_keys", "_ssh", "utmp", "utempter", "tss",
        ],
    ),
    (
        "can take over the host through containers or virtual machines",
        &[
            "docker",
            "dockerroot",
            "lxd",
            "lxc",
            "incus",
            "incus-admin",
            "libvirt",
            "libvirtd",
            "libvirt-qemu",
            "libvirt-dnsmasq",
            "qemu",
            "kvm",
            "podman",
            "containerd",
            "microk8s",
            "snap_microk8s",
            "vboxusers",
            "vboxsf",
            "nixbld",
        ],
    ),
    (
        "reaches disks, memory or devices directly",
        &[
            "disk",
            "kmem",
            "mem",
            "tty",
            "dialout",
            "uucp",
            "lp",
            "lpadmin",
            "cdrom",
            "floppy",
            "tape",
            "audio",
            "video",
            "render",
            "input",
            "sgx",
            "plugdev",
            "dip",
            "fax",
            "voice",
            "scanner",
            "netdev",
            "wireshark",
            "bluetooth",
            "lock",
            "sasl",
            "rfkill",
            "uinput",
            "fuse",
            "gpio",
        ],
    ),
    (
        "is an account or group of the base system",
        &[
            "daemon",
            "bin",
            "sys",
            "sync",
            "games",
            "man",
            "mail",
            "news",
            "proxy",
            "backup",
            "list",
            "irc",
            "gnats",
            "operator",
            "src",
            "halt",
            "shutdown",
            "ftp",
            "http",
            "_apt",
            "crontab",
            "cron",
            "at",
            "_cron",
            "messagebus",
            "dbus",
            "polkitd",
            "polkituser",
            "rtkit",
            "avahi",
            "avahi-autoipd",
            "uuidd",
            "sssd",
            "nslcd",
            "_flatpak",
            "flatpak",
            "gdm",
            "sddm",
            "lightdm",
            "colord",
            "geoclue",
            "pulse",
            "pipewire",
            "saned",
            "usbmux",
            "systemd",
            "kernoops",
            "whoopsie",
            "syslog",
            "landscape",
            "pollinate",
            "cockpit-ws",
        ],
    ),
    (
        "stands for nobody",
        &[
            "nobody",
            "nogroup",
            "nfsnobody",
            "noaccess",
            "nouser",
            "anonymous",
        ],
    ),
    (
        "belongs to a server's account",
        &[
            "sshd",
            "www-data",
            "apache",
            "nginx",
            "mysql",
            "mariadb",
            "postgres",
            "redis",
            "postfix",
            "postdrop",
            "exim",
            "debian-exim",
            "dovecot",
            "dovenull",
            "bind",
            "named",
            "unbound",
            "ntp",
            "ntpsec",
            "_chrony",
            "chrony",
            "munge",
            "rpc",
            "rpcuser",
            "statd",
            "tcpdump",
            "dnsmasq",
            "_dnsmasq",
            "haproxy",
            "squid",
        ],
    ),
    (
        "belongs to muster itself",
        &["muster", "musterd", "muster-publish"],
    ),
    (
        "has a meaning of its own in rules and tools",
        &["all", "everyone", "none"],
    ),
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let pairs = RESERVED
        .iter()
        .flat_map(|(why, names)| names.iter().map(|name| (*name, *why)));
    pairs.collect()
});

/// Why no directory may bring a user or group of this name, if none may.
pub fn reserved(name: &str) -> Option<&'static str> {
    if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Some("belongs to systemd");
    }
    BY_NAME.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_hosts_trust_are_reserved() {
        let named = "root wheel sudo admin adm docker lxd incus libvirt kvm disk shadow staff nobody systemd-network muster";
        for name in named.split(' ') {
            assert!(reserved(name).is_some(), "{name}");
        }
        assert_eq!(reserved("ada"), None);
        assert_eq!(reserved("rooter"), None);
    }

    #[test]
    fn every_reserved_name_is_written_as_a_name_can_be() {
        let rule = crate::name::NameRule::default();
        for name in BY_NAME.keys() {
            assert!(rule.is_canonical(name), "{name}");
        }
    }
}
