//! Brokers that are not well, and names that they would have to be asked about.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::os::unix::fs::{PermissionsExt, chown};

use common::broker::Broker;
use common::*;
use muster_common::paths;

#[test]
fn nobody_there_to_ask_is_never_no_such_user() {
    on_a_host(|| {
        publish(&asked(ada()));
        let program = compiled("deadline");
        silent(&program, &["nemo", "100", "ada", "70001"]);
        std::fs::remove_dir(paths::RUN_DIR).unwrap();
        silent(&program, &["nemo", "100", "ada", "70001"]);
        std::fs::write(paths::RUN_DIR, "not a folder").unwrap();
        silent(&program, &["nemo", "100", "ada", "70001"]);
        std::fs::remove_file(paths::RUN_DIR).unwrap();
        std::fs::create_dir(paths::RUN_DIR).unwrap();
        std::fs::write(paths::LOOKUP_SOCKET, "not a socket").unwrap();
        silent(&program, &["nemo", "100", "ada", "70001"]);
        std::fs::remove_file(paths::LOOKUP_SOCKET).unwrap();
        drop(Broker::that(&["deaf"]));
        silent(&program, &["nemo", "100", "ada", "70001"]);
    });
}

#[test]
fn a_broker_that_keeps_silent_holds_a_look_up_no_longer_than_its_deadline() {
    on_a_host(|| {
        publish(&asked(ada()));
        let program = compiled("deadline");
        let brokers: [&[&str]; 6] = [
            &["deaf"],
            &["full"],
            &["silent"],
            &["drips", "{\"parameters\":"],
            &["drips", " "],
            &["drips", "[["],
        ];
        for broker in brokers {
            let _standing = Broker::that(broker);
            silent(&program, &["nemo", "3", "ada", "70001"]);
        }
        let stopped = Broker::that(&["says", r#"{"error":"org.muster1.NotFound"}"#]);
        stopped.stop();
        silent(&program, &["nemo", "3", "ada", "70001"]);
    });
}

#[test]
fn a_broker_in_a_place_that_others_can_write_is_not_asked() {
    on_a_host(|| {
        publish(&asked(ada()));
        let program = compiled("deadline");
        let _broker = Broker::that(&["says", r#"{"error":"org.muster1.NotFound"}"#]);
        let folder = paths::RUN_DIR;
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
        silent(&program, &["nemo", "3", "ada", "70001"]);
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
        chown(folder, Some(65_534), None).unwrap();
        silent(&program, &["nemo", "3", "ada", "70001"]);
    });
}

#[test]
fn a_host_without_standard_streams_gets_none() {
    on_a_host(|| {
        let program = compiled("expects");
        silent(&program, &["closed", "ada", "-2", "nemo", "-2"]);
        publish(&ada());
        silent(
            &program,
            &["closed", "ada", "70001", "nemo", "-1", "ada", "70001"],
        );
        publish(&asked(ada()));
        silent(
            &program,
            &["closed", "ada", "70001", "nemo", "-2", "ada", "70001"],
        );
        let _silent = Broker::that(&["silent"]);
        silent(
            &program,
            &["closed", "ada", "70001", "nemo", "-2", "ada", "70001"],
        );
        put(&[0xa7; 65_536]);
        silent(&program, &["closed", "ada", "-2", "nemo", "-2"]);
    });
}

#[test]
fn only_the_brokers_own_word_means_that_there_is_no_such_user() {
    on_a_host(|| {
        publish(&asked(ada()));
        let program = compiled("expects");
        let _broker = Broker::that(&["says", r#"{"error":"org.muster1.NotFound"}"#]);
        silent(&program, &["open", "ada", "70001", "nemo", "-1"]);
        let _broker = Broker::that(&["says", r#"{"error":"org.muster1.Unavailable"}"#]);
        silent(&program, &["open", "ada", "70001", "nemo", "-2"]);
    });
}

/// To tell who else could be the broker would take memory, files and time of the host's own.
#[test]
fn a_listener_who_is_neither_root_nor_the_sockets_owner_is_not_asked() {
    on_a_host(|| {
        publish(&asked(ada()));
        let program = compiled("expects");
        let nobody = r#"{"error":"org.muster1.NotFound"}"#;
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
        let ours = format!("{PLACE}/passwd");
        std::fs::write(&ours, passwd + "muster:x:54321:54321::/:/bin/false\n").unwrap();
        mount(&["--bind", &ours, "/etc/passwd"]);
        for uid in ["54321", "54322"] {
            let _other = Broker::that(&["says", nobody, uid]);
            for streams in ["open", "closed"] {
                silent(&program, &[streams, "ada", "70001", "nemo", "-2"]);
            }
            silent(&compiled("cancel"), &["nemo", "-2"]);
            silent(&compiled("stack"), &["nemo", "-2"]);
            silent(&compiled("memory"), &["-2"]);
        }
        let _owner = Broker::that(&["says", nobody, "54322"]);
        chown(paths::LOOKUP_SOCKET, Some(54_322), None).unwrap();
        silent(&program, &["open", "ada", "70001", "nemo", "-1"]);
    });
}
