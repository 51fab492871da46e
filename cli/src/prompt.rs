//! Asks for a password on the terminal without showing it, or reads a line where there is no terminal.

use std::io::{self, BufRead, Write};

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
