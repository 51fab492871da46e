//! What the publisher takes, and from whom: one sealed memfd a connection, from root and the broker.
//!
//! Whatever a peer sends or does not send, the next one is served: every wait
//! has a deadline, every size a bound, and a failure ends its connection only.

use std::io::{self, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use muster_common::local;
use muster_common::paths;
use muster_common::snapshot::writer::is_sane_length;
use muster_common::text;
use muster_common::wire::publish::{Answer, CANDIDATE_MAX, Offer, Published, SEALS};
use rustix::buffer::spare_capacity;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use tokio::signal::unix::{SignalKind, signal};

use super::check::{CheckError, Publisher};
use muster_common::text::with_causes;

/// How long a peer may take to send its one message, and to take its answer.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long accepting rests when the system will not let us accept.
const REST: Duration = Duration::from_millis(200);
/// The longest error that is answered, in bytes.
const ERROR_MAX: usize = 2000;

/// Why a connection came to nothing. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refuse {
    /// Somebody else than root or the broker.
    #[error("the user {0} may not publish")]
    Peer(u32),
    /// Not the message that [`muster_common::wire::publish`] describes.
    #[error("{0}")]
    Message(&'static str),
    /// The peer was too slow, or the system would not.
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    /// The candidate itself, or what it is checked against.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl From<rustix::io::Errno> for Refuse {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::Connection(errno.into())
    }
}

/// Serves until SIGTERM or SIGINT. One publication at a time: there is one snapshot.
pub async fn serve(listener: UnixListener, mut publisher: Publisher) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::UnixListener::from_std(listener)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let watchdog = crate::notify::watchdog_interval();
    let mut signs = tokio::time::interval(watchdog.unwrap_or(Duration::MAX));
    crate::notify::ready();
    loop {
        let accepted = tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            // Only this loop says it, so a publication that never ends is noticed.
            _ = signs.tick(), if watchdog.is_some() => {
                crate::notify::alive();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted.and_then(|(stream, _)| stream.into_std()) {
            // Nothing else runs on this thread, so blocking blocks nobody.
            Ok(stream) => attend(&stream, &mut publisher, PATIENCE),
            Err(error) => {
                log::warn!("cannot accept: {error}");
                std::thread::sleep(REST);
            }
        }
    }
    crate::notify::stopping();
    Ok(())
}

/// Takes one candidate from `stream`, waiting no longer than `patience`, and answers.
pub fn attend(stream: &UnixStream, publisher: &mut Publisher, patience: Duration) {
    let answer = match take(stream, publisher, patience) {
        Ok(published) => Answer::Published(published),
        Err(refuse) => {
            let error = text::safe(&with_causes(&refuse).replace('\n', "; "), ERROR_MAX);
            // Everybody comes next, and nothing is wrong.
            let expected = matches!(refuse, Refuse::Check(CheckError::Unamendable(_)));
            let level = if expected {
                log::Level::Debug
            } else {
                log::Level::Error
            };
            log::log!(level, "not published: {error}");
            Answer::Failed { error }
        }
    };
    if let Err(error) = send(stream, &answer) {
        log::warn!("the broker did not take its answer: {error}");
    }
}

fn take(
    stream: &UnixStream,
    publisher: &mut Publisher,
    patience: Duration,
) -> Result<Published, Refuse> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    // Taken before anything is decided: hanging up on what was not read would lose the answer, too.
    let received = receive(stream);
    check_peer(stream, publisher)?;
    let (offer, memory) = received?;
    let candidate = read_sealed(&memory)?;
    Ok(match offer {
        Offer::Whole => publisher.publish(candidate)?,
        Offer::Amendment => publisher.amend(candidate)?,
    })
}

/// Root may publish, and the broker's user as the host's own passwd(5) knows it.
fn check_peer(stream: &UnixStream, publisher: &Publisher) -> Result<(), Refuse> {
    let peer = rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw();
    let places = publisher.places();
    if peer == places.owner {
        return Ok(());
    }
    let passwd = places.host.join(paths::PASSWD.trim_start_matches('/'));
    match local::ids_of_user(&passwd, paths::BROKER_USER)? {
        Some((uid, _)) if uid == peer => Ok(()),
        _ => Err(Refuse::Peer(peer)),
    }
}

/// What the greeting announces, and the one descriptor that comes with it.
fn receive(stream: &UnixStream) -> Result<(Offer, OwnedFd), Refuse> {
    let mut bytes = [0u8; 64];
    let mut into = [IoSliceMut::new(&mut bytes)];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let received = rustix::net::recvmsg(stream, &mut into, &mut control, flags)?;
    // The kernel closes what there was no room for; alignment may leave room for a second one.
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let greeting = bytes.get(..received.bytes);
    let offer = Offer::ALL
        .into_iter()
        .find(|offer| greeting == Some(offer.greeting()))
        .ok_or(Refuse::Message("that is not the publisher's protocol"))?;
    match (descriptors.pop(), descriptors.is_empty()) {
        (Some(only), true) => Ok((offer, only)),
        _ => Err(Refuse::Message(
            "exactly one descriptor has to come with the greeting",
        )),
    }
}

/// The content of a memfd that nobody can change any more. The seals are looked
/// at first: what has them is memory, and reading it never waits.
fn read_sealed(memory: &OwnedFd) -> Result<Vec<u8>, Refuse> {
    let seals = rustix::fs::fcntl_get_seals(memory);
    if !seals.is_ok_and(|seals| seals.contains(SEALS)) {
        return Err(Refuse::Message("the descriptor is no memfd with all seals"));
    }
    let length = usize::try_from(rustix::fs::fstat(memory)?.st_size).unwrap_or(usize::MAX);
    if length > CANDIDATE_MAX || !is_sane_length(length) {
        return Err(Refuse::Message(
            "the candidate is too short or too long for a snapshot",
        ));
    }
    let mut bytes = Vec::new();
    if bytes.try_reserve_exact(length).is_err() {
        return Err(Refuse::Message("there is no memory for the candidate"));
    }
    while bytes.len() < length {
        // By position: the sender shares the descriptor's offset and could move it.
        let at = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let read = rustix::io::pread(memory, spare_capacity(&mut bytes), at)?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
    Ok(bytes)
}

fn send(mut stream: &UnixStream, answer: &Answer) -> io::Result<()> {
    let text = serde_json::to_vec(answer).map_err(io::Error::other)?;
    stream.write_all(&text)?;
    stream.shutdown(std::net::Shutdown::Both)
}
