//! The evaluator of PAM's stacks against what libpam's dispatcher is known to do, and the shipped profiles.

use super::scene::Scene;
use crate::doctor::finding::Level;
use crate::doctor::pam::code::Code;
use crate::doctor::pam::evaluate::ends;
use crate::doctor::pam::read::{Type, service};

/// What `auth` gives where each module returns the code that is its first argument.
fn result(files: &[(&str, &str)]) -> Vec<&'static str> {
    let mut scene = Scene::sound();
    for (name, text) in files {
        scene.write(&format!("/etc/pam.d/{name}"), text);
    }
    let service = service(&scene.host(), "probe");
    let outcomes = |entry: &crate::doctor::pam::read::Entry| {
        let said = entry
            .arguments
            .first()
            .map(String::as_str)
            .unwrap_or("success");
        Code::all().filter(|code| code.name() == said).collect()
    };
    let found = ends(&service.stack(Type::Auth), &outcomes, &|_, _, memory| {
        memory
    });
    found.keys().map(|end| end.status.name()).collect()
}

fn check(text: &str, expected: &str) {
    assert_eq!(result(&[("probe", text)]), [expected], "{text}");
}

#[test]
fn the_four_words_do_what_libpam_does() {
    check(
        "auth required m.so auth_err\nauth required m.so success\n",
        "auth_err",
    );
    check(
        "auth requisite m.so user_unknown\nauth required m.so auth_err\n",
        "user_unknown",
    );
    check(
        "auth sufficient m.so success\nauth required m.so auth_err\n",
        "success",
    );
    check(
        "auth sufficient m.so auth_err\nauth required m.so success\n",
        "success",
    );
    check(
        "auth required m.so auth_err\nauth sufficient m.so success\n",
        "auth_err",
    );
    check("auth optional m.so auth_err\n", "perm_denied");
    check("auth required m.so ignore\n", "perm_denied");
    check(
        "auth required m.so new_authtok_reqd\nauth required m.so success\n",
        "new_authtok_reqd",
    );
}

#[test]
fn jumps_leave_modules_out_and_one_too_far_refuses() {
    check(
        "auth [success=1 default=ignore] m.so success\nauth requisite m.so auth_err\nauth required m.so success\n",
        "success",
    );
    check(
        "auth [success=5 default=ignore] m.so success\nauth required m.so success\n",
        "perm_denied",
    );
    check(
        "auth [success=1] m.so success\nauth required m.so success\n",
        "perm_denied",
    );
}

#[test]
fn a_substack_ends_alone_and_counts_as_one() {
    let sub = (
        "sub",
        "auth sufficient m.so success\nauth required m.so auth_err\n",
    );
    let files = [
        (
            "probe",
            "auth substack sub\nauth required m.so user_unknown\n",
        ),
        sub,
    ];
    assert_eq!(result(&files), ["user_unknown"]);
    let files = [
        (
            "probe",
            "auth include sub\nauth required m.so user_unknown\n",
        ),
        sub,
    ];
    assert_eq!(result(&files), ["success"]);
    let files = [
        (
            "probe",
            "auth [success=1] m.so success\nauth substack sub\nauth required m.so success\n",
        ),
        sub,
    ];
    assert_eq!(result(&files), ["success"]);
    let reset = (
        "sub",
        "auth required m.so auth_err\nauth [default=reset] m.so success\n",
    );
    let files = [
        ("probe", "auth required m.so success\nauth substack sub\n"),
        reset,
    ];
    assert_eq!(result(&files), ["success"]);
}

#[test]
fn continued_lines_comments_and_brackets_are_read() {
    check(
        "auth \\\n required m.so auth_err # m.so success\n",
        "auth_err",
    );
    check("auth [default=die success=ok] m.so success\n", "success");
    check("AUTH REQUIRED m.so success\n", "success");
    check("auth required\n", "perm_denied");
    check("auth [success=perhaps] m.so success\n", "perm_denied");
}

#[test]
fn who_has_no_stack_gets_the_one_of_other() {
    let files = [
        ("probe", "session required m.so\n"),
        ("other", "auth required m.so auth_err\n"),
    ];
    assert_eq!(result(&files), ["auth_err"]);
}

#[test]
fn files_that_include_each_other_end_in_nobodys_access() {
    let files = [("probe", "auth include probe\nauth required m.so success\n")];
    assert_eq!(result(&files), ["abort"]);
    let twice = "auth substack probe\nauth substack probe\nauth required m.so success\n";
    assert_eq!(result(&[("probe", twice)]), ["abort"]);
    // libpam crashes where no file is named.
    assert_eq!(result(&[("probe", "auth include\n")]), ["abort"]);
}

#[test]
fn an_empty_line_inside_of_a_continued_one_is_complained_of_since_versions_differ() {
    let mut scene = Scene::sound();
    let line = "auth required pam_env.so \\\n\n readenv=1\n@include common-auth\n@include common-account\n";
    scene.write("/etc/pam.d/sshd", line);
    let (level, shown) = super::level(&scene, "pam-syntax");
    assert_eq!(level, Level::Error, "{shown}");
    assert!(shown.contains("versions of libpam differ"), "{shown}");
}

#[test]
fn the_stacks_of_the_shipped_authselect_profile_are_proved() {
    let mut scene = Scene::sound();
    let shipped = include_str!("../../../../packaging/authselect/system-auth");
    let lines = shipped.lines().filter(|line| !line.contains("{include"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    scene.write("/etc/pam.d/sshd", &text);
    for check in [
        "pam-proof",
        "pam-local-accounts",
        "pam-account-local",
        "pam-account-closed",
        "pam-people",
    ] {
        let (level, shown) = super::level(&scene, check);
        assert_eq!(level, Level::Fine, "{shown}");
    }
}
