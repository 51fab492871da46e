//! Any bytes as passwd(5) and group(5), cut at the first byte 0xfe: what is built of them is a sound
//! snapshot, and what is dumped of that is built again without a remark.

#![no_main]

use libfuzzer_sys::fuzz_target;
use muster_common::clock::Time;
use muster_common::name::NameRule;
use muster_common::snapshot::build::{Built, Sources, Weight, build};
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::text::{write_group, write_passwd};
use muster_common::snapshot::writer::write;

/// Where group(5) starts.
const BORDER: u8 = 0xfe;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(2, |&byte| byte == BORDER);
    let [passwd, group] = [(); 2].map(|()| parts.next().unwrap_or_default());
    let first = built(passwd, group);
    for remark in &first.remarks {
        assert!(remark.name.len() < 100 && !remark.why.contains('\n'));
    }
    let bytes = write(&first.content, 1).expect("what is built can be written");
    let snapshot = Snapshot::from_bytes(&bytes).expect("and read");
    assert_eq!(snapshot.verified().as_ref(), Ok(&first.content));

    let (mut passwd, mut group) = (Vec::new(), Vec::new());
    write_passwd(&first.content.users, &mut passwd).expect("memory");
    write_group(&first.content.groups, &mut group).expect("memory");
    let second = built(&passwd, &group);
    assert!(
        second
            .remarks
            .iter()
            .all(|remark| remark.weight == Weight::Noted)
    );
    assert_eq!(second.content, first.content);
});

fn built(passwd: &[u8], group: &[u8]) -> Built {
    let names = &NameRule::default();
    let sources = Sources {
        passwd,
        group,
        names,
    };
    build(sources, Time::from_unix(1)).expect("the directory has a name")
}
