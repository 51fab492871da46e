//! The door of look-ups: a thread that answers at once what is known already, and hands everybody else to the
//! runtime.
//!
//! Nearly every question is about a name that nobody bears, by a process that does nothing until the answer is there.
//! The runtime would have to be woken twice for it, each time on another processor than the asker's; see
//! docs/decisions/0020.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use muster_common::wire::ask::asked_for;
use muster_common::wire::codec::{self, CodecError, Frame};
use muster_common::wire::message::{Call, GetUser, error};
use muster_common::wire::uid_of_peer;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send};
use tokio::runtime::Handle;
use tokio_util::bytes::BytesMut;
use zeroize::Zeroize;

use super::{PAUSE, served};
use crate::broker::Broker;
use crate::connection::Connection;
use crate::dispatch::{Permission, permission};
use crate::lookups::is_nobody;
use crate::peer::{Door, Peer, Place, Places};

/// How many callers the thread waits for itself: of those who have not asked, and of those who have been answered.
const WAITED_FOR: usize = 16;
/// How long it waits for them if nobody else comes. Nearly everybody asks at once, and hangs up when answered.
const PATIENCE: Duration = Duration::from_millis(5);
/// How much of what a caller says first is taken at once, in bytes.
const FIRST: usize = 1024;

/// Whoever holds it keeps the door open.
#[derive(Debug)]
pub struct Closing {
    _other_end: UnixStream,
}

/// Opens the door behind `listener`, which never blocks.
///
/// # Errors
/// A thread or a socket cannot be had, or there is no answer to give.
pub fn open(
    broker: Arc<Broker>,
    places: Arc<Places>,
    listener: UnixListener,
    runtime: Handle,
) -> io::Result<Closing> {
    let (other_end, closing) = UnixStream::pair()?;
    let mut door = LookUps {
        broker,
        places,
        listener,
        closing,
        runtime,
        nobody: nobody().map_err(io::Error::other)?,
        silent: VecDeque::new(),
        answered: VecDeque::new(),
    };
    let thread = std::thread::Builder::new().name("look-ups".to_owned());
    thread.spawn(move || door.keep())?;
    Ok(Closing {
        _other_end: other_end,
    })
}

/// Strangers learn that, not why.
fn nobody() -> Result<Frame, CodecError> {
    codec::encode_error(error::NOT_FOUND, None)
}

struct LookUps {
    broker: Arc<Broker>,
    places: Arc<Places>,
    listener: UnixListener,
    /// Ends when the door is to be closed.
    closing: UnixStream,
    runtime: Handle,
    /// The answer.
    nobody: Frame,
    /// Who has not asked yet, the first one first.
    silent: VecDeque<Caller>,
    /// Who has the answer and may hang up now, the first one first.
    answered: VecDeque<Caller>,
}

/// Somebody who has been let in.
struct Caller {
    peer: Peer,
    place: Place,
    stream: UnixStream,
}

/// What the thread has been woken for.
enum Woken {
    /// Somebody is at the door, or some of the silent have spoken, or both.
    Call { knocks: bool, speak: Vec<bool> },
    /// Nobody came for as long as anybody is waited for.
    Quiet,
    /// The door is to be closed.
    Closing,
}

impl LookUps {
    /// Lets callers in until the door is closed.
    fn keep(&mut self) {
        loop {
            match self.wait() {
                Woken::Call { knocks, speak } => {
                    // Whoever goes wrong takes nobody along, and the door stays open.
                    let _panicked = catch_unwind(AssertUnwindSafe(|| self.attend(knocks, &speak)));
                    self.part_with_all_but(WAITED_FOR);
                }
                Woken::Quiet => self.part_with_all_but(0),
                Woken::Closing => return,
            }
        }
    }

    fn wait(&self) -> Woken {
        let mut waited = vec![
            PollFd::new(&self.closing, PollFlags::IN),
            PollFd::new(&self.listener, PollFlags::IN),
        ];
        let silent = self.silent.iter();
        waited.extend(silent.map(|caller| PollFd::new(&caller.stream, PollFlags::IN)));
        let is_alone = self.silent.is_empty() && self.answered.is_empty();
        let patience = (!is_alone).then(|| timespec(PATIENCE));
        let woken = match poll(&mut waited, patience.as_ref()) {
            Ok(woken) => woken,
            Err(Errno::INTR) => 0,
            Err(_) => {
                std::thread::sleep(PAUSE);
                0
            }
        };
        let mut ready = waited.iter().map(|one| !one.revents().is_empty());
        match (ready.next(), ready.next()) {
            (Some(true), _) => Woken::Closing,
            (_, Some(knocks)) if woken > 0 => Woken::Call {
                knocks,
                speak: ready.collect(),
            },
            _ => Woken::Quiet,
        }
    }

    fn attend(&mut self, knocks: bool, speak: &[bool]) {
        for &speaks in speak {
            let Some(caller) = self.silent.pop_front() else {
                break;
            };
            match speaks {
                true => self.hear(caller),
                false => self.silent.push_back(caller),
            }
        }
        // Who has knocked a moment ago has hardly asked yet.
        if knocks {
            self.silent.extend(self.next_caller());
        }
    }

    fn next_caller(&self) -> Option<Caller> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let stream = match accept_with(&self.listener, flags) {
            Ok(stream) => UnixStream::from(stream),
            Err(Errno::AGAIN | Errno::INTR) => return None,
            Err(_) => {
                std::thread::sleep(PAUSE);
                return None;
            }
        };
        let peer = Peer {
            door: Door::Lookup,
            uid: uid_of_peer(stream.as_fd()).ok()?,
        };
        // Whoever has no more room is hung up on: the caller takes it for "not there".
        let place = self.places.take(self.broker.account_of(peer.uid))?;
        Some(Caller {
            peer,
            place,
            stream,
        })
    }

    /// Answers the caller if all is there for it; what is not known at once is the runtime's to find out.
    fn hear(&mut self, caller: Caller) {
        let mut heard = [0; FIRST];
        let said = match recv(&caller.stream, &mut heard, RecvFlags::DONTWAIT) {
            Ok((0, _)) => return,
            Ok((length, _)) => heard.get(..length).unwrap_or_default(),
            Err(Errno::AGAIN | Errno::INTR) => return self.silent.push_back(caller),
            Err(_) => return,
        };
        if !is_about_nobody(&self.broker, caller.peer, said) {
            self.hand_over(caller, BytesMut::from(said));
            // It may have been a password.
            heard.zeroize();
        } else if caller.is_told(&self.nobody) {
            self.answered.push_back(caller);
        }
    }

    /// Hangs up on those who have hung up, and waits for no more than the `kept` who came last.
    fn part_with_all_but(&mut self, kept: usize) {
        while self.silent.len() > kept {
            if let Some(caller) = self.silent.pop_front() {
                self.hand_over(caller, BytesMut::new());
            }
        }
        for _ in 0..self.answered.len() {
            let Some(caller) = self.answered.pop_front() else {
                return;
            };
            match caller.state() {
                State::Gone => {}
                State::Silent if self.answered.len() < kept => self.answered.push_back(caller),
                State::Silent | State::Speaking => self.hand_over(caller, BytesMut::new()),
            }
        }
    }

    fn hand_over(&self, caller: Caller, said: BytesMut) {
        let broker = Arc::clone(&self.broker);
        self.runtime.spawn(async move {
            let Ok(stream) = tokio::net::UnixStream::from_std(caller.stream) else {
                return;
            };
            let connection = Connection::new(broker, caller.peer, stream).having_heard(said);
            served(connection, caller.place).await;
        });
    }
}

/// What somebody does who has been answered.
enum State {
    Gone,
    Silent,
    Speaking,
}

impl Caller {
    /// Whether the kernel takes all of `answer` without anybody waiting; a connection that nothing was sent on always
    /// has the room.
    fn is_told(&self, answer: &[u8]) -> bool {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        send(&self.stream, answer, flags).is_ok_and(|sent| sent == answer.len())
    }

    fn state(&self) -> State {
        let mut byte = [0];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match recv(&self.stream, &mut byte, flags) {
            Ok((0, _)) => State::Gone,
            Ok(_) => State::Speaking,
            Err(Errno::AGAIN) => State::Silent,
            Err(_) => State::Gone,
        }
    }
}

/// Whether `said` is the name module's question, and it is known that there is nobody of that name.
fn is_about_nobody(broker: &Broker, peer: Peer, said: &[u8]) -> bool {
    asked_for(said).is_some_and(|name| {
        permission(peer, GetUser::METHOD) == Permission::Granted && is_nobody(broker, &name)
    })
}

fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: 0,
        tv_nsec: span.subsec_nanos().into(),
    }
}
