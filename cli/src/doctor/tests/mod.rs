//! Every check, seen passing on a sound host and failing on one that is broken in one place.

mod breakages;
mod differential;
mod fixes;
mod libpam;
mod scene;
mod stacks;
mod tls;

use std::io::Write;

use super::catalogue::checks;
use super::finding::Level;
use super::report::{self, Colours, Fine};
use breakages::{BREAKAGES, Breakage};
use scene::Scene;

fn breakages() -> impl Iterator<Item = &'static Breakage> {
    BREAKAGES.iter().chain(tls::BREAKAGES)
}

fn level(scene: &Scene, name: &str) -> (Level, String) {
    let found = report::examine(&scene.host());
    let one = found.iter().find(|one| one.check.name == name).unwrap();
    (one.level(), format!("{name}: {:#?}", one.findings))
}

#[test]
fn there_are_at_least_forty_checks_and_no_two_have_one_name() {
    let mut names: Vec<_> = checks().map(|check| check.name).collect();
    assert!(names.len() >= 40, "{}", names.len());
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), checks().count());
}

#[test]
fn on_a_sound_host_every_check_looks_and_finds_nothing() {
    let scene = Scene::sound();
    for check in checks() {
        let (level, shown) = level(&scene, check.name);
        assert_eq!(level, Level::Fine, "{shown}");
    }
}

#[test]
fn each_breakage_is_found_by_the_check_that_it_is_for() {
    for (name, wanted, breakage) in breakages() {
        let mut scene = Scene::sound();
        breakage(&mut scene);
        let (level, shown) = level(&scene, name);
        assert_eq!(level, *wanted, "{shown}");
    }
}

#[test]
fn every_check_has_been_seen_failing() {
    for check in checks() {
        assert!(
            breakages().any(|(name, ..)| *name == check.name),
            "{} has never failed",
            check.name
        );
    }
}

#[test]
fn whatever_is_found_has_evidence_and_a_repair_of_one_line() {
    for (name, _, breakage) in breakages() {
        let mut scene = Scene::sound();
        breakage(&mut scene);
        for one in report::examine(&scene.host()) {
            assert!(!one.findings.is_empty(), "{}", one.check.name);
            for finding in one.findings.iter().filter(|f| f.level >= Level::Note) {
                assert!(!finding.evidence.place.is_empty(), "{name}: {finding:?}");
                let repair = finding.repair.as_deref().unwrap_or(one.check.repair);
                assert!(!repair.is_empty() && !repair.contains('\n'), "{finding:?}");
            }
        }
    }
}

#[test]
fn an_empty_folder_is_examined_without_a_panic() {
    let scene = Scene::empty();
    let found = report::examine(&scene.host());
    assert_eq!(found.len(), checks().count());
    assert_eq!(report::worst(&found), Level::Error);
}

#[test]
fn escapes_of_a_file_never_reach_the_terminal() {
    let mut scene = Scene::sound();
    scene.append("/etc/nsswitch.conf", "initgroups: files \x1b[2J\n");
    let text = report::text(&report::examine(&scene.host()), Colours::Off, Fine::Counted);
    assert!(text.contains("initgroups"), "{text}");
    assert!(!text.contains('\x1b'));
}

#[test]
fn the_document_says_of_each_finding_what_it_rests_on() {
    let mut scene = Scene::sound();
    scene.write("/etc/nsswitch.conf", "passwd: files\ngroup: files muster\n");
    let document = report::json(&report::examine(&scene.host()));
    assert_eq!(document["version"], 1);
    assert_eq!(document["level"], "error");
    let first = &document["checks"][0];
    assert_eq!(first["name"], "nsswitch-users");
    assert_eq!(first["findings"][0]["evidence"]["line"], 1);
    assert_eq!(first["findings"][0]["fixable"], true);
}

#[test]
fn the_reference_page_is_the_table() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/doctor.md");
    let before = std::fs::read_to_string(&page).unwrap();
    let (begin, end) = ("<!-- checks: begin -->\n", "<!-- checks: end -->");
    let (head, rest) = before.split_once(begin).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let wanted = format!("{head}{begin}{}{end}{tail}", super::catalogue::reference());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&page, &wanted).unwrap();
    } else {
        assert_eq!(before, wanted);
    }
}

#[test]
fn of_a_long_log_the_end_is_read_and_not_the_beginning() {
    let denial = "audit: apparmor=\"DENIED\" profile=\"/usr/sbin/musterd\"\n";
    let much = "audit: nothing of ours\n".repeat(300_000);
    let seen = |log: &str| {
        let mut scene = Scene::sound();
        scene.write("/var/log/kern.log", log);
        level(&scene, "denials")
    };
    let (found, shown) = seen(&(much.clone() + denial));
    assert_eq!(found, Level::Warning, "{shown}");
    // Which line it is of the whole log is not known then.
    assert!(shown.contains("line: None"), "{shown}");
    let (found, shown) = seen(&(denial.to_owned() + &much));
    assert_eq!(found, Level::Fine, "{shown}");
}

#[test]
fn without_a_log_the_kernel_is_asked_and_not_waited_for() {
    let mut scene = Scene::sound();
    scene.remove("/var/log/kern.log");
    assert_eq!(level(&scene, "denials").0, Level::Skipped);
    let mut kernel = scene.pipe("/dev/kmsg");
    assert_eq!(level(&scene, "denials").0, Level::Fine);
    let records =
        "6,1,1,-;nothing of ours\n5,2,2,-;audit: apparmor=\"DENIED\" profile=\"musterd\"\n";
    kernel.write_all(records.as_bytes()).unwrap();
    let (found, shown) = level(&scene, "denials");
    assert_eq!(found, Level::Warning, "{shown}");
    assert!(shown.contains("/dev/kmsg"), "{shown}");
}

#[test]
fn of_drop_ins_with_one_name_the_nearest_one_counts_and_a_masked_one_says_nothing() {
    let open = "[Service]\nUser=root\n";
    let mut scene = Scene::sound();
    scene.write("/etc/systemd/system/service.d/x.conf", open);
    scene.write("/usr/lib/systemd/system/musterd.service.d/y.conf", open);
    scene.write("/usr/lib/systemd/system/musterd.service.d/x.conf", "");
    scene.write(
        "/usr/lib/systemd/system/muster-publish.service.d/x.conf",
        "",
    );
    scene.folder("/etc/systemd/system/musterd.service.d", 0o755);
    scene.link("/etc/systemd/system/musterd.service.d/y.conf", "/dev/null");
    let (found, shown) = level(&scene, "unit-hardening");
    assert_eq!(found, Level::Fine, "{shown}");
}

#[test]
fn sudo_does_not_read_what_editors_and_package_managers_leave_behind() {
    let mut scene = Scene::sound();
    for name in ["people.bak", "people~"] {
        scene.write(&format!("/etc/sudoers.d/{name}"), "ada ALL=ALL\n");
    }
    let (found, shown) = level(&scene, "privileged-sudoers");
    assert_eq!(found, Level::Fine, "{shown}");
}

#[test]
fn what_the_packages_script_would_leave_alone_is_not_said_to_be_fixable() {
    let mut scene = Scene::sound();
    let line = "passwd: files [NOTFOUND=return] sss";
    scene.replace("/etc/nsswitch.conf", "passwd: files muster", line);
    let document = report::json(&report::examine(&scene.host()));
    let first = &document["checks"][0]["findings"][0];
    assert_eq!(
        (&first["level"], &first["fixable"]),
        (&"error".into(), &false.into())
    );
}

#[test]
fn what_the_repair_of_a_stack_recommends_is_fine() {
    for control in ["sufficient", "[success=done default=ignore]"] {
        let mut scene = Scene::sound();
        let auth = format!("auth {control} pam_muster.so\nauth required pam_unix.so\n");
        scene.write("/etc/pam.d/common-auth", &auth);
        let (found, shown) = level(&scene, "pam-local-accounts");
        assert_eq!(found, Level::Fine, "{control}: {shown}");
    }
}
