//! Whether the units are there, enabled, and as locked up as they were shipped.

use super::catalogue::Check;
use super::finding::Finding;
use super::host::Host;

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

/// What a unit must go on saying.
const WANTED: [(&str, &[(&str, &str)]); 2] = [
    (
        "musterd.service",
        &[
            ("User", "muster"),
            ("NoNewPrivileges", "yes"),
            ("ProtectSystem", "strict"),
            ("ProtectHome", "yes"),
            ("PrivateTmp", "yes"),
            ("PrivateDevices", "yes"),
            ("CapabilityBoundingSet", ""),
            ("LimitCORE", "0"),
            ("MemorySwapMax", "0"),
            ("UMask", "0077"),
        ],
    ),
    (
        "muster-publish.service",
        &[
            ("NoNewPrivileges", "yes"),
            ("ProtectSystem", "strict"),
            ("PrivateNetwork", "yes"),
            ("CapabilityBoundingSet", ""),
            ("ProtectHome", "yes"),
            ("PrivateTmp", "yes"),
        ],
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
        .chain(WANTED.iter().map(|(unit, _)| *unit));
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

/// The value that counts: a drop-in's over the unit's, the later one over the earlier.
fn effective(host: &Host, unit: &str, key: &str) -> Option<(String, usize, String)> {
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
    let mut found = None;
    for (place, text) in texts {
        for (at, line) in text.lines().enumerate() {
            if let Some((name, value)) = line.trim().split_once('=')
                && name.trim() == key
            {
                found = Some((place.clone(), at + 1, value.trim().to_owned()));
            }
        }
    }
    found
}

fn same(wanted: &str, have: &str) -> bool {
    let yes = ["yes", "true", "on", "1"];
    wanted == have || (wanted == "yes" && yes.contains(&have.to_ascii_lowercase().as_str()))
}

fn hardening(host: &Host) -> Vec<Finding> {
    let there: Vec<_> = WANTED
        .iter()
        .filter(|(unit, _)| {
            FOLDERS
                .iter()
                .any(|folder| host.has(&format!("{folder}/{unit}")))
        })
        .collect();
    if there.is_empty() {
        return vec![Finding::skipped("there are no units").at(FOLDERS[2])];
    }
    let settings = there
        .iter()
        .flat_map(|(unit, settings)| settings.iter().map(move |one| (*unit, one)));
    let findings: Vec<Finding> = settings
        .filter_map(|(unit, (key, wanted))| match effective(host, unit, key) {
            Some((_, _, have)) if same(wanted, &have) => None,
            Some((place, line, have)) => {
                let says = format!("{unit}: {key} is not {wanted:?}");
                Some(
                    Finding::warning(says)
                        .at(place)
                        .line(line)
                        .value(format!("{key}={have}")),
                )
            }
            None => Some(Finding::warning(format!("{unit} does not say {key}={wanted}")).at(unit)),
        })
        .collect();
    match findings.is_empty() {
        true => {
            vec![Finding::fine("the units are as locked up as they were shipped").at(FOLDERS[2])]
        }
        false => findings,
    }
}
