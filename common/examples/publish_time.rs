//! What publishing 100,000 users costs, step by step, in CPU time: `cargo run --release
//! -p muster-common --features writer --example publish_time [USERS]`.

use std::error::Error;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

use muster_common::account::{Account, Gid, Group, Uid};
use muster_common::clock::Time;
use muster_common::local::LocalFiles;
use muster_common::members::Members;
use muster_common::name::{DirectoryName, GroupName, NameRule, UserName};
use muster_common::overrides::Overrides;
use muster_common::snapshot::content::{
    Access, Content, DirectoryRecord, Forms, GroupRecord, Misses, UserRecord,
};
use muster_common::snapshot::policy::Policy;
use muster_common::snapshot::reader::Snapshot;
use muster_common::snapshot::writer;

/// Members of a group; there is a group for each hundred users, so each user is in ten.
const MEMBERS: u32 = 1000;
const USERS_A_GROUP: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let users: u32 = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 100_000,
    };
    let candidate = writer::candidate(&content(users)?)?;
    println!("{users} users, {} bytes", candidate.len());

    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    let owner = folder.path().metadata()?.uid();
    writer::install(&candidate, folder.path())?;
    let before = cpu_time()?;
    publish(&candidate, folder.path(), owner)?;
    println!("in all: {:?}", cpu_time()?.saturating_sub(before));
    Ok(())
}

/// What the publisher does, without reading its configuration and the host's files.
fn publish(candidate: &[u8], folder: &std::path::Path, owner: u32) -> Result<(), Box<dyn Error>> {
    let said = timed("decode", || {
        Ok(Snapshot::from_vec(candidate.to_vec())?.content()?)
    })?;
    let (admitted, refusals) = timed("admit", || Ok(policy()?.admit(said, Time::from_unix(2))))?;
    let same = timed("compare with what is served", || {
        let served = Snapshot::open_trusted_by(&folder.join("snapshot"), owner)?;
        Ok(served.says(&admitted, |own, said| own == said)?)
    })?;
    let bytes = timed("write and prove", || Ok(writer::write(&admitted, 1)?))?;
    timed("install", || Ok(writer::install(&bytes, folder)?))?;
    timed("free", || {
        drop((admitted, bytes));
        Ok(())
    })?;
    println!("{} refusals, the same as served: {same}", refusals.len());
    Ok(())
}

fn timed<T>(
    what: &str,
    step: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let before = cpu_time()?;
    let done = step()?;
    println!("{what}: {:?}", cpu_time()?.saturating_sub(before));
    Ok(done)
}

/// How long this thread has been on a processor, whatever else the machine does.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Ok(time.try_into()?)
}

fn policy() -> Result<Policy, Box<dyn Error>> {
    Ok(Policy {
        accept: 10_000..=2_000_000_000,
        derive: 2_000_000_001..=2_100_000_000,
        homes: vec!["/home".to_owned()],
        overrides: Overrides::default(),
        shells: Vec::new(),
        names: NameRule::default(),
        enumerate: false,
        forms: Forms::default(),
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
            misses: Misses::Final,
            synced: None,
        }],
        id_ranges: policy()?.id_ranges(),
        ..Content::default()
    };
    for i in 0..users {
        content.users.push(user(i)?);
        content
            .groups
            .push(group(&format!("u{i:06}"), 200_000 + i, Members::default())?);
    }
    for i in 0..users / USERS_A_GROUP {
        let positions = (0..MEMBERS.min(users)).map(|j| (i * 97 + j) % users);
        let mut members = Members::default();
        for position in positions {
            members.push(&UserName::new(&format!("u{position:06}"))?);
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

fn group(name: &str, gid: u32, members: Members) -> Result<GroupRecord, Box<dyn Error>> {
    Ok(GroupRecord {
        group: Group {
            name: GroupName::new(name)?,
            gid: Gid::new(gid)?,
            members,
        },
        directory: 0,
    })
}
