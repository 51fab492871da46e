//! PAM_DELETE_CRED and every other flag with every function of libpam's, by a program of ours: pamtester does not know
//! them all. ARCHITECTURE.md, "A login's outcomes".

use muster_tests::world::World;
use muster_tests::world::usual::password;

use super::ALONE;

const SUCCESS: u32 = 0;
const PERM_DENIED: u32 = 6;
const AUTHINFO_UNAVAIL: u32 = 9;
const USER_UNKNOWN: u32 = 10;

const PAM_SILENT: u32 = 0x8000;
/// PAM_DISALLOW_NULL_AUTHTOK, and what comes with it in each of the functions.
const FLAGS: [(&str, &[u32]); 6] = [
    ("authenticate", &[0, 1]),
    // None, PAM_ESTABLISH_CRED, PAM_DELETE_CRED, PAM_REINITIALIZE_CRED, PAM_REFRESH_CRED.
    ("setcred", &[0, 2, 4, 8, 0x10]),
    ("acct_mgmt", &[0, 1]),
    ("open_session", &[0]),
    ("close_session", &[0]),
    // PAM_CHANGE_EXPIRED_AUTHTOK.
    ("chauthtok", &[0, 0x20]),
];

/// What authenticate, acct_mgmt and chauthtok answer, each with the count of texts that a person is told.
type Answers = [(u32, usize); 3];

/// The line of each call: no flag changes an answer, PAM_SILENT takes the texts away, and nothing is left behind.
fn wanted(answers: Answers) -> Vec<String> {
    let [auth, account, password] = answers;
    let mut lines = Vec::new();
    for (function, flags) in FLAGS {
        for flag in flags {
            for silent in [0, PAM_SILENT] {
                let (code, texts) = match function {
                    "authenticate" => auth,
                    "acct_mgmt" => account,
                    "chauthtok" => password,
                    _ => (SUCCESS, 0),
                };
                let texts = if silent == 0 { texts } else { 0 };
                let flags = match flag | silent {
                    0 => "0".to_owned(),
                    some => format!("{some:#x}"),
                };
                lines.push(format!("{function} {flags} {code} {texts} nothing"));
                if function == "setcred" {
                    // Behind a login that fails there is none to have credentials.
                    let (code, _) = auth;
                    lines.push(format!("login+{function} {flags} {code} 0 nothing"));
                }
            }
        }
    }
    lines
}

fn check(world: &World, user: &str, password: &str, answers: Answers) {
    let said = world.run_within(CALLS, ["credentials", user, password]);
    let lines: Vec<_> = said.said().lines().collect();
    assert_eq!(lines, wanted(answers), "{user}\n{}", world.logs());
    world.run(["muster", "throttle", "clear"]);
}

/// Some forty calls, of which each refusal is held for half a second.
const CALLS: std::time::Duration = std::time::Duration::from_secs(100);

#[test]
fn no_flag_changes_an_answer_and_nothing_is_left_in_the_program() {
    let Some(world) = World::usual() else {
        return;
    };
    let more = "password required pam_muster.so\nsession required pam_muster.so\n";
    world.write("/etc/pam.d/flags", format!("{ALONE}{more}"));
    world.compile("credentials", &["-lpam"]);
    let good = [(SUCCESS, 0), (SUCCESS, 0), (PERM_DENIED, 1)];
    check(&world, "ada", password::ADA, good);
    let denied = [(PERM_DENIED, 1), (PERM_DENIED, 1), (PERM_DENIED, 1)];
    check(&world, "charles", password::CHARLES, denied);
    let local = [(USER_UNKNOWN, 0); 3];
    check(&world, "larry", password::LARRY, local);
    check(&world, "nemo", "whatever", local);

    world.kill("musterd");
    let unasked = [(AUTHINFO_UNAVAIL, 1), (SUCCESS, 0), (AUTHINFO_UNAVAIL, 1)];
    check(&world, "ada", password::ADA, unasked);
    check(&world, "larry", password::LARRY, local);
}
