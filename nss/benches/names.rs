//! What names cost: `cargo bench -p muster-nss`, as root (it makes a private
//! mount namespace; the host is not touched). Needs a C compiler.
//!
//! Prints, of one run: a warm hit in the module alone and in the C floor
//! (instructions, allocations, system calls); getpwnam_r through glibc for
//! `files` with ten lines, the floor and the module, with ratios; the time to
//! write 100,000 users; the library's size.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should say where"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord,
};
use muster_common::snapshot::writer::{install, write};

const INSIDE: &str = "MUSTER_BENCH_INSIDE";
/// Where the programs lie in the namespace.
const BENCH: &str = "/var/lib/bench";
/// How many users the snapshot and the floor hold.
const USERS: u32 = 10_000;
/// How often each time is taken, in turn with the others.
const ROUNDS: usize = 7;

fn main() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let library = build();
    let script = "mount -t tmpfs -o mode=755 tmpfs /var/lib && exec \"$@\"";
    let status = Command::new("unshare")
        .args(["-m", "--propagation", "private", "sh", "-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, library)
        .status()
        .unwrap();
    assert!(status.success(), "needs root for a private mount namespace");
}

/// The library as it is shipped.
fn build() -> PathBuf {
    let bench = std::env::current_exe().unwrap();
    let target = bench.ancestors().nth(3).unwrap();
    run(
        Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--quiet", "--release", "--package", "muster-nss"])
            .arg("--target-dir")
            .arg(target),
    );
    target.join("release/libnss_muster.so")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn inside() {
    let library = PathBuf::from(std::env::var_os(INSIDE).unwrap());
    std::fs::create_dir_all(BENCH).unwrap();
    std::fs::create_dir_all(muster_common::paths::PUBLIC_DIR).unwrap();
    let at = |name: &str| Path::new(BENCH).join(name);
    std::fs::copy(&library, at("libnss_muster.so.2")).unwrap();
    compile("lookup.c", &at("lookup"), &["-rdynamic", "-ldl"]);
    compile("floor.c", &at("libnss_floor.so.2"), &["-shared", "-fPIC"]);
    let content = crowd(USERS);
    let public = Path::new(muster_common::paths::PUBLIC_DIR);
    install(&write(&content, 1).unwrap(), public).unwrap();
    std::fs::write("/var/lib/floor", floor(&content)).unwrap();
    let lines = (0..10).map(|i| format!("local{i:05}:x:{i}:{i}:Local:/home/local{i}:/bin/sh\n"));
    std::fs::write(at("passwd"), lines.collect::<String>()).unwrap();
    std::fs::write(at("nsswitch.conf"), "passwd: files\n").unwrap();
    for file in ["passwd", "nsswitch.conf"] {
        let target = Path::new("/etc").join(file);
        run(Command::new("mount")
            .arg("--bind")
            .arg(at(file))
            .arg(target));
    }
    alone(&["muster", "floor"]);
    through_glibc();
    writing();
    let size = std::fs::metadata(&library).unwrap().len();
    println!("libnss_muster.so, stripped: {} KB", size / 1000);
}

fn compile(source: &str, target: &Path, flags: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches")
        .join(source);
    run(Command::new("cc")
        .args(["-O2", "-Wall", "-Wextra", "-o"])
        .arg(target)
        .arg(source)
        .args(flags));
}

fn look_up(what: &str, door: &str, [prefix, count]: [&str; 2]) -> Vec<f64> {
    let printed = run(Command::new(Path::new(BENCH).join("lookup"))
        .args([what, door, prefix, count, "0"])
        .env("LD_LIBRARY_PATH", BENCH));
    let numbers = printed.split_whitespace();
    numbers.map(|number| number.parse().unwrap()).collect()
}

fn alone(modules: &[&str]) {
    println!("a warm hit in the module alone: instructions, allocations, system calls");
    for module in modules {
        let library = format!("{BENCH}/libnss_{module}.so.2");
        let [instructions, allocations, calls] = look_up("count", &library, ["user", "10000"])[..]
        else {
            continue;
        };
        println!("  {module:7} {instructions:6.0} {allocations:6.2} {calls:6.2}");
    }
}

fn through_glibc() {
    let services = [
        ("files", ["local", "10"]),
        ("floor", ["user", "10000"]),
        ("muster", ["user", "10000"]),
    ];
    let mut times = vec![Vec::new(); services.len()];
    for _ in 0..ROUNDS {
        for ((service, names), times) in services.iter().zip(&mut times) {
            let switch = format!("passwd: {service}\n");
            std::fs::write(Path::new(BENCH).join("nsswitch.conf"), switch).unwrap();
            times.extend(look_up("time", "glibc", *names));
        }
    }
    let medians: Vec<f64> = times
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[ROUNDS / 2]
        })
        .collect();
    println!(
        "warm getpwnam_r through glibc: ns, ratio to `files` with 10 lines, ratio to the floor"
    );
    for ((service, _), time) in services.iter().zip(&medians) {
        let (files, floor) = (time / medians[0], time / medians[1]);
        println!("  {service:7} {time:6.0} {files:6.2} {floor:6.2}");
    }
}

fn writing() {
    let content = crowd(100_000);
    let folder = Path::new(muster_common::paths::PUBLIC_DIR);
    let mut times: Vec<[f64; 2]> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let bytes = write(&content, 2).unwrap();
            let written = start.elapsed().as_secs_f64();
            install(&bytes, folder).unwrap();
            [written, start.elapsed().as_secs_f64()]
        })
        .collect();
    times.sort_by(|a, b| a[1].total_cmp(&b[1]));
    let [written, installed] = times[ROUNDS / 2];
    println!(
        "100,000 users and their groups: written and read back in {written:.3} s, installed after {installed:.3} s"
    );
}

/// `count` users, each with a group of his own, and a group for every hundred.
fn crowd(count: u32) -> Content {
    let name = |i: u32| format!("user{i:05}");
    let id = |i: u32| 20_000_000 + i;
    let team = |i: u32| 10_000_000 + i / 100;
    let user = |i: u32| UserRecord {
        account: Account {
            name: name(i).parse().unwrap(),
            uid: Uid::new(id(i)).unwrap(),
            gid: Gid::new(id(i)).unwrap(),
            gecos: format!("User Number {i}"),
            home: format!("/home/user{i:05}"),
            shell: "/bin/bash".to_owned(),
        },
        groups: [id(i), team(i)].map(|gid| Gid::new(gid).unwrap()).to_vec(),
        directory: 0,
        access: Access::default(),
        ssh_keys: Vec::new(),
    };
    let group = |name: String, gid: u32, members: Vec<String>| GroupRecord {
        group: Group {
            name: name.parse().unwrap(),
            gid: Gid::new(gid).unwrap(),
            members: members.iter().map(|name| name.parse().unwrap()).collect(),
        },
        directory: 0,
    };
    let own = (0..count).map(|i| group(name(i), id(i), Vec::new()));
    let teams = (0..count).step_by(100).map(|i| {
        let members = (i..count.min(i + 100)).map(name).collect();
        group(format!("team{i:05}"), team(i), members)
    });
    Content {
        directories: vec![DirectoryRecord {
            name: "corp".parse().unwrap(),
            misses: Misses::Final,
            synced: None,
        }],
        users: (0..count).map(user).collect(),
        groups: own.chain(teams).collect(),
        ..Content::default()
    }
}

/// The floor's file; floor.c has its layout.
fn floor(content: &Content) -> Vec<u8> {
    let mask = (content.users.len() * 2).next_power_of_two() - 1;
    let mut slots = vec![(0u32, 0u32); mask + 1];
    let mut records = Vec::new();
    let start = 8 + slots.len() * 8;
    for UserRecord { account, .. } in &content.users {
        let (name, gecos, home) = (account.name.as_str(), &account.gecos, &account.home);
        let at_gecos = name.len() + 3;
        let at_home = at_gecos + gecos.len() + 1;
        let at_shell = at_home + home.len() + 1;
        let text = format!("{name}\0*\0{gecos}\0{home}\0{}\0", account.shell);
        let at = start + records.len();
        let (uid, gid) = (account.uid.get() as usize, account.gid.get() as usize);
        for number in [uid, gid, text.len(), at_gecos, at_home, at_shell] {
            records.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        records.extend(text.as_bytes());
        records.resize(records.len().next_multiple_of(8), 0);
        let hash = fnv(name);
        let mut place = hash as usize & mask;
        while slots[place].1 != 0 {
            place = (place + 1) & mask;
        }
        slots[place] = (hash, u32::try_from(at).unwrap());
    }
    let mut file = u64::try_from(mask).unwrap().to_le_bytes().to_vec();
    for (hash, at) in slots {
        file.extend(hash.to_le_bytes());
        file.extend(at.to_le_bytes());
    }
    file.extend(records);
    file
}

fn fnv(name: &str) -> u32 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
    let hash = name.bytes().fold(14_695_981_039_346_656_037, step);
    let folded = (hash ^ hash >> 32).to_le_bytes();
    u32::from_le_bytes([folded[0], folded[1], folded[2], folded[3]])
}
