//! A configuration in several files: how they add up, whom they are believed from, where problems are.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::access::{Decision, GroupFact, GroupKind, PersonFacts};
use crate::name::{DirectoryName, GroupName};

/// A folder with `muster.toml` and `muster.d`.
struct Host(tempfile::TempDir);

impl Host {
    fn with(drop_ins: &[(&str, &str)]) -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(host.path("muster.d")).unwrap();
        let more = "[access]\nallow = [\"group:linux\"]\ndeny = [\"user:eve\"]\n[home]\nshell = \"/bin/zsh\"\n";
        host.write("muster.toml", &with(more));
        for (name, text) in drop_ins {
            host.write(&format!("muster.d/{name}"), text);
        }
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        self.set_mode(name, 0o644);
    }

    fn set_mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn understood(&self) -> Config {
        load(&self.path("muster.toml")).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// As the broker reads it, with whoever runs the tests in root's place.
    fn trusted(&self) -> Result<Config, ConfigErrors> {
        load_trusted_by(
            &self.path("muster.toml"),
            rustix::process::geteuid().as_raw(),
        )
    }

    fn complaints(&self) -> Vec<String> {
        let found = load(&self.path("muster.toml")).err();
        let found = found.map(|errors| errors.problems()).unwrap_or_default();
        let folder = format!("{}/", self.0.path().display());
        found.iter().map(|line| line.replace(&folder, "")).collect()
    }
}

/// What is decided about `corp/NAME`, who is in these groups, and why.
fn decided(config: &Config, user: &str, groups: &[&str]) -> Decision {
    let directory: DirectoryName = "corp".parse().unwrap();
    let groups = groups.iter().map(|name| name.parse().unwrap());
    let groups: Vec<GroupName> = groups.collect();
    let facts: Vec<_> = groups
        .iter()
        .map(|name| GroupFact {
            directory: &directory,
            name,
            kind: GroupKind::Untold,
        })
        .collect();
    config.access.decide(
        &PersonFacts {
            directory: &directory,
            user: &user.parse().unwrap(),
            groups: &facts,
        },
        &"sshd".parse().unwrap(),
    )
}

#[test]
fn a_drop_in_adds_keys_and_replaces_values_and_lists_and_leaves_the_rest() {
    let host = Host::with(&[(
        "10-site.toml",
        "[access]\nallow = [\n  \"group:staff\",\n]\n[home]\npath = \"/srv/{name}\"\n[sync]\ninterval = \"5m\"\n",
    )]);
    let config = host.understood();
    let staff = decided(&config, "ada", &["staff"]).decision;
    assert!(staff.ends_with("/muster.d/10-site.toml:3)"), "{staff}");
    assert!(!decided(&config, "ada", &["linux"]).allowed);
    let eve = decided(&config, "eve", &["staff"]).decision;
    assert!(eve.ends_with("/muster.toml:10)"), "{eve}");
    let corp = "corp".parse().unwrap();
    assert_eq!(config.home.folder_of(&corp), "/srv");
    assert_eq!(config.home.shell_of(&corp), "/bin/zsh");
    assert_eq!(config.sync.interval, Duration::from_secs(300));
}

#[test]
fn drop_ins_are_read_in_the_byte_order_of_their_names_and_the_last_word_counts() {
    let shell = |shell: &str| format!("[home]\nshell = \"{shell}\"\n");
    let host = Host::with(&[
        ("9.toml", &shell("/bin/nine")),
        ("a.toml", &shell("/bin/small")),
        ("Z.toml", &shell("/bin/large")),
        ("10.toml", &shell("/bin/ten")),
    ]);
    let corp = "corp".parse().unwrap();
    assert_eq!(host.understood().home.shell_of(&corp), "/bin/small");
    let files = files_of(&host.path("muster.toml")).unwrap();
    let names = [
        "muster.toml",
        "muster.d",
        "muster.d/10.toml",
        "muster.d/9.toml",
    ];
    let names = names
        .into_iter()
        .chain(["muster.d/Z.toml", "muster.d/a.toml"]);
    assert_eq!(files, names.map(|name| host.path(name)).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_not_written_yet_counts_in_its_place() {
    let host = Host::with(&[("50.toml", "[home]\nshell = \"/bin/fifty\"\n")]);
    let corp = "corp".parse().unwrap();
    let with = |file: &str, text: &str| {
        let config = load_with(&host.path("muster.toml"), &host.path(file), text).unwrap();
        (config.home.shell_of(&corp), config.directories.len())
    };
    let shell = "[home]\nshell = \"/bin/new\"\n";
    assert_eq!(
        with("muster.d/10.toml", shell),
        ("/bin/fifty".to_owned(), 1)
    );
    assert_eq!(with("muster.d/90.toml", shell), ("/bin/new".to_owned(), 1));
    assert_eq!(with("muster.d/50.toml", shell), ("/bin/new".to_owned(), 1));
    assert_eq!(
        with("muster.toml", "version = 1\n"),
        ("/bin/fifty".to_owned(), 0)
    );
}

#[test]
fn hidden_files_and_those_with_another_ending_are_not_read() {
    let host = Host::with(&[
        (".hidden.toml", "nonsense"),
        ("10-site.toml~", "nonsense"),
        ("10-site.toml.rpmsave", "nonsense"),
        ("README", "nonsense"),
        (".toml", "nonsense"),
    ]);
    assert_eq!(host.complaints(), Vec::<String>::new());
    assert!(host.trusted().is_ok());
}

#[test]
fn directories_of_drop_ins_come_behind_the_others_and_a_name_is_given_once() {
    let lab = DIRECTORY.replace("corp", "lab") + "namespace = \"lab\"\n";
    let explicit = "[access]\nallow = [\"group:lab/x\"]\ndeny = []\n";
    let host = Host::with(&[("10-lab.toml", &format!("{lab}{explicit}"))]);
    let config = host.understood();
    let names = config.directories.iter().map(|one| one.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["corp", "lab"]);

    let host = Host::with(&[("10-again.toml", &format!("# again\n{DIRECTORY}"))]);
    let told = "muster.d/10-again.toml:3: directory.name: found \"corp\" again; wanted a name that no other directory has";
    assert_eq!(host.complaints().first().unwrap(), told);
}

#[test]
fn restrictions_and_sections_of_single_names_add_up() {
    let one = "[[restricted]]\ngroups = [\"group:one\"]\ncommand = \"/bin/one\"\n[override.user.ada]\nuid = 5000\nshell = \"/bin/sh\"\n";
    let two = "[[restricted]]\ngroups = [\"group:two\"]\ncommand = \"/bin/two\"\n[override.user.ada]\nuid = 6000\n[override.user.bob]\nuid = 5001\n";
    let host = Host::with(&[("1.toml", one), ("2.toml", two)]);
    let config = host.understood();
    for group in ["one", "two"] {
        let allowed = decided(&config, "ada", &[group]);
        assert!(allowed.allowed, "{allowed:?}");
    }
    let ada = &config.overrides["ada"];
    assert_eq!(ada.uid.unwrap().get(), 6000);
    assert_eq!(ada.shell.as_deref(), Some("/bin/sh"));
    assert_eq!(config.overrides.len(), 2);
}

#[test]
fn problems_of_all_files_are_told_with_file_and_line_in_the_order_of_reading() {
    let host = Host::with(&[
        ("20.toml", "\n[home]\nshel = \"/bin/sh\"\n"),
        ("10.toml", "\n\n[access]\nallow = [\"group:crop/x\"]\n"),
    ]);
    assert_eq!(
        host.complaints(),
        [
            "muster.d/10.toml:4: access.allow: found \"group:crop/x\"; wanted the name of a directory; did you mean \"corp\"?",
            "muster.d/20.toml:3: home.shel: found an unknown key; wanted a known key; did you mean \"shell\"?",
        ]
    );
    let host = Host::with(&[("1.toml", "[home"), ("2.toml", "x ="), ("3.toml", "")]);
    let told = host.complaints();
    assert!(told[0].starts_with("muster.d/1.toml:1: found text that is not TOML"));
    assert!(told[1].starts_with("muster.d/2.toml:1: found text that is not TOML"));
    assert_eq!(told.len(), 2);
}

#[test]
fn a_section_that_one_file_writes_as_a_value_is_a_problem_there() {
    let host = Host::with(&[("1.toml", "home = 3\n")]);
    let told = "muster.d/1.toml:1: home: found 3; wanted the section [home]";
    assert_eq!(host.complaints(), [told]);
}

#[test]
fn what_others_can_write_is_not_trusted_nor_a_folder_of_theirs() {
    let host = Host::with(&[("1.toml", "[home]\nshell = \"/bin/sh\"\n")]);
    assert!(host.trusted().is_ok());
    for (name, mode) in [
        ("muster.d/1.toml", 0o664),
        ("muster.d/1.toml", 0o602),
        ("muster.d", 0o775),
    ] {
        host.set_mode(name, mode);
        let error = host.trusted().unwrap_err().to_string();
        let wanted = format!("{name} is not to be trusted: its mode {mode:04o}");
        assert!(error.contains(&wanted), "{error}");
        host.set_mode("muster.d/1.toml", 0o644);
    }
    host.set_mode("muster.d", 0o755);
    let stranger = load_trusted_by(&host.path("muster.toml"), 4_000_000).unwrap_err();
    assert!(stranger.to_string().contains("4000000"), "{stranger}");
}

#[test]
fn what_cannot_be_read_in_the_folder_refuses_the_whole_configuration() {
    let host = Host::with(&[]);
    std::fs::create_dir(host.path("muster.d/folder.toml")).unwrap();
    let told = host.complaints();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("muster.d/folder.toml cannot be read: not a regular file"));

    let host = Host::with(&[]);
    std::os::unix::fs::symlink("nowhere", host.path("muster.d/1.toml")).unwrap();
    assert!(host.complaints()[0].starts_with("muster.d/1.toml cannot be read"));

    let host = Host::with(&[]);
    let mode = rustix::fs::Mode::from_bits_truncate(0o644);
    let fifo = host.path("muster.d/1.toml");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(host.complaints()[0].contains("not a regular file"));
}

#[test]
fn a_configuration_without_a_folder_or_with_a_file_in_its_place_is_told_apart() {
    let host = Host::with(&[]);
    std::fs::remove_dir(host.path("muster.d")).unwrap();
    assert!(host.trusted().is_ok());
    host.write("muster.d", "");
    assert!(host.complaints()[0].starts_with("muster.d cannot be read"));
    assert_eq!(drop_in_folder(Path::new("/etc/muster/other")), None);
}
