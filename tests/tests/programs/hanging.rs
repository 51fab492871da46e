//! A server that takes questions and never answers: the first login waits as long as a question may take, the next
//! ones do not, and the server's own word counts as soon as there is one.

use muster_tests::world::usual::{PEOPLE, password};
use muster_tests::world::{Output, Sim, World};

fn log_in(world: &World, user: &str, password: &str) -> Output {
    world.pam("sshd", user, password, &["authenticate"])
}

fn is_offline(login: &Output) -> bool {
    assert!(login.succeeded(), "{login}");
    login.to_string().contains("Logged in offline")
}

#[test]
fn a_server_that_hangs_keeps_one_login_waiting_and_is_believed_again_at_once() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.configure_directory("timeout = \"3s\"\n");
    world.start_muster();
    world.sync().said();
    assert!(!is_offline(&log_in(&world, "ada", password::ADA)));
    world.tell_crowd("fault hang");
    for waited in [
        "no complete answer within 3 s",
        "it said nothing within 2 s",
    ] {
        assert!(!world.logs().contains(waited));
        assert!(is_offline(&log_in(&world, "ada", password::ADA)));
        assert!(world.logs().contains(waited), "{}", world.logs());
    }
    log_in(&world, "ada", "wrong").refused();
    log_in(&world, "grace", password::GRACE).refused();
    world.tell_crowd("fault none");
    assert!(!is_offline(&log_in(&world, "ada", password::ADA)));
    log_in(&world, "ada", "wrong").refused();
}
