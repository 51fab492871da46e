//! fixie-creds' own program, from PyPI, and the registry: the files and tokens of one are
//! verified by the other.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod clients;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use muster_common::registry::fixie::{Entry, generate, hash, hex};
use serde_json::Value;

struct Fixie {
    interpreter: PathBuf,
    folder: tempfile::TempDir,
}

impl Fixie {
    fn new() -> Self {
        let clients = clients::Clients {
            name: "fixie-creds",
            folder: "fixie",
        };
        Self {
            interpreter: clients.interpreter(Path::new("python3")),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// What fixie-creds answers.
    fn ask(&self, words: &[&str], input: &str) -> Value {
        let mut child = Command::new(&self.interpreter)
            .arg(clients::Clients::thirdparty().join("fixie/ask_fixie_creds.py"))
            .arg(self.folder.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn path(&self, user: &str) -> PathBuf {
        self.folder.path().join(format!("{user}.json"))
    }
}

/// Some tokens there have fewer digits than others, since leading zeros are left out.
#[test]
fn what_fixie_creds_registers_is_read_and_its_token_proves_itself_here() {
    let fixie = Fixie::new();
    for number in 0..8 {
        let user = format!("ann{number}");
        let told = fixie.ask(&["register", &user, "ann@x.org"], "");
        let token = told[0].as_str().unwrap();
        let file = std::fs::read(fixie.path(&user)).unwrap();
        let entry = Entry::read(&user, &file).unwrap();
        let (name, kept) = entry.check().unwrap();
        assert_eq!(
            (name.as_str(), entry.email.as_str()),
            (user.as_str(), "ann@x.org")
        );
        assert_eq!(hash(token.as_bytes()), Some(kept));
        assert_eq!(entry.to_file().unwrap().as_bytes(), file);
    }
}

#[test]
fn what_is_written_here_is_verified_reset_and_refused_by_fixie_creds() {
    let fixie = Fixie::new();
    let token = generate().unwrap();
    let entry = Entry {
        email: "bob@x.org".to_owned(),
        hashed_token: hex(&hash(token.as_bytes()).unwrap()),
        user: "bob".to_owned(),
    };
    std::fs::write(fixie.path("bob"), entry.to_file().unwrap()).unwrap();
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(fixie.path("bob"), mode).unwrap();
    let verified = fixie.ask(&["verify", "bob"], &token);
    assert_eq!(verified, serde_json::json!([true, "User verified", true]));
    let other = generate().unwrap();
    let refused = fixie.ask(&["verify", "bob"], &other);
    let expected = serde_json::json!([false, "Invalid token for user bob", true]);
    assert_eq!(refused, expected);
    let wrong = fixie.ask(&["reset", "bob", "eve@x.org"], "");
    assert_eq!(wrong[1], false);
    let reset = fixie.ask(&["reset", "bob", "bob@x.org"], "");
    let file = std::fs::read(fixie.path("bob")).unwrap();
    let (_, kept) = Entry::read("bob", &file).unwrap().check().unwrap();
    assert_eq!(hash(reset[0].as_str().unwrap().as_bytes()), Some(kept));
}
