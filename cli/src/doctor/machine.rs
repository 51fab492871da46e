//! The machine around: clock, room on disks, processes that hold what was replaced, denials in the log.

use muster_common::paths;

use super::catalogue::Check;
use super::finding::Finding;
use super::host::{Host, LastLines};

/// Less than that is a warning.
const FREE_WANTED: u64 = 256 << 20;
/// Less than that, and the next snapshot or verifier may not be written.
const FREE_NEEDED: u64 = 32 << 20;
/// A clock that was before that has lost its time.
const LONG_AGO: u64 = 1_700_000_000;
/// As clocks may differ.
const SKEW: u64 = 300;
/// As many lines of a log are looked at, from its end.
const LOG_LINES: usize = 20_000;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "clock",
        examines: "the clock is not before the snapshot, nor in a year that is long past",
        risk: "certificates are refused, and nobody logs in offline",
        repair: "set the clock; then `muster clock reset` if it was in the future before",
        run: clock,
    },
    Check {
        name: "clock-kept",
        examines: "somebody keeps the clock right (systemd-timesyncd, chrony, ntpd)",
        risk: "the clock drifts until certificates, tokens and offline logins are refused",
        repair: "timedatectl set-ntp true",
        run: clock_kept,
    },
    Check {
        name: "disk-space",
        examines: "there is room where snapshot, store and logs are written",
        risk: "nothing new is published, and no offline login can be prepared",
        repair: "make room on the file system",
        run: disk_space,
    },
    Check {
        name: "stale-modules",
        examines: "no process holds a module of muster's that was replaced by an upgrade",
        risk: "it runs the old code until it is started anew",
        repair: "restart the services that are named (needrestart, `systemctl restart NAME`)",
        run: stale_modules,
    },
    Check {
        name: "stale-maps",
        examines: "few processes hold a snapshot that was replaced: each lets go at its next look-up",
        risk: "memory and disk space are not given back",
        repair: "restart the processes that are named, if there are many",
        run: stale_maps,
    },
    Check {
        name: "denials",
        examines: "neither SELinux nor AppArmor has denied muster anything (the logs' last lines; without a log the kernel's own)",
        risk: "something does not work, and says so nowhere else",
        repair: "ausearch -m AVC -c musterd; aa-complain /usr/sbin/musterd until the profile fits",
        run: denials,
    },
];

fn clock(host: &Host) -> Vec<Finding> {
    let now = host.facts.now;
    let seen = |finding: Finding| finding.at("clock").value(now.to_string());
    if now < LONG_AGO {
        return vec![seen(Finding::error(
            "the clock says a year that is long past",
        ))];
    }
    let written = host
        .meta(paths::SNAPSHOT)
        .map(|meta| meta.modified)
        .unwrap_or(0);
    vec![match written > now.saturating_add(SKEW) {
        true => seen(Finding::error(format!(
            "the snapshot was written {} s in the future",
            written - now
        ))),
        false => seen(Finding::fine("the clock is not behind")),
    }]
}

fn clock_kept(host: &Host) -> Vec<Finding> {
    vec![match host.facts.clock_kept {
        None => Finding::skipped("whoever keeps the clock cannot be seen from here").at("clock"),
        Some(true) => Finding::fine("somebody keeps the clock").at("clock"),
        Some(false) => Finding::warning("nobody seems to keep the clock").at("clock"),
    }]
}

fn disk_space(host: &Host) -> Vec<Finding> {
    if host.facts.rooms.is_empty() {
        return vec![Finding::skipped("it was not looked at").at(paths::PUBLIC_DIR)];
    }
    let findings = host.facts.rooms.iter().map(|room| {
        let finding = match room.free {
            free if free < FREE_NEEDED => Finding::error("there is no room left"),
            free if free < FREE_WANTED => Finding::warning("there is little room left"),
            _ if room.all_files > 0 && room.free_files < 1000 => {
                Finding::warning("few more files can be made")
            }
            _ => Finding::fine("there is room"),
        };
        let megabytes = |bytes: u64| bytes >> 20;
        finding.at(&room.place).value(format!(
            "{} of {} MB free",
            megabytes(room.free),
            megabytes(room.all)
        ))
    });
    findings.collect()
}

fn holders(host: &Host, is_held: impl Fn(&str) -> bool) -> Vec<String> {
    let processes = host.facts.processes.iter();
    let holders = processes.filter(|one| one.gone.iter().any(|path| is_held(path)));
    holders
        .map(|one| format!("{} ({})", one.name, one.pid))
        .collect()
}

fn stale_modules(host: &Host) -> Vec<Finding> {
    let held = holders(host, |path| path.ends_with(".so") || path.contains(".so."));
    vec![match (host.is_live(), held.is_empty()) {
        (false, _) => Finding::skipped("nothing runs in an image").at("/proc"),
        (_, true) => Finding::fine("no process runs an old module").at("/proc"),
        (_, false) => Finding::warning(format!("{} processes run an old module", held.len()))
            .at("/proc")
            .value(held.join(", ")),
    }]
}

fn stale_maps(host: &Host) -> Vec<Finding> {
    let held = holders(host, |path| path.starts_with(paths::PUBLIC_DIR));
    vec![match (host.is_live(), held.len()) {
        (false, _) => Finding::skipped("nothing runs in an image").at("/proc"),
        (_, count @ 0..20) => {
            Finding::fine(format!("{count} processes hold an old snapshot")).at("/proc")
        }
        (_, count) => Finding::note(format!("{count} processes hold an old snapshot"))
            .at("/proc")
            .value(held.join(", ")),
    }]
}

fn denials(host: &Host) -> Vec<Finding> {
    let logs = [
        "/var/log/audit/audit.log",
        "/var/log/kern.log",
        "/var/log/syslog",
        "/var/log/messages",
    ];
    let mut looked = false;
    let mut findings = Vec::new();
    for log in logs {
        let Ok(last) = host.last_lines(log) else {
            continue;
        };
        looked = true;
        findings.extend(last_denial(&last).map(|finding| finding.at(log)));
    }
    match (looked, findings.is_empty()) {
        (false, _) => vec![denials_in_memory(host)],
        (true, true) => vec![Finding::fine("nothing was denied").at("/var/log")],
        (true, false) => findings,
    }
}

/// Where the journal is all there is, the kernel's own memory of what it has said.
fn denials_in_memory(host: &Host) -> Finding {
    let device = "/dev/kmsg";
    match host.kernel_messages(device) {
        Err(_) => Finding::skipped("there is no log that could be read").at("/var/log"),
        Ok(said) => last_denial(&said)
            .unwrap_or_else(|| Finding::fine("nothing was denied"))
            .at(device),
    }
}

/// The last one of a log. Its line is told where the lines before are known.
fn last_denial(last: &LastLines) -> Option<Finding> {
    let lines: Vec<&str> = last.text.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    let mut recent = lines.iter().enumerate().skip(from);
    let (at, line) = recent.rfind(|(_, line)| is_denial(line))?;
    let finding = Finding::warning("muster was denied something").value(line);
    Some(match last.is_whole {
        true => finding.line(at + 1),
        false => finding,
    })
}

fn is_denial(line: &str) -> bool {
    let denied =
        line.contains("apparmor=\"DENIED\"") || (line.contains("avc:") && line.contains("denied"));
    denied && line.contains("muster")
}
