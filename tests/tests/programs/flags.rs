//! pamtester with every stack and every flag that it knows (all but PAM_DELETE_CRED), against the stacks that
//! pam-auth-update makes: a flag may silence a text and change nothing else.

use muster_tests::world::usual::password;
use muster_tests::world::{Output, World};

/// A program that runs all four stacks.
const SERVICE: &str = "auth include common-auth\naccount include common-account\n\
                       password include common-password\nsession include common-session-noninteractive\n";

const AUTHENTICATE: [&str; 4] = [
    "authenticate",
    "authenticate(PAM_SILENT)",
    "authenticate(PAM_DISALLOW_NULL_AUTHTOK)",
    "authenticate(PAM_SILENT|PAM_DISALLOW_NULL_AUTHTOK)",
];

/// What needs no password, before a login and after one.
const WITHOUT_PASSWORD: [&str; 12] = [
    "acct_mgmt",
    "acct_mgmt(PAM_SILENT)",
    "acct_mgmt(PAM_DISALLOW_NULL_AUTHTOK)",
    "setcred(PAM_ESTABLISH_CRED)",
    "setcred(PAM_REINITIALIZE_CRED)",
    "setcred(PAM_REFRESH_CRED)",
    "setcred(PAM_ESTABLISH_CRED|PAM_SILENT)",
    "open_session",
    "open_session(PAM_SILENT)",
    "close_session",
    "close_session(PAM_SILENT)",
    "acct_mgmt(PAM_SILENT|PAM_DISALLOW_NULL_AUTHTOK)",
];

const CHAUTHTOK: [&str; 3] = [
    "chauthtok",
    "chauthtok(PAM_SILENT)",
    "chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK)",
];

fn pam(world: &World, user: &str, password: &str, stacks: &[&str]) -> Output {
    world.pam("flags", user, password, stacks)
}

/// All of it after one login with `password`.
fn whole(world: &World, user: &str, password: &str) -> Output {
    let stacks: Vec<&str> = AUTHENTICATE[..1]
        .iter()
        .chain(&WITHOUT_PASSWORD)
        .copied()
        .collect();
    pam(world, user, password, &stacks)
}

/// Right, wrong, empty, denied: the same whatever the flags.
fn verdicts(world: &World) {
    for stack in AUTHENTICATE {
        pam(world, "ada", password::ADA, &[stack]).said();
        pam(world, "larry", password::LARRY, &[stack]).said();
    }
    // Each refusal waits for pam_unix as well: not every flag with every reason.
    pam(world, "ada", "wrong", &AUTHENTICATE[1..2]).refused();
    pam(world, "ada", "", &AUTHENTICATE[2..3]).refused();
    pam(world, "charles", password::CHARLES, &AUTHENTICATE[3..]).refused();
    world.run(["muster", "throttle", "clear"]).said();
}

/// Account, credentials and session say what they say with any flag, for ours and for locals.
fn without_password(world: &World) {
    for user in ["ada", "larry"] {
        for stack in WITHOUT_PASSWORD {
            let done = pam(world, user, "", &[stack]);
            assert!(done.succeeded(), "{user}, {stack}: {done}");
        }
    }
    for stack in WITHOUT_PASSWORD
        .iter()
        .filter(|stack| stack.starts_with("acct"))
    {
        pam(world, "charles", "", &[stack]).refused();
        pam(world, "emil", "", &[stack]).refused();
    }
}

#[test]
fn every_stack_with_every_flag_answers_as_without_it() {
    let Some(world) = World::usual() else {
        return;
    };
    world.write("/etc/pam.d/flags", SERVICE);
    verdicts(&world);
    without_password(&world);
    whole(&world, "ada", password::ADA).said();
    whole(&world, "larry", password::LARRY).said();
    for stack in CHAUTHTOK {
        let refused = pam(&world, "ada", password::ADA, &[stack]).refused();
        let told = refused.contains("own pages");
        assert_eq!(told, !stack.contains("SILENT"), "{stack}: {refused}");
    }
    world.tell_crowd("fault down");
    let notice = |stack| {
        let login = pam(&world, "ada", password::ADA, &[stack]);
        assert!(login.succeeded(), "{login}");
        login.to_string().contains("Logged in offline")
    };
    assert!(notice("authenticate"));
    assert!(!notice("authenticate(PAM_SILENT)"));
    world.kill("musterd");
    without_password(&world);
    for stack in AUTHENTICATE.iter().chain(&CHAUTHTOK) {
        pam(&world, "ada", password::ADA, &[stack]).refused();
    }
}

/// use_first_pass, try_first_pass and forward_pass, as pam.conf(5) has modules use them.
#[test]
fn one_password_serves_the_modules_before_and_behind_ours() {
    let Some(world) = World::usual() else {
        return;
    };
    let keep = "#!/bin/sh\ntr -d '\\0' >/run/world/forwarded\n";
    world.write("/run/world/keep", keep);
    world.run(["chmod", "755", "/run/world/keep"]).said();
    let stack = |ours: &str, before: &str| {
        let behind = "auth required pam_exec.so expose_authtok /run/world/keep\n";
        let stack = format!("{before}auth required pam_muster.so {ours}\n{behind}");
        world.write("/etc/pam.d/flags", stack);
        let login = pam(&world, "ada", password::ADA, &["authenticate"]);
        let asked = login.to_string().matches("Password:").count();
        (login.succeeded(), asked)
    };
    let asks = "auth optional pam_unix.so\n";
    assert_eq!(stack("forward_pass", ""), (true, 1));
    assert_eq!(world.read("/run/world/forwarded"), password::ADA);
    assert_eq!(stack("try_first_pass", asks), (true, 1));
    assert_eq!(stack("use_first_pass", asks), (true, 1));
    assert!(!stack("use_first_pass", "").0, "nobody has asked");
}
