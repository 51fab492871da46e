//! Homes by pam_mkhomedir, for people whose directory gives them homes and shells of every kind: nothing is made
//! or changed but a folder of one's own.
#![allow(
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::collections::BTreeMap;

use muster_tests::world::usual::password;
use muster_tests::world::{Sim, World};

/// Of everybody but those of the usual scene.
const SECRET: &str = "no place like home";

/// What a directory must not get anybody to live in. Grace is another person, Robert the home of a local account.
const HOMES: [&str; 22] = [
    "",
    "/",
    "/root",
    "/etc/cron.d",
    "/etc/cron.d/daily",
    "/var/spool/cron/crontabs/root",
    "relative/../..",
    "home/relative",
    "/home",
    "/home/",
    "/home/../etc/cron.d",
    "/home/./h",
    "/home//h",
    "/home/h/",
    "/home/ada/.ssh",
    "/home/.ssh",
    "/home/h\nintruder:x:0:0::/root:/bin/sh",
    "/home/h:/bin/evil",
    "/home/$(touch /etc/cron.d/h)",
    "/home/larry",
    "/home/robert",
    "/home/grace",
];

/// What a directory must not get anybody to run.
const SHELLS: [&str; 7] = [
    "",
    "sh",
    "/bin/evil",
    "/bin/sh -c x",
    "/bin/../bin/sh",
    "/bin/sh\nintruder:x:0:0::/root:/bin/sh",
    "/bin/sh:x",
];

/// Somebody's name, home and shell, as the directory says them.
fn person(name: &str, attribute: &str, value: &str) -> serde_json::Value {
    serde_json::json!({
        "name": name,
        "password": SECRET,
        "attributes": {attribute: [value]},
    })
}

/// The usual people, two who are given what is allowed, and one for each of the values that are not.
fn people() -> (String, Vec<String>) {
    let long = format!("/home/{}", "h".repeat(5000));
    let homes = HOMES.iter().copied().chain([long.as_str()]);
    let homes = homes.map(|home| ("homeDirectory", home));
    let shells = SHELLS.map(|shell| ("loginShell", shell));
    let values = homes.chain(shells);
    let hostile = values.zip(0..).map(|((attribute, value), number)| {
        let name = format!("h{number:02}");
        (person(&name, attribute, value), name)
    });
    let (mut users, names): (Vec<_>, Vec<_>) = hostile.unzip();
    users.push(person("good", "homeDirectory", "/home/fireside"));
    users.push(person("shelled", "loginShell", "/bin/sh"));
    let mut members = names.clone();
    members.extend(["good", "shelled", "ada", "grace"].map(str::to_owned));
    users.push(serde_json::json!({"name": "ada", "password": password::ADA}));
    users.push(serde_json::json!({"name": "grace", "password": password::GRACE}));
    let data = serde_json::json!({
        "applications": [{"name": "linux-hosts", "password": "application-secret", "permissions": []}],
        "users": users,
        "groups": [{"name": "linux-users", "users": members}],
    });
    (data.to_string(), names)
}

/// Everything in and near the folders that a home could fall into: owner, group, mode, kind.
fn tree(world: &World) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (folder, depth) in [
        ("/", "1"),
        ("/etc", "9"),
        ("/root", "1"),
        ("/home", "1"),
        ("/var", "4"),
    ] {
        let listed = world.run([
            "find",
            folder,
            "-xdev",
            "-maxdepth",
            depth,
            "!",
            "-path",
            "/var/log/*",
            "!",
            "-path",
            "/var/lib/muster/private*",
            "-printf",
            "%p\\t%u:%g %m %y\\n",
        ]);
        let lines = listed.said().lines();
        found.extend(lines.filter_map(|line| {
            let (path, what) = line.split_once('\t')?;
            Some((path.to_owned(), what.to_owned()))
        }));
    }
    found
}

/// The home and the shell that the host resolves.
fn resolved(world: &World, name: &str) -> (String, String) {
    let entry = world.run(["getent", "passwd", name]);
    match entry.said().split(':').collect::<Vec<_>>().as_slice() {
        [_, _, _, _, _, home, shell] => ((*home).to_owned(), (*shell).to_owned()),
        _ => panic!("{entry}"),
    }
}

/// docs/login.md, "Homes".
fn private_homes(world: &World) {
    let profile = "/usr/share/pam-configs/mkhomedir";
    let with_mask = world
        .read(profile)
        .replace("pam_mkhomedir.so", "pam_mkhomedir.so umask=0077");
    world.write(profile, with_mask);
    world.run(["pam-auth-update", "--package"]).said();
    let stack = world.read("/etc/pam.d/common-session");
    assert!(stack.contains("pam_mkhomedir.so umask=0077"), "{stack}");
}

#[test]
fn whatever_home_or_shell_a_directory_gives_nothing_is_made_but_a_folder_of_ones_own() {
    let Some(mut world) = World::new() else {
        return;
    };
    let (data, hostile) = people();
    world
        .run([
            "useradd",
            "--home-dir",
            "/home/robert",
            "--no-create-home",
            "bob",
        ])
        .said();
    private_homes(&world);
    world.start_simulator(Sim::Crowd, &data);
    world.configure("");
    world.start_muster();
    world.sync().said();
    world.start_sshd();
    let before = tree(&world);

    for name in &hostile {
        let (home, shell) = resolved(&world, name);
        assert_eq!(
            (home.as_str(), shell.as_str()),
            (format!("/home/{name}").as_str(), "/bin/bash")
        );
        let login = world.su_from_larry(name, SECRET, "pwd; id -un");
        assert!(
            login.succeeded() && login.out.ends_with(&format!("/home/{name}\n{name}\n")),
            "{login}"
        );
    }
    assert_eq!(resolved(&world, "good").0, "/home/fireside");
    assert_eq!(world.ssh("good", SECRET, "pwd").said(), "/home/fireside");
    assert_eq!(resolved(&world, "shelled").1, "/bin/sh");
    assert_eq!(
        world.ssh("grace", password::GRACE, "pwd").said(),
        "/home/grace"
    );

    let mut wanted = before;
    let own = hostile.iter().map(|name| (name.as_str(), name.as_str()));
    for (name, folder) in own.chain([("good", "fireside"), ("grace", "grace")]) {
        wanted.insert(format!("/home/{folder}"), format!("{name}:{name} 700 d"));
    }
    assert_eq!(tree(&world), wanted);
    let whole = world.run(["find", "/home/fireside", "!", "-user", "good"]);
    assert_eq!(whole.said(), "", "all of it is the good person's");
}
