//! Story *keys from the directory*: sshd → AuthorizedKeysCommand → snapshot; no broker is asked.

use muster_tests::world::usual::{PEOPLE, password};
use muster_tests::world::{Sim, World};

const COMMAND: &str =
    "AuthorizedKeysCommand /usr/bin/muster ssh-keys %u\nAuthorizedKeysCommandUser muster-keys\n";
const KEY: &str = "/run/world/key";

const RESTRICTED: &str = r#"[[restricted]]
groups = ["user:corp/charles", "user:corp/grace"]
command = 'printf "%s \"%s\" \\ %s" "{name}" "$SSH_ORIGINAL_COMMAND" end'
shell = "/bin/sh"
options = ["restrict"]
"#;

/// A host with muster and sshd, whose people have a key in their directory; and that key.
fn keyed(configuration: &str) -> Option<(World, String)> {
    let mut world = World::new()?;
    let made = "ssh-keygen -q -t ed25519 -N '' -C '' -f";
    world.run(["sh", "-c", &format!("{made} {KEY}")]).said();
    let public = world.read(&format!("{KEY}.pub"));
    world.start_simulator(Sim::Crowd, &with_key(public.trim()));
    world.configure(configuration);
    world.start_muster();
    world.sync().said();
    world.start_sshd_with(COMMAND);
    Some((world, public))
}

/// The usual people; some have the key that ssh_by_that_key logs in with.
fn with_key(key: &str) -> String {
    let own =
        format!(r#""attributes": {{"sshPublicKey": ["command=\"id\" {key}", "{key} laptop"]}}"#);
    let people = PEOPLE.replacen(
        r#""uidNumber": ["20001"]"#,
        &format!(r#""uidNumber": ["20001"], "sshPublicKey": ["{key}"]"#),
        1,
    );
    [
        "first compiler",
        "difference engine",
        "locked out",
        "root-at-crowd",
        "larry-at-crowd",
    ]
    .iter()
    .fold(people, |people, password| {
        let plain = format!(r#""password": "{password}""#);
        people.replacen(&plain, &format!("{plain}, {own}"), 1)
    })
}

#[test]
fn people_log_in_by_the_keys_that_their_directory_holds_as_long_as_the_rules_let_them() {
    let Some((world, public)) = keyed("") else {
        return;
    };

    assert_eq!(world.ssh_by_that_key("ada", "id -un").said(), "ada");
    // The key with options in front is left out, the same without them counts.
    assert_eq!(world.ssh_by_that_key("grace", "id -un").said(), "grace");
    for refused in ["charles", "emil", "root", "larry", "nobodyhere"] {
        world.ssh_by_that_key(refused, "id -un").refused();
    }
    let keys = world.run(["muster", "ssh-keys", "ada"]);
    assert_eq!(keys.said(), public.trim());
    let none = world.run(["muster", "ssh-keys", "larry"]);
    assert_eq!((none.code, none.out.as_str()), (0, ""), "{none}");

    world.tell_crowd("fault down");
    assert_eq!(world.ssh_by_that_key("ada", "id -un").said(), "ada");
    world.run(["muster", "revoke", "ada"]).said();
    world.ssh_by_that_key("ada", "id -un").refused();
    world.kill("musterd");
    world.ssh_by_that_key("ada", "id -un").refused();
    assert_eq!(world.ssh_by_that_key("grace", "id -un").said(), "grace");

    world.write("/var/lib/muster/public/snapshot", "not a snapshot");
    world.ssh_by_that_key("grace", "id -un").refused();
    let damaged = world.run(["muster", "ssh-keys", "grace"]);
    assert_eq!((damaged.code, damaged.out.as_str()), (3, ""), "{damaged}");
}

#[test]
fn restricted_people_run_roots_command_by_key_alone_and_nobody_has_keys_without_the_configuration()
{
    let Some((world, _)) = keyed(RESTRICTED) else {
        return;
    };

    let charles = world.ssh_by_that_key("charles", "id -un");
    assert_eq!(charles.said(), r#"charles "id -un" \ end"#);
    // An allow rule beats the restriction.
    assert_eq!(world.ssh_by_that_key("grace", "id -un").said(), "grace");
    let shell_of = |name: &str| {
        let line = world.run(["getent", "passwd", name]).said().to_owned();
        line.rsplit(':').next().unwrap_or_default().to_owned()
    };
    assert_eq!(shell_of("charles"), "/bin/sh");
    assert_eq!(shell_of("grace"), "/bin/bash");
    // The right password would open the shell.
    world.ssh("charles", password::CHARLES, "id -un").refused();

    world.write("/etc/muster/muster.toml", "version = 1\nnonsense = true\n");
    for refused in ["charles", "grace"] {
        world.ssh_by_that_key(refused, "id -un").refused();
    }
}
