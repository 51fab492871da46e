//! The SSH keys that sshd may let a person in by, from the snapshot alone: what
//! `muster ssh-keys` prints for sshd's AuthorizedKeysCommand. The broker is not asked.
//!
//! The snapshot is checked once more here, as if a broker in an attacker's hands had
//! written it, and root's configuration is read anew: no local account, no reserved name, no id of the system is ever opened by a
//! key from a directory, a key is printed only as it was parsed, and what stands in front of
//! it is root's word alone.

use std::io;
use std::path::Path;

use crate::access::{Directories, Memberships, UnfitName, WayIn};
use crate::account::ID_FLOOR;
use crate::clock::Time;
use crate::config::{self, ConfigErrors};
use crate::local;
use crate::name::{ServiceName, UserName};
use crate::snapshot::content::AccessAnswer;
use crate::snapshot::reader::{Damaged, OpenError, Snapshot};
use crate::snapshot::reserved::reserved;
use crate::ssh_key;

/// Where the answer comes from; tests have files of their own.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// passwd(5).
    pub passwd: &'a Path,
    /// The snapshot.
    pub snapshot: &'a Path,
    /// The configuration.
    pub config: &'a Path,
    /// Who must own the snapshot and the configuration (0; a test's own uid).
    pub owner: u32,
}

/// Why there are no keys for a name.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    /// The local accounts cannot be read, so nobody can be told from them.
    #[error("the local accounts cannot be read: {0}")]
    Local(#[source] io::Error),
    /// The name or the id is a local account's, reserved or the system's.
    #[error("the name or its id is not a directory's")]
    NotOurs,
    /// There is no snapshot that can be believed.
    #[error("the snapshot cannot be read")]
    Snapshot(#[from] OpenError),
    /// The snapshot cannot be believed.
    #[error("the snapshot is damaged")]
    Damaged(#[from] Damaged),
    /// Nobody of this name is served.
    #[error("nobody of this name is known")]
    Unknown,
    /// The person may not use the service.
    #[error("the access rules do not let this person in")]
    NotAllowed,
    /// What the person is restricted to is not known.
    #[error("the configuration: {0}")]
    Config(#[from] ConfigErrors),
    /// The person's name does not fit into the command.
    #[error("the forced command: {0}")]
    Name(#[from] UnfitName),
    /// The decision is too old.
    #[error("the access decision in the snapshot has expired")]
    Expired,
}

/// The keys of `name`, if `service` lets the person in at `now`: each as `type base64`, with
/// command and options in front for people of restricted groups.
pub fn keys_of(
    sources: &Sources<'_>,
    name: &str,
    service: &ServiceName,
    now: Time,
) -> Result<Vec<String>, NoKeys> {
    let name = UserName::new(name).map_err(|_| NoKeys::NotOurs)?;
    if reserved(name.as_str()).is_some() {
        return Err(NoKeys::NotOurs);
    }
    if local::has_user(sources.passwd, name.as_str()).map_err(NoKeys::Local)? {
        return Err(NoKeys::NotOurs);
    }
    let snapshot = Snapshot::open_trusted_by(sources.snapshot, sources.owner)?;
    let record = snapshot.user_by_name(name.as_str())?;
    let record = record.ok_or(NoKeys::Unknown)?;
    let uid = record.account.uid.get();
    let is_local = local::has_uid(sources.passwd, uid).map_err(NoKeys::Local)?;
    if uid < ID_FLOOR || is_local || record.account.name != name {
        return Err(NoKeys::NotOurs);
    }
    let services = snapshot.services()?;
    let position = services.iter().position(|listed| listed == service);
    match record.access.answer(position, now) {
        AccessAnswer::Allowed => {}
        AccessAnswer::Denied => return Err(NoKeys::NotAllowed),
        AccessAnswer::Expired => return Err(NoKeys::Expired),
    }
    // Read even where nobody is restricted: that this is so stands in it.
    let rules = config::load_trusted_by(sources.config, sources.owner)?.access;
    let directories = Directories::of(&snapshot)?;
    let memberships = Memberships::of(&snapshot, &directories, &record)?;
    let (keys, _) = ssh_key::accept(&record.ssh_keys);
    memberships.with_facts(|facts| match rules.way_in(facts) {
        _ if service.as_str() != "sshd" => Ok(keys),
        WayIn::Open => Ok(keys),
        WayIn::Restricted(restriction) => {
            let options = restriction.key_options(&name)?;
            Ok(keys.iter().map(|key| behind(&options, key)).collect())
        }
        // The configuration has changed since the snapshot was made.
        WayIn::Closed => Err(NoKeys::NotAllowed),
    })
}

fn behind(options: &str, key: &str) -> String {
    match options {
        "" => key.to_owned(),
        _ => format!("{options} {key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Gid, Group, Uid};
    use crate::name::DirectoryName;
    use crate::snapshot::content::{
        Access, Content, DirectoryRecord, GroupRecord, Misses, UserRecord,
    };
    use crate::snapshot::writer;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    const NOW: Time = Time::from_unix(1_800_000_000);

    fn person(name: &str, uid: u32, allowed: u64, keys: &[&str]) -> UserRecord {
        UserRecord {
            account: Account {
                name: UserName::new(name).unwrap(),
                uid: Uid::new(uid).unwrap(),
                gid: Gid::new(uid).unwrap(),
                gecos: String::new(),
                home: format!("/home/{name}"),
                shell: "/bin/sh".into(),
            },
            groups: vec![Gid::new(uid).unwrap()],
            directory: 0,
            access: Access {
                allowed,
                until: NOW.after(std::time::Duration::from_secs(60)),
            },
            ssh_keys: keys.iter().map(|&key| key.to_owned()).collect(),
        }
    }

    const CONFIG: &str = r#"version = 1
[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux"
password_file = "/etc/muster/secrets/crowd"
[access]
allow = ["user:corp/ada", "user:corp/eve", "group:corp/admins"]
"#;
    const RESTRICTED: &str = r#"[[restricted]]
groups = ["group:corp/pushers"]
command = "serve \"{name}\""
options = ["restrict"]
"#;

    fn group(name: &str, gid: u32, members: &[&str]) -> GroupRecord {
        GroupRecord {
            group: Group {
                name: name.parse().unwrap(),
                gid: Gid::new(gid).unwrap(),
                members: members.iter().map(|name| name.parse().unwrap()).collect(),
            },
            directory: 0,
        }
    }

    struct Host(tempfile::TempDir);

    impl Host {
        /// A snapshot as a broker in an attacker's hands would have it.
        fn new(users: Vec<UserRecord>) -> Self {
            Self::with(CONFIG, users, Vec::new())
        }

        fn with(config: &str, users: Vec<UserRecord>, groups: Vec<GroupRecord>) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let content = Content {
                created: NOW,
                directories: vec![DirectoryRecord {
                    name: DirectoryName::new("corp").unwrap(),
                    misses: Misses::Final,
                    synced: Some(NOW),
                }],
                services: vec![ServiceName::new("sshd").unwrap()],
                users,
                groups,
                ..Content::default()
            };
            writer::install(&writer::write(&content, 1).unwrap(), folder.path()).unwrap();
            let passwd = "root:x:0:0::/root:/bin/sh\nlou:x:5000:5000::/home/lou:/bin/sh\n";
            std::fs::write(folder.path().join("passwd"), passwd).unwrap();
            std::fs::write(folder.path().join("muster.toml"), config).unwrap();
            Self(folder)
        }

        fn keys(&self, name: &str, now: Time) -> Result<Vec<String>, NoKeys> {
            let sources = Sources {
                passwd: &self.0.path().join("passwd"),
                snapshot: &self.0.path().join("snapshot"),
                config: &self.0.path().join("muster.toml"),
                owner: rustix::process::geteuid().as_raw(),
            };
            keys_of(&sources, name, &ServiceName::new("sshd").unwrap(), now)
        }
    }

    #[test]
    fn a_person_who_is_let_in_has_the_keys_that_can_be_parsed() {
        let lines = [KEY, "command=\"sh\" ssh-rsa AAAA", "nonsense ssh-rsa A"];
        let host = Host::new(vec![person("ada", 20_001, 0b10, &lines)]);
        assert_eq!(host.keys("ada", NOW).unwrap(), [KEY]);
    }

    #[test]
    fn a_hostile_snapshot_opens_neither_root_nor_a_local_nor_a_reserved_account() {
        let all = u64::MAX;
        let host = Host::new(vec![
            person("root", 20_002, all, &[KEY]),
            person("lou", 20_003, all, &[KEY]),
            person("mallory", 5000, all, &[KEY]),
            person("sudo", 20_004, all, &[KEY]),
            person("systemd-x", 20_005, all, &[KEY]),
        ]);
        for name in [
            "root",
            "lou",
            "mallory",
            "sudo",
            "systemd-x",
            "-oProxy",
            "a b",
            "",
        ] {
            let keys = host.keys(name, NOW);
            assert!(matches!(keys, Err(NoKeys::NotOurs)), "{name}: {keys:?}");
        }
    }

    fn pusher(name: &str, uid: u32, groups: &[u32]) -> UserRecord {
        let gids = groups.iter().map(|&gid| Gid::new(gid).unwrap());
        UserRecord {
            groups: gids.collect(),
            ..person(name, uid, 0b10, &[KEY])
        }
    }

    #[test]
    fn the_keys_of_restricted_people_run_roots_command_and_an_allow_rule_beats_that() {
        let host = Host::with(
            &format!("{CONFIG}{RESTRICTED}"),
            vec![
                pusher("gus", 20_001, &[30_001]),
                pusher("ida", 20_002, &[30_001, 30_002]),
                // As if a broker in an attacker's hands had set the mask alone.
                pusher("max", 20_003, &[]),
                pusher("sly", 20_004, &[30_002]),
            ],
            vec![
                group("pushers", 30_001, &["gus", "ida"]),
                group("admins", 30_002, &["ida"]),
            ],
        );
        let restricted = format!(r#"command="serve \"gus\"",restrict {KEY}"#);
        assert_eq!(host.keys("gus", NOW).unwrap(), [restricted]);
        assert_eq!(host.keys("ida", NOW).unwrap(), [KEY]);
        for outsider in ["max", "sly"] {
            let keys = host.keys(outsider, NOW);
            assert!(matches!(keys, Err(NoKeys::NotAllowed)), "{keys:?}");
        }
    }

    #[test]
    fn without_a_configuration_that_only_root_writes_nobody_has_keys() {
        let host = Host::new(vec![person("ada", 20_001, 0b10, &[KEY])]);
        let config = host.0.path().join("muster.toml");
        host.keys("ada", NOW).unwrap();
        std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .unwrap();
        assert!(matches!(host.keys("ada", NOW), Err(NoKeys::Config(_))));
        std::fs::write(&config, "version = 1\nnonsense = 2\n").unwrap();
        assert!(matches!(host.keys("ada", NOW), Err(NoKeys::Config(_))));
        std::fs::remove_file(&config).unwrap();
        assert!(matches!(host.keys("ada", NOW), Err(NoKeys::Config(_))));
    }

    #[test]
    fn whoever_is_denied_expired_or_unknown_has_none() {
        let host = Host::new(vec![
            person("bob", 20_001, 0b01, &[KEY]),
            person("eve", 20_002, 0b10, &[KEY]),
        ]);
        assert!(matches!(host.keys("bob", NOW), Err(NoKeys::NotAllowed)));
        assert!(matches!(host.keys("nobodyhere", NOW), Err(NoKeys::Unknown)));
        let later = NOW.after(std::time::Duration::from_secs(60));
        assert!(matches!(host.keys("eve", later), Err(NoKeys::Expired)));
        std::fs::remove_file(host.0.path().join("passwd")).unwrap();
        assert!(matches!(host.keys("eve", NOW), Err(NoKeys::Local(_))));
    }
}
