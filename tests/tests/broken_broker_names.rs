//! Names while the real broker is stopped, deaf, gone or dead: hits are unchanged, a name that it would have to be asked
//! about is "could not ask" within its deadline, and never "no such user".
#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::path::Path;

use muster_tests::world::World;

/// Compiles one of the name module's host programs into the world.
fn compile(world: &World, name: &str) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../nss/tests/programs")
        .join(name)
        .with_extension("c");
    let status = std::process::Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
        .arg(world.path(&format!("/usr/local/bin/{name}")))
        .arg(source)
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn whatever_becomes_of_the_broker_hits_are_answered_and_nobody_is_called_unknown() {
    let Some(mut world) = World::three() else {
        return;
    };
    compile(&world, "deadline");
    compile(&world, "broker");
    compile(&world, "expects");
    assert_eq!(world.run(["id", "-u", "rosalind"]).said(), "60001");
    world.run(["expects", "open", "nemo", "-1"]).said();
    let cannot_ask = |world: &World, name: &str| {
        let asked = world.run(["deadline", name, "3", "ada", "20001"]);
        assert_eq!((asked.said(), asked.err.as_str()), ("", ""), "{asked}");
        let as_nobody = world.run_as("nobody", &["deadline", name, "1", "rosalind", "60001"]);
        assert!(as_nobody.succeeded(), "{as_nobody}");
    };

    world.signal("musterd", "STOP");
    cannot_ask(&world, "stopped1");
    world.signal("musterd", "CONT");
    world.run(["expects", "open", "nemo", "-1"]).said();

    world.kill("musterd");
    cannot_ask(&world, "killed1");
    for how in ["deaf", "full", "silent"] {
        world.spawn("broker", &["broker", how]);
        world.until("it listens", |world| {
            world.read("/run/world/broker.log").contains("ready")
        });
        cannot_ask(&world, "deaf1");
        world.kill("broker");
        std::fs::remove_file(world.path("/run/world/broker.log")).unwrap();
    }
    world.run(["mv", "/run/muster", "/run/elsewhere"]).said();
    cannot_ask(&world, "gone1");
    world.run(["mv", "/run/elsewhere", "/run/muster"]).said();

    world.start_broker();
    world.run(["expects", "open", "jocelyn", "60002"]).said();
    world.run(["expects", "open", "nemo", "-1"]).said();
}
