//! The one question that a process which resolves a name may have for the broker: whether
//! it knows the user.
//!
//! It is asked inside `ls` and inside programs that have no memory left: nothing here
//! allocates. Whom the broker finds it publishes, so the reply only has to be told apart, by
//! its first bytes; what is neither of the two that [`codec`](super::codec) makes for this call
//! is "could not ask".

use std::io;
use std::path::Path;
use std::time::Duration;

use super::REPLY_MAX;
use super::deadline::Deadline;
use super::place::{Absence, connect};
use super::socket::Socket;
use crate::name::{NAME_MAX, UserName};

/// How long a look-up of a name may take in all, however slow the directory behind it is.
pub const LOOK_UP: Duration = Duration::from_secs(1);

/// Before and after the name. No name holds a character that JSON would escape.
const CALL: [&[u8]; 2] = [
    br#"{"method":"org.muster1.Names.GetUser","parameters":{"name":""#,
    b"\"}}\0",
];
/// Room for the longest call.
const CALL_MAX: usize = 64 + NAME_MAX;
/// How the reply about somebody starts, whoever it is.
const KNOWN: &[u8] = br#"{"parameters":{"#;
/// How the reply starts that says that there is nobody.
const NOT_FOUND: &[u8] = br#"{"error":"org.muster1.NotFound""#;

/// Why it is not known whether the broker knows somebody; but for the first one.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is nobody of that name, and that is certain.
    #[error("there is nobody of that name")]
    NotFound,
    /// Nobody to ask.
    #[error("the broker is not there")]
    NotThere(#[source] Absence),
    /// No answer in time.
    #[error("the broker did not answer in time")]
    Silent,
    /// The connection broke.
    #[error("the connection to the broker broke")]
    Broken(#[source] io::Error),
    /// The broker cannot tell, or what it said cannot be understood.
    #[error("the broker cannot tell")]
    CannotTell,
}

impl From<Absence> for AskError {
    fn from(absence: Absence) -> Self {
        match &absence {
            Absence::System(error) if error.kind() == io::ErrorKind::TimedOut => Self::Silent,
            _ => Self::NotThere(absence),
        }
    }
}

impl From<io::Error> for AskError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Silent,
            _ => Self::Broken(error),
        }
    }
}

/// Whether the broker that listens at `socket`, in a folder of `owner`'s, knows the user
/// `name`: then the user is published by now.
pub fn knows_user(
    socket: &Path,
    owner: u32,
    name: &UserName,
    deadline: Deadline,
) -> Result<(), AskError> {
    // The broker makes its socket itself or gets it from systemd, whose listener is root: to
    // look somebody else up in passwd(5) would take memory, and could be cancelled.
    let connection = connect(socket, owner, deadline, |_others| false)?;
    let (call, length) = call(name);
    connection.send_all(call.get(..length).unwrap_or_default(), deadline)?;
    match start_of_reply(&connection, deadline)? {
        start if start.starts_with(KNOWN) => Ok(()),
        start if start.starts_with(NOT_FOUND) => Err(AskError::NotFound),
        _ => Err(AskError::CannotTell),
    }
}

/// The call and how long it is, to be sent in one piece: the broker wakes up once.
fn call(name: &UserName) -> ([u8; CALL_MAX], usize) {
    let mut call = [0; CALL_MAX];
    let [before, after] = CALL;
    let bytes = [before, name.as_bytes(), after].into_iter().flatten();
    for (place, byte) in call.iter_mut().zip(bytes) {
        *place = *byte;
    }
    let around = before.len().saturating_add(after.len());
    (call, around.saturating_add(name.as_bytes().len()))
}

/// Whom `frame` asks for, its NUL included, if it is byte for byte what [`knows_user`] sends.
pub fn asked_for(frame: &[u8]) -> Option<UserName> {
    let [before, after] = CALL;
    let name = frame.strip_prefix(before)?.strip_suffix(after)?;
    UserName::new(std::str::from_utf8(name).ok()?).ok()
}

/// Reads one whole reply and keeps its first bytes, zeros behind a shorter one.
fn start_of_reply(connection: &Socket, deadline: Deadline) -> Result<[u8; 64], AskError> {
    let mut start = [0; 64];
    let mut read = 0usize;
    while read < REPLY_MAX {
        let mut chunk = [0; 1024];
        let count = connection.receive(&mut chunk, deadline)?;
        let arrived = chunk.get(..count).unwrap_or_default();
        if arrived.is_empty() {
            return Err(AskError::CannotTell);
        }
        let (frame, ended) = match arrived.iter().position(|byte| *byte == 0) {
            Some(end) => (arrived.get(..end).unwrap_or_default(), true),
            None => (arrived, false),
        };
        let places = start.get_mut(read..).unwrap_or_default();
        for (place, byte) in places.iter_mut().zip(frame) {
            *place = *byte;
        }
        if ended {
            return Ok(start);
        }
        read = read.saturating_add(count);
        deadline.remaining()?;
    }
    Err(AskError::CannotTell)
}

#[cfg(feature = "wire")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::codec::{encode_call, encode_error, encode_reply};
    use crate::wire::message::{GetUser, UserReply, error};

    #[test]
    fn the_call_and_both_replies_are_those_of_the_wire() {
        let call = GetUser {
            name: Some("ada".to_owned()),
            uid: None,
        };
        let [before, after] = CALL;
        let own = [before, b"ada", after].concat();
        assert_eq!(encode_call(&call, false).unwrap().to_vec(), own);
        assert_eq!(asked_for(&own), Some(UserName::new("ada").unwrap()));
        let (sent, length) = super::call(&UserName::new("ada").unwrap());
        assert_eq!(sent.get(..length), Some(own.as_slice()));
        let longest = UserName::new(&"a".repeat(NAME_MAX)).unwrap();
        let (sent, length) = super::call(&longest);
        assert!(sent.get(..length).unwrap().ends_with(b"a\"}}\0"));
        assert_eq!(asked_for(sent.get(..length).unwrap()), Some(longest));
        for reason in [None, Some("why")] {
            let nobody = encode_error(error::NOT_FOUND, reason).unwrap();
            assert!(nobody.starts_with(NOT_FOUND));
        }
        let somebody = UserReply {
            name: "ada".to_owned(),
            uid: 20_000,
            gid: 20_000,
            gecos: String::new(),
            home: "/home/ada".to_owned(),
            shell: "/bin/sh".to_owned(),
            groups: Vec::new(),
            directory: "corp".to_owned(),
            key: "k".to_owned(),
            id_source: "service".to_owned(),
        };
        assert!(encode_reply(&somebody, false).unwrap().starts_with(KNOWN));
    }

    #[test]
    fn whatever_is_not_that_very_call_asks_for_nobody_here() {
        let [before, after] = CALL;
        for name in ["", "a\"b", "a\\b", "a\0b", "ada\"}}\0", "\u{e9}"] {
            let frame = [before, name.as_bytes(), after].concat();
            assert_eq!(asked_for(&frame), None, "{name}");
        }
        let own = [before, b"ada", after].concat();
        for length in 0..own.len() {
            assert_eq!(asked_for(own.get(..length).unwrap()), None);
        }
        assert_eq!(asked_for(&own.repeat(2)), None);
    }
}
