//! `muster-sim`: simulated directories for demos and for clients in other languages.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use muster_tests::sim::running::{ANY_PORT, Encryption, Simulator};
use muster_tests::sim::size::Size;
use muster_tests::sim::{SimError, control, crowd};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

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

/// A kind of directory that can be simulated.
struct Kind {
    name: &'static str,
    about: &'static str,
    /// What `--generate` makes.
    generated: &'static str,
    /// The path below which it lives unless told otherwise.
    context: &'static str,
    start: fn(&Launch<'_>) -> Result<Box<dyn Simulator>, SimError>,
}

/// Every kind, a row each.
const KINDS: [Kind; 1] = [Kind {
    name: "crowd",
    about: "A simulated Crowd",
    generated: "application muster, password muster-secret",
    context: "/crowd",
    start: start_crowd,
}];

fn start_crowd(launch: &Launch<'_>) -> Result<Box<dyn Simulator>, SimError> {
    let population = match launch.people {
        People::Generated(size) => crowd::generate(size),
        People::Described(file) => crowd::Population::read(file)?,
    };
    Ok(Box::new(crowd::Crowd::start_at(
        population,
        launch.address,
        launch.encryption,
        launch.context,
    )?))
}

/// Who is to be in a simulated directory.
#[derive(Clone, Copy)]
enum People<'m> {
    Generated(Size),
    Described(&'m Path),
}

/// How a simulated directory is to be started.
struct Launch<'m> {
    people: People<'m>,
    address: SocketAddr,
    encryption: Encryption,
    context: &'m str,
}

impl<'m> Launch<'m> {
    fn said(matches: &'m ArgMatches, kind: &Kind) -> Self {
        let people = match matches.get_one::<Size>("generate") {
            Some(size) => People::Generated(*size),
            None => People::Described(path_said(matches, "data")),
        };
        let encryption = if matches.get_flag("plain") {
            Encryption::Plain
        } else {
            Encryption::Tls
        };
        Self {
            people,
            address: matches
                .get_one::<SocketAddr>("listen")
                .copied()
                .unwrap_or(ANY_PORT),
            encryption,
            context: text(matches, "context").map_or(kind.context, String::as_str),
        }
    }
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

fn kind_command(kind: &Kind) -> Command {
    Command::new(kind.name)
        .about(format!(
            "{}; writes ca.pem, ctl and (last) ready, which holds its URL, to the state folder",
            kind.about
        ))
        .arg(
            path("data")
                .long("data")
                .value_name("FILE")
                .help("The population, as JSON"),
        )
        .arg(
            Arg::new("generate")
                .long("generate")
                .value_name("USERSxGROUPS")
                .value_parser(value_parser!(Size))
                .conflicts_with("data")
                .required_unless_present("data")
                .help(format!("A made-up population; {}", kind.generated)),
        )
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDRESS")
                .default_value("127.0.0.1:0")
                .value_parser(value_parser!(SocketAddr))
                .help("Where to listen"),
        )
        .arg(
            path("state-dir")
                .long("state-dir")
                .value_name("DIR")
                .required(true),
        )
        .arg(
            Arg::new("context")
                .long("context")
                .default_value(kind.context)
                .help("The path below which it lives"),
        )
        .arg(
            Arg::new("plain")
                .long("plain")
                .action(ArgAction::SetTrue)
                .help("Without TLS"),
        )
        .arg(
            Arg::new("die-with-parent")
                .long("die-with-parent")
                .action(ArgAction::SetTrue)
                .help("End when the thread that started this ends"),
        )
}

fn control_command() -> Command {
    Command::new("ctl")
        .about("Gives an order to a running simulator")
        .after_help(
            "muster-sim ctl SOCKET fault down\n\
             muster-sim ctl SOCKET fault slow=500 --below /search --times 2\n\
             muster-sim ctl SOCKET fault none\n\
             muster-sim ctl SOCKET requests\n\
             muster-sim ctl SOCKET remove-user ada\n\
             muster-sim ctl SOCKET send '{\"do\":\"add-user\",\"user\":{\"name\":\"bob\"}}'",
        )
        .subcommand_required(true)
        .arg(path("socket").value_name("SOCKET").required(true))
        .subcommand(
            Command::new("fault")
                .about("Puts a fault in force, or none")
                .arg(Arg::new("fault").required(true))
                .arg(Arg::new("below").long("below").value_name("PATH"))
                .arg(
                    Arg::new("times")
                        .long("times")
                        .value_parser(value_parser!(u64)),
                ),
        )
        .subcommands(ORDERS.map(|(name, about, operands)| {
            let operands = operands
                .iter()
                .map(|operand| Arg::new(*operand).required(true));
            Command::new(name).about(about).args(operands)
        }))
        .subcommand(
            Command::new("send")
                .about("Any order, as JSON")
                .arg(Arg::new("order").required(true)),
        )
}

/// The orders that are their name and text operands.
const ORDERS: [(&str, &str, &[&str]); 11] = [
    ("ping", "Asks whether it is there", &[]),
    ("requests", "Shows the requests so far", &[]),
    ("forget-requests", "Forgets the requests so far", &[]),
    (
        "forget-servlet-sessions",
        "Forgets servlet sessions, as a restart does",
        &[],
    ),
    ("remove-user", "Removes a user", &["name"]),
    (
        "rename-user",
        "Gives a user another name; the key stays",
        &["name", "new"],
    ),
    (
        "set-password",
        "Sets a user's password",
        &["name", "password"],
    ),
    ("remove-group", "Removes a group", &["name"]),
    ("add-member", "Puts a user into a group", &["group", "user"]),
    (
        "remove-member",
        "Takes a user out of a group",
        &["group", "user"],
    ),
    (
        "add-user",
        "Adds a user without a password; `send` for more",
        &["user"],
    ),
];

fn text<'m>(matches: &'m ArgMatches, name: &str) -> Option<&'m String> {
    matches.get_one::<String>(name)
}

fn order(name: &str, matches: &ArgMatches) -> Result<Value, Failure> {
    Ok(match name {
        "send" => {
            let order = text(matches, "order").map_or("", String::as_str);
            serde_json::from_str(order).map_err(Failure::NotJson)?
        }
        "fault" => match text(matches, "fault").map(String::as_str) {
            Some("none") => json!({"do": "fault", "faults": []}),
            fault => json!({"do": "fault", "faults": [{
                "fault": fault,
                "below": text(matches, "below"),
                "times": matches.get_one::<u64>("times"),
            }]}),
        },
        "add-user" => json!({"do": name, "user": {"name": text(matches, "user")}}),
        _ => {
            let operands = matches
                .ids()
                .map(|id| (id.to_string(), json!(text(matches, id.as_str()))));
            let verb = ("do".to_owned(), json!(name));
            Value::Object(std::iter::once(verb).chain(operands).collect())
        }
    })
}

fn control(matches: &ArgMatches) -> Result<(), Failure> {
    let socket = path_said(matches, "socket");
    let Some((name, matches)) = matches.subcommand() else {
        return Ok(());
    };
    match control::send(socket, &order(name, matches)?)? {
        Value::Null => {}
        Value::Array(lines) => lines.iter().for_each(|line| println!("{line}")),
        value => println!("{value}"),
    }
    Ok(())
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
        Some(("ctl", matches)) => control(matches),
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
