//! Files that are named on the command line: read whole, but never without end.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::failure::Failure;

/// A file's bytes, at most `most`. A FIFO may stand there: `--passwd <(getent passwd)`.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let bytes = File::open(path).and_then(|mut file| read_up_to(&mut file, most));
    bytes.map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

/// What is left of `source`, at most `most` bytes.
pub fn read_up_to(source: &mut impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}
