//! What asking systemd's user database costs beside asking the module: `cargo run -p muster-tests --example
//! userdb_figures` as root with `MUSTER_TEST_WORLD=target/world`, after `cargo xtask test` has installed muster there.

use std::path::Path;

use muster_tests::world::World;

/// How often each program is run in a round.
const RUNS: &str = "100";
const ROUNDS: usize = 5;
/// Prints milliseconds a run.
const TIMED: &str = r#"
    began=$(date +%s%N)
    for _ in $(seq "$0"); do "$@" >/dev/null || exit 1; done
    echo $(( ($(date +%s%N) - began) / "$0" / 1000 ))"#;
const PROGRAMS: [(&str, &[&str]); 6] = [
    ("true (starting a process)", &["/bin/true"]),
    (
        "getent passwd, the module",
        &["getent", "-s", "muster", "passwd", "ada"],
    ),
    (
        "getent passwd, nss-systemd",
        &["getent", "-s", "systemd", "passwd", "ada"],
    ),
    (
        "getent passwd, a local user",
        &["getent", "-s", "files", "passwd", "larry"],
    ),
    ("userdbctl user", &["userdbctl", "user", "ada"]),
    (
        "userdbctl user, a local one",
        &["userdbctl", "user", "larry"],
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::var_os("MUSTER_TEST_WORLD").ok_or("MUSTER_TEST_WORLD is not set")?;
    let mut world = World::at(Path::new(&place));
    world.start_usual();
    world.start_userdb();
    let mut taken = PROGRAMS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, words), taken) in PROGRAMS.iter().zip(&mut taken) {
            let timed = ["bash", "-c", TIMED, RUNS];
            let microseconds = world.run(timed.iter().chain(*words));
            taken.push(microseconds.said().parse::<u64>()?);
        }
    }
    for ((title, _), mut taken) in PROGRAMS.iter().zip(taken) {
        taken.sort_unstable();
        let median = taken.get(ROUNDS / 2).copied().unwrap_or_default();
        println!("| {title} | {}.{:02} |", median / 1000, median % 1000 / 10);
    }
    Ok(())
}
