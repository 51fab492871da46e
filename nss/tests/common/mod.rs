//! A private host for one test: the shipped library where glibc looks for it, an empty /var/lib and /run, snapshots
//! whose every field tells its generation, and small C programs as host programs.
//!
//! The test starts itself again inside a private mount namespace. Needs root and a C compiler;
//! without root each test says SKIPPED and passes.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

pub mod broker;
mod records;

pub use records::{content, group, user};

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use muster_common::account::Uid;
use muster_common::paths;
use muster_common::snapshot::content::{Content, Misses};
use muster_common::snapshot::writer::{install, write};

/// Set in the process that runs inside the namespace, to where the library lies.
const INSIDE: &str = "MUSTER_TEST_INSIDE";
/// Where the test's own files lie inside.
pub const PLACE: &str = "/var/lib/test";
/// How many users each generation has.
pub const USERS: u32 = 50;

/// Runs `body`, a closure of a test's, in a private mount namespace in which glibc asks `files` and the shipped library.
pub fn on_a_host<F: FnOnce()>(body: F) {
    // its path begins with the test's: FILE::TEST::{{closure}}
    let test = std::any::type_name::<F>().split("::").nth(1).unwrap();
    if std::env::var_os(INSIDE).is_some() {
        prepare();
        return body();
    }
    if !is_root() {
        eprintln!("{test}: SKIPPED, private mount namespaces need root");
        return;
    }
    let script = "for folder in /var/lib /run; do mount -t tmpfs -o mode=755 tmpfs $folder || exit; done; exec \"$@\"";
    let output = Command::new("unshare")
        .args(["-m", "--propagation", "private", "sh", "-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, library())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let said = text(&output.stdout);
    let passed = output.status.success() && said.contains(" 1 passed;");
    assert!(passed, "{test} on its private host: {said}");
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.starts_with("Uid:\t0\t0\t"))
}

/// Builds the library as it is shipped and says where it lies.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let target = test.ancestors().nth(3).unwrap();
        run(
            Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
                .args(["build", "--quiet", "--offline", "--release"])
                .args(["--package", "muster-nss", "--target-dir"])
                .arg(target),
        );
        target.join("release/libnss_muster.so")
    })
}

/// Lays the library over the folder of glibc's own, which setuid programs trust, too.
fn prepare() {
    let folder = libc_folder();
    let [upper, work] = ["upper", "work"].map(|name| format!("{PLACE}/{name}"));
    for folder in [paths::PUBLIC_DIR, paths::RUN_DIR, &upper, &work] {
        std::fs::create_dir_all(folder).unwrap();
    }
    let library = std::env::var_os(INSIDE).unwrap();
    std::fs::copy(library, format!("{upper}/libnss_muster.so.2")).unwrap();
    let layers = format!("lowerdir={folder},upperdir={upper},workdir={work}");
    mount(&["-t", "overlay", "overlay", "-o", &layers, &folder]);
    let switch = format!("{PLACE}/nsswitch.conf");
    std::fs::write(&switch, "passwd: files muster\ngroup: files muster\n").unwrap();
    mount(&["--bind", &switch, "/etc/nsswitch.conf"]);
}

/// Where the C library lies that this very test was loaded with.
fn libc_folder() -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let path = maps.lines().find_map(|line| {
        let (_, path) = line.split_once('/')?;
        path.strip_suffix("/libc.so.6").map(|it| format!("/{it}"))
    });
    path.unwrap()
}

/// mount(8) in the namespace.
pub fn mount(words: &[&str]) {
    run(Command::new("mount").args(words));
}

/// Runs a command to its end; it has to succeed. What it says on stdout.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Compiles `programs/NAME.c` and says where the program lies.
#[track_caller]
pub fn compiled_with(name: &str, flags: &[&str]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/programs")
        .join(name)
        .with_extension("c");
    let program = Path::new(PLACE).join(name);
    run(Command::new("cc")
        .args(["-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"])
        .arg(&program)
        .arg(source)
        .args(flags));
    program
}

/// Compiles `programs/NAME.c` as a plain program.
#[track_caller]
pub fn compiled(name: &str) -> PathBuf {
    compiled_with(name, &[])
}

/// Runs a program of ours that has to succeed without a word on stdout or stderr: the library writes to neither.
#[track_caller]
pub fn silent(program: &Path, words: &[&str]) {
    finish(start(program, words));
}

/// Starts a program of ours; its stdin ends when the test drops it.
#[track_caller]
pub fn start(program: &Path, words: &[&str]) -> Child {
    Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for a program that has to succeed without a word.
#[track_caller]
pub fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    let said = (text(&output.stdout), text(&output.stderr));
    assert_eq!(
        (output.status.code(), said.0.as_str(), said.1.as_str()),
        (Some(0), "", ""),
        "{:?}",
        output.status
    );
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// How a program ended and what it said, for those that may fail.
#[track_caller]
pub fn output(program: &Path, words: &[&str]) -> Output {
    start(program, words).wait_with_output().unwrap()
}

/// Ada alone, 70001, in the group `engineers`.
pub fn ada() -> Content {
    let ada = user("ada", 70_001, &[70_001, 71_000]);
    let groups = vec![group("engineers", 71_000, ["ada".to_owned()])];
    content(Misses::Final, vec![ada], groups)
}

/// The same, but of directories that are asked about names that are not here.
pub fn asked(mut content: Content) -> Content {
    for directory in &mut content.directories {
        directory.misses = Misses::AskByName;
    }
    content
}

/// Users, a group and lists whose every part tells the generation, so that a mixture of two
/// would show; `programs/generation.h` is the other half. Only what identifies a list's owner stays.
pub fn of_generation(generation: u32) -> Content {
    let several = 10 + generation % 10;
    let users = (0..USERS).map(|i| {
        let groups: Vec<u32> = (0..several)
            .map(|k| 1_000_000 + generation * 100 + k)
            .collect();
        let mut user = user(&format!("u{i}"), 80_000 + i, &groups);
        user.groups.insert(0, user.account.gid);
        user.account.uid = Uid::new(100_000 + generation * 100 + i).unwrap();
        user.account.gecos = format!("generation {generation}");
        user.account.home = format!("/home/{generation}/u{i}");
        user.account.shell = format!("/bin/g{generation}");
        user
    });
    let members = (0..several).map(|k| format!("g{generation}m{k}"));
    let team = group("team", 90_000, members);
    content(Misses::Final, users.collect(), vec![team])
}

/// The bytes of the generations from 1 on.
pub fn generations(count: u32) -> Vec<Vec<u8>> {
    (1..=count)
        .map(|generation| bytes(&of_generation(generation)))
        .collect()
}

/// Lays the generations from 1 to `count` ready for `programs/publish.h`.
pub fn lay_ready(count: u32) {
    for (bytes, generation) in generations(count).iter().zip(1..) {
        std::fs::write(format!("{PLACE}/g{generation}"), bytes).unwrap();
    }
}

/// A snapshot's bytes.
pub fn bytes(content: &Content) -> Vec<u8> {
    write(content, 1).unwrap()
}

/// Puts a snapshot where the library looks.
pub fn publish(content: &Content) {
    put(&bytes(content));
}

/// Puts a snapshot's bytes where the library looks, as the publisher does.
pub fn put(bytes: &[u8]) {
    install(bytes, Path::new(paths::PUBLIC_DIR)).unwrap();
}

/// Replaces the snapshot by one generation after the other while `child` runs.
pub fn replace_while_running(child: &mut Child, generations: &[Vec<u8>]) {
    for generation in generations.iter().cycle() {
        if child.try_wait().unwrap().is_some() {
            return;
        }
        put(generation);
    }
}
