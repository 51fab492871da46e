//! Repairs: made where every folder is root's, refused elsewhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::scene::Scene;
use crate::doctor::fix::{Fix, FixError};
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
