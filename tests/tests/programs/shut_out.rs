//! Story *shut out*: `muster revoke` counts at once, through a restart and an outage, for passwords and keys,
//! until it is taken back; a person whom the directory has removed is gone for all of them.

use muster_tests::world::usual::password;
use muster_tests::world::{Output, World};

fn by_password(world: &World, user: &str, password: &str) -> Output {
    world.ssh(user, password, "id -un")
}

fn is_kept_out(world: &World, user: &str, password: &str) {
    by_password(world, user, password).refused();
    world.ssh_by_that_key(user, "id -un").refused();
    world.su_from_larry(user, password, "id -un").refused();
}

#[test]
fn whoever_is_shut_out_or_gone_stays_out_through_restarts_and_outages() {
    let Some(mut world) = World::usual() else {
        return;
    };
    for (user, password) in [("ada", password::ADA), ("grace", password::GRACE)] {
        assert_eq!(by_password(&world, user, password).said(), user);
        assert_eq!(world.ssh_by_key(user, "id -un").said(), user);
    }
    world.run(["muster", "revoke", "ada"]).said();
    is_kept_out(&world, "ada", password::ADA);
    world.tell_crowd("fault down");
    world.kill("musterd");
    world.start_broker();
    is_kept_out(&world, "ada", password::ADA);
    assert!(world.run(["muster", "status"]).out.contains("ada"));
    assert_eq!(
        by_password(&world, "grace", password::GRACE).said(),
        "grace"
    );

    world.tell_crowd("fault none");
    world.run(["muster", "unrevoke", "ada"]).said();
    assert_eq!(by_password(&world, "ada", password::ADA).said(), "ada");

    world.tell_crowd("remove-user grace");
    world.sync().said();
    is_kept_out(&world, "grace", password::GRACE);
    world.tell_crowd("fault down");
    is_kept_out(&world, "grace", password::GRACE);
    assert_eq!(by_password(&world, "ada", password::ADA).said(), "ada");
    world.kill("musterd");
    world.ssh_by_that_key("grace", "id -un").refused();
    assert_eq!(world.ssh_by_that_key("ada", "id -un").said(), "ada");
}
