//! What the memory costs a login offline: a hash in memory of its own and one in kept memory,
//! in milliseconds and page faults. `cargo run --release -p muster-common --features broker
//! --example hash_time [ROUNDS]`.

use std::error::Error;
use std::time::{Duration, Instant};

use muster_common::directory::{ImmutableKey, SecretKind};
use muster_common::name::DirectoryName;
use muster_common::secret::Secret;
use muster_common::verifier::{Binding, HostKey, Room, Salt, Verifier};

/// Where /proc/self/stat counts the page faults that needed no disk, behind the name.
const FAULTS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = match std::env::args().nth(1) {
        Some(rounds) => rounds.parse()?,
        None => 50,
    };
    let (directory, key) = (DirectoryName::new("corp")?, ImmutableKey::given("1"));
    let binding = Binding {
        directory: &directory,
        key: &key,
    };
    let host_key = HostKey::from_bytes([7; 32]);
    let secret = Secret::typed(b"correct horse")?;
    let salt = Salt::from_bytes([7; 16]);
    let verifier = Verifier::make(SecretKind::Password, &host_key, &binding, &secret, salt)?;
    measure("memory of its own", rounds, || {
        verifier.matches(&host_key, &binding, &secret)
    })?;
    let mut room = Room::new();
    measure("kept memory, not wiped", rounds, || {
        verifier.matches_in(&mut room, &host_key, &binding, &secret)
    })?;
    measure("kept memory, wiped", rounds, || {
        let matched = verifier.matches_in(&mut room, &host_key, &binding, &secret);
        room.wipe();
        matched
    })
}

fn measure(
    what: &str,
    rounds: usize,
    mut hash: impl FnMut() -> bool,
) -> Result<(), Box<dyn Error>> {
    let before = faults()?;
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = Instant::now();
        if !hash() {
            return Err("the right password does not match".into());
        }
        times.push(began.elapsed());
    }
    let faults = faults()?.saturating_sub(before);
    times.sort_unstable();
    let median = times
        .get(times.len() / 2)
        .map_or(0.0, Duration::as_secs_f64);
    let each = faults / u64::try_from(rounds.max(1))?;
    println!("{what}: {:.2} ms, {each} page faults a hash", median * 1e3);
    Ok(())
}

fn faults() -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    let field = fields.split_whitespace().nth(FAULTS);
    Ok(field.ok_or("no count of page faults")?.parse()?)
}
