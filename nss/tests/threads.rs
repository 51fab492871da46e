//! Threads.

mod common;

use common::broker::Broker;
use common::*;

#[test]
fn a_thread_that_is_cancelled_in_the_middle_of_a_look_up_takes_nobody_with_it() {
    on_a_host(|| {
        let program = compiled("cancel");
        publish(&asked(ada()));
        silent(&program, &["ada", "70001"]);
        silent(&program, &["nemo", "-2"]);
        let _broker = Broker::that(&["drips", "{\"parameters\":"]);
        silent(&program, &["nemo", "-2"]);
    });
}

#[test]
fn the_smallest_stack_is_enough() {
    on_a_host(|| {
        let program = compiled("stack");
        silent(&program, &["ada", "-2"]);
        publish(&asked(ada()));
        silent(&program, &["ada", "70001"]);
        silent(&program, &["nemo", "-2"]);
        let _broker = Broker::that(&["drips", "{\"parameters\":"]);
        silent(&program, &["nemo", "-2"]);
    });
}

#[test]
fn answers_to_64_threads_are_each_of_one_generation_while_there_come_a_thousand() {
    on_a_host(|| {
        lay_ready(40);
        silent(&compiled("threads"), &[]);
    });
}
