//! From the broker to the publisher: one sealed memfd with a candidate
//! snapshot, one JSON answer. One connection is one publication.
//!
//! The broker sends an [`Offer`]'s greeting and, with the same sendmsg(2), one descriptor
//! (SCM_RIGHTS) of a memfd with all of [`SEALS`]. The publisher answers one
//! [`Answer`] in JSON, at most [`ANSWER_MAX`] bytes, and hangs up.
//!
//! An amendment that is refused is nobody's fault: everybody is handed over then.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use serde::{Deserialize, Serialize};

use super::client::Deadline;
use super::socket::Socket;

/// What is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// Everybody.
    Whole,
    /// Users of the snapshot that is served, whose generation the candidate bears, who are
    /// other than in there; neither groups nor tombstones. Everybody else stays.
    Amendment,
}

impl Offer {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Whole, Self::Amendment];

    /// What stands beside the descriptor: the protocol, its version, and what comes.
    pub const fn greeting(self) -> &'static [u8] {
        match self {
            Self::Whole => b"muster-publish 1\n",
            Self::Amendment => b"muster-publish 1 amendment\n",
        }
    }
}

/// What has to be sealed: nobody can change the candidate while it is checked.
pub const SEALS: SealFlags = SealFlags::SHRINK
    .union(SealFlags::GROW)
    .union(SealFlags::WRITE)
    .union(SealFlags::SEAL);
/// The largest candidate in bytes: more than a million users.
pub const CANDIDATE_MAX: usize = 1 << 30;
/// The longest answer in bytes.
pub const ANSWER_MAX: usize = 256 << 10;
/// How many refusals an answer lists; it counts all of them.
pub const REFUSALS_MAX: usize = 200;

/// What the publisher answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// The candidate is served, as far as it was admitted.
    Published(Published),
    /// Nothing of it is; what was served before still is.
    Failed {
        /// Why, in one line.
        error: String,
    },
}

/// What is served now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The snapshot's generation; the old one's if nothing worth writing had changed.
    pub generation: u64,
    /// The users in it.
    pub users: u64,
    /// The groups in it.
    pub groups: u64,
    /// What was left out or changed, at most [`REFUSALS_MAX`].
    pub refusals: Vec<Refused>,
    /// How many there are in all.
    pub refused_total: u64,
}

/// A record that was left out or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The kind and name: `user ada`.
    pub what: String,
    /// Why, as the end of a sentence that starts with `what`.
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.why)
    }
}

/// Why a candidate is not served. What was served before still is.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The publisher is not there, or did not answer in time: try again later.
    #[error("the publisher cannot be reached")]
    Unreachable(#[source] io::Error),
    /// The candidate is larger than any can be: trying again does not help.
    #[error("the candidate has {0} bytes, more than {CANDIDATE_MAX}")]
    TooLarge(usize),
    /// The publisher refuses the candidate as a whole, or cannot write: its one line says why.
    #[error("the publisher refuses: {0}")]
    Refused(String),
    /// What came back is no answer: the versions differ.
    #[error("the publisher's answer cannot be understood")]
    Nonsense(#[source] serde_json::Error),
}

/// Hands `candidate`, a snapshot's bytes, to the publisher that listens at
/// `socket`, and waits for its answer, at most `deadline` in all.
pub fn publish(
    socket: &Path,
    offer: Offer,
    candidate: &[u8],
    deadline: Duration,
) -> Result<Published, PublishError> {
    if candidate.len() > CANDIDATE_MAX {
        return Err(PublishError::TooLarge(candidate.len()));
    }
    let deadline = Deadline::after(deadline);
    let answer = exchange(socket, offer, candidate, deadline).map_err(PublishError::Unreachable)?;
    match serde_json::from_slice(&answer).map_err(PublishError::Nonsense)? {
        Answer::Published(published) => Ok(published),
        Answer::Failed { error } => Err(PublishError::Refused(crate::text::safe(&error, 1000))),
    }
}

fn exchange(
    socket: &Path,
    offer: Offer,
    candidate: &[u8],
    deadline: Deadline,
) -> io::Result<Vec<u8>> {
    let sealed = sealed(candidate)?;
    let stream = Socket::connect(socket, deadline)?.into_stream();
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(deadline.remaining()?))?;
    hand_over(&stream, offer, sealed.as_fd())?;
    read_answer(&stream, deadline)
}

/// A memfd with `bytes`, which nobody can change any more.
pub fn sealed(bytes: &[u8]) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = rustix::fs::memfd_create("muster-candidate", flags)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(bytes)?;
    rustix::fs::fcntl_add_seals(&file, SEALS)?;
    Ok(file.into())
}

/// Sends the greeting of `offer` with `descriptor`.
pub fn hand_over(stream: &UnixStream, offer: Offer, descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let descriptors = [descriptor];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let greeting = offer.greeting();
    let said = [IoSlice::new(greeting)];
    let sent = rustix::net::sendmsg(stream, &said, &mut control, SendFlags::NOSIGNAL)?;
    match sent == greeting.len() {
        true => Ok(()),
        false => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Everything up to the publisher's hanging up.
fn read_answer(mut stream: &UnixStream, deadline: Deadline) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut buffer = [0u8; 8192];
    loop {
        stream.set_read_timeout(Some(deadline.remaining()?))?;
        let read = match stream.read(&mut buffer) {
            Ok(0) => return Ok(answer),
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if answer.len().saturating_add(read.len()) > ANSWER_MAX {
            return Err(io::Error::other("the answer is longer than any can be"));
        }
        answer.extend_from_slice(read);
    }
}
