//! docs/security-classes.md held to the tree, and what of it no other test replays: the modes of everything on a
//! running host, that nothing is started, and that no secret stays anywhere.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::path::{Path, PathBuf};

use muster_tests::world::World;
use muster_tests::world::usual::password;

fn tree() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    let path = tree().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether `text` has a test of exactly this name.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    lines.iter().enumerate().any(|(number, line)| {
        let attributes = lines[..number].iter().rev();
        let mut attributes = attributes.take_while(|line| line.starts_with("#["));
        line.trim_start_matches("async ").starts_with(&head)
            && attributes
                .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn each_class_names_tests_that_there_are() {
    let page = read("docs/security-classes.md");
    let rows = page.lines().filter(|line| {
        let first = line.strip_prefix("| ").and_then(|rest| rest.chars().next());
        first.is_some_and(|first| first.is_ascii_digit())
    });
    let mut numbers = Vec::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 4, "{row}");
        numbers.push(cells[0].trim().split(' ').next().unwrap().to_owned());
        let tests: Vec<_> = cells[3]
            .split('`')
            .filter(|part| part.contains("::"))
            .collect();
        assert!(tests.len() >= 4, "{row}");
        for cited in tests {
            let (file, name) = cited.split_once("::").unwrap();
            assert!(has_test(&read(file), name), "{cited} is no test");
        }
    }
    let wanted: Vec<_> = (1..=11).map(|number: u32| number.to_string()).collect();
    assert_eq!(numbers, wanted);
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false if path.extension().is_some_and(|end| end == "rs") => found.push(path),
            false => {}
        }
    }
}

#[test]
fn no_part_of_muster_starts_another_program_but_doctor_two_of_roots_own() {
    let mut found = Vec::new();
    for part in ["common", "daemon", "nss", "pam", "cli"] {
        sources(&tree().join(part).join("src"), &mut found);
    }
    // Tests may: of a file, what stands in front of its own tests is looked at.
    let is_test = |path: &Path| {
        let below = path.strip_prefix(tree()).unwrap();
        below
            .components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs")))
    };
    let mut looked_at = 0;
    for path in found.iter().filter(|path| !is_test(path)) {
        let text = std::fs::read_to_string(path).unwrap();
        let product = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for word in [
            "process::Command",
            " Command::new",
            "(Command::new",
            "libc::system",
            "execv",
            "posix_spawn",
            "popen",
            "vfork(",
        ] {
            let is_doctors = word == " Command::new" && path.ends_with("cli/src/doctor/fix.rs");
            assert!(
                is_doctors || !product.contains(word),
                "{}: {word}",
                path.display()
            );
        }
        looked_at += 1;
    }
    assert!(looked_at > 100, "{looked_at}");
}

#[test]
fn every_file_folder_and_socket_of_a_running_host_is_open_to_those_who_need_it_alone() {
    let Some(world) = World::usual() else { return };
    // One login, so that there is a verifier in the store.
    world.ssh("ada", password::ADA, "true").said();
    let stat = |path: &str| {
        world
            .run(["stat", "-c", "%a %U:%G", path])
            .said()
            .to_owned()
    };
    for (path, wanted) in [
        ("/etc/muster", "755 root:root"),
        ("/etc/muster/muster.d", "755 root:root"),
        ("/etc/muster/muster.toml", "644 root:root"),
        ("/etc/muster/secrets", "750 root:muster"),
        ("/etc/muster/secrets/crowd", "640 root:muster"),
        ("/var/lib/muster", "755 root:root"),
        ("/var/lib/muster/private", "700 muster:muster"),
        ("/var/lib/muster/public", "755 root:root"),
        ("/var/lib/muster/public/snapshot", "644 root:root"),
        ("/run/muster", "755 root:root"),
        ("/run/muster/root.sock", "600 root:root"),
        ("/run/muster/lookup.sock", "666 root:root"),
        ("/run/muster/publish.sock", "660 root:muster"),
    ] {
        assert_eq!(stat(path), wanted, "{path}");
    }
    let others = ["find", "/var/lib/muster/private", "-type", "f"];
    let kept = world.run(others);
    assert!(kept.said().contains("store.sqlite"), "{kept}");
    let open = world.run(
        others
            .iter()
            .chain(&["(", "-perm", "/077", "-o", "!", "-user", "muster", ")"]),
    );
    assert_eq!(open.said(), "");
    let public = world.run(["ls", "-A", "/var/lib/muster/public"]);
    assert_eq!(public.said(), "snapshot");
    for path in [
        "/var/lib/muster/private/store.sqlite",
        "/etc/muster/secrets/crowd",
    ] {
        let read = world.run_as("nobody", &["cat", path]);
        assert!(read.refused().contains("Permission denied"), "{read}");
    }
}

#[test]
fn no_secret_that_anybody_typed_is_found_in_a_log_or_a_file_of_the_host() {
    let Some(mut world) = World::usual() else {
        return;
    };
    world.kill("musterd");
    world.spawn("musterd", &["env", "MUSTER_LOG=trace", "musterd"]);
    world.until("the broker answers", |world| world.sync().succeeded());
    let wrong = "canary-that-sings-in-no-log";
    world.ssh("ada", password::ADA, "true").said();
    world.ssh("ada", wrong, "true").refused();
    world.ssh("nemo", wrong, "true").refused();
    world.su_from_larry("ada", wrong, "true").refused();
    world.pam("passwd", "ada", wrong, &["chauthtok"]).refused();
    world.run_with(
        &format!("{wrong}\n"),
        ["muster", "login-test", "ada", "--service", "sshd"],
    );
    world.until("the audit line is there", |world| {
        world.journal().contains("refused: wrong password")
    });
    let log = world.read("/run/world/musterd.log");
    assert!(
        log.lines().count() > 20,
        "it says too little to tell:\n{log}"
    );
    let journal = world.journal();
    for secret in [wrong, password::ADA, "application-secret"] {
        assert!(!journal.contains(secret), "the journal has {secret:?}");
        // The simulated Crowd has its people's passwords, and the application's is in its own file.
        let found = world.run([
            "grep",
            "-rlaF",
            "--exclude-dir=crowd",
            "--exclude=crowd.json",
            "--exclude-dir=secrets",
            "-e",
            secret,
            "/run",
            "/var/lib/muster",
            "/var/log",
            "/etc/muster",
            "/tmp",
        ]);
        assert_eq!(
            (found.code, found.out.as_str()),
            (1, ""),
            "{secret:?}: {found}"
        );
    }
}
