//! Configuration, secrets, folders, snapshot and sockets: there, sound, and kept from others.

use muster_common::config::ConfigErrors;
use muster_common::paths;
use rustix::fs::FileType;

use super::catalogue::Check;
use super::finding::Finding;
use super::fix::Fix;
use super::host::{Host, Meta};

mod secrets;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "configuration",
        examines: "/etc/muster/muster.toml is there and has no problem",
        risk: "the broker does not start, or goes on with what it had before",
        repair: "muster config check",
        run: configuration,
    },
    Check {
        name: "configuration-mode",
        examines: "/etc/muster, the configuration and its drop-ins are root's and writable for nobody else",
        risk: "whoever can write to it decides who may log in",
        repair: "chown root:root and chmod 0644 /etc/muster/muster.toml",
        run: configuration_mode,
    },
    Check {
        name: "secrets",
        examines: "each secret that the configuration names is there, root's or the broker's, and readable for nobody else",
        risk: "whoever reads it speaks for this host at the directory; or the broker cannot read it",
        repair: "chown root:muster and chmod 0640 the file",
        run: secrets::secrets,
    },
    Check {
        name: "secrets-folder",
        examines: "/etc/muster/secrets is root's, and only root and the broker look into it",
        risk: "secrets can be exchanged or read",
        repair: "chown root:muster /etc/muster/secrets; chmod 0750 /etc/muster/secrets",
        run: secrets::secrets_folder,
    },
    Check {
        name: "authorities",
        examines: "each `ca_file` is there, root's, writable for nobody else and readable for the broker",
        risk: "the directory cannot be reached; or whoever can write to it can be the directory",
        repair: "chown root:root and chmod 0644 the file",
        run: secrets::authorities,
    },
    Check {
        name: "public-folder",
        examines: "/var/lib/muster and /var/lib/muster/public are root's, and everybody may look into them",
        risk: "names do not resolve for everybody; or others than root decide what resolves",
        repair: "chown root:root and chmod 0755 both folders",
        run: |host| {
            vec![
                folder(host, "/var/lib/muster", 0o755, true),
                folder(host, paths::PUBLIC_DIR, 0o755, true),
            ]
        },
    },
    Check {
        name: "private-folder",
        examines: "/var/lib/muster/private is the broker's and closed to everybody else",
        risk: "verifiers of passwords can be read; or the broker cannot keep anything",
        repair: "systemctl restart musterd (the unit makes it anew: StateDirectoryMode=0700)",
        run: private,
    },
    Check {
        name: "snapshot",
        examines: "the snapshot is there, sound, root's and readable for everybody",
        risk: "no name of a directory resolves",
        repair: "muster sync; journalctl -u muster-publish",
        run: snapshot,
    },
    Check {
        name: "broker-user",
        examines: "the local user muster is there, is not root, and has no password",
        risk: "the broker does not start, or has more rights than it needs",
        repair: "systemd-sysusers muster.conf",
        run: broker_user,
    },
    Check {
        name: "sockets",
        examines: "the three sockets in /run/muster have the owners and modes of their units",
        risk: "logins find no broker; or others than root ask what only root may",
        repair: "systemctl restart musterd.socket musterd-lookup.socket muster-publish.socket",
        run: sockets,
    },
];

fn configuration(host: &Host) -> Vec<Finding> {
    match &host.config {
        Ok(config) if config.warnings.is_empty() => {
            vec![
                Finding::fine(format!(
                    "{} directories are configured",
                    config.directories.len()
                ))
                .at(paths::CONFIG),
            ]
        }
        Ok(config) => config
            .warnings
            .iter()
            .map(|warning| Finding::warning(warning).at(paths::CONFIG))
            .collect(),
        Err(ConfigErrors::Wrong(problems)) => {
            let findings = problems.iter().map(|problem| {
                let finding = Finding::error(problem.to_string()).at(paths::CONFIG);
                match problem.line {
                    Some(line) => finding.line(line),
                    None => finding,
                }
            });
            findings.collect()
        }
        Err(error) => vec![Finding::error(error.to_string()).at(paths::CONFIG)],
    }
}

fn seen(finding: Finding, place: &str, meta: &Meta) -> Finding {
    finding.at(place).value(format!(
        "owner {}, group {}, mode {:04o}",
        meta.uid, meta.gid, meta.mode
    ))
}

/// What is root's and writable for nobody else.
fn roots_alone(host: &Host, place: &str) -> Finding {
    match host.meta(place) {
        Err(error) => Finding::error(format!("it cannot be looked at: {error}")).at(place),
        Ok(meta) if meta.uid != host.owner => seen(
            Finding::error("it is not root's").fix(Fix::Owner {
                path: host.path(place),
                user: (host.owner, "root"),
            }),
            place,
            &meta,
        ),
        Ok(meta) if meta.mode & 0o022 != 0 => seen(
            Finding::error("others than root can write to it").fix(Fix::Mode {
                path: host.path(place),
                mode: meta.mode & !0o022,
            }),
            place,
            &meta,
        ),
        Ok(meta) => seen(Finding::fine("it is root's alone"), place, &meta),
    }
}

/// The drop-ins, too: what the broker does not trust it does not start with.
fn configuration_mode(host: &Host) -> Vec<Finding> {
    let mut places = vec!["/etc/muster".to_owned(), paths::CONFIG.to_owned()];
    if host.has(paths::CONFIG_DROP_INS) {
        places.push(paths::CONFIG_DROP_INS.to_owned());
        let names = host.names_in(paths::CONFIG_DROP_INS).unwrap_or_default();
        let read = names
            .iter()
            .filter(|name| name.ends_with(".toml") && !name.starts_with('.'));
        places.extend(read.map(|name| format!("{}/{name}", paths::CONFIG_DROP_INS)));
    }
    places
        .iter()
        .map(|place| roots_alone(host, place))
        .collect()
}

/// A folder of root's with exactly these rights, or fewer where nobody but root has to look into it.
fn folder(host: &Host, place: &str, mode: u32, for_all: bool) -> Finding {
    match host.meta(place) {
        Err(error) => Finding::error(format!("it cannot be looked at: {error}")).at(place),
        Ok(meta) if meta.uid != host.owner => {
            seen(Finding::error("it is not root's"), place, &meta)
        }
        Ok(meta) if meta.mode & !mode & 0o7777 != 0 || (for_all && meta.mode & 0o555 != 0o555) => {
            seen(
                Finding::error("it is open or closed to the wrong ones").fix(Fix::Mode {
                    path: host.path(place),
                    mode,
                }),
                place,
                &meta,
            )
        }
        Ok(meta) => seen(Finding::fine("it is as it should be"), place, &meta),
    }
}

fn private(host: &Host) -> Vec<Finding> {
    let place = paths::PRIVATE_DIR;
    let broker = host.local_user(paths::BROKER_USER);
    vec![match (host.meta(place), broker) {
        (Err(error), _) => Finding::warning(format!("it cannot be looked at: {error}")).at(place),
        (Ok(meta), Some((uid, _))) if meta.uid != uid => {
            seen(Finding::error("it is not the broker's"), place, &meta)
        }
        (Ok(meta), _) if meta.mode & 0o077 != 0 => {
            seen(Finding::error("others may look into it"), place, &meta)
        }
        (Ok(meta), None) => {
            let says = format!("there is no local user {}", paths::BROKER_USER);
            seen(Finding::error(says), place, &meta)
        }
        (Ok(meta), _) => seen(Finding::fine("it is the broker's alone"), place, &meta),
    }]
}

fn snapshot(host: &Host) -> Vec<Finding> {
    let place = paths::SNAPSHOT;
    vec![match (&host.served, host.meta(place)) {
        (Err(why), _) => Finding::error(why).at(place),
        (Ok(_), Ok(meta)) if meta.mode & 0o444 != 0o444 => seen(
            Finding::error("not everybody can read it").fix(Fix::Mode {
                path: host.path(place),
                mode: 0o644,
            }),
            place,
            &meta,
        ),
        (Ok(content), _) => Finding::fine(format!(
            "{} users and {} groups are served",
            content.users.len(),
            content.groups.len()
        ))
        .at(place),
    }]
}

fn broker_user(host: &Host) -> Vec<Finding> {
    let name = paths::BROKER_USER;
    let Some((uid, _)) = host.local_user(name) else {
        return vec![Finding::error(format!("there is no local user {name}")).at(paths::PASSWD)];
    };
    if uid == 0 {
        return vec![Finding::error(format!("the user {name} is root")).at(paths::PASSWD)];
    }
    let shadow = host.text("/etc/shadow").unwrap_or_default();
    let password = shadow.lines().find_map(|line| {
        line.strip_prefix(name)?
            .strip_prefix(':')?
            .split(':')
            .next()
    });
    let open = password.is_some_and(|hash| !hash.starts_with(['!', '*']));
    vec![match open {
        true => {
            Finding::error(format!("the user {name} can log in by a password")).at("/etc/shadow")
        }
        false => Finding::fine(format!("the user {name} is there"))
            .at(paths::PASSWD)
            .value(format!("uid {uid}")),
    }]
}

fn sockets(host: &Host) -> Vec<Finding> {
    if !host.is_live() && !host.has(paths::RUN_DIR) {
        return vec![Finding::skipped("nothing runs in an image").at(paths::RUN_DIR)];
    }
    let group = host.local_user(paths::BROKER_USER).map(|(_, gid)| gid);
    let wanted = [
        (paths::ROOT_SOCKET, 0o600, None),
        (paths::LOOKUP_SOCKET, 0o666, None),
        (paths::PUBLISH_SOCKET, 0o660, group),
    ];
    let mut findings = vec![folder(host, paths::RUN_DIR, 0o755, true)];
    findings.extend(
        wanted
            .into_iter()
            .map(|(place, mode, group)| match host.meta(place) {
                Err(error) => Finding::error(format!("it cannot be looked at: {error}")).at(place),
                Ok(meta) if meta.kind != FileType::Socket => {
                    Finding::error("it is no socket").at(place)
                }
                Ok(meta) if meta.uid != host.owner => {
                    seen(Finding::error("it is not root's"), place, &meta)
                }
                Ok(meta) if meta.mode != mode || group.is_some_and(|gid| gid != meta.gid) => seen(
                    Finding::error(format!(
                        "its mode is not {mode:04o}, or its group is another"
                    )),
                    place,
                    &meta,
                ),
                Ok(meta) => seen(Finding::fine("it is as its unit says"), place, &meta),
            }),
    );
    findings
}
