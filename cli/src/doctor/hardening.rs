//! Whether the units are there, enabled, and as locked up as they were shipped.

use super::catalogue::Check;
use super::finding::Finding;
use super::host::Host;
use super::units::{Loosened, loosened};

const FOLDERS: [&str; 4] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const SOCKETS: [&str; 3] = [
    "musterd.socket",
    "musterd-lookup.socket",
    "muster-publish.socket",
];

/// The units as they are shipped: what they say is what they must go on saying.
const SHIPPED: [(&str, &str); 2] = [
    (
        "musterd.service",
        include_str!("../../../packaging/systemd/musterd.service"),
    ),
    (
        "muster-publish.service",
        include_str!("../../../packaging/systemd/muster-publish.service"),
    ),
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "units",
        examines: "the units of broker and publisher are there, and their sockets are enabled",
        risk: "after the next start of the host nobody logs in",
        repair: "systemctl enable --now musterd.socket musterd-lookup.socket muster-publish.socket musterd.service",
        run: enabled,
    },
    Check {
        name: "unit-hardening",
        examines: "no drop-in takes from the units what locks them up",
        risk: "whoever takes the broker over can do more on this host than it needs",
        repair: "systemctl revert musterd.service muster-publish.service, or take the line out of the drop-in",
        run: hardening,
    },
];

fn enabled(host: &Host) -> Vec<Finding> {
    if !FOLDERS.iter().any(|folder| host.has(folder)) {
        return vec![Finding::skipped("there is no systemd").at(FOLDERS[0])];
    }
    let units = SOCKETS
        .into_iter()
        .chain(SHIPPED.iter().map(|(unit, _)| *unit));
    let findings = units.map(|unit| {
        let Some(folder) = FOLDERS
            .iter()
            .find(|folder| host.has(&format!("{folder}/{unit}")))
        else {
            return Finding::error(format!("there is no {unit}")).at(FOLDERS[2]);
        };
        let place = format!("{folder}/{unit}");
        let wants = ["sockets.target.wants", "multi-user.target.wants"];
        let is_enabled = wants.iter().any(|wants| {
            let names = host
                .names_in(&format!("/etc/systemd/system/{wants}"))
                .unwrap_or_default();
            names.iter().any(|name| name == unit)
        });
        match is_enabled || unit == "muster-publish.service" {
            true => Finding::fine(format!("{unit} is there and starts")).at(place),
            false => Finding::warning(format!("{unit} is not enabled")).at(place),
        }
    });
    findings.collect()
}

/// A unit of this host with its drop-ins, those that count more behind.
fn installed(host: &Host, unit: &str) -> Option<Vec<(String, String)>> {
    let base = FOLDERS.iter().find_map(|folder| {
        let place = format!("{folder}/{unit}");
        host.text(&place).ok().map(|text| (place, text))
    })?;
    let mut texts = vec![base];
    for folder in FOLDERS.iter().rev() {
        let folder = format!("{folder}/{unit}.d");
        let names = host.names_in(&folder).unwrap_or_default();
        for name in names.iter().filter(|name| name.ends_with(".conf")) {
            let place = format!("{folder}/{name}");
            texts.extend(host.text(&place).ok().map(|text| (place, text)));
        }
    }
    Some(texts)
}

fn hardening(host: &Host) -> Vec<Finding> {
    let units: Vec<_> = SHIPPED
        .iter()
        .filter_map(|(unit, shipped)| Some((*unit, *shipped, installed(host, unit)?)))
        .collect();
    if units.is_empty() {
        return vec![Finding::skipped("there are no units").at(FOLDERS[2])];
    }
    let found = units.iter().flat_map(|(unit, shipped, files)| {
        let files = files
            .iter()
            .map(|(place, text)| (place.as_str(), text.as_str()));
        loosened(shipped, files.collect())
            .into_iter()
            .map(move |one| told(unit, &one))
    });
    let findings: Vec<Finding> = found.collect();
    match findings.is_empty() {
        true => {
            vec![Finding::fine("the units are as locked up as they were shipped").at(FOLDERS[2])]
        }
        false => findings,
    }
}

fn told(unit: &str, one: &Loosened) -> Finding {
    let Loosened { key, wanted, last } = one;
    match last {
        Some((place, line, have)) => Finding::warning(format!("{unit}: {key} is not {wanted:?}"))
            .at(place)
            .line(*line)
            .value(format!("{key}={have}")),
        None => Finding::warning(format!("{unit} does not say {key}={wanted}")).at(unit),
    }
}
