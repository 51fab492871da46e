//! The publisher through its socket: what a broker gets served, and what a hostile one does not.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod amendments;
mod host;

use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use host::{CONFIG, Host, WAIT, content, group, user_names};
use muster_common::account::Gid;
use muster_common::clock::Clock;
use muster_common::snapshot::content::Content;
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer;
use muster_common::wire::publish::{self, Offer, PublishError};

#[test]
fn what_the_broker_hands_over_is_served_by_root() {
    let host = Host::new();
    let published = host.publish(&content(&[("ada", 20_000), ("eve", 20_001)]));
    assert_eq!(
        (published.generation, published.users, published.groups),
        (1, 2, 2)
    );
    assert_eq!(published.refusals, []);
    assert_eq!(user_names(&host.served()), ["ada", "eve"]);
    let status = std::fs::metadata(host.snapshot()).unwrap();
    assert_eq!(status.mode() & 0o7777, 0o644);
    let folder = std::fs::metadata(host.path("lib/public")).unwrap();
    assert_eq!(folder.mode() & 0o7777, 0o755);
}

#[test]
fn what_is_handed_over_without_indexes_is_served_with_them() {
    let host = Host::new();
    let candidate = writer::candidate(&content(&[("ada", 20_000), ("eve", 20_001)])).unwrap();
    let published = publish::publish(&host.socket(), Offer::Whole, &candidate, WAIT).unwrap();
    assert_eq!((published.users, published.refused_total), (2, 0));
    let owner = rustix::process::geteuid().as_raw();
    let served = Snapshot::open_trusted_by(&host.snapshot(), owner).unwrap();
    for name in ["ada", "eve"] {
        assert!(served.user_by_name(name).unwrap().is_some(), "{name}");
    }
}

#[test]
fn a_hostile_candidate_makes_nobody_root_and_no_local_account() {
    let host = Host::new();
    let mut said = content(&[
        ("ada", 20_000),
        ("root", 20_001),
        ("bob", 20_002),
        ("eve", 20_999),
        ("mel", 30_500),
    ]);
    said.groups.push(group("sudo", 20_010, &["ada"]));
    said.users[0].groups.push(Gid::new(20_010).unwrap());
    said.id_ranges = vec![0..=u32::MAX];
    said.enumerate = true;
    let published = host.publish(&said);
    let served = host.served();
    assert_eq!(user_names(&served), ["ada"]);
    assert_eq!(served.users[0].groups, [Gid::new(20_000).unwrap()]);
    assert_eq!(served.groups.len(), 1);
    assert!(!served.enumerate);
    assert!(
        served
            .id_ranges
            .iter()
            .all(|range| *range.start() >= 20_000)
    );
    assert_eq!(published.refused_total, 9);
    let told: Vec<_> = published.refusals.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    for words in [
        "user root has the name",
        "group sudo has a reserved name",
        "user mel has the id 30500",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn unchanged_content_is_not_written_again_and_changed_content_is() {
    let host = Host::new();
    let mut said = content(&[("ada", 20_000)]);
    assert_eq!(host.publish(&said).generation, 1);
    let file = || std::fs::metadata(host.snapshot()).unwrap().ino();
    let first = file();

    let moved = |said: &mut Content, by: Duration| {
        host.clock.advance(by);
        said.created = host.clock.now();
        said.directories[0].synced = Some(host.clock.now());
        said.users[0].access.until = said.users[0].access.until.after(by);
    };
    moved(&mut said, Duration::from_secs(900));
    assert_eq!(host.publish(&said).generation, 1);
    assert_eq!(file(), first);

    moved(&mut said, Duration::from_secs(3600));
    assert_eq!(host.publish(&said).generation, 2);
    assert_ne!(file(), first);

    said.users[0].access.allowed = 0;
    assert_eq!(host.publish(&said).generation, 3);
    said.users[0].access.until = host.clock.now();
    assert_eq!(host.publish(&said).generation, 4);
    said.users[0].account.gecos = "Ada".to_owned();
    assert_eq!(host.publish(&said).generation, 5);
}

#[test]
fn roots_configuration_and_local_accounts_count_as_they_are_at_that_moment() {
    let host = Host::new();
    let said = content(&[("ada", 20_000), ("eve", 20_001)]);
    assert_eq!(host.publish(&said).users, 2);

    host.write(
        "etc/passwd",
        "root:x:0:0::/root:/bin/sh\neve:x:1000:1000::/home/eve:/bin/sh\n",
    );
    assert_eq!(host.publish(&said).users, 1);
    assert_eq!(user_names(&host.served()), ["ada"]);

    host.write("etc/muster.toml", &CONFIG.replace("20000", "21000"));
    assert_eq!(host.publish(&said).users, 0);

    host.write("etc/muster.toml", "version = 3");
    let error = host.refused(&writer::write(&said, 1).unwrap());
    assert!(
        error.contains("configuration") && error.contains("version"),
        "{error}"
    );
    assert_eq!(host.served().users.len(), 0);
}

#[test]
fn a_drop_in_counts_from_the_next_candidate_and_a_broken_one_leaves_what_was_served() {
    let host = Host::new();
    let said = content(&[("ada", 20_000), ("eve", 20_001)]);
    assert_eq!(host.publish(&said).users, 2);

    std::fs::create_dir(host.path("etc/muster.d")).unwrap();
    host.write(
        "etc/muster.d/10-ids.toml",
        "[ids]\naccept = [20001, 20999]\n",
    );
    assert_eq!(host.publish(&said).users, 1);
    assert_eq!(user_names(&host.served()), ["eve"]);

    host.write(
        "etc/muster.d/10-ids.toml",
        "[ids]\naccept = [20000, 20000]\n",
    );
    assert_eq!(host.publish(&said).users, 1);
    assert_eq!(user_names(&host.served()), ["ada"]);

    host.write("etc/muster.d/20-broken.toml", "[ids\n");
    let error = host.refused(&writer::write(&said, 1).unwrap());
    assert!(error.contains("20-broken.toml:1"), "{error}");
    assert_eq!(user_names(&host.served()), ["ada"]);

    std::fs::remove_dir_all(host.path("etc/muster.d")).unwrap();
    assert_eq!(host.publish(&said).users, 2);
}

#[test]
fn a_drop_in_that_others_can_write_is_not_followed() {
    let host = Host::new();
    std::fs::create_dir(host.path("etc/muster.d")).unwrap();
    host.write("etc/muster.d/10-ids.toml", "");
    let mode = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(host.path("etc/muster.d/10-ids.toml"), mode).unwrap();
    let error = host.refused(&writer::write(&content(&[]), 1).unwrap());
    assert!(
        error.contains("10-ids.toml is not to be trusted"),
        "{error}"
    );
}

#[test]
fn a_configuration_that_others_can_write_is_not_followed() {
    let host = Host::new();
    let mode = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(host.path("etc/muster.toml"), mode).unwrap();
    let error = host.refused(&writer::write(&content(&[]), 1).unwrap());
    assert!(error.contains("not to be trusted"), "{error}");
}

#[test]
fn a_damaged_snapshot_is_replaced() {
    let host = Host::new();
    host.publish(&content(&[("ada", 20_000)]));
    std::fs::write(host.snapshot(), b"not a snapshot").unwrap();
    let published = host.publish(&content(&[("ada", 20_000)]));
    assert_eq!(published.generation, 2);
    assert_eq!(user_names(&host.served()), ["ada"]);
}

#[test]
fn nothing_is_put_into_a_folder_that_others_can_write() {
    let host = Host::new();
    std::fs::create_dir(host.path("lib/public")).unwrap();
    let mode = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(host.path("lib/public"), mode).unwrap();
    let error = host.refused(&writer::write(&content(&[]), 1).unwrap());
    assert!(error.contains("nobody else may write"), "{error}");
    assert!(!host.snapshot().exists());
}

#[test]
fn whatever_a_broken_peer_sends_the_next_one_is_served() {
    let host = Host::new();
    let candidate = writer::write(&content(&[("ada", 20_000)]), 1).unwrap();

    // Bytes that are no snapshot, and a snapshot with a byte changed here and there.
    assert!(host.refused(&[0xa5; 4096]).contains("no snapshot"));
    assert!(host.refused(b"").contains("too short"));
    for at in (0..candidate.len()).step_by(97) {
        let mut changed = candidate.clone();
        changed[at] ^= 0x40;
        let _either = publish::publish(&host.socket(), Offer::Whole, &changed, WAIT);
    }

    // A descriptor that is no sealed memfd.
    let file = std::fs::File::open(host.path("etc/passwd")).unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::MemfdFlags::ALLOW_SEALING;
    let unsealed = rustix::fs::memfd_create("unsealed", flags).unwrap();
    let half = rustix::fs::memfd_create("half", flags).unwrap();
    rustix::fs::fcntl_add_seals(&half, rustix::fs::SealFlags::WRITE).unwrap();
    let wrong: [&dyn AsFd; 4] = [&file, &pipe, &unsealed, &half];
    for descriptor in wrong {
        let answer = host.say(Offer::Whole.greeting(), Some(descriptor));
        assert!(answer.contains("no memfd with all seals"), "{answer}");
    }

    // More than any snapshot can have, without a byte of it in memory.
    let huge = rustix::fs::memfd_create("huge", flags).unwrap();
    rustix::fs::ftruncate(&huge, 1 << 40).unwrap();
    rustix::fs::fcntl_add_seals(&huge, publish::SEALS).unwrap();
    let answer = host.say(Offer::Whole.greeting(), Some(&huge));
    assert!(answer.contains("too long"), "{answer}");

    // No descriptor, another protocol, and nothing at all.
    let answer = host.say(Offer::Whole.greeting(), None);
    assert!(answer.contains("exactly one descriptor"), "{answer}");
    let answer = host.say(b"GET / HTTP/1.0\r\n\r\n", None);
    assert!(answer.contains("protocol"), "{answer}");
    drop(UnixStream::connect(host.socket()).unwrap());

    assert_eq!(host.publish(&content(&[("ada", 20_000)])).users, 1);
}

#[test]
fn a_peer_that_says_nothing_is_given_up() {
    let host = Host::new();
    let silent = UnixStream::connect(host.socket()).unwrap();
    let published = host.publish(&content(&[("ada", 20_000)]));
    assert_eq!(published.users, 1);
    drop(silent);
}

#[test]
fn a_publisher_that_is_not_there_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        publish::publish(&folder.path().join("nobody"), Offer::Whole, b"", WAIT).unwrap_err();
    assert!(matches!(error, PublishError::Unreachable(_)), "{error}");
}

#[test]
fn only_root_and_the_broker_may_publish() {
    if !rustix::process::geteuid().is_root() {
        return; // only root can become somebody else
    }
    let host = Host::new();
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(host.socket(), open).unwrap();
    std::fs::set_permissions(host.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let as_user = |uid: u32| {
        // Only this thread becomes somebody else, and it ends here.
        let socket = host.socket();
        let candidate = writer::write(&content(&[]), 1).unwrap();
        let asked = std::thread::spawn(move || {
            let id = rustix::process::Uid::from_raw(uid);
            rustix::thread::set_thread_res_uid(id, id, id).unwrap();
            publish::publish(&socket, Offer::Whole, &candidate, WAIT)
        });
        asked.join().unwrap()
    };
    let error = as_user(54_321).unwrap_err().to_string();
    assert!(error.contains("the user 54321 may not publish"), "{error}");

    let passwd = std::fs::read_to_string(host.path("etc/passwd")).unwrap();
    host.write(
        "etc/passwd",
        &(passwd + "muster:x:54321:54321::/:/usr/sbin/nologin\n"),
    );
    assert!(as_user(54_321).is_ok());
}

#[test]
fn a_socket_is_bound_for_its_owner_and_group_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (uid, gid) = (
        rustix::process::geteuid().as_raw(),
        rustix::process::getegid().as_raw(),
    );
    let path = folder.path().join("run/publish.sock");
    let listener = muster_daemon::publish::socket::bind(&path, uid, gid).unwrap();
    let status = std::fs::metadata(&path).unwrap();
    assert_eq!(status.mode() & 0o7777, 0o660);
    let run = Path::new(&path).parent().unwrap();
    assert_eq!(std::fs::metadata(run).unwrap().mode() & 0o7777, 0o755);
    drop(UnixStream::connect(&path).unwrap());
    drop(listener);

    // A second start takes the place of the first.
    muster_daemon::publish::socket::bind(&path, uid, gid).unwrap();
    std::fs::set_permissions(run, std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(muster_daemon::publish::socket::bind(&path, uid, gid).is_err());
}
