//! The module's three stacks against scripted programs, persons and brokers.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use common::{ADA, EXPIRY, Ground, content, prompt, steps, verdict};
use muster_common::clock::{ManualClock, Time};
use muster_common::name::UserName;
use muster_common::secret::Secret;
use muster_common::snapshot::content::{Forms, Misses};
use muster_common::wire::client::Grace;
use muster_common::wire::codec;
use muster_common::wire::message::{Outcome, Step, UserReply, error};
use pam_muster::conversation::{Echo, Host, Item, Tone, Uids, Unanswered};
use pam_muster::outcome::{Pass, Stack};
use pam_muster::site::{Site, Waits};
use pam_muster::stack::answer;
use pamsm::{PamError, PamFlags};

const PROVING: Stack = Stack::Password(Pass::Preliminary);
const CHANGING: Stack = Stack::Password(Pass::Update);
const LONG: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(150);

/// A program and the person before it.
struct Program {
    user: &'static str,
    /// Whom the program makes the user while the password is asked for.
    turns_into: Option<&'static str>,
    service: &'static str,
    typed: &'static [u8],
    /// The new password, if one is typed twice alike.
    new: Option<&'static [u8]>,
    effective: u32,
    /// What NSS says.
    resolved: Result<Option<u32>, i32>,
    asked: Cell<u32>,
    told: RefCell<Vec<(Tone, String)>>,
}

impl Program {
    fn of(user: &'static str) -> Self {
        Self {
            user,
            turns_into: None,
            service: "sshd",
            typed: b"correct horse",
            new: Some(b"battery staple"),
            effective: 0,
            resolved: Ok(None),
            asked: Cell::new(0),
            told: RefCell::new(vec![]),
        }
    }

    fn told(&self) -> String {
        let told = self.told.borrow();
        told.iter()
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
            .join("|")
    }
}

impl Host for Program {
    fn user(&self) -> Result<String, Unanswered> {
        Ok(self.user.to_owned())
    }

    fn user_now(&self) -> Option<String> {
        let changed = self.turns_into.filter(|_| self.asked.get() > 0);
        Some(changed.unwrap_or(self.user).to_owned())
    }

    fn item(&self, item: Item) -> Option<String> {
        match item {
            Item::Service => Some(self.service.to_owned()),
            Item::Tty => Some("ssh".to_owned()),
            Item::RemoteHost => Some("192.0.2.1\" user=\"root".to_owned()),
        }
    }

    fn password(&self, prompt: &str) -> Result<Secret, Unanswered> {
        self.ask(prompt, Echo::Off)
    }

    fn present_password(&self) -> Result<Secret, Unanswered> {
        self.ask("", Echo::Off)
    }

    fn new_password(&self) -> Result<Secret, Unanswered> {
        let typed = self.new.ok_or(Unanswered::NoNewPassword(21))?;
        Ok(Secret::typed(typed)?)
    }

    fn ask(&self, _: &str, _: Echo) -> Result<Secret, Unanswered> {
        self.asked.set(self.asked.get() + 1);
        Ok(Secret::typed(self.typed)?)
    }

    fn tell(&self, tone: Tone, text: &str) {
        self.told.borrow_mut().push((tone, text.to_owned()));
    }

    fn uids(&self) -> Uids {
        Uids {
            real: 1000,
            effective: self.effective,
        }
    }

    fn uid_by_name(&self, _: &str) -> io::Result<Option<u32>> {
        self.resolved.map_err(io::Error::from_raw_os_error)
    }
}

struct Call<'a> {
    ground: &'a Ground,
    waits: Waits,
    now: u64,
    flags: PamFlags,
    arguments: Vec<String>,
}

impl<'a> Call<'a> {
    fn on(ground: &'a Ground) -> Self {
        Self {
            ground,
            waits: Waits {
                acknowledge: LONG,
                silence: LONG,
                grace: Grace::NONE,
                look_up: LONG,
                overall: LONG,
            },
            now: EXPIRY - 1,
            flags: PamFlags::empty(),
            arguments: vec![],
        }
    }

    fn hurried(ground: &'a Ground) -> Self {
        Self {
            waits: Waits {
                acknowledge: SOON,
                silence: SOON,
                grace: Grace::NONE,
                look_up: SOON,
                overall: SOON * 4,
            },
            ..Self::on(ground)
        }
    }

    fn answer(&self, stack: Stack, program: &Program) -> PamError {
        let at = |name| -> PathBuf { self.ground.at(name) };
        let clock = ManualClock::at(Time::from_unix(self.now));
        let site = Site {
            passwd: &at("passwd"),
            snapshot: &at("public/snapshot"),
            root_socket: &at("root.sock"),
            lookup_socket: &at("lookup.sock"),
            log: &at("log"),
            owner: self.ground.owner,
            waits: self.waits,
            clock: &clock,
        };
        answer(stack, program, &site, &self.flags, &self.arguments)
    }

    fn auth(&self, program: &Program) -> PamError {
        self.answer(Stack::Auth, program)
    }
}

#[test]
fn the_right_password_lets_in_and_is_audited_without_the_secret() {
    let ground = Ground::new();
    let asked = ground.broker(vec![prompt(), verdict(Outcome::Granted)]);
    let ada = Program::of("ada");
    assert_eq!(Call::on(&ground).auth(&ada), PamError::SUCCESS);
    let begin = asked.recv().unwrap();
    assert!(
        begin.contains(r#""service":"sshd","user":"ada","tty":"ssh""#),
        "{begin}"
    );
    assert!(begin.contains(r#""calling_uid":1000"#), "{begin}");
    assert!(asked.recv().unwrap().contains("Y29ycmVjdCBob3JzZQ=="));
    let audit = ground.audit();
    assert_eq!(audit.lines().count(), 1);
    assert!(
        audit.contains(
            r#"auth: granted, service="sshd" user="ada" rhost="192.0.2.1? user=?root" tty="ssh""#
        ),
        "{audit}"
    );
    assert!(!audit.contains("horse") && !audit.contains("Y29y"));
    assert_eq!(ada.told(), "");
}

#[test]
fn each_verdict_becomes_its_code() {
    let check = |outcome, expected| {
        let ground = Ground::new();
        let _asked = ground.broker(vec![prompt(), verdict(outcome)]);
        let code = Call::on(&ground).auth(&Program::of("ada"));
        assert_eq!(code, expected, "{outcome:?}");
    };
    check(Outcome::Granted, PamError::SUCCESS);
    check(Outcome::GrantedOffline, PamError::SUCCESS);
    check(Outcome::WrongSecret, PamError::AUTH_ERR);
    check(Outcome::NotOurs, PamError::USER_UNKNOWN);
    check(Outcome::Gone, PamError::ACCT_EXPIRED);
    check(Outcome::NotAllowed, PamError::PERM_DENIED);
    check(Outcome::Locked, PamError::PERM_DENIED);
    check(Outcome::SecretExpired, PamError::AUTHTOK_EXPIRED);
    check(Outcome::Throttled, PamError::MAXTRIES);
    check(Outcome::Unavailable, PamError::AUTHINFO_UNAVAIL);
    check(Outcome::Misconfigured, PamError::AUTHINFO_UNAVAIL);
    check(Outcome::Mismatch, PamError::AUTH_ERR);
}

#[test]
fn root_and_local_accounts_are_passed_on_without_asking_anybody() {
    for user in ["root", "lou"] {
        for stack in [Stack::Auth, Stack::Account, PROVING, CHANGING] {
            let ground = Ground::new();
            std::fs::write(ground.at("public/snapshot"), [0xa5; 4096]).unwrap();
            let asked = ground.broker(vec![prompt()]);
            let program = Program::of(user);
            assert_eq!(
                Call::on(&ground).answer(stack, &program),
                PamError::USER_UNKNOWN
            );
            assert_eq!(program.asked.get(), 0);
            assert!(asked.try_recv().is_err());
            assert_eq!(
                (program.told(), ground.audit()),
                (String::new(), String::new())
            );
        }
    }
}

#[test]
fn root_is_local_even_when_the_local_accounts_cannot_be_read() {
    let ground = Ground::bare();
    std::fs::remove_file(ground.at("passwd")).unwrap();
    for stack in [Stack::Auth, Stack::Account, PROVING, CHANGING] {
        let call = Call::on(&ground);
        assert_eq!(
            call.answer(stack, &Program::of("root")),
            PamError::USER_UNKNOWN
        );
        assert_eq!(
            call.answer(stack, &Program::of("lou")),
            PamError::AUTHINFO_UNAVAIL
        );
    }
    assert!(ground.audit().contains("the local accounts cannot be read"));
}

#[test]
fn a_name_that_nobody_of_ours_has_is_passed_on_and_never_asked_for_a_password() {
    for name in [
        "nobodyhere",
        "Ada",
        "ADA",
        "a:b",
        "",
        "a\nb",
        "-rf",
        "../ada",
    ] {
        let ground = Ground::new();
        let asked = ground.broker(vec![prompt()]);
        let program = Program::of(name);
        assert_eq!(
            Call::on(&ground).auth(&program),
            PamError::USER_UNKNOWN,
            "{name:?}"
        );
        assert_eq!(program.asked.get(), 0, "{name:?}");
        assert!(asked.try_recv().is_err());
        assert_eq!(ground.audit(), "");
    }
}

#[test]
fn with_debug_the_neutral_answer_is_logged_but_never_the_typed_name() {
    let ground = Ground::new();
    let call = Call {
        arguments: vec!["debug".into()],
        ..Call::on(&ground)
    };
    call.auth(&Program::of("hunter2"));
    let audit = ground.audit();
    assert!(
        audit.contains("auth: not ours") && !audit.contains("hunter2"),
        "{audit}"
    );
}

#[test]
fn what_is_no_password_is_refused_at_home() {
    for typed in [
        &b""[..],
        b"\x08\n\r\x7fI",
        b"\x08\n\r\x7fINCORRECT",
        &[b'a'; 513],
    ] {
        let ground = Ground::new();
        let asked = ground.broker(vec![prompt(), verdict(Outcome::Granted)]);
        let program = Program {
            typed,
            ..Program::of("ada")
        };
        assert_eq!(Call::on(&ground).auth(&program), PamError::AUTH_ERR);
        asked.recv().unwrap();
        assert!(asked.recv().is_err(), "an answer went out for {typed:?}");
    }
}

#[test]
fn a_user_changed_while_the_password_is_asked_for_is_refused() {
    let ground = Ground::new();
    let asked = ground.broker(vec![prompt(), verdict(Outcome::Granted)]);
    let program = Program {
        turns_into: Some("root"),
        ..Program::of("ada")
    };
    assert_eq!(Call::on(&ground).auth(&program), PamError::AUTH_ERR);
    asked.recv().unwrap();
    assert!(asked.recv().is_err(), "the password went out");
    assert!(ground.audit().contains("changed the user"));
}

#[test]
fn a_name_that_nss_resolves_to_another_id_is_refused_in_all_stacks() {
    let ground = Ground::new();
    let asked = ground.broker(vec![prompt(), verdict(Outcome::Granted)]);
    let program = Program {
        resolved: Ok(Some(1234)),
        ..Program::of("ada")
    };
    let call = Call::on(&ground);
    assert_eq!(call.auth(&program), PamError::AUTH_ERR);
    assert_eq!(call.answer(Stack::Account, &program), PamError::AUTH_ERR);
    assert_eq!(program.asked.get(), 0);
    assert!(asked.try_recv().is_err());
    assert!(ground.audit().contains("uid 1234"));
}

#[test]
fn a_grant_for_a_name_that_the_snapshot_does_not_have_lets_nobody_in() {
    let ground = Ground::new();
    ground.publish(&content(Misses::AskByName));
    let _asked = ground.broker(vec![prompt(), verdict(Outcome::Granted)]);
    let code = Call::on(&ground).auth(&Program::of("zoe"));
    assert_eq!(code, PamError::AUTHINFO_UNAVAIL);
}

#[test]
fn a_program_that_is_not_roots_asks_over_the_sockets_for_everybody() {
    let ground = Ground::new();
    let asked = common::serve(
        &ground.at("lookup.sock"),
        vec![prompt(), verdict(Outcome::Granted)],
    );
    let locker = Program {
        effective: ADA,
        ..Program::of("ada")
    };
    assert_eq!(Call::on(&ground).auth(&locker), PamError::SUCCESS);
    assert!(asked.recv().is_ok());
}

#[test]
fn messages_and_the_verdicts_text_are_shown_stripped_and_not_at_all_when_silent() {
    let check = |flags, expected: &str| {
        let ground = Ground::new();
        let message = Step::Message {
            text: "Hel\x1b[2Jlo".into(),
        };
        let last = Step::Verdict {
            outcome: Outcome::Locked,
            message: Some("Locked\u{202e} since Monday".into()),
        };
        let _asked = ground.broker(vec![prompt(), steps(&[message, last])]);
        let ada = Program::of("ada");
        let call = Call {
            flags,
            ..Call::on(&ground)
        };
        assert_eq!(call.auth(&ada), PamError::PERM_DENIED);
        assert_eq!(ada.told(), expected);
    };
    check(PamFlags::empty(), "Hel[2Jlo|Locked since Monday");
    check(PamFlags::SILENT, "");
}

#[test]
fn a_second_prompt_is_asked_for_but_not_without_end() {
    let ground = Ground::new();
    let _asked = ground.broker(vec![prompt(), prompt(), verdict(Outcome::Granted)]);
    let ada = Program::of("ada");
    assert_eq!(Call::on(&ground).auth(&ada), PamError::SUCCESS);
    assert_eq!(ada.asked.get(), 2);

    let ground = Ground::new();
    let _asked = ground.broker(vec![prompt(); 100]);
    let ada = Program::of("ada");
    assert_eq!(Call::on(&ground).auth(&ada), PamError::AUTHINFO_UNAVAIL);
    assert!(ada.asked.get() < 10);
}

#[test]
fn a_broker_that_is_not_there_is_could_not_ask_and_asks_for_no_password() {
    let ground = Ground::new();
    let ada = Program::of("ada");
    assert_eq!(Call::on(&ground).auth(&ada), PamError::AUTHINFO_UNAVAIL);
    assert_eq!(ada.asked.get(), 0);
    let audit = ground.audit();
    assert!(
        audit.contains("could not ask") && audit.contains("the broker is not there"),
        "{audit}"
    );
}

#[test]
fn a_broker_that_accepts_and_never_answers_is_given_up() {
    let ground = Ground::new();
    let _listener = UnixListener::bind(ground.at("root.sock")).unwrap();
    let ada = Program::of("ada");
    assert_eq!(
        Call::hurried(&ground).auth(&ada),
        PamError::AUTHINFO_UNAVAIL
    );
    assert!(ground.audit().contains("did not answer in time"));
}

#[test]
fn a_full_listen_backlog_is_given_up() {
    let ground = Ground::new();
    let _listener = UnixListener::bind(ground.at("root.sock")).unwrap();
    let mut waiting = vec![];
    for _ in 0..8192 {
        let span = muster_common::wire::client::Deadline::after(Duration::from_millis(20));
        match muster_common::wire::client::Connection::open_owned_by(
            &ground.at("root.sock"),
            ground.owner,
            span,
        ) {
            Ok(connection) => waiting.push(connection),
            Err(_) => break,
        }
    }
    let code = Call::hurried(&ground).auth(&Program::of("ada"));
    assert_eq!(code, PamError::AUTHINFO_UNAVAIL);
}

#[test]
fn a_broker_that_stops_after_the_password_is_given_up() {
    let ground = Ground::new();
    // One script only: the answer is never read.
    let (listener, beat) = (
        UnixListener::bind(ground.at("root.sock")).unwrap(),
        prompt(),
    );
    let held = thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(&beat).unwrap();
        (listener, peer)
    });
    let ada = Program::of("ada");
    assert_eq!(
        Call::hurried(&ground).auth(&ada),
        PamError::AUTHINFO_UNAVAIL
    );
    assert_eq!(ada.asked.get(), 1);
    drop(held.join().unwrap());
}

#[test]
fn nonsense_half_frames_and_hang_ups_are_could_not_ask() {
    let mut brackets = b"[".repeat(200_000);
    brackets.push(0);
    let scripts: Vec<Vec<u8>> = vec![
        b"{\"parameters\":{\"kind\":\"verd".to_vec(),
        b"\0".to_vec(),
        b"{\"parameters\":{\"kind\":\"verdict\",\"outcome\":\"superuser\"}}\0".to_vec(),
        b"{\"parameters\":{\"kind\":\"verdict\"}}\0".to_vec(),
        vec![b'x'; 5 << 20],
        brackets,
        // A verdict that is not the end, and one that comes twice.
        b"{\"parameters\":{\"kind\":\"verdict\",\"outcome\":\"granted\"},\"continues\":true}\0"
            .to_vec(),
        b"{\"error\":\"org.muster1.Unavailable\",\"parameters\":{\"reason\":\"starting\"}}\0"
            .to_vec(),
        b"{\"error\":\"org.muster1.NotFound\"}\0".to_vec(),
        steps(&vec![
            Step::Message {
                text: "again".into()
            };
            1000
        ]),
        vec![],
    ];
    for script in scripts {
        for before in [vec![], vec![prompt()]] {
            let ground = Ground::new();
            let asked = ground.broker([before, vec![script.clone()]].concat());
            let code = Call::on(&ground).auth(&Program::of("ada"));
            let shown = String::from_utf8_lossy(script.get(..40).unwrap_or(&script)).into_owned();
            assert_eq!(code, PamError::AUTHINFO_UNAVAIL, "{shown}");
            drop(asked);
        }
    }
}

#[test]
fn dripping_bytes_and_heartbeats_for_ever_end_in_time() {
    let heartbeat = steps(&[Step::Working, Step::Working]);
    let continuing = heartbeat.split_inclusive(|&byte| byte == 0).next();
    for beat in [b" ".to_vec(), continuing.unwrap().to_vec()] {
        let ground = Ground::new();
        let listener = UnixListener::bind(ground.at("root.sock")).unwrap();
        let heart = thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            while peer.write_all(&beat).is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        });
        let ada = Program::of("ada");
        let code = Call::hurried(&ground).auth(&ada);
        assert_eq!(code, PamError::AUTHINFO_UNAVAIL);
        heart.join().unwrap();
    }
}

#[test]
fn account_decides_from_the_snapshot_alone() {
    let ground = Ground::new();
    let check = |user, service, expected| {
        let program = Program {
            service,
            ..Program::of(user)
        };
        let code = Call::on(&ground).answer(Stack::Account, &program);
        assert_eq!(code, expected, "{user} {service}");
        assert_eq!(program.asked.get(), 0);
    };
    check("ada", "sshd", PamError::SUCCESS);
    check("ada", "sudo", PamError::PERM_DENIED);
    check("bob", "sshd", PamError::PERM_DENIED);
    check("carl", "sshd", PamError::ACCT_EXPIRED);
    check("nobodyhere", "sshd", PamError::USER_UNKNOWN);
    check("Ada", "sshd", PamError::USER_UNKNOWN);
}

#[test]
fn another_form_of_a_name_of_ours_is_refused_and_never_passed_on() {
    let ground = Ground::new();
    let mut said = content(Misses::Final);
    said.forms = Forms {
        fold_case: true,
        suffixes: vec!["@a-rather-long-company.example.org".to_owned()],
    };
    ground.publish(&said);
    let asked = ground.broker(vec![prompt(), verdict(Outcome::Granted)]);
    let check = |user, expected| {
        let program = Program {
            resolved: Ok(Some(ADA)),
            ..Program::of(user)
        };
        for stack in [Stack::Auth, Stack::Account] {
            assert_eq!(
                Call::on(&ground).answer(stack, &program),
                expected,
                "{user}"
            );
        }
        assert_eq!(program.asked.get(), 0);
        program.told()
    };
    for form in ["Ada", "ADA@a-rather-long-company.example.org", "Carl"] {
        let told = check(form, PamError::AUTH_ERR);
        assert!(told.contains("in lower case"), "{told}");
    }
    assert!(ground.audit().contains("another form of ada"));
    for nobody in ["Nobodyhere", "ada@elsewhere.example.org", "Root"] {
        check(nobody, PamError::USER_UNKNOWN);
    }
    assert!(asked.try_recv().is_err(), "nobody was asked for");
}

#[test]
fn an_expired_access_decision_cannot_be_told_and_denies() {
    let ground = Ground::new();
    let call = Call {
        now: EXPIRY,
        ..Call::on(&ground)
    };
    let code = call.answer(Stack::Account, &Program::of("ada"));
    assert_eq!(code, PamError::AUTHINFO_UNAVAIL);
    assert!(ground.audit().contains("has expired"));
}

#[test]
fn without_a_snapshot_that_can_be_believed_only_the_systems_own_ids_are_passed_on() {
    let check = |ground: &Ground, resolved, expected| {
        let program = Program {
            resolved,
            ..Program::of("zoe")
        };
        for stack in [Stack::Account, PROVING, CHANGING, Stack::Auth] {
            let code = Call::hurried(ground).answer(stack, &program);
            assert_eq!(code, expected, "{stack:?} {resolved:?}");
            assert_eq!(program.asked.get(), 0);
        }
    };
    let missing = Ground::bare();
    let random = Ground::bare();
    std::fs::write(random.at("public/snapshot"), [0x5a; 8192]).unwrap();
    let fifo = Ground::bare();
    let made = std::process::Command::new("mkfifo")
        .arg(fifo.at("public/snapshot"))
        .status();
    assert!(made.unwrap().success());
    let writable = Ground::new();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(writable.at("public/snapshot"), open).unwrap();
    for ground in [&missing, &random, &fifo, &writable] {
        check(ground, Ok(Some(500)), PamError::USER_UNKNOWN);
        check(ground, Ok(Some(5000)), PamError::AUTHINFO_UNAVAIL);
        check(ground, Ok(None), PamError::AUTHINFO_UNAVAIL);
        check(ground, Err(libc::EIO), PamError::AUTHINFO_UNAVAIL);
    }
}

#[test]
fn a_miss_that_is_not_final_is_passed_on_only_for_ids_outside_our_ranges() {
    let ground = Ground::new();
    ground.publish(&content(Misses::AskByName));
    let check = |resolved, expected| {
        let program = Program {
            resolved,
            ..Program::of("zoe")
        };
        let code = Call::on(&ground).answer(Stack::Account, &program);
        assert_eq!(code, expected, "{resolved:?}");
    };
    check(Ok(Some(5000)), PamError::USER_UNKNOWN);
    check(Ok(Some(ADA + 9)), PamError::AUTHINFO_UNAVAIL);
    check(Ok(None), PamError::AUTHINFO_UNAVAIL);
}

/// The reply to a look-up of zoe.
fn zoe() -> Vec<u8> {
    let reply = UserReply {
        name: "zoe".into(),
        uid: ADA + 9,
        gid: ADA + 9,
        gecos: String::new(),
        home: "/home/zoe".into(),
        shell: "/bin/sh".into(),
        groups: vec![],
        directory: "corp".into(),
        key: "key:9".into(),
        id_source: "service".into(),
    };
    codec::encode_reply(&reply, false).unwrap().to_vec()
}

#[test]
fn a_name_that_may_be_asked_about_is_passed_on_when_the_directory_does_not_know_it() {
    let ground = Ground::new();
    ground.publish(&content(Misses::AskByName));
    let not_found = codec::encode_error(error::NOT_FOUND, None)
        .unwrap()
        .to_vec();
    let asked = common::serve(&ground.at("lookup.sock"), vec![not_found]);
    let stranger = Program {
        resolved: Ok(Some(ADA + 9)),
        ..Program::of("zoe")
    };
    let code = Call::on(&ground).answer(Stack::Account, &stranger);
    assert_eq!(code, PamError::USER_UNKNOWN);
    assert!(asked.recv().unwrap().contains("Names.GetUser"));
}

#[test]
fn another_form_of_a_name_is_passed_on_when_the_directory_does_not_know_the_name() {
    let ground = Ground::new();
    let mut lazy = content(Misses::AskByName);
    lazy.forms.fold_case = true;
    ground.publish(&lazy);
    let elsewhere = Program {
        resolved: Ok(Some(ADA + 9)),
        ..Program::of("Zoe")
    };
    let account = || Call::on(&ground).answer(Stack::Account, &elsewhere);
    let not_found = codec::encode_error(error::NOT_FOUND, None).unwrap();
    let asked = common::serve_all(&ground.at("lookup.sock"), not_found.to_vec());
    assert_eq!(account(), PamError::USER_UNKNOWN, "somebody else's Zoe");
    assert!(asked.recv().unwrap().contains("\"zoe\""));

    std::fs::remove_file(ground.at("lookup.sock")).unwrap();
    assert_eq!(account(), PamError::AUTHINFO_UNAVAIL, "nobody can tell");

    let _knows = common::serve_when(&ground.at("lookup.sock"), zoe(), {
        lazy.users[0].account.name = UserName::new("zoe").unwrap();
        let folder = ground.at("public");
        move || common::publish(&lazy, &folder)
    });
    assert_eq!(account(), PamError::AUTH_ERR, "ours, by another form");
}

#[test]
fn a_name_that_the_broker_knows_must_stand_in_the_snapshot_by_then() {
    let ground = Ground::new();
    let mut lazy = content(Misses::AskByName);
    ground.publish(&lazy);
    let program = Program::of("zoe");
    let _asked = common::serve(&ground.at("lookup.sock"), vec![zoe()]);
    let code = Call::on(&ground).answer(Stack::Account, &program);
    assert_eq!(code, PamError::AUTHINFO_UNAVAIL, "not published after all");

    std::fs::remove_file(ground.at("lookup.sock")).unwrap();
    let publishing = common::serve_when(&ground.at("lookup.sock"), zoe(), {
        lazy.users[0].account.name = UserName::new("zoe").unwrap();
        let folder = ground.at("public");
        move || common::publish(&lazy, &folder)
    });
    let found = Program {
        resolved: Ok(Some(ADA)),
        ..Program::of("zoe")
    };
    let code = Call::on(&ground).answer(Stack::Account, &found);
    assert_eq!(code, PamError::SUCCESS);
    publishing.join().unwrap();
}

#[test]
fn a_broker_that_is_silent_about_a_name_is_waited_for_no_longer_than_a_look_up_may_take() {
    let ground = Ground::new();
    ground.publish(&content(Misses::AskByName));
    let _silent = common::serve(&ground.at("lookup.sock"), vec![vec![]]);
    let code = Call::hurried(&ground).answer(Stack::Account, &Program::of("zoe"));
    assert_eq!(code, PamError::AUTHINFO_UNAVAIL);
}

fn says(outcome: Outcome, message: &str) -> Vec<u8> {
    let step = Step::Verdict {
        outcome,
        message: Some(message.into()),
    };
    steps(&[Step::Working, step])
}

#[test]
fn a_password_is_proved_in_the_first_pass_and_changed_in_the_second() {
    let ground = Ground::new();
    let granted = || verdict(Outcome::Granted);
    let asked = ground.broker(vec![granted(), granted()]);
    let ada = Program::of("ada");
    assert_eq!(Call::on(&ground).answer(PROVING, &ada), PamError::SUCCESS);
    let possible = asked.recv().unwrap();
    assert!(possible.contains(r#"Login.ChangePassword""#), "{possible}");
    assert!(!possible.contains("old") && !possible.contains("new"));
    let proof = asked.recv().unwrap();
    assert!(proof.contains(r#""old":"Y29ycmVjdCBob3JzZQ==""#));
    assert!(!proof.contains("new"));

    std::fs::remove_file(ground.at("root.sock")).unwrap();
    let asked = ground.broker(vec![granted()]);
    assert_eq!(Call::on(&ground).answer(CHANGING, &ada), PamError::SUCCESS);
    let change = asked.recv().unwrap();
    assert!(change.contains(r#""old":"Y29ycmVjdCBob3JzZQ==","new":"YmF0dGVyeSBzdGFwbGU=""#));
    let audit = ground.audit();
    assert!(
        !audit.contains("horse") && !audit.contains("staple"),
        "{audit}"
    );
}

#[test]
fn a_password_that_cannot_be_changed_from_here_is_not_asked_for() {
    let ground = Ground::new();
    let page = "This password is not changed from here: change it at https://id.example.org/";
    let _asked = ground.broker(vec![says(Outcome::CannotChange, page)]);
    let ada = Program::of("ada");
    assert_eq!(
        Call::on(&ground).answer(PROVING, &ada),
        PamError::PERM_DENIED
    );
    assert_eq!((ada.asked.get(), ada.told().as_str()), (0, page));
    for other in ["lou", "nobodyhere"] {
        let other = Program::of(other);
        for pass in [PROVING, CHANGING] {
            let code = Call::on(&ground).answer(pass, &other);
            assert_eq!(code, PamError::USER_UNKNOWN);
        }
        assert_eq!(other.told(), "");
    }
}

#[test]
fn what_the_directory_says_of_a_new_password_reaches_the_person() {
    let check = |reply, expected, told: &str| {
        let ground = Ground::new();
        let _asked = ground.broker(vec![reply]);
        let ada = Program::of("ada");
        let code = Call::on(&ground).answer(CHANGING, &ada);
        assert_eq!(
            (code, ada.told().contains(told)),
            (expected, true),
            "{told}"
        );
    };
    let unfit = says(
        Outcome::Unfit,
        "The directory does not take this password: too short",
    );
    check(unfit, PamError::AUTHTOK_ERR, "too short");
    let doubt = verdict(Outcome::InDoubt);
    check(doubt, PamError::AUTHTOK_ERR, "try the new one first");
    let silence = steps(&[Step::Working]);
    check(silence, PamError::AUTHTOK_ERR, "try the new one first");
    let offline = verdict(Outcome::GrantedOffline);
    check(offline, PamError::AUTHINFO_UNAVAIL, "");
}

#[test]
fn without_a_broker_or_a_new_password_nothing_is_changed() {
    let ground = Ground::new();
    let code = Call::on(&ground).answer(PROVING, &Program::of("ada"));
    assert_eq!(code, PamError::AUTHINFO_UNAVAIL);
    let different = Program {
        new: None,
        ..Program::of("ada")
    };
    let code = Call::on(&ground).answer(CHANGING, &different);
    assert_eq!(code, PamError::AUTHTOK_ERR);
    assert!(ground.audit().contains("no new password was given"));
}

#[test]
fn wrong_arguments_are_logged_and_change_nothing() {
    let ground = Ground::new();
    let _asked = ground.broker(vec![prompt(), verdict(Outcome::Granted)]);
    let call = Call {
        arguments: vec!["nullok".into(), "deb\nug".into()],
        ..Call::on(&ground)
    };
    assert_eq!(call.auth(&Program::of("ada")), PamError::SUCCESS);
    let audit = ground.audit();
    assert!(
        audit.contains(r#"argument "nullok" is unknown and ignored"#),
        "{audit}"
    );
    assert!(
        audit.contains(r#"argument "debug" is unknown and ignored"#),
        "{audit}"
    );
}
