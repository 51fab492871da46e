//! Asks for a password on the terminal without showing it, or reads a line where there is no terminal.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use muster_common::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Echo is switched on again when this is dropped.
struct Hidden {
    former: Termios,
}

impl Hidden {
    fn start() -> io::Result<Self> {
        let former = tcgetattr(io::stdin())?;
        let mut hidden = former.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self { former })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone away.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &self.former);
        eprintln!();
    }
}

/// Shows `text` and reads a secret.
pub fn secret(text: &str) -> Result<Secret, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(1024));
    if isatty(io::stdin()) {
        eprint!("{text}");
        io::stderr().flush()?;
        let _hidden = Hidden::start()?;
        io::stdin().lock().read_line(&mut line)?;
    } else {
        io::stdin().lock().read_line(&mut line)?;
    }
    let typed = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Secret::typed(typed.as_bytes())?)
}

/// Whether there is somebody who can be asked.
pub fn can_ask() -> bool {
    isatty(io::stdin())
}

/// Shows `text` and reads a line; `fallback` is what an empty one means.
pub fn line(text: &str, fallback: &str) -> Result<String, Failure> {
    match fallback {
        "" => eprint!("{text}: "),
        _ => eprint!("{text} [{fallback}]: "),
    }
    io::stderr().flush()?;
    let mut line = String::new();
    if io::stdin().lock().take(4096).read_line(&mut line)? == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(match line.trim() {
        "" => fallback.to_owned(),
        said => said.to_owned(),
    })
}

/// Reads a new secret: on a terminal twice, since nobody sees what is typed.
pub fn new_secret(what: &str) -> Result<Secret, Failure> {
    let typed = secret(&format!("{what}: "))?;
    if isatty(io::stdin()) && secret(&format!("{what} again: "))?.expose() != typed.expose() {
        return Err(Failure::Different);
    }
    Ok(typed)
}

/// Reads the secret in the file at `place`. Whoever gives a token itself has shown it to
/// everybody on the host already, and is told so.
pub fn secret_in(place: &Path) -> Result<Secret, Failure> {
    if place.as_os_str().as_bytes().starts_with(b"gt-") && !place.exists() {
        return Err(Failure::OnCommandLine);
    }
    let mut text = Zeroizing::new(String::with_capacity(1024));
    File::open(place)?.take(1024).read_to_string(&mut text)?;
    let typed = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::typed(typed.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_on_the_command_line_is_refused_and_one_in_a_file_is_read() {
        let token = "gt-0PtFP0YR9L843B-01eljiw.vera-vera-SECRET-veraA";
        let Err(refused) = secret_in(Path::new(token)) else {
            panic!("it was taken");
        };
        assert!(refused.to_string().contains("revoke it"), "{refused}");
        assert!(!refused.to_string().contains("SECRET"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gt-file");
        std::fs::write(&file, format!("{token}\n")).unwrap();
        assert_eq!(secret_in(&file).unwrap().expose(), token.as_bytes());
    }
}
