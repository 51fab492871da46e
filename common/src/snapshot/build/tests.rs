//! passwd(5) and group(5) turned into snapshots and back, sound, odd and hostile ones.

use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;

use super::{Built, Source, Sources, Weight, build, put};
use crate::clock::Time;
use crate::name::NameRule;
use crate::snapshot::content::{AccessAnswer, Content};
use crate::snapshot::reader::Snapshot;
use crate::snapshot::text::{write_group, write_initgroups, write_passwd};
use crate::snapshot::writer::{WriteError, write};

fn built(passwd: impl AsRef<[u8]>, group: impl AsRef<[u8]>) -> Built {
    let sources = Sources {
        passwd: passwd.as_ref(),
        group: group.as_ref(),
        names: &NameRule::default(),
    };
    build(sources, Time::from_unix(5)).unwrap()
}

/// The content as the file has it.
fn served(built: &Built) -> Content {
    let bytes = write(&built.content, 1).unwrap();
    let content = Snapshot::from_bytes(&bytes).unwrap().verified().unwrap();
    assert_eq!(content, built.content);
    content
}

/// The three texts of what is served.
fn dumped(built: &Built) -> [String; 3] {
    let content = served(built);
    let mut texts = [const { Vec::new() }; 3];
    let [passwd, group, initgroups] = &mut texts;
    write_passwd(&content.users, passwd).unwrap();
    write_group(&content.groups, group).unwrap();
    write_initgroups(&content.users, initgroups).unwrap();
    texts.map(|text| String::from_utf8(text).unwrap())
}

/// What is said, each as `line: name why`.
fn said(built: &Built, source: Source, weight: Weight) -> Vec<String> {
    let remarks = built.remarks.iter();
    let remarks = remarks.filter(|remark| (remark.source, remark.weight) == (source, weight));
    remarks
        .map(|remark| format!("{}: {} {}", remark.line, remark.name, remark.why))
        .collect()
}

#[test]
fn groups_are_in_the_order_of_the_group_file_with_the_primary_one_first() {
    let built = built(
        "ada:x:10001:10001:Ada L:/home/ada:/bin/sh\nbob:x:10002:12000:::\n",
        "team:x:12000:ada,bob\nada:x:10001:ada\nops:x:9000:bob,stranger,ada,ada\nidle:x:9001:\n",
    );
    assert!(built.remarks.is_empty());
    let [passwd, group, initgroups] = dumped(&built);
    assert_eq!(
        passwd,
        "ada:*:10001:10001:Ada L:/home/ada:/bin/sh\nbob:*:10002:12000:::\n"
    );
    assert_eq!(
        group,
        "team:*:12000:ada,bob\nada:*:10001:ada\nops:*:9000:bob,stranger,ada,ada\nidle:*:9001:\n"
    );
    assert_eq!(
        initgroups,
        "ada                   10001 12000 9000\nbob                   12000 9000\n"
    );
}

#[test]
fn nobody_is_let_in_by_a_built_snapshot_now_or_later() {
    let built = built("ada:x:10001:10001:::\n", "");
    let access = built.content.users[0].access;
    for now in [0, 1_800_000_000, u64::MAX - 1] {
        for service in [None, Some(0), Some(62)] {
            let answer = access.answer(service, Time::from_unix(now));
            assert_eq!(answer, AccessAnswer::Denied, "{service:?} at {now}");
        }
    }
}

#[test]
fn each_line_that_cannot_be_served_is_listed_with_its_number_and_the_others_are_served() {
    let check = |line: &[u8], why: &str| {
        let passwd = [b"ada:x:10001:10001:::\n", line, b"\nbob:x:10002:10002:::"].concat();
        let built = built(passwd, "");
        let refused = said(&built, Source::Passwd, Weight::Refused);
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(
            refused[0].starts_with("2: ") && refused[0].contains(why),
            "{refused:?}"
        );
        let [passwd, ..] = dumped(&built);
        assert_eq!(passwd, "ada:*:10001:10001:::\nbob:*:10002:10002:::\n");
    };
    check(b"root:x:10003:10003:::", "has a reserved name");
    check(b"Eve:x:10003:10003:::", "not in its canonical form, eve");
    check(
        b"e e:x:10003:10003:::",
        "has a name that holds the character ' '",
    );
    check(
        b"e\0e:x:10003:10003:::",
        "has a name that holds the character '\\0'",
    );
    check(b"e\xffe:x:10003:10003:::", "has a name that is not UTF-8");
    check(
        "zoë:x:10003:10003:::".as_bytes(),
        "has a name that holds the character 'ë'",
    );
    check(b"0:x:10003:10003:::", "is all digits");
    check(b":x:10003:10003:::", "has a name that is empty");
    check(
        &[&b"e".repeat(33)[..], b":x:10003:10003:::"].concat(),
        "longer than 32 bytes",
    );
    check(b"+:x:10003:10003:::", "NIS is not asked here");
    check(b"-eve:::::::", "NIS is not asked here");
    check(
        b" eve:x:10003:10003:::",
        "has a name that holds the character ' '",
    );
    check(
        b"eve:x:999:10003:::",
        "has a uid that cannot be served: id 999",
    );
    check(b"eve:x:10003:0:::", "has a gid that cannot be served: id 0");
    check(b"eve:x:65534:10003:::", "reserved by the system");
    for id in [
        "",
        "-1",
        "+10003",
        "010003",
        " 10003",
        "10003 ",
        "1e4",
        "0x2713",
        "4294967296",
        "99999999999999999999",
        "10\r003",
    ] {
        check(
            format!("eve:x:{id}:10003:::").as_bytes(),
            "which is no plain number",
        );
        check(
            format!("eve:x:10003:{id}:::").as_bytes(),
            "which is no plain number",
        );
    }
    check(b"eve:x:10003:10003::", "has 6 fields");
    check(b"eve", "has 1 fields");
    check(b"eve:x:10003:10003::::", "has 8 fields");
    check(
        b"eve:x:10003:10003:::/bin/sh\r",
        "has a shell with a control",
    );
    check(
        b"eve:x:10003:10003:a\0b::",
        "has a full name with a control",
    );
    check(
        b"eve:x:10003:10003:\x1b[2J::",
        "has a full name with a control",
    );
    check(
        "eve:x:10003:10003:\u{202e}evil::".as_bytes(),
        "has a full name with a control",
    );
    check(
        b"eve:x:10003:10003:Z\xfcrich::",
        "has a full name that is not UTF-8",
    );
    check(
        &[b"eve:x:10003:10003:", &b"g".repeat(65_535)[..], b"::"].concat(),
        "more than 512 bytes",
    );
    check(
        &[b"eve:x:10003:10003::/", &b"h".repeat(4096)[..], b":"].concat(),
        "more than 4096 bytes",
    );
    check(b"ada:x:10003:10003:::", "has the name of line 1");
    check(b"eve:x:10001:10003:::", "has the uid 10001 of line 1");
}

#[test]
fn what_no_group_can_be_is_listed_and_what_no_member_can_be_is_left_out() {
    let group = "team:x:12000:ada, bob,bad:name\n\
                 team:x:12000:ada, bob,Bob,-x,,carol,\n\
                 team:x:12001:\nother:x:12000:\nsudo:x:12002:ada\nlow:x:27:ada\ncr:x:12003:\r\n+:::";
    let built = built("", group);
    assert_eq!(
        said(&built, Source::Group, Weight::Refused),
        [
            "1: team has 5 fields, and a line of group(5) has 4",
            "2: team loses the member  bob, which holds the character ' ', which names may not hold here",
            "2: team loses the member Bob, which is not in the canonical form of names",
            "2: team loses the member -x, which starts with '-', which names may not start with here",
            "3: team has the name of line 2, which is served",
            "4: other has the gid 12000 of line 2, which is served",
            "5: sudo has a reserved name: whoever is called so is the superuser or may become it by common rules of sudo, su and polkit",
            "6: low has a gid that cannot be served: id 27 is below 1000: it belongs to the system",
            "7: cr loses the member , which holds the character '\\r', which names may not hold here",
            "8: + starts with '+': NIS is not asked here",
        ]
    );
    let [_, group, _] = dumped(&built);
    assert_eq!(group, "team:*:12000:ada,carol\ncr:*:12003:\n");
}

#[test]
fn comments_and_empty_lines_are_no_lines_and_files_may_end_without_a_newline() {
    let built = built(
        "# users\n\n   \nada:*:10001:10001:::/bin/sh",
        "\n#ada:x:1:\nada:*:10001:ada",
    );
    assert!(built.remarks.is_empty());
    let [passwd, group, _] = dumped(&built);
    assert_eq!(passwd, "ada:*:10001:10001:::/bin/sh\n");
    assert_eq!(group, "ada:*:10001:ada\n");
}

#[test]
fn a_password_in_the_files_is_said_and_neither_taken_along_nor_shown() {
    let hash = "$6$salt$hash";
    let passwd = format!("a:{hash}:10001:1001:::\nb::10002:1001:::\nc:!{hash}:10003:1001:::\n");
    let silent = "d:x:10004:1001:::\ne:*:10005:1001:::\nf:!!:10006:1001:::\n";
    let group = format!("g:{hash}:10001:\nh:!:10002:\ni::10003:\n");
    let built = built(passwd + silent, group);
    let noted = |source| said(&built, source, Weight::Noted);
    let lines = |said: Vec<String>| {
        said.into_iter()
            .map(|line| line[..4].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(noted(Source::Passwd)), ["1: a", "3: c"]);
    assert_eq!(lines(noted(Source::Group)), ["1: g"]);
    let bytes = write(&built.content, 1).unwrap();
    let holds_hash = |bytes: &[u8]| {
        bytes
            .windows(hash.len())
            .any(|part| part == hash.as_bytes())
    };
    assert!(!holds_hash(&bytes));
    assert!(!holds_hash(format!("{:?}", built.remarks).as_bytes()));
}

#[test]
fn a_line_of_a_hundred_million_bytes_is_refused_and_its_neighbours_are_served() {
    let count = if cfg!(miri) { 1 << 10 } else { 100_000_000 };
    let mut passwd = b"ada:x:10001:10001:::\n".to_vec();
    passwd.resize(passwd.len() + count, b'a');
    passwd.extend(b"\nbob:x:10002:10002:::");
    let built = built(&passwd, &passwd);
    assert_eq!(said(&built, Source::Passwd, Weight::Refused).len(), 1);
    assert_eq!(said(&built, Source::Group, Weight::Refused).len(), 3);
    assert!(built.remarks.iter().all(|remark| remark.name.len() < 100));
    assert_eq!(served(&built).users.len(), 2);
}

#[test]
fn ten_thousand_groups_of_one_user_and_a_hundred_thousand_members_of_one_group_are_served() {
    let (groups, members) = if cfg!(miri) {
        (10, 20)
    } else {
        (10_000, 100_000)
    };
    let names: Vec<String> = (0..members).map(|i| format!("m{i}")).collect();
    let mut group = format!("crowd:x:5000:{}\n", names.join(","));
    for i in 0..groups {
        group.push_str(&format!("g{i}:x:{}:joiner\n", 1_000_000 + i));
    }
    let built = built("joiner:x:10001:5000:::\nm7:x:10002:10002:::\n", &group);
    assert!(built.remarks.is_empty());
    let content = served(&built);
    assert_eq!(content.users[0].groups.len(), groups + 1);
    assert_eq!(content.users[1].groups.len(), 2);
    assert_eq!(content.groups[0].group.members.len(), members);
}

#[test]
fn further_characters_of_names_can_be_allowed() {
    let sources = Sources {
        passwd: b"ada@example.org:x:10001:10001:::\n",
        group: b"team:x:12000:ada@example.org\n",
        names: &NameRule::with_extra("@").unwrap(),
    };
    let built = build(sources, Time::from_unix(5)).unwrap();
    assert!(built.remarks.is_empty());
    assert_eq!(built.content.users[0].groups.len(), 2);
}

#[test]
fn a_file_is_put_in_place_whole_readable_by_all_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = write(&built("ada:x:10001:10001:::\n", "").content, 1).unwrap();
    for name in ["snapshot", "other"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "what stood there").unwrap();
        put(&bytes, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o644);
    }
    let kept = folder.path().join("folder");
    std::fs::create_dir(&kept).unwrap();
    let refused = put(&bytes, &kept);
    assert!(matches!(refused, Err(WriteError::Io { .. })));
    assert!(put(&bytes, &folder.path().join("missing/snapshot")).is_err());
    assert_eq!(folder.path().read_dir().unwrap().count(), 3);
}

/// Names in canonical form that nobody has reserved.
fn name() -> impl Strategy<Value = String> {
    let rest = prop::sample::select("abz09_.-".chars().collect::<Vec<_>>());
    let rest = prop::collection::vec(rest, 0..30);
    rest.prop_map(|rest| {
        rest.into_iter()
            .fold("u".to_owned(), |name, c| name + &c.to_string())
    })
}

/// Text for a field.
fn field() -> impl Strategy<Value = String> {
    let letter = prop::sample::select("aZ 0/,.\"'\\%*ü€𝄞".chars().collect::<Vec<_>>());
    prop::collection::vec(letter, 0..12).prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 300 }))]

    #[test]
    fn sound_files_are_dumped_as_they_were_read(
        people in prop::collection::btree_map(name(), [field(), field(), field()], 0..30),
        teams in prop::collection::btree_map(name(), prop::collection::vec(name(), 0..20), 0..30),
        start in 65_536u32..4_000_000_000,
    ) {
        let ids = start..;
        let passwd: String = people.iter().zip(ids.clone())
            .map(|((name, [gecos, home, shell]), id)| {
                format!("{name}:*:{id}:{}:{gecos}:{home}:{shell}\n", id ^ 1)
            })
            .collect();
        let group: String = teams.iter().zip(ids)
            .map(|((name, members), id)| format!("{name}:*:{id}:{}\n", members.join(",")))
            .collect();
        let built = built(&passwd, &group);
        prop_assert_eq!(&built.remarks, &[]);
        let [dumped_passwd, dumped_group, _] = dumped(&built);
        prop_assert_eq!(dumped_passwd, passwd);
        prop_assert_eq!(dumped_group, group);
    }

    #[test]
    fn files_of_any_bytes_make_a_sound_snapshot(
        passwd in prop::collection::vec(prop::sample::select(b"a:\n1x,+# 0\xff\0".to_vec()), 0..400),
        ids in prop::collection::vec((field(), any::<u32>(), any::<u32>()), 0..20),
    ) {
        let mut text = passwd;
        for (name, uid, gid) in ids {
            text.extend(format!("\n{name}:x:{uid}:{gid}:::").as_bytes());
        }
        served(&built(&text, &text));
    }
}
