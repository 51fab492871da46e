//! How many names a second the broker looks up over lookup.sock, as the NSS module asks on a miss.
//!
//! `lookup_rate PREFIX FIRST COUNT AT_ONCE` beside a running broker asks for the names PREFIX00000 and so on, and
//! `lookup_rate same NAME CALLERS` for one name by that many callers at once. Prints how many were known, unknown and
//! neither, how many a second, and the median, the 99th percentile and the longest of their times in milliseconds,
//! with tabs between them.

use std::path::Path;
use std::time::{Duration, Instant};

use muster_common::name::UserName;
use muster_common::paths::LOOKUP_SOCKET;
use muster_common::wire::ask::{AskError, knows_user};
use muster_common::wire::deadline::Deadline;

/// Long enough for any answer: what is measured is how long they take.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let shares = match words.as_slice() {
        ["same", name, callers] => vec![vec![(*name).to_owned()]; callers.parse()?],
        [prefix, first, count, at_once] => {
            shares(prefix, first.parse()?, count.parse()?, at_once.parse()?)
        }
        _ => {
            return Err("usage: lookup_rate PREFIX FIRST COUNT AT_ONCE | same NAME CALLERS".into());
        }
    };
    let started = Instant::now();
    let callers: Vec<_> = shares
        .into_iter()
        .map(|names| std::thread::spawn(move || names.iter().map(|name| timed(name)).collect()))
        .collect();
    let answers: Vec<_> = callers
        .into_iter()
        .flat_map(|caller| caller.join().unwrap_or_else(|_panicked| Vec::new()))
        .collect();
    report(&answers, started.elapsed());
    Ok(())
}

/// Which names each caller asks for.
fn shares(prefix: &str, first: usize, count: usize, at_once: usize) -> Vec<Vec<String>> {
    let of_caller = |caller| {
        (first..first.saturating_add(count))
            .skip(caller)
            .step_by(at_once)
            .map(|number| format!("{prefix}{number:05}"))
            .collect()
    };
    (0..at_once).map(of_caller).collect()
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
        "{known}\t{unknown}\t{}\t{:.0}\t{:.3}\t{:.3}\t{:.3}",
        answers.len() - known - unknown,
        f64::from(u32::try_from(answers.len()).unwrap_or(u32::MAX)) / took.as_secs_f64(),
        share(50).unwrap_or_default(),
        share(99).unwrap_or_default(),
        times.last().copied().unwrap_or_default()
    );
}
