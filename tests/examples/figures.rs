//! Figures of directories at work, measured in a world: `cargo run -p muster-tests --example
//! figures LOOKUP_RATE` as root with `MUSTER_TEST_WORLD=target/world`, after `cargo xtask test`
//! has installed muster there; LOOKUP_RATE is the built example `lookup_rate` of muster-cli.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use muster_tests::world::{Sim, World};

const ASKING: &str = "/run/world/lookup_rate";
const SERVICE_TOKEN: &str = "gt-muster-service-key-000.muster-service-secret0";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::args().nth(1).ok_or("which lookup_rate?")?;
    let place = std::env::var_os("MUSTER_TEST_WORLD").ok_or("MUSTER_TEST_WORLD is not set")?;
    let mut world = World::at(Path::new(&place));
    world.write(ASKING, std::fs::read(program)?);
    std::fs::set_permissions(world.path(ASKING), PermissionsExt::from_mode(0o755))?;
    world.start_generated(Sim::Fas, "10000x300");
    // Both make users of the same names; FAS has the first 10,000.
    world.start_generated(Sim::Gafaelfawr, "20000");
    let [fedora, rubin] = [Sim::Fas, Sim::Gafaelfawr].map(|sim| {
        let (kind, url, ca) = (sim.kind(), world.url_of(sim), sim.ca());
        format!("kind = \"{kind}\"\nurl = \"{url}\"\nca_file = \"{ca}\"")
    });
    let fas = world.secret("fas", "muster-secret");
    let gafaelfawr = world.secret("gafaelfawr", SERVICE_TOKEN);
    world.write_config(&format!(
        "version = 1\n[[directory]]\nname = \"fedora\"\n{fedora}\nuser = \"muster\"\npassword_file = \"{fas}\"\n\
         [[directory]]\nname = \"rubin\"\n{rubin}\ntoken_file = \"{gafaelfawr}\"\n[access]\nallow = [\"everyone\"]\n"
    ));
    world.start_muster();
    let started = Instant::now();
    world.run(["muster", "sync", "fedora"]).said();
    println!(
        "full sync of 10,000 people of FAS, published: {:.2} s",
        started.elapsed().as_secs_f64()
    );
    show(
        &world,
        "unknown, cold, 1 at once",
        &["nobody", "0", "500", "1"],
    );
    show(&world, "unknown, kept", &["nobody", "0", "500", "1"]);
    show(
        &world,
        "unknown, kept, 8 at once",
        &["nobody", "0", "500", "8"],
    );
    for (title, first, count, at_once) in [
        ("found, cold, 1 at once", "10000", "50", "1"),
        ("found, cold, 8 at once", "10100", "200", "8"),
        ("found, cold, 64 at once", "10400", "400", "64"),
        ("in the snapshot", "10000", "50", "1"),
    ] {
        show(&world, title, &["user", first, count, at_once]);
    }
    let status = world.read(&format!("/proc/{}/status", world.process("musterd").pid));
    let memory = status
        .lines()
        .filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    memory.for_each(|line| println!("broker: {line}"));
    Ok(())
}

fn show(world: &World, title: &str, words: &[&str]) {
    let asked = world.run([ASKING].iter().chain(words));
    println!("{title}: {}", asked.said());
}
