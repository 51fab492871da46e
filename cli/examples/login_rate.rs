//! How many logins a second the broker judges, over root.sock as PAM asks it.
//!
//! `login_rate USER PASSWORD COUNT AT_ONCE` as root, beside a running broker; prints
//! the rate, and each login's time from connect to verdict in milliseconds.

use std::path::Path;
use std::time::{Duration, Instant};

use muster_common::paths::ROOT_SOCKET;
use muster_common::secret::Secret;
use muster_common::wire::client::{Connection, Deadline, Patience, WireError};
use muster_common::wire::message::{Answer, Begin, Call, Outcome, Step};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user, password, count, at_once] = arguments.as_slice() else {
        return Err("usage: login_rate USER PASSWORD COUNT AT_ONCE".into());
    };
    let (count, at_once): (usize, usize) = (count.parse()?, at_once.parse()?);
    let started = Instant::now();
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            let (user, password) = (user.clone(), password.clone());
            let share = count.div_ceil(at_once);
            std::thread::spawn(move || {
                (0..share)
                    .map(|_| timed_login(&user, &password))
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    let logins: Vec<_> = workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap_or_default())
        .collect();
    report(&logins, started.elapsed());
    Ok(())
}

fn timed_login(user: &str, password: &str) -> (Duration, Option<Outcome>) {
    let started = Instant::now();
    let outcome = login(user, password).ok().flatten();
    (started.elapsed(), outcome)
}

fn login(user: &str, password: &str) -> Result<Option<Outcome>, WireError> {
    let begin = Begin {
        service: "sshd".to_owned(),
        user: user.to_owned(),
        tty: None,
        remote_host: Some("192.0.2.7".to_owned()),
        calling_uid: 0,
    };
    let mut connection = Connection::open(
        Path::new(ROOT_SOCKET),
        Deadline::after(Duration::from_secs(10)),
    )?;
    last(&mut connection, &begin)?;
    let Ok(secret) = Secret::typed(password.as_bytes()) else {
        return Ok(None);
    };
    match last(&mut connection, &Answer::of(&secret))? {
        Some(Step::Verdict { outcome, .. }) => Ok(Some(outcome)),
        _ => Ok(None),
    }
}

fn last<C: Call<Reply = Step>>(
    connection: &mut Connection,
    call: &C,
) -> Result<Option<Step>, WireError> {
    let patience = Patience::until(Deadline::after(Duration::from_secs(60)));
    connection.stream(call, patience)?.last().transpose()
}

fn report(logins: &[(Duration, Option<Outcome>)], took: Duration) {
    let granted = logins
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Some(Outcome::Granted | Outcome::GrantedOffline)));
    let mut times: Vec<_> = logins
        .iter()
        .map(|(time, _)| time.as_secs_f64() * 1000.0)
        .collect();
    times.sort_by(f64::total_cmp);
    let share = |percent: usize| {
        times
            .get(times.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{} logins, {} granted, {:.0} a second; median {:.2} ms, 99 % {:.2} ms",
        logins.len(),
        granted.count(),
        f64::from(u32::try_from(logins.len()).unwrap_or(u32::MAX)) / took.as_secs_f64(),
        share(50),
        share(99)
    );
}
