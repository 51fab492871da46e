//! The module below its C door.
//!
//! `answers` has every buffer size, `replacement` every moment of a replacement.

mod answers;
#[path = "../tests/common/records.rs"]
mod records;
mod replacement;

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

use libnss::group::CGroup;
use libnss::passwd::CPasswd;
use muster_common::snapshot::content::{Content, GroupRecord, Misses, UserRecord};
use muster_common::snapshot::reader::{GroupEntry, Snapshot, UserEntry};
use muster_common::snapshot::writer::write;

use crate::answer;
use crate::caller::Refusal;
use records::user;

fn content(users: Vec<UserRecord>, groups: Vec<GroupRecord>) -> Content {
    records::content(Misses::Final, users, groups)
}

fn group(name: &str, gid: u32, members: usize) -> GroupRecord {
    records::group(name, gid, (0..members).map(|i| format!("member{i}")))
}

fn snapshot(content: &Content) -> Snapshot {
    Snapshot::from_bytes(&write(content, 1).unwrap()).unwrap()
}

type Buffer<'a> = &'a mut [MaybeUninit<u8>];

fn user_by_name(snapshot: &Snapshot, name: &[u8], buffer: Buffer) -> Result<CPasswd, Refusal> {
    passwd_of(&answer::user_named(snapshot, name)?, buffer)
}

fn user_by_id(snapshot: &Snapshot, uid: u32, buffer: Buffer) -> Result<CPasswd, Refusal> {
    passwd_of(&answer::user_with_id(snapshot, uid)?, buffer)
}

fn passwd_of(entry: &UserEntry<'_>, buffer: Buffer) -> Result<CPasswd, Refusal> {
    let mut target = MaybeUninit::uninit();
    answer::fill_user(entry, buffer, &mut target)?;
    // SAFETY: filled.
    Ok(unsafe { target.assume_init() })
}

fn group_by_name(snapshot: &Snapshot, name: &[u8], buffer: Buffer) -> Result<CGroup, Refusal> {
    group_of(&answer::group_named(snapshot, name)?, buffer)
}

fn group_by_id(snapshot: &Snapshot, gid: u32, buffer: Buffer) -> Result<CGroup, Refusal> {
    group_of(&answer::group_with_id(snapshot, gid)?, buffer)
}

fn group_of(entry: &GroupEntry<'_>, buffer: Buffer) -> Result<CGroup, Refusal> {
    let mut target = MaybeUninit::uninit();
    answer::fill_group(entry, buffer, &mut target)?;
    // SAFETY: filled.
    Ok(unsafe { target.assume_init() })
}

/// SAFETY: only for pointers that an answer gave, while its buffer lives.
fn text(pointer: *const c_char) -> String {
    // SAFETY: see above.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().unwrap().to_owned()
}

fn line_of_user(user: &CPasswd) -> String {
    let CPasswd { uid, gid, .. } = user;
    let [name, passwd] = [user.name, user.passwd].map(|p| text(p));
    let [gecos, dir, shell] = [user.gecos, user.dir, user.shell].map(|p| text(p));
    format!("{name}:{passwd}:{uid}:{gid}:{gecos}:{dir}:{shell}")
}

fn line_of_group(group: &CGroup) -> String {
    assert!(group.members.is_aligned());
    let mut members = Vec::new();
    let mut next = group.members;
    loop {
        // SAFETY: the list is inside the buffer and ends with a null.
        let member = unsafe { *next };
        if member.is_null() {
            break;
        }
        members.push(text(member));
        next = next.wrapping_add(1);
    }
    let [name, passwd] = [group.name, group.passwd].map(|p| text(p));
    format!("{name}:{passwd}:{}:{}", group.gid, members.join(","))
}

fn uid_in(snapshot: &Snapshot, name: &str) -> Result<u32, Refusal> {
    let mut buffer = [MaybeUninit::uninit(); 256];
    Ok(user_by_name(snapshot, name.as_bytes(), &mut buffer)?.uid)
}
