//! Hosts that may do little: without descriptors, memory, system calls, or files.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use common::broker::Broker;
use common::*;
use muster_common::snapshot::content::Misses;

#[test]
fn a_full_descriptor_table_hides_no_mapped_name_from_glibc_and_is_never_no_such_user() {
    on_a_host(|| {
        lay_ready(2);
        silent(&compiled("full"), &[]);
    });
}

#[test]
fn too_little_room_for_the_map_is_never_no_such_user_and_just_enough_is_enough() {
    on_a_host(|| {
        let others = (0..20_000).map(|i| user(&format!("u{i}"), 100_000 + i, &[100_000 + i]));
        let mut crowd = ada();
        crowd.users.extend(others);
        let crowd = bytes(&crowd);
        let two = [
            user("ada", 70_001, &[70_001]),
            user("bob", 70_002, &[70_002]),
        ];
        let two = bytes(&content(Misses::Final, two.to_vec(), Vec::new()));
        std::fs::write(format!("{PLACE}/g1"), &crowd).unwrap();
        std::fs::write(format!("{PLACE}/g2"), two).unwrap();
        silent(&compiled("room"), &[&crowd.len().to_string()]);
    });
}

#[test]
fn a_filter_of_system_calls_that_kills_lets_the_first_look_up_and_all_warm_ones_live() {
    on_a_host(|| {
        publish(&of_generation(1));
        let program = compiled("filter");
        silent(&program, &["cold"]);
        silent(&program, &["warm"]);
        silent(&program, &["old"]);
        assert_eq!(output(&program, &["proof"]).status.code(), None);
    });
}

#[test]
fn in_a_chroot_only_what_was_mapped_before_is_known_and_nobody_is_unknown() {
    on_a_host(|| {
        publish(&of_generation(1));
        let program = compiled("chroot");
        let empty = format!("{PLACE}/empty");
        std::fs::create_dir(&empty).unwrap();
        silent(&program, &[&empty, "before"]);
        silent(&program, &[&empty, "after"]);
    });
}

#[test]
fn without_a_byte_of_memory_hits_are_answered_and_nobody_is_unknown() {
    on_a_host(|| {
        publish(&asked(ada()));
        let program = compiled("memory");
        silent(&program, &["-2"]);
        let _broker = Broker::that(&["silent"]);
        silent(&program, &["-2"]);
    });
}
