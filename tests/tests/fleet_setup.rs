//! Hosts set up in one go: `muster init` against a server, drop-ins on a running host, and the examples for fleets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::path::Path;
use std::process::Command;

use muster_common::config;
use muster_tests::world::usual::PEOPLE;
use muster_tests::world::{Sim, World};

const SECRET: &str = "/etc/muster/secrets/corp";
const DROP_IN: &str = "/etc/muster/muster.d/corp.toml";

/// What `muster init` is told of the simulated Crowd.
fn words(world: &World) -> Vec<String> {
    let (url, ca) = (world.url_of(Sim::Crowd), Sim::Crowd.ca());
    let words = [
        "muster",
        "init",
        "--kind",
        "crowd",
        "--name",
        "corp",
        "--url",
        &url,
        "--application",
        "linux-hosts",
        "--ca-file",
        &ca,
        "--allow",
        "group:linux-users",
    ];
    words.map(str::to_owned).to_vec()
}

#[test]
fn one_command_sets_a_new_host_up_and_a_second_one_changes_nothing() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    let shipped = world.read("/etc/muster/muster.toml");
    let words = words(&world);

    let done = world.run_with("application-secret\n", &words);
    assert!(done.said().contains(DROP_IN), "{done}");
    assert!(done.said().contains("takes the credentials"), "{done}");
    let stat = |path: &str| {
        world
            .run(["stat", "-c", "%a %U:%G", path])
            .said()
            .to_owned()
    };
    assert_eq!(stat(SECRET), "640 root:muster");
    assert_eq!(stat("/etc/muster/secrets"), "750 root:muster");
    assert_eq!(stat(DROP_IN), "644 root:root");
    assert_eq!(world.read("/etc/muster/muster.toml"), shipped);
    assert_eq!(world.read(SECRET), "application-secret\n");
    world.run(["muster", "config", "check"]).said();
    let shown = world.run(["muster", "config", "show"]);
    let line = format!("allow = [\"group:linux-users\"]  # {DROP_IN}:");
    assert!(shown.said().contains(&line), "{shown}");

    let before = world.read(DROP_IN);
    let again = world.run_with("application-secret\n", &words);
    assert_eq!(again.code, 1, "{again}");
    assert!(again.refused().contains("has the directory corp already"));
    assert_eq!(world.read(DROP_IN), before);

    world.start_muster();
    world.sync().said();
    assert!(world.run(["getent", "passwd", "ada"]).succeeded());
    let why = world.run(["muster", "explain", "ada", "--service", "sshd"]);
    assert!(why.said().contains(DROP_IN), "{why}");
}

/// Answers each question as it comes, and prints all that was on the terminal.
const DIALOGUE: &str = r#"
set timeout 20
proc answer {question reply} {
    expect {
        $question { send -- "$reply\r" }
        timeout { puts "\nnobody asked: $question"; exit 9 }
        eof { puts "\nended before: $question"; exit 9 }
    }
}
spawn muster init --ca-file [lindex $argv 1]
answer "Kind of directory" ""
answer "Name of the directory" "corp"
answer "URL of Crowd" [lindex $argv 0]
answer "Name of the application" ""
answer "Name of the application" "linux-hosts"
answer "Name of the systemd credential" ""
answer "Who may log in" "group:linux-users"
answer "Password of the application" "application-secret"
expect eof
exit [lindex [wait] 3]
"#;

#[test]
fn at_a_terminal_everything_is_asked_for_and_the_secret_is_not_shown() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.write("/tmp/dialogue", DIALOGUE);
    let (url, ca) = (world.url_of(Sim::Crowd), Sim::Crowd.ca());
    let done = world.run(["expect", "/tmp/dialogue", &url, &ca]);
    assert!(done.said().contains("make an application"), "{done}");
    assert!(done.said().contains("takes the credentials"), "{done}");
    assert!(!done.said().contains("application-secret"), "{done}");
    assert_eq!(world.read(SECRET), "application-secret\n");
    let check = world.run(["muster", "config", "check"]);
    assert!(check.said().contains("no problem found"), "{check}");
}

#[test]
fn what_the_server_does_not_take_is_told_and_nothing_is_written() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    let words = words(&world);
    let wrong = world.run_with("wrong\n", &words);
    assert_eq!(wrong.code, 1, "{wrong}");
    let told = wrong.refused();
    assert!(
        told.contains("misconfigured") && told.contains("Nothing was written"),
        "{told}"
    );
    assert!(!told.contains("wrong\n"), "{told}");

    let url = world.url_of(Sim::Crowd);
    let nowhere = words.iter().map(|word| match word == &url {
        true => "https://127.0.0.1:1/crowd",
        false => word.as_str(),
    });
    let silent = world.run_with("application-secret\n", nowhere);
    assert_eq!(silent.code, 3, "{silent}");
    assert!(silent.refused().contains("Nothing was written"), "{silent}");

    let unknown = words
        .iter()
        .filter(|word| *word != "--ca-file" && **word != Sim::Crowd.ca());
    let untrusted = world.run_with("application-secret\n", unknown);
    assert!(untrusted.refused().contains("--ca-file"), "{untrusted}");
    for path in [SECRET, DROP_IN] {
        assert!(!world.path(path).exists(), "{path}");
    }
}

#[test]
fn a_drop_in_counts_after_a_restart_and_one_of_somebody_elses_is_refused_by_the_broker() {
    let Some(mut world) = World::usual() else {
        return;
    };
    let drop_in = "/etc/muster/muster.d/10-site.toml";
    world.run(["mkdir", "-p", "/etc/muster/muster.d"]).said();
    world.write(drop_in, "[access]\ndeny = [\"user:ada\"]\n");
    let diff = ["muster", "config", "diff", "/etc/muster/muster.toml"];
    let same = world.run(diff.iter().chain(&["/etc/muster/muster.toml"]));
    assert!(same.said().contains("Nobody"), "{same}");
    world.kill("musterd");
    world.start_broker();
    let why = world.run(["muster", "explain", "ada", "--service", "sshd"]);
    assert!(why.out.contains(&format!("{drop_in}:2")), "{why}");

    world.run(["chown", "larry", drop_in]).said();
    world.kill("musterd");
    let refused = world.run(["/usr/sbin/musterd"]);
    assert_eq!(refused.code, 78, "{refused}");
    let told = refused.refused();
    assert!(told.contains("10-site.toml is not to be trusted"), "{told}");
    // What was served before still is.
    assert!(world.run(["getent", "passwd", "grace"]).succeeded());
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/examples");
    std::fs::read_to_string(path.join(name)).unwrap()
}

/// Every file below /etc/muster/muster.d that a YAML document writes by `content: |`, with its name.
fn drop_ins(yaml: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut name = None;
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some((_, file)) = line.split_once("/etc/muster/muster.d/") {
            name = Some(file.to_owned());
        }
        if line.trim() != "content: |" {
            continue;
        }
        let depth = line.find("content").unwrap();
        let mut text = String::new();
        let inside = |line: &&str| line.trim().is_empty() || line[..depth + 1].trim().is_empty();
        while let Some(line) = lines.next_if(inside) {
            text.push_str(line.get(depth + 2..).unwrap_or_default());
            text.push('\n');
        }
        found.push((name.take().unwrap(), text));
    }
    found
}

#[test]
fn what_the_examples_for_fleets_write_is_a_configuration_without_a_problem_or_a_warning() {
    for (file, wanted) in [
        ("ansible.yml", &["50-site.toml", "90-host.toml"][..]),
        ("cloud-init.yml", &["50-site.toml"]),
    ] {
        let host = tempfile::tempdir().unwrap();
        let main = host.path().join("muster.toml");
        // As the packages bring it.
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/etc/muster.toml");
        std::fs::copy(shipped, &main).unwrap();
        std::fs::create_dir(host.path().join("muster.d")).unwrap();
        let files = drop_ins(&example(file));
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, wanted, "{file}");
        for (name, text) in &files {
            let tags = "{{ muster_tags | default([]) | to_json }}";
            let text = text.replace(tags, "[\"web\"]");
            std::fs::write(host.path().join("muster.d").join(name), text).unwrap();
        }
        let config = config::load(&main).unwrap_or_else(|errors| panic!("{file}\n{errors}"));
        assert_eq!(config.warnings, Vec::<String>::new(), "{file}");
        assert_eq!(config.directories.len(), 1);
        let (_, secret) = config.directories[0].kind.secret_file().unwrap();
        assert!(example(file).contains(&secret.to_string()), "{file}");
    }
}

#[test]
fn the_examples_for_fleets_are_yaml_and_hold_no_secret() {
    let has_yaml = Command::new("python3").args(["-c", "import yaml"]).status();
    if !has_yaml.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: python3 has no yaml here");
        return;
    }
    for (file, path) in [
        (
            "ansible.yml",
            "document[0]['tasks'][2]['ansible.builtin.copy']",
        ),
        ("cloud-init.yml", "document['write_files'][0]"),
    ] {
        let print = format!(
            "import sys, yaml; document = yaml.safe_load(sys.argv[1]); print({path}['content'], end='')"
        );
        let text = example(file);
        let parsed = Command::new("python3")
            .args(["-c", &print, &text])
            .output()
            .unwrap();
        assert!(parsed.status.success(), "{file}: {parsed:?}");
        // What YAML makes of the first file is what the other test has checked.
        let first = drop_ins(&text).remove(0).1;
        assert_eq!(
            String::from_utf8_lossy(&parsed.stdout).trim_end(),
            first.trim_end()
        );
    }
    assert!(example("ansible.yml").contains("no_log: true"));
}
