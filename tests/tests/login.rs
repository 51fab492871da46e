//! Stories *login online* and *login offline*: libpam → login → wire → dispatch → throttle → directory → access →
//! outcome; and the same with the server, then the broker, gone.

use muster_tests::world::World;
use muster_tests::world::usual::password;

#[test]
fn people_log_in_online_then_offline_and_root_always() {
    let Some(mut world) = World::usual() else {
        return;
    };
    online(&world);
    programs_of_root(&world);
    world.tell_crowd("fault down");
    offline(&world);
    world.kill("musterd");
    without_broker(&world);
    world.tell_crowd("fault none");
    world.start_broker();
    assert_eq!(
        world.ssh("grace", password::GRACE, "id -un").said(),
        "grace"
    );
    no_secret_was_logged(&world);
}

fn online(world: &World) {
    assert_eq!(
        world.ssh("ada", password::ADA, "id -un; pwd").said(),
        "ada\n/home/ada"
    );
    let dialogue = world.ssh_by_dialogue("ada", password::ADA, "id -un");
    assert_eq!(dialogue.said(), "ada");
    world.ssh("ada", "wrong", "id -un").refused();
    world.ssh("charles", password::CHARLES, "id -un").refused();
    world.ssh("emil", password::EMIL, "id -un").refused();
    world.ssh("nemo", "whatever", "id -un").refused();
    let explained = world.run(["muster", "explain", "charles", "--service", "sshd"]);
    assert!(explained.refused().contains("linux-users"), "{explained}");
    world.until("the audit line is there", |world| {
        let journal = world.journal();
        let of_ours = |name: &str, what: &str| {
            journal
                .lines()
                .any(|line| line.contains("muster") && line.contains(name) && line.contains(what))
        };
        of_ours("ada", "granted") && of_ours("charles", "refused")
    });
}

/// su and sudo are setuid and hand over to others.
fn programs_of_root(world: &World) {
    assert_eq!(
        world.su_from_larry("ada", password::ADA, "id -un").said(),
        "ada"
    );
    world.su_from_larry("ada", "wrong", "id -un").refused();
    world
        .su_from_larry("charles", password::CHARLES, "id -un")
        .refused();
    world.write("/etc/sudoers.d/engineers", "%engineers ALL=(ALL:ALL) ALL\n");
    let sudo = format!("echo '{}' | sudo -S id -u", password::ADA);
    assert_eq!(world.su("ada", &sudo).said(), "0");
    world.su("ada", "echo wrong | sudo -k -S id -u").refused();
    world
        .pam(
            "login",
            "ada",
            password::ADA,
            &["authenticate", "acct_mgmt", "open_session", "close_session"],
        )
        .said();
    let changed = world.pam("passwd", "ada", password::ADA, &["chauthtok"]);
    assert!(changed.refused().contains("own pages"), "{changed}");
}

fn offline(world: &World) {
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    world.ssh("ada", "wrong", "id -un").refused();
    // She has never logged in: nobody can tell her password.
    world.ssh("grace", password::GRACE, "id -un").refused();
    assert_eq!(world.run(["id", "-un", "20001"]).said(), "ada");
}

fn without_broker(world: &World) {
    // A key needs no verdict about a password, and the account stack decides from the snapshot alone.
    assert_eq!(world.ssh_by_key("ada", "id -un").said(), "ada");
    world.ssh_by_key("charles", "id -un").refused();
    assert_eq!(world.ssh("root", password::ROOT, "id -un").said(), "root");
    assert_eq!(
        world.ssh("larry", password::LARRY, "id -un").said(),
        "larry"
    );
    world.ssh("ada", password::ADA, "id -un").refused();
    assert_eq!(world.run(["id", "-un", "20001"]).said(), "ada");
}

/// Invariant 7.
fn no_secret_was_logged(world: &World) {
    let logs = world.logs();
    for secret in [
        password::ADA,
        password::GRACE,
        password::CHARLES,
        password::LARRY,
        "application-secret",
    ] {
        assert!(!logs.contains(secret), "{logs}");
    }
}
