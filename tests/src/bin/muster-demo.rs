//! `muster-demo`: the whole of muster at work on a host of its own, shown and checked step by step.
//! Started by `cargo xtask demo`; ends with 1 if anything is not as it should be.

use std::io::IsTerminal;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use muster_tests::world::three::secret;
use muster_tests::world::usual::password;
use muster_tests::world::{Output, Sim, World};

/// A world on stage: what is run is shown, and what must hold is checked.
struct Stage {
    world: World,
    failures: usize,
    colours: bool,
    started: Instant,
}

impl Stage {
    fn title(&self, text: &str) {
        let (bold, plain) = if self.colours {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("", "")
        };
        println!("\n{bold}── {text}{plain}");
    }

    /// Shows what a person would type and what comes back.
    fn show(&self, typed: &str, output: Output) -> Output {
        println!("   $ {typed}");
        for line in output.out.lines().chain(output.err.lines()) {
            println!("     {line}");
        }
        output
    }

    /// Runs and shows a plain command.
    fn run(&self, typed: &str) -> Output {
        self.show(typed, self.world.run(typed.split(' ')))
    }

    /// Logs in by ssh, shows it, and returns what the remote command said.
    fn ssh(&self, user: &str, password: &str, command: &str) -> Output {
        let typed = format!("ssh {user}@host {command}      (password: {password})");
        self.show(&typed, self.world.ssh(user, password, command))
    }

    fn check(&mut self, what: &str, holds: bool) {
        let (colour, mark) = if holds {
            ("\x1b[32m", '✓')
        } else {
            ("\x1b[31m", '✗')
        };
        let (colour, plain) = if self.colours {
            (colour, "\x1b[0m")
        } else {
            ("", "")
        };
        println!("   {colour}{mark} {what}{plain}");
        self.failures += usize::from(!holds);
    }
}

/// The acts in order; each finds the host as the one before left it.
const ACTS: [fn(&mut Stage); 11] = [
    names,
    asked_by_name,
    login,
    login_at_fas,
    login_by_token,
    wrong_password,
    not_allowed,
    server_stopped,
    removed,
    broker_killed,
    end,
];

fn names(stage: &mut Stage) {
    stage.title("Names: read from the snapshot by every process itself");
    let ada = stage.run("getent passwd ada");
    stage.check(
        "glibc finds a person of the directory",
        ada.out.starts_with("ada:*:20001:"),
    );
    let id = stage.run("id ada");
    let both = id.out.contains("engineers") && id.out.contains("linux-users");
    stage.check(
        "with all groups, also the one around the person's own",
        both,
    );
    let group = stage.run("getent group engineers");
    stage.check(
        "and the group has its members",
        group.out.trim_end().ends_with(":ada"),
    );
    let local = stage.run("getent group sudo");
    stage.check(
        "the directory's group `sudo` does not touch the local one",
        local.succeeded() && !local.out.contains("ada"),
    );
}

fn login(stage: &mut Stage) {
    stage.title("A login: real ssh through the real sshd, judged by the directory over TLS");
    let login = stage.ssh("ada", password::ADA, "id -un; pwd");
    stage.check(
        "ada is in, in a home of her own",
        login.succeeded() && login.out == "ada\n/home/ada\n",
    );
}

fn asked_by_name(stage: &mut Stage) {
    stage.title("A person of Gafaelfawr, which cannot list its people: asked for by name, once");
    let before = stage.run("getent passwd 60001");
    let rosalind = stage.run("getent passwd rosalind");
    let after = stage.run("getent passwd 60001");
    stage.check(
        "unknown by id until somebody asks for her by name",
        !before.succeeded() && rosalind.out.starts_with("rosalind:*:60001:61000:"),
    );
    stage.check(
        "and then in the snapshot like everybody",
        after.out == rosalind.out,
    );
    let nobody = stage.run("getent passwd nobodythere");
    stage.check(
        "a name that no service knows is unknown",
        !nobody.succeeded(),
    );
}

fn login_at_fas(stage: &mut Stage) {
    stage.title("A person of FAS: ids from there, approved memberships only");
    let id = stage.run("id dennis");
    stage.check(
        "dennis has the id of his FAS account",
        id.out.starts_with("uid=400101(dennis)") && id.out.contains("sysadmin-main"),
    );
    let brian = stage.run("id brian");
    stage.check(
        "brian, who has only applied for the group, is not in it",
        brian.succeeded() && !brian.out.contains("sysadmin-main"),
    );
    let login = stage.ssh("dennis", secret::DENNIS, "id -un");
    stage.check(
        "dennis is in with his FAS password",
        login.out == "dennis\n",
    );
}

fn login_by_token(stage: &mut Stage) {
    stage.title("A person of Gafaelfawr: a token of her own, typed as the password");
    let login = stage.ssh("rosalind", secret::ROSALIND, "id -un; id -gn");
    stage.check("rosalind is in", login.out == "rosalind\ng_astro\n");
    let login = stage.ssh("rosalind", secret::JOCELYN, "id -un");
    stage.check("somebody else's token is refused", !login.succeeded());
    let login = stage.ssh("rosalind", secret::ROSALIND_WITHOUT_SCOPE, "id -un");
    stage.check("a token without the scope is refused", !login.succeeded());
}

fn wrong_password(stage: &mut Stage) {
    stage.title("A wrong password");
    let login = stage.ssh("ada", "analytical engima", "id -un");
    stage.check("is refused", !login.succeeded());
}

fn not_allowed(stage: &mut Stage) {
    stage.title("A person outside the allowed groups, with the right password");
    let login = stage.ssh("charles", password::CHARLES, "id -un");
    stage.check("is refused", !login.succeeded());
    let explained = stage.run("muster explain charles --service sshd");
    stage.check(
        "and the host's administrator sees why",
        !explained.succeeded() && !explained.out.is_empty(),
    );
}

fn server_stopped(stage: &mut Stage) {
    stage.title("All servers stop");
    stage.world.tell_all("fault down");
    let names = stage.run("id ada");
    stage.check("names resolve as before", names.out.contains("engineers"));
    let login = stage.ssh("ada", password::ADA, "id -un");
    stage.check(
        "ada logs in again, by the verifier of her last login",
        login.out == "ada\n",
    );
    let login = stage.ssh("ada", "analytical engima", "id -un");
    stage.check("a wrong password stays wrong", !login.succeeded());
    let dennis = stage.ssh("dennis", secret::DENNIS, "id -un");
    stage.check("dennis as well", dennis.out == "dennis\n");
    let rosalind = stage.ssh("rosalind", secret::ROSALIND, "id -un");
    stage.check("and rosalind by her token", rosalind.out == "rosalind\n");
    stage.world.tell_all("fault none");
}

fn removed(stage: &mut Stage) {
    stage.title("The servers are back, and people are removed or disabled there");
    let before = stage.run("getent passwd vera");
    stage.world.tell_crowd("remove-user vera");
    let sync = stage.run("muster sync");
    let after = stage.run("getent passwd vera");
    let gone = before.succeeded() && sync.succeeded() && !after.succeeded();
    stage.check("vera is gone after the next sync", gone);
    let login = stage.ssh("vera", password::VERA, "id -un");
    stage.check("and cannot log in", !login.succeeded());
    stage.world.tell(Sim::Fas, "set-status dennis inactive");
    let token = format!("revoke-token {}", secret::ROSALINDS_KEY);
    stage.world.tell(Sim::Gafaelfawr, &token);
    let dennis = stage.ssh("dennis", secret::DENNIS, "id -un");
    let rosalind = stage.ssh("rosalind", secret::ROSALIND, "id -un");
    stage.check(
        "nor can dennis, disabled in FAS, nor rosalind with a revoked token, at once",
        !dennis.succeeded() && !rosalind.succeeded(),
    );
}

fn broker_killed(stage: &mut Stage) {
    stage.title("The broker is killed");
    println!("   $ kill -9 $(pidof musterd)");
    stage.world.kill("musterd");
    let names = stage.run("id ada");
    stage.check("names resolve as before", names.out.contains("engineers"));
    let root = stage.ssh("root", password::ROOT, "id -un");
    stage.check(
        "root logs in as if muster were not there",
        root.out == "root\n",
    );
    let ada = stage.ssh("ada", password::ADA, "id -un");
    stage.check(
        "ada is refused, since nobody can judge her password",
        !ada.succeeded(),
    );
    stage.world.start_broker();
    println!("   $ systemctl start musterd      (or whatever starts it again)");
    let ada = stage.ssh("ada", password::ADA, "id -un");
    stage.check(
        "and is in again as soon as the broker is back",
        ada.out == "ada\n",
    );
}

fn end(stage: &mut Stage) {
    stage.title("Status at the end");
    let status = stage.run("muster status");
    stage.check("the broker is content", status.succeeded());
}

fn main() -> ExitCode {
    let Some(place) = std::env::var_os("MUSTER_TEST_WORLD").map(PathBuf::from) else {
        eprintln!("muster-demo is started by `cargo xtask demo`");
        return ExitCode::from(2);
    };
    // A hang or a missing piece ends the demo with its sentence, without a trace that nobody can read.
    std::panic::set_hook(Box::new(|panic| eprintln!("\n{panic}")));
    let played = catch_unwind(AssertUnwindSafe(|| play(&place)));
    match played {
        Ok((0, time)) => {
            println!(
                "\nEverything was as it should be, in {} seconds. Left behind: only what is below",
                time.as_secs()
            );
            println!(
                "target/, and build dependencies where some were missing. The host above is gone."
            );
            ExitCode::SUCCESS
        }
        Ok((failures, _)) => {
            println!("\n{failures} of the checks above failed.");
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// Plays all acts; the world ends before this returns.
fn play(place: &std::path::Path) -> (usize, Duration) {
    let started = Instant::now();
    println!(
        "Making a private namespace over this machine's root: sshd and the like are installed in it alone."
    );
    let mut stage = Stage {
        world: World::at(place),
        failures: 0,
        colours: std::io::stdout().is_terminal(),
        started,
    };
    println!(
        "Starting simulated Crowd, FAS and Gafaelfawr servers with TLS, the publisher, the broker and sshd in it."
    );
    stage.world.start_three();
    for act in ACTS {
        act(&mut stage);
    }
    if stage.failures > 0 {
        println!("\n{}", stage.world.logs());
    }
    (stage.failures, stage.started.elapsed())
}
