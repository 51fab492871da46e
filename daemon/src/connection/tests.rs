//! What peers may say, well-meant or not, and what they hear.

mod dialogues;
mod tokens;

use muster_common::store::ledger::IdKind;
use muster_common::wire::codec::{decode_reply, encode_call, error_reason};
use muster_common::wire::message::{IdEntry, SessionToken, UserReply, ValidateSessionReply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::fixture::{Mood, World};

const ROOT: Peer = Peer {
    door: Door::Root,
    uid: 0,
};

/// A peer's end of a connection that is being served.
struct Caller {
    stream: UnixStream,
    served: tokio::task::JoinHandle<()>,
}

impl Caller {
    fn of(world: &World, peer: Peer) -> Self {
        let (stream, other) = UnixStream::pair().unwrap();
        let connection = Connection::new(Arc::clone(&world.broker), peer, other);
        Self {
            stream,
            served: tokio::spawn(connection.serve()),
        }
    }

    /// A peer that has said all this before it is served.
    fn having_said(world: &World, peer: Peer, bytes: &[u8]) -> Self {
        let (stream, other) = UnixStream::pair().unwrap();
        let connection = Connection::new(Arc::clone(&world.broker), peer, other);
        let connection = connection.having_heard(BytesMut::from(bytes));
        Self {
            stream,
            served: tokio::spawn(connection.serve()),
        }
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn call<C: Call>(&mut self, call: &C) {
        let frame = encode_call(call, true).unwrap();
        self.say(&frame).await;
    }

    /// The next reply; `None` when the broker hangs up.
    async fn hear(&mut self) -> Option<Vec<u8>> {
        let mut frame = Vec::new();
        loop {
            match self.stream.read_u8().await {
                Ok(0) => return Some(frame),
                Ok(byte) => frame.push(byte),
                Err(_) => return None,
            }
        }
    }

    /// The one reply to a call.
    async fn reply<C: Call>(&mut self, call: &C) -> C::Reply {
        self.call(call).await;
        let frame = self.hear().await.unwrap();
        let reply = decode_reply::<C::Reply>(&frame).unwrap();
        assert_eq!(reply.error, None);
        reply.parameters.unwrap()
    }

    async fn error(&mut self) -> String {
        let frame = self.hear().await.unwrap();
        decode_reply::<UserReply>(&frame).unwrap().error.unwrap()
    }

    /// What an error says beside its name.
    async fn reason(&mut self) -> String {
        error_reason(&self.hear().await.unwrap()).unwrap()
    }

    /// The step that ends the stream of replies.
    async fn step(&mut self) -> Step {
        loop {
            let frame = self.hear().await.unwrap();
            let reply = decode_reply::<Step>(&frame).unwrap();
            if !reply.continues {
                return reply.parameters.unwrap();
            }
        }
    }
}

fn begin(user: &str) -> Begin {
    Begin {
        service: "sshd".into(),
        user: user.into(),
        tty: None,
        remote_host: None,
        calling_uid: 0,
    }
}

fn answer(password: &str) -> Answer {
    Answer::of(&muster_common::secret::Secret::typed(password.as_bytes()).unwrap())
}

fn verdict(outcome: Outcome) -> Step {
    Step::Verdict {
        outcome,
        message: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_acknowledged_prompted_and_judged() {
    let world = World::new();
    let mut sshd = Caller::of(&world, ROOT);
    sshd.call(&begin("ada")).await;
    assert_eq!(
        decode_reply::<Step>(&sshd.hear().await.unwrap())
            .unwrap()
            .parameters,
        Some(Step::Working)
    );
    assert_eq!(
        sshd.step().await,
        Step::Prompt {
            text: "Password: ".into(),
            echo: false
        }
    );
    sshd.call(&answer("right")).await;
    assert_eq!(sshd.step().await, verdict(Outcome::Granted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_taken_once_and_only_after_a_prompt() {
    let world = World::new();
    let mut sshd = Caller::of(&world, ROOT);
    sshd.call(&answer("right")).await;
    assert_eq!(sshd.error().await, error::INVALID_PARAMETER);
    sshd.call(&begin("ada")).await;
    sshd.step().await;
    sshd.call(&answer("wrong")).await;
    assert_eq!(sshd.step().await, verdict(Outcome::WrongSecret));
    sshd.call(&answer("right")).await;
    assert_eq!(sshd.error().await, error::INVALID_PARAMETER);
    assert_eq!(world.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_logs_in_as_himself_and_as_nobody_else() {
    let world = World::new();
    let uid = world
        .broker
        .snapshot()
        .unwrap()
        .user_by_name("ada")
        .unwrap()
        .unwrap()
        .account
        .uid
        .get();
    let mut locker = Caller::of(
        &world,
        Peer {
            door: Door::Lookup,
            uid,
        },
    );
    locker.call(&begin("ada")).await;
    assert!(matches!(locker.step().await, Step::Prompt { .. }));
    locker.call(&begin("bob")).await;
    assert_eq!(locker.error().await, error::PERMISSION_DENIED);
    locker.call(&begin("root")).await;
    assert_eq!(locker.error().await, error::PERMISSION_DENIED);
    locker.call(&Sync::default()).await;
    assert_eq!(locker.error().await, error::PERMISSION_DENIED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn could_not_ask_is_never_not_found() {
    let world = World::new();
    let mut caller = Caller::of(&world, ROOT);
    let nobody = GetUser {
        name: Some("nobody-known".into()),
        uid: None,
    };
    caller.call(&nobody).await;
    assert_eq!(caller.error().await, error::NOT_FOUND);
    std::fs::remove_file(&world.broker.places.snapshot).unwrap();
    caller.call(&nobody).await;
    let frame = caller.hear().await.unwrap();
    assert_eq!(
        decode_reply::<UserReply>(&frame).unwrap().error.as_deref(),
        Some(error::UNAVAILABLE)
    );
    assert!(error_reason(&frame).unwrap().contains("snapshot"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_learn_that_and_not_why() {
    let world = World::new();
    std::fs::remove_file(&world.broker.places.snapshot).unwrap();
    let mut stranger = Caller::of(
        &world,
        Peer {
            door: Door::Lookup,
            uid: 1234,
        },
    );
    stranger
        .call(&GetUser {
            name: Some("ada".into()),
            uid: None,
        })
        .await;
    assert_eq!(error_reason(&stranger.hear().await.unwrap()), None);
}

fn validate(token: &str, directory: Option<&str>, address: Option<&str>) -> ValidateSession {
    ValidateSession {
        directory: directory.map(str::to_owned),
        remote_address: address.map(str::to_owned),
        token: session_token(token),
    }
}

fn session_token(token: &str) -> SessionToken {
    SessionToken::of(&muster_common::secret::Secret::typed(token.as_bytes()).unwrap())
}

/// The reply to a call that must have one.
async fn reply<C: Call>(caller: &mut Caller, call: &C) -> C::Reply {
    caller.call(call).await;
    let frame = caller.hear().await.unwrap();
    let reply = decode_reply::<C::Reply>(&frame).unwrap();
    reply
        .parameters
        .unwrap_or_else(|| panic!("{:?}", reply.error))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn root_validates_and_ends_sessions() {
    let world = World::new();
    let mut root = Caller::of(&world, ROOT);
    let address = Some("192.0.2.7");
    let good = ValidateSessionReply {
        directory: "corp".into(),
        valid: true,
        user: Some("Ada".into()),
        expires: Some(crate::fixture::NOW.unix() + 1000),
    };
    for directory in [None, Some("corp")] {
        let call = validate("token-of-ada", directory, address);
        assert_eq!(reply(&mut root, &call).await, good);
    }
    let bad = ValidateSessionReply {
        directory: "corp".into(),
        ..ValidateSessionReply::default()
    };
    for (token, address) in [("stale", address), ("token-of-ada", None)] {
        let call = validate(token, None, address);
        assert_eq!(reply(&mut root, &call).await, bad);
    }
    let end = EndSession {
        directory: None,
        token: session_token("token-of-ada"),
    };
    assert_eq!(reply(&mut root, &end).await.directory, "corp");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_cannot_be_asked_about_is_neither_good_nor_bad() {
    let world = World::new();
    let mut root = Caller::of(&world, ROOT);
    root.call(&validate("t", Some("lab"), None)).await;
    assert_eq!(root.error().await, error::NOT_FOUND);
    root.call(&validate("t", None, Some("my laptop"))).await;
    assert_eq!(root.error().await, error::INVALID_PARAMETER);
    let method = ValidateSession::METHOD;
    let garbled = format!("{{\"method\":\"{method}\",\"parameters\":{{\"token\":\"%\"}}}}\0");
    root.say(garbled.as_bytes()).await;
    assert_eq!(root.error().await, error::INVALID_PARAMETER);
    world.mood(Mood::IsGone);
    root.call(&validate("token-of-ada", None, Some("192.0.2.7")))
        .await;
    let frame = root.hear().await.unwrap();
    let error = decode_reply::<ValidateSessionReply>(&frame).unwrap().error;
    assert_eq!(error.as_deref(), Some(error::UNAVAILABLE));
    assert!(error_reason(&frame).unwrap().contains("down"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_several_directories_with_sessions_one_must_be_named() {
    let two = r#"
version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/x"
[[directory]]
name = "lab"
kind = "crowd"
namespace = "lab"
url = "https://lab.example.org/crowd"
application = "linux"
password_file = "/x"
"#;
    let world = World::of(two);
    let mut root = Caller::of(&world, ROOT);
    root.call(&validate("t", None, None)).await;
    let frame = root.hear().await.unwrap();
    let told = error_reason(&frame).unwrap();
    assert!(told.contains("say which one: corp, lab"), "{told}");
    let call = validate("token-of-ada", Some("lab"), Some("192.0.2.7"));
    assert_eq!(reply(&mut root, &call).await.directory, "lab");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_answer_of_a_directorys_own_comes_in_pieces_and_others_are_told_apart() {
    let world = World::new();
    let mut root = Caller::of(&world, ROOT);
    let ask = |question: &str, after| FasAsk {
        question: question.to_owned(),
        after,
        ..FasAsk::default()
    };
    let (mut text, mut after, mut pieces) = (String::new(), None, 0);
    loop {
        let piece = reply(&mut root, &ask("long", after)).await;
        assert_eq!(piece.directory, "corp");
        text.push_str(&piece.answer);
        pieces += 1;
        after = piece.more;
        if after.is_none() {
            break;
        }
    }
    let whole: String = serde_json::from_str(&text).unwrap();
    assert_eq!(whole, "\u{e4}".repeat(600_000));
    assert!(pieces > 2, "{pieces}");
    for (call, expected) in [
        (ask("long", Some(7)), error::INVALID_PARAMETER),
        (ask("delete", None), error::INVALID_PARAMETER),
        (ask("unknown", None), error::NOT_FOUND),
        (
            FasAsk {
                directory: Some("lab".into()),
                ..ask("long", None)
            },
            error::NOT_FOUND,
        ),
    ] {
        root.call(&call).await;
        assert_eq!(root.error().await, expected, "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_but_root_at_its_own_door_asks_about_sessions() {
    let world = World::new();
    for peer in [
        Peer {
            door: Door::Lookup,
            uid: 0,
        },
        Peer {
            door: Door::Root,
            uid: 1234,
        },
    ] {
        let mut caller = Caller::of(&world, peer);
        caller.call(&validate("token-of-ada", None, None)).await;
        assert_eq!(caller.error().await, error::PERMISSION_DENIED);
        let end = EndSession {
            directory: None,
            token: session_token("token-of-ada"),
        };
        caller.call(&end).await;
        assert_eq!(caller.error().await, error::PERMISSION_DENIED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_there_before_anybody_listens_are_answered_however_they_are_cut() {
    let world = World::new();
    let one = br#"{"method":"org.example.Nobody","parameters":{}}"#;
    let one = [one.as_slice(), b"\0"].concat();
    let all = one.repeat(40);
    for cut in [
        0,
        1,
        one.len() - 1,
        one.len(),
        one.len() + 1,
        1024,
        all.len(),
    ] {
        let (before, after) = all.split_at(cut);
        let mut peer = Caller::having_said(&world, ROOT, before);
        peer.say(after).await;
        for _ in 0..40 {
            assert_eq!(peer.error().await, error::METHOD_NOT_FOUND);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_with_the_question_breaks_the_dialogue() {
    let world = World::new();
    let both = [
        encode_call(&begin("ada"), true).unwrap().to_vec(),
        encode_call(&answer("right"), true).unwrap().to_vec(),
    ];
    let mut sshd = Caller::having_said(&world, ROOT, &both.concat());
    let mut heard = Vec::new();
    while let Some(frame) = sshd.hear().await {
        heard.push(decode_reply::<Step>(&frame).unwrap().parameters);
    }
    assert!(
        !heard.contains(&Some(verdict(Outcome::Granted))),
        "{heard:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_ends_the_connection_and_nothing_else() {
    let world = World::new();
    let endless = vec![b'['; 200_000];
    for nonsense in [
        &b"\0"[..],
        b"null\0",
        b"{\"method\":\"x\"\0",
        b"\xff\xfe\0",
        &endless,
    ] {
        let mut caller = Caller::of(&world, ROOT);
        // The broker may hang up before all has been said.
        let _said = caller.stream.write_all(nonsense).await;
        assert_eq!(caller.hear().await, None);
        caller.served.await.unwrap();
    }
    let mut half = Caller::of(&world, ROOT);
    half.say(b"{\"method\":\"org.muster1.Na").await;
    drop(half.stream);
    half.served.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_methods_and_keys_are_errors_of_their_own() {
    let world = World::new();
    let mut caller = Caller::of(&world, ROOT);
    caller
        .say(b"{\"method\":\"org.muster1.Admin.Shutdown\"}\0")
        .await;
    assert_eq!(caller.error().await, error::METHOD_NOT_FOUND);
    caller
        .say(b"{\"method\":\"org.varlink.service.GetInfo\"}\0")
        .await;
    assert!(
        String::from_utf8(caller.hear().await.unwrap())
            .unwrap()
            .contains("org.muster1.Login")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_up_early_takes_no_wrong_try_off_the_books() {
    let world = World::new();
    let mut sshd = Caller::of(&world, ROOT);
    sshd.call(&begin("ada")).await;
    sshd.step().await;
    sshd.call(&answer("wrong")).await;
    sshd.hear().await.unwrap();
    drop(sshd.stream);
    sshd.served.await.unwrap();
    let Broker { store, clock, .. } = &*world.broker;
    let owner = store.owner(IdKind::User, "ada").unwrap().unwrap();
    while store
        .attempts(&owner, "local", clock.now())
        .unwrap()
        .failures
        == 0
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_directory_does_not_keep_a_peer_that_has_gone() {
    let world = World::new();
    world.mood(Mood::NeverAnswers);
    let mut sshd = Caller::of(&world, ROOT);
    sshd.call(&begin("ada")).await;
    sshd.step().await;
    sshd.call(&answer("right")).await;
    sshd.hear().await.unwrap();
    drop(sshd.stream);
    sshd.served.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_waits_on_its_own_connection_and_is_forgotten_with_a_bad_line() {
    let world = World::new();
    let line = |id| IdEntry {
        id,
        kind: "user".into(),
        name: "cleo".into(),
        namespace: "crowd".into(),
        key: format!("key:{id}"),
        source: "service".into(),
        current: true,
    };
    let stage = |id| StageImport {
        ids: vec![line(id)],
        names: vec![],
    };
    let (mut one, mut other) = (Caller::of(&world, ROOT), Caller::of(&world, ROOT));
    assert_eq!(one.reply(&stage(30_000)).await.staged, 1);
    assert_eq!(one.reply(&stage(30_001)).await.staged, 2);
    let commit = CommitImport { dry_run: false };
    assert_eq!(other.reply(&commit).await.ids, 0);
    one.call(&stage(0)).await;
    assert_eq!(one.error().await, error::INVALID_PARAMETER);
    assert_eq!(one.reply(&commit).await.ids, 0);
    assert_eq!(one.reply(&stage(30_000)).await.staged, 1);
    assert_eq!(one.reply(&commit).await.ids, 1);
    assert_eq!(one.reply(&commit).await.present, 0, "it is taken in once");
    let kept = ListIds {
        id: Some(30_000),
        ..ListIds::default()
    };
    assert_eq!(other.reply(&kept).await.entries, [line(30_000)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_and_names_are_settled_over_the_wire_by_root_alone() {
    let world = World::new();
    let pin = PinId {
        name: "ada".into(),
        id: 30_000,
        ..PinId::default()
    };
    let mut ada = Caller::of(
        &world,
        Peer {
            door: Door::Lookup,
            uid: 0,
        },
    );
    ada.call(&pin).await;
    assert_eq!(ada.error().await, error::PERMISSION_DENIED);
    let mut root = Caller::of(&world, ROOT);
    assert_eq!(root.reply(&pin).await.now.unwrap().id, 30_000);
    let unpin = UnpinId {
        name: "ada".into(),
        ..UnpinId::default()
    };
    let unpinned = root.reply(&unpin).await;
    assert_eq!(unpinned.now.unwrap().source, "derived");
    let accept = AcceptName {
        group: false,
        name: "ada".into(),
    };
    let accepted = root.reply(&accept).await;
    assert_eq!(accepted.before, accepted.now, "nobody else claims it");
    let names = root.reply(&ListNames::default()).await;
    let names: Vec<_> = names.names.iter().map(|held| held.name.as_str()).collect();
    assert_eq!(names, ["ada", "bob"]);
}
