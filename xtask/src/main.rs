//! The project's own commands, `cargo xtask COMMAND`: std only, so that it builds in seconds on a machine with
//! nothing but a Rust toolchain, before any library that muster needs is there.

mod artifacts;
mod bench;
mod check;
mod demo;
mod dist;
mod install;
mod layout;
mod manual;
mod packages;
mod program;
mod requirements;
mod sanitize;
mod test;
mod tidy;
mod units;

use program::{Failure, Outcome};
use std::process::ExitCode;

/// A command as the help shows it and as it is run with the words that follow its name.
struct Command {
    usage: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

impl Command {
    /// The word that the command is called by.
    fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or_default()
    }
}

const COMMANDS: &[Command] = &[
    Command {
        usage: "demo",
        about: "build, then show the whole of muster at work in a private namespace (root)",
        run: demo::run,
    },
    Command {
        usage: "test [FILTER …]",
        about: "every test: unit, integration, third-party clients and, as root, the stories in worlds",
        run: test::run,
    },
    Command {
        usage: "sanitize",
        about: "the snapshot's and the NSS module's own tests under AddressSanitizer",
        run: sanitize::run,
    },
    Command {
        usage: "check",
        about: "formatting, clippy, rustdoc, tidy and cargo-deny, with warnings denied",
        run: check::run,
    },
    Command {
        usage: "tidy",
        about: "what the modules carry and export, and the rules that no compiler knows",
        run: tidy::run,
    },
    Command {
        usage: "install --destdir DIR [--prefix /usr] [--libdir DIR] [--unitdir DIR] [--distribution debian|fedora] [--i386] [--dev|--shipped] [--built] [--only PACKAGE]",
        about: "build for release (--dev: quickly; --shipped: as packages carry it; --built: not at all) and put every file in its place below DIR (--i386: the NSS module for 32-bit programs, too; --only: what one package carries)",
        run: install::run,
    },
    Command {
        usage: "build [--dev|--shipped]",
        about: "build for release what is installed, with its manual; whoever makes packages installs it by --built",
        run: install::run_build,
    },
    Command {
        usage: "dist [--dev] [--built] [deb] [rpm] [source]",
        about: "packages for Debian and for Fedora and EL below target/packages (source: archive, .dsc and .src.rpm with every crate in them, from what is committed; --dev: of what tests run, for trying; --built: of what has been built)",
        run: dist::run,
    },
    Command {
        usage: "test-packages [--shipped] [--built] [--boot]",
        about: "packages of what tests run (--shipped: as they are shipped; --built: of what has been built), linted and installed in Debian hosts (--boot: only what a systemd that is process 1 does with them; root)",
        run: packages::run,
    },
    Command {
        usage: "test-source [deb] [rpm]",
        about: "build from the source packages without network, and from this tree, and compare: debs byte for byte, rpms file by file (root; a whole build each, and one of this tree)",
        run: packages::run_source,
    },
    Command {
        usage: "man",
        about: "write the man pages and the completions of shells below target/manual",
        run: manual::run,
    },
    Command {
        usage: "bench nss|logins|sync|directories [quick]",
        about: "what names, logins, syncs and directories cost; writes docs/benchmarks (root; nss and logins on Debian)",
        run: bench::run,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Outcome {
    let Some((name, rest)) = words.split_first() else {
        print!("{}", help());
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", help());
        return Ok(());
    }
    let command = COMMANDS
        .iter()
        .find(|command| command.name() == name)
        .ok_or_else(|| Failure::new(format!("there is no command {name:?}\n\n{}", help())))?;
    if rest.iter().any(|word| word == "--help" || word == "-h") {
        println!("cargo xtask {}\n    {}", command.usage, command.about);
        return Ok(());
    }
    (command.run)(rest)
}

/// For a command that takes no words: refuses those that were given.
fn no_words(name: &str, words: &[String]) -> Outcome {
    match words.first() {
        None => Ok(()),
        Some(word) => Err(Failure::new(format!(
            "{name} takes no arguments, but {word:?} was given"
        ))),
    }
}

fn help() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n\n");
    for command in COMMANDS {
        text.push_str(&format!("  {}\n      {}\n", command.usage, command.about));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn an_unknown_command_is_refused_with_the_help() {
        let failure = dispatch(&words("polish")).unwrap_err().to_string();
        assert!(failure.contains("\"polish\""), "{failure}");
        assert!(failure.contains("demo"), "{failure}");
    }

    #[test]
    fn superfluous_words_are_refused() {
        assert!(dispatch(&words("check --fast")).is_err());
        assert!(dispatch(&words("demo loudly")).is_err());
    }

    #[test]
    fn the_help_names_every_command() {
        let help = help();
        assert!(COMMANDS.iter().all(|command| help.contains(command.usage)));
    }
}
