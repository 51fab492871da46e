//! Programs with more rights than who runs them, and people who would like to have theirs.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Output};

use common::*;
use muster_common::paths::{PUBLIC_DIR, SNAPSHOT};
use muster_common::snapshot::content::Misses;

/// The attacker.
const EVE: u32 = 65_533;
/// What of theirs lies ready.
const EVES: &str = "/var/lib/test/eves";
/// Readable for root alone.
const SECRET: &str = "/var/lib/test/secret";

/// A setuid program of root's, a file of root's, and a folder of the attacker's with a snapshot that says that
/// `mallory` is somebody.
fn prepare() -> String {
    publish(&ada());
    let program = compiled("gains");
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    fs::write(SECRET, "roots alone").unwrap();
    fs::set_permissions(SECRET, Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(EVES).unwrap();
    let mallory = user("mallory", 70_666, &[70_666]);
    let said = bytes(&content(Misses::Final, vec![mallory], Vec::new()));
    let file = format!("{EVES}/snapshot");
    fs::write(&file, said).unwrap();
    for path in [EVES, &file] {
        chown(path, Some(EVE), Some(EVE)).unwrap();
    }
    program.to_str().unwrap().to_owned()
}

/// Runs a shell's words as the attacker.
fn as_eve(words: &str) -> Output {
    let eve = EVE.to_string();
    Command::new("setpriv")
        .args(["--reuid", &eve, "--regid", &eve, "--clear-groups"])
        .args(["sh", "-c", words])
        .output()
        .unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(code), &b""[..]),
        "{output:?}"
    );
}

#[test]
fn a_setuid_program_is_answered_from_roots_snapshot_whatever_its_environment_says() {
    on_a_host(|| {
        let program = prepare();
        compiled_with(
            "evil",
            &[
                "-shared",
                "-fPIC",
                "-o",
                &format!("{EVES}/libnss_muster.so.2"),
            ],
        );
        let environment = format!(
            "LD_LIBRARY_PATH={EVES} LD_PRELOAD={EVES}/libnss_muster.so.2 LD_AUDIT={EVES}/libnss_muster.so.2 \
             MUSTER_LOG=trace MUSTER_SNAPSHOT={EVES}/snapshot RUST_BACKTRACE=full RUST_LOG=trace \
             RUST_MIN_STACK=1 MALLOC_PERTURB_=165 TMPDIR={EVES} HOME={EVES}"
        );
        let asked = format!("{program} {SECRET} ada 70001 mallory -1 root 0");
        ends(&as_eve(&format!("env -i {environment} {asked}")), 0);
        ends(&as_eve(&format!("ulimit -n 4; ulimit -s 128; {asked}")), 0);
        ends(&as_eve(&format!("exec <&- >&- ; {asked}")), 0);
    });
}

#[test]
fn a_snapshot_of_ones_own_in_a_user_namespace_deceives_only_oneself() {
    on_a_host(|| {
        let program = prepare();
        let alone = as_eve("unshare --user --map-root-user --mount true");
        if !alone.status.success() {
            eprintln!("SKIPPED: this kernel lets nobody but root make user namespaces");
            return;
        }
        let inside = |mount: &str, asked: &str| {
            let words = format!("{mount} && exec {program} {SECRET} {asked}");
            as_eve(&format!(
                "exec unshare --user --map-root-user --mount sh -c '{words}'"
            ))
        };
        // outside, the program is root's and reads the file
        ends(&as_eve(&format!("{program} {SECRET} ada 70001")), 0);
        // inside, root's folder is nobody's: nothing in it is believed, not even what root has written
        ends(&inside("true", "ada -2 mallory -2"), 3);
        ends(
            &inside(
                &format!("mount --bind {EVES}/snapshot {SNAPSHOT}"),
                "ada -2 mallory -2",
            ),
            3,
        );
        // a folder of one's own is "root's" there, and so is believed, by programs that have gained nothing
        ends(
            &inside(
                &format!("mount --bind {EVES} {PUBLIC_DIR}"),
                "ada -1 mallory 70666",
            ),
            3,
        );
        // and outside all is as it was
        ends(
            &as_eve(&format!("{program} {SECRET} ada 70001 mallory -1")),
            0,
        );
    });
}

#[test]
fn su_makes_nobody_root_in_a_user_namespace() {
    on_a_host(|| {
        prepare();
        let words =
            format!("mount --bind {EVES} {PUBLIC_DIR}; su root -c \"cat {SECRET}\"; cat {SECRET}");
        let output = as_eve(&format!(
            "exec unshare --user --map-root-user --mount sh -c '{words}'"
        ));
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{output:?}"
        );
        let denied = String::from_utf8_lossy(&output.stderr);
        assert!(denied.contains("Permission denied"), "{denied}");
    });
}
