//! What packages do to nsswitch.conf: the script that their maintainer scripts call, over files as hosts have them.
#![allow(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Debian's own.
const DEBIAN: &str = "\
# /etc/nsswitch.conf
#
# Example configuration of GNU Name Service Switch functionality.

passwd:         files systemd
group:          files systemd
shadow:         files systemd
gshadow:        files systemd

hosts:          files mymachines dns
netgroup:       nis
";

/// A file of its own in a folder of its own, and the script over it.
struct Host {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

impl Host {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nsswitch.conf");
        fs::write(&file, text).unwrap();
        Self {
            _folder: folder,
            file,
        }
    }

    fn run(&self, action: &str) -> Output {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../packaging/nsswitch/muster-nsswitch"
        );
        let output = Command::new(script)
            .arg(action)
            .arg(&self.file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    }

    fn after(&self, action: &str) -> String {
        self.run(action);
        fs::read_to_string(&self.file).unwrap()
    }
}

/// The line of one database after `add` to a file that has `line` for it.
fn added(line: &str) -> String {
    let host = Host::with(&format!("{line}\nhosts: files dns\n"));
    host.after("add").lines().next().unwrap().to_owned()
}

#[test]
fn debians_file_gets_the_word_twice_and_nothing_else() {
    let expected = DEBIAN
        .replace("passwd:         files", "passwd:         files muster")
        .replace("group:          files", "group:          files muster");
    assert_eq!(Host::with(DEBIAN).after("add"), expected);
}

#[test]
fn adding_twice_is_adding_once() {
    let host = Host::with(DEBIAN);
    assert_eq!(host.after("add"), host.after("add"));
}

#[test]
fn the_word_comes_right_after_files_with_its_actions() {
    for (before, after) in [
        ("passwd: files", "passwd: files muster"),
        ("passwd:files", "passwd:files muster"),
        ("passwd:\tfiles\tsss", "passwd:\tfiles muster\tsss"),
        ("passwd: sss files", "passwd: sss files muster"),
        ("passwd: db files nis", "passwd: db files muster nis"),
        ("passwd: compat systemd", "passwd: compat muster systemd"),
        ("passwd: files # people", "passwd: files muster # people"),
        (
            "passwd: files systemd   ",
            "passwd: files muster systemd   ",
        ),
        ("  passwd : files", "  passwd : files muster"),
        (
            "group: files [SUCCESS=merge] sss",
            "group: files [SUCCESS=merge] muster sss",
        ),
        (
            "group: files[SUCCESS=merge NOTFOUND=continue] [UNAVAIL=continue] sss",
            "group: files[SUCCESS=merge NOTFOUND=continue] [UNAVAIL=continue] muster sss",
        ),
        (
            "passwd: sss [NOTFOUND=continue] files",
            "passwd: sss [NOTFOUND=continue] files muster",
        ),
    ] {
        assert_eq!(added(before), after, "{before}");
    }
}

#[test]
fn what_an_administrator_decided_stays() {
    for line in [
        "passwd: files muster sss",
        "passwd: muster files",
        "passwd: files sss muster",
        "passwd: files muster [NOTFOUND=continue] sss",
        "passwd: files [NOTFOUND=return] sss",
        "passwd: files [!UNAVAIL=return] sss",
        "passwd: files [ notfound = RETURN ] sss",
        "passwd: sss",
    ] {
        assert_eq!(added(line), line);
    }
}

#[test]
fn a_line_that_is_left_alone_is_told() {
    for line in ["passwd: files [NOTFOUND=return]", "passwd: sss"] {
        let output = Host::with(&format!("{line}\n")).run("add");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("passwd") && said.contains("left as it is"),
            "{said}"
        );
    }
}

#[test]
fn only_the_whole_word_counts() {
    assert_eq!(
        added("passwd: files mustering notmuster"),
        "passwd: files muster mustering notmuster"
    );
    assert_eq!(
        added("passwd: nofiles files"),
        "passwd: nofiles files muster"
    );
    assert_eq!(
        added("passwd: files # muster"),
        "passwd: files muster # muster"
    );
}

#[test]
fn a_database_without_a_line_gets_one() {
    let host = Host::with("hosts: files dns\n");
    assert_eq!(
        host.after("add"),
        "hosts: files dns\npasswd: files muster\ngroup: files muster\n"
    );
    let commented = Host::with("#passwd: files\ngroup: files\n");
    assert_eq!(
        commented.after("add"),
        "#passwd: files\ngroup: files muster\npasswd: files muster\n"
    );
}

#[test]
fn removing_gives_the_file_back_to_the_byte() {
    for text in [
        DEBIAN,
        "passwd: files\ngroup: files",
        "passwd:files # a\ngroup:\tcompat\tnis\n\n\n",
        "group: files [SUCCESS=merge] sss\npasswd: sss files  \n",
        "passwd: files [NOTFOUND=return]\ngroup: sss\n",
    ] {
        let host = Host::with(text);
        host.run("add");
        assert_eq!(host.after("remove"), text);
        assert_eq!(host.after("remove"), text);
    }
}

#[test]
fn removing_takes_the_word_out_of_every_database_with_its_actions() {
    let host = Host::with(
        "passwd: files muster [NOTFOUND=continue] sss\nshadow: files muster\ninitgroups: muster files\nsudoers: files\n",
    );
    assert_eq!(
        host.after("remove"),
        "passwd: files sss\nshadow: files\ninitgroups: files\nsudoers: files\n"
    );
}

#[test]
fn edits_made_meanwhile_survive_removing() {
    let host = Host::with(DEBIAN);
    let edited = host
        .after("add")
        .replace("muster systemd", "muster sss systemd")
        + "# mine\n";
    fs::write(&host.file, edited).unwrap();
    let removed = host.after("remove");
    assert!(
        removed.contains("passwd:         files sss systemd\n"),
        "{removed}"
    );
    assert!(removed.ends_with("# mine\n"), "{removed}");
}

#[test]
fn mode_and_symbolic_link_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let host = Host::with(DEBIAN);
    let real = host.file.with_file_name("elsewhere");
    fs::rename(&host.file, &real).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("elsewhere", &host.file).unwrap();
    host.run("add");
    assert!(host.file.is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("files muster"));
    assert_eq!(
        fs::metadata(&real).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let left = fs::read_dir(real.parent().unwrap()).unwrap().count();
    assert_eq!(left, 2, "something was left behind");
}

#[test]
fn without_the_file_nothing_is_made_and_a_sentence_says_so() {
    let host = Host::with("");
    fs::remove_file(&host.file).unwrap();
    let output = host.run("add");
    assert!(String::from_utf8_lossy(&output.stderr).contains("put `muster` behind `files`"));
    assert!(!host.file.exists());
}
