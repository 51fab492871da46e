//! What an administrator sees of right and wrong configurations.

use std::path::Path;
use std::time::Duration;

use super::*;

mod drop_ins;
mod show;

const FILE: &str = "muster.toml";

const DIRECTORY: &str = r#"[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux-hosts"
password_file = "/etc/muster/secrets/crowd"
"#;

fn understood(text: &str) -> Config {
    parse(text, Path::new(FILE)).unwrap_or_else(|errors| panic!("{errors}"))
}

/// A minimal configuration with `text` at its end.
fn with(text: &str) -> String {
    format!("version = 1\n{DIRECTORY}{text}")
}

/// A configuration with one directory of this kind, and `text` at its end.
fn of_kind(kind: &str, text: &str) -> String {
    format!(
        "version = 1\n[[directory]]\nname = \"one\"\nkind = \"{kind}\"\nurl = \"https://one.example.org/\"\n{text}"
    )
}

/// What a directory of `kind` cannot be without.
fn needed(kind: &str) -> &'static str {
    match kind {
        "fas" => "user = \"hosts\"\npassword_file = \"/x\"\n",
        "gafaelfawr" => "token_file = \"/x\"\n",
        "apicrud" => "people = [\"ada.l=u-8Zk3pQ1x\"]\n",
        _ => "application = \"linux-hosts\"\npassword_file = \"/x\"\n",
    }
}

fn complaints(text: &str) -> Vec<String> {
    match parse(text, Path::new(FILE)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems(),
    }
}

#[test]
fn the_example_is_understood_and_means_what_it_says() {
    let config = understood(keys::EXAMPLE);
    assert_eq!(config.ids.accept, 10_000..=2_147_352_575);
    assert_eq!(config.ids.derive, 1_879_048_192..=2_147_352_575);
    assert_eq!(config.offline.max_age, Duration::from_secs(7 * 86_400));
    assert_eq!(config.sync.interval, Duration::from_secs(900));
    let corp = "corp".parse().unwrap();
    assert_eq!(config.home.folder_of(&corp), "/home");
    assert!(!config.enumerate);
    assert_eq!(config.access.services().len(), 1);
    assert_eq!(config.warnings, Vec::<String>::new());
    let directory = &config.directories[0];
    assert_eq!(directory.name.as_str(), "corp");
    assert_eq!(&*directory.namespace, "crowd");
    let server = directory.server.as_ref().unwrap();
    let DirectoryKind::Crowd(crowd) = &directory.kind else {
        panic!("{:?}", directory.kind);
    };
    assert_eq!(server.url.as_str(), "https://crowd.example.org/crowd");
    assert_eq!(
        crowd.password_file,
        SecretSource::File("/etc/muster/secrets/crowd".into())
    );
    assert_eq!(crowd.attributes.uid, "uidNumber");
    assert_eq!(server.timeout, Duration::from_secs(10));
    assert_eq!(server.requests_at_once, 4);
    assert_eq!(crowd.attributes.gecos, "gecos");
}

#[test]
fn how_many_requests_are_under_way_is_from_1_to_64_for_every_kind() {
    let check = |kind: &str, said: &str, fine: bool| {
        let needed = needed(kind);
        let text = of_kind(kind, &format!("{needed}requests_at_once = {said}\n"));
        let found = complaints(&text);
        assert_eq!(found.is_empty(), fine, "{kind} {said}: {found:?}");
    };
    for kind in ["crowd", "fas", "gafaelfawr", "apicrud"] {
        check(kind, "1", true);
        check(kind, "64", true);
        for wrong in ["0", "65", "-1", "\"4\""] {
            check(kind, wrong, false);
        }
    }
}

#[test]
fn every_default_of_the_table_is_a_value_that_its_own_check_takes() {
    let config = understood("version = 1\n");
    assert!(config.directories.is_empty());
    let sayable = keys::KEYS.iter().filter_map(|key| match key.absent {
        keys::Absent::Stands(value) => Some((key, value)),
        _ => None,
    });
    for (key, value) in sayable {
        let path = key.path;
        let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
        let header = match section {
            "" => String::new(),
            "directory" => String::new(),
            "restricted" => "[[restricted]]\ngroups = [\"everyone\"]\ncommand = \"x\"\n".to_owned(),
            _ => format!("[{}]\n", section.replace("NAME", "sshd")),
        };
        let kind = key.of.first().copied().unwrap_or("crowd");
        let needed = needed(kind);
        let text = of_kind(kind, &format!("{needed}{header}{name} = {value}\n"));
        assert_eq!(complaints(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn an_empty_configuration_warns_that_nobody_is_served_and_nobody_let_in() {
    let warnings = understood("version = 1\n").warnings;
    assert_eq!(
        warnings,
        [
            "muster.toml: directory: no [[directory]] is configured: nobody is served",
            "muster.toml: access.allow: no access rule lets anybody in: nobody can log in",
        ]
    );
}

#[test]
fn every_problem_is_reported_at_once_with_line_key_found_and_wanted() {
    let text = include_str!("goldens/wrong.toml");
    let golden = "src/config/goldens/wrong.txt";
    compare(golden, &(complaints(text).join("\n") + "\n"));
}

#[test]
fn the_reference_page_is_what_the_table_says() {
    compare("../docs/configuration.md", &keys::reference());
}

/// Compares with a golden file; UPDATE_GOLDENS=1 writes it.
fn compare(golden: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(golden);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(before, now, "{golden}: UPDATE_GOLDENS=1 writes it anew");
}

#[test]
fn single_problems_are_told_in_one_line() {
    let check = |text: &str, expected: &str| assert_eq!(complaints(text), [expected], "{text}");
    check(
        "",
        "muster.toml:1: version: found nothing; wanted the number 1",
    );
    check(
        "version = 2",
        "muster.toml:1: version: found 2; wanted the number 1",
    );
    check(
        "version = 1\n[home\npath = 1",
        "muster.toml:2: found text that is not TOML; wanted unclosed table, expected `]`",
    );
    check(
        &with("kin = \"x\"\n"),
        "muster.toml:8: directory.kin: found an unknown key; wanted a known key; did you mean \"kind\"?",
    );
    check(
        &with("password = \"hunter2\"\n"),
        "muster.toml:8: directory.password: found an unknown key; wanted one of: application, attributes, ca_file, change_passwords, cla_group, connect_timeout, force_refresh, groups, kind, lists, lock_after, max_token_lifetime, name, namespace, offline, otp, password_file, password_page, people, plain_http, repertoire, repertoire_allow, requests_at_once, require_expiry, roles, scopes, scopes_match, session_cookie, timeout, token_file, token_types, url, user, users",
    );
    check(
        &with("[offline]\nhash_memory = 18\n"),
        "muster.toml:9: offline.hash_memory: found 18; wanted a number of MiB from 19 to 256",
    );
    check(
        &with("[offline]\nnot_for = [\"Sudo\"]\n"),
        "muster.toml:9: offline.not_for: found \"Sudo\"; wanted a PAM service's name in lower case",
    );
    check(
        &with("[offline]\nmax_age = \"8d\"\n"),
        "muster.toml:9: offline.max_age: found \"8d\"; wanted at most access.max_staleness, which is \"7d\"",
    );
    check(
        &with("[access]\nmax_staleness = \"5m\"\n"),
        "muster.toml:9: access.max_staleness: found an interval of \"15m\" and a staleness of \"5m\"; wanted sync.interval shorter than access.max_staleness, or decisions lapse between syncs",
    );
    check(
        &with("[access]\nallow = [\n  \"group:crop/x\",\n]\n"),
        "muster.toml:10: access.allow: found \"group:crop/x\"; wanted the name of a directory; did you mean \"corp\"?",
    );
    check(
        &with("[access.service.SSHD]\nallow = []\n"),
        "muster.toml:8: access.service.SSHD: found the service \"SSHD\"; wanted a PAM service's name in lower case",
    );
    check(
        "version = 1\n[directory]\nname = \"x\"\n",
        "muster.toml:2: directory: found a section; wanted the section [[directory]]",
    );
    check(
        "version = 1\nhome = 3\n",
        "muster.toml:2: home: found 3; wanted the section [home]",
    );
}

#[test]
fn a_key_of_another_kind_is_refused_and_so_is_what_a_kind_lacks() {
    let check = |text: &str, expected: &[&str]| assert_eq!(complaints(text), expected, "{text}");
    check(
        &with("scopes = [\"exec:login\"]\n"),
        &[
            "muster.toml:8: directory.scopes: found a key of the kind gafaelfawr; wanted keys that the kind crowd has",
        ],
    );
    check(
        &of_kind(
            "fas",
            "user = \"hosts\"\n[directory.attributes]\nuid = \"uid\"\n",
        ),
        &[
            "muster.toml:2: directory.password_file: found nothing; wanted an absolute path, or \"credential:NAME\"",
            "muster.toml:7: directory.attributes: found a key of the kind crowd; wanted keys that the kind fas has",
        ],
    );
    check(
        &of_kind(
            "fas",
            "user = \"hosts\"\npassword_file = \"/x\"\notp = \"both\"\n",
        ),
        &["muster.toml:8: directory.otp: found \"both\"; wanted \"none\", \"append\" or \"field\""],
    );
    check(
        &of_kind(
            "gafaelfawr",
            "password_file = \"/x\"\ntoken_file = \"/x\"\n",
        ),
        &[
            "muster.toml:6: directory.password_file: found a key of the kind crowd or fas; wanted keys that the kind gafaelfawr has",
        ],
    );
    check(
        &of_kind("ldap", ""),
        &[
            "muster.toml:4: directory.kind: found \"ldap\"; wanted \"crowd\", \"fas\", \"gafaelfawr\", \"apicrud\" or \"local\"",
        ],
    );
}

#[test]
fn tokens_that_others_hold_cannot_be_taken_and_some_scope_is_always_wanted() {
    for wrong in [
        "token_types = [\"internal\"]",
        "token_types = [\"user\", \"oidc\"]",
        "token_types = []",
        "scopes = []",
        "scopes = [\"exec login\"]",
        "scopes = \"exec:login\"",
        "max_token_lifetime = \"1m\"",
    ] {
        let text = of_kind("gafaelfawr", &format!("token_file = \"/x\"\n{wrong}\n"));
        assert_eq!(complaints(&text).len(), 1, "{wrong}");
    }
}

#[test]
fn the_people_of_an_apicrud_are_named_once_each_with_their_ids() {
    let text = |lines: &str| of_kind("apicrud", lines);
    let good = "people = [\"ada.l=u-8Zk3pQ1x\", \"bob.l=u-7\"]\nroles = [\"admin=ops\", \"list-3f-member=ops\"]\n";
    let config = understood(&text(good));
    let DirectoryKind::Apicrud(own) = &config.directories[0].kind else {
        panic!("{:?}", config.directories[0].kind);
    };
    let people: Vec<_> = own
        .people
        .iter()
        .map(|(name, id)| (name.as_str(), id.as_str()))
        .collect();
    assert_eq!(people, [("ada.l", "u-8Zk3pQ1x"), ("bob.l", "u-7")]);
    assert_eq!(own.roles.len(), 2);
    for wrong in [
        "",
        "people = \"ada.l=u-1\"",
        "people = [\"ada.l\"]",
        "people = [\"ada=u-1\"]",
        "people = [\"Ada.L=u-1\"]",
        "people = [\"ada@mail.example=u-1\"]",
        "people = [\"ada.l=1\"]",
        "people = [\"ada.l=u-1\", \"ada.l=u-2\"]",
        "people = [\"ada.l=u-1\", \"bob.l=u-1\"]",
        "people = []\nroles = [\"admin\"]",
        "people = []\nroles = [\"admin:user=ops\"]",
        "people = []\nroles = [\"admin=Not A Group\"]",
        "people = []\npassword_file = \"/x\"",
    ] {
        assert_eq!(complaints(&text(wrong)).len(), 1, "{wrong}");
    }
}

#[test]
fn a_gafaelfawr_is_where_its_url_or_a_repertoire_says_and_never_both() {
    let text = |lines: &str| {
        format!(
            "version = 1\n[[directory]]\nname = \"rubin\"\nkind = \"gafaelfawr\"\n\
             token_file = \"/etc/muster/secrets/gafaelfawr\"\n{lines}"
        )
    };
    let url = "url = \"https://data.example.org\"\n";
    let repertoire = "repertoire = \"https://data.example.org/repertoire\"\n";
    let allow = "repertoire_allow = [\"id.example.org\", \"other.example.org:8443\"]\n";
    let found = |lines: &str| {
        let config = understood(&text(lines));
        let directory = config.directories[0].clone();
        let DirectoryKind::Gafaelfawr(own) = directory.kind else {
            panic!("{:?}", directory.kind);
        };
        (
            directory.server.unwrap().url.path().to_owned(),
            own.repertoire,
        )
    };
    assert_eq!(found(url), ("/".to_owned(), None));
    assert_eq!(found(repertoire), ("/repertoire".to_owned(), Some(vec![])));
    let hosts = ["id.example.org:443", "other.example.org:8443"];
    let hosts = hosts.map(|host| host.parse().unwrap()).to_vec();
    let both = format!("{repertoire}{allow}");
    assert_eq!(found(&both).1, Some(hosts));
    for (lines, key) in [
        (String::new(), "directory.url"),
        (format!("{url}{repertoire}"), "directory.repertoire"),
        (format!("{url}{allow}"), "directory.repertoire_allow"),
        (repertoire.replace("https", "http"), "directory.repertoire"),
        (
            format!("{repertoire}repertoire_allow = [\"https://x\"]\n"),
            "directory.repertoire_allow",
        ),
        (format!("{url}lists = \"sometimes\"\n"), "directory.lists"),
        (
            format!("{url}scopes_match = \"some\"\n"),
            "directory.scopes_match",
        ),
    ] {
        let told = complaints(&text(&lines)).join("\n");
        assert!(told.contains(key), "{lines}: {told}");
    }
}

#[test]
fn the_hosts_own_registry_wants_a_name_and_a_kind_and_has_no_server() {
    let text = |lines: &str| {
        let kind = "version = 1\n[[directory]]\nname = \"local\"\nkind = \"local\"\n";
        format!("{kind}{lines}[access]\nallow = [\"everyone\"]\n")
    };
    let config = understood(&text("lock_after = 10\n"));
    let directory = &config.directories[0];
    assert!(directory.server.is_none());
    assert!(directory.kind.secret_file().is_none());
    assert!(!config.logs_in_offline(&directory.name));
    let DirectoryKind::Local(own) = &directory.kind else {
        panic!("{directory:?}");
    };
    assert_eq!(own.lock_after, Some(10));
    assert_eq!(understood(&text("")).warnings, Vec::<String>::new());
    for line in [
        "url = \"https://x\"",
        "offline = true",
        "timeout = \"3s\"",
        "plain_http = \"loopback\"",
        "password_file = \"/x\"",
        "lock_after = 2",
        "lock_after = 1001",
    ] {
        let told = complaints(&text(&format!("{line}\n"))).join("\n");
        let key = line.split(' ').next().unwrap();
        assert!(told.contains(&format!("directory.{key}")), "{line}: {told}");
    }
}

#[test]
fn the_example_of_several_directories_is_understood_in_its_order() {
    let config = understood(keys::EXAMPLE_OF_SEVERAL);
    let kinds = config.directories.iter().map(|one| one.kind.as_str());
    assert_eq!(kinds.collect::<Vec<_>>(), ["crowd", "fas", "gafaelfawr"]);
    let DirectoryKind::Gafaelfawr(rubin) = &config.directories[2].kind else {
        panic!("{:?}", config.directories[2]);
    };
    assert_eq!(rubin.tokens.scopes, ["exec:login"]);
    assert_eq!(rubin.tokens.types, ["user"]);
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn plain_http_is_only_for_this_very_host_and_only_where_written_out() {
    let check = |url: &str, more: &str, fine: bool| {
        let text = with(more).replace("https://crowd.example.org/crowd", url);
        assert_eq!(complaints(&text).is_empty(), fine, "{url} {more}");
    };
    let written = "plain_http = \"loopback\"\n";
    check("http://127.0.0.1:8095/crowd", written, true);
    check("http://[::1]:8095/crowd", written, true);
    check("http://localhost:8095/crowd", written, true);
    check("http://127.0.0.1:8095/crowd", "", false);
    check("http://crowd.example.org/crowd", written, false);
    check("http://127.0.0.1.example.org/crowd", written, false);
    check(
        "http://crowd.example.org/crowd",
        "plain_http = true\n",
        false,
    );
    check("ftp://127.0.0.1/crowd", written, false);
    check("https://crowd.example.org/crowd?x=1", "", false);
}

#[test]
fn what_may_be_a_secret_in_the_wrong_place_is_never_shown() {
    for (from, to) in [
        ("https://", "https://app:hunter2@"),
        ("https://crowd.example.org/crowd", "hunter2"),
        ("/etc/muster/secrets/crowd", "hunter2"),
        ("password_file = \"", "password = \"hunter2"),
    ] {
        let text = with("").replace(from, to);
        let shown = complaints(&text).join("\n");
        assert!(!shown.is_empty() && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_rule_may_leave_the_directory_out_only_where_there_is_one() {
    let rule = "[access]\nallow = [\"group:admins\", \"user:Ada\", \"everyone\"]\n";
    assert_eq!(complaints(&with(rule)), Vec::<String>::new());
    let second = DIRECTORY.replace("corp", "lab") + "namespace = \"lab\"\n";
    assert_eq!(
        complaints(&with(&(second + rule))),
        [
            "muster.toml:16: access.allow: found \"group:admins\"; wanted the directory's name in front of \"admins\", as in \"corp/admins\": there are several",
            "muster.toml:16: access.allow: found \"user:Ada\"; wanted the directory's name in front of \"Ada\", as in \"corp/Ada\": there are several",
        ]
    );
}

#[test]
fn derived_ids_in_the_way_of_containers_are_warned_of() {
    let config = understood(&with("[ids]\nderive = [1000000, 3000000]\n"));
    let warned = config.warnings.join("\n");
    assert!(warned.contains("systemd's containers"), "{warned}");
    assert!(warned.contains("subordinate ids"), "{warned}");
}

#[test]
fn two_directories_of_one_kind_are_warned_of_their_shared_namespace() {
    let second = DIRECTORY.replace("corp", "lab");
    let warned = understood(&with(&second)).warnings.join("\n");
    assert!(warned.contains("share the namespace \"crowd\""), "{warned}");
}

#[test]
fn an_offline_age_that_is_not_said_follows_a_shorter_staleness() {
    let config = understood(&with("[access]\nmax_staleness = \"1d\"\n"));
    assert_eq!(config.offline.max_age, Duration::from_secs(86_400));
}

fn secret_file(text: &str, mode: u32) -> (tempfile::TempDir, SecretSource) {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crowd");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (folder, SecretSource::File(path))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_secret_file_gives_its_text_without_the_newline_if_nobody_else_can_read_it() {
    if !is_root() {
        return; // only root can make a file that belongs to root
    }
    let secret = |text: &str, mode| {
        let (_folder, source) = secret_file(text, mode);
        read_secret(&source).map(|secret| secret.expose().to_owned())
    };
    assert_eq!(secret("hunter2\n", 0o640).unwrap(), b"hunter2");
    assert_eq!(secret("hunter2\n\n", 0o600).unwrap(), b"hunter2\n");
    let longest = "a".repeat(512);
    assert_eq!(
        secret(&format!("{longest}\n"), 0o400).unwrap(),
        longest.as_bytes()
    );
    for (text, mode) in [("x", 0o644), ("x", 0o604), ("x", 0o660), ("", 0o600)] {
        let error = secret(text, mode).unwrap_err().to_string();
        assert!(!error.is_empty(), "{text} {mode:o}");
    }
    assert!(secret(&"a".repeat(514), 0o600).is_err());
}

#[test]
fn a_fifo_in_a_secrets_place_hangs_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    let mode = rustix::fs::Mode::from_bits_truncate(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let error = read_secret(&SecretSource::File(path)).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("not a regular file"), "{error}: {cause}");
}

#[test]
fn a_configuration_that_others_can_write_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("muster.toml");
    std::fs::write(&path, "version = 1\n").unwrap();
    let with_mode = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        load_trusted(&path)
    };
    assert!(with_mode(0o644).is_ok());
    let error = with_mode(0o664).unwrap_err().to_string();
    assert!(error.contains("0664"), "{error}");
    assert!(load(&path).is_ok());
}
