//! Awkward moments: while a process ends, and in a storm of signals.

mod common;

use common::broker::Broker;
use common::*;

#[test]
fn a_process_that_ends_looks_up_to_the_last_destructor() {
    on_a_host(|| {
        publish(&ada());
        for library in ["leaver", "late", "gone"] {
            let output = format!("{PLACE}/{library}.so");
            compiled_with("leaver", &["-shared", "-fPIC", "-o", &output]);
        }
        let leaver = format!("{PLACE}/leaver.so");
        let program = compiled_with("exit", &[&leaver]);
        for how in ["return", "exit", "thread", "quick", "busy", "first"] {
            silent(&program, &[how]);
        }
    });
}

#[test]
fn a_storm_of_signals_whose_handler_looks_up_confuses_nobody() {
    on_a_host(|| {
        let generations = (1..20).map(|generation| bytes(&asked(of_generation(generation))));
        let generations: Vec<_> = generations.collect();
        put(&generations[0]);
        let _broker = Broker::that(&["drips", "{\"parameters\":"]);
        let mut program = start(&compiled("storm"), &["2", "nemo"]);
        replace_while_running(&mut program, &generations);
        finish(program);
    });
}

#[test]
fn a_host_that_jumps_out_of_look_ups_is_answered_from_the_newest_snapshot_ever_after() {
    on_a_host(|| {
        lay_ready(40);
        silent(&compiled("jump"), &[]);
    });
}
