//! Broker, directories and TLS.

use muster_tests::world::World;

use crate::scene::AUTHORITY;
use crate::table::{Breakage, Broken, By, HOST, PLAIN, Sh};

const CONFIG: &str = "/etc/muster/muster.toml";
const SECRET: &str = "/etc/muster/secrets/crowd";

/// What nobody can say without a broker.
pub const WITHOUT_BROKER: &[&str] = &[
    "broker-version",
    "publishing",
    "directories",
    "freshness",
    "server-version",
    "ledger",
    "shut-out",
    "secrets",
];

pub const BROKEN: &[Broken] = &[
    Broken {
        name: "no broker, and no user for it",
        breakages: &[
            Breakage {
                check: "broker",
                says: "",
                seen: "/run/muster",
                repair: "systemctl restart musterd",
                breaks: By(|world| world.kill("musterd")),
                felt: "muster status",
                undo: By(with_a_broker),
                ..PLAIN
            },
            Breakage {
                check: "broker-user",
                says: "there is no local user muster",
                seen: "/etc/passwd",
                repair: "systemd-sysusers muster.conf",
                breaks: Sh("sed -i '/^muster:/d' /etc/passwd"),
                felt: "getent passwd muster",
                touches: &["/etc/passwd"],
                ..PLAIN
            },
            Breakage {
                check: "sockets",
                says: "it cannot be looked at",
                seen: "/run/muster/lookup.sock",
                repair: "systemctl restart musterd.socket",
                breaks: Sh("rm /run/muster/lookup.sock"),
                ..PLAIN
            },
            Breakage {
                check: "private-folder",
                says: "there is no local user muster",
                seen: "/var/lib/muster/private",
                repair: "systemctl restart musterd",
                ..PLAIN
            },
        ],
        also: WITHOUT_BROKER,
        ..HOST
    },
    Broken {
        name: "a directory that is down, a broker that has not seen it yet, and another program's version",
        breakages: &[
            Breakage {
                check: "directories",
                level: "warning",
                says: "it is unreachable",
                seen: "muster status: corp",
                repair: "reach the server",
                breaks: By(a_new_broker_while_the_directory_is_down),
                felt: "muster sync",
                undo: By(with_the_directory),
                ..PLAIN
            },
            Breakage {
                check: "server-version",
                level: "note",
                says: "it does not say what it is",
                seen: "muster status: corp",
                repair: "compare the version",
                ..PLAIN
            },
            Breakage {
                check: "tls-chain",
                level: "warning",
                says: "corp: ",
                seen: "https://",
                repair: "reach the server from this host",
                ..PLAIN
            },
            Breakage {
                check: "broker-version",
                level: "warning",
                says: "is installed",
                seen: "muster status",
                repair: "systemctl restart muster-publish musterd",
                breaks: By(with_another_versions_program),
                felt: concat!("muster --version | grep -qF ", env!("CARGO_PKG_VERSION")),
                touches: &["/usr/bin/muster"],
                ..PLAIN
            },
        ],
        also: &["tls-expiry"],
        ..HOST
    },
    Broken {
        name: "a secret that the directory does not take, and plain http on loopback",
        breakages: &[
            Breakage {
                check: "directories",
                says: "it is misconfigured",
                seen: "muster status: corp",
                repair: "with this host's credentials",
                breaks: By(with_another_secret),
                felt: "muster sync",
                touches: &[SECRET],
                undo: By(with_a_new_broker),
                ..PLAIN
            },
            Breakage {
                check: "transport",
                level: "warning",
                says: "corp is asked by plain http",
                seen: CONFIG,
                repair: "set an https:// URL",
                breaks: Sh(
                    "sed -i -E 's|^url = .*|url = \"http://127.0.0.1:8095\"\\nplain_http = \"loopback\"|' /etc/muster/muster.toml",
                ),
                touches: &[CONFIG],
                ..PLAIN
            },
        ],
        also: &["configuration", "server-version"],
        ..HOST
    },
    Broken {
        name: "a year in which the directory was never asked",
        breakages: &[Breakage {
            check: "freshness",
            says: "nobody of it is let in",
            seen: "muster status: corp",
            repair: "muster sync",
            ..PLAIN
        }],
        clock: "+400d",
        ..HOST
    },
    Broken {
        name: "a server that shows another host's certificate, and an authority that has expired",
        breakages: &[
            Breakage {
                check: "tls-chain",
                says: "elsewhere.example.org",
                seen: "https://",
                repair: "set `url` to a name that the certificate has",
                breaks: By(|world| another_server(world, "other-name")),
                felt: "openssl s_client -verify_ip 127.0.0.1 -verify_return_error -CAfile /etc/muster/ca.pem \
                    -connect $(sed -n 's|^url = \"https://\\([^/]*\\)/.*|\\1|p' /etc/muster/muster.toml) </dev/null",
                touches: &[CONFIG, AUTHORITY],
                undo: Sh(END_IT),
                ..PLAIN
            },
            Breakage {
                check: "tls-authorities",
                level: "warning",
                says: "it has expired; another one stands beside it",
                seen: AUTHORITY,
                repair: "take what has expired out",
                breaks: Sh(concat!(
                    "LD_PRELOAD=",
                    lib!(),
                    "/faketime/libfaketime.so.1 FAKETIME=-400d openssl req -x509 -newkey ed25519 -nodes -days 30 \
                     -subj /CN=old -keyout /dev/null 2>/dev/null >>/etc/muster/ca.pem"
                )),
                ..PLAIN
            },
        ],
        also: &["tls-expiry"],
        ..HOST
    },
    Broken {
        name: "a server whose certificate ends soon",
        breakages: &[Breakage {
            check: "tls-expiry",
            level: "warning",
            says: "it expires in",
            seen: "https://",
            repair: "renew its certificate",
            breaks: By(|world| another_server(world, "ends-soon")),
            touches: &[CONFIG, AUTHORITY],
            undo: Sh(END_IT),
            ..PLAIN
        }],
        ..HOST
    },
];

fn a_new_broker_while_the_directory_is_down(world: &mut World) {
    world.tell_crowd("fault down");
    world.kill("musterd");
    world.start_broker();
    world.sync().refused();
}

fn with_a_broker(world: &mut World) {
    world.start_broker();
    world.sync().said();
}

fn with_a_new_broker(world: &mut World) {
    world.kill("musterd");
    with_a_broker(world);
}

fn with_another_secret(world: &mut World) {
    world
        .run(["sh", "-ec", "echo wrong >/etc/muster/secrets/crowd"])
        .said();
    world.kill("musterd");
    world.start_broker();
    world.sync().refused();
}

/// The program of an upgrade that has another version, and is the same but for that.
fn with_another_versions_program(world: &mut World) {
    // A compiler has the first four bytes of so short a text in one piece, as a text or in an instruction.
    let (piece, _) = env!("CARGO_PKG_VERSION").split_at(4);
    let found = piece.replace('.', "\\.");
    let other = format!("9{}", piece.split_at(1).1);
    let upgrade = format!(
        "LC_ALL=C sed 's/{found}/{other}/g' /usr/bin/muster >/usr/bin/muster.new
        chmod 755 /usr/bin/muster.new
        mv /usr/bin/muster.new /usr/bin/muster"
    );
    world.run(["sh", "-ec", &upgrade]).said();
}

fn with_the_directory(world: &mut World) {
    world.tell_crowd("fault none");
    world.sync().said();
}

const END_IT: &str = "kill $(cat /run/world/other.pid); rm -r /run/world/other";

/// Has the configuration name a server with such a certificate.
fn another_server(world: &World, certificate: &str) {
    let start = format!(
        "setsid /run/world/muster-sim crowd --data /run/world/crowd.json --listen 127.0.0.1:0 \
            --state-dir /run/world/other --certificate {certificate} </dev/null >/dev/null 2>&1 &
        echo $! >/run/world/other.pid"
    );
    world.run(["sh", "-ec", &start]).said();
    world.until("the other server is there", |world| {
        !world.read("/run/world/other/ready").is_empty()
    });
    let name_it = format!(
        "cp /run/world/other/ca.pem {AUTHORITY}
        sed -i \"s|^url = .*|url = \\\"$(cat /run/world/other/ready)\\\"|\" {CONFIG}"
    );
    world.run(["sh", "-ec", &name_it]).said();
}
