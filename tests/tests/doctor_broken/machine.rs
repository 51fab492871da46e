//! The machine around, and the units.

use muster_tests::world::World;

use crate::names::{with_newcomer, without_newcomer};
use crate::table::{Breakage, Broken, By, HOST, PLAIN, Sh};

const SYNCHRONIZED: &str = "/run/systemd/timesync/synchronized";
const UNITS: &str = "/usr/lib/systemd/system";
const WANTED: &str = "/etc/systemd/system/sockets.target.wants/musterd.socket";

pub const BROKEN: &[Broken] = &[
    Broken {
        name: "a host a while after an upgrade, on which much has been forgotten",
        breakages: &[
            Breakage {
                check: "clock-kept",
                level: "warning",
                says: "nobody seems to keep the clock",
                seen: "clock",
                repair: "timedatectl set-ntp true",
                breaks: Sh("rm /run/systemd/timesync/synchronized"),
                touches: &[SYNCHRONIZED],
                ..PLAIN
            },
            Breakage {
                check: "disk-space",
                says: "there is no room left",
                seen: "/var/log",
                repair: "make room",
                breaks: Sh("mount -t tmpfs -o size=40m tmpfs /var/log; fallocate -l 39m /var/log/full"),
                felt: "fallocate -l 20m /var/log/more && rm /var/log/more",
                undo: Sh("umount /var/log"),
                ..PLAIN
            },
            Breakage {
                check: "denials",
                level: "warning",
                says: "muster was denied something",
                seen: "/var/log/kern.log",
                repair: "aa-complain",
                breaks: Sh("echo 'audit: type=1400 apparmor=\"DENIED\" operation=\"open\" profile=\"musterd\" comm=\"musterd\"' >/var/log/kern.log"),
                ..PLAIN
            },
            Breakage {
                check: "stale-modules",
                level: "warning",
                says: "processes run an old module",
                seen: "/proc",
                repair: "restart the services that are named",
                breaks: By(two_dozen_programs_from_before_an_upgrade),
                undo: Sh("kill -- -$(cat /run/world/holders.pid)"),
                ..PLAIN
            },
            Breakage {
                check: "stale-maps",
                level: "note",
                says: "processes hold an old snapshot",
                seen: "/proc",
                repair: "restart the processes",
                undo: By(without_newcomer),
                ..PLAIN
            },
            Breakage {
                check: "units",
                says: "there is no musterd-lookup.socket",
                seen: UNITS,
                repair: "systemctl enable --now",
                breaks: Sh("rm /usr/lib/systemd/system/musterd-lookup.socket"),
                touches: &["/usr/lib/systemd/system/musterd-lookup.socket"],
                ..PLAIN
            },
            Breakage {
                check: "unit-hardening",
                level: "warning",
                says: "musterd.service: ProtectSystem",
                seen: "/etc/systemd/system/musterd.service.d/more.conf",
                repair: "systemctl revert musterd.service",
                breaks: Sh("mkdir -p /etc/systemd/system/musterd.service.d
                    printf '[Service]\\nProtectSystem=no\\n' >/etc/systemd/system/musterd.service.d/more.conf"),
                touches: &["/etc/systemd/system/musterd.service.d"],
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "units that are masked or loosened elsewhere, few files left, SELinux, a snapshot from tomorrow",
        breakages: &[
            Breakage {
                check: "units",
                says: "musterd.socket is masked",
                seen: "/etc/systemd/system/musterd.socket",
                repair: "systemctl unmask musterd.socket",
                breaks: Sh("SYSTEMD_OFFLINE=1 systemctl mask musterd.socket"),
                touches: &["/etc/systemd/system/musterd.socket", WANTED],
                ..PLAIN
            },
            Breakage {
                check: "unit-hardening",
                level: "warning",
                says: "muster-publish.service: NoNewPrivileges",
                seen: "/etc/systemd/system/service.d/all.conf",
                repair: "take the line out of the drop-in",
                breaks: Sh("mkdir -p /etc/systemd/system/service.d
                    printf '[Service]\\nNoNewPrivileges=no\\n' >/etc/systemd/system/service.d/all.conf"),
                touches: &["/etc/systemd/system/service.d"],
                ..PLAIN
            },
            Breakage {
                check: "disk-space",
                level: "warning",
                says: "few more files can be made",
                seen: "/var/log",
                repair: "make room",
                breaks: Sh("mount -t tmpfs -o size=600m,nr_inodes=500 tmpfs /var/log; mkdir /var/log/audit"),
                undo: Sh("umount /var/log"),
                ..PLAIN
            },
            Breakage {
                check: "denials",
                level: "warning",
                says: "muster was denied something",
                seen: "/var/log/audit/audit.log",
                repair: "ausearch -m AVC",
                breaks: Sh("echo 'type=AVC msg=audit(1.2:3): avc:  denied  { write } for  pid=7 comm=\"musterd\" name=\"x\"' >/var/log/audit/audit.log"),
                ..PLAIN
            },
            Breakage {
                check: "clock",
                says: "in the future",
                seen: "clock",
                repair: "set the clock",
                breaks: Sh("touch -d tomorrow /var/lib/muster/public/snapshot"),
                undo: Sh("touch /var/lib/muster/public/snapshot"),
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "a clock without its battery, and a socket that is not enabled",
        breakages: &[
            Breakage {
                check: "clock",
                says: "a year that is long past",
                seen: "clock",
                repair: "set the clock",
                ..PLAIN
            },
            Breakage {
                check: "units",
                level: "warning",
                says: "musterd.socket is not enabled",
                seen: "/usr/lib/systemd/system/musterd.socket",
                repair: "systemctl enable --now",
                breaks: Sh("SYSTEMD_OFFLINE=1 systemctl disable musterd.socket"),
                touches: &[WANTED],
                ..PLAIN
            },
        ],
        clock: "-30y",
        ..HOST
    },
    Broken {
        name: "a chrony that has died",
        breakages: &[Breakage {
            check: "clock-kept",
            level: "warning",
            says: "nobody seems to keep the clock",
            seen: "clock",
            repair: "timedatectl set-ntp true",
            breaks: Sh("rm /run/systemd/timesync/synchronized
                mkdir -p /run/chrony
                sh -c 'echo $$ >/run/chrony/chronyd.pid'"),
            touches: &[SYNCHRONIZED, "/run/chrony"],
            ..PLAIN
        }],
        ..HOST
    },
];

/// They have the module and the snapshot mapped that were there before an upgrade and a newcomer.
fn two_dozen_programs_from_before_an_upgrade(world: &mut World) {
    let programs = "getpwnam(\"ada\") or die; for (1..24) { last unless fork } print STDERR \"here\\n\"; sleep 600";
    let start = format!(
        "setsid perl -e '{programs}' </dev/null >/dev/null 2>/run/world/holders.log &
        echo $! >/run/world/holders.pid"
    );
    world.run(["sh", "-ec", &start]).said();
    world.until("all of them are there", |world| {
        world.read("/run/world/holders.log").lines().count() == 25
    });
    let upgrade = concat!(
        "cd ",
        lib!(),
        "; cp -a libnss_muster.so.2 new; mv new libnss_muster.so.2"
    );
    world.run(["sh", "-ec", upgrade]).said();
    with_newcomer(world);
}
