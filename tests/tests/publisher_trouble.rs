//! What becomes of the snapshot when its publisher is killed at any moment, or has no room: readers go on, and the next
//! publication succeeds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::clock::Time;
use muster_common::members::Members;
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord,
};
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer;
use muster_tests::world::{Output, World};

const SNAPSHOT: &str = "/var/lib/muster/public/snapshot";
const NEW: &str = "/var/lib/muster/public/snapshot.new";
const SOCKET: &str = "/run/muster/publish.sock";

const CONFIG: &str = r#"version = 1
[ids]
accept = [20000, 59999]
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "a"
password_file = "/nowhere"
[access]
allow = ["everyone"]
"#;

/// What a broker hands over: these users with groups of their own, all with the same full name.
fn content<'a>(users: impl IntoIterator<Item = (&'a str, u32)>, gecos: &str) -> Content {
    let mut content = Content {
        created: Time::from_unix(1_700_000_000),
        directories: vec![DirectoryRecord {
            name: "corp".parse().unwrap(),
            misses: Misses::Final,
            synced: Some(Time::from_unix(1_700_000_000)),
        }],
        ..Content::default()
    };
    for (name, id) in users {
        let gid = Gid::new(id).unwrap();
        content.users.push(UserRecord {
            account: Account {
                name: name.parse().unwrap(),
                uid: Uid::new(id).unwrap(),
                gid,
                gecos: gecos.to_owned(),
                home: format!("/home/{name}"),
                shell: "/bin/sh".to_owned(),
            },
            groups: vec![gid],
            directory: 0,
            access: Access::default(),
            ssh_keys: Vec::new(),
        });
        content.groups.push(GroupRecord {
            group: Group {
                name: name.parse().unwrap(),
                gid,
                members: Members::default(),
            },
            directory: 0,
        });
    }
    content
}

/// Hands a candidate over from inside; what the publisher answers.
fn hand_over(world: &World, content: &Content) -> Output {
    let candidate = "/run/world/candidate";
    world.write(candidate, writer::write(content, 1).unwrap());
    world.run(["hand_over", candidate])
}

/// Everybody's full name in what is served, which has to be whole.
fn served(world: &World) -> String {
    let snapshot = Snapshot::open(&world.path(SNAPSHOT)).unwrap();
    let content = snapshot.content().unwrap();
    assert_eq!(content.users.len(), 1);
    content.users.first().unwrap().account.gecos.clone()
}

/// Whether readers are told to look for a newer snapshot on each look-up.
fn looks_stale(world: &World) -> bool {
    Snapshot::open(&world.path(SNAPSHOT)).unwrap().looks_stale()
}

/// Removes what a killed publisher leaves, so that the next one's socket can be waited for.
fn forget_socket(world: &World) {
    std::fs::remove_file(world.path(SOCKET)).unwrap();
}

/// Hands over what of everybody is other than in what is served: the full name.
fn amend(world: &World, gecos: &str) -> Output {
    let mut content = content([("ada", 20_001)], gecos);
    content.groups.clear();
    let base = Snapshot::open(&world.path(SNAPSHOT)).unwrap().generation();
    let candidate = "/run/world/amendment";
    world.write(candidate, writer::candidate_upon(&content, base).unwrap());
    world.run(["hand_over", candidate, "amendment"])
}

/// A world whose publisher has published ada, and a program that asks for her all the time.
fn published_and_read() -> Option<World> {
    let mut world = World::new()?;
    world.compile("hand_over", &[]);
    world.compile("kill_at", &[]);
    world.compile("reader", &[]);
    world.write_config(CONFIG);
    world.start_publisher();
    hand_over(&world, &content([("ada", 20_001)], "first")).said();
    let reader = "reader ada last && echo always answered";
    world.spawn("reader", &["sh", "-c", reader]);
    Some(world)
}

/// Publishes by `publish` again and again, with a publisher that is killed one step later each time after it has taken the
/// connection with this number, until it is not killed at all. How many steps there were.
fn killed_at_each_step(
    world: &mut World,
    connection: u32,
    publish: impl Fn(&World, &str) -> Output,
) -> u32 {
    let mut steps = 0;
    let mut stale_after: Vec<u32> = Vec::new();
    loop {
        steps += 1;
        world.kill("muster-publish");
        let before = served(world);
        let killed = format!("killed at {steps}");
        let number = format!("{steps}@{connection}");
        forget_socket(world);
        world.spawn("kill_at", &["kill_at", &number, "muster-publish"]);
        world.until("the publisher listens", |world| world.path(SOCKET).exists());
        for _ in 1..connection {
            hand_over(world, &content([("ada", 20_001)], &before)).said();
        }
        let answered = publish(world, &killed);
        let after = served(world);
        assert!(
            after == before || after == killed,
            "{after} at step {steps}"
        );
        let said = world.run(["getent", "passwd", "ada"]);
        assert!(said.said().contains(&after), "{said}");
        if answered.succeeded() {
            assert_eq!(after, killed);
            break;
        }
        world.wait_for_end("kill_at");

        forget_socket(world);
        world.start_publisher();
        // what stood there all along is handed over again: nobody needs to look for a newer one
        hand_over(world, &content([("ada", 20_001)], &after)).said();
        stale_after.extend(looks_stale(world).then_some(steps));
        let next = format!("after {steps}");
        hand_over(world, &content([("ada", 20_001)], &next)).said();
        assert_eq!(served(world), next);
        assert!(!world.path(NEW).exists());
    }
    let rest = world.process("kill_at").pid.to_string();
    let _it_may_have_ended = world.run(["kill", "-s", "KILL", &rest]);
    world.wait_for_end("kill_at");
    assert!(
        stale_after.is_empty(),
        "readers look for ever after these steps: {stale_after:?}"
    );
    steps
}

/// Ada stays: the reader asks for her after it has not found the last one.
fn the_reader_was_always_answered(world: &mut World) {
    forget_socket(world);
    world.start_publisher();
    let last = content([("ada", 20_001), ("last", 20_002)], "last");
    hand_over(world, &last).said();
    world.wait_for_end("reader");
    assert_eq!(world.read("/run/world/reader.log"), "always answered\n");
}

#[test]
fn a_publisher_killed_at_any_step_leaves_the_old_snapshot_or_the_new_one_and_the_next_publication_succeeds()
 {
    let Some(mut world) = published_and_read() else {
        return;
    };
    let steps = killed_at_each_step(&mut world, 1, |world, gecos| {
        hand_over(world, &content([("ada", 20_001)], gecos))
    });
    assert!(steps > 20, "only {steps} steps were seen");
    the_reader_was_always_answered(&mut world);
}

#[test]
fn a_publisher_killed_at_any_step_of_an_amendment_leaves_the_old_snapshot_or_the_amended_one() {
    let Some(mut world) = published_and_read() else {
        return;
    };
    let steps = killed_at_each_step(&mut world, 2, amend);
    assert!(steps > 20, "only {steps} steps were seen");
    the_reader_was_always_answered(&mut world);
}

#[test]
fn a_publisher_without_room_leaves_the_old_snapshot_and_no_rest_and_goes_on_when_there_is_room() {
    let Some(mut world) = World::new() else {
        return;
    };
    world.compile("hand_over", &[]);
    let small = ["-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs"];
    world
        .run(["mount"].iter().chain(&small).chain(&["/var/lib/muster"]))
        .said();
    world.write_config(CONFIG);
    world.start_publisher();
    hand_over(&world, &content([("ada", 20_001)], "first")).said();

    let names: Vec<String> = (0..20_000).map(|i| format!("u{i}")).collect();
    let crowd = names.iter().map(String::as_str).zip(30_000..);
    let answer = hand_over(&world, &content(crowd, "too many"));
    let error = answer.refused();
    assert!(error.contains("No space left"), "{error}");
    assert_eq!(served(&world), "first");
    let ada = world.run(["getent", "passwd", "ada"]);
    assert!(ada.said().contains("first"), "{ada}");
    assert!(
        !world.path(NEW).exists(),
        "what could not be written keeps the disk full"
    );

    hand_over(&world, &content([("ada", 20_001)], "second")).said();
    assert_eq!(served(&world), "second");
}
