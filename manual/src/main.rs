//! Writes the man pages and the shell completions below a folder: `muster-manual DIR`.
//! What they list comes from the tables that the programs themselves use; only what explains is written here.

mod command_line;
mod configuration;
mod daemon;
mod modules;
mod page;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use muster_cli::options::Options;
use page::Page;

/// The shells, with the names of the files that theirs completions are looked for in.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "muster.bash"),
    (Shell::Zsh, "_muster"),
    (Shell::Fish, "muster.fish"),
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: muster-manual DIR");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("muster-manual: {}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

/// Every page there is.
fn pages() -> Vec<Page> {
    vec![
        command_line::page(),
        daemon::broker(),
        daemon::publisher(),
        daemon::user_database(),
        configuration::page(),
        modules::pam(),
        modules::nss(),
    ]
}

fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for page in pages() {
        fs::write(folder.join(page.file()), page.text())?;
    }
    for (shell, file) in SHELLS {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Options::command(), "muster", &mut text);
        fs::write(folder.join(file), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_what_readers_look_for_first() {
        for page in pages() {
            let text = page.text();
            for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"] {
                assert!(
                    text.lines()
                        .any(|line| line.trim_start_matches(".SH ").trim_matches('"') == heading),
                    "{}: {heading}\n{text}",
                    page.file()
                );
            }
        }
    }

    #[test]
    fn every_command_and_every_option_is_in_the_manual() {
        let text = command_line::page().text();
        for command in Options::command().get_subcommands() {
            assert!(
                text.contains(&format!("muster {}", command.get_name())),
                "{text}"
            );
        }
        for option in ["accept\\-shrink", "no\\-enumerate", "remote\\-address"] {
            assert!(text.contains(option), "{option}\n{text}");
        }
    }

    #[test]
    fn every_key_is_in_the_manual() {
        let text = configuration::page().text();
        for key in muster_common::config::keys::KEYS {
            let name = key.path.rsplit('.').next().unwrap_or(key.path);
            assert!(
                text.contains(&format!("\\fB{}\\fR", name.replace('-', "\\-"))),
                "{name}"
            );
        }
    }

    #[test]
    fn no_markdown_is_left_over() {
        for page in pages() {
            assert!(
                !page.text().contains('`'),
                "{}: {}",
                page.file(),
                page.text()
            );
            assert!(!page.text().contains("]("), "{}", page.file());
        }
    }
}
