//! Invariant 8, a decision that has lapsed: no sync has succeeded for longer than `access.max_staleness`.

use muster_common::clock::{Clock, SystemClock, Time};
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer;
use muster_tests::world::World;
use muster_tests::world::usual::password;

use super::kept_out::{ALL, NONE, Person};
use super::use_authselect;

const PUBLIC: &str = "/var/lib/muster/public";

/// Publishes the same people with decisions that have just ended, as they stand after a week without a sync.
pub(super) fn let_decisions_lapse(world: &World) {
    let path = world.path(&format!("{PUBLIC}/snapshot"));
    let snapshot = Snapshot::open(&path).unwrap();
    let mut content = snapshot.content().unwrap();
    let now = SystemClock.now();
    for user in &mut content.users {
        assert!(user.access.until > now, "{}", user.account.name);
        user.access.until = Time::from_unix(now.unix() - 1);
    }
    let bytes = writer::write(&content, snapshot.generation() + 1).unwrap();
    writer::install(&bytes, &world.path(PUBLIC)).unwrap();
}

fn check(world: &mut World, stack: &str) {
    let ada = Person::known(world, "ada", password::ADA, true);
    assert_eq!(ada.ways(world), ALL, "{stack}");
    let_decisions_lapse(world);
    world.tell_crowd("fault down");
    assert_eq!(ada.ways(world), NONE, "{stack}, offline");
    world.signal("musterd", "STOP");
    assert_eq!(ada.ways(world), NONE, "{stack}, the broker stopped");
    world.signal("musterd", "CONT");
    world.kill("musterd");
    assert_eq!(ada.ways(world), NONE, "{stack}, the broker dead");
    assert!(world.journal().contains("has expired"), "{}", world.logs());
    world.tell_crowd("fault none");
    world.start_broker();
    world.sync().said();
    assert_eq!(ada.ways(world), ALL, "{stack}, decided anew");
}

#[test]
fn a_decision_that_has_lapsed_lets_nobody_in_by_any_way_and_by_either_stack() {
    let Some(mut world) = World::usual() else {
        return;
    };
    check(&mut world, "pam-auth-update's");
    use_authselect(&world);
    check(&mut world, "authselect's");
}
