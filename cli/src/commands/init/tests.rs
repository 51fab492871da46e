//! What is asked, what is refused, and what lies where afterwards.

use std::os::unix::fs::MetadataExt;

use clap::Parser;

use super::answers::Person;
use super::kinds::Value;
use super::*;
use crate::options::Command;

/// Somebody who answers in this order, and keeps the questions; nobody where there is no answer left.
struct Script<'a> {
    answers: Vec<&'a str>,
    questions: Vec<String>,
}

impl<'a> Script<'a> {
    fn of(answers: &[&'a str]) -> Self {
        Self {
            answers: answers.iter().rev().copied().collect(),
            questions: Vec::new(),
        }
    }
}

impl Person for Script<'_> {
    fn line(&mut self, question: &str, fallback: &str) -> Result<Option<String>, Failure> {
        self.questions.push(question.to_owned());
        let answer = self.answers.pop();
        Ok(answer.map(|answer| match answer {
            "" => fallback.to_owned(),
            said => said.to_owned(),
        }))
    }

    fn tell(&mut self, _text: &str) {}
}

fn typed(words: &[&str]) -> (Options, InitOptions) {
    let all = ["muster", "init"].iter().chain(words);
    let mut options = Options::try_parse_from(all).unwrap_or_else(|error| panic!("{error}"));
    match std::mem::replace(&mut options.command, Command::Version) {
        Command::Init(init) => (options, *init),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_is_asked_for_with_what_an_empty_answer_means_and_until_it_is_said() {
    let mut script = Script::of(&[
        "",
        "corp",
        "",
        "https://crowd.example.org/crowd",
        "linux",
        "",
        "group:a  group:b",
    ]);
    let answers = collect(&InitOptions::default(), &mut script).unwrap();
    assert_eq!(answers.kind.name, "crowd");
    assert_eq!(answers.name, "corp");
    let values = [
        ("url", "https://crowd.example.org/crowd"),
        ("application", "linux"),
    ];
    assert_eq!(answers.values, values.map(|(key, said)| (key, one(said))));
    assert_eq!((answers.credential, answers.plain_http), (None, false));
    assert_eq!(answers.allow, ["group:a", "group:b"]);
    assert_eq!(script.questions.len(), 7);
}

fn one(said: &str) -> Value {
    Value::Text(said.to_owned())
}

fn many(said: &[&str]) -> Value {
    Value::List(said.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn a_gafaelfawr_without_a_url_is_found_by_its_repertoire() {
    let url = "https://data.example.org/repertoire";
    let lines = ["gafaelfawr", "rubin", "", url, "id.example.org", "", ""];
    let answers = collect(&InitOptions::default(), &mut Script::of(&lines)).unwrap();
    let wanted = [
        ("repertoire", one(url)),
        ("repertoire_allow", many(&["id.example.org"])),
    ];
    assert_eq!(answers.values, wanted);
    // Who says the URL is not asked about a Repertoire.
    let lines = ["gafaelfawr", "rubin", "https://data.example.org", "", ""];
    let mut script = Script::of(&lines);
    let answers = collect(&InitOptions::default(), &mut script).unwrap();
    assert_eq!(answers.values, [("url", one("https://data.example.org"))]);
    assert_eq!(script.questions.len(), 5);
}

#[test]
fn an_apicrud_is_told_who_its_people_are_and_wants_no_secret() {
    let url = "https://api.example.org/api/v1";
    let lines = ["apicrud", "", url, "", "ada=u-1 eve=u-2", "", "everyone"];
    let mut script = Script::of(&lines);
    let answers = collect(&InitOptions::default(), &mut script).unwrap();
    let wanted = [("url", one(url)), ("people", many(&["ada=u-1", "eve=u-2"]))];
    assert_eq!(answers.values, wanted);
    assert_eq!(answers.name, "apicrud");
    assert_eq!(script.questions.len(), 7);
}

#[test]
fn a_server_on_this_host_is_asked_by_plain_http_only_when_that_is_said_in_full() {
    let with = |answer: &str| {
        let url = "http://localhost:8095/crowd";
        let lines = ["crowd", "", url, "linux", answer, "crowd-password", ""];
        collect(&InitOptions::default(), &mut Script::of(&lines)).unwrap()
    };
    assert!(!with("").plain_http);
    assert!(!with("yes").plain_http);
    let answers = with("loopback");
    assert!(answers.plain_http);
    assert_eq!(answers.credential.as_deref(), Some("crowd-password"));
}

#[test]
fn what_an_option_says_is_not_asked_for() {
    let (_, init) = typed(&[
        "--kind",
        "gafaelfawr",
        "--name",
        "rubin",
        "--url",
        "https://x",
        "--allow",
        "everyone",
        "--secret-file",
        "-",
    ]);
    let mut script = Script::of(&[]);
    let answers = collect(&init, &mut script).unwrap();
    assert_eq!(answers.kind.name, "gafaelfawr");
    assert_eq!(script.questions, Vec::<String>::new());
}

#[test]
fn where_nobody_can_be_asked_every_missing_option_is_named_at_once() {
    let missing = |words: &[&str]| {
        let (_, init) = typed(words);
        let refused = collect(&init, &mut Script::of(&[])).err();
        refused
            .map(|failure| failure.to_string())
            .unwrap_or_default()
    };
    assert!(missing(&[]).contains("say --kind "));
    assert!(missing(&["--kind", "crowd"]).contains("say --url, --application "));
    assert!(missing(&["--kind", "fas", "--url", "https://x"]).contains("say --user "));
    assert!(missing(&["--kind", "ldap"]).contains("there are crowd, fas, gafaelfawr"));
    let apicrud = ["--kind", "apicrud", "--url", "https://x"];
    assert!(missing(&apicrud).contains("say --person "));
    let stray = [&apicrud[..], &["--person", "a=u-1", "--credential", "x"]].concat();
    assert!(missing(&stray).contains("--credential is not for"));
    let stray = ["--kind", "gafaelfawr", "--url", "https://x", "--user", "x"];
    assert!(
        missing(&stray).contains("--user is not for"),
        "{}",
        missing(&stray)
    );
}

#[test]
fn a_host_of_its_own_wants_neither_a_server_nor_a_secret() {
    let host = Host::new();
    let file = host.path("etc/muster.toml");
    let (options, init) = typed(&["--local", "--config", file.to_str().unwrap()]);
    run(&options, &init).unwrap();
    let config = config::load(&file).unwrap();
    assert_eq!(config.directories[0].kind.as_str(), "local");
    assert!(!config.access.lets_nobody_in());
    assert!(!host.path("etc/secrets").exists());
    let again = run(&options, &init).unwrap_err().to_string();
    assert!(again.contains("has the directory local already"), "{again}");
}

/// A folder to be set up, and a file with a secret outside of it.
struct Host(tempfile::TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(host.path("etc")).unwrap();
        std::fs::write(host.path("secret"), "hunter2\n").unwrap();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Unasked: no server is there.
    fn init(&self, more: &[&str]) -> Result<(), Failure> {
        let (config, secret) = (self.path("etc/muster.toml"), self.path("secret"));
        let mut words = vec![
            "--kind",
            "crowd",
            "--name",
            "corp",
            "--url",
            "https://crowd.example.org/crowd",
            "--application",
            "linux",
            "--no-test",
            "--config",
        ];
        words.extend([
            config.to_str().unwrap(),
            "--secret-file",
            secret.to_str().unwrap(),
        ]);
        words.extend(more);
        let (options, init) = typed(&words);
        run(&options, &init).map(|_| ())
    }

    fn refused(&self, more: &[&str]) -> String {
        self.init(more).unwrap_err().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
}

#[test]
fn a_host_without_a_configuration_gets_one_and_the_secret_in_a_file_of_its_own() {
    let host = Host::new();
    host.init(&["--allow", "group:linux"]).unwrap();
    let config = config::load(&host.path("etc/muster.toml")).unwrap();
    assert!(!config.access.lets_nobody_in());
    let (_, secret) = config.directories[0].kind.secret_file().unwrap();
    let place = host.path("etc/secrets/corp");
    assert_eq!(*secret, config::SecretSource::File(place.clone()));
    assert_eq!(host.read("etc/secrets/corp"), "hunter2\n");
    assert_eq!(std::fs::metadata(place).unwrap().mode() & 0o007, 0);
    assert!(!host.read("etc/muster.toml").contains("hunter2"));
}

#[test]
fn a_credential_gets_no_file_and_the_unit_is_told_of() {
    let host = Host::new();
    let file = host.path("etc/muster.toml");
    let words = [
        "--kind",
        "gafaelfawr",
        "--repertoire",
        "https://data.example.org/repertoire",
        "--repertoire-allow",
        "id.example.org",
        "--credential",
        "gafaelfawr-token",
        "--no-test",
        "--config",
        file.to_str().unwrap(),
    ];
    let (options, init) = typed(&words);
    run(&options, &init).unwrap();
    let config = config::load(&file).unwrap();
    let (_, secret) = config.directories[0].kind.secret_file().unwrap();
    let wanted = config::SecretSource::Credential("gafaelfawr-token".to_owned());
    assert_eq!(*secret, wanted);
    assert!(!host.path("etc/secrets").exists());
}

#[test]
fn plain_http_is_refused_unless_it_is_said_and_never_to_another_host() {
    let host = Host::new();
    let secret = host.path("secret");
    let with = |url: &str, more: &[&str]| {
        let file = host.path("etc/muster.toml");
        let mut words = vec![
            "--kind",
            "crowd",
            "--application",
            "linux",
            "--no-test",
            "--url",
            url,
        ];
        words.extend([
            "--secret-file",
            secret.to_str().unwrap(),
            "--config",
            file.to_str().unwrap(),
        ]);
        words.extend(more);
        let (options, init) = typed(&words);
        run(&options, &init).map(|_| ())
    };
    let plain = ["--plain-http", "loopback"];
    assert!(with("http://127.0.0.1:8095/crowd", &[]).is_err());
    assert!(with("http://crowd.example.org/crowd", &plain).is_err());
    assert!(!host.path("etc/muster.toml").exists());
    with("http://127.0.0.1:8095/crowd", &plain).unwrap();
}

#[test]
fn an_apicrud_is_set_up_by_options_alone() {
    let host = Host::new();
    let file = host.path("etc/muster.toml");
    let words = [
        "--kind",
        "apicrud",
        "--url",
        "https://api.example.org/api/v1",
        "--person",
        "ada.l=u-8Zk3pQ1x",
        "--person",
        "eve.l=u-8Zk3pQ1y",
        "--role",
        "admin=ops",
        "--no-test",
        "--config",
        file.to_str().unwrap(),
    ];
    let (options, init) = typed(&words);
    run(&options, &init).unwrap();
    let config = config::load(&file).unwrap();
    match &config.directories[0].kind {
        config::DirectoryKind::Apicrud(own) => assert_eq!(own.people.len(), 2),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_configuration_without_a_directory_stays_and_a_drop_in_comes_beside_it() {
    let host = Host::new();
    let shipped = "# mine\nversion = 1\n";
    std::fs::write(host.path("etc/muster.toml"), shipped).unwrap();
    host.init(&["--allow", "everyone"]).unwrap();
    assert_eq!(host.read("etc/muster.toml"), shipped);
    let config = config::load(&host.path("etc/muster.toml")).unwrap();
    assert_eq!(config.directories[0].name.as_str(), "corp");
    assert!(host.path("etc/muster.d/corp.toml").exists());
}

#[test]
fn nothing_that_is_there_is_replaced_and_nothing_is_written_beside_it() {
    let host = Host::new();
    host.init(&[]).unwrap();
    let before = host.read("etc/muster.toml");
    let told = host.refused(&[]);
    assert!(told.contains("has the directory corp already"), "{told}");
    assert_eq!(host.read("etc/muster.toml"), before);

    let host = Host::new();
    std::fs::create_dir(host.path("etc/secrets")).unwrap();
    std::fs::write(host.path("etc/secrets/corp"), "older").unwrap();
    let told = host.refused(&[]);
    assert!(told.contains("secrets/corp is there already"), "{told}");
    assert_eq!(host.read("etc/secrets/corp"), "older");
    assert!(!host.path("etc/muster.toml").exists());
}

#[test]
fn what_would_be_no_configuration_is_told_and_not_written() {
    let host = Host::new();
    let told = host.refused(&["--allow", "gruop:x"]);
    assert!(
        told.contains("access.allow") && told.contains("gruop:x"),
        "{told}"
    );
    assert!(!host.path("etc/muster.toml").exists() && !host.path("etc/secrets").exists());

    std::fs::write(host.path("etc/muster.toml"), "version = 1\nnonsense = 1\n").unwrap();
    assert!(host.refused(&[]).contains("nonsense"));
    assert!(!host.path("etc/muster.d").exists());
}
