//! A FAS that is read whole.

use std::path::Path;
use std::time::{Duration, Instant};

use muster_tests::world::{Memory, Sim, World};

use crate::configure;

/// People and groups of the host.
pub(crate) const PEOPLE: u32 = 40_000;
pub(crate) const GROUPS: u32 = 3_000;
/// How long a host may take to read everybody before we give up.
const PATIENCE: Duration = Duration::from_secs(300);

/// What reading everybody came to.
#[derive(Debug)]
pub(crate) struct Measured {
    /// From the broker's start without a store to the first name that getent finds.
    pub(crate) first: Duration,
    pub(crate) first_requests: usize,
    /// The same once more, by `muster sync`.
    pub(crate) again: Duration,
    pub(crate) again_requests: usize,
    /// Processor time until everything was done.
    pub(crate) broker_cpu: Duration,
    pub(crate) publisher_cpu: Duration,
    pub(crate) broker: Memory,
    pub(crate) publisher: Memory,
    /// Bytes.
    pub(crate) snapshot: u64,
}

pub(crate) fn measured(place: &Path) -> Measured {
    println!("a FAS of {PEOPLE} people and {GROUPS} groups, read whole");
    let mut world = World::at(place);
    world.start_generated(Sim::Fas, &format!("{PEOPLE}x{GROUPS}"));
    configure(&world, Sim::Fas, "muster-secret", "user = \"muster\"");
    world.start_publisher();
    world.requests_of(Sim::Fas);
    let began = Instant::now();
    world.start_broker();
    let last = format!("user{:05}", PEOPLE.saturating_sub(1));
    while !world.run(["getent", "passwd", &last]).succeeded() {
        assert!(began.elapsed() < PATIENCE, "in vain: {}", world.logs());
        std::thread::sleep(Duration::from_millis(20));
    }
    let first = began.elapsed();
    let first_requests = world.requests_of(Sim::Fas);
    let began = Instant::now();
    world.run_within(PATIENCE, ["muster", "sync"]).said();
    Measured {
        first,
        first_requests,
        again: began.elapsed(),
        again_requests: world.requests_of(Sim::Fas),
        broker_cpu: world.cpu_of("musterd"),
        publisher_cpu: world.cpu_of("muster-publish"),
        broker: world.memory_of("musterd"),
        publisher: world.memory_of("muster-publish"),
        snapshot: std::fs::metadata(world.path("/var/lib/muster/public/snapshot"))
            .map_or(0, |file| file.len()),
    }
}
