//! Story *nobody but the host itself*: no directory server at all, and people log in by ssh with
//! tokens and passwords of the host's own registry.

use muster_tests::world::{Output, World};

/// Five lines make a host.
const CONFIG: &str = r#"version = 1
directory = [{ name = "local", kind = "local" }]
[access]
allow = ["everyone"]
"#;

fn host() -> Option<World> {
    let mut world = World::new()?;
    world.write_config(CONFIG);
    world.start_muster();
    world.sync().said();
    world.start_sshd();
    Some(world)
}

#[track_caller]
fn token(world: &World, words: &[&str]) -> Output {
    world.run(["muster", "token"].iter().chain(words))
}

/// Registers, and gives what stands on standard output: the token alone.
#[track_caller]
fn register(world: &World, words: &[&str]) -> String {
    let registered = token(world, &[&["register"], words].concat());
    registered.said().to_owned()
}

#[track_caller]
fn verify(world: &World, user: &str, typed: &str) -> Output {
    world.run_with(&format!("{typed}\n"), ["muster", "token", "verify", user])
}

#[test]
fn whoever_is_registered_logs_in_and_whoever_is_deregistered_is_gone() {
    let Some(world) = host() else {
        return;
    };
    let wanted = ["ada", "ada@example.org", "--uid", "20001", "--group", "ops"];
    let ada = register(&world, &wanted);
    assert!(ada.starts_with("mst_") && ada.len() == 52, "{ada}");
    let shown = world.run(["getent", "passwd", "ada"]);
    assert!(shown.said().starts_with("ada:*:20001:"), "{shown}");
    let groups = world.run(["id", "-Gn", "ada"]);
    assert!(
        groups.said().split(' ').any(|name| name == "ops"),
        "{groups}"
    );

    assert_eq!(world.ssh("ada", &ada, "id -un").said(), "ada");
    assert_eq!(world.ssh_by_dialogue("ada", &ada, "id -un").said(), "ada");
    let bob = register(&world, &["bob", "bob@example.org"]);
    assert_ne!(ada, bob);
    world.ssh("ada", &bob, "id -un").refused();
    let mistyped = ada.replacen("mst_", "mst_x", 1);
    world.ssh("ada", &mistyped, "id -un").refused();
    assert_eq!(verify(&world, "bob", &bob).said(), "User verified");
    assert_eq!(verify(&world, "bob", &ada).code, 1);
    let unknown = verify(&world, "eve", &bob);
    assert!(
        unknown.code == 1 && unknown.out.contains("not registered"),
        "{unknown}"
    );

    token(&world, &["groups", "ada", "ops", "wheelers"]).said();
    let wheelers = world.run(["getent", "group", "wheelers"]);
    assert!(wheelers.said().ends_with(":ada"), "{wheelers}");

    token(&world, &["deregister", "ada"]).said();
    assert_eq!(world.run(["getent", "passwd", "ada"]).code, 2);
    assert_eq!(world.run(["getent", "group", "wheelers"]).code, 2);
    world.ssh("ada", &ada, "id -un").refused();
    // The last one goes unheld, too: nobody but root on this host can have said so.
    token(&world, &["deregister", "bob"]).said();
    assert_eq!(world.run(["getent", "passwd", "bob"]).code, 2);

    // Who comes back under the name is another person, with another id.
    let kept = token(
        &world,
        &["register", "ada", "ada@example.org", "--uid", "20001"],
    );
    assert!(kept.refused().contains("20001 is kept"), "{kept}");
    let again = register(&world, &["ada", "ada@example.org"]);
    let uid = world.run(["id", "-u", "ada"]);
    assert_ne!(uid.said(), "20001");
    assert_eq!(world.ssh("ada", &again, "id -u").said(), uid.said());
    world.ssh("ada", &ada, "id -un").refused();
}

#[test]
fn tokens_serve_as_long_and_as_often_as_they_may() {
    let Some(world) = host() else {
        return;
    };
    let once = register(&world, &["robot", "ops@example.org", "--uses", "1"]);
    assert_eq!(world.ssh("robot", &once, "id -un").said(), "robot");
    world.ssh("robot", &once, "id -un").refused();
    let used_up = verify(&world, "robot", &once);
    assert!(
        used_up.refused().contains("as often as it may"),
        "{used_up}"
    );

    let reset =
        |email: &str, order: &[&str]| token(&world, &[&["reset", "robot", email], order].concat());
    let wrong = reset("eve@example.org", &[]);
    assert!(wrong.refused().contains("does not match"), "{wrong}");
    let second = reset("ops@example.org", &["--expires", "1s"]);
    let second = second.said().to_owned();
    verify(&world, "robot", &once).refused();
    world.until("the token has expired", |world| {
        let told = verify(world, "robot", &second);
        told.code == 1 && told.out.contains("expired")
    });
    world.ssh("robot", &second, "id -un").refused();
    let third = reset("ops@example.org", &["--expires", "90d"]);
    let third = third.said().to_owned();
    let shown = token(&world, &["show", "robot"]);
    assert!(
        shown.said().contains("expires in 89 days") || shown.out.contains("in 90 days"),
        "{shown}"
    );

    let passwd = ["muster", "token", "passwd", "robot"];
    let weak = world.run_with("short\n", passwd);
    assert!(weak.refused().contains("at least 8"), "{weak}");
    world.run_with("correct horse battery\n", passwd).said();
    for secret in ["correct horse battery", &third] {
        assert_eq!(world.ssh("robot", secret, "id -un").said(), "robot");
    }
    world
        .ssh("robot", "wrong horse battery", "id -un")
        .refused();
    verify(&world, "robot", "correct horse battery").refused();
    token(&world, &["passwd", "robot", "--remove"]).said();
    world
        .ssh("robot", "correct horse battery", "id -un")
        .refused();
    let logs = world.logs();
    for said in [
        "root registered robot",
        "User verified",
        "Invalid token for user robot",
    ] {
        assert!(logs.contains(said), "{said}: {logs}");
    }
    for secret in [&once, &second, &third] {
        assert!(!logs.contains(secret.as_str()), "a token stands in the log");
    }
}

/// fixie-creds' own token and file, from its tests.
const FIXIE: (&str, &str) = (
    "46685257bdd640fb06671ad11c80317fa3b1799d",
    "897ddb19c14430f6f72fcfd885af7cddf0ffb220ab765df4a1b283c473a69423",
);

#[test]
fn people_come_from_fixie_creds_and_go_back_and_nobody_but_root_asks() {
    let Some(world) = host() else {
        return;
    };
    world
        .run(["mkdir", "-m700", "/root/creds", "/root/back"])
        .said();
    let file = |user: &str| {
        let (_, hash) = FIXIE;
        format!(r#"{{"email":"ann@x.org","hashed_token":"{hash}","user":"{user}"}}"#)
    };
    world.write("/root/creds/ann.json", file("ann"));
    world.write("/root/creds/bob.json", file("../bob"));
    let imported = token(&world, &["import-fixie", "/root/creds"]);
    assert!(
        imported.code == 1 && imported.out.starts_with("1 accounts"),
        "{imported}"
    );
    assert!(imported.err.contains("another user"), "{imported}");
    assert_eq!(world.ssh("ann", FIXIE.0, "id -un").said(), "ann");
    world
        .ssh("ann", "46685257bdd640fb06671ad11c80317fa3b1799e", "id -un")
        .refused();

    register(&world, &["cyd", "cyd@x.org"]);
    let own = register(&world, &["dee", "dee@x.org", "--fixie"]);
    assert_eq!(own.len(), 40);
    let exported = token(&world, &["export-fixie", "/root/back"]);
    assert!(
        exported.said().ends_with("2 accounts") && exported.err.contains("cyd"),
        "{exported}"
    );
    assert_eq!(world.read("/root/back/ann.json"), file("ann"));
    let mode = world.run(["stat", "-c", "%a %U", "/root/back/dee.json"]);
    assert_eq!(mode.said(), "600 root");

    let larry = world.run_as("larry", &["muster", "token", "list"]);
    assert_eq!(larry.code, 4, "{larry}");
    let listed = token(&world, &["list"]);
    assert!(listed.said().lines().count() == 4, "{listed}");
    let status = world.run(["muster", "status"]);
    assert!(status.said().contains("registry of 3 accounts"), "{status}");
}
