//! Homes locked and given back, and what people could have put in their place.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::*;
use crate::account::{ID_FLOOR, Uid as UserId};

/// Somebody whose id is served: root's tests can have files of such a one, everybody else's
/// have their own.
fn former() -> u32 {
    match rustix::process::geteuid().as_raw() {
        own if own < ID_FLOOR => 20_001,
        own => own,
    }
}

struct Host {
    root: tempfile::TempDir,
    folders: Vec<PathBuf>,
    records: PathBuf,
}

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let folders = vec![root.path().join("home"), root.path().join("home/fedora")];
        fs::create_dir_all(&folders[1]).unwrap();
        for folder in &folders {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let records = root.path().join("records");
        Self {
            root,
            folders,
            records,
        }
    }

    fn homes(&self) -> Homes<'_> {
        Homes {
            folders: &self.folders,
            records: &self.records,
            owner: rustix::process::geteuid().as_raw(),
            group: rustix::process::getegid().as_raw(),
        }
    }

    /// A folder of the former user.
    fn give(&self, path: &str, mode: u32) -> PathBuf {
        let path = self.root.path().join(path);
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        chown(&path, Some(former()), None).unwrap();
        path
    }

    fn lock(&self, name: &str, resolve: Resolve) -> Vec<State> {
        let gone = Tombstone {
            name: name.parse().unwrap(),
            uid: UserId::new(former()).unwrap(),
        };
        let found = self.homes().lock(&gone, resolve).unwrap();
        found.into_iter().map(|one| one.state).collect()
    }

    fn unlock(&self, name: &str, present: Option<u32>) -> Result<PathBuf, HomesError> {
        self.homes().unlock(&name.parse().unwrap(), present)
    }
}

/// The owner and the mode.
fn standing(path: &Path) -> (u32, u32) {
    let status = fs::symlink_metadata(path).unwrap();
    (status.uid(), status.mode() & 0o7777)
}

fn left_alone(states: &[State], why: &str) {
    let [State::LeftAlone(found)] = states else {
        panic!("{states:?}");
    };
    assert!(found.contains(why), "{found}");
}

#[test]
fn a_home_is_listed_first_then_locked_and_given_back_as_it_was() {
    let host = Host::new();
    let home = host.give("home/gus", 0o2751);
    fs::write(home.join("file"), "x").unwrap();
    let inside = standing(&home.join("file"));
    assert_eq!(host.lock("gus", Resolve::List), [State::Open]);
    assert_eq!(standing(&home), (former(), 0o2751));
    assert!(!host.records.exists());

    assert_eq!(host.lock("gus", Resolve::Lock), [State::Locked]);
    assert_eq!(standing(&home), (host.homes().owner, 0o700));
    assert_eq!(standing(&home.join("file")), inside);
    for again in [Resolve::Lock, Resolve::List] {
        assert_eq!(host.lock("gus", again), [State::LockedBefore]);
    }

    assert_eq!(host.unlock("gus", Some(former())).unwrap(), home);
    assert_eq!(standing(&home), (former(), 0o2751));
    assert!(matches!(
        host.unlock("gus", None),
        Err(HomesError::NoRecord)
    ));
}

#[test]
fn whoever_has_no_home_leaves_nothing_to_lock() {
    let host = Host::new();
    assert_eq!(host.lock("gus", Resolve::Lock), []);
    host.give("home/fedora/gus", 0o700);
    assert_eq!(host.lock("gus", Resolve::Lock), [State::Locked]);
}

#[test]
fn a_link_in_the_homes_place_is_not_followed() {
    let host = Host::new();
    let elsewhere = host.give("elsewhere", 0o755);
    symlink(&elsewhere, host.root.path().join("home/gus")).unwrap();
    left_alone(&host.lock("gus", Resolve::Lock), "a link");
    symlink("../elsewhere", host.root.path().join("home/ida")).unwrap();
    left_alone(&host.lock("ida", Resolve::Lock), "a link");
    symlink("/proc/self/root", host.root.path().join("home/max")).unwrap();
    left_alone(&host.lock("max", Resolve::Lock), "a link");
    fs::write(host.root.path().join("home/eve"), "").unwrap();
    left_alone(&host.lock("eve", Resolve::Lock), "no folder");
    assert_eq!(standing(&elsewhere), (former(), 0o755));
}

#[test]
fn a_locked_home_that_was_replaced_by_a_link_is_given_to_nobody() {
    let host = Host::new();
    let home = host.give("home/gus", 0o755);
    host.lock("gus", Resolve::Lock);
    let elsewhere = host.root.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let before = standing(&elsewhere);
    fs::rename(&home, host.root.path().join("moved")).unwrap();
    symlink(&elsewhere, &home).unwrap();
    let error = host.unlock("gus", None).unwrap_err();
    assert!(error.to_string().contains("a link"), "{error}");
    assert_eq!(standing(&elsewhere), before);
}

#[test]
fn a_home_of_another_uid_is_left_alone() {
    let host = Host::new();
    let home = host.give("home/gus", 0o755);
    let gone = Tombstone {
        name: "gus".parse().unwrap(),
        uid: UserId::new(former() + 1).unwrap(),
    };
    let found = host.homes().lock(&gone, Resolve::Lock).unwrap();
    left_alone(&[found[0].state.clone()], "belongs to the uid");
    assert_eq!(standing(&home), (former(), 0o755));
}

#[test]
fn a_home_goes_back_only_to_the_uid_that_it_was() {
    let host = Host::new();
    let home = host.give("home/gus", 0o755);
    host.lock("gus", Resolve::Lock);
    let error = host.unlock("gus", Some(former() + 1)).unwrap_err();
    assert!(matches!(error, HomesError::Changed { .. }), "{error}");
    assert_eq!(standing(&home), (host.homes().owner, 0o700));
}

#[test]
fn folders_and_records_that_others_may_write_are_not_used() {
    let host = Host::new();
    host.give("home/gus", 0o755);
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let gone = Tombstone {
        name: "gus".parse().unwrap(),
        uid: UserId::new(former()).unwrap(),
    };
    open(&host.folders[0], 0o777);
    let refused = host.homes().lock(&gone, Resolve::Lock).unwrap_err();
    assert!(matches!(refused, HomesError::Folder { .. }), "{refused}");
    open(&host.folders[0], 0o755);

    fs::create_dir(&host.records).unwrap();
    open(&host.records, 0o777);
    assert!(host.homes().lock(&gone, Resolve::Lock).is_err());
    open(&host.records, 0o700);
    host.homes().lock(&gone, Resolve::Lock).unwrap();
    open(&host.records.join("gus"), 0o666);
    assert!(host.unlock("gus", None).is_err());
    open(&host.records.join("gus"), 0o600);
    let record = r#"{"folder":"/etc","uid":20001,"gid":0,"mode":493}"#;
    fs::write(host.records.join("gus"), record).unwrap();
    let error = host.unlock("gus", None).unwrap_err();
    assert!(matches!(error, HomesError::Changed { .. }), "{error}");
}
