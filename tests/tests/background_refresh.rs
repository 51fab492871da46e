//! Story *background refresh*: clock → sync → disk → ledger → publish → the old mapping's word; and syncs that fail.

use muster_tests::world::World;
use muster_tests::world::usual::password;

#[test]
fn what_changes_at_the_server_changes_here_with_the_next_sync() {
    let Some(world) = World::usual() else { return };
    let uid = world.run(["id", "-u", "vera"]).said().to_owned();
    assert_eq!(world.ssh("vera", password::VERA, "id -u").said(), uid);
    world.ssh("charles", password::CHARLES, "id -un").refused();

    world.tell_crowd("remove-user vera");
    world.tell_crowd("add-member linux-users charles");
    world.sync().said();
    assert_eq!(world.run(["getent", "passwd", "vera"]).code, 2);
    assert_eq!(world.run(["getent", "passwd", &uid]).code, 2);
    world.ssh("vera", password::VERA, "id -un").refused();
    assert_eq!(
        world.ssh("charles", password::CHARLES, "id -un").said(),
        "charles"
    );

    // Offline no verifier of hers is left to let her in.
    world.tell_crowd("fault down");
    world.ssh("vera", password::VERA, "id -un").refused();
}

/// Invariant 3: each fault is reported as what it is, and what was known stays.
#[test]
fn a_sync_that_cannot_be_believed_changes_nothing() {
    let Some(world) = World::usual() else { return };
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    for fault in [
        "down",
        "garbage",
        "html-page",
        "truncated",
        "no-version",
        "unauthorized",
        "forbidden",
        "operation-failed",
    ] {
        world.tell_crowd(&format!("fault {fault}"));
        let sync = world.sync();
        assert!(!sync.succeeded(), "{fault}: {sync}");
        assert_eq!(world.run(["id", "-un", "20001"]).said(), "ada", "{fault}");
        assert_eq!(
            world.run(["getent", "group", "engineers"]).said(),
            "engineers:*:21001:ada",
            "{fault}"
        );
        let status = world.run(["muster", "status"]);
        assert!(status.said().contains("Error"), "{fault}: {status}");
    }
    // Invariant 5: an empty answer is believed only by an administrator's word.
    world.tell_crowd("fault empty-users");
    assert!(!world.sync().succeeded());
    assert_eq!(world.run(["id", "-un", "20001"]).said(), "ada");
    let status = world.run(["muster", "status"]);
    assert!(status.said().contains("--accept-shrink corp"), "{status}");
    world.tell_crowd("fault none");
    world.sync().said();
    let status = world.run(["muster", "status"]);
    assert!(!status.said().contains("accept-shrink"), "{status}");
}

/// 401 and 403 concern our own credentials: neither "wrong password" nor "no such user", and no way offline.
#[test]
fn our_own_refused_credentials_are_said_to_be_just_that() {
    let Some(world) = World::usual() else { return };
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    for fault in ["unauthorized", "forbidden"] {
        world.tell_crowd(&format!("fault {fault}"));
        let login = world.pam("sshd", "ada", password::ADA, &["authenticate"]);
        assert!(login.refused().contains("out of order"), "{fault}: {login}");
        world.until("it is logged", |world| {
            world.journal().contains("own credentials")
        });
    }
}
