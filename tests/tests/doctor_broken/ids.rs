//! Namesakes and ids. The publisher is dead on the first of these hosts: nothing that changes in /etc reaches the
//! snapshot, so that what is served collides with what is local, as it does on a host whose broker is down.

use muster_tests::world::World;

use crate::names::send;
use crate::table::{Breakage, Broken, By, HOST, PLAIN, Sh};

const PASSWD: &str = "/etc/passwd";
const LOGIN_DEFS: &str = "/etc/login.defs";
const CONFIG: &str = "/etc/muster/muster.toml";

pub const BROKEN: &[Broken] = &[
    Broken {
        name: "local accounts and ranges that collide with what is served, and nothing is published any more",
        breakages: &[
            Breakage {
                check: "names-shadowed",
                says: "names are served that local accounts have",
                seen: PASSWD,
                repair: "rename the local account",
                breaks: By(a_local_ada_while_nothing_is_published),
                felt: "test $(getent passwd ada | cut -d: -f3) -gt 60000",
                touches: &[PASSWD],
                ..PLAIN
            },
            Breakage {
                check: "ids-shadowed",
                says: "ids are served that local accounts have",
                seen: PASSWD,
                repair: "muster id pin",
                breaks: Sh("echo \"eve:x:$(id -u grace):1501::/home/eve:/bin/sh\" >>/etc/passwd"),
                felt: "test $(id -nu $(id -u grace)) = grace",
                touches: &[PASSWD],
                ..PLAIN
            },
            Breakage {
                check: "ids-subordinate",
                says: "granted to a local user",
                seen: "/etc/subuid",
                repair: "give the local user another range",
                breaks: Sh("echo \"larry:$(id -u grace):65536\" >>/etc/subuid"),
                touches: &["/etc/subuid"],
                ..PLAIN
            },
            Breakage {
                check: "ids-login-defs",
                level: "warning",
                says: "useradd's",
                seen: LOGIN_DEFS,
                repair: "UID_MAX",
                breaks: Sh("sed -i -E 's/^(UID_MAX\\s+).*/\\1 2147483647/' /etc/login.defs"),
                touches: &[LOGIN_DEFS],
                ..PLAIN
            },
            Breakage {
                check: "ids-system",
                says: "the system's groups'",
                seen: LOGIN_DEFS,
                repair: "SYS_GID_MAX",
                breaks: Sh(
                    "sed -i '/^SYS_GID_M/d' /etc/login.defs; printf 'SYS_GID_MIN 101\\nSYS_GID_MAX 2147483647\\n' >>/etc/login.defs",
                ),
                touches: &[LOGIN_DEFS],
                ..PLAIN
            },
            Breakage {
                check: "ids-systemd",
                level: "warning",
                says: "containers of systemd-nspawn",
                seen: "systemd",
                repair: "move `[ids]`",
                breaks: Sh(
                    "printf '\\n[ids]\\nderive = [600000, 2000000]\\n' >>/etc/muster/muster.toml",
                ),
                touches: &[CONFIG],
                ..PLAIN
            },
            Breakage {
                check: "publishing",
                says: "the last try failed",
                seen: "muster status",
                repair: "journalctl -u muster-publish",
                undo: By(with_a_publisher),
                ..PLAIN
            },
            Breakage {
                check: "configuration",
                level: "warning",
                says: "ids.derive: overlaps systemd's containers",
                seen: CONFIG,
                repair: "muster config check",
                ..PLAIN
            },
        ],
        ..HOST
    },
    Broken {
        name: "people of the directory who cannot be served, and one who is shut out",
        breakages: &[
            Breakage {
                check: "names-shadowed",
                level: "warning",
                says: "somebody is left out",
                seen: "muster status",
                repair: "leave the person out",
                breaks: By(with_a_namesake_and_twins),
                undo: By(without_the_namesake_and_the_twins),
                ..PLAIN
            },
            Breakage {
                check: "ledger",
                level: "warning",
                says: "twin",
                seen: "muster status",
                repair: "muster id pin",
                felt: "! muster status | grep twin",
                ..PLAIN
            },
            Breakage {
                check: "shut-out",
                level: "note",
                says: "grace is shut out",
                seen: "muster status",
                repair: "muster unrevoke",
                breaks: Sh("muster revoke grace"),
                felt: "echo 'first compiler' | pamtester sshd grace authenticate acct_mgmt",
                undo: Sh("muster unrevoke grace"),
                ..PLAIN
            },
        ],
        ..HOST
    },
];

fn a_local_ada_while_nothing_is_published(world: &mut World) {
    world.kill("muster-publish");
    let ada = "echo 'ada:x:1500:1500::/home/ada:/bin/sh' >>/etc/passwd";
    world.run(["sh", "-ec", ada]).said();
    world.sync().refused();
}

fn with_a_publisher(world: &mut World) {
    world.start_publisher();
    world.sync().said();
}

fn with_a_namesake_and_twins(world: &mut World) {
    let one_id = r#""attributes":{"uidNumber":["2099999999"]},"#;
    for (name, id) in [("larry", ""), ("twin-one", one_id), ("twin-two", one_id)] {
        let order = format!(
            r#"{{"do":"add-user","user":{{"name":"{name}",{id}"display_name":"","password":"pw"}}}}"#
        );
        send(world, &order);
    }
    world.sync().said();
}

fn without_the_namesake_and_the_twins(world: &mut World) {
    for name in ["larry", "twin-one", "twin-two"] {
        world.tell_crowd(&format!("remove-user {name}"));
    }
    world.sync().said();
}
