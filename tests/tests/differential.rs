//! The same users and groups through glibc's `files`, libnss-extrausers and muster: byte for byte the same
//! answers, and with every size of the caller's buffer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::collections::HashMap;
use std::fmt::Write;

use muster_tests::world::World;

const SERVICES: [&str; 3] = ["files", "extrausers", "muster"];
const PROGRAM: &str = include_str!("differential/names.c");

/// passwd(5) and group(5), with `*` as everybody's password, since muster shows no other.
struct Files {
    passwd: String,
    group: String,
}

/// A crowd: many have a group of their own, all are in a few of the others.
fn crowd(users: u32, groups: u32) -> Files {
    let mut files = Files {
        passwd: String::new(),
        group: String::new(),
    };
    let mut members = vec![Vec::new(); groups as usize];
    for i in 0..users {
        let gid = if i % 3 == 0 {
            200_000 + i % groups
        } else {
            100_000 + i
        };
        let line = format!(
            "u{i:05}:*:{}:{gid}:User {i}, Büro {}:/home/u{i:05}:/bin/sh",
            100_000 + i,
            i % 7
        );
        files.passwd += &(line + "\n");
        for hop in 0..i % 5 {
            members[((i * 31 + hop * 977) % groups) as usize].push(format!("u{i:05}"));
        }
    }
    for (members, i) in members.iter().zip(0..) {
        writeln!(
            files.group,
            "g{i:04}:*:{}:{}",
            200_000 + i,
            members.join(",")
        )
        .unwrap();
    }
    files
}

/// A few hundred of all shapes.
fn odd() -> Files {
    let mut files = crowd(200, 60);
    let long = "n".repeat(32);
    let names = ["a", "b.", "c-_", long.as_str()];
    for (name, i) in names.into_iter().zip(1000..) {
        for (text, field) in ["", "x", "Zoë Ümlaut, Zürich", &"g".repeat(512)]
            .into_iter()
            .zip(0..)
        {
            let name = format!("{}{field}", &name[..name.len().min(31)]);
            let id = i * 10 + field;
            writeln!(files.passwd, "{name}:*:{id}:{id}:{text}:{text}:{text}").unwrap();
            writeln!(files.group, "{name}:*:{id}:").unwrap();
        }
    }
    writeln!(
        files.passwd,
        "z:*:4294967294:1000:::\n{long}:*:1000:4294967294::/:"
    )
    .unwrap();
    let stranger = |i: u32| format!("{}{i}", &long[..i as usize % 27]) + "m";
    for count in [1, 2, 3, 7, 8, 9, 100, 5000] {
        let members: Vec<String> = (0..count)
            .map(stranger)
            .map(|name| format!("m{name}"))
            .collect();
        writeln!(
            files.group,
            "with-{count}:*:{}:{}",
            300_000 + count,
            members.join(",")
        )
        .unwrap();
    }
    files
}

impl Files {
    /// A world that knows nobody but these, by each of the services.
    fn world(&self) -> Option<World> {
        let world = World::new()?;
        for folder in ["/etc", "/var/lib/extrausers"] {
            world.write(&format!("{folder}/passwd"), &self.passwd);
            world.write(&format!("{folder}/group"), &self.group);
        }
        let snapshot = "/var/lib/muster/public/snapshot";
        let files = ["--passwd", "/etc/passwd", "--group", "/etc/group"];
        let build = ["muster", "snapshot", "build", "--strict", "--out", snapshot];
        world.run(build.iter().chain(&files)).said();
        world.write("/tmp/names.c", PROGRAM);
        let compile = [
            "cc",
            "-O1",
            "-Wall",
            "-Werror",
            "-o",
            "/tmp/names",
            "/tmp/names.c",
        ];
        world.run(compile).said();
        Some(world)
    }

    /// Every key with the line that answers it: by name and by id.
    fn keys(&self) -> Vec<(String, &str)> {
        let users = self.passwd.lines().map(|line| (["passwd", "uid"], line));
        let groups = self.group.lines().map(|line| (["group", "gid"], line));
        let keys = users.chain(groups).flat_map(|([by_name, by_id], line)| {
            let mut fields = line.split(':');
            let name = fields.next().unwrap_or_default();
            let id = fields.nth(1).unwrap_or_default();
            [
                (format!("{by_name} {name}"), line),
                (format!("{by_id} {id}"), line),
            ]
        });
        keys.collect()
    }

    /// Each user as getgrouplist is asked, and with what it answers.
    fn lists(&self) -> Vec<(String, String)> {
        let mut groups: HashMap<&str, Vec<&str>> = HashMap::new();
        for line in self.group.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            for member in fields[3].split(',') {
                groups.entry(member).or_default().push(fields[2]);
            }
        }
        let lists = self.passwd.lines().map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let (name, gid) = (fields[0], fields[3]);
            let mut list = vec![name, gid];
            list.extend(
                groups
                    .get(name)
                    .into_iter()
                    .flatten()
                    .filter(|other| **other != gid),
            );
            (format!("list {name} {gid}"), list.join(" "))
        });
        lists.collect()
    }
}

/// What the program says about each key.
#[track_caller]
fn ask(world: &World, service: &str, what: [&str; 2], keys: &[impl AsRef<str>]) -> Vec<String> {
    let keys = keys.iter().map(|key| format!("{}\n", key.as_ref()));
    world.write("/tmp/keys", keys.collect::<String>());
    let [what, skew] = what;
    let answers = world.run(["/tmp/names", service, what, skew, "/tmp/keys"]);
    answers.said();
    answers.out.lines().map(str::to_owned).collect()
}

/// Compares line by line, so that a failure shows one of them.
#[track_caller]
fn same<'a>(who: &str, lines: &[String], expected: impl ExactSizeIterator<Item = &'a str>) {
    assert_eq!(lines.len(), expected.len(), "{who}");
    for ((line, expected), number) in lines.iter().zip(expected).zip(1..) {
        assert_eq!(line, expected, "{who}, answer {number}");
    }
}

#[test]
fn ten_thousand_users_and_two_thousand_groups_are_the_same_through_each_service() {
    let files = crowd(10_000, 2000);
    let Some(world) = files.world() else { return };
    let (keys, lists) = (files.keys(), files.lists());
    for service in SERVICES {
        let listed = |database| world.run(["getent", "-s", service, database]);
        assert!(listed("passwd").out == files.passwd, "{service}");
        assert!(listed("group").out == files.group, "{service}");
        // The others read the whole file for each.
        let step = if service == "muster" { 1 } else { 47 };
        let (asked, expected): (Vec<_>, Vec<_>) = keys.iter().cloned().step_by(step).unzip();
        same(
            service,
            &ask(&world, service, ["answers", "0"], &asked),
            expected.into_iter(),
        );
        let (asked, expected): (Vec<_>, Vec<_>) = lists.iter().cloned().step_by(step).unzip();
        let expected = expected.iter().map(String::as_str);
        same(
            service,
            &ask(&world, service, ["answers", "0"], &asked),
            expected,
        );
        let absent = [
            "passwd u1",
            "passwd g0001",
            "uid 99999",
            // Not uid 0: for that libnss-extrausers 0.6 gives the first user of its file.
            "uid 1",
            "group u00001",
            "gid 300000",
            "passwd ",
            "group ",
        ];
        let nobody = ["-"; 8].into_iter();
        same(
            service,
            &ask(&world, service, ["answers", "0"], &absent),
            nobody,
        );
    }
}

#[test]
fn whole_programs_print_the_same_through_each_service() {
    let Some(world) = odd().world() else { return };
    let asked: [&[&str]; 9] = [
        &["id", "u00007"],
        &["id", "u00009"],
        &["id", "u00014"],
        &["id", "a1"],
        &["id", "z"],
        &["id", "nobody-here"],
        &["getent", "passwd", "u00001", "c-_0", "4294967294", "zz"],
        &["getent", "group", "with-9", "g0011", "305000", "zz"],
        &["getent", "group"],
    ];
    let said = SERVICES.map(|service| {
        world.write(
            "/etc/nsswitch.conf",
            format!("passwd: {service}\ngroup: {service}\n"),
        );
        asked.map(|words| {
            let output = world.run(words);
            (output.shown, output.code, output.out, output.err)
        })
    });
    let [files, extrausers, muster] = said;
    assert!(files[0].2.contains("(g00"), "{:?}", files[0]);
    assert_eq!(files, extrausers);
    assert_eq!(files, muster);
}

#[test]
fn every_buffer_size_is_too_small_or_enough_and_muster_needs_no_more_than_files() {
    let files = odd();
    let Some(world) = files.world() else { return };
    let (keys, _): (Vec<_>, Vec<_>) = files.keys().into_iter().unzip();
    let needs = |service: &str, skew: &str| {
        let sizes = ask(&world, service, ["sizes", skew], &keys);
        let size = |line: &String| line.rsplit(' ').next().and_then(|size| size.parse().ok());
        sizes.iter().filter_map(size).collect::<Vec<usize>>()
    };
    for skew in ["0", "5"] {
        let (files, muster) = (needs("files", skew), needs("muster", skew));
        assert_eq!((files.len(), muster.len()), (keys.len(), keys.len()));
        for ((files, muster), key) in files.iter().zip(&muster).zip(&keys) {
            assert!(
                muster <= files,
                "{key}: {muster} bytes, and with `files` {files}"
            );
        }
    }
}

#[test]
fn a_walk_that_meets_too_small_a_buffer_goes_on_with_the_same_record() {
    let files = odd();
    let Some(world) = files.world() else { return };
    let lines = || files.passwd.lines().chain(files.group.lines());
    for service in ["files", "muster"] {
        let walked = ask(&world, service, ["walk", "3"], &[] as &[&str]);
        let expected: Vec<&str> = lines().collect();
        same(service, &walked, expected.into_iter());
    }
}
