//! The program `muster-sim`: what it writes, obeys, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy's allowance for tests does not reach their helpers"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use muster_tests::sim::gafaelfawr::{SERVICE_TOKEN, generated_token};
use rustix::process::{Pid, Signal, kill_process};

fn simulator(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster-sim"));
    command
        .args(["crowd", "--state-dir"])
        .arg(folder)
        .args(arguments)
        .stdout(Stdio::piped());
    command
}

/// Starts one and waits until it is ready; its URL.
fn start(mut command: Command) -> (Child, String) {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, line.trim().to_owned())
}

fn order(folder: &Path, words: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster-sim"));
    let output = command
        .arg("ctl")
        .arg(folder.join("ctl"))
        .args(words)
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

async fn status(url: &str) -> Option<u16> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .unwrap();
    let request = client.get(format!(
        "{url}/rest/usermanagement/1/user?username=user00001"
    ));
    let answer = request
        .basic_auth("muster", Some("muster-secret"))
        .send()
        .await
        .ok()?;
    Some(answer.status().as_u16())
}

#[tokio::test]
async fn it_says_where_it_is_obeys_orders_and_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let (mut child, url) = start(simulator(&["--generate", "10x2", "--plain"], at));
    assert_eq!(
        std::fs::read_to_string(at.join("ready")).unwrap().trim(),
        url
    );
    assert_eq!(status(&url).await, Some(200));

    assert_eq!(order(at, &["fault", "down"]), (true, String::new()));
    assert_eq!(status(&url).await, None);
    assert!(
        order(
            at,
            &[
                "fault",
                "operation-failed",
                "--below",
                "/user",
                "--times",
                "1"
            ]
        )
        .0
    );
    assert_eq!(
        (status(&url).await, status(&url).await),
        (Some(500), Some(200))
    );
    assert!(order(at, &["fault", "hang"]).0);
    assert!(order(at, &["fault", "none"]).0);
    assert!(!order(at, &["fault", "nonsense"]).0);

    assert!(order(at, &["remove-user", "user00001"]).0);
    assert_eq!(status(&url).await, Some(404));
    assert!(
        order(
            at,
            &["send", r#"{"do":"add-user","user":{"name":"user00001"}}"#]
        )
        .0
    );
    assert_eq!(status(&url).await, Some(200));
    let (_, requests) = order(at, &["requests"]);
    assert!(
        requests.lines().count() >= 5 && requests.contains("user00001"),
        "{requests}"
    );
    assert!(!requests.contains("muster-secret"));

    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn it_ends_with_its_parent_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_str().unwrap();
    let program = env!("CARGO_BIN_EXE_muster-sim");
    let script = format!(
        "'{program}' crowd --generate 1x0 --plain --die-with-parent --state-dir '{at}' & \
         read -r _; kill -KILL $$"
    );
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let (mut child, url) = start(shell);
    assert!(url.starts_with("http://127.0.0.1:"));
    let mut output = child.stdout.take().unwrap();
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());
    // The pipe ends when its last writer, the simulator, has ended.
    output.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(status(&url).await, None);
}

#[tokio::test]
async fn it_makes_up_an_observatory_with_a_token_for_each_user() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster-sim"));
    command
        .args(["gafaelfawr", "--generate", "25", "--plain", "--state-dir"])
        .arg(folder.path())
        .stdout(Stdio::piped());
    let (mut child, url) = start(command);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async |token: &str, path: &str| {
        let request = client.get(format!("{url}/auth/api/v1{path}"));
        request.bearer_auth(token).send().await.unwrap()
    };
    let own = ask(&generated_token(24), "/user-info").await;
    assert!(own.text().await.unwrap().contains("\"uid\":600024"));
    assert_eq!(ask(SERVICE_TOKEN, "/users/user00003").await.status(), 200);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_file_that_describes_no_population_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people.json");
    std::fs::write(&file, "{\"users\": [{\"nme\": \"ada\"}]}").unwrap();
    let arguments = ["--data", file.to_str().unwrap()];
    let output = simulator(&arguments, folder.path()).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("people.json") && told.contains("line 1"),
        "{told}"
    );
    assert!(!folder.path().join("ready").exists());
}
