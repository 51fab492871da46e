//! Names that are not in the snapshot, where a directory is asked by name: the broker is
//! asked, publishes whom it finds, and the answer is read from the new snapshot like
//! any other. Nothing that comes over the socket reaches the caller.
//!
//! One deadline covers all of it. A broker that let it pass is not waited for again for
//! a while in this process, nor in the children that it forks.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use muster_common::name::UserName;
use muster_common::wire::ask::{AskError, LOOK_UP, knows_user};
use muster_common::wire::deadline::Deadline;

use crate::caller::Refusal;
use crate::current::seconds;

/// For so many seconds a broker is left alone that was waited for in vain.
const BACK_OFF: i64 = 10;

/// The broker as this process knows it.
#[derive(Debug)]
pub(crate) struct Broker {
    socket: &'static str,
    owner: u32,
    /// When it may be asked again, in seconds of the monotonic clock.
    not_before: AtomicI64,
}

impl Broker {
    /// The one that listens at `socket`, in a folder of `owner`'s.
    pub(crate) const fn at(socket: &'static str, owner: u32) -> Self {
        Self {
            socket,
            owner,
            not_before: AtomicI64::new(0),
        }
    }

    /// Returns when whoever has that name is published. [`Refusal::Absent`]: there is nobody.
    pub(crate) fn ask(&self, name: &UserName) -> Result<(), Refusal> {
        self.ask_within(name, LOOK_UP)
    }

    fn ask_within(&self, name: &UserName, patience: Duration) -> Result<(), Refusal> {
        if seconds() < self.not_before.load(Ordering::Relaxed) {
            return Err(Refusal::Unavailable);
        }
        let (socket, deadline) = (Path::new(self.socket), Deadline::after(patience));
        match knows_user(socket, self.owner, name, deadline) {
            Ok(()) => Ok(()),
            Err(AskError::NotFound) => Err(Refusal::Absent),
            Err(AskError::Silent) => {
                let later = seconds().saturating_add(BACK_OFF);
                self.not_before.store(later, Ordering::Relaxed);
                Err(Refusal::Unavailable)
            }
            Err(_) => Err(Refusal::Unavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use muster_common::wire::codec::encode_error;
    use muster_common::wire::message::error;

    use super::*;

    const SOON: Duration = Duration::from_millis(100);

    /// A broker that answers each call with the same bytes and hangs up; empty ones are no answer at all.
    struct Fake {
        broker: Broker,
        calls: Arc<AtomicUsize>,
        _folder: tempfile::TempDir,
    }

    impl Fake {
        fn saying(answer: Vec<u8>) -> Self {
            let fake = Self::absent();
            let listener = UnixListener::bind(fake.broker.socket).unwrap();
            let calls = Arc::clone(&fake.calls);
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                while let Ok((mut peer, _)) = listener.accept() {
                    calls.fetch_add(1, Ordering::SeqCst);
                    read_call(&mut peer);
                    let _ = peer.write_all(&answer);
                    kept.extend(answer.is_empty().then_some(peer));
                }
            });
            fake
        }

        /// Nobody listens.
        fn absent() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let owner = folder.path().metadata().unwrap().uid();
            let socket = folder.path().join("lookup.sock");
            Self {
                broker: Broker::at(socket.to_str().unwrap().to_owned().leak(), owner),
                calls: Arc::default(),
                _folder: folder,
            }
        }

        fn refusing(name: &str) -> Self {
            Self::saying(encode_error(name, None).unwrap().to_vec())
        }

        fn calls(&self) -> usize {
            self.calls.load(Ordering::SeqCst)
        }
    }

    fn read_call(peer: &mut UnixStream) {
        let mut byte = [1];
        while matches!(peer.read(&mut byte), Ok(1)) && byte != [0] {}
    }

    fn vera() -> UserName {
        UserName::new("vera").unwrap()
    }

    const VERA: &[u8] = b"{\"parameters\":{\"name\":\"vera\",\"uid\":60001,\"gid\":60001,\"gecos\":\"\",\"home\":\"/\",\"shell\":\"/\",\"groups\":[],\"directory\":\"rubin\",\"key\":\"k\",\"id_source\":\"service\"}}\0";

    #[test]
    fn whom_the_broker_finds_is_published_by_then() {
        let fake = Fake::saying(VERA.to_vec());
        assert_eq!(fake.broker.ask(&vera()), Ok(()));
        assert_eq!(fake.calls(), 1);
    }

    #[test]
    fn nobody_is_only_what_the_broker_calls_so() {
        let check = |fake: &Fake, expected| assert_eq!(fake.broker.ask(&vera()), expected);
        check(&Fake::refusing(error::NOT_FOUND), Err(Refusal::Absent));
        for other in [
            error::UNAVAILABLE,
            error::BUSY,
            error::PERMISSION_DENIED,
            "org.example.New",
        ] {
            check(&Fake::refusing(other), Err(Refusal::Unavailable));
        }
        for nonsense in [&b"{}\0"[..], b"{\"error\":\0", b"half", b"\0", b"[[[["] {
            check(&Fake::saying(nonsense.to_vec()), Err(Refusal::Unavailable));
        }
        let nobody = Fake::absent();
        check(&nobody, Err(Refusal::Unavailable));
        check(&nobody, Err(Refusal::Unavailable));
    }

    #[test]
    fn a_silent_broker_is_waited_for_once_and_a_dead_one_never() {
        let silent = Fake::saying(Vec::new());
        for _ in 0..3 {
            assert_eq!(
                silent.broker.ask_within(&vera(), SOON),
                Err(Refusal::Unavailable)
            );
        }
        assert_eq!(silent.calls(), 1);
        let dead = Fake::absent();
        assert_eq!(
            dead.broker.ask_within(&vera(), SOON),
            Err(Refusal::Unavailable)
        );
        assert_eq!(dead.broker.not_before.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_broker_in_somebody_elses_folder_is_not_asked() {
        let fake = Fake::saying(VERA.to_vec());
        let elsewhere = Broker::at(fake.broker.socket, fake.broker.owner.wrapping_add(1));
        assert_eq!(elsewhere.ask(&vera()), Err(Refusal::Unavailable));
        assert_eq!(fake.calls(), 0);
    }
}
