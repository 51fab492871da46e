//! What must neither crash nor hang a host program: a hostile snapshot, a silent broker.

use std::os::unix::fs::{PermissionsExt, chown};

use muster_tests::world::World;
use muster_tests::world::usual::password;

const SNAPSHOT: &str = "/var/lib/muster/public/snapshot";

/// Root and local people, by name, by id and at their logins; whatever the snapshot is (invariants 2, 6 and 8).
fn locals_are_unaffected(world: &World, what: &str) {
    assert_eq!(
        world.run(["id", "root"]).said(),
        "uid=0(root) gid=0(root) groups=0(root)",
        "{what}"
    );
    let larry = world.run(["id", "larry"]);
    assert_eq!(larry.said(), world.read("/run/world/larry"), "{what}");
    let root = world.pam(
        "sshd",
        "root",
        password::ROOT,
        &["authenticate", "acct_mgmt"],
    );
    assert!(root.succeeded(), "{what}: {root}");
    let larry = world.su_from_larry("larry", password::LARRY, "id -un");
    assert_eq!(larry.said(), "larry", "{what}");
}

fn remember_larry(world: &World) {
    world.write("/run/world/larry", world.run(["id", "larry"]).said());
}

#[test]
fn a_hostile_snapshot_harms_nobody() {
    let Some(mut world) = World::usual() else {
        return;
    };
    remember_larry(&world);
    world.kill("musterd");
    let path = world.path(SNAPSHOT);
    let good = std::fs::read(&path).unwrap();
    let hostile: [(&str, &dyn Fn()); 8] = [
        ("random bytes", &|| world.write(SNAPSHOT, noise(1 << 20))),
        ("a good head with random bytes", &|| {
            let mut bytes = good.clone();
            let half = bytes.len() / 2;
            bytes.splice(half.., noise(half));
            world.write(SNAPSHOT, bytes);
        }),
        ("half a snapshot", &|| {
            world.write(SNAPSHOT, good.get(..good.len() / 2).unwrap());
        }),
        ("an empty file", &|| world.write(SNAPSHOT, "")),
        ("somebody else's", &|| {
            world.write(SNAPSHOT, &good);
            chown(&path, Some(20001), None).unwrap();
        }),
        ("one that others may write", &|| {
            world.write(SNAPSHOT, &good);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        }),
        ("a FIFO", &|| _ = world.run(["mkfifo", SNAPSHOT]).said()),
        ("a symbolic link", &|| {
            world.write("/run/world/snapshot", &good);
            std::os::unix::fs::symlink("/run/world/snapshot", &path).unwrap();
        }),
    ];
    for (what, put) in hostile {
        std::fs::remove_file(&path).unwrap();
        put();
        assert_eq!(world.run(["getent", "passwd", "ada"]).code, 2, "{what}");
        locals_are_unaffected(&world, what);
        let ada = world.pam("sshd", "ada", password::ADA, &["authenticate", "acct_mgmt"]);
        assert!(!ada.succeeded(), "{what}: {ada}");
    }
    std::fs::remove_file(&path).unwrap();
    locals_are_unaffected(&world, "none");
    world.start_broker();
    world.until("the broker has it rebuilt", |world| {
        world.run(["getent", "passwd", "ada"]).succeeded()
    });
}

/// Bytes without a pattern, the same on every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next)
        .flatten()
        .take(length)
        .collect()
}

/// Invariant 10: names do not need the broker, and a login ends with "could not ask".
fn ada_is_refused_and_the_rest_works(world: &World, what: &str) {
    assert_eq!(world.run(["id", "-un", "20001"]).said(), "ada", "{what}");
    locals_are_unaffected(world, what);
    let ada = world.pam("sshd", "ada", password::ADA, &["authenticate"]);
    assert!(ada.refused().contains("cannot be asked"), "{what}: {ada}");
    assert_eq!(
        world.ssh("root", password::ROOT, "id -un").said(),
        "root",
        "{what}"
    );
}

#[test]
fn a_silent_broker_holds_up_nobody() {
    let Some(world) = World::usual() else { return };
    remember_larry(&world);
    world.signal("musterd", "STOP");
    ada_is_refused_and_the_rest_works(&world, "a stopped broker");
    world.signal("musterd", "CONT");
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    world.kill("musterd");
    ada_is_refused_and_the_rest_works(&world, "a dead broker");

    let deaf = world.deaf_broker();
    ada_is_refused_and_the_rest_works(&world, "a broker that takes calls and never answers");
    drop(deaf);
    let full = world.full_broker();
    ada_is_refused_and_the_rest_works(&world, "a full backlog");
    drop(full);
}

/// A local user's 64 processes ask and guess as fast as they can, at the door for everybody.
#[test]
fn a_flood_at_the_door_for_everybody_keeps_no_login_of_roots_programs_waiting() {
    let Some(mut world) = World::usual() else {
        return;
    };
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    world.write("/etc/pam.d/locker", "auth include common-auth\n");
    let uid = world.run(["id", "-u", "ada"]);
    let one =
        "while :; do muster user nosuch; echo guess | pamtester locker ada authenticate; done";
    let all = format!("for i in $(seq 64); do ({one}) >/dev/null 2>&1 & done; wait");
    world.spawn(
        "flood",
        &[
            "setpriv",
            "--reuid",
            uid.said(),
            "--clear-groups",
            "sh",
            "-c",
            &all,
        ],
    );
    world.until("the guesses are on the books", |world| {
        world
            .run(["muster", "status", "--throttle"])
            .out
            .contains("ada")
    });
    for _ in 0..3 {
        assert_eq!(
            world.ssh("grace", password::GRACE, "id -un").said(),
            "grace"
        );
        // She has been logged in from there before: guesses from elsewhere lock her out nowhere.
        assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
        assert_eq!(world.ssh("root", password::ROOT, "id -un").said(), "root");
    }
    world.tell_crowd("fault down");
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    let cleared = world.run(["muster", "throttle", "clear", "ada"]);
    assert!(cleared.said().contains("forgot"), "{cleared}");
}
