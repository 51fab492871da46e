//! The equipment itself: a world is a host, and nothing of it reaches the machine.

use muster_tests::world::usual::{PEOPLE, password};
use muster_tests::world::{Sim, World};

#[test]
fn a_local_user_logs_in_by_ssh_and_nothing_reaches_the_machine() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_sshd();
    assert_eq!(
        world
            .run(["getent", "passwd", "larry"])
            .said()
            .split(':')
            .next(),
        Some("larry")
    );
    assert_eq!(world.ssh("larry", "local-secret", "id -un").said(), "larry");
    assert_eq!(world.ssh("root", "root-secret", "id -un").said(), "root");
    world.ssh("larry", "wrong", "id -un").refused();
    assert_eq!(
        world.su_from_larry("root", "root-secret", "id -u").said(),
        "0"
    );
    world.until("sshd has logged it", |world| {
        world.journal().contains("larry")
    });
    assert!(
        !std::fs::read_to_string("/etc/passwd")
            .unwrap()
            .contains("larry")
    );
}

#[test]
fn the_broker_runs_without_root_on_sockets_that_were_handed_over() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.configure("");
    world.start_publisher();
    world.start_broker_by_sockets();
    world.sync().said();
    assert_eq!(world.run(["id", "-un", "20001"]).said(), "ada");
    let pid = world.process("musterd").pid.to_string();
    assert_eq!(
        world.run(["ps", "-o", "user=", "-p", &pid]).said(),
        "muster"
    );
    let login = world.pam("sshd", "ada", password::ADA, &["authenticate", "acct_mgmt"]);
    assert!(login.succeeded(), "{login}");
}
