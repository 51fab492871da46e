//! Whether the units are there, enabled, and as locked up as they were shipped.

use std::collections::BTreeMap;

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
        examines: "the units of broker and publisher are there, not masked, and their sockets are enabled",
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
        if let Some(mask) = mask(host, unit) {
            return Finding::error(format!("{unit} is masked: it never starts"))
                .at(mask)
                .repair(format!("systemctl unmask {unit}"));
        }
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

/// Where the unit is taken out of use: the file of it that counts leads to /dev/null, or is empty.
fn mask(host: &Host, unit: &str) -> Option<String> {
    let places = FOLDERS.map(|folder| format!("{folder}/{unit}"));
    let mut there = places.into_iter().filter_map(|place| {
        let is_empty = || host.text(&place).is_ok_and(|text| text.trim().is_empty());
        match host.link(&place) {
            Some(to) if to == "/dev/null" => Some((place, true)),
            _ if host.has(&place) => {
                let is_mask = is_empty();
                Some((place, is_mask))
            }
            _ => None,
        }
    });
    there
        .next()
        .and_then(|(place, is_mask)| is_mask.then_some(place))
}

/// A unit of this host with its drop-ins, those that count more behind.
fn installed(host: &Host, unit: &str) -> Option<Vec<(String, String)>> {
    let base = FOLDERS.iter().find_map(|folder| {
        let place = format!("{folder}/{unit}");
        host.text(&place).ok().map(|text| (place, text))
    })?;
    let drop_ins = drop_ins(host, unit).into_iter();
    let read = drop_ins.filter_map(|place| Some((host.text(&place).ok()?, place)));
    let mut texts = vec![base];
    texts.extend(read.map(|(text, place)| (place, text)));
    Some(texts)
}

/// The drop-ins of a unit as systemd.unit(5) has them: in the order of their names, whatever folder they are in; of one
/// name those of the unit itself before those of all units, and of these /etc's before all others.
fn drop_ins(host: &Host, unit: &str) -> Vec<String> {
    let kind = unit.rsplit_once('.').map_or(unit, |(_, kind)| kind);
    let own = match unit.split_once('-') {
        Some((family, _)) => vec![format!("{family}-.{kind}.d"), format!("{unit}.d")],
        None => vec![format!("{unit}.d")],
    };
    let of_all = FOLDERS
        .iter()
        .rev()
        .map(|folder| format!("{folder}/{kind}.d"));
    let of_it = FOLDERS
        .iter()
        .rev()
        .flat_map(|folder| own.iter().map(move |own| format!("{folder}/{own}")));
    let mut found = BTreeMap::new();
    for folder in of_all.chain(of_it) {
        let names = host.names_in(&folder).unwrap_or_default().into_iter();
        let drop_ins = names.filter(|name| name.ends_with(".conf"));
        found.extend(drop_ins.map(|name| (name.clone(), format!("{folder}/{name}"))));
    }
    found.into_values().collect()
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
