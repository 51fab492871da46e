//! Every dialogue of a login and of a change of a password, word by word, against what
//! `dialogues.txt` says they are (`UPDATE_GOLDENS=1` writes it anew).

use muster_common::clock::Time;
use muster_common::secret::Secret;
use muster_common::wire::message::Revoke;

use super::*;
use crate::administration;
use crate::fixture::{NOW, Takes};

const PAGE: &str = "password_page = \"https://id.example.org/password\"";

/// A dialogue that is written down as it goes.
struct Transcript {
    caller: Caller,
    lines: Vec<String>,
}

impl Transcript {
    fn with(world: &World) -> Self {
        Self {
            caller: Caller::of(world, ROOT),
            lines: Vec::new(),
        }
    }

    async fn say<C: Call>(&mut self, call: &C) {
        let frame = encode_call(call, true).unwrap();
        self.lines.push(format!("C: {}", text(&frame)));
        self.caller.say(&frame).await;
        loop {
            let reply = self.caller.hear().await.unwrap();
            let line = format!("S: {}", text(&reply));
            // How many heartbeats there are is the machine's business.
            if self.lines.last() != Some(&line) {
                self.lines.push(line);
            }
            if !decode_reply::<Step>(&reply).unwrap().continues {
                return;
            }
        }
    }
}

fn text(frame: &[u8]) -> &str {
    std::str::from_utf8(frame).unwrap().trim_end_matches('\0')
}

fn password(text: &str) -> Password {
    Password::of(&Secret::typed(text.as_bytes()).unwrap())
}

fn change(old: Option<&str>, new: Option<&str>) -> ChangePassword {
    ChangePassword {
        service: "passwd".into(),
        user: "ada".into(),
        tty: Some("pts/0".into()),
        remote_host: None,
        calling_uid: 20_001,
        old: old.map(password),
        new: new.map(password),
    }
}

/// A login of ada in which these are typed.
async fn login(world: &World, user: &str, typed: &[&str]) -> Vec<String> {
    let mut transcript = Transcript::with(world);
    transcript.say(&begin(user)).await;
    for typed in typed {
        transcript.say(&answer(typed)).await;
    }
    transcript.lines
}

async fn changed(world: &World, old: Option<&str>, new: Option<&str>) -> Vec<String> {
    let mut transcript = Transcript::with(world);
    transcript.say(&change(old, new)).await;
    transcript.lines
}

/// Whatever follows a login has been done: its task holds the broker.
async fn settled(world: &World, connections: usize) {
    while Arc::strong_count(&world.broker) > 1 + connections {
        tokio::task::yield_now().await;
    }
}

fn in_the_mood(mood: Mood) -> World {
    let world = World::new();
    world.mood(mood);
    world
}

fn taking(takes: Takes) -> World {
    let world = World::new();
    world.directories[0].takes(takes);
    world
}

async fn logins() -> Vec<(&'static str, Vec<String>)> {
    let world = World::new();
    let mut scenes = vec![
        ("the right password", login(&world, "ada", &["right"]).await),
        ("a wrong password", login(&world, "ada", &["wrong"]).await),
        ("the rules keep out", login(&world, "bob", &["right"]).await),
        ("not ours", login(&world, "larry", &[]).await),
    ];
    world.serve(&["bob"]);
    scenes.push(("gone", login(&world, "ada", &[]).await));
    for (title, mood) in [
        ("locked", Mood::Locks),
        ("unreachable, no verifier", Mood::IsGone),
        ("our own credentials refused", Mood::RefusesUs),
        ("nonsense", Mood::TalksNonsense),
        (
            "an answer about somebody else",
            Mood::AnswersForSomebodyElse,
        ),
        ("an expired password, no page", Mood::Expired),
    ] {
        let world = in_the_mood(mood);
        scenes.push((title, login(&world, "ada", &["right"]).await));
    }
    let world = World::with(PAGE, "");
    world.mood(Mood::Expired);
    scenes.push((
        "an expired password",
        login(&world, "ada", &["right"]).await,
    ));
    scenes.extend(logins_with_a_past().await);
    scenes
}

async fn logins_with_a_past() -> Vec<(&'static str, Vec<String>)> {
    let mut scenes = Vec::new();
    let world = World::new();
    for _ in 0..3 {
        login(&world, "ada", &["wrong"]).await;
    }
    scenes.push((
        "too many wrong tries",
        login(&world, "ada", &["right"]).await,
    ));

    let world = World::new();
    login(&world, "ada", &["right"]).await;
    settled(&world, 0).await;
    world.mood(Mood::IsGone);
    scenes.push(("offline", login(&world, "ada", &["right"]).await));
    world.clock.set(Time::from_unix(NOW.unix() - 3600));
    scenes.push((
        "offline, the clock went back",
        login(&world, "ada", &["right"]).await,
    ));

    let world = World::new();
    let user = "ada".to_owned();
    administration::revoke(Arc::clone(&world.broker), Revoke { user })
        .await
        .unwrap();
    scenes.push(("shut out by root", login(&world, "ada", &["right"]).await));

    let world = World::new();
    world.directories[0].wants_code("123456");
    let with_code = login(&world, "ada", &["right", "123456"]).await;
    scenes.push(("a one-time code", with_code));
    let wrong = login(&world, "ada", &["right", "000000"]).await;
    scenes.push(("a wrong one-time code", wrong));
    let world = in_the_mood(Mood::WantsCode("right"));
    let with_code = login(&world, "ada", &["right", "123456"]).await;
    scenes.push(("a one-time code that the directory wants", with_code));
    let world = in_the_mood(Mood::LocksOut);
    let locked = login(&world, "ada", &["right"]).await;
    scenes.push(("too many wrong tries at the directory", locked));
    scenes
}

async fn changes() -> Vec<(&'static str, Vec<String>)> {
    let (old, new) = (Some("right"), Some("new"));
    let possible = changed(&taking(Takes::Anything), None, None).await;
    let proved = changed(&taking(Takes::Anything), old, None).await;
    let done = changed(&taking(Takes::Anything), old, new).await;
    let wrong = changed(&taking(Takes::Anything), Some("wrong"), new).await;
    let unfit = changed(&taking(Takes::Nothing("at least 12 characters")), old, new).await;
    let doubt = changed(&taking(Takes::AndIsSilent), old, new).await;
    let nowhere = changed(&World::new(), None, None).await;
    let page = changed(&World::with(PAGE, ""), None, None).await;
    let unreachable = taking(Takes::Anything);
    unreachable.mood(Mood::IsGone);
    let unreachable = changed(&unreachable, old, None).await;
    vec![
        ("can the password be changed from here?", possible),
        ("the old password proved", proved),
        ("changed", done),
        ("the old password is wrong", wrong),
        ("the new password does not fit", unfit),
        ("sent, and no answer", doubt),
        ("not changed from here, no page", nowhere),
        ("not changed from here", page),
        ("unreachable", unreachable),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialogue_goes_as_it_is_written_down() {
    let mut text = String::new();
    for (part, scenes) in [("login", logins().await), ("change", changes().await)] {
        for (title, lines) in scenes {
            text.push_str(&format!("# {part}: {title}\n{}\n\n", lines.join("\n")));
        }
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/connection/tests/dialogues.txt"
    );
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    for (is, should) in text.lines().zip(written.lines()) {
        assert_eq!(
            is, should,
            "UPDATE_GOLDENS=1 cargo test -p muster-daemon dialogue"
        );
    }
    assert_eq!(text.len(), written.len());
}
