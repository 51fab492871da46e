//! `muster-sim`: simulated directories for demos and for clients in other languages.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use muster_tests::sim::crowd::{Crowd, Encryption, Population, Size, generate};
use muster_tests::sim::{SimError, control};
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

fn command_line() -> Command {
    Command::new("muster-sim")
        .about("Simulated web directories that can be made to fail")
        .subcommand_required(true)
        .subcommand(crowd_command())
        .subcommand(control_command())
}

fn path(name: &'static str) -> Arg {
    Arg::new(name).value_parser(value_parser!(PathBuf))
}

fn crowd_command() -> Command {
    Command::new("crowd")
        .about(
            "A simulated Crowd; writes ca.pem, ctl and (last) ready, which holds its URL, to the state folder",
        )
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
                .help("A made-up population; application muster, password muster-secret"),
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
                .default_value("/crowd")
                .help("The path below which Crowd lives"),
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
    let socket = matches
        .get_one::<PathBuf>("socket")
        .map_or(Path::new(""), PathBuf::as_path);
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

fn crowd(matches: &ArgMatches) -> Result<(), Failure> {
    if matches.get_flag("die-with-parent") {
        die_with_parent()?;
    }
    let population = match (
        matches.get_one::<Size>("generate"),
        matches.get_one::<PathBuf>("data"),
    ) {
        (Some(size), _) => generate(*size),
        (None, Some(file)) => Population::read(file)?,
        (None, None) => Population::new(),
    };
    let encryption = if matches.get_flag("plain") {
        Encryption::Plain
    } else {
        Encryption::Tls
    };
    let address = matches.get_one::<SocketAddr>("listen").copied();
    let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let context = text(matches, "context").map_or("/crowd", String::as_str);
    let folder = matches
        .get_one::<PathBuf>("state-dir")
        .map_or(Path::new("."), PathBuf::as_path);
    until_told_to_end(|| {
        let crowd = Crowd::start_at(population, address, encryption, context)?;
        announce(&crowd, folder)?;
        Ok(crowd)
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
fn announce(crowd: &Crowd, folder: &Path) -> Result<(), SimError> {
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
    std::fs::write(folder.join("ca.pem"), crowd.authority_pem()).map_err(writing())?;
    crowd.control_at(&socket)?;
    let unfinished = folder.join("ready.new");
    std::fs::write(&unfinished, format!("{}\n", crowd.url())).map_err(writing())?;
    std::fs::rename(&unfinished, &ready).map_err(writing())?;
    // Whoever started us can wait for this line; nobody needs to listen.
    let _ = writeln!(std::io::stdout(), "{}", crowd.url());
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
        Some(("crowd", matches)) => crowd(matches),
        Some(("ctl", matches)) => control(matches),
        _ => Ok(()),
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
