//! `muster ssh-keys`: sshd's AuthorizedKeysCommand. No broker is asked.

use std::path::Path;
use std::process::ExitCode;

use muster_common::authorized_keys::{NoKeys, Sources, keys_of};
use muster_common::clock::{Clock, SystemClock};
use muster_common::name::ServiceName;
use muster_common::paths;
use muster_common::text::with_causes;

use crate::failure::{EXIT_COULD_NOT_ASK, Failure};
use crate::options::Options;
use crate::show;

/// Prints the keys of `user`, one a line. Nobody's keys are no failure: sshd goes on with
/// the next way in.
pub fn run(options: &Options, user: &str, service: &ServiceName) -> Result<ExitCode, Failure> {
    let sources = Sources {
        passwd: Path::new(paths::PASSWD),
        snapshot: Path::new(paths::SNAPSHOT),
        config: Path::new(paths::CONFIG),
        owner: 0,
    };
    let found = keys_of(&sources, user, service, SystemClock.now());
    let (keys, code) = match found {
        Ok(keys) => (keys, ExitCode::SUCCESS),
        Err(why) => {
            // sshd puts this into its log.
            eprintln!("muster: no keys: {}", with_causes(&why));
            (Vec::new(), code(&why))
        }
    };
    if options.json {
        show::json(&keys)?;
    } else {
        keys.iter().for_each(|key| println!("{key}"));
    }
    Ok(code)
}

fn code(why: &NoKeys) -> ExitCode {
    match why {
        NoKeys::NotOurs | NoKeys::Unknown | NoKeys::NotAllowed => ExitCode::SUCCESS,
        NoKeys::Local(_)
        | NoKeys::Snapshot(_)
        | NoKeys::Damaged(_)
        | NoKeys::Config(_)
        | NoKeys::Name(_)
        | NoKeys::Expired => ExitCode::from(EXIT_COULD_NOT_ASK),
    }
}
