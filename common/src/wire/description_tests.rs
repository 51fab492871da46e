//! Holds the `.varlink` files and `message` together: every method is described,
//! with exactly the fields that go over the wire.

mod tokens;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::INTERFACES;
use super::message::*;

/// The description without its comments.
fn text_of(interface: &str) -> String {
    let (_, text) = INTERFACES
        .iter()
        .find(|(name, _)| *name == interface)
        .unwrap();
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The names in the first parentheses after `marker`, and the text behind them.
fn fields_after(text: &str, marker: &str) -> (BTreeSet<String>, String) {
    let start = text.find(marker).unwrap_or_else(|| panic!("no {marker}")) + marker.len();
    let from = &text[start..];
    let (open, close) = (from.find('(').unwrap(), from.find(')').unwrap());
    let names = from[open + 1..close]
        .split(',')
        .filter_map(|field| Some(field.split(':').next()?.trim().to_owned()))
        .filter(|name| !name.is_empty())
        .collect();
    (names, from[close + 1..].to_owned())
}

fn keys(samples: &[Value]) -> BTreeSet<String> {
    samples
        .iter()
        .flat_map(|sample| sample.as_object().unwrap().keys().cloned())
        .collect()
}

fn check<C: Call>(call: &C, replies: &[C::Reply]) {
    let (interface, method) = C::METHOD.rsplit_once('.').unwrap();
    let (requested, behind) = fields_after(&text_of(interface), &format!("method {method}"));
    let (replied, _) = fields_after(&behind, "->");
    let call = [serde_json::to_value(call).unwrap()];
    assert_eq!(requested, keys(&call), "request of {}", C::METHOD);
    assert_eq!(replied, keys(&values(replies)), "reply of {}", C::METHOD);
}

fn values<T: Serialize>(samples: &[T]) -> Vec<Value> {
    let value = |sample| serde_json::to_value(sample).unwrap();
    samples.iter().map(value).collect()
}

fn check_type<T: Serialize>(interface: &str, name: &str, sample: &T) {
    let (described, _) = fields_after(&text_of(interface), &format!("type {name}"));
    assert_eq!(
        described,
        keys(&values(std::slice::from_ref(sample))),
        "{name}"
    );
}

fn every_step() -> Vec<Step> {
    vec![
        Step::Working,
        Step::Prompt {
            text: String::new(),
            echo: false,
        },
        Step::Message {
            text: String::new(),
        },
        Step::Verdict {
            outcome: Outcome::Granted,
            message: Some(String::new()),
        },
    ]
}

#[test]
fn every_method_stands_in_its_interface() {
    for full in METHODS {
        let (interface, method) = full.rsplit_once('.').unwrap();
        assert!(
            text_of(interface).contains(&format!("method {method}(")),
            "{full}"
        );
    }
    for (name, text) in INTERFACES {
        assert!(text.contains(&format!("\ninterface {name}\n")), "{name}");
        let described = text
            .lines()
            .filter(|line| line.starts_with("method "))
            .count();
        let ours = METHODS
            .iter()
            .filter(|full| full.rsplit_once('.').is_some_and(|(i, _)| i == *name))
            .count();
        assert_eq!(described, ours, "{name} describes what we do not have");
    }
}

#[test]
fn every_error_of_ours_stands_in_its_interface() {
    for full in [error::NOT_FOUND, error::UNAVAILABLE, error::BUSY] {
        let (interface, name) = full.rsplit_once('.').unwrap();
        let (fields, _) = fields_after(&text_of(interface), &format!("error {name} "));
        let sample = ErrorParameters {
            reason: Some(String::new()),
        };
        assert_eq!(fields, keys(&values(&[sample])));
    }
}

#[test]
fn requests_and_replies_have_exactly_the_described_fields() {
    let user = UserReply {
        name: String::new(),
        uid: 0,
        gid: 0,
        gecos: String::new(),
        home: String::new(),
        shell: String::new(),
        groups: vec![],
        directory: String::new(),
        key: String::new(),
        id_source: String::new(),
    };
    let group = GroupReply {
        name: String::new(),
        gid: 0,
        members: vec![],
        directory: String::new(),
    };
    let by_user = GetUser {
        name: Some(String::new()),
        uid: Some(0),
    };
    let by_group = GetGroup {
        name: Some(String::new()),
        gid: Some(0),
    };
    check(&by_user, &[user]);
    check(&by_group, &[group]);
    let begin = Begin {
        service: String::new(),
        user: String::new(),
        tty: Some(String::new()),
        remote_host: Some(String::new()),
        calling_uid: 0,
    };
    check(&begin, &every_step());
    let answer = Answer {
        secret: String::new().into(),
    };
    check(&answer, &every_step());
    let password = || Password(String::new().into());
    let change = ChangePassword {
        service: String::new(),
        user: String::new(),
        tty: Some(String::new()),
        remote_host: Some(String::new()),
        calling_uid: 0,
        old: Some(password()),
        new: Some(password()),
    };
    check(&change, &every_step());
    let status = StatusReply {
        publish_error: Some(String::new()),
        ..StatusReply::default()
    };
    check(&Status {}, &[status]);
    let sync = Sync {
        directory: Some(String::new()),
        accept_shrink: Some(true),
    };
    check(&sync, &[SyncReply::default()]);
    let explain = Explain {
        user: String::new(),
        service: String::new(),
    };
    let why = ExplainReply {
        allowed: true,
        decision: String::new(),
        facts: vec![],
    };
    check(&explain, &[why]);
}

#[test]
fn calls_about_sessions_have_exactly_the_described_fields() {
    let token = || SessionToken::of(&crate::secret::Secret::typed(b"token").unwrap());
    let validate = ValidateSession {
        directory: Some(String::new()),
        remote_address: Some(String::new()),
        token: token(),
    };
    let valid = ValidateSessionReply {
        user: Some(String::new()),
        expires: Some(0),
        ..ValidateSessionReply::default()
    };
    check(&validate, &[valid]);
    let end = EndSession {
        directory: Some(String::new()),
        token: token(),
    };
    check(&end, &[EndSessionReply::default()]);
    let ask = FasAsk {
        directory: Some(String::new()),
        after: Some(0),
        ..FasAsk::default()
    };
    let reply = FasAskReply {
        more: Some(0),
        ..FasAskReply::default()
    };
    check(&ask, &[reply]);
}

#[test]
fn an_introduction_has_exactly_the_described_fields() {
    let introduce = Introduce {
        directory: Some(String::new()),
        token: Password(String::new().into()),
    };
    let introduced = IntroduceReply {
        uid: Some(0),
        why: Some(String::new()),
        ..IntroduceReply::default()
    };
    check(&introduce, &[introduced]);
}

#[test]
fn requests_and_replies_about_ids_and_names_have_exactly_the_described_fields() {
    let accept = AcceptName {
        group: false,
        name: String::new(),
    };
    let accepted = AcceptNameReply {
        before: Some(HeldName::default()),
        now: Some(HeldName::default()),
        ..AcceptNameReply::default()
    };
    check(&accept, &[accepted]);
    let names = ListNames {
        group: false,
        after: Some(String::new()),
        claimed: Some(true),
    };
    check(&names, &[ListNamesReply::default()]);
    let ids = ListIds {
        id: Some(0),
        name: Some(String::new()),
        group: Some(true),
        former: Some(true),
        after: Some(0),
    };
    check(&ids, &[ListIdsReply::default()]);
    let (directory, key) = (Some(String::new()), Some(String::new()));
    let unpin = UnpinId {
        directory: directory.clone(),
        key: key.clone(),
        ..UnpinId::default()
    };
    let pin = PinId {
        directory,
        key,
        ..PinId::default()
    };
    let pinned = PinReply {
        refused: Some(String::new()),
        before: Some(0),
        now: Some(IdEntry::default()),
        ..PinReply::default()
    };
    check(&pin, std::slice::from_ref(&pinned));
    check(&unpin, &[pinned]);
    check(&StageImport::default(), &[StageImportReply::default()]);
    check(&CommitImport::default(), &[CommitImportReply::default()]);
}

#[test]
fn calls_about_logins_have_exactly_the_described_fields() {
    let settled = RevokeReply {
        unpublished: Some(String::new()),
        ..RevokeReply::default()
    };
    check(&Revoke::default(), std::slice::from_ref(&settled));
    check(&Unrevoke::default(), &[settled]);
    let page = ListTriesReply {
        more: Some(0),
        ..ListTriesReply::default()
    };
    check(&ListTries { after: Some(0) }, &[page]);
    let clear = ClearTries {
        user: Some(String::new()),
    };
    check(&clear, &[ClearTriesReply::default()]);
    check(&ResetClock {}, &[ResetClockReply::default()]);
    check_type("org.muster1.Admin", "RevokedUser", &RevokedUser::default());
    check_type("org.muster1.Admin", "Tries", &Tries::default());
}

#[test]
fn nested_types_have_exactly_the_described_fields() {
    let directory = DirectoryStatus {
        server: Some(String::new()),
        error: Some(String::new()),
        ..DirectoryStatus::default()
    };
    check_type("org.muster1.Admin", "DirectoryStatus", &directory);
    let outcome = SyncOutcome {
        error: Some(String::new()),
        ..SyncOutcome::default()
    };
    check_type("org.muster1.Admin", "SyncOutcome", &outcome);
    let held = HeldName {
        id: Some(0),
        ..HeldName::default()
    };
    check_type("org.muster1.Admin", "HeldName", &held);
    check_type("org.muster1.Admin", "Claimant", &Claimant::default());
    check_type("org.muster1.Admin", "IdEntry", &IdEntry::default());
    check_type("org.muster1.Admin", "NameEntry", &NameEntry::default());
    let (described, _) = fields_after(&text_of("org.muster1.Login"), "type Step ");
    assert_eq!(described, keys(&values(&every_step())));
    let (described, _) = fields_after(&text_of("org.muster1.Login"), "type Outcome");
    let ours = values(&Outcome::ALL);
    let ours: BTreeSet<String> = ours
        .iter()
        .map(|v| v.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(described, ours);
}
