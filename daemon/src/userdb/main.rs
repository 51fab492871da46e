//! muster-userdb: started by its socket in /run/systemd/userdb, gone when nobody asks.

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use muster_common::paths;
use muster_daemon::userdb::server::{Places, bind, serve};
use muster_daemon::{hardening, inherited, logging};
use rustix::fs::Mode;

const USAGE: &str = "usage: muster-userdb [--socket PATH]
The people of muster's directories for systemd's user database. Started by systemd: systemctl enable --now muster-userdb.socket";

fn main() -> ExitCode {
    let mut socket: Option<PathBuf> = None;
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.to_str(), arguments.next()) {
            (Some("--version"), _) => {
                println!("muster-userdb {}", env!("CARGO_PKG_VERSION"));
                return ExitCode::SUCCESS;
            }
            (Some("--socket"), Some(path)) => socket = Some(path.into()),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    logging::start();
    match run(socket.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{}", muster_common::text::with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(socket: Option<&Path>) -> Result<(), Box<dyn std::error::Error>> {
    let listener = listener(socket)?;
    hardening::harden(Mode::from_raw_mode(0o077))?;
    let places = Places {
        host: PathBuf::from("/"),
        snapshot: PathBuf::from(paths::SNAPSHOT),
        owner: 0,
    };
    Ok(serve(&listener, &places)?)
}

fn listener(socket: Option<&Path>) -> Result<UnixListener, Box<dyn std::error::Error>> {
    match (inherited::listeners().into_iter().next(), socket) {
        (Some((_, listener)), _) => Ok(listener),
        (None, Some(path)) => Ok(bind(path)?),
        (None, None) => Err(USAGE.into()),
    }
}
