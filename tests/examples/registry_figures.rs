//! Figures of a host's own registry of 10,000, measured in a world: `cargo run -p muster-tests
//! --example registry_figures LOGIN_RATE` as root with `MUSTER_TEST_WORLD=target/world`, after
//! `cargo xtask test` has installed muster there; LOGIN_RATE is the built example `login_rate`
//! of muster-cli.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use muster_common::registry::fixie::{Entry, hash, hex};
use muster_tests::world::World;

const ASKING: &str = "/run/world/login_rate";
const PEOPLE: u32 = 10_000;
const CONFIG: &str = "version = 1\n[[directory]]\nname = \"local\"\nkind = \"local\"\n\
                      [access]\nallow = [\"everyone\"]\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::args().nth(1).ok_or("which login_rate?")?;
    let place = std::env::var_os("MUSTER_TEST_WORLD").ok_or("MUSTER_TEST_WORLD is not set")?;
    let mut world = World::at(Path::new(&place));
    world.write(ASKING, std::fs::read(program)?);
    std::fs::set_permissions(world.path(ASKING), PermissionsExt::from_mode(0o755))?;
    world.run(["mkdir", "-m700", "/root/creds"]).said();
    for number in 0..PEOPLE {
        let user = format!("user{number:05}");
        let kept = hash(format!("{number:040x}").as_bytes()).ok_or("no token")?;
        let entry = Entry {
            email: format!("{user}@example.org"),
            hashed_token: hex(&kept),
            user: user.clone(),
        };
        world.write(&format!("/root/creds/{user}.json"), entry.to_file()?);
    }
    world.write_config(CONFIG);
    world.start_muster();
    memory(&world, "empty");
    let import = ["muster", "token", "import-fixie", "/root/creds"];
    timed("10,000 imported, published", || {
        world.run(import).said().len()
    });
    memory(&world, "10,000 accounts");
    let register = ["muster", "token", "register", "ada", "ada@example.org"];
    let began = Instant::now();
    let token = world.run(register).said().to_owned();
    show("one more registered, published", began.elapsed());
    timed("read anew, published", || {
        world.run(["muster", "sync"]).said().len()
    });
    for at_once in ["1", "8"] {
        let asked = world.run([ASKING, "ada", &token, "2000", at_once]);
        println!("logins by token, {at_once} at once: {}", asked.said());
    }
    let password = "correct horse battery";
    let passwd = ["muster", "token", "passwd", "ada"];
    world.run_with(&format!("{password}\n"), passwd).said();
    let asked = world.run([ASKING, "ada", password, "50", "2"]);
    println!("logins by password, 2 at once: {}", asked.said());
    memory(&world, "after the logins");
    world.signal("musterd", "TERM");
    world.wait_for_end("musterd");
    let began = Instant::now();
    world.start_broker();
    show("the broker started anew, listening", began.elapsed());
    memory(&world, "started anew");
    Ok(())
}

fn timed<T>(title: &str, work: impl FnOnce() -> T) {
    let began = Instant::now();
    work();
    show(title, began.elapsed());
}

fn show(title: &str, took: Duration) {
    println!("{title}: {:.2} s", took.as_secs_f64());
}

fn memory(world: &World, when: &str) {
    let status = world.read(&format!("/proc/{}/status", world.process("musterd").pid));
    let lines = status.lines();
    let wanted = lines.filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    let said: Vec<String> = wanted.map(|line| line.replace('\t', " ")).collect();
    println!("broker, {when}: {}", said.join(", "));
}
