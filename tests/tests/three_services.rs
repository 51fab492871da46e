//! People of three services on one host: names, logins online and unplugged, refusals, removals.

use muster_tests::world::three::secret;
use muster_tests::world::usual::password;
use muster_tests::world::{Sim, World};

fn groups(world: &World, name: &str) -> Vec<String> {
    let said = world.run(["id", "-Gn", name]);
    let mut groups: Vec<_> = said.said().split(' ').map(str::to_owned).collect();
    groups.sort_unstable();
    groups
}

#[test]
fn people_of_three_services_live_on_one_host() {
    let Some(world) = World::three() else { return };
    names(&world);
    online(&world);
    refused(&world);
    unplugged(&world);
    removed(&world);
    no_secret_was_logged(&world);
}

fn names(world: &World) {
    assert_eq!(
        world.run(["getent", "passwd", "dennis"]).said(),
        "dennis:*:400101:400101:Dennis Ritchie:/home/dennis:/bin/bash"
    );
    assert_eq!(
        groups(world, "dennis"),
        ["dennis", "packager", "sysadmin-main"]
    );
    assert_eq!(
        groups(world, "brian"),
        ["brian", "packager"],
        "he has only applied"
    );
    for absent in ["left", "early", "nobodyposix", "nemo", "Dennis"] {
        assert_eq!(world.run(["getent", "passwd", absent]).code, 2, "{absent}");
    }
    // Asked for by name, then in the snapshot, by id too.
    assert_eq!(world.run(["getent", "passwd", "60001"]).code, 2);
    assert_eq!(
        world.run(["getent", "passwd", "rosalind"]).said(),
        "rosalind:*:60001:61000:Rosalind Franklin:/home/rosalind:/bin/bash"
    );
    assert_eq!(world.run(["id", "-un", "60001"]).said(), "rosalind");
    assert_eq!(
        groups(world, "rosalind"),
        ["g_astro", "g_radio", "rosalind"]
    );
    assert_eq!(
        world.run(["getent", "group", "g_astro"]).said(),
        "g_astro:*:61000:rosalind"
    );
    assert_eq!(world.run(["getent", "group", "g_zero"]).code, 2);
    assert_eq!(world.run(["id", "-u", "ada"]).said(), "20001");
    let status = world.run(["muster", "status"]);
    for word in ["corp", "fedora", "rubin", "early"] {
        assert!(status.said().contains(word), "{word}: {status}");
    }
}

fn online(world: &World) {
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    assert_eq!(
        world.ssh("dennis", secret::DENNIS, "id -un; pwd").said(),
        "dennis\n/home/dennis"
    );
    let token = world.ssh("rosalind", secret::ROSALIND, "id -un; id -gn");
    assert_eq!(token.said(), "rosalind\ng_astro");
    let dialogue = world.ssh_by_dialogue("rosalind", secret::ROSALIND, "id -un");
    assert_eq!(dialogue.said(), "rosalind");
}

fn refused(world: &World) {
    world.ssh("dennis", "the b language", "id -un").refused();
    world.ssh("brian", secret::BRIAN, "id -un").refused();
    world.ssh("left", secret::LEFT, "id -un").refused();
    for token in [
        secret::JOCELYN,
        secret::ROSALIND_WITHOUT_SCOPE,
        secret::ROSALINDS_NOTEBOOK,
        "not a token",
    ] {
        world.ssh("rosalind", token, "id -un").refused();
    }
    world.ssh("jocelyn", secret::JOCELYN, "id -un").refused();
    let log = world.logs();
    for reason in ["scope", "notebook", "somebody else", "access rules"] {
        assert!(log.contains(reason), "{reason}: {log}");
    }
    let explained = world.run(["muster", "explain", "jocelyn", "--service", "sshd"]);
    assert!(explained.refused().contains("g_astro"), "{explained}");
}

fn unplugged(world: &World) {
    world.tell_all("fault down");
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    assert_eq!(
        world.ssh("dennis", secret::DENNIS, "id -un").said(),
        "dennis"
    );
    assert_eq!(
        world.ssh("rosalind", secret::ROSALIND, "id -un").said(),
        "rosalind"
    );
    world.ssh("dennis", "wrong", "id -un").refused();
    world.ssh("rosalind", secret::JOCELYN, "id -un").refused();
    assert_eq!(world.run(["getent", "passwd", "somebodynew"]).code, 2);
    assert_eq!(world.ssh("root", password::ROOT, "id -un").said(), "root");
    world.tell_all("fault none");
}

fn removed(world: &World) {
    world.tell(Sim::Fas, "set-status dennis inactive");
    world.tell(
        Sim::Gafaelfawr,
        &format!("revoke-token {}", secret::ROSALINDS_KEY),
    );
    world.ssh("dennis", secret::DENNIS, "id -un").refused();
    world.ssh("rosalind", secret::ROSALIND, "id -un").refused();
    // What was refused for certain opens nothing offline either, once that is settled.
    world.tell_all("fault down");
    world.until("the verifiers are gone", |world| {
        !world.ssh("dennis", secret::DENNIS, "id -un").succeeded()
            && !world
                .ssh("rosalind", secret::ROSALIND, "id -un")
                .succeeded()
    });
    world.tell_all("fault none");
    world.tell(Sim::Gafaelfawr, "remove-user rosalind");
    world
        .run(["muster", "sync", "--accept-shrink", "fedora"])
        .said();
    world
        .run(["muster", "sync", "--accept-shrink", "rubin"])
        .said();
    for gone in ["dennis", "rosalind"] {
        assert_eq!(world.run(["getent", "passwd", gone]).code, 2, "{gone}");
    }
    assert_eq!(world.run(["getent", "passwd", "60001"]).code, 2);
    assert_eq!(world.run(["id", "-un", "20001"]).said(), "ada");
}

/// Invariant 7; of a token only the part that is no secret may be told.
fn no_secret_was_logged(world: &World) {
    let logs = world.logs();
    for secret in [
        secret::DENNIS,
        secret::BRIAN,
        secret::SERVICE_PASSWORD,
        "rosalind-laptop-secret",
        "bot-muster-secret-0000",
        "$6$",
    ] {
        assert!(!logs.contains(secret), "{secret}: {logs}");
    }
}
