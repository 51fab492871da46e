//! `muster snapshot`: built from passwd(5) and group(5), put in its place, and served without a broker.

use muster_tests::world::World;

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
ada:x:70001:70001:Ada Lovelace:/srv/people/ada:/usr/bin/zsh
grace:$6$salt$hash:70002:71000::/:
eve:x:12:70003:::
";
const GROUP: &str = "\
ada:x:70001:
engineers:x:71000:ada,grace,stranger
on-call:x:72000:grace,ada
sudo:x:72001:ada
";
const PLACE: &str = "/var/lib/muster/public/snapshot";

const BUILD: [&str; 7] = [
    "muster",
    "snapshot",
    "build",
    "--passwd",
    "/tmp/passwd",
    "--group",
    "/tmp/group",
];

/// A world with the two files in it and nothing of muster's running.
fn world() -> Option<World> {
    let world = World::new()?;
    world.write("/tmp/passwd", PASSWD);
    world.write("/tmp/group", GROUP);
    Some(world)
}

#[test]
fn a_built_snapshot_is_served_to_everybody_with_no_broker_and_admits_nobody() {
    let Some(world) = world() else { return };
    let built = world.run(BUILD.iter().chain(&["--out", PLACE]));
    assert!(
        built.said().contains("users 2, groups 3, refused 3"),
        "{built}"
    );
    for refused in [
        "/tmp/passwd:1: root has ",
        "/tmp/passwd:4: eve has ",
        "/tmp/group:4: sudo has ",
    ] {
        assert!(built.err.contains(refused), "{built}");
    }
    assert!(!built.err.contains("$6$"), "{built}");

    let ada = "ada:*:70001:70001:Ada Lovelace:/srv/people/ada:/usr/bin/zsh";
    let asked = |words: &[&str]| world.run_as("nobody", words).said().to_owned();
    assert_eq!(asked(&["getent", "passwd", "ada"]), ada);
    assert_eq!(asked(&["getent", "passwd", "70001"]), ada);
    assert_eq!(
        asked(&["getent", "group", "72000"]),
        "on-call:*:72000:grace,ada"
    );
    assert_eq!(asked(&["id", "-G", "ada"]), "70001 71000 72000");
    assert_eq!(asked(&["id", "-Gn", "grace"]), "engineers on-call");
    assert!(asked(&["getent", "passwd"]).ends_with("grace:*:70002:71000::/:"));
    assert_eq!(world.run(["getent", "passwd", "eve"]).code, 2);

    for service in ["sshd", "sudo", "login"] {
        let login = world.pam(service, "ada", "any", &["authenticate", "acct_mgmt"]);
        assert!(!login.succeeded(), "{login}");
        let account = world.pam(service, "ada", "", &["acct_mgmt"]);
        assert!(!account.succeeded(), "{account}");
    }
}

#[test]
fn what_is_dumped_is_what_getent_lists_byte_for_byte() {
    let Some(world) = world() else { return };
    world.run(BUILD.iter().chain(&["--out", PLACE])).said();
    let switch = world.read("/etc/nsswitch.conf");
    world.write(
        "/etc/nsswitch.conf",
        switch.replace("files muster", "muster"),
    );
    for database in ["passwd", "group"] {
        let dumped = world.run(["muster", "snapshot", "dump", PLACE, database]);
        let listed = world.run(["getent", database]);
        assert!(!dumped.said().is_empty());
        assert_eq!(dumped.out, listed.out);
    }
    let groups = world.run(["muster", "snapshot", "dump", PLACE, "initgroups"]);
    assert_eq!(
        groups.out,
        "ada                   70001 71000 72000\ngrace                 71000 72000\n"
    );
    world
        .run(BUILD.iter().chain(&["--no-enumerate", "--out", PLACE]))
        .said();
    assert_eq!(world.run(["getent", "passwd"]).out, "");
    assert!(world.run(["getent", "passwd", "ada"]).succeeded());
}

#[test]
fn a_strict_build_writes_nothing_when_anything_is_left_out() {
    let Some(world) = world() else { return };
    let refused = world.run(BUILD.iter().chain(&["--strict", "--out", "/tmp/made"]));
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.err.contains("--strict"), "{refused}");
    assert!(!world.path("/tmp/made").exists());
    world.write("/tmp/passwd", "ada:*:70001:70001:::/bin/sh\n");
    world.write("/tmp/group", "");
    let made = world.run(BUILD.iter().chain(&["--strict", "--out", "/tmp/made"]));
    assert!(made.succeeded() && made.err.is_empty(), "{made}");
}

#[test]
fn a_snapshot_is_verified_whole_and_what_no_module_would_read_is_said() {
    let Some(world) = world() else { return };
    let verify = |file: &str| world.run(["muster", "snapshot", "verify", file]);
    world.run(BUILD.iter().chain(&["--out", PLACE])).said();
    let sound = verify(PLACE);
    assert!(sound.said().contains("2 users, 3 groups"), "{sound}");
    assert!(
        sound.said().contains("Directory built: complete"),
        "{sound}"
    );
    assert!(!sound.out.contains("warning"), "{sound}");

    world.run(["cp", PLACE, "/tmp/copy"]).said();
    let elsewhere = verify("/tmp/copy");
    assert!(elsewhere.said().contains("warning"), "{elsewhere}");

    let mut bytes = std::fs::read(world.path(PLACE)).unwrap_or_default();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle..) {
        byte.fill(0x5a);
    }
    world.write("/tmp/damaged", bytes);
    for file in ["/tmp/damaged", "/tmp/passwd", "/tmp", "/tmp/missing"] {
        let damaged = verify(file);
        assert_eq!(damaged.code, 1, "{damaged}");
        assert!(damaged.err.contains(file), "{damaged}");
        let dumped = world.run(["muster", "snapshot", "dump", file, "passwd"]);
        assert_eq!((dumped.code, dumped.out.as_str()), (1, ""), "{dumped}");
    }
    let machine = world.run(["muster", "--json", "snapshot", "verify", "/tmp/damaged"]);
    assert!(machine.out.contains("\"exit\":1"), "{machine}");
}
