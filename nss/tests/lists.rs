//! Long lists through glibc: everybody, large groups, users in many groups; complete or not at all.

#![allow(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

mod common;

use std::process::Command;

use common::*;
use muster_common::account::Gid;
use muster_common::snapshot::content::{Content, Misses};

const MANY: u32 = 100_000;

/// `count` users, all of one generation.
fn crowd(count: u32, generation: u32) -> Content {
    let users = (0..count).map(|i| {
        let mut user = user(&format!("u{i}"), 100_000 + i, &[100_000 + i]);
        user.account.gecos = format!("generation {generation}");
        user
    });
    content(Misses::Final, users.collect(), Vec::new())
}

#[test]
fn a_hundred_thousand_users_are_each_listed_once_while_snapshots_are_replaced() {
    on_a_host(|| {
        let generations = [1, 2].map(|generation| bytes(&crowd(MANY, generation)));
        put(&generations[0]);
        let program = compiled("count");
        for how in ["users", "together"] {
            let mut program = start(&program, &[how, &MANY.to_string()]);
            replace_while_running(&mut program, &generations);
            finish(program);
        }
    });
}

#[test]
fn groups_are_shown_with_all_of_their_members_or_none() {
    on_a_host(|| {
        let members = |count| (0..count).map(|i| format!("u{i}"));
        let groups = [("none", 0), ("one", 1), ("all", MANY)];
        let groups = groups.into_iter().zip(90_000..);
        let groups = groups.map(|((name, count), gid)| group(name, gid, members(count)));
        publish(&content(Misses::Final, Vec::new(), groups.collect()));
        silent(&compiled("count"), &["groups"]);
    });
}

#[test]
fn a_user_in_ten_thousand_groups_has_all_of_them() {
    on_a_host(|| {
        let mut content = ada();
        let many = (0..10_000).map(|i| Gid::new(1_000_000 + i).unwrap());
        content.users.first_mut().unwrap().groups = many.collect();
        publish(&content);
        silent(&compiled("count"), &["lists"]);
    });
}

#[test]
fn shadow_lists_and_finds_everybody_with_a_password_that_is_never_right() {
    on_a_host(|| {
        publish(&ada());
        let switch = format!("{PLACE}/nsswitch.conf");
        std::fs::write(switch, "passwd: files muster\nshadow: files muster\n").unwrap();
        let getent = |words: &[&str]| run(Command::new("getent").arg("shadow").args(words));
        assert_eq!(getent(&["ada"]), "ada:*:::::::\n");
        assert!(
            getent(&[]).ends_with("\nada:*:::::::\n"),
            "behind the local ones"
        );
        let nobody = Command::new("getent").args(["shadow", "nemo"]).status();
        assert_eq!(nobody.unwrap().code(), Some(2), "certainly nobody");
    });
}
