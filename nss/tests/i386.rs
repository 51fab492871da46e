//! A 32-bit host program: it cannot load the usual library and sees no users without its own.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::*;
use muster_common::account::Gid;

const TARGET: &str = "i686-unknown-linux-gnu";

#[test]
fn a_32_bit_program_is_answered_by_a_library_of_its_own() {
    on_a_host(|| {
        if let Some(what) = missing() {
            eprintln!("SKIPPED: {what} is missing; `cargo xtask test` installs it where it can");
            return;
        }
        let folder = Path::new(PLACE).join("lib32");
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(library(), folder.join("libnss_muster.so.2")).unwrap();
        let mut content = ada();
        let many = (0..9_999).map(|k| Gid::new(1_000_000 + k).unwrap());
        content.users.first_mut().unwrap().groups.extend(many);
        publish(&content);
        let program = compiled_with("i386", &["-m32"]);
        let said = run(Command::new(program).env("LD_LIBRARY_PATH", folder));
        assert_eq!(said, "", "nothing is printed");
    });
}

/// What is needed and not there.
fn missing() -> Option<&'static str> {
    let sysroot = run(Command::new("rustc").args(["--print", "sysroot"]));
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET);
    if !library.exists() {
        return Some("Rust's library for 32-bit programs");
    }
    let script = "echo 'int main(void) { return 0; }' | cc -m32 -x c -o /dev/null -";
    let compiles = Command::new("sh")
        .args(["-c", script])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    (!compiles.success()).then_some("a C compiler's 32-bit half")
}

/// Builds the library as it is shipped and says where it lies.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(3).unwrap();
    run(
        Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["rustc", "--quiet", "--offline", "--release", "--lib"])
            .args(["--package", "muster-nss", "--crate-type", "cdylib"])
            .args(["--target", TARGET, "--target-dir"])
            .arg(target),
    );
    target.join(TARGET).join("release/libnss_muster.so")
}
