//! Names: nsswitch.conf(5), the module, nscd.

use muster_tests::world::World;

use crate::table::{Breakage, Broken, By, HOST, Mended, PLAIN, Sh};

const NSSWITCH: &str = "/etc/nsswitch.conf";
const MODULE: &str = concat!(lib!(), "/libnss_muster.so.2");

pub const BROKEN: &[Broken] = &[
    Broken {
        name: "muster is not named",
        breakages: &[
            Breakage {
                check: "nsswitch-users",
                says: "`passwd` does not name `muster`",
                seen: NSSWITCH,
                repair: "muster-nsswitch add",
                breaks: Sh("sed -i 's/^passwd:.*/passwd: files/' /etc/nsswitch.conf"),
                felt: "getent passwd ada",
                touches: &[NSSWITCH],
                mended: Mended::ByFix,
                ..PLAIN
            },
            Breakage {
                check: "nsswitch-groups",
                says: "`group` does not name `muster`",
                seen: NSSWITCH,
                repair: "muster-nsswitch add",
                breaks: Sh("sed -i 's/^group:.*/group: files/' /etc/nsswitch.conf"),
                felt: "getent group engineers",
                touches: &[NSSWITCH],
                mended: Mended::ByFix,
                ..PLAIN
            },
        ],
        also: &["nsswitch-order", "nsswitch-reached"],
        ..HOST
    },
    Broken {
        name: "muster is named in the wrong place",
        breakages: &[
            Breakage {
                check: "nsswitch-order",
                says: "asks `muster` before the local files",
                seen: NSSWITCH,
                repair: "right behind `files`",
                breaks: Sh("sed -i 's/^passwd:.*/passwd: muster files/' /etc/nsswitch.conf"),
                touches: &[NSSWITCH],
                ..PLAIN
            },
            Breakage {
                check: "nsswitch-reached",
                says: "files [NOTFOUND=return]",
                seen: NSSWITCH,
                repair: "take the action",
                breaks: Sh(
                    "sed -i 's/^group:.*/group: files [NOTFOUND=return] muster/' /etc/nsswitch.conf",
                ),
                felt: "getent group engineers",
                touches: &[NSSWITCH],
                ..PLAIN
            },
            Breakage {
                check: "nsswitch-initgroups",
                says: "`initgroups` does not name `muster`",
                seen: NSSWITCH,
                repair: "add `muster` to `initgroups`",
                breaks: Sh("echo 'initgroups: files' >>/etc/nsswitch.conf"),
                felt: "id -Gn ada | grep -qw engineers",
                touches: &[NSSWITCH],
                ..PLAIN
            },
            Breakage {
                check: "nss-module",
                says: "others than root can write to it",
                seen: MODULE,
                repair: "install libnss-muster again",
                breaks: Sh(concat!("chmod 666 ", lib!(), "/libnss_muster.so.2")),
                touches: &[MODULE],
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "another source of people comes first, and the module is gone",
        breakages: &[
            Breakage {
                check: "nsswitch-order",
                level: "warning",
                says: "asks `extrausers` before `muster`",
                seen: NSSWITCH,
                repair: "right behind `files`",
                breaks: Sh(
                    "sed -i 's/^passwd:.*/passwd: files extrausers muster/' /etc/nsswitch.conf",
                ),
                touches: &[NSSWITCH],
                ..PLAIN
            },
            Breakage {
                check: "nss-module",
                says: "there is no libnss_muster.so.2",
                seen: lib!(),
                repair: "install libnss-muster again",
                breaks: Sh(concat!("rm ", lib!(), "/libnss_muster.so.2")),
                felt: "getent passwd grace",
                touches: &[MODULE],
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "nscd keeps that somebody is unknown who has come since",
        breakages: &[Breakage {
            check: "nscd",
            level: "warning",
            says: "keeps passwd",
            seen: "/etc/nscd.conf",
            repair: "nscd -i passwd",
            breaks: By(a_newcomer_whom_nscd_does_not_know),
            touches: &["/etc/nscd.conf"],
            undo: By(without_nscd_and_newcomer),
            ..PLAIN
        }],
        needs_fix: "getent passwd newcomer",
        ..HOST
    },
    Broken {
        name: "a line that ends at the local files is not made longer",
        breakages: &[Breakage {
            check: "nsswitch-users",
            says: "`passwd` does not name `muster`",
            seen: NSSWITCH,
            repair: "or put `muster` before it",
            breaks: Sh(
                "sed -i 's/^passwd:.*/passwd: files [NOTFOUND=return] extrausers/' /etc/nsswitch.conf",
            ),
            felt: "getent passwd ada",
            touches: &[NSSWITCH],
            ..PLAIN
        }],
        also: &["nsswitch-order", "nsswitch-reached"],
        ..HOST
    },
];

fn a_newcomer_whom_nscd_does_not_know(world: &mut World) {
    let start =
        "sed -i -E 's/^(\\s*negative-time-to-live\\s+passwd\\s+).*/\\1 3600/' /etc/nscd.conf
        mkdir -p /run/nscd
        nscd
        ! getent passwd newcomer";
    world.run(["sh", "-ec", start]).said();
    with_newcomer(world);
}

fn without_nscd_and_newcomer(world: &mut World) {
    world.run(["nscd", "--shutdown"]).said();
    without_newcomer(world);
}

/// Somebody joins the directory, and is served.
pub fn with_newcomer(world: &mut World) {
    send(
        world,
        r#"{"do":"add-user","user":{"name":"newcomer","display_name":"New","password":"pw"}}"#,
    );
    world.sync().said();
}

/// The newcomer leaves it.
pub fn without_newcomer(world: &mut World) {
    world.tell_crowd("remove-user newcomer");
    world.sync().said();
}

/// An order to the simulated directory that has more than words.
pub fn send(world: &World, order: &str) {
    let words = [
        "/run/world/muster-sim",
        "ctl",
        "/run/world/crowd/ctl",
        "send",
        order,
    ];
    world.run(words).said();
}
