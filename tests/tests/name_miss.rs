//! Story *name miss*: entry → lazy → wire → dispatch → lookups → directory → publish; with the
//! server hung, the broker stopped or dead, and nobody held up for longer than a look-up may take.

use muster_tests::world::usual::password;
use muster_tests::world::{Sim, World};

fn is_unknown(world: &World, name: &str, what: &str) {
    // getent ends with 2 for "unknown" and for "cannot tell" alike; a hang is a failure of its own.
    assert_eq!(world.run(["getent", "passwd", name]).code, 2, "{what}");
}

fn locals_and_known_people_are_unaffected(world: &World, what: &str) {
    assert_eq!(world.run(["id", "-un", "0"]).said(), "root", "{what}");
    assert_eq!(world.run(["id", "-un", "larry"]).said(), "larry", "{what}");
    assert_eq!(
        world.run(["id", "-u", "rosalind"]).said(),
        "60001",
        "{what}"
    );
    assert_eq!(world.run(["id", "-u", "ada"]).said(), "20001", "{what}");
    let listed = world.run(["ls", "-ln", "/etc/passwd"]);
    assert!(listed.succeeded(), "{what}: {listed}");
    let root = world.pam(
        "sshd",
        "root",
        password::ROOT,
        &["authenticate", "acct_mgmt"],
    );
    assert!(root.succeeded(), "{what}: {root}");
}

#[test]
fn a_miss_is_asked_once_and_holds_up_nobody() {
    let Some(mut world) = World::three() else {
        return;
    };
    assert_eq!(world.run(["id", "-u", "rosalind"]).said(), "60001");
    is_unknown(&world, "nemo", "online");
    let as_nobody = world.run_as("nobody", &["getent", "passwd", "jocelyn"]);
    assert!(
        as_nobody.said().starts_with("jocelyn:*:60002:"),
        "anybody may ask"
    );

    world.tell(Sim::Gafaelfawr, "fault hang --below /users");
    for name in ["slow1", "slow2", "slow3"] {
        is_unknown(&world, name, "a hung server");
    }
    locals_and_known_people_are_unaffected(&world, "a hung server");
    world.tell(Sim::Gafaelfawr, "fault operation-failed --below /users");
    is_unknown(&world, "sick1", "a sick server");
    locals_and_known_people_are_unaffected(&world, "a sick server");
    world.tell(Sim::Gafaelfawr, "fault none");

    world.signal("musterd", "STOP");
    is_unknown(&world, "stopped1", "a stopped broker");
    locals_and_known_people_are_unaffected(&world, "a stopped broker");
    world.signal("musterd", "CONT");
    world.kill("musterd");
    is_unknown(&world, "dead1", "a dead broker");
    locals_and_known_people_are_unaffected(&world, "a dead broker");
    world.start_broker();
    locals_and_known_people_are_unaffected(&world, "a broker that is back");
}

#[test]
fn a_service_without_user_information_is_a_fault_of_the_configuration_and_said_to_be_one() {
    let Some(mut world) = World::new() else {
        return;
    };
    let people =
        muster_tests::world::three::GAFAELFAWR_PEOPLE.replace("\"ldap\": true", "\"ldap\": false");
    world.start_three_with(&people);
    is_unknown(&world, "rosalind", "no LDAP");
    let status = world.run(["muster", "status"]);
    assert!(status.said().contains("LDAP"), "{status}");
    let vera = world.pam("sshd", "rosalind", "x", &["authenticate"]);
    assert!(
        vera.refused().contains("cannot be asked"),
        "never unknown: {vera}"
    );
}
