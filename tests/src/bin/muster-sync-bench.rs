//! `muster-sync-bench WORLD DOCUMENT [quick|large]`: what it costs a host to carry a company, measured with muster
//! as it is shipped against the simulated Crowd, in a private namespace. `cargo xtask bench sync` makes everything
//! ready for it and calls it.
#![allow(
    clippy::panic,
    reason = "a measurement that cannot be made is said and ends everything"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use muster_tests::world::{Memory, Sim, World};

/// One size that is measured: people, groups, and how many groups hold each person directly, at most.
type Size = (u32, u32, u32);

const SIZES: [Size; 3] = [
    (10_000, 500, 10),
    (100_000, 5_000, 10),
    (1_000_000, 5_000, 3),
];
/// How long a host may take to read everybody before we give up.
const PATIENCE: Duration = Duration::from_secs(1200);
/// How often people change.
const ROUNDS: usize = 3;
/// How many people change at once.
const CHANGES: usize = 10;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [place, document, more @ ..] = words.as_slice() else {
        eprintln!("usage: muster-sync-bench WORLD DOCUMENT [quick|large]");
        return ExitCode::FAILURE;
    };
    let most = match more {
        [] => 2,
        [word] if word == "large" => SIZES.len(),
        _ => 1,
    };
    let rows: Vec<Row> = SIZES
        .iter()
        .take(most)
        .map(|size| measured(Path::new(place), *size))
        .collect();
    let document = PathBuf::from(document);
    match std::fs::write(&document, written(&rows)) {
        Ok(()) => {
            println!("{} is written", document.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", document.display());
            ExitCode::FAILURE
        }
    }
}

/// What one size came to.
struct Row {
    users: u32,
    groups: u32,
    memberships: usize,
    server_alone: Duration,
    requests: usize,
    first_name: Duration,
    first_cpu: Cpu,
    peak: u64,
    again: Duration,
    again_cpu: Cpu,
    change: Vec<Duration>,
    change_cpu: Vec<Duration>,
    copy_cpu: Vec<Duration>,
    change_requests: usize,
    publish_cpu: Cpu,
    snapshot: u64,
    idle: Memory,
    idle_cpu: Duration,
}

/// CPU time of both daemons.
#[derive(Clone, Copy)]
struct Cpu {
    broker: Duration,
    publisher: Duration,
}

fn measured(place: &Path, (users, groups, groups_each): Size) -> Row {
    println!("{users} people, {groups} groups");
    let mut world = World::at(place);
    world.start_company(&format!("{users}x{groups}"), groups_each);
    let (server_alone, memberships) = served_alone(&world);
    configure(&world);
    world.start_publisher();
    world.requests_of(Sim::Crowd);

    let began = Instant::now();
    world.start_broker();
    let name = format!("user{:05}", users - 1);
    until(&world, &name, |shell| shell.is_some());
    let first_name = began.elapsed();
    let first = cpu(&world);
    let first_requests = world.requests_of(Sim::Crowd);
    let peak = world.memory_of("musterd").peak;

    let again = Instant::now();
    world.run_within(PATIENCE, ["muster", "sync"]).said();
    let again = again.elapsed();
    let second = cpu(&world);

    let (mut change, mut change_cpu) = (Vec::new(), Vec::new());
    world.requests_of(Sim::Crowd);
    for round in 0..ROUNDS {
        let before = cpu(&world);
        change.push(changed(&world, round));
        change_cpu.push(cpu(&world).since(before).sum());
    }
    let change_requests = world.requests_of(Sim::Crowd);

    // Nothing to do: what following costs, and what stays in memory.
    let quiet = cpu(&world);
    std::thread::sleep(Duration::from_secs(20));
    let idle_cpu = cpu(&world).broker.saturating_sub(quiet.broker);
    // A change of the host's own files has everybody put together and checked again.
    let published = cpu(&world);
    world
        .run(["sh", "-c", "echo 'bench:x:998:' >> /etc/group"])
        .said();
    std::thread::sleep(Duration::from_secs(12).max(Duration::from_micros(30) * users));
    let publish_cpu = cpu(&world).since(published);
    Row {
        users,
        groups,
        memberships,
        server_alone,
        requests: first_requests,
        first_name,
        first_cpu: first,
        peak,
        again,
        again_cpu: second.since(first),
        change,
        change_cpu,
        copy_cpu: (0..ROUNDS).map(|_| copied(&world)).collect(),
        change_requests,
        publish_cpu,
        snapshot: std::fs::metadata(world.path("/var/lib/muster/public/snapshot"))
            .map_or(0, |file| file.len()),
        idle: world.memory_of("musterd"),
        idle_cpu,
    }
}

/// Everybody of the made-up company may log in.
fn configure(world: &World) {
    let url = world.url_of(Sim::Crowd);
    let secret = world.secret("crowd", "muster-secret");
    let ca = Sim::Crowd.ca();
    world.write_config(&format!(
        r#"version = 1

[[directory]]
name = "corp"
kind = "crowd"
url = "{url}"
application = "muster"
password_file = "{secret}"
ca_file = "{ca}"

[access]
allow = ["everyone"]
"#
    ));
}

/// How long curl takes to read the same pages, and how many memberships there are.
fn served_alone(world: &World) -> (Duration, usize) {
    let script = r#"
        get() { curl -sS --cacert /run/world/crowd/ca.pem -u "muster:muster-secret" -H "Accept: $2" "$1/rest/usermanagement/1/$3"; }
        for entity in user group; do
            start=0
            while :; do
                page=$(get "$0" application/json "search?entity-type=$entity&restriction=&expand=$entity,attributes&start-index=$start&max-results=500")
                case "$page" in *'"name"'*) start=$((start + 500)) ;; *) break ;; esac
            done
        done
        get "$0" application/xml group/membership | grep -o '<user name' | wc -l"#;
    let began = Instant::now();
    let url = world.url_of(Sim::Crowd);
    let members = world.run_within(PATIENCE, ["bash", "-c", script, &url]);
    let members = members
        .said()
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("{members}"));
    (began.elapsed(), members)
}

/// Gives half of some people another full name and has the others join a group, which is in another one, and waits until
/// everybody is told so.
fn changed(world: &World, round: usize) -> Duration {
    let (began, group) = (Instant::now(), format!("group{:04}", 400 + round));
    for nth in 0..CHANGES / 2 {
        world.tell_crowd(&format!("add-member {group} user{nth:05}"));
    }
    for nth in CHANGES / 2..CHANGES {
        let (name, uid) = (format!("user{nth:05}"), 20_000 + nth);
        let order = format!(
            r#"{{"do":"add-user","user":{{"name":"{name}","key":"32769:{nth:08x}-5eed-4000-8000-000000000000",
                "display_name":"Round {round}","attributes":{{"uidNumber":["{uid}"],"gecos":["Round {round}"]}}}}}}"#
        );
        world
            .run([
                "/run/world/muster-sim",
                "ctl",
                "/run/world/crowd/ctl",
                "send",
                &order,
            ])
            .said();
    }
    until(world, "user00009", |line| {
        line.is_some_and(|line| line.contains(&format!("Round {round}")))
    });
    let last = format!("user{:05}", CHANGES / 2 - 1);
    world.until_within(PATIENCE, "who has joined is in the group", |world| {
        let groups = world.run(["id", "-Gn", &last]);
        groups.said().split(' ').any(|name| name == group)
    });
    began.elapsed()
}

/// The CPU time that a copy of the snapshot takes beside it, once memory has been left alone for as long as between two
/// questions to the server.
fn copied(world: &World) -> Duration {
    std::thread::sleep(Duration::from_secs(3));
    let script =
        "cd /var/lib/muster/public; TIMEFORMAT='%3U %3S'; { time cp snapshot copy; } 2>&1; rm copy";
    let times = world.run(["bash", "-c", script]);
    let times = times.said();
    let seconds = times.split_whitespace().map(str::parse::<f64>);
    let both: Result<f64, _> = seconds.sum();
    both.map_or_else(|_| panic!("{times}"), Duration::from_secs_f64)
}

/// Waits until what getent says about somebody is as it should be.
fn until(world: &World, name: &str, is_right: impl Fn(Option<&str>) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = world.run(["getent", "passwd", name]);
        let line = (found.code == 0).then(|| found.said());
        if is_right(line) {
            return;
        }
        if Instant::now() > end {
            panic!("waited in vain for {name}\n{}", world.logs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn cpu(world: &World) -> Cpu {
    Cpu {
        broker: world.cpu_of("musterd"),
        publisher: world.cpu_of("muster-publish"),
    }
}

impl Cpu {
    fn since(self, before: Self) -> Self {
        Self {
            broker: self.broker.saturating_sub(before.broker),
            publisher: self.publisher.saturating_sub(before.publisher),
        }
    }

    fn sum(self) -> Duration {
        self.broker + self.publisher
    }
}

fn written(rows: &[Row]) -> String {
    let mut text = String::from(
        "# Carrying a company: what syncs cost\n\n\
         Written by `cargo xtask bench sync` (as root on Debian): muster as it is shipped, against the simulated Crowd of \
         this project on the same machine, over TLS, in a private namespace. CPU time is of musterd and muster-publish \
         together unless it says otherwise, in steps of 10 ms; memory is what /proc tells. The server's own time is what \
         curl needs to read the same pages one after the other.\n\n| what |",
    );
    let head = rows
        .iter()
        .map(|row| format!(" {} people, {} groups |", row.users, row.groups));
    text.extend(head);
    text.push_str("\n|---|");
    text.extend(rows.iter().map(|_| "---|"));
    text.push('\n');
    type Cell = fn(&Row) -> String;
    let lines: [(&str, Cell); 15] = [
        ("direct memberships", |row| row.memberships.to_string()),
        ("the server's own time for everybody", |row| {
            seconds(row.server_alone)
        }),
        (
            "from the broker's start without a store to the first name that getent finds",
            |row| seconds(row.first_name),
        ),
        ("requests until then", |row| row.requests.to_string()),
        ("CPU time until then", |row| seconds(row.first_cpu.sum())),
        ("the broker's peak memory", |row| megabytes(row.peak)),
        (
            "everybody read again, nothing changed (`muster sync`)",
            |row| seconds(row.again),
        ),
        ("CPU time of that", |row| seconds(row.again_cpu.sum())),
        (
            "from 10 changes at the server (5 full names, 5 memberships) to changed answers, three times, default settings",
            |row| each(&row.change),
        ),
        (
            "CPU time of each of these rounds, asking and publishing included",
            |row| each(&row.change_cpu),
        ),
        (
            "the machine's own part of it, on this system of files: CPU time of `cp` of the snapshot, three times",
            |row| each(&row.copy_cpu),
        ),
        ("requests of the three rounds", |row| {
            row.change_requests.to_string()
        }),
        (
            "CPU time of one publication that changes nothing, broker / publisher",
            |row| {
                format!(
                    "{} / {}",
                    seconds(row.publish_cpu.broker),
                    seconds(row.publish_cpu.publisher)
                )
            },
        ),
        ("the snapshot's size", |row| megabytes(row.snapshot / 1024)),
        (
            "the broker idle: memory of its own / mapped files; CPU time in 20 s",
            |row| {
                format!(
                    "{} / {}; {}",
                    megabytes(row.idle.anonymous),
                    megabytes(row.idle.file),
                    seconds(row.idle_cpu)
                )
            },
        ),
    ];
    for (what, cell) in lines {
        let cells: Vec<String> = rows.iter().map(cell).collect();
        writeln!(text, "| {what} | {} |", cells.join(" | ")).unwrap_or_default();
    }
    text
}

fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}

fn each(spans: &[Duration]) -> String {
    let spans: Vec<String> = spans.iter().map(|span| seconds(*span)).collect();
    spans.join(", ")
}

fn megabytes(kilobytes: u64) -> String {
    format!("{} MB", kilobytes.div_ceil(1024))
}
