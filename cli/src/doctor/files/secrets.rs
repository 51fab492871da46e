//! Secrets and authorities: there, the broker's to read, and nobody else's to read or to write.

use muster_common::config::{DirectoryConfig, SecretSource};
use muster_common::paths;
use rustix::fs::FileType;

use super::{folder, roots_alone, seen};
use crate::doctor::finding::{Finding, Level};
use crate::doctor::fix::Fix;
use crate::doctor::host::{Host, Meta};

const SECRETS: &str = "/etc/muster/secrets";

/// Root's, with a way through for the broker, if a secret of its lies there.
pub(super) fn secrets_folder(host: &Host) -> Vec<Finding> {
    let found = folder(host, SECRETS, 0o750, false);
    vec![match host.meta(SECRETS) {
        Ok(meta) if found.level < Level::Note && has_secrets(host) && !lets_in(host, &meta) => {
            seen(
                Finding::error("the broker cannot look into it"),
                SECRETS,
                &meta,
            )
        }
        _ => found,
    }]
}

fn has_secrets(host: &Host) -> bool {
    let Ok(config) = &host.config else {
        return false;
    };
    let mut kinds = config.directories.iter().map(|one| &one.kind);
    kinds.any(|kind| matches!(kind.secret_file(), Some((_, SecretSource::File(path))) if path.starts_with(SECRETS)))
}

/// Whether the broker gets through that folder of root's.
fn lets_in(host: &Host, folder: &Meta) -> bool {
    let broker = host.local_user(paths::BROKER_USER);
    broker.is_none_or(|(_, gid)| gid == folder.gid && folder.mode & 0o010 != 0)
}

pub(super) fn secrets(host: &Host) -> Vec<Finding> {
    let Ok(config) = &host.config else {
        return vec![Finding::skipped("the configuration cannot be read").at(paths::CONFIG)];
    };
    if config.directories.is_empty() {
        return vec![Finding::fine("no directory is configured").at(paths::CONFIG)];
    }
    config
        .directories
        .iter()
        .map(|directory| secret(host, directory))
        .collect()
}

fn secret(host: &Host, directory: &DirectoryConfig) -> Finding {
    let place = match directory.kind.secret_file() {
        None => {
            return Finding::fine(format!("{} wants no secret", directory.name)).at(paths::CONFIG);
        }
        Some((_, SecretSource::Credential(name))) => {
            return Finding::fine(format!("{}: systemd keeps it", directory.name))
                .at(format!("credential:{name}"));
        }
        Some((_, SecretSource::File(path))) => path.to_string_lossy().into_owned(),
    };
    let broker = host.local_user(paths::BROKER_USER);
    match host.meta(&place) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Finding::skipped("only root may look at it").at(place)
        }
        Err(error) => Finding::error(format!(
            "{}: it cannot be looked at: {error}",
            directory.name
        ))
        .at(place),
        Ok(meta) if meta.kind != FileType::RegularFile => Finding::error("it is no file").at(place),
        Ok(meta) if meta.mode & 0o137 != 0 => seen(
            Finding::error("others can read or write it").fix(Fix::Mode {
                path: host.path(&place),
                mode: 0o640,
            }),
            &place,
            &meta,
        ),
        Ok(meta) if meta.uid != host.owner && broker.is_none_or(|(uid, _)| uid != meta.uid) => {
            seen(
                Finding::error("it is neither root's nor the broker's"),
                &place,
                &meta,
            )
        }
        Ok(meta) => {
            let reads = broker.is_some_and(|(uid, gid)| {
                uid == meta.uid || (gid == meta.gid && meta.mode & 0o040 != 0)
            });
            match reads {
                true => seen(
                    Finding::fine(format!(
                        "{}: only root and the broker read it",
                        directory.name
                    )),
                    &place,
                    &meta,
                ),
                false => seen(
                    Finding::error(format!("{}: the broker cannot read it", directory.name)),
                    &place,
                    &meta,
                ),
            }
        }
    }
}

pub(super) fn authorities(host: &Host) -> Vec<Finding> {
    let Ok(config) = &host.config else {
        return vec![Finding::skipped("the configuration cannot be read").at(paths::CONFIG)];
    };
    let files = config
        .directories
        .iter()
        .filter_map(|one| one.server.as_ref()?.ca_file.as_ref());
    let findings: Vec<Finding> = files
        .map(|file| {
            let place = file.to_string_lossy();
            let finding = roots_alone(host, &place);
            match host.meta(&place) {
                Ok(meta) if meta.mode & 0o004 == 0 => {
                    seen(Finding::error("the broker cannot read it"), &place, &meta)
                }
                _ => finding,
            }
        })
        .collect();
    match findings.is_empty() {
        true => vec![Finding::fine("the host's own authorities are used").at(paths::CONFIG)],
        false => findings,
    }
}
