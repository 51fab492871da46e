//! Programs that hold what was true before: nscd with its memory of users and groups, and a cron that read its
//! tables when all was well. They go on naming whoever is shut out, and open nothing.

use std::time::Duration;

use muster_tests::world::World;
use muster_tests::world::usual::password;

use super::kept_out::{ALL, NONE, Person, ways_of};

/// cron starts jobs once a minute.
const NEXT_MINUTE: Duration = Duration::from_secs(100);

const PEOPLE: [(&str, &str); 3] = [
    ("ada", password::ADA),
    ("grace", password::GRACE),
    ("vera", password::VERA),
];

fn ran(world: &World, user: &str) -> bool {
    world.path(&format!("/run/world/minutes/{user}")).exists()
}

/// A cron that has read its tables while everybody might log in.
fn start_cron(world: &mut World) {
    world
        .run(["mkdir", "-m", "1777", "/run/world/minutes"])
        .said();
    for user in ["ada", "grace", "vera", "larry"] {
        // The local user's comes last: when it is there, the others have been tried.
        let wait = if user == "larry" { "sleep 2; " } else { "" };
        let job = format!("* * * * * {user} {wait}id -un >/run/world/minutes/{user}\n");
        world.write(&format!("/etc/cron.d/minutes-{user}"), job);
    }
    world.spawn("minutes", &["cron", "-f", "-L", "15"]);
    world.until_within(NEXT_MINUTE, "everybody's job has run", |world| {
        ["ada", "grace", "vera", "larry"]
            .iter()
            .all(|user| ran(world, user))
    });
}

/// By nscd's memory.
fn is_still_named(world: &World, user: &str) {
    let named = world.run(["getent", "passwd", user]);
    assert!(named.said().starts_with(&format!("{user}:")), "{named}");
}

#[test]
fn whoever_is_shut_out_is_refused_at_once_though_nscd_and_cron_still_know_them() {
    let Some(mut world) = World::usual() else {
        return;
    };
    if !world.start_nscd() {
        return;
    }
    let people = PEOPLE.map(|(name, secret)| Person::known(&world, name, secret, true));
    let all: Vec<_> = people.iter().collect();
    assert_eq!(ways_of(&mut world, &all), [ALL; 3]);
    start_cron(&mut world);

    world.run(["muster", "revoke", "ada"]).said();
    world.tell_crowd("remove-user grace");
    world.tell_crowd("remove-member linux-users vera");
    world.sync().said();
    // Past nscd she is nobody.
    let gone = world.run(["getent", "--service=muster", "passwd", "grace"]);
    assert_eq!(gone.code, 2, "{gone}");
    for minutes in ["ada", "grace", "vera", "larry"] {
        world
            .run(["rm", "-f", &format!("/run/world/minutes/{minutes}")])
            .said();
    }
    // /etc/cron.d stays as it is: cron would read its tables anew.
    for person in &people {
        is_still_named(&world, person.name());
        assert_eq!(person.ways_but_cron(&world), NONE, "{}", person.name());
    }
    world.until_within(NEXT_MINUTE, "the local user's job has run again", |world| {
        ran(world, "larry")
    });
    for (name, _) in PEOPLE {
        assert!(!ran(&world, name), "{name}: {}", world.logs());
        is_still_named(&world, name);
    }

    world.kill("minutes");
    world.kill("musterd");
    assert_eq!(ways_of(&mut world, &all), [NONE; 3], "the broker dead");
    world.start_broker();
    world.run(["muster", "unrevoke", "ada"]).said();
    world.tell_crowd("add-member linux-users vera");
    world.sync().said();
    let [ada, _, vera] = &people;
    assert_eq!(ways_of(&mut world, &[ada, vera]), [ALL; 2]);
}
