//! Story *changes*: what happens at Crowd is here within seconds, without anybody's asking, and without everybody's
//! being read again: `/event` → whoever is named → disk → publish.

use muster_tests::world::usual::{PEOPLE, password};
use muster_tests::world::{Sim, World};

/// The paths that the simulated Crowd was asked for since this was asked last.
fn asked(world: &World) -> Vec<String> {
    let ctl = |order| {
        world.run([
            "/run/world/muster-sim",
            "ctl",
            "/run/world/crowd/ctl",
            order,
        ])
    };
    let requests = ctl("requests").said().to_owned();
    ctl("forget-requests").said();
    let paths = requests.split("\"path\":").skip(1);
    let paths = paths.filter_map(|rest| rest.split('"').nth(1));
    paths.map(str::to_owned).collect()
}

/// Publisher, broker and sshd for the usual people, with `configuration` changed in the usual one.
fn start(world: &mut World, configuration: impl FnOnce(&str) -> String) {
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.configure("");
    let changed = configuration(&world.read("/etc/muster/muster.toml"));
    world.write_config(&changed);
    world.start_muster();
    world.sync().said();
    world.start_sshd();
}

fn finds(world: &World, name: &str) -> bool {
    world.run(["getent", "passwd", name]).succeeded()
}

#[test]
fn what_happens_at_the_server_is_here_without_anybodys_asking() {
    let Some(world) = World::usual() else { return };
    let ada = world.run(["id", "-u", "ada"]).said().to_owned();
    world.ssh("charles", password::CHARLES, "id -un").refused();
    asked(&world);
    world.tell_crowd("remove-user vera");
    world.tell_crowd("add-member linux-users charles");
    world.tell_crowd("rename-user ada augusta");
    world.until("vera is gone and ada has another name", |world| {
        !finds(world, "vera") && finds(world, "augusta") && !finds(world, "ada")
    });
    assert_eq!(world.run(["id", "-u", "augusta"]).said(), ada);
    world.until("charles is in the group", |world| {
        world
            .run(["id", "-Gn", "charles"])
            .said()
            .contains("linux-users")
    });
    assert_eq!(
        world.ssh("charles", password::CHARLES, "id -un").said(),
        "charles"
    );
    world.ssh("vera", password::VERA, "id -un").refused();
    let asked = asked(&world);
    assert!(
        asked.iter().any(|path| path.starts_with("/event/")),
        "{asked:?}"
    );
    for everybody in ["/search", "/group/membership"] {
        assert!(!asked.iter().any(|path| path == everybody), "{asked:?}");
    }
    let status = world.run(["muster", "status"]);
    assert!(status.said().contains("it tells what changes"), "{status}");
}

const SNAPSHOT: &str = "/var/lib/muster/public/snapshot";

/// What root's publisher has said of amendments so far.
fn amendments(world: &World) -> usize {
    world.logs().matches("groups amended").count()
}

#[test]
fn who_stays_the_same_person_is_published_alone_and_let_in_and_out() {
    let Some(world) = World::usual() else { return };
    // The first publication gave everybody an id, and the next one finds that nothing is new.
    world.sync().said();
    let others = world.run(["getent", "passwd", "ada", "grace"]);
    let before = amendments(&world);
    world.ssh("charles", password::CHARLES, "id -un").refused();
    world.tell_crowd("add-member linux-users charles");
    world.until("charles is in the group", |world| {
        let members = world.run(["getent", "group", "linux-users"]);
        members
            .said()
            .split([':', ','])
            .any(|name| name == "charles")
    });
    assert!(amendments(&world) > before, "{}", world.logs());
    let in_it = world.ssh("charles", password::CHARLES, "id -un");
    assert_eq!(in_it.said(), "charles");
    world.run(["muster", "snapshot", "verify", SNAPSHOT]).said();

    let before = amendments(&world);
    world.tell_crowd("remove-member linux-users charles");
    world.until("charles is out of the group", |world| {
        let groups = world.run(["id", "-Gn", "charles"]);
        !groups.said().contains("linux-users")
    });
    assert!(amendments(&world) > before, "{}", world.logs());
    world.ssh("charles", password::CHARLES, "id -un").refused();
    world.run(["muster", "snapshot", "verify", SNAPSHOT]).said();
    let now = world.run(["getent", "passwd", "ada", "grace"]);
    assert_eq!(now.said(), others.said());
}

/// Pitfall 27: whoever looks groups up, however often, does it here.
#[test]
fn logging_in_and_looking_groups_up_asks_the_server_about_no_group() {
    let Some(world) = World::usual() else { return };
    asked(&world);
    assert_eq!(world.ssh("ada", password::ADA, "id -Gn; id -Gn").code, 0);
    for _ in 0..5 {
        assert!(world.run(["id", "-Gn", "ada"]).said().contains("engineers"));
    }
    let asked = asked(&world);
    assert!(asked.contains(&"/authentication".to_owned()), "{asked:?}");
    let about_groups = asked.iter().filter(|path| path.contains("group"));
    assert_eq!(about_groups.count(), 0, "{asked:?}");
}

#[test]
fn a_lost_history_is_made_good_and_followed_again() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.tell_crowd(r#"send {"do":"set-events","store":"memory"}"#);
    world.configure("\n[sync]\ninterval = \"10s\"\nchanges_interval = \"1s\"\n");
    world.start_muster();
    world.sync().said();
    world.tell_crowd("restart");
    world.tell_crowd("remove-user vera");
    world.until("vera is gone", |world| !finds(world, "vera"));
    assert!(asked(&world).contains(&"/search".to_owned()));
    world.tell_crowd("remove-user grace");
    world.until("grace is gone", |world| !finds(world, "grace"));
    assert!(!asked(&world).contains(&"/search".to_owned()));
}

#[test]
fn a_server_from_before_events_is_read_whole_each_interval() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.start_simulator(Sim::Crowd, PEOPLE);
    world.tell_crowd("fault no-incremental-sync");
    world.configure("\n[sync]\ninterval = \"10s\"\n");
    world.start_muster();
    world.sync().said();
    let status = world.run(["muster", "status"]);
    assert!(!status.said().contains("it tells what changes"), "{status}");
    world.tell_crowd("remove-user vera");
    world.until("vera is gone", |world| !finds(world, "vera"));
    assert!(!asked(&world).iter().any(|path| path.starts_with("/event/")));
}

/// Pitfall 12: a listing that shows no attributes gives nobody another id.
#[test]
fn ids_stay_when_a_listing_shows_no_attributes() {
    let Some(world) = World::usual() else { return };
    let ids = || ["ada", "grace"].map(|name| world.run(["id", "-u", name]).said().to_owned());
    let before = ids();
    world.tell_crowd("fault no-attributes");
    world.sync();
    assert_eq!(ids(), before);
    world.tell_crowd("fault none");
    world.sync().said();
    assert_eq!(ids(), before);
}

/// Pitfall 25: a mass removal is held, whichever way it is told, until root has looked.
#[test]
fn a_mass_removal_is_held_until_root_accepts_it() {
    let Some(world) = World::usual() else { return };
    world.tell_crowd("fault empty-users");
    let held = world.sync();
    assert!(!held.succeeded(), "{held}");
    assert!(finds(&world, "ada"));
    let status = world.run(["muster", "status"]);
    assert!(status.said().contains("--accept-shrink corp"), "{status}");
    world
        .run(["muster", "sync", "--accept-shrink", "corp"])
        .said();
    assert!(!finds(&world, "ada"));
    world.tell_crowd("fault none");
    world.sync().said();
    assert!(finds(&world, "ada"), "and back");
}

#[test]
fn a_narrowed_host_carries_nobody_else_and_lets_nobody_else_in() {
    let Some(mut world) = World::new() else {
        return;
    };
    start(&mut world, |usual| {
        let scope = "groups = [\"ENGIN*\"]\nusers = [\"charles\"]\n\n[access]";
        let text = usual.replace("[access]", scope);
        text.replace("group:corp/linux-users", "group:corp/engineers")
    });
    assert!(finds(&world, "ada") && finds(&world, "charles"));
    assert!(!finds(&world, "grace") && !finds(&world, "vera"));
    assert!(!world.run(["getent", "group", "linux-users"]).succeeded());
    assert_eq!(world.ssh("ada", password::ADA, "id -un").said(), "ada");
    world.ssh("grace", password::GRACE, "id -un").refused();
    world.tell_crowd("add-member engineers grace");
    world.until("grace is carried", |world| finds(world, "grace"));
    assert_eq!(
        world.ssh("grace", password::GRACE, "id -un").said(),
        "grace"
    );
    world.tell_crowd("remove-member engineers grace");
    world.until("grace is not carried any more", |world| {
        !finds(world, "grace")
    });
}
