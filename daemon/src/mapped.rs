//! The snapshot that stands at its place, mapped once for as long as no other stands there.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use muster_common::snapshot::reader::{Identity, OpenError, Snapshot};

/// The mapping that was asked for last.
#[derive(Debug, Default)]
pub struct Mapped(Mutex<Option<Arc<Snapshot>>>);

impl Mapped {
    /// The snapshot at `path`, which has to be `owner`'s, as the modules would open it now.
    pub fn newest(&self, path: &Path, owner: u32) -> Result<Arc<Snapshot>, OpenError> {
        let standing = Identity::at(path).ok();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let still = kept.as_ref().filter(|kept| {
            standing.is_some() && kept.identity() == standing && !kept.looks_stale()
        });
        if let Some(still) = still {
            return Ok(Arc::clone(still));
        }
        // Nothing old is kept in an unusable one's place: whoever asks has to hear of it.
        *kept = None;
        let newest = Arc::new(Snapshot::open_trusted_by(path, owner)?);
        *kept = Some(Arc::clone(&newest));
        Ok(newest)
    }

    /// The mapping that was asked for last, as long as it does not say itself that a newer file stands in its place:
    /// nothing is looked at for it.
    pub fn kept(&self) -> Option<Arc<Snapshot>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| !kept.looks_stale()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use muster_common::snapshot::content::Content;
    use muster_common::snapshot::writer::{install, write};

    use super::*;

    #[test]
    fn one_mapping_serves_until_another_file_or_none_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        let owner = folder.path().metadata().unwrap().uid();
        let path = folder.path().join("snapshot");
        let publish = |generation| {
            let bytes = write(&Content::default(), generation).unwrap();
            install(&bytes, folder.path()).unwrap();
        };
        let mapped = Mapped::default();
        assert!(matches!(
            mapped.newest(&path, owner),
            Err(OpenError::Missing)
        ));
        publish(1);
        let first = mapped.newest(&path, owner).unwrap();
        assert!(Arc::ptr_eq(&first, &mapped.newest(&path, owner).unwrap()));
        assert!(Arc::ptr_eq(&first, &mapped.kept().unwrap()));
        publish(2);
        assert!(
            mapped.kept().is_none(),
            "it knows that another one stands there"
        );
        assert_eq!(mapped.newest(&path, owner).unwrap().generation(), 2);
        std::fs::remove_file(&path).unwrap();
        assert!(mapped.newest(&path, owner).is_err());
        assert_eq!(first.generation(), 1, "who reads it may go on");
    }
}
