//! `muster token import-fixie` and `export-fixie`: a folder of fixie-creds read and written.
//! The files are the caller's; the broker's own are never opened.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ExitCode;

use muster_common::registry::fixie::{Entry, FILE_MAX};
use muster_common::text::with_causes;
use muster_common::wire::client::Deadline;
use muster_common::wire::message::{ExportFixie, FixieEntry, ImportFixie};
use rustix::fs::{AtFlags, Mode, OFlags, fsync, openat, renameat, unlinkat};
use serde_json::json;

use crate::ask::{LONG, connect};
use crate::failure::{EXIT_NO, Failure};
use crate::options::Options;
use crate::show;

/// So many accounts fit into one request.
const AT_ONCE: usize = 100;

/// Takes over whoever can be; the others are listed.
pub fn import(
    options: &Options,
    folder: &Path,
    directory: Option<&str>,
) -> Result<ExitCode, Failure> {
    let (entries, mut refused) = read(folder)?;
    let mut connection = connect()?;
    let (mut imported, mut note) = (0_u64, None);
    let mut parts = entries.chunks(AT_ONCE).peekable();
    while let Some(part) = parts.next() {
        let call = ImportFixie {
            directory: directory.map(str::to_owned),
            entries: part.to_vec(),
            more: parts.peek().map(|_| true),
        };
        let reply = connection.call(&call, Deadline::after(LONG))?;
        imported = imported.saturating_add(reply.imported);
        refused.extend(reply.refused);
        note = note.or(reply.note);
    }
    if options.json {
        show::json(&json!({ "imported": imported, "refused": refused, "note": note }))?;
    } else {
        println!("{imported} accounts taken over");
        for line in refused.iter().chain(&note) {
            eprintln!("note: {}", show::plain(line));
        }
    }
    Ok(match refused.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_NO),
    })
}

/// The accounts in `folder`, by name, and what is none.
fn read(folder: &Path) -> Result<(Vec<FixieEntry>, Vec<String>), Failure> {
    let unreadable = |source| Failure::File {
        path: folder.to_owned(),
        source,
    };
    let (mut entries, mut refused) = (Vec::new(), Vec::new());
    for file in fs::read_dir(folder).map_err(unreadable)? {
        let file = file.map_err(unreadable)?;
        let name = file.file_name();
        let Some(user) = name.to_str().and_then(|name| name.strip_suffix(".json")) else {
            continue;
        };
        match entry(user, &file.path()) {
            Ok(entry) => entries.push(entry),
            Err(why) => refused.push(format!("{user}: {why}")),
        }
    }
    entries.sort_by(|a, b| a.user.cmp(&b.user));
    refused.sort();
    Ok((entries, refused))
}

fn entry(user: &str, path: &Path) -> Result<FixieEntry, String> {
    let bytes = bytes_of(path).map_err(|error| error.to_string())?;
    let said = Entry::read(user, &bytes).map_err(|error| with_causes(&error))?;
    Ok(FixieEntry {
        email: said.email,
        hashed_token: said.hashed_token,
        user: said.user,
    })
}

/// What stands in a plain file that nobody but its owner and root can have written.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(io::Error::other("others than its owner can write it"));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(FILE_MAX).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() > FILE_MAX {
        true => Err(io::Error::other("too long")),
        false => Ok(bytes),
    }
}

/// Writes whoever fixie-creds can verify; the others are listed.
pub fn export(
    options: &Options,
    folder: &Path,
    directory: Option<&str>,
) -> Result<ExitCode, Failure> {
    let failed = |source| Failure::File {
        path: folder.to_owned(),
        source,
    };
    let place = own_folder(folder).map_err(failed)?;
    let mut connection = connect()?;
    let mut call = ExportFixie {
        directory: directory.map(str::to_owned),
        after: None,
    };
    let (mut exported, mut left_out) = (0_usize, Vec::new());
    loop {
        let reply = connection.call(&call, Deadline::after(LONG))?;
        for entry in &reply.entries {
            put(&place, entry).map_err(failed)?;
            exported = exported.saturating_add(1);
        }
        left_out.extend(reply.left_out);
        call.after = reply.last;
        if call.after.is_none() {
            break;
        }
    }
    fsync(&place).map_err(|error| failed(error.into()))?;
    if options.json {
        show::json(&json!({ "exported": exported, "left_out": left_out }))?;
    } else {
        println!("{}: {exported} accounts", folder.display());
        for user in &left_out {
            let user = show::plain(user);
            eprintln!("note: {user}: the token is of muster's own form: reset it with --fixie");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder, if nobody else can put anything into it.
fn own_folder(folder: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = File::from(rustix::fs::open(folder, flags, Mode::empty())?);
    let metadata = opened.metadata()?;
    let own = metadata.uid() == rustix::process::geteuid().as_raw();
    match own && metadata.mode() & 0o022 == 0 {
        true => Ok(opened.into()),
        false => Err(io::Error::other(
            "it has to be your own, and writable by nobody else",
        )),
    }
}

/// Writes one file, whole or not at all, readable by its owner alone from the start.
fn put(place: &OwnedFd, entry: &FixieEntry) -> io::Result<()> {
    let entry = Entry {
        email: entry.email.clone(),
        hashed_token: entry.hashed_token.clone(),
        user: entry.user.clone(),
    };
    // What comes over the wire becomes a file's name: it has to be a user's.
    let (name, _) = entry.check().map_err(io::Error::other)?;
    let text = entry.to_file().map_err(io::Error::other)?;
    let (file, beside) = (format!("{name}.json"), format!(".{name}.json.new"));
    match unlinkat(place, beside.as_str(), AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let mut out = File::from(openat(place, beside.as_str(), flags, mode)?);
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    renameat(place, beside.as_str(), place, file.as_str())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    const HASH: &str = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c";

    fn ann(user: &str) -> FixieEntry {
        FixieEntry {
            email: "ann@x.org".to_owned(),
            hashed_token: HASH.to_owned(),
            user: user.to_owned(),
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        folder
    }

    #[test]
    fn what_is_written_is_fixie_creds_own_and_is_read_back() {
        let folder = folder();
        let place = own_folder(folder.path()).unwrap();
        for _ in 0..2 {
            put(&place, &ann("ann")).unwrap();
        }
        let path = folder.path().join("ann.json");
        let text = fs::read_to_string(&path).unwrap();
        let expected = format!(r#"{{"email":"ann@x.org","hashed_token":"{HASH}","user":"ann"}}"#);
        assert_eq!(text, expected);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(read(folder.path()).unwrap(), (vec![ann("ann")], vec![]));
    }

    #[test]
    fn no_name_becomes_a_path_and_no_link_is_followed() {
        let folder = folder();
        let place = own_folder(folder.path()).unwrap();
        for user in ["../ann", "/etc/passwd", "..", "", "a/b"] {
            assert!(put(&place, &ann(user)).is_err(), "{user}");
        }
        let target = folder.path().join("target");
        fs::write(&target, "as it was").unwrap();
        for link in [".ann.json.new", "ann.json"] {
            symlink(&target, folder.path().join(link)).unwrap();
        }
        put(&place, &ann("ann")).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "as it was");
    }

    #[test]
    fn a_file_that_others_could_have_written_is_refused() {
        let folder = folder();
        let place = own_folder(folder.path()).unwrap();
        put(&place, &ann("ann")).unwrap();
        let path = folder.path().join("ann.json");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        symlink(&path, folder.path().join("bob.json")).unwrap();
        fs::write(folder.path().join("eve.json"), "{}").unwrap();
        let (entries, refused) = read(folder.path()).unwrap();
        assert_eq!((entries.len(), refused.len()), (0, 3), "{refused:?}");
    }

    #[test]
    fn a_folder_that_others_write_into_is_refused() {
        let folder = folder();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o770)).unwrap();
        assert!(own_folder(folder.path()).is_err());
    }
}
