//! Whether the names and ids that are served collide with those of this host and of systemd.

use std::ops::RangeInclusive;

use muster_common::local::LocalFiles;
use muster_common::paths;
use muster_common::snapshot::content::Content;

use super::catalogue::Check;
use super::finding::Finding;
use super::host::Host;

/// Ids that systemd gives itself (systemd's UIDS-GIDS.md), and what for.
const SYSTEMD: [(RangeInclusive<u32>, &str); 5] = [
    (60_001..=60_513, "systemd-homed's people"),
    (60_514..=60_577, "people of the host in containers"),
    (61_184..=65_519, "services' dynamic users"),
    (65_534..=65_535, "nobody, and what is no id"),
    (524_288..=1_879_048_191, "containers of systemd-nspawn"),
];
/// As many names are named in one finding.
const NAMED_MAX: usize = 8;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "names-shadowed",
        examines: "no name that is served is a local user's or group's too",
        risk: "the local account wins: the person of the directory logs in as nobody, and files look like the local account's",
        repair: "rename the local account, or leave the person out by the directory's scope; then `muster sync`",
        run: names_shadowed,
    },
    Check {
        name: "ids-shadowed",
        examines: "no id that is served is a local user's or group's too",
        risk: "two accounts with one id own each other's files",
        repair: "give the local account another id, or pin another one: `muster id pin`; then `muster sync`",
        run: ids_shadowed,
    },
    Check {
        name: "ids-login-defs",
        examines: "the ids that are served or will be derived are not those that useradd and groupadd choose from (/etc/login.defs)",
        risk: "a local account that is made later gets the id of a person",
        repair: "set UID_MAX and GID_MAX in /etc/login.defs below the first id in `[ids]`",
        run: login_defs,
    },
    Check {
        name: "ids-system",
        examines: "the ids that are served or will be derived are not those of the system's own accounts",
        risk: "a package that is installed later gets the id of a person, or the person the package's files",
        repair: "move `[ids]` above SYS_UID_MAX and SYS_GID_MAX, carrying the ledger (docs/ids.md)",
        run: system,
    },
    Check {
        name: "ids-subordinate",
        examines: "no id that is served or will be derived is granted to a local user for containers (/etc/subuid, /etc/subgid)",
        risk: "whoever has the range owns the person's files from inside a container",
        repair: "give the local user another range in /etc/subuid and /etc/subgid",
        run: subordinate,
    },
    Check {
        name: "ids-systemd",
        examines: "the ids that are served or will be derived are none that systemd gives to containers, services and homes",
        risk: "a service or a container gets the id of a person",
        repair: "move `[ids]` out of systemd's ranges (docs/ids.md)",
        run: systemd,
    },
];

fn both(host: &Host) -> Result<(&Content, &LocalFiles), Vec<Finding>> {
    let served = host.served.as_ref().map_err(|why| {
        vec![Finding::skipped(format!("nobody knows who is served: {why}")).at(paths::SNAPSHOT)]
    })?;
    let local = host.local.as_ref().map_err(|error| {
        vec![Finding::error(format!("local accounts cannot be read: {error}")).at(paths::PASSWD)]
    })?;
    Ok((served, local))
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    names.truncate(NAMED_MAX);
    let names = names.join(", ");
    match more {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

fn names_shadowed(host: &Host) -> Vec<Finding> {
    let (served, local) = match both(host) {
        Ok(both) => both,
        Err(findings) => return findings,
    };
    let users = served.users.iter().map(|user| user.account.name.as_str());
    let groups = served.groups.iter().map(|group| group.group.name.as_str());
    let mut both: Vec<String> = users
        .chain(groups)
        .filter(|name| local.holds_name(name))
        .map(str::to_owned)
        .collect();
    both.sort();
    both.dedup();
    // What the broker left out for the same reason it says itself.
    let left_out = host
        .facts
        .broker
        .iter()
        .flatten()
        .flat_map(|status| &status.problems);
    let left_out: Vec<Finding> = left_out
        .filter(|line| line.contains("local") && !line.contains("home"))
        .map(|line| {
            Finding::warning("somebody is left out who is a local account's namesake")
                .at("muster status")
                .value(line)
        })
        .collect();
    match (both.is_empty(), left_out.is_empty()) {
        (true, true) => vec![Finding::fine("no name is there twice").at(paths::PASSWD)],
        (true, false) => left_out,
        (false, _) => vec![
            Finding::error("names are served that local accounts have")
                .at(paths::PASSWD)
                .value(listed(both)),
        ],
    }
}

fn ids_shadowed(host: &Host) -> Vec<Finding> {
    let (served, local) = match both(host) {
        Ok(both) => both,
        Err(findings) => return findings,
    };
    let users = served
        .users
        .iter()
        .filter(|user| local.uids.contains(&user.account.uid.get()));
    let groups = served
        .groups
        .iter()
        .filter(|group| local.gids.contains(&group.group.gid.get()));
    let mut both: Vec<String> = users
        .map(|user| {
            format!(
                "{} ({})",
                user.account.name.as_str(),
                user.account.uid.get()
            )
        })
        .collect();
    both.extend(
        groups.map(|group| format!("{} ({})", group.group.name.as_str(), group.group.gid.get())),
    );
    vec![match both.is_empty() {
        true => Finding::fine("no id is there twice").at(paths::PASSWD),
        false => Finding::error("ids are served that local accounts have")
            .at(paths::PASSWD)
            .value(listed(both)),
    }]
}

/// Every id that is served.
fn served_ids(host: &Host) -> Vec<u32> {
    let Ok(content) = &host.served else {
        return Vec::new();
    };
    let users = content.users.iter().map(|user| user.account.uid.get());
    let groups = content.groups.iter().map(|group| group.group.gid.get());
    let mut ids: Vec<u32> = users.chain(groups).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn overlap(a: &RangeInclusive<u32>, b: &RangeInclusive<u32>) -> Option<RangeInclusive<u32>> {
    let both = *a.start().max(b.start())..=*a.end().min(b.end());
    (!both.is_empty()).then_some(both)
}

fn shown(range: &RangeInclusive<u32>) -> String {
    format!("{}-{}", range.start(), range.end())
}

/// Compares what is served, and what will be derived, with ranges of others.
fn apart(
    host: &Host,
    place: &str,
    others: &[(RangeInclusive<u32>, String)],
    found: fn(String) -> Finding,
) -> Vec<Finding> {
    if host.served.is_err() && host.config.is_err() {
        let says = "neither snapshot nor configuration say which ids are served";
        return vec![Finding::skipped(says).at(place)];
    }
    let ids = served_ids(host);
    let mut findings = Vec::new();
    for (other, whose) in others {
        let inside: Vec<String> = ids
            .iter()
            .filter(|id| other.contains(id))
            .map(u32::to_string)
            .collect();
        if !inside.is_empty() {
            let says = format!("ids that are served are {whose}: {}", shown(other));
            findings.push(found(says).at(place).value(listed(inside)));
        }
        let derived = host.config.as_ref().ok().map(|config| &config.ids.derive);
        if let Some(both) = derived.and_then(|derived| overlap(derived, other)) {
            let says = format!("ids that are derived are {whose}");
            findings.push(found(says).at(place).value(shown(&both)));
        }
    }
    match findings.is_empty() {
        true => {
            let says = format!("{} ids are served, and none is another's", ids.len());
            vec![Finding::fine(says).at(place)]
        }
        false => findings,
    }
}

fn defs(
    host: &Host,
    pick: impl Fn(&LocalFiles) -> [(Option<RangeInclusive<u32>>, &'static str); 2],
) -> Vec<(RangeInclusive<u32>, String)> {
    let Ok(local) = &host.local else {
        return Vec::new();
    };
    let ranges = pick(local).into_iter();
    ranges
        .filter_map(|(range, whose)| Some((range?, whose.to_owned())))
        .collect()
}

fn login_defs(host: &Host) -> Vec<Finding> {
    let others = defs(host, |local| {
        [
            (local.login_defs.uids.clone(), "useradd's"),
            (local.login_defs.gids.clone(), "groupadd's"),
        ]
    });
    apart(host, paths::LOGIN_DEFS, &others, |says| {
        Finding::warning(says)
    })
}

fn system(host: &Host) -> Vec<Finding> {
    let others = defs(host, |local| {
        [
            (local.login_defs.system_uids.clone(), "the system's users'"),
            (local.login_defs.system_gids.clone(), "the system's groups'"),
        ]
    });
    apart(host, paths::LOGIN_DEFS, &others, |says| {
        Finding::error(says)
    })
}

fn subordinate(host: &Host) -> Vec<Finding> {
    let granted = host
        .local
        .as_ref()
        .map(|local| local.subordinate.clone())
        .unwrap_or_default();
    let others: Vec<_> = granted
        .into_iter()
        .map(|range| (range, "granted to a local user".to_owned()))
        .collect();
    apart(host, paths::SUBUID, &others, Finding::error)
}

fn systemd(host: &Host) -> Vec<Finding> {
    let others: Vec<_> = SYSTEMD
        .iter()
        .map(|(range, whose)| (range.clone(), format!("for {whose}")))
        .collect();
    apart(host, "systemd", &others, Finding::warning)
}
