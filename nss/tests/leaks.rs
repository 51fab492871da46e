//! What look-ups leave behind.

mod common;

use common::*;

#[test]
fn ten_million_look_ups_and_ten_thousand_generations_leave_nothing_behind() {
    on_a_host(|| {
        lay_ready(2);
        silent(&compiled("leaks"), &[]);
    });
}

#[test]
fn no_look_up_allocates_not_even_one_that_maps_a_new_snapshot() {
    on_a_host(|| {
        lay_ready(13);
        silent(&compiled_with("allocates", &["-rdynamic"]), &[]);
    });
}
