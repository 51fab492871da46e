//! The files of a configuration: the first one and its drop-ins, and who may have written them.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::problem::ConfigErrors;

/// No file of a configuration is longer.
const FILE_MAX: u64 = 1 << 20;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Whose files are followed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trust {
    /// Whoever wrote them.
    Anybody,
    /// Those that nobody but this user can have written.
    Only(u32),
}

/// The file at `path`, then its drop-ins in the byte order of their names.
pub(super) fn read(path: &Path, trust: Trust) -> Result<Vec<Source>, ConfigErrors> {
    let mut sources = vec![source(path, trust)?];
    let Some(folder) = existing_folder(path)? else {
        return Ok(sources);
    };
    // Whoever can write the folder can put in, and take away, whole files of the owner's.
    let metadata = std::fs::metadata(&folder).map_err(unreadable(&folder))?;
    trusted(&folder, &metadata, trust)?;
    for file in drop_ins(&folder)? {
        sources.push(source(&file, trust)?);
    }
    Ok(sources)
}

/// As [`read`], with `new` as it would be: the first file, or one of its drop-ins.
pub(super) fn read_with(path: &Path, new: Source) -> Result<Vec<Source>, ConfigErrors> {
    let mut files = match new.path == path {
        true => Vec::new(),
        false => vec![path.to_owned()],
    };
    if let Some(folder) = existing_folder(path)? {
        files.extend(drop_ins(&folder)?);
    }
    let mut sources = Vec::with_capacity(files.len().saturating_add(1));
    for file in files.iter().filter(|file| **file != new.path) {
        sources.push(source(file, Trust::Anybody)?);
    }
    sources.push(new);
    // The first file comes first, whatever its name.
    sources.sort_by(|a, b| (a.path != path, &a.path).cmp(&(b.path != path, &b.path)));
    Ok(sources)
}

/// The folder of the drop-ins of the configuration at `path`: `muster.d` beside `muster.toml`.
/// A file whose name does not end in `.toml` has none.
pub fn drop_in_folder(path: &Path) -> Option<PathBuf> {
    let is_toml = path.extension().is_some_and(|end| end == "toml");
    is_toml.then(|| path.with_extension("d"))
}

/// Whatever the configuration at `path` depends on: the file, the folder of its drop-ins where
/// there is one, and the drop-ins in the order in which they are read.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, ConfigErrors> {
    let mut files = vec![path.to_owned()];
    if let Some(folder) = existing_folder(path)? {
        let drop_ins = drop_ins(&folder)?;
        files.push(folder);
        files.extend(drop_ins);
    }
    Ok(files)
}

fn existing_folder(path: &Path) -> Result<Option<PathBuf>, ConfigErrors> {
    let Some(folder) = drop_in_folder(path) else {
        return Ok(None);
    };
    match std::fs::symlink_metadata(&folder) {
        Ok(_) => Ok(Some(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&folder)(error)),
    }
}

/// The files of the folder that are read, sorted. What is hidden or has another ending lies there for others:
/// editors, package managers and administrators who switch one off.
fn drop_ins(folder: &Path) -> Result<Vec<PathBuf>, ConfigErrors> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        let name = entry.file_name();
        let name = name.as_bytes();
        if name.ends_with(b".toml") && !name.starts_with(b".") {
            found.push(entry.path());
        }
    }
    found.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(found)
}

fn source(path: &Path, trust: Trust) -> Result<Source, ConfigErrors> {
    let file = open_regular(path).map_err(unreadable(path))?;
    let metadata = file.metadata().map_err(unreadable(path))?;
    trusted(path, &metadata, trust)?;
    let mut text = String::new();
    file.take(FILE_MAX)
        .read_to_string(&mut text)
        .map_err(unreadable(path))?;
    Ok(Source {
        path: path.to_owned(),
        text,
    })
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> ConfigErrors {
    |source| ConfigErrors::Unreadable {
        path: path.to_owned(),
        source,
    }
}

/// Opens without waiting: a FIFO in a file's place must not hang anybody.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other("not a regular file"))
}

fn trusted(path: &Path, metadata: &Metadata, trust: Trust) -> Result<(), ConfigErrors> {
    match trust {
        Trust::Anybody => Ok(()),
        Trust::Only(owner) => {
            only_owner_writes(metadata, owner).map_err(|reason| ConfigErrors::Untrusted {
                path: path.to_owned(),
                reason,
            })
        }
    }
}

fn only_owner_writes(metadata: &Metadata, owner: u32) -> Result<(), String> {
    let found = metadata.uid();
    if found != owner {
        return Err(format!("it belongs to the user {found}, not to {owner}"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!(
            "its mode {:04o} lets others than its owner write it",
            metadata.mode() & 0o7777
        ));
    }
    Ok(())
}
