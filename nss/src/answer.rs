//! One user or group, from the snapshot into the caller's buffer: copied once,
//! checked on the copy, and never beyond the buffer's end.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use libnss::group::CGroup;
use libnss::passwd::CPasswd;
use muster_common::snapshot::reader::{GroupEntry, Snapshot, UserEntry};

use crate::caller::{Refusal, pointers};

/// The caller's buffer.
type Buffer<'a> = &'a mut [MaybeUninit<u8>];

/// The user called `name`.
#[inline]
pub(crate) fn user_by_name(
    snapshot: &Snapshot,
    name: &[u8],
    buffer: Buffer<'_>,
) -> Result<CPasswd, Refusal> {
    for place in snapshot.users_named(name) {
        let entry = snapshot.user(place)?;
        if entry.name_length() != name.len() {
            continue;
        }
        // With a buffer too small the name is not compared: in the one case in
        // four billion that another's hash is the same, the caller grows once too often.
        let (user, found) = user(&entry, buffer)?;
        if found == name {
            return Ok(user);
        }
    }
    Err(absent_user(snapshot))
}

/// The user with the id `uid`.
#[inline]
pub(crate) fn user_by_id(
    snapshot: &Snapshot,
    uid: u32,
    buffer: Buffer<'_>,
) -> Result<CPasswd, Refusal> {
    for place in snapshot.users_with_id(uid) {
        let entry = snapshot.user(place)?;
        if entry.uid.get() == uid {
            return Ok(user(&entry, buffer)?.0);
        }
    }
    Err(absent_id(snapshot, uid))
}

/// The group called `name`.
pub(crate) fn group_by_name(
    snapshot: &Snapshot,
    name: &[u8],
    buffer: Buffer<'_>,
) -> Result<CGroup, Refusal> {
    for place in snapshot.groups_named(name) {
        let entry = snapshot.group(place)?;
        if entry.name != name.len() {
            continue;
        }
        let (group, found) = group(&entry, buffer)?;
        if found == name {
            return Ok(group);
        }
    }
    Err(absent_group(snapshot))
}

/// The group with the id `gid`.
pub(crate) fn group_by_id(
    snapshot: &Snapshot,
    gid: u32,
    buffer: Buffer<'_>,
) -> Result<CGroup, Refusal> {
    for place in snapshot.groups_with_id(gid) {
        let entry = snapshot.group(place)?;
        if entry.gid.get() == gid {
            return Ok(group(&entry, buffer)?.0);
        }
    }
    Err(absent_id(snapshot, gid))
}

/// What it means that no user has a name.
pub(crate) fn absent_user(snapshot: &Snapshot) -> Refusal {
    if snapshot.complete() {
        Refusal::Absent
    } else if snapshot.asks() {
        Refusal::Askable
    } else {
        Refusal::Unavailable
    }
}

/// What it means that no group has a name. A directory that is asked by name has no
/// groups but those of the people who are known here.
fn absent_group(snapshot: &Snapshot) -> Refusal {
    if snapshot.unclear() {
        Refusal::Unavailable
    } else {
        Refusal::Absent
    }
}

/// What it means that nobody has an id. Nobody can be asked about ids, so with a directory
/// that is asked by name only ids that muster could never serve are surely not its people's.
#[cold]
pub(crate) fn absent_id(snapshot: &Snapshot, id: u32) -> Refusal {
    match snapshot.could_serve(id) {
        _ if snapshot.complete() => Refusal::Absent,
        Ok(false) => Refusal::Absent,
        Ok(true) | Err(_) => Refusal::Unavailable,
    }
}

/// The user of `entry` in `buffer`, and the name as it was copied.
#[inline]
pub(crate) fn user<'b>(
    entry: &UserEntry<'_>,
    buffer: &'b mut [MaybeUninit<u8>],
) -> Result<(CPasswd, &'b [u8]), Refusal> {
    let start = buffer.as_mut_ptr().cast::<c_char>();
    let text = entry.copy_text(buffer).ok_or(Refusal::TooSmall)??;
    let user = CPasswd {
        name: start,
        passwd: start.wrapping_add(entry.gecos.wrapping_sub(2)),
        uid: entry.uid.get(),
        gid: entry.gid.get(),
        gecos: start.wrapping_add(entry.gecos),
        dir: start.wrapping_add(entry.home),
        shell: start.wrapping_add(entry.shell),
    };
    let name = text.get(..entry.name_length()).unwrap_or_default();
    Ok((user, name))
}

/// The group of `entry` in `buffer`, the members' pointers first, and the name as it was copied.
pub(crate) fn group<'b>(
    entry: &GroupEntry<'_>,
    buffer: &'b mut [MaybeUninit<u8>],
) -> Result<(CGroup, &'b [u8]), Refusal> {
    let slots = entry.members.saturating_add(1);
    let (array, rest) = pointers(buffer, slots).ok_or(Refusal::TooSmall)?;
    let start = rest.as_mut_ptr().cast::<c_char>();
    let text = entry.copy_text(rest).ok_or(Refusal::TooSmall)??;
    let members = array.as_mut_ptr().cast();
    let mut places = array.iter_mut();
    for (member, place) in entry.members(text).zip(&mut places) {
        place.write(start.wrapping_add(member?));
    }
    if let Some(last) = places.next() {
        last.write(std::ptr::null_mut());
    }
    let group = CGroup {
        name: start,
        passwd: start.wrapping_add(entry.name).wrapping_add(1),
        gid: entry.gid.get(),
        members,
    };
    Ok((group, text.get(..entry.name).unwrap_or_default()))
}
