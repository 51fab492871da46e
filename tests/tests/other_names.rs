//! What this host says of names and people beside the directory: other forms, overrides, templates.

use muster_tests::world::usual::{PEOPLE, password};
use muster_tests::world::{Sim, World};

const MORE: &str = r#"
[names]
forms = ["case", "@example.org"]

[home]
gecos = "{display_name} of {directory}"

[override.user.grace]
uid = 5000
home = "/home/admiral"
shell = "/bin/sh"
"#;

#[test]
fn a_person_is_found_by_other_forms_of_the_name_but_logs_in_by_the_one_that_rules_speak_of() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.configure(MORE);
    world.start_muster();
    world.sync().said();
    world.start_sshd();
    for form in ["ada", "Ada", "ADA@Example.org"] {
        let line = world.run(["getent", "passwd", form]);
        assert!(line.said().starts_with("ada:*:20001:"), "{line}");
        assert!(line.said().contains(" of corp:"), "{line}");
    }
    world
        .run(["getent", "passwd", "ada@elsewhere.org"])
        .refused();
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    assert_eq!(world.ssh_by_key("ada", "id -un").said(), "ada");
    for form in ["Ada", "ada@example.org"] {
        world.ssh(form, password::ADA, "id -un").refused();
        world.ssh_by_that_key(form, "id -un").refused();
    }
    world.until("the refusals are logged", |world| {
        world.journal().contains("another form of ada")
    });
}

#[test]
fn an_override_is_what_names_and_logins_go_by() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.configure(MORE);
    world.start_muster();
    world.sync().said();
    world.start_sshd();
    assert_eq!(world.run(["id", "-u", "grace"]).said(), "5000");
    assert_eq!(
        world.run(["getent", "group", "5000"]).said(),
        "grace:*:5000:"
    );
    let login = world.ssh("grace", password::GRACE, "id -u; pwd; echo $SHELL");
    assert_eq!(login.said(), "5000\n/home/admiral\n/bin/sh");
    let user = world.run(["muster", "user", "grace"]);
    assert!(user.said().contains("override"), "{user}");
}
