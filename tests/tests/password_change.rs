//! Story *password change*: passwd(1) → password → dispatch → directory → verifier.

use muster_tests::world::usual::{PEOPLE, password};
use muster_tests::world::{Output, Sim, World};

const NEW: &str = "difference is no engine";

/// The usual people at a Crowd whose application may change them, and wants 12 characters.
fn powerful() -> String {
    let powers = r#""permissions": ["MODIFY_USER"]}], "shortest_password": 12,"#;
    PEOPLE.replacen(r#""permissions": []}],"#, powers, 1)
}

/// passwd(1) as `user` runs it, with what is typed in turn.
fn passwd(world: &World, user: &str, typed: &[&str]) -> Output {
    let uid = world.run(["id", "-u", user]);
    let become_user = ["setpriv", "--reuid", uid.said(), "--regid", uid.said()];
    let words = become_user.iter().chain(&["--clear-groups", "passwd"]);
    world.run_with(&(typed.join("\n") + "\n"), words)
}

#[test]
fn people_change_their_passwords_with_passwd_and_log_in_with_the_new_one() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, &powerful());
    let pages = "password_page = \"https://id.example.org/me\"\n";
    world.configure_directory(&format!("change_passwords = true\n{pages}"));
    world.start_muster();
    world.sync().said();
    world.start_sshd();
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");

    let wrong = passwd(&world, "ada", &["wrong", NEW, NEW]);
    wrong.refused();
    let short = passwd(&world, "ada", &[password::ADA, "short", "short"]);
    assert!(short.refused().contains("complexity"), "{short}");
    passwd(&world, "ada", &[password::ADA, NEW, "something else"]).refused();
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");

    passwd(&world, "ada", &[password::ADA, NEW, NEW]).said();
    assert_eq!(world.ssh("ada", NEW, "id -un").said(), "ada");
    world.ssh("ada", password::ADA, "id -un").refused();

    world.tell_crowd("fault down");
    passwd(&world, "ada", &[NEW, password::ADA, password::ADA]).refused();
    assert_eq!(world.ssh("ada", NEW, "id -un").said(), "ada");
    world.ssh("ada", password::ADA, "id -un").refused();

    let local = "another-local-secret";
    passwd(&world, "larry", &[password::LARRY, local, local]).said();
    assert_eq!(world.ssh("larry", local, "id -un").said(), "larry");
    let logs = world.logs();
    assert!(
        !logs.contains(NEW) && !logs.contains(password::ADA),
        "{logs}"
    );
}

#[test]
fn where_passwords_are_not_changed_from_hosts_passwd_names_the_page() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.configure_directory("password_page = \"https://id.example.org/me\"\n");
    world.start_muster();
    world.sync().said();
    let refused = passwd(&world, "ada", &[password::ADA, NEW, NEW]);
    let said = format!("{refused}");
    assert!(
        refused.code != 0 && said.contains("https://id.example.org/me"),
        "{said}"
    );
}
