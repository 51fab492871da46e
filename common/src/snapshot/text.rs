//! passwd(5) and group(5) as text: a line to a record or to why it is none, and back.
//!
//! Stricter than glibc's `files`, which guesses: a line is taken as it stands or not at all.

use std::fmt::Display;
use std::io::{self, Write};

use super::content::{GroupRecord, UserRecord};
use super::reserved::reserved;
use crate::account::{Account, GECOS_MAX, Gid, Group, IdError, Uid};
use crate::members::Members;
use crate::name::{NameError, NameRule, UserName};
use crate::text;

/// The longest line in bytes: a group with half a million members has one.
pub const LINE_MAX: usize = 16 << 20;
/// The longest home or shell in bytes: no path is longer.
const PATH_MAX: usize = 4096;
/// How much of a name that is no name is shown.
const SHOWN_MAX: usize = 64;

/// A line that says something, and which one of the file it is.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: usize,
    /// Without its newline.
    pub bytes: &'a [u8],
}

/// The lines of a file but for comments and empty ones. The last may lack its newline.
pub fn lines(file: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let lines = file.split(|&byte| byte == b'\n').zip(1..);
    let lines = lines.map(|(bytes, number)| Line { number, bytes });
    lines.filter(|line| !line.bytes.trim_ascii().is_empty() && !line.bytes.starts_with(b"#"))
}

impl<'a> Line<'a> {
    /// The first field, made safe to show.
    pub fn shown(self) -> String {
        let [name, ..] = self.fields::<1>().unwrap_or([self.bytes]);
        shown(name)
    }

    /// The password field where it holds more than a sign that there is none here.
    /// It is never taken along, and must not be shown.
    pub fn has_password(self) -> bool {
        let field = self.bytes.split(|&byte| byte == b':').nth(1);
        field.is_some_and(|field| {
            field != b"x" && field.iter().any(|byte| !matches!(byte, b'*' | b'!'))
        })
    }

    /// The first `N` fields, if there are so many.
    fn fields<const N: usize>(self) -> Option<[&'a [u8]; N]> {
        let mut fields = self.bytes.split(|&byte| byte == b':');
        let mut found = [self.bytes; N];
        for place in &mut found {
            *place = fields.next()?;
        }
        Some(found)
    }

    /// All fields, of which there must be `N`.
    fn all_fields<const N: usize>(self, page: &str) -> Result<[&'a [u8]; N], String> {
        if self.bytes.len() > LINE_MAX {
            return Err(format!("is on a line of more than {LINE_MAX} bytes"));
        }
        if let [sign @ (b'+' | b'-'), ..] = self.bytes {
            let sign = char::from(*sign);
            return Err(format!("starts with {sign:?}: NIS is not asked here"));
        }
        let count = self.bytes.split(|&byte| byte == b':').count();
        match self.fields() {
            Some(fields) if count == N => Ok(fields),
            _ => Err(format!("has {count} fields, and a line of {page} has {N}")),
        }
    }
}

/// The user of a line of passwd(5), or why it is none: the end of a sentence that starts with its name.
pub fn user_of(line: Line<'_>, names: &NameRule) -> Result<Account, String> {
    let [name, _, uid, gid, gecos, home, shell] = line.all_fields("passwd(5)")?;
    Ok(Account {
        name: canonical(name, names, NameRule::user)?,
        uid: id("uid", uid, Uid::new)?,
        gid: id("gid", gid, Gid::new)?,
        gecos: field("full name", gecos, GECOS_MAX)?,
        home: field("home", home, PATH_MAX)?,
        shell: field("shell", shell, PATH_MAX)?,
    })
}

/// The group of a line of group(5) with the members that can be any, and for each other one why not.
pub fn group_of(line: Line<'_>, names: &NameRule) -> Result<(Group, Vec<String>), String> {
    let [name, _, gid, listed] = line.all_fields("group(5)")?;
    let (name, gid) = (
        canonical(name, names, NameRule::group)?,
        id("gid", gid, Gid::new)?,
    );
    let (mut members, mut unfit) = (Members::default(), Vec::new());
    let listed = listed.split(|&byte| byte == b',');
    for member in listed.filter(|member| !member.is_empty()) {
        match user_name(member, names) {
            Ok(member) => members.push(&member),
            Err(error) => {
                let member = shown(member);
                unfit.push(format!("loses the member {member}, which {error}"));
            }
        }
    }
    let group = Group { name, gid, members };
    Ok((group, unfit))
}

/// A name that is its own canonical form and nobody's whom only the host itself may have.
fn canonical<N: AsRef<str>>(
    name: &[u8],
    names: &NameRule,
    fold: impl Fn(&NameRule, &str) -> Result<N, NameError>,
) -> Result<N, String> {
    let text = std::str::from_utf8(name).map_err(|_| "has a name that is not UTF-8".to_owned())?;
    let folded = fold(names, text).map_err(|error| format!("has a name that {error}"))?;
    if folded.as_ref() != text {
        let folded = folded.as_ref();
        return Err(format!(
            "has a name that is not in its canonical form, {folded}"
        ));
    }
    match reserved(text) {
        Some(why) => Err(format!("has a reserved name: whoever is called so {why}")),
        None => Ok(folded),
    }
}

/// A member's name; it is nobody's name by standing in a group, so reserved ones may stand there.
fn user_name(name: &[u8], names: &NameRule) -> Result<UserName, String> {
    let name = UserName::from_bytes(name).map_err(|error| error.to_string())?;
    if !names.is_canonical(name.as_str()) {
        return Err("is not in the canonical form of names".to_owned());
    }
    Ok(name)
}

/// A number of nothing but digits, without zeros before it.
fn id<I>(what: &str, digits: &[u8], check: fn(u32) -> Result<I, IdError>) -> Result<I, String> {
    let plain =
        matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(digits)
        .ok()
        .filter(|_| plain)
        .and_then(|digits| digits.parse().ok());
    let Some(number) = number else {
        let digits = shown(digits);
        return Err(format!(
            "has the {what} {digits:?}, which is no plain number"
        ));
    };
    check(number).map_err(|error| format!("has a {what} that cannot be served: {error}"))
}

fn field(what: &str, bytes: &[u8], most: usize) -> Result<String, String> {
    if bytes.len() > most {
        return Err(format!("has a {what} of more than {most} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| format!("has a {what} that is not UTF-8"))?;
    if !text::fits_field(text) {
        return Err(format!(
            "has a {what} with a control or direction character"
        ));
    }
    Ok(text.to_owned())
}

fn shown(bytes: &[u8]) -> String {
    let start = bytes.get(..SHOWN_MAX.saturating_mul(2)).unwrap_or(bytes);
    text::safe(&String::from_utf8_lossy(start), SHOWN_MAX)
}

/// Writes users as `getent passwd` does.
pub fn write_passwd(users: &[UserRecord], out: &mut impl Write) -> io::Result<()> {
    for UserRecord { account, .. } in users {
        let Account { name, uid, gid, .. } = account;
        let Account {
            gecos, home, shell, ..
        } = account;
        writeln!(out, "{name}:*:{uid}:{gid}:{gecos}:{home}:{shell}")?;
    }
    Ok(())
}

/// Writes groups as `getent group` does.
pub fn write_group(groups: &[GroupRecord], out: &mut impl Write) -> io::Result<()> {
    for GroupRecord { group, .. } in groups {
        write!(out, "{}:*:{}:", group.name, group.gid)?;
        write_list(group.members.iter(), ",", out)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Writes each user's groups in the columns of `getent initgroups`, but all of them: the primary one, too.
pub fn write_initgroups(users: &[UserRecord], out: &mut impl Write) -> io::Result<()> {
    for user in users {
        write!(out, "{:<21} ", user.account.name.as_str())?;
        write_list(user.groups.iter(), " ", out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_list(
    mut list: impl Iterator<Item = impl Display>,
    between: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    if let Some(first) = list.next() {
        write!(out, "{first}")?;
    }
    list.try_for_each(|next| write!(out, "{between}{next}"))
}
