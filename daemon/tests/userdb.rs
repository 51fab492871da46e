//! The user database's door over a real socket: what callers hear about ours, locals and hostile snapshots.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread;

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::clock::Time;
use muster_common::name::{DirectoryName, GroupName, UserName};
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord,
};
use muster_common::snapshot::writer;
use muster_daemon::userdb::server::{Caller, Places};
use serde_json::{Value, json};
use tempfile::TempDir;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
const OURS: &str = "org.muster1.UserDatabase";

fn user(name: &str, uid: u32, groups: &[u32]) -> UserRecord {
    UserRecord {
        account: Account {
            name: UserName::new(name).unwrap(),
            uid: Uid::new(uid).unwrap(),
            gid: Gid::new(uid).unwrap(),
            gecos: "Ada Lovelace".into(),
            home: format!("/home/{name}"),
            shell: "/bin/bash".into(),
        },
        groups: groups.iter().map(|gid| Gid::new(*gid).unwrap()).collect(),
        directory: 0,
        access: Access::default(),
        ssh_keys: vec![KEY.into()],
    }
}

fn group(name: &str, gid: u32, members: &[&str]) -> GroupRecord {
    GroupRecord {
        group: Group {
            name: GroupName::new(name).unwrap(),
            gid: Gid::new(gid).unwrap(),
            members: members
                .iter()
                .map(|name| UserName::new(name).unwrap())
                .collect(),
        },
        directory: 0,
    }
}

struct Host {
    _folder: TempDir,
    places: Places,
}

impl Host {
    /// Ada and Bob in engineers; and what a hostile broker would like to be believed.
    fn new(enumerate: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let content = Content {
            created: Time::from_unix(1),
            enumerate,
            directories: vec![DirectoryRecord {
                name: DirectoryName::new("corp").unwrap(),
                misses: Misses::Final,
                synced: Some(Time::from_unix(1)),
            }],
            users: vec![
                user("ada", 20_001, &[20_001, 21_001]),
                user("bob", 20_002, &[20_002, 21_001]),
                user("root", 20_003, &[20_003]),
                user("lou", 20_004, &[20_004]),
                user("mallory", 5000, &[5000]),
            ],
            groups: vec![
                group("engineers", 21_001, &["ada", "bob", "root"]),
                group("sudo", 21_002, &["ada"]),
                group("locals", 21_003, &["ada"]),
            ],
            ..Content::default()
        };
        writer::install(&writer::write(&content, 1).unwrap(), folder.path()).unwrap();
        let etc = folder.path().join("etc");
        std::fs::create_dir(&etc).unwrap();
        std::fs::write(
            etc.join("passwd"),
            "root:x:0:0::/root:/bin/sh\nlou:x:5000:5000::/home/lou:/bin/sh\n",
        )
        .unwrap();
        std::fs::write(etc.join("group"), "root:x:0:\nlocals:x:4000:lou\n").unwrap();
        let places = Places {
            host: folder.path().into(),
            snapshot: folder.path().join("snapshot"),
            owner: rustix::process::geteuid().as_raw(),
        };
        Self {
            _folder: folder,
            places,
        }
    }

    /// Every reply to one call.
    fn ask(&self, method: &str, parameters: &Value, more: bool) -> Vec<Value> {
        let method = format!("io.systemd.UserDatabase.{method}");
        let call = json!({"method": method, "parameters": parameters, "more": more});
        self.said((call.to_string() + "\0").as_bytes())
    }

    fn said(&self, bytes: &[u8]) -> Vec<Value> {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let places = self.places.clone();
        let served = thread::spawn(move || {
            let _ended = Caller::new(&theirs, &places).and_then(|mut caller| caller.serve());
        });
        // Whoever says nonsense may be hung up on while still speaking.
        let _ = ours.write_all(bytes);
        let _ = ours.shutdown(std::net::Shutdown::Write);
        let mut heard = String::new();
        let _ = ours.read_to_string(&mut heard);
        served.join().unwrap();
        let frames = heard.split_terminator('\0');
        frames
            .map(|frame| serde_json::from_str(frame).unwrap())
            .collect()
    }

    fn error(&self, method: &str, parameters: &Value) -> String {
        let replies = self.ask(method, parameters, false);
        let error = replies[0]["error"].as_str().unwrap_or("none");
        error.rsplit('.').next().unwrap().to_owned()
    }
}

#[test]
fn a_user_is_found_by_name_by_id_and_by_both() {
    let host = Host::new(false);
    for question in [
        json!({"userName": "ada", "service": OURS}),
        json!({"uid": 20_001, "service": OURS}),
        json!({"userName": "ada", "uid": 20_001, "service": OURS}),
    ] {
        let replies = host.ask("GetUserRecord", &question, true);
        assert_eq!(replies.len(), 1);
        let record = &replies[0]["parameters"]["record"];
        assert_eq!(record["userName"], "ada");
        assert_eq!(record["uid"], 20_001);
        assert_eq!(record["realName"], "Ada Lovelace");
        assert_eq!(record["homeDirectory"], "/home/ada");
        assert_eq!(record["service"], OURS);
        assert_eq!(record["disposition"], "regular");
    }
}

#[test]
fn ssh_keys_are_in_the_section_that_only_root_is_shown() {
    let host = Host::new(false);
    let replies = host.ask(
        "GetUserRecord",
        &json!({"userName": "ada", "service": OURS}),
        false,
    );
    let parameters = &replies[0]["parameters"];
    let privileged = &parameters["record"]["privileged"];
    if rustix::process::geteuid().is_root() {
        assert_eq!(privileged["sshAuthorizedKeys"], json!([KEY]));
        assert_eq!(parameters["incomplete"], false);
    } else {
        assert_eq!(privileged, &Value::Null);
        assert_eq!(parameters["incomplete"], true);
    }
}

#[test]
fn nobody_local_reserved_or_of_the_system_is_ever_answered() {
    let host = Host::new(true);
    for name in ["root", "lou", "mallory", "nobodyhere", "a b", ""] {
        let question = json!({"userName": name, "service": OURS});
        assert_eq!(
            host.error("GetUserRecord", &question),
            "NoRecordFound",
            "{name}"
        );
    }
    for uid in [0u32, 5000, 20_003, 999, 65_534, u32::MAX] {
        let question = json!({"uid": uid, "service": OURS});
        assert_eq!(
            host.error("GetUserRecord", &question),
            "NoRecordFound",
            "{uid}"
        );
    }
    for name in ["sudo", "locals", "root"] {
        let question = json!({"groupName": name, "service": OURS});
        assert_eq!(
            host.error("GetGroupRecord", &question),
            "NoRecordFound",
            "{name}"
        );
    }
    let listed = host.ask("GetUserRecord", &json!({"service": OURS}), true);
    let names: Vec<_> = listed
        .iter()
        .map(|reply| reply["parameters"]["record"]["userName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ada", "bob"]);
    assert_eq!(listed[0]["continues"], true);
    assert_eq!(listed[1].get("continues"), None);
}

#[test]
fn memberships_go_both_ways_and_never_into_a_local_or_reserved_group() {
    let host = Host::new(true);
    let pairs = |question: &Value| -> Vec<(String, String)> {
        let replies = host.ask("GetMemberships", question, true);
        let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
        let pair = |reply: &Value| {
            let parameters = &reply["parameters"];
            (
                text(&parameters["userName"]),
                text(&parameters["groupName"]),
            )
        };
        replies.iter().map(pair).collect()
    };
    let own = |user: &str| (user.to_owned(), "engineers".to_owned());
    assert_eq!(
        pairs(&json!({"userName": "ada", "service": OURS})),
        [own("ada")]
    );
    let both = [own("ada"), own("bob")];
    assert_eq!(
        pairs(&json!({"groupName": "engineers", "service": OURS})),
        both
    );
    assert_eq!(pairs(&json!({"service": OURS})), both);
    let one = json!({"userName": "bob", "groupName": "engineers", "service": OURS});
    assert_eq!(pairs(&one), [own("bob")]);
    for (user, group) in [("ada", "sudo"), ("root", "engineers"), ("ada", "locals")] {
        let question = json!({"userName": user, "groupName": group, "service": OURS});
        assert_eq!(host.error("GetMemberships", &question), "NoRecordFound");
    }
}

#[test]
fn errors_are_those_of_the_interface() {
    let host = Host::new(false);
    let other = json!({"userName": "ada", "service": "io.systemd.DropIn"});
    assert_eq!(host.error("GetUserRecord", &other), "BadService");
    let conflict = json!({"userName": "ada", "uid": 20_002, "service": OURS});
    assert_eq!(
        host.error("GetUserRecord", &conflict),
        "ConflictingRecordFound"
    );
    for method in ["GetUserRecord", "GetGroupRecord", "GetMemberships"] {
        let all = json!({"service": OURS});
        assert_eq!(host.error(method, &all), "EnumerationNotSupported");
    }
    assert_eq!(host.error("SetUserRecord", &json!({})), "MethodNotFound");
    std::fs::write(&host.places.snapshot, [0x5a; 8192]).unwrap();
    let ada = json!({"userName": "ada", "service": OURS});
    assert_eq!(host.error("GetUserRecord", &ada), "ServiceNotAvailable");
}

#[test]
fn nonsense_ends_the_connection_and_nothing_else() {
    let host = Host::new(false);
    for bytes in [
        &b"not json\0"[..],
        b"{}",
        b"\0\0\0",
        &[b' '; 70_000],
        b"{\"method\":1}\0",
    ] {
        assert_eq!(host.said(bytes), Vec::<Value>::new());
    }
    let described = b"{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"io.systemd.UserDatabase\"}}\0";
    let replies = host.said(described);
    let text = replies[0]["parameters"]["description"].as_str().unwrap();
    assert!(text.contains("method GetMemberships("));
}

#[test]
fn the_place_of_the_socket_is_the_service_that_records_name() {
    let unit =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../packaging/systemd/muster-userdb.socket");
    let unit = std::fs::read_to_string(unit).unwrap();
    assert!(unit.contains(&format!("ListenStream=/run/systemd/userdb/{OURS}\n")));
    assert_eq!(OURS, muster_daemon::userdb::SERVICE);
}
