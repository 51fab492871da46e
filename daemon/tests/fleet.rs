//! A fleet of 1,000 hosts at one server, each with the real schedule, in virtual time:
//! what the server gets to do when they all start, install or come back together. The
//! picture is docs/fleet.svg (`UPDATE_GOLDENS=1` draws it anew).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::time::Duration;

use muster_daemon::schedule::{Before, Outcome, Plan, Schedule, Work};

const HOSTS: usize = 1000;
/// How long everything is watched.
const WATCHED: u64 = 1200;
/// What a reading of everybody comes to: pages of people and of groups, memberships.
const REQUESTS_OF_A_WHOLE: u64 = 25;

/// The default of every host.
const PLAN: Plan = Plan {
    whole: Duration::from_secs(900),
    whole_beside_changes: Duration::from_secs(43_200),
    changes: Duration::from_secs(4),
};

/// A server that works on so many requests at once and refuses what would wait too long.
struct Server {
    workers: u64,
    /// How much work lies before it, in milliseconds of one worker.
    backlog: u64,
    /// When that was.
    at: u64,
    /// When it is not there, in seconds from the start.
    away: std::ops::Range<u64>,
    /// Before that, its history is lost to whoever asks for it.
    history_from: u64,
    requests: Vec<u64>,
}

/// What it says, and when, in milliseconds.
enum Answer {
    After(u64),
    Busy,
    Nothing,
}

impl Server {
    const ONE_CHANGE: u64 = 5;
    const ONE_PAGE: u64 = 60;
    const PATIENCE: u64 = 2000;

    fn new() -> Self {
        Self {
            workers: 20,
            backlog: 0,
            at: 0,
            away: 0..0,
            history_from: 0,
            requests: vec![0; usize::try_from(WATCHED).unwrap() + 1],
        }
    }

    /// What comes of `requests` that take `each` milliseconds of a worker.
    fn ask(&mut self, now: u64, requests: u64, each: u64) -> Answer {
        let second = usize::try_from(now / 1000).unwrap();
        if self.away.contains(&(now / 1000)) {
            self.count(second, 1);
            return Answer::Nothing;
        }
        let done = (now - self.at) * self.workers;
        self.backlog = self.backlog.saturating_sub(done);
        self.at = now;
        if self.backlog / self.workers > Self::PATIENCE {
            self.count(second, 1);
            return Answer::Busy;
        }
        self.backlog += requests * each;
        let takes = self.backlog / self.workers + each;
        // Pages are asked for one after the other.
        let span = takes.max(requests * each);
        for nth in 0..requests {
            let at = now + span * nth / requests;
            self.count(usize::try_from(at / 1000).unwrap(), 1);
        }
        Answer::After(span)
    }

    fn count(&mut self, second: usize, requests: u64) {
        if let Some(sum) = self.requests.get_mut(second) {
            *sum += requests;
        }
    }
}

/// Runs the fleet; requests a second at the server.
fn watched(mut server: Server, before: Option<Before>, history: bool) -> Vec<u64> {
    let mut hosts: Vec<_> = (0..HOSTS)
        .map(|host| {
            let seed = u64::try_from(host)
                .unwrap()
                .wrapping_mul(0x2545_f491_4f6c_dd1d);
            Schedule::new(PLAN, seed, Duration::ZERO, before)
        })
        .collect();
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap();
    let mut due: BinaryHeap<_> = hosts
        .iter()
        .enumerate()
        .map(|(host, schedule)| Reverse((millis(schedule.due().0), host)))
        .collect();
    while let Some(Reverse((now, host))) = due.pop() {
        if now / 1000 >= WATCHED {
            continue;
        }
        let schedule = &mut hosts[host];
        let work = schedule.due().1;
        let lost = work == Work::Changes && now / 1000 < server.history_from;
        let answer = match work {
            Work::Whole => server.ask(now, REQUESTS_OF_A_WHOLE, Server::ONE_PAGE),
            Work::Changes => server.ask(now, 1, Server::ONE_CHANGE),
        };
        let (outcome, took) = match (answer, work) {
            (Answer::Nothing, _) => (Outcome::Failed { pause: None }, 10),
            (Answer::Busy, _) => {
                let pause = Some(Duration::from_secs(10));
                (Outcome::Failed { pause }, 5)
            }
            (Answer::After(took), Work::Changes) if lost => (Outcome::HistoryLost, took),
            (Answer::After(took), Work::Changes) => {
                let answered_in = Duration::from_millis(took);
                (Outcome::Changes { answered_in }, took)
            }
            (Answer::After(took), Work::Whole) => (Outcome::Whole { history }, took),
        };
        schedule.settle(Duration::from_millis(now + took), outcome);
        due.push(Reverse((millis(schedule.due().0).max(now + 1), host)));
    }
    server.requests.truncate(usize::try_from(WATCHED).unwrap());
    server.requests
}

/// The most requests in any second from `from` on, and the mean from there.
fn peak_and_mean(requests: &[u64], from: usize) -> (u64, u64) {
    let later = &requests[from..];
    let sum: u64 = later.iter().sum();
    (
        *later.iter().max().unwrap(),
        sum / u64::try_from(later.len()).unwrap(),
    )
}

const KNOWN: Option<Before> = Some(Before {
    whole: Duration::from_secs(3600),
    history: true,
});

fn restarted() -> Vec<u64> {
    watched(Server::new(), KNOWN, true)
}

fn installed() -> Vec<u64> {
    watched(Server::new(), None, true)
}

fn server_away() -> Vec<u64> {
    let away = Server {
        away: 60..660,
        ..Server::new()
    };
    watched(away, KNOWN, true)
}

fn history_lost() -> Vec<u64> {
    let lost = Server {
        history_from: 15,
        ..Server::new()
    };
    watched(lost, KNOWN, true)
}

#[test]
fn hosts_that_start_together_ask_for_changes_one_after_the_other() {
    let (peak, mean) = peak_and_mean(&restarted(), 0);
    assert!(peak <= 340, "{peak} requests in one second");
    assert!((230..=290).contains(&mean), "{mean} requests a second");
}

#[test]
fn a_fleet_that_is_installed_at_once_is_served_without_drowning_the_server() {
    let requests = installed();
    let (peak, _) = peak_and_mean(&requests, 2);
    // 20 workers can give 333 pages a second, or 4,000 answers about changes; a refusal costs none.
    assert!(peak <= 800, "{peak} requests in one second");
    let (_, mean) = peak_and_mean(&requests, 900);
    assert!((200..=290).contains(&mean), "everybody is served: {mean}");
}

#[test]
fn a_server_that_comes_back_is_not_fallen_upon() {
    let requests = server_away();
    let (while_away, _) = peak_and_mean(&requests[..640], 200);
    assert!(while_away <= 40, "{while_away} requests a second at nobody");
    let (peak, _) = peak_and_mean(&requests, 660);
    assert!(peak <= 380, "{peak} requests in one second");
}

#[test]
fn a_lost_history_does_not_make_everybody_read_everybody_at_once() {
    let requests = history_lost();
    let (peak, _) = peak_and_mean(&requests, 15);
    assert!(peak <= 420, "{peak} requests in one second");
}

#[test]
fn the_picture_shows_these_curves() {
    let picture = drawn(&[
        ("restarted together, changes asked for", restarted()),
        ("installed together, nobody known", installed()),
        ("server away from 1 to 11 minutes", server_away()),
        ("history lost, everybody read anew", history_lost()),
    ]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/fleet.svg");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &picture).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap();
    assert!(
        picture == stored,
        "docs/fleet.svg: UPDATE_GOLDENS=1 draws it anew"
    );
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 420.0;
const COLOURS: [&str; 4] = ["#1b7837", "#762a83", "#b35806", "#2166ac"];

fn drawn(curves: &[(&str, Vec<u64>)]) -> String {
    let top = curves
        .iter()
        .flat_map(|(_, curve)| smoothed(curve))
        .fold(0.0, f64::max);
    let top = (top / 100.0).ceil() * 100.0;
    let x = |second: f64| 60.0 + second / to_f64(WATCHED) * (WIDTH - 80.0);
    let y = |requests: f64| HEIGHT - 40.0 - requests / top * (HEIGHT - 80.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"60\" y=\"20\">Requests a second at the server of 1,000 hosts (mean over 5 s)</text>\n"
    );
    for minute in 0..=(WATCHED / 300) {
        let at = x(to_f64(minute * 300));
        let foot = HEIGHT - 22.0;
        writeln!(
            svg,
            "<text x=\"{at:.0}\" y=\"{foot}\" text-anchor=\"middle\">{} min</text>",
            minute * 5
        )
        .unwrap();
    }
    for step in 0..=4 {
        let requests = top / 4.0 * f64::from(step);
        let at = y(requests);
        writeln!(svg, "<line x1=\"60\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/><text x=\"52\" y=\"{:.1}\" text-anchor=\"end\">{requests:.0}</text>", WIDTH - 20.0, at + 4.0).unwrap();
    }
    for (nth, (name, curve)) in curves.iter().enumerate() {
        let points: Vec<String> = smoothed(curve)
            .iter()
            .zip(0u32..)
            .map(|(requests, nth)| format!("{:.1},{:.1}", x(f64::from(nth) * 5.0), y(*requests)))
            .collect();
        let colour = COLOURS[nth];
        writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>",
            points.join(" ")
        )
        .unwrap();
        let at = 40 + 16 * nth;
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{at}\" text-anchor=\"end\" fill=\"{colour}\">{name}</text>",
            WIDTH - 24.0
        )
        .unwrap();
    }
    svg.push_str("</svg>\n");
    svg
}

fn smoothed(curve: &[u64]) -> Vec<f64> {
    curve
        .chunks(5)
        .map(|five| to_f64(five.iter().sum()) / to_f64(five.len() as u64))
        .collect()
}

fn to_f64(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}
