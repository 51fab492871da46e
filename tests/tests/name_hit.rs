//! Story *name hit*: glibc → entry → reader → the caller's buffer; in every kind of process, with nobody else alive.

use muster_tests::world::{Sim, World};

/// What getent says about a name, empty if there is none.
fn getent(world: &World, database: &str, key: &str) -> String {
    let output = world.run(["getent", database, key]);
    assert!(matches!(output.code, 0 | 2), "{output}");
    output.out.trim_end().to_owned()
}

#[test]
fn names_resolve_in_every_process_also_when_broker_and_publisher_are_dead() {
    let Some(world) = World::usual() else { return };
    check_names(&world);
    world.kill("musterd");
    world.kill("muster-publish");
    world.kill(Sim::Crowd.process());
    check_names(&world);
}

fn check_names(world: &World) {
    let ada = "ada:*:20001:20001:Ada Lovelace:/home/ada:/bin/bash";
    assert_eq!(getent(world, "passwd", "ada"), ada);
    assert_eq!(getent(world, "passwd", "20001"), ada);
    assert_eq!(getent(world, "group", "engineers"), "engineers:*:21001:ada");
    assert_eq!(getent(world, "group", "21001"), "engineers:*:21001:ada");
    assert_eq!(getent(world, "passwd", "nemo"), "");
    assert_eq!(getent(world, "group", "nemo"), "");

    let groups = world.run(["id", "-Gn", "ada"]);
    let mut groups: Vec<&str> = groups.said().split(' ').collect();
    groups.sort_unstable();
    assert_eq!(groups, ["ada", "engineers", "linux-users"]);

    let as_nobody = world.run_as("nobody", &["getent", "passwd", "ada"]);
    assert_eq!(as_nobody.said(), ada);
    world
        .run([
            "install",
            "-o",
            "ada",
            "-g",
            "engineers",
            "/dev/null",
            "/tmp/hers",
        ])
        .said();
    let listed = world.run_as("nobody", &["ls", "-l", "/tmp/hers"]);
    assert!(listed.said().contains(" ada engineers "), "{listed}");
}

/// Invariant 6, and the form of names and ids.
#[test]
fn what_must_not_be_served_is_not_and_is_reported() {
    let Some(world) = World::usual() else { return };
    assert!(getent(&world, "passwd", "root").starts_with("root:x:0:0:"));
    assert_eq!(
        world.run(["id", "-u", "larry"]).said(),
        world.run(["id", "-g", "larry"]).said()
    );
    assert!(!getent(&world, "passwd", "larry").contains("Not our Larry"));
    assert!(!getent(&world, "group", "sudo").contains("ada"));
    assert!(!world.run(["id", "-Gn", "ada"]).said().contains("sudo"));
    for absent in ["Zoë Müller", "zoë müller", "Zo", "zo"] {
        assert_eq!(getent(&world, "passwd", absent), "", "{absent}");
    }
    // Ids that are not free are not given: these two get others.
    for (name, refused) in [("below", "33"), ("twin", "20500")] {
        assert_ne!(world.run(["id", "-u", name]).said(), refused);
    }
    assert!(getent(&world, "passwd", "33").starts_with("www-data:"));
    assert!(getent(&world, "passwd", "20500").starts_with("lena:"));
    assert_eq!(getent(&world, "group", "bad:name"), "");

    let status = world.run(["muster", "status"]);
    let said = format!("{}{}", status.said(), world.logs());
    for name in ["root", "larry", "below", "twin", "Zo", "sudo", "bad:name"] {
        assert!(said.contains(name), "nothing is said about {name}: {said}");
    }
    for (user, password) in [("root", "root-at-crowd"), ("larry", "larry-at-crowd")] {
        world.ssh(user, password, "id -un").refused();
    }
    assert_eq!(world.ssh("larry", "local-secret", "id -un").said(), "larry");
}
