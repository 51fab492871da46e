//! Files that are named on the command line: read whole, but never without end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use muster_common::snapshot::content::Content;
use muster_common::snapshot::reader::{LENGTH_MAX, Snapshot};

use crate::failure::Failure;

/// A file's bytes, at most `most`. A FIFO may stand there: `--passwd <(getent passwd)`.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    read_up_to(path, most).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(most.saturating_add(1));
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// The snapshot in a file, whoever owns it, and how many bytes it has.
pub fn snapshot(path: &Path) -> Result<(Snapshot, usize), Failure> {
    let bytes = read(path, LENGTH_MAX as u64)?;
    let no_snapshot = |source| Failure::Snapshot {
        path: path.to_owned(),
        source,
    };
    let snapshot = Snapshot::from_bytes(&bytes).map_err(no_snapshot)?;
    Ok((snapshot, bytes.len()))
}

/// All that a snapshot says, if all of it is sound.
pub fn verified(path: &Path, snapshot: &Snapshot) -> Result<Content, Failure> {
    snapshot.verified().map_err(|damaged| Failure::Snapshot {
        path: path.to_owned(),
        source: damaged.into(),
    })
}
