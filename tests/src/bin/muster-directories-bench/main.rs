//! `muster-directories-bench WORLD ASKING DOCUMENT [quick]`: what directories cost that are asked by name or read
//! whole, and who waits for one that never answers; measured with muster as it is shipped against simulated servers,
//! in private namespaces. ASKING is the built example `lookup_rate`. `cargo xtask bench directories` makes everything
//! ready for it and calls it.
#![allow(
    clippy::panic,
    reason = "a measurement that cannot be made is said and ends everything"
)]

mod document;
mod hung;
mod lookups;
mod shown;
mod whole;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use muster_tests::world::{Sim, World};

const USAGE: &str = "usage: muster-directories-bench WORLD ASKING DOCUMENT [quick]";
/// Where the asking program is in a world.
const ASKING: &str = "/run/world/lookup_rate";

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// The same rows with fewer look-ups.
    Quick,
    Full,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (place, asking, document, pace) = match words.as_slice() {
        [place, asking, document] => (place, asking, document, Pace::Full),
        [place, asking, document, "quick"] => (place, asking, document, Pace::Quick),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let (place, asking) = (Path::new(place), Path::new(asking));
    let text = document::of(
        pace,
        &lookups::measured(place, asking, pace),
        &whole::measured(place),
        &hung::measured(place),
    );
    match std::fs::write(document, text) {
        Ok(()) => {
            println!("{document} is written");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{document}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Puts the asking program into a world.
fn install(world: &World, asking: &Path) {
    let program = std::fs::read(asking)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", asking.display()));
    world.write(ASKING, program);
    if let Err(error) =
        std::fs::set_permissions(world.path(ASKING), PermissionsExt::from_mode(0o755))
    {
        panic!("{ASKING}: {error}");
    }
}

/// One directory of made-up people, and everybody of it let in. Their ids are free on this host, whatever the
/// machine's own accounts have as subordinate ids.
fn configure(world: &World, sim: Sim, secret: &str, more: &str) {
    let (kind, url, ca) = (sim.kind(), world.url_of(sim), sim.ca());
    let secret = world.secret(kind, secret);
    for taken in ["/etc/subuid", "/etc/subgid"] {
        world.write(taken, "");
    }
    let secret = match sim {
        Sim::Gafaelfawr => format!("token_file = \"{secret}\""),
        _ => format!("password_file = \"{secret}\""),
    };
    world.write_config(&format!(
        "version = 1\n[ids]\naccept = [100000, 999999]\n[[directory]]\nname = \"{kind}\"\nkind = \"{kind}\"\nurl = \"{url}\"\nca_file = \"{ca}\"\n\
         {secret}\n{more}\n[access]\nallow = [\"everyone\"]\n"
    ));
}

/// A Gafaelfawr with so many made-up users, asked by name.
fn with_gafaelfawr(place: &Path, users: &str) -> World {
    const SERVICE_TOKEN: &str = "gt-muster-service-key-000.muster-service-secret0";
    let mut world = World::at(place);
    world.start_generated(Sim::Gafaelfawr, users);
    configure(&world, Sim::Gafaelfawr, SERVICE_TOKEN, "lists = \"never\"");
    world.start_muster();
    world
}
