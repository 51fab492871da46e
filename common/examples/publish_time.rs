//! How long publishing 100,000 users takes, step by step: `cargo run --release
//! -p muster-common --features writer --example publish_time [USERS]`.

use std::error::Error;
use std::time::{Duration, Instant};

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::clock::Time;
use muster_common::local::LocalFiles;
use muster_common::name::{DirectoryName, GroupName, NameRule, UserName};
use muster_common::snapshot::content::{Access, Content, DirectoryRecord, GroupRecord, UserRecord};
use muster_common::snapshot::policy::Policy;
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer;

/// Groups of a thousand members each, ten for each user at 100,000.
const GROUPS: u32 = 1000;
const MEMBERS: u32 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let users: u32 = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 100_000,
    };
    let candidate = writer::write(&content(users)?, 0)?;
    println!("{users} users, {} bytes", candidate.len());

    let whole = Instant::now();
    let said = timed(
        "decode",
        || Ok(Snapshot::from_bytes(&candidate)?.content()?),
    )?;
    let (admitted, refusals) = timed("admit", || Ok(policy()?.admit(said, Time::from_unix(2))))?;
    let bytes = timed("write and prove", || Ok(writer::write(&admitted, 1)?))?;
    let folder = tempfile::tempdir()?;
    timed("install", || Ok(writer::install(&bytes, folder.path())?))?;
    println!("in all: {:?}, {} refusals", whole.elapsed(), refusals.len());
    Ok(())
}

fn timed<T>(
    what: &str,
    step: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let start = Instant::now();
    let done = step()?;
    println!("{what}: {:?}", start.elapsed());
    Ok(done)
}

fn policy() -> Result<Policy, Box<dyn Error>> {
    Ok(Policy {
        accept: 10_000..=2_000_000_000,
        derive: 2_000_000_001..=2_100_000_000,
        home_prefix: "/home".to_owned(),
        names: NameRule::default(),
        enumerate: false,
        directories: vec![DirectoryName::new("corp")?],
        services: Vec::new(),
        max_staleness: Duration::from_secs(604_800),
        local: LocalFiles {
            shells: ["/bin/bash".to_owned()].into(),
            ..LocalFiles::default()
        },
    })
}

fn content(users: u32) -> Result<Content, Box<dyn Error>> {
    let mut content = Content {
        directories: vec![DirectoryRecord {
            name: DirectoryName::new("corp")?,
            complete: true,
            synced: None,
        }],
        ..Content::default()
    };
    for i in 0..users {
        content.users.push(user(i)?);
        content
            .groups
            .push(group(&format!("u{i:06}"), 200_000 + i, Vec::new())?);
    }
    for i in 0..GROUPS {
        let positions = (0..MEMBERS.min(users)).map(|j| (i * 97 + j) % users);
        let mut members = Vec::new();
        for position in positions {
            members.push(UserName::new(&format!("u{position:06}"))?);
            if let Some(user) = content.users.get_mut(usize::try_from(position)?) {
                user.groups.push(Gid::new(20_000 + i)?);
            }
        }
        content
            .groups
            .push(group(&format!("g{i}"), 20_000 + i, members)?);
    }
    Ok(content)
}

fn user(i: u32) -> Result<UserRecord, Box<dyn Error>> {
    Ok(UserRecord {
        account: Account {
            name: UserName::new(&format!("u{i:06}"))?,
            uid: Uid::new(200_000 + i)?,
            gid: Gid::new(200_000 + i)?,
            gecos: format!("User Number {i}"),
            home: format!("/home/u{i:06}"),
            shell: "/bin/bash".to_owned(),
        },
        groups: vec![Gid::new(200_000 + i)?],
        directory: 0,
        access: Access {
            allowed: 1,
            until: Time::from_unix(100),
        },
        ssh_keys: Vec::new(),
    })
}

fn group(name: &str, gid: u32, members: Vec<UserName>) -> Result<GroupRecord, Box<dyn Error>> {
    Ok(GroupRecord {
        group: Group {
            name: GroupName::new(name)?,
            gid: Gid::new(gid)?,
            members,
        },
        directory: 0,
    })
}
