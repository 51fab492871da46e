//! `muster-sim`: simulated directories for demos and for clients in other languages.

mod kinds;
mod orders;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use muster_tests::sim::running::Simulator;
use muster_tests::sim::{SimError, control};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use tokio::signal::unix::{SignalKind, signal};

use self::kinds::{KINDS, Kind, Launch, kind_command};
use self::orders::control_command;

/// Why it ends badly.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Simulator(#[from] SimError),
    #[error(transparent)]
    Control(#[from] control::ControlError),
    #[error("the order is not JSON")]
    NotJson(#[source] serde_json::Error),
}

fn command_line() -> Command {
    Command::new("muster-sim")
        .about("Simulated web directories that can be made to fail")
        .subcommand_required(true)
        .subcommands(KINDS.iter().map(kind_command))
        .subcommand(control_command())
}

fn path(name: &'static str) -> Arg {
    Arg::new(name).value_parser(value_parser!(PathBuf))
}

/// The path that was said; clap insists on it.
fn path_said<'m>(matches: &'m ArgMatches, name: &str) -> &'m Path {
    matches
        .get_one::<PathBuf>(name)
        .map_or(Path::new(""), PathBuf::as_path)
}

fn text<'m>(matches: &'m ArgMatches, name: &str) -> Option<&'m String> {
    matches.get_one::<String>(name)
}

fn simulate(kind: &Kind, matches: &ArgMatches) -> Result<(), Failure> {
    if matches.get_flag("die-with-parent") {
        die_with_parent()?;
    }
    until_told_to_end(|| {
        let simulator = (kind.start)(&Launch::said(matches, kind))?;
        announce(simulator.as_ref(), path_said(matches, "state-dir"))?;
        Ok(simulator)
    })
}

/// SIGTERM when the parent ends, also if it has ended already.
fn die_with_parent() -> Result<(), SimError> {
    let parent = getppid();
    set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(|errno| SimError::io("tying this process to its parent")(errno.into()))?;
    if getppid() != parent {
        std::process::exit(0);
    }
    Ok(())
}

/// Writes what others wait for; `ready` last and whole.
fn announce(simulator: &dyn Simulator, folder: &Path) -> Result<(), SimError> {
    let writing = || SimError::io(format!("writing to {}", folder.display()));
    std::fs::create_dir_all(folder).map_err(writing())?;
    let (ready, socket) = (folder.join("ready"), folder.join("ctl"));
    for stale in [&ready, &socket] {
        match std::fs::remove_file(stale) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(writing()(error));
            }
            _ => {}
        }
    }
    std::fs::write(folder.join("ca.pem"), simulator.authority_pem()).map_err(writing())?;
    simulator.control_at(&socket)?;
    let unfinished = folder.join("ready.new");
    std::fs::write(&unfinished, format!("{}\n", simulator.url())).map_err(writing())?;
    std::fs::rename(&unfinished, &ready).map_err(writing())?;
    // Whoever started us can wait for this line; nobody needs to listen.
    let _ = writeln!(std::io::stdout(), "{}", simulator.url());
    Ok(())
}

/// Keeps what `start` gives until SIGTERM or SIGINT, which are caught before it.
fn until_told_to_end<T>(start: impl FnOnce() -> Result<T, SimError>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(SimError::io("waiting for signals"))?;
    runtime.block_on(async {
        let mut terminate =
            signal(SignalKind::terminate()).map_err(SimError::io("waiting for SIGTERM"))?;
        let mut interrupt =
            signal(SignalKind::interrupt()).map_err(SimError::io("waiting for SIGINT"))?;
        let _kept = start()?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

fn main() -> ExitCode {
    let matches = command_line().get_matches();
    let done = match matches.subcommand() {
        Some(("ctl", matches)) => orders::control(matches),
        Some((name, matches)) => KINDS
            .iter()
            .find(|kind| kind.name == name)
            .map_or(Ok(()), |kind| simulate(kind, matches)),
        None => Ok(()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("muster-sim: {}", with_causes(&failure));
            ExitCode::FAILURE
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
