//! One user or group, from the snapshot into the caller's buffer: compared where it
//! lies, copied once, checked on the copy, and never beyond the buffer's end.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use libnss::group::CGroup;
use libnss::passwd::CPasswd;
use libnss::shadow::CShadow;
use muster_common::name::UserName;
use muster_common::snapshot::reader::{GroupEntry, Snapshot, UserEntry};

use crate::caller::{Refusal, pointers};

/// The caller's buffer.
type Buffer<'a> = &'a mut [MaybeUninit<u8>];

/// What the caller wants filled.
type Target<'a, T> = &'a mut MaybeUninit<T>;

/// The user called `name`, or of whom `name` is another form.
#[inline(always)]
pub(crate) fn user_named<'s>(
    snapshot: &'s Snapshot,
    name: &[u8],
) -> Result<UserEntry<'s>, Refusal> {
    match snapshot.user_named(name)? {
        Some(entry) => Ok(entry),
        None if snapshot.has_forms() => user_of_form(snapshot, name),
        None => Err(absent_user(snapshot)),
    }
}

#[cold]
fn user_of_form<'s>(snapshot: &'s Snapshot, typed: &[u8]) -> Result<UserEntry<'s>, Refusal> {
    let found = match snapshot.canonical(typed)? {
        Some(name) => snapshot.user_named(name.as_bytes())?,
        None => None,
    };
    found.ok_or_else(|| absent_user(snapshot))
}

/// The name to ask a directory for, when nobody here is found by `typed`. What can be
/// nobody's name of ours needs no asking.
pub(crate) fn name_to_ask(snapshot: &Snapshot, typed: &[u8]) -> Result<UserName, Refusal> {
    match snapshot.canonical(typed)? {
        Some(name) => Ok(name),
        None => UserName::from_bytes(typed).map_err(|_| Refusal::Absent),
    }
}

/// The user with the id `uid`.
#[inline(always)]
pub(crate) fn user_with_id(snapshot: &Snapshot, uid: u32) -> Result<UserEntry<'_>, Refusal> {
    let found = snapshot.user_with_id(uid)?;
    found.ok_or_else(|| absent_id(snapshot, uid))
}

/// The group called `name`.
#[inline(always)]
pub(crate) fn group_named<'s>(
    snapshot: &'s Snapshot,
    name: &[u8],
) -> Result<GroupEntry<'s>, Refusal> {
    let found = snapshot.group_named(name)?;
    found.ok_or_else(|| absent_group(snapshot))
}

/// The group with the id `gid`.
#[inline(always)]
pub(crate) fn group_with_id(snapshot: &Snapshot, gid: u32) -> Result<GroupEntry<'_>, Refusal> {
    let found = snapshot.group_with_id(gid)?;
    found.ok_or_else(|| absent_id(snapshot, gid))
}

/// What it means that no user has a name.
#[inline]
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
#[inline]
fn absent_group(snapshot: &Snapshot) -> Refusal {
    if snapshot.unclear() {
        Refusal::Unavailable
    } else {
        Refusal::Absent
    }
}

/// What it means that nobody has an id. Nobody can be asked about ids, so with a directory
/// that is asked by name only ids that muster could never serve are surely not its people's.
#[inline]
pub(crate) fn absent_id(snapshot: &Snapshot, id: u32) -> Refusal {
    if snapshot.complete() {
        return Refusal::Absent;
    }
    match snapshot.could_serve(id) {
        Ok(false) => Refusal::Absent,
        Ok(true) | Err(_) => Refusal::Unavailable,
    }
}

/// Fills `target` with the user of `entry`, whose text goes to `buffer`.
#[inline(always)]
pub(crate) fn fill_user(
    entry: &UserEntry<'_>,
    buffer: Buffer<'_>,
    target: Target<'_, CPasswd>,
) -> Result<(), Refusal> {
    let start = buffer.as_mut_ptr().cast::<c_char>();
    entry.copy_text(buffer).ok_or(Refusal::TooSmall)??;
    target.write(CPasswd {
        name: start,
        passwd: start.wrapping_add(entry.gecos.wrapping_sub(2)),
        uid: entry.uid.get(),
        gid: entry.gid.get(),
        gecos: start.wrapping_add(entry.gecos),
        dir: start.wrapping_add(entry.home),
        shell: start.wrapping_add(entry.shell),
    });
    Ok(())
}

/// Fills `target` with what shadow(5) says of the user of `entry`: no password is right,
/// none expires.
pub(crate) fn fill_shadow(
    entry: &UserEntry<'_>,
    buffer: Buffer<'_>,
    target: Target<'_, CShadow>,
) -> Result<(), Refusal> {
    let start = buffer.as_mut_ptr().cast::<c_char>();
    let copied = entry.copy_name_and_password(buffer);
    copied.ok_or(Refusal::TooSmall)??;
    target.write(CShadow {
        name: start,
        passwd: start.wrapping_add(entry.gecos.wrapping_sub(2)),
        last_change: -1,
        change_min_days: -1,
        change_max_days: -1,
        change_warn_days: -1,
        change_inactive_days: -1,
        expire_date: -1,
        reserved: libc::c_ulong::MAX,
    });
    Ok(())
}

/// Fills `target` with the group of `entry`; in `buffer` the members' pointers come first, the text follows.
#[inline(always)]
pub(crate) fn fill_group(
    entry: &GroupEntry<'_>,
    buffer: Buffer<'_>,
    target: Target<'_, CGroup>,
) -> Result<(), Refusal> {
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
    target.write(CGroup {
        name: start,
        passwd: start.wrapping_add(entry.name).wrapping_add(1),
        gid: entry.gid.get(),
        members,
    });
    Ok(())
}
