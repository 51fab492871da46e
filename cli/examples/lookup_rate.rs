//! How many names a second the broker looks up over lookup.sock, as the NSS module asks on a miss.
//!
//! `lookup_rate PREFIX FIRST COUNT AT_ONCE` beside a running broker asks for the names
//! PREFIX00000 and so on; prints the rate, each look-up's time, and how they ended.

use std::path::Path;
use std::time::{Duration, Instant};

use muster_common::name::UserName;
use muster_common::paths::LOOKUP_SOCKET;
use muster_common::wire::ask::{AskError, knows_user};
use muster_common::wire::deadline::Deadline;

/// Long enough for any answer: what is measured is how long they take.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [prefix, first, count, at_once] = arguments.as_slice() else {
        return Err("usage: lookup_rate PREFIX FIRST COUNT AT_ONCE".into());
    };
    let (first, count, at_once): (usize, usize, usize) =
        (first.parse()?, count.parse()?, at_once.parse()?);
    let started = Instant::now();
    let workers: Vec<_> = (0..at_once)
        .map(|worker| {
            let names: Vec<_> = (first..first.saturating_add(count))
                .skip(worker)
                .step_by(at_once)
                .map(|number| format!("{prefix}{number:05}"))
                .collect();
            std::thread::spawn(move || names.iter().map(|name| timed(name)).collect::<Vec<_>>())
        })
        .collect();
    let answers: Vec<_> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap_or_default())
        .collect();
    report(&answers, started.elapsed());
    Ok(())
}

fn timed(name: &str) -> (Duration, Result<(), AskError>) {
    let started = Instant::now();
    let answer = look_up(name);
    (started.elapsed(), answer)
}

fn look_up(name: &str) -> Result<(), AskError> {
    let name = UserName::new(name).map_err(|_| AskError::NotFound)?;
    let deadline = Deadline::after(PATIENCE);
    knows_user(Path::new(LOOKUP_SOCKET), 0, &name, deadline)
}

fn report(answers: &[(Duration, Result<(), AskError>)], took: Duration) {
    let known = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let unknown = answers
        .iter()
        .filter(|(_, answer)| matches!(answer, Err(AskError::NotFound)))
        .count();
    let mut times: Vec<_> = answers
        .iter()
        .map(|(time, _)| time.as_secs_f64() * 1000.0)
        .collect();
    times.sort_by(f64::total_cmp);
    let share = |percent: usize| times.get(times.len() * percent / 100).copied();
    println!(
        "{} look-ups, {known} known, {unknown} unknown, {:.0} a second; median {:.3} ms, 99 % {:.3} ms",
        answers.len(),
        f64::from(u32::try_from(answers.len()).unwrap_or(u32::MAX)) / took.as_secs_f64(),
        share(50).unwrap_or_default(),
        share(99).unwrap_or_default()
    );
}
