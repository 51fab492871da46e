//! Every kind of directory that can be simulated, a row each.

use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr as _;

use clap::builder::EnumValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use muster_tests::sim::running::{ANY_PORT, Encryption, Simulator};
use muster_tests::sim::size::{NotASize, Size};
use muster_tests::sim::tls::Leaf;
use muster_tests::sim::{SimError, apicrud, crowd, fas, gafaelfawr};

use super::{path, path_said, text};

/// A kind of directory that can be simulated.
pub(super) struct Kind {
    pub(super) name: &'static str,
    about: &'static str,
    /// What `--generate` takes, how that is read, and what it makes.
    size: &'static str,
    read_size: fn(&str) -> Result<Size, NotASize>,
    generated: &'static str,
    /// The path below which it lives unless told otherwise.
    context: &'static str,
    /// What it takes besides what all take.
    options: fn() -> Vec<Arg>,
    pub(super) start: fn(&Launch<'_>) -> Result<Box<dyn Simulator>, SimError>,
}

/// Every kind, a row each.
pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "crowd",
        about: "A simulated Crowd",
        size: "USERSxGROUPS",
        read_size: Size::from_str,
        generated: "application muster, password muster-secret",
        context: "/crowd",
        options: crowd_options,
        start: start_crowd,
    },
    Kind {
        name: "fas",
        about: "A simulated FAS",
        size: "USERSxGROUPS",
        read_size: Size::from_str,
        generated: "service user muster, password muster-secret",
        context: "/accounts",
        options: Vec::new,
        start: start_fas,
    },
    Kind {
        name: "gafaelfawr",
        about: "A simulated Gafaelfawr, with Repertoire's discovery",
        size: "USERS",
        read_size: Size::of_users,
        generated: "service token gt-muster-service-key-000.muster-service-secret0, and a token for each user",
        context: "",
        options: Vec::new,
        start: start_gafaelfawr,
    },
    Kind {
        name: "apicrud",
        about: "A simulated service built on apicrud",
        size: "USERS",
        read_size: Size::of_users,
        generated: "passwords Password-NAME",
        context: "/api/v1",
        options: Vec::new,
        start: start_apicrud,
    },
];

fn crowd_options() -> Vec<Arg> {
    vec![
        Arg::new("events")
            .long("events")
            .value_name("STORE")
            .value_parser(crowd::EventStore::from_str)
            .default_value("timestamps")
            .help("How changes are told: absent, memory or timestamps"),
        Arg::new("groups-each")
            .long("groups-each")
            .value_name("NUMBER")
            .value_parser(value_parser!(u32))
            .requires("generate")
            .help("How many groups each generated user is in [default: 5]"),
    ]
}

fn start_crowd(launch: &Launch<'_>) -> Result<Box<dyn Simulator>, SimError> {
    let each = launch.matches.get_one::<u32>("groups-each");
    let population = match (launch.people, each) {
        (People::Generated(size), None) => crowd::generate(size),
        (People::Generated(size), Some(each)) => crowd::generate_in(size, *each),
        (People::Described(file), _) => crowd::Population::read(file)?,
    };
    let crowd = crowd::Crowd::start_at(
        population,
        launch.address,
        launch.encryption,
        launch.context,
    )?;
    let store = launch.matches.get_one::<crowd::EventStore>("events");
    if let Some(store) = store {
        crowd.set_events(crowd::EventSettings::of(*store));
    }
    Ok(Box::new(crowd))
}

fn start_fas(launch: &Launch<'_>) -> Result<Box<dyn Simulator>, SimError> {
    let population = match launch.people {
        People::Generated(size) => fas::generate(size),
        People::Described(file) => fas::Population::read(file)?,
    };
    Ok(Box::new(fas::Fas::start_at(
        population,
        launch.address,
        launch.encryption,
        launch.context,
    )?))
}

fn start_apicrud(launch: &Launch<'_>) -> Result<Box<dyn Simulator>, SimError> {
    let population = match launch.people {
        People::Generated(size) => apicrud::generate(size),
        People::Described(file) => apicrud::Population::read(file)?,
    };
    Ok(Box::new(apicrud::Apicrud::start_at(
        population,
        launch.address,
        launch.encryption,
        launch.context,
    )?))
}

fn start_gafaelfawr(launch: &Launch<'_>) -> Result<Box<dyn Simulator>, SimError> {
    let population = match launch.people {
        People::Generated(size) => gafaelfawr::generate(size.users),
        People::Described(file) => gafaelfawr::Population::read(file)?,
    };
    Ok(Box::new(gafaelfawr::Gafaelfawr::start_at(
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
pub(super) struct Launch<'m> {
    matches: &'m ArgMatches,
    people: People<'m>,
    address: SocketAddr,
    encryption: Encryption,
    context: &'m str,
}

impl<'m> Launch<'m> {
    pub(super) fn said(matches: &'m ArgMatches, kind: &Kind) -> Self {
        let people = match matches.get_one::<Size>("generate") {
            Some(size) => People::Generated(*size),
            None => People::Described(path_said(matches, "data")),
        };
        let encryption = match matches.get_one::<Leaf>("certificate") {
            _ if matches.get_flag("plain") => Encryption::Plain,
            Some(leaf) => Encryption::TlsWith(*leaf),
            None => Encryption::Tls,
        };
        Self {
            matches,
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

pub(super) fn kind_command(kind: &Kind) -> Command {
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
                .value_name(kind.size)
                .value_parser(kind.read_size)
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
            Arg::new("certificate")
                .long("certificate")
                .value_name("KIND")
                .value_parser(EnumValueParser::<Leaf>::new())
                .conflicts_with("plain")
                .help("What is wrong with the server's certificate"),
        )
        .arg(
            Arg::new("die-with-parent")
                .long("die-with-parent")
                .action(ArgAction::SetTrue)
                .help("End when the thread that started this ends"),
        )
        .args((kind.options)())
}
