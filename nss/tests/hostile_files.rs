//! What may stand in the snapshot's place before it is mapped. Each case meets a process that has looked nobody up before.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;

use common::*;
use muster_common::paths::{PUBLIC_DIR, SNAPSHOT};

const ELSEWHERE: &str = "/var/lib/test/elsewhere";
const STRANGER: u32 = 65_534;

fn mode(path: &str, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn whatever_stands_in_the_snapshots_place_is_never_no_such_user() {
    on_a_host(|| {
        let program = compiled("expects");
        let good = bytes(&ada());
        let node = |words: &[&str]| _ = run(Command::new("mknod").arg(SNAPSHOT).args(words));
        let file = |bytes: &[u8]| fs::write(SNAPSHOT, bytes).unwrap();
        let changed = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] ^= byte;
            file(&bytes);
        };
        let hostile: [(&str, &dyn Fn()); 16] = [
            ("nothing", &|| ()),
            ("an empty file", &|| file(b"")),
            ("random bytes", &|| file(&[0xa7; 65_536])),
            ("zeroes", &|| file(&[0; 65_536])),
            ("a gibibyte of nothing", &|| {
                fs::File::create(SNAPSHOT)
                    .unwrap()
                    .set_len(1 << 30)
                    .unwrap();
            }),
            ("more than a snapshot can be", &|| {
                fs::File::create(SNAPSHOT)
                    .unwrap()
                    .set_len(1 << 40)
                    .unwrap();
            }),
            ("another magic", &|| changed(0, 1)),
            ("another version", &|| changed(8, 2)),
            ("a folder", &|| fs::create_dir(SNAPSHOT).unwrap()),
            ("a FIFO", &|| node(&["p"])),
            ("a device", &|| node(&["c", "1", "5"])),
            ("a socket", &|| {
                drop(std::os::unix::net::UnixListener::bind(SNAPSHOT).unwrap());
            }),
            ("a link to a good one", &|| {
                fs::write(ELSEWHERE, &good).unwrap();
                symlink(ELSEWHERE, SNAPSHOT).unwrap();
            }),
            ("a link to nowhere", &|| {
                symlink("/nowhere", SNAPSHOT).unwrap();
            }),
            ("somebody else's", &|| {
                file(&good);
                chown(SNAPSHOT, Some(STRANGER), None).unwrap();
            }),
            ("one that a group may write", &|| {
                file(&good);
                mode(SNAPSHOT, 0o664);
            }),
        ];
        for (what, put) in hostile {
            fs::remove_dir_all(PUBLIC_DIR).unwrap();
            fs::create_dir(PUBLIC_DIR).unwrap();
            put();
            eprintln!("{what}");
            for streams in ["open", "closed"] {
                silent(&program, &[streams, "ada", "-2", "nemo", "-2"]);
            }
        }
    });
}

#[test]
fn a_good_snapshot_in_a_bad_folder_is_not_served() {
    on_a_host(|| {
        let program = compiled("expects");
        let check = |uid: &str| silent(&program, &["open", "ada", uid]);
        publish(&ada());
        chown(PUBLIC_DIR, Some(STRANGER), None).unwrap();
        check("-2");
        chown(PUBLIC_DIR, Some(0), None).unwrap();
        for writable in [0o775, 0o757, 0o1777] {
            mode(PUBLIC_DIR, writable);
            check("-2");
        }
        mode(PUBLIC_DIR, 0o755);
        fs::rename(PUBLIC_DIR, ELSEWHERE).unwrap();
        check("-2");
        symlink(ELSEWHERE, PUBLIC_DIR).unwrap();
        check("-2");
        fs::remove_file(PUBLIC_DIR).unwrap();
        fs::write(PUBLIC_DIR, "").unwrap();
        check("-2");
        fs::remove_file(PUBLIC_DIR).unwrap();
        fs::rename(ELSEWHERE, PUBLIC_DIR).unwrap();
        check("70001");
    });
}

#[test]
fn a_snapshot_cut_anywhere_is_never_no_such_user() {
    on_a_host(|| {
        let program = compiled("expects");
        let good = bytes(&ada());
        let whole = good.len();
        let around = (0..=whole)
            .step_by(8)
            .flat_map(|at| [at.saturating_sub(1), at]);
        for length in around.chain([whole + 1, whole + 8, whole + 4096]) {
            let mut bytes = good.clone();
            bytes.resize(length, 0);
            fs::write(SNAPSHOT, bytes).unwrap();
            let uid = if length == whole { "70001" } else { "-2" };
            silent(&program, &["open", "ada", uid]);
        }
    });
}

#[test]
fn damage_anywhere_kills_no_host_and_makes_it_say_nothing() {
    on_a_host(|| {
        let program = compiled("survives");
        let good = bytes(&of_generation(1));
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for round in 0..400 {
            let mut bytes = good.clone();
            // early rounds spare the header, or nothing else would ever be read
            let from = if round % 4 == 0 { 8 } else { 192 };
            for _ in 0..1 << (round % 9) {
                let at = from + random.below(bytes.len() - from);
                bytes[at] = random.below(256).to_le_bytes()[0];
            }
            fs::write(SNAPSHOT, bytes).unwrap();
            silent(&program, &[]);
        }
    });
}

/// The same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit
    }
}
