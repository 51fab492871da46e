//! Asks for a password on the terminal without showing it, or reads a line where there is no terminal.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use muster_common::secret::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The echo of a terminal, off until this is dropped.
struct Hidden<'t> {
    terminal: BorrowedFd<'t>,
    former: Termios,
}

impl<'t> Hidden<'t> {
    /// What was typed before is forgotten.
    fn start(terminal: BorrowedFd<'t>) -> io::Result<Self> {
        let former = tcgetattr(terminal)?;
        let mut hidden = former.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &hidden)?;
        Ok(Self { terminal, former })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone away.
        let _gone = tcsetattr(self.terminal, OptionalActions::Now, &self.former);
    }
}

/// Shows `text` and reads a secret.
pub fn secret(text: &str) -> Result<Secret, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(1024));
    let stdin = io::stdin();
    let mut read = || stdin.lock().read_line(&mut line);
    match isatty(&stdin) {
        true => ask_hidden(stdin.as_fd(), &mut io::stderr(), text, read)?,
        false => read()?,
    };
    let typed = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Secret::typed(typed.as_bytes())?)
}

/// Shows `text` and runs `read`. The terminal hides what is typed before the question is seen, so that
/// the answer of somebody quick, a program say, is neither shown nor forgotten.
fn ask_hidden(
    terminal: BorrowedFd<'_>,
    shown: &mut impl Write,
    text: &str,
    read: impl FnOnce() -> io::Result<usize>,
) -> io::Result<usize> {
    let hidden = Hidden::start(terminal)?;
    write!(shown, "{text}")?;
    shown.flush()?;
    let read = read();
    drop(hidden);
    writeln!(shown)?;
    read
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
    if can_ask() && secret(&format!("{what} again: "))?.expose() != typed.expose() {
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
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

    use super::*;

    /// Answers with `reply` the moment that anything is shown.
    struct Quick<'t> {
        person: &'t File,
        terminal: &'t File,
        reply: &'t str,
        echoes: Vec<bool>,
    }

    impl Write for Quick<'_> {
        fn write(&mut self, shown: &[u8]) -> io::Result<usize> {
            let modes = tcgetattr(self.terminal)?.local_modes;
            self.echoes.push(modes.contains(LocalModes::ECHO));
            let reply = std::mem::take(&mut self.reply);
            self.person.write_all(reply.as_bytes())?;
            Ok(shown.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_answers_at_once_is_neither_shown_nor_forgotten() {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let terminal = File::from(ioctl_tiocgptpeer(&person, flags).unwrap());
        let person = File::from(person);
        let mut quick = Quick {
            person: &person,
            terminal: &terminal,
            reply: "secret\n",
            echoes: Vec::new(),
        };
        let mut line = String::new();
        ask_hidden(terminal.as_fd(), &mut quick, "Password: ", || {
            // Nothing to read would hang here for ever.
            let mut reader = io::BufReader::new(&terminal);
            rustix::io::ioctl_fionbio(&terminal, true)?;
            reader.read_line(&mut line)
        })
        .unwrap();
        assert_eq!(line, "secret\n");
        assert_eq!(quick.echoes, [false, true], "hidden, and shown again");
    }

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
