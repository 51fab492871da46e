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
use muster_common::wire::client::{Connection, Deadline, LOOK_UP, WireError};
use muster_common::wire::message::GetUser;

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

    /// What `look_up` finds; if it finds nobody and somebody may know more, what it finds
    /// after the broker was asked for `name`.
    #[inline]
    pub(crate) fn asked_on_a_miss<T>(
        &self,
        name: &[u8],
        look_up: impl Fn() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        match look_up() {
            Err(Refusal::Askable) => {
                self.ask(name, LOOK_UP)?;
                look_up()
            }
            known => known,
        }
    }

    /// Returns when whoever has that name is published. [`Refusal::Absent`]: there is nobody.
    #[cold]
    #[inline(never)]
    fn ask(&self, name: &[u8], patience: Duration) -> Result<(), Refusal> {
        // What can be nobody's name of ours needs no asking.
        let name = UserName::from_bytes(name).map_err(|_| Refusal::Absent)?;
        if seconds() < self.not_before.load(Ordering::Relaxed) {
            return Err(Refusal::Unavailable);
        }
        match self.call(&name, Deadline::after(patience)) {
            Ok(()) => Ok(()),
            Err(WireError::NotFound) => Err(Refusal::Absent),
            Err(WireError::Silent) => {
                let later = seconds().saturating_add(BACK_OFF);
                self.not_before.store(later, Ordering::Relaxed);
                Err(Refusal::Unavailable)
            }
            Err(_) => Err(Refusal::Unavailable),
        }
    }

    fn call(&self, name: &UserName, deadline: Deadline) -> Result<(), WireError> {
        let call = GetUser {
            name: Some(name.as_str().to_owned()),
            uid: None,
        };
        let socket = Path::new(self.socket);
        let mut connection = Connection::open_owned_by(socket, self.owner, deadline)?;
        connection.succeeds(&call, deadline)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
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

    const VERA: &[u8] = b"{\"parameters\":{\"name\":\"vera\",\"uid\":60001,\"gid\":60001,\"gecos\":\"\",\"home\":\"/\",\"shell\":\"/\",\"groups\":[],\"directory\":\"rubin\",\"key\":\"k\",\"id_source\":\"service\"}}\0";

    #[test]
    fn whom_the_broker_finds_is_read_from_the_snapshot_and_not_from_its_answer() {
        let fake = Fake::saying(VERA.to_vec());
        let looks = Cell::new(0);
        let answer = fake.broker.asked_on_a_miss(b"vera", || {
            looks.set(looks.get() + 1);
            if looks.get() == 1 {
                Err(Refusal::Askable)
            } else {
                Ok(7)
            }
        });
        assert_eq!((answer, looks.get()), (Ok(7), 2));
        let never = fake
            .broker
            .asked_on_a_miss(b"vera", || Err::<u32, _>(Refusal::Askable));
        assert_eq!(
            never,
            Err(Refusal::Askable),
            "told as could not be found out"
        );
    }

    #[test]
    fn only_a_miss_that_may_be_asked_about_is() {
        let fake = Fake::saying(VERA.to_vec());
        for known in [
            Ok(1),
            Err(Refusal::Absent),
            Err(Refusal::Unavailable),
            Err(Refusal::TooSmall),
        ] {
            assert_eq!(fake.broker.asked_on_a_miss(b"vera", || known), known);
        }
        for no_name in [&b""[..], b"a:b", b"-v", b"4711", b"\xff", b"a b"] {
            let asked = || Err::<u32, _>(Refusal::Askable);
            assert_eq!(
                fake.broker.asked_on_a_miss(no_name, asked),
                Err(Refusal::Absent)
            );
        }
        assert_eq!(fake.calls(), 0);
    }

    #[test]
    fn nobody_is_only_what_the_broker_calls_so() {
        let check = |fake: &Fake, expected| assert_eq!(fake.broker.ask(b"vera", LOOK_UP), expected);
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
            assert_eq!(silent.broker.ask(b"vera", SOON), Err(Refusal::Unavailable));
        }
        assert_eq!(silent.calls(), 1);
        let dead = Fake::absent();
        assert_eq!(dead.broker.ask(b"vera", SOON), Err(Refusal::Unavailable));
        assert_eq!(dead.broker.not_before.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_broker_in_somebody_elses_folder_is_not_asked() {
        let fake = Fake::saying(VERA.to_vec());
        let elsewhere = Broker::at(fake.broker.socket, fake.broker.owner.wrapping_add(1));
        assert_eq!(elsewhere.ask(b"vera", LOOK_UP), Err(Refusal::Unavailable));
        assert_eq!(fake.calls(), 0);
    }
}
