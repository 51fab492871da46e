//! Story *sessions of single sign-on*: root asks about one by its token, over root's socket only; the token is typed
//! and stands in no log.

use muster_tests::world::World;

const TOKEN: &str = "k3xNoSuchSessionAnywhere00";

#[test]
fn root_asks_about_sessions_by_token_and_nobody_else_does() {
    let Some(world) = World::usual() else {
        return;
    };
    let session = ["muster", "crowd", "session"];
    let asked = |rest: &[&str]| world.run_with(TOKEN, session.iter().chain(rest));
    let unknown = asked(&["validate", "--remote-address", "192.0.2.7"]);
    assert_eq!(unknown.code, 1, "{unknown}");
    assert!(
        unknown
            .out
            .starts_with("not good: corp knows no such session")
    );
    assert_eq!(asked(&["end"]).said(), "the session at corp is over");
    let nowhere = asked(&["validate", "--directory", "nowhere"]);
    assert_eq!(nowhere.code, 1, "{nowhere}");
    let no_address = asked(&["validate", "--remote-address", "my laptop"]);
    assert_eq!(no_address.code, 2, "{no_address}");
    let no_token = world.run_with("two words\n", session.iter().chain(&["validate"]));
    assert_eq!(no_token.code, 1, "{no_token}");
    let stranger = [
        "setpriv",
        "--reuid",
        "nobody",
        "--regid",
        "nogroup",
        "--clear-groups",
    ];
    let stranger = stranger.iter().chain(&session).chain(&["end"]);
    let stranger = world.run_with(TOKEN, stranger);
    assert_eq!(stranger.code, 4, "{stranger}");
    world.tell_crowd("fault down");
    let unreachable = asked(&["validate"]);
    assert_eq!(unreachable.code, 3, "{unreachable}");
    for output in [unknown, nowhere, stranger, unreachable] {
        assert!(!format!("{output}").contains(TOKEN), "{output}");
    }
    assert!(!world.logs().contains(TOKEN));
}
