//! What callers hear at the door, and who keeps whom from it.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use muster_common::name::UserName;
use muster_common::wire::ask::{AskError, knows_user};
use muster_common::wire::codec::encode_call;
use muster_common::wire::deadline::Deadline;

use super::*;
use crate::fixture::{ASKED_BY_NAME, World};
use crate::lookups;

/// The broker's door to look-ups, and whom it serves.
struct House {
    world: World,
    folder: tempfile::TempDir,
    closing: Option<Closing>,
}

impl House {
    /// corp has ada, and rubin knows no vera.
    async fn new(runtime: &Handle) -> Self {
        let world = World::of(ASKED_BY_NAME);
        world.serve(&["ada"]);
        assert!(lookups::user(&world.broker, 0, "vera").await.is_err());
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("lookup.sock")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (broker, places) = (Arc::clone(&world.broker), Arc::default());
        let closing = open(broker, places, listener, runtime.clone()).unwrap();
        Self {
            world,
            folder,
            closing: Some(closing),
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("lookup.sock")
    }

    fn caller(&self) -> UnixStream {
        let caller = UnixStream::connect(self.socket()).unwrap();
        caller
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        caller
    }

    /// What the name module of a process hears.
    fn knows(&self, name: &str) -> Result<(), AskError> {
        let owner = self.folder.path().metadata().unwrap().uid();
        let (name, deadline) = (
            UserName::new(name).unwrap(),
            Deadline::after(Duration::from_secs(30)),
        );
        knows_user(&self.socket(), owner, &name, deadline)
    }
}

fn question(name: &str) -> Vec<u8> {
    let call = GetUser {
        name: Some(name.to_owned()),
        uid: None,
    };
    encode_call(&call, false).unwrap().to_vec()
}

/// The next reply; empty when the broker hangs up.
fn heard(caller: &mut UnixStream) -> String {
    let mut frame = Vec::new();
    let mut byte = [0];
    while matches!(caller.read(&mut byte), Ok(1)) && byte != [0] {
        frame.extend(byte);
    }
    String::from_utf8(frame).unwrap()
}

#[tokio::test]
async fn whoever_is_known_to_be_nobody_is_answered_for_while_the_runtime_does_something_else() {
    let busy = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let house = House::new(busy.handle()).await;
    for _ in 0..100 {
        assert!(matches!(house.knows("vera"), Err(AskError::NotFound)));
    }
    let mut about_ada = house.caller();
    about_ada.write_all(&question("ada")).unwrap();
    assert!(matches!(house.knows("vera"), Err(AskError::NotFound)));
    let waiting = tokio::task::spawn_blocking(move || heard(&mut about_ada));
    let served = std::thread::spawn(move || busy.block_on(waiting).unwrap());
    assert!(served.join().unwrap().contains(r#""name":"ada""#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_more_to_say_is_served_in_turn() {
    let house = House::new(&Handle::current()).await;
    let mut caller = house.caller();
    for _ in 0..3 {
        caller.write_all(&question("vera")).unwrap();
        assert!(heard(&mut caller).contains("org.muster1.NotFound"));
        caller.write_all(&question("ada")).unwrap();
        assert!(heard(&mut caller).contains(r#""name":"ada""#));
    }
    let mut root_only = house.caller();
    let sync = b"{\"method\":\"org.muster1.Admin.Sync\",\"parameters\":{}}\0";
    root_only.write_all(sync).unwrap();
    assert!(heard(&mut root_only).contains("PermissionDenied"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_however_it_arrives_and_nonsense_is_hung_up_on() {
    let house = House::new(&Handle::current()).await;
    let whole = question("vera");
    for cut in [0, 1, whole.len() / 2, whole.len() - 1] {
        let (before, after) = whole.split_at(cut);
        let mut caller = house.caller();
        caller.write_all(before).unwrap();
        // Another caller's turn comes in between.
        assert!(matches!(house.knows("vera"), Err(AskError::NotFound)));
        caller.write_all(after).unwrap();
        assert!(heard(&mut caller).contains("org.muster1.NotFound"), "{cut}");
    }
    for nonsense in [&b"\0"[..], b"null\0", b"{\"method\":7}\0"] {
        let mut caller = house.caller();
        caller.write_all(nonsense).unwrap();
        assert_eq!(heard(&mut caller), "");
    }
    assert!(matches!(house.knows("vera"), Err(AskError::NotFound)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_silent_and_those_who_hang_up_keep_nobody_from_the_door() {
    let house = House::new(&Handle::current()).await;
    let silent: Vec<_> = (0..60).map(|_| house.caller()).collect();
    for _ in 0..100 {
        drop(house.caller());
        let mut hasty = house.caller();
        hasty.write_all(&question("vera")).unwrap();
        drop(hasty);
    }
    // Their places are given back; until then whoever is of the same uid may have to try again.
    while !matches!(house.knows("vera"), Err(AskError::NotFound)) {}
    assert!(house.knows("ada").is_ok());
    assert_eq!(silent.len(), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_published_in_the_meantime_is_somebody_and_a_closed_door_lets_nobody_in() {
    let mut house = House::new(&Handle::current()).await;
    house.world.serve(&["ada", "vera"]);
    assert!(house.knows("vera").is_ok());
    drop(house.closing.take());
    while UnixStream::connect(house.socket()).is_ok() {}
}
