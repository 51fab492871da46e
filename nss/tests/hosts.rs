//! Host programs of unusual kinds.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::process::Command;

use common::*;
use muster_common::account::Gid;

#[test]
fn a_program_that_loads_and_unloads_the_library_a_thousand_times_keeps_nothing() {
    on_a_host(|| {
        publish(&ada());
        silent(&compiled("reopen"), &[]);
    });
}

#[test]
fn a_statically_linked_program_is_answered() {
    on_a_host(|| {
        if run(Command::new("cc").arg("-print-file-name=libc.a")).trim() == "libc.a" {
            eprintln!("SKIPPED: there is no static C library");
            return;
        }
        let mut content = ada();
        let many = (0..9_999).map(|k| Gid::new(1_000_000 + k).unwrap());
        content.users.first_mut().unwrap().groups.extend(many);
        publish(&content);
        silent(&compiled_with("static", &["-static"]), &[]);
    });
}

#[test]
fn a_name_that_lies_in_the_buffer_of_the_answer_is_looked_up() {
    on_a_host(|| {
        publish(&asked(ada()));
        silent(&compiled("aliases"), &[]);
    });
}
