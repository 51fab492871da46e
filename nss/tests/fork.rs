//! Children: forked while threads look up, while readers stay inside, and in the middle of a look-up.

mod common;

use common::*;

#[test]
fn children_forked_while_threads_look_up_and_snapshots_are_replaced_are_answered() {
    on_a_host(|| {
        let generations = generations(20);
        put(&generations[0]);
        let mut program = start(&compiled("fork"), &[]);
        replace_while_running(&mut program, &generations);
        finish(program);
    });
}

#[test]
fn readers_that_stay_inside_hold_up_neither_the_newest_nor_a_child() {
    on_a_host(|| {
        lay_ready(22);
        silent(&compiled("held"), &[]);
    });
}

#[test]
fn a_child_that_was_forked_inside_a_look_up_returns_into_it() {
    on_a_host(|| {
        lay_ready(3);
        silent(&compiled("fork_inside"), &[]);
    });
}

#[test]
fn each_of_many_generations_of_processes_follows_the_newest_snapshot() {
    on_a_host(|| {
        lay_ready(24);
        silent(&compiled("descent"), &[]);
    });
}
