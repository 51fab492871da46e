//! Snapshots in files that are named on the command line.

use std::path::Path;

use muster_common::snapshot::content::Content;
use muster_common::snapshot::reader::{LENGTH_MAX, Snapshot};

use crate::commands::read::read;
use crate::failure::Failure;

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
