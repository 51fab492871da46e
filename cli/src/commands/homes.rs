//! `muster homes`: the homes of people who are gone, locked and given back. No broker is asked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use muster_common::config::{self, Config};
use muster_common::homes::{Found, Homes, HomesError, Resolve, State};
use muster_common::journal::{Severity, audit};
use muster_common::local;
use muster_common::name::UserName;
use muster_common::paths;
use muster_common::snapshot::content::Tombstone;
use muster_common::snapshot::reader::{OpenError, Snapshot};
use serde_json::json;

use crate::failure::{EXIT_NO, Failure};
use crate::options::{HomesCommand, Options};
use crate::show;

/// Locks homes or gives one back. Only root may.
pub fn run(options: &Options, command: &HomesCommand) -> Result<ExitCode, Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(HomesError::NotRoot.into());
    }
    let config = config::load_trusted(Path::new(paths::CONFIG))?;
    let snapshot = Snapshot::open(Path::new(paths::SNAPSHOT)).map_err(unreadable)?;
    let folders = folders(&config);
    let homes = Homes {
        folders: &folders,
        records: Path::new(paths::LOCKED_HOMES),
        owner: 0,
        group: 0,
    };
    match command {
        HomesCommand::Lock { departed: _, yes } => {
            let resolve = if *yes { Resolve::Lock } else { Resolve::List };
            lock(options, &homes, &snapshot, resolve)
        }
        HomesCommand::Unlock { user } => unlock(&homes, &snapshot, user),
    }
}

fn unreadable(source: OpenError) -> Failure {
    Failure::Snapshot {
        path: PathBuf::from(paths::SNAPSHOT),
        source,
    }
}

/// Every folder that homes of directories lie in, once.
fn folders(config: &Config) -> Vec<PathBuf> {
    let all = config.directories.iter();
    let all = all.map(|one| PathBuf::from(config.home.folder_of(&one.name)));
    let mut folders: Vec<_> = all.collect();
    folders.sort_unstable();
    folders.dedup();
    folders
}

fn lock(
    options: &Options,
    homes: &Homes<'_>,
    snapshot: &Snapshot,
    resolve: Resolve,
) -> Result<ExitCode, Failure> {
    let mut all = Vec::new();
    let mut failed = false;
    for gone in snapshot.tombstones() {
        let gone = gone.map_err(|damaged| unreadable(damaged.into()))?;
        if is_local(&gone)? {
            continue;
        }
        match homes.lock(&gone, resolve) {
            Ok(found) => all.extend(found.into_iter().map(|one| (gone.clone(), one))),
            Err(error) => {
                failed = true;
                eprintln!("muster: {error}");
                if resolve == Resolve::Lock {
                    let line = format!("homes: not locked user={}: {error}", gone.name);
                    audit("muster", Severity::Error, &line);
                }
            }
        }
    }
    if resolve == Resolve::Lock {
        all.iter().for_each(|(gone, one)| note(gone, one));
    }
    print(options, &all, resolve)?;
    Ok(ExitCode::from(if failed { EXIT_NO } else { 0 }))
}

/// Whether a local account has the name or the id: then the home may be that account's.
fn is_local(gone: &Tombstone) -> Result<bool, Failure> {
    let passwd = Path::new(paths::PASSWD);
    let has_name = local::has_user(passwd, gone.name.as_str());
    let has_id = local::has_uid(passwd, gone.uid.get());
    let answers = has_name.and_then(|name| Ok(name || has_id?));
    answers.map_err(|source| Failure::File {
        path: passwd.to_owned(),
        source,
    })
}

fn note(gone: &Tombstone, found: &Found) {
    let Tombstone { name, uid } = gone;
    let path = found.path.display();
    match &found.state {
        State::Locked => {
            let line = format!("homes: locked {path} user={name} uid={uid}");
            audit("muster", Severity::Notice, &line);
        }
        State::LeftAlone(why) => {
            let line = format!("homes: left alone {path} user={name} uid={uid}: {why}");
            audit("muster", Severity::Warning, &line);
        }
        // Its line was written when it was locked.
        State::LockedBefore | State::Open => {}
    }
}

fn print(options: &Options, all: &[(Tombstone, Found)], resolve: Resolve) -> Result<(), Failure> {
    let told = |state: &State| match state {
        State::Open => "can be locked".to_owned(),
        State::Locked | State::LockedBefore => "locked".to_owned(),
        State::LeftAlone(why) => format!("left alone: {}", show::plain(why)),
    };
    if options.json {
        let homes = all.iter().map(|(gone, found)| {
            json!({
                "user": gone.name.as_str(),
                "uid": gone.uid.get(),
                "home": found.path,
                "state": told(&found.state),
            })
        });
        show::json(&json!({ "homes": homes.collect::<Vec<_>>() }))?;
        return Ok(());
    }
    for (_, found) in all {
        println!("{}: {}", found.path.display(), told(&found.state));
    }
    let open = all.iter().filter(|(_, found)| found.state == State::Open);
    match (all.is_empty(), resolve) {
        (true, _) => println!("Nobody who is gone has a home here."),
        (false, Resolve::List) => println!(
            "{} would be locked: muster homes lock --departed --yes",
            open.count()
        ),
        (false, Resolve::Lock) => {}
    }
    Ok(())
}

fn unlock(homes: &Homes<'_>, snapshot: &Snapshot, user: &UserName) -> Result<ExitCode, Failure> {
    let present = snapshot.user_by_name(user.as_str());
    let present = present.map_err(|damaged| unreadable(damaged.into()))?;
    let present = present.map(|record| record.account.uid.get());
    match homes.unlock(user, present) {
        Ok(path) => {
            let line = format!("homes: unlocked {} user={user}", path.display());
            audit("muster", Severity::Notice, &line);
            println!("{}: given back", path.display());
            Ok(ExitCode::SUCCESS)
        }
        Err(error @ (HomesError::NoRecord | HomesError::Changed { .. })) => {
            eprintln!("muster: {error}");
            Ok(ExitCode::from(EXIT_NO))
        }
        Err(error) => Err(error.into()),
    }
}
