//! Repairs: made where every folder is root's, refused elsewhere.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, fcntl_setfl, mknodat, openat};

use super::scene::Scene;
use crate::doctor::fix::{Fix, FixError, run_within};
use crate::doctor::report;

fn mode(scene: &Scene, place: &str) -> u32 {
    fs::metadata(scene.path(place))
        .unwrap()
        .permissions()
        .mode()
        & 0o7777
}

#[test]
fn what_is_repaired_is_found_no_more() {
    let scene = Scene::sound();
    scene.mode("/etc/muster/secrets/crowd", 0o644);
    scene.mode("/etc/pam.d/common-auth", 0o666);
    for one in report::examine(&scene.host()) {
        for fix in one
            .findings
            .iter()
            .filter_map(|finding| finding.fix.as_deref())
        {
            fix.apply(scene.owner).unwrap();
        }
    }
    assert_eq!(mode(&scene, "/etc/muster/secrets/crowd"), 0o640);
    assert_eq!(mode(&scene, "/etc/pam.d/common-auth"), 0o644);
    assert!(super::level(&scene, "secrets").0 <= crate::doctor::finding::Level::Fine);
}

#[test]
fn nothing_below_a_folder_that_others_write_to_is_touched() {
    let mut scene = Scene::sound();
    scene.folder("/var/lib/muster/shared", 0o777);
    scene.write("/var/lib/muster/shared/file", "");
    let fix = Fix::Mode {
        path: scene.path("/var/lib/muster/shared/file"),
        mode: 0o600,
    };
    assert!(matches!(fix.apply(scene.owner), Err(FixError::NotRoots(_))));
    assert_eq!(mode(&scene, "/var/lib/muster/shared/file"), 0o644);
}

#[test]
fn nothing_below_the_brokers_folder_is_touched() {
    let mut scene = Scene::sound();
    scene.write("/var/lib/muster/private/store", "");
    let fix = Fix::Mode {
        path: scene.path("/var/lib/muster/private/store"),
        mode: 0o600,
    };
    // As another owner than the one whose folders these are: every folder is a stranger's then.
    if scene.owner == 0 {
        assert!(matches!(fix.apply(0), Err(FixError::NotRoots(_))));
    } else {
        assert!(matches!(
            fix.apply(scene.owner + 1),
            Err(FixError::NotRoots(_))
        ));
    }
}

#[test]
fn a_link_is_not_followed() {
    let mut scene = Scene::sound();
    scene.write("/etc/target", "");
    symlink(scene.path("/etc/target"), scene.path("/etc/link")).unwrap();
    let fix = Fix::Mode {
        path: scene.path("/etc/link"),
        mode: 0o600,
    };
    assert!(fix.apply(scene.owner).is_err());
    assert_eq!(mode(&scene, "/etc/target"), 0o644);
}

#[test]
fn a_program_that_never_ends_is_ended_with_all_that_it_started() {
    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let reader = openat(CWD, &pipe, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
    let script = format!(
        "exec > {}; tail -f /dev/null & echo x; wait",
        pipe.display()
    );
    let mut said = String::new();
    // A busy machine may need longer until there is something to be ended.
    for milliseconds in [100, 1000, 10_000] {
        let within = Duration::from_millis(milliseconds);
        let ended = run_within("/bin/sh", &["-c", &script], within);
        assert!(matches!(ended, Err(FixError::TooSlow { .. })), "{ended:?}");
        // Ends only when nobody is left who could write.
        fcntl_setfl(&reader, OFlags::RDONLY).unwrap();
        let mut file = fs::File::from(reader.try_clone().unwrap());
        file.read_to_string(&mut said).unwrap();
        if !said.is_empty() {
            break;
        }
    }
    assert_eq!(said, "x\n");
}

#[test]
fn a_program_that_ends_badly_or_is_not_there_is_no_repair() {
    let within = Duration::from_secs(30);
    assert!(run_within("/bin/true", &[], within).is_ok());
    let bad = run_within("/bin/false", &[], within);
    assert!(matches!(bad, Err(FixError::Program(_))), "{bad:?}");
    let missing = run_within("/nonexistent", &[], within);
    assert!(
        matches!(missing, Err(FixError::System { .. })),
        "{missing:?}"
    );
}
