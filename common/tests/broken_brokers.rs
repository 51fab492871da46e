//! The wire's client against brokers that are down, stopped, silent, slow or
//! hostile: it always comes back in time, and with the right decision.

#![cfg(feature = "wire")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use muster_common::wire::client::{Connection, Deadline, Grace, Patience, Replies, WireError};
use muster_common::wire::codec;
use muster_common::wire::message::{
    Answer, Begin, Outcome, REPLY_MAX, Status, StatusReply, Step, error,
};
use tempfile::TempDir;

/// Long enough for anything that is going to happen, short enough for what is not.
const SOON: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(60);

struct Place {
    folder: TempDir,
    owner: u32,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let owner = folder.path().metadata().unwrap().uid();
        Self { folder, owner }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("root.sock")
    }

    /// A broker that reads one request per script and answers with its bytes, then hangs up.
    fn broker(&self, scripts: Vec<Vec<u8>>) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            for script in scripts {
                read_frame(&mut peer);
                let _ = peer.write_all(&script);
            }
        });
    }

    fn open(&self, span: Duration) -> Result<Connection, WireError> {
        Connection::open_owned_by(&self.socket(), self.owner, Deadline::after(span))
    }
}

fn read_frame(peer: &mut UnixStream) -> Vec<u8> {
    let mut frame = Vec::new();
    let mut byte = [0];
    while matches!(peer.read(&mut byte), Ok(1)) && byte != [0] {
        frame.push(byte[0]);
    }
    frame
}

fn begin() -> Begin {
    Begin {
        service: "sshd".into(),
        user: "ada".into(),
        tty: None,
        remote_host: None,
        calling_uid: 0,
    }
}

fn patience(first: Duration, silence: Duration, overall: Duration) -> Patience {
    Patience {
        first: Deadline::after(first),
        silence,
        grace: Grace::NONE,
        overall: Deadline::after(overall),
    }
}

fn status(place: &Place) -> Result<StatusReply, WireError> {
    place
        .open(LONG)?
        .call(&Status {}, Deadline::after(SOON * 4))
}

fn reply(step: &Step, continues: bool) -> Vec<u8> {
    codec::encode_reply(step, continues).unwrap().to_vec()
}

fn last<C>(replies: Replies<'_, C>) -> Result<Step, WireError>
where
    C: muster_common::wire::message::Call<Reply = Step>,
{
    replies.last().unwrap()
}

#[test]
fn a_login_is_a_dialogue_on_one_connection() {
    let place = Place::new();
    let prompt = Step::Prompt {
        text: "Password: ".into(),
        echo: false,
    };
    let verdict = Step::Verdict {
        outcome: Outcome::Granted,
        message: None,
    };
    let first = [reply(&Step::Working, true), reply(&prompt, false)].concat();
    let second = [
        reply(&Step::Working, true),
        reply(&Step::Working, true),
        reply(&verdict, false),
    ]
    .concat();
    place.broker(vec![first, second]);
    let mut connection = place.open(LONG).unwrap();
    let asked = last(
        connection
            .stream(&begin(), patience(LONG, LONG, LONG))
            .unwrap(),
    );
    assert_eq!(asked.unwrap(), prompt);
    let answer = Answer {
        secret: "cGFzcw==".to_owned().into(),
    };
    let steps: Vec<Step> = connection
        .stream(&answer, patience(LONG, LONG, LONG))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(steps, [Step::Working, Step::Working, verdict]);
}

#[test]
fn no_socket_and_nobody_listening_are_nobody_to_ask() {
    let place = Place::new();
    assert!(matches!(place.open(LONG), Err(WireError::NotThere(_))));
    drop(UnixListener::bind(place.socket()).unwrap());
    assert!(matches!(place.open(LONG), Err(WireError::NotThere(_))));
}

#[test]
fn a_full_backlog_ends_at_the_deadline() {
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    let mut waiting = Vec::new();
    let refused = loop {
        match place.open(SOON) {
            Ok(connection) => waiting.push(connection),
            Err(error) => break error,
        }
        assert!(waiting.len() < 100_000);
    };
    assert!(matches!(refused, WireError::Silent), "{refused:?}");
}

#[test]
fn a_full_backlog_that_drains_in_time_is_waited_for() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) = place.open(Duration::from_millis(20)) {
        waiting.push(connection);
    }
    let drain = thread::spawn(move || {
        let taken = listener.accept().unwrap();
        (listener, taken)
    });
    assert!(place.open(LONG).is_ok());
    drop(drain.join().unwrap());
}

#[test]
fn a_broker_that_accepts_and_never_answers_is_silent() {
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    assert!(matches!(status(&place), Err(WireError::Silent)));
    let mut connection = place.open(LONG).unwrap();
    let replies = connection.stream(&begin(), patience(SOON, LONG, LONG));
    assert!(matches!(last(replies.unwrap()), Err(WireError::Silent)));
}

#[test]
fn a_broker_that_is_late_because_the_machine_is_crowded_is_waited_for_but_not_without_end() {
    static LATE: AtomicBool = AtomicBool::new(false);
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        read_frame(&mut peer);
        while !LATE.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        peer.write_all(&reply(&Step::Working, false)).unwrap();
        // And nothing more, ever.
        while !read_frame(&mut peer).is_empty() {}
    });
    let mut connection = place.open(LONG).unwrap();
    let mut patience = patience(SOON, LONG, LONG);
    patience.grace = Grace {
        most: LONG,
        holds: || {
            LATE.store(true, Ordering::SeqCst);
            true
        },
    };
    let first = last(connection.stream(&begin(), patience).unwrap());
    assert_eq!(first.unwrap(), Step::Working);
    patience.grace = Grace {
        most: SOON,
        holds: || true,
    };
    let silent = last(connection.stream(&begin(), patience).unwrap());
    assert!(matches!(silent, Err(WireError::Silent)), "{silent:?}");
}

#[test]
fn after_a_silence_the_connection_is_not_used_again() {
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    let mut connection = place.open(LONG).unwrap();
    let first = connection.call(&Status {}, Deadline::after(SOON));
    assert!(matches!(first, Err(WireError::Silent)));
    let second = connection.call(&Status {}, Deadline::after(LONG));
    assert!(matches!(second, Err(WireError::Broken(_))));
}

#[test]
fn half_a_frame_and_a_hang_up_are_a_broken_reply() {
    let check = |script: &[u8]| {
        let place = Place::new();
        place.broker(vec![script.to_vec()]);
        let got = status(&place);
        assert!(matches!(got, Err(WireError::Broken(_))), "{got:?}");
    };
    check(b"");
    check(b"{\"parameters\":{\"vers");
    check(b"\0");
    check(b"{}\0");
    check(b"[]\0");
    check(b"\xff\xfe\0");
    check(b"{\"error\":\"org.example.Other\"}\0");
    check(&[b"[".repeat(200_000), vec![0]].concat());
}

#[test]
fn a_frame_that_stops_in_the_middle_is_silence_and_dripping_bytes_gain_no_time() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let drip = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        while peer.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert!(matches!(status(&place), Err(WireError::Silent)));
    drip.join().unwrap();
}

#[test]
fn a_reply_without_end_is_given_up_at_its_bound() {
    let place = Place::new();
    place.broker(vec![vec![b' '; REPLY_MAX * 2]]);
    let mut connection = place.open(LONG).unwrap();
    let got = connection.call(&Status {}, Deadline::after(LONG));
    assert!(matches!(got, Err(WireError::Broken(_))), "{got:?}");
}

#[test]
fn heartbeats_for_ever_end_at_the_overall_deadline() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let hearts = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let beat = reply(&Step::Working, true);
        while peer.write_all(&beat).is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let mut connection = place.open(LONG).unwrap();
    let replies = connection.stream(&begin(), patience(LONG, LONG, SOON));
    assert!(matches!(last(replies.unwrap()), Err(WireError::Silent)));
    drop(connection);
    hearts.join().unwrap();
}

#[test]
fn a_stopped_heartbeat_is_noticed_before_the_overall_deadline() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let (mut peer, mut connection) = {
        let accepted = thread::spawn(move || listener.accept().unwrap().0);
        let connection = place.open(LONG).unwrap();
        (accepted.join().unwrap(), connection)
    };
    peer.write_all(&reply(&Step::Working, true)).unwrap();
    // A reply before the call is out of turn only once it has been read; here it lies in the socket.
    let mut replies = connection
        .stream(&begin(), patience(LONG, SOON, LONG))
        .unwrap();
    assert_eq!(replies.next().unwrap().unwrap(), Step::Working);
    assert!(matches!(replies.next(), Some(Err(WireError::Silent))));
    assert!(replies.next().is_none());
}

#[test]
fn errors_are_told_apart_by_the_decision_they_call_for() {
    let check = |name: &str, matching: fn(&WireError) -> bool| {
        let place = Place::new();
        place.broker(vec![
            codec::encode_error(name, Some("why")).unwrap().to_vec(),
        ]);
        let got = status(&place).unwrap_err();
        assert!(matching(&got), "{name}: {got:?}");
    };
    check(error::NOT_FOUND, |e| matches!(e, WireError::NotFound));
    check(error::PERMISSION_DENIED, |e| matches!(e, WireError::Denied));
    check(error::BUSY, |e| matches!(e, WireError::Busy));
    check(error::UNAVAILABLE, |e| {
        e.to_string() == "the broker cannot tell now: why"
    });
    check(error::INVALID_PARAMETER, |e| {
        e.to_string() == "the broker does not take that: why"
    });
    check(error::METHOD_NOT_FOUND, |e| {
        matches!(e, WireError::Broken(_))
    });
}

#[test]
fn a_folder_that_others_may_write_is_not_trusted() {
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    for mode in [0o777, 0o775, 0o702] {
        let open = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.folder.path(), open).unwrap();
        assert!(
            matches!(place.open(LONG), Err(WireError::NotThere(_))),
            "{mode:o}"
        );
    }
}

#[test]
fn a_folder_of_somebody_else_and_a_file_in_the_sockets_place_are_not_trusted() {
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    let other = Connection::open_owned_by(&place.socket(), 65_533, Deadline::after(LONG));
    assert!(matches!(other, Err(WireError::NotThere(_))));
    let place = Place::new();
    std::fs::write(place.socket(), "").unwrap();
    assert!(matches!(place.open(LONG), Err(WireError::NotThere(_))));
}

#[test]
fn a_broker_that_never_reads_does_not_hold_up_a_large_call() {
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    let mut connection = place.open(LONG).unwrap();
    let mut large = begin();
    large.user = "a".repeat(60_000);
    // The kernel's buffer takes this one whole, or only a part: either way it ends in silence.
    let got = connection
        .stream(&large, patience(SOON, SOON, SOON))
        .and_then(last);
    assert!(matches!(got, Err(WireError::Silent)), "{got:?}");
}
