//! Whether glibc asks muster for names, and when: nsswitch.conf(5), the module, and whoever keeps answers.

use super::catalogue::Check;
use super::finding::Finding;
use super::fix::Fix;
use super::host::Host;

mod read;

pub(super) use read::Line;
use read::{Services, lines};

const FILE: &str = "/etc/nsswitch.conf";
/// What to do about a line that is not made longer by itself.
const ENDED: &str = "take the action that ends the search out of /etc/nsswitch.conf and put `muster` behind `files`, or put `muster` before it";
const MODULE: &str = "libnss_muster.so.2";
/// Where distributions keep the libraries that glibc trusts.
pub(super) const LIBRARIES: [&str; 6] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "nsswitch-users",
        examines: "`passwd` in /etc/nsswitch.conf names `muster`",
        risk: "nobody of a directory is known on this host: sshd refuses before it asks for a password",
        repair: "/usr/lib/muster/muster-nsswitch add",
        run: |host| named(host, "passwd"),
    },
    Check {
        name: "nsswitch-groups",
        examines: "`group` in /etc/nsswitch.conf names `muster`",
        risk: "people have only numbers for groups, and rules that name groups do not count",
        repair: "/usr/lib/muster/muster-nsswitch add",
        run: |host| named(host, "group"),
    },
    Check {
        name: "nsswitch-order",
        examines: "`files` (or `compat`) stands before `muster`, and no other source of people between or before them",
        risk: "a local account is looked up in vain first, or another directory's person hides ours",
        repair: "put `muster` right behind `files` in /etc/nsswitch.conf",
        run: order,
    },
    Check {
        name: "nsswitch-reached",
        examines: "no action before `muster`, such as `[NOTFOUND=return]`, ends the search",
        risk: "muster is named and never asked",
        repair: "take the action that ends the search out of /etc/nsswitch.conf, or put `muster` before it",
        run: reached,
    },
    Check {
        name: "nsswitch-initgroups",
        examines: "where /etc/nsswitch.conf has a line `initgroups`, it names `muster`",
        risk: "`id` shows a person's groups and a session does not have them",
        repair: "add `muster` to `initgroups`, or take that line out: `group` counts then",
        run: initgroups,
    },
    Check {
        name: "nss-module",
        examines: "libnss_muster.so.2 lies where glibc looks, root's and writable for nobody else",
        risk: "no name resolves; or whoever can write to it is root in every process",
        repair: "install libnss-muster again",
        run: module,
    },
    Check {
        name: "nscd",
        examines: "no nscd keeps answers of its own about people",
        risk: "a person who was not known a while ago stays unknown, and one who is gone stays known",
        repair: "set `enable-cache passwd no` and `enable-cache group no` in /etc/nscd.conf, then restart nscd",
        run: nscd,
    },
];

fn services(host: &Host, database: &str) -> Result<Option<Services>, Vec<Finding>> {
    match host.text(FILE) {
        Ok(text) => Ok(lines(&text)
            .into_iter()
            .find(|one| one.database == database)),
        Err(error) => Err(vec![
            Finding::error(format!("nsswitch.conf cannot be read: {error}")).at(FILE),
        ]),
    }
}

fn named(host: &Host, database: &str) -> Vec<Finding> {
    let found = match services(host, database) {
        Ok(found) => found,
        Err(findings) => return findings,
    };
    let Some(found) = found else {
        let says = format!("there is no line `{database}`: glibc asks `files` alone");
        return vec![Finding::error(says).at(FILE).fix(Fix::Nsswitch)];
    };
    let finding = match found.position("muster") {
        Some(_) => Finding::fine(format!("`{database}` names `muster`")),
        None => {
            let finding = Finding::error(format!("`{database}` does not name `muster`"));
            match found.ends_at_local_files() {
                // The package's script leaves that alone: it is an administrator's word.
                true => finding.repair(ENDED),
                false => finding.fix(Fix::Nsswitch),
            }
        }
    };
    vec![found.shown(finding)]
}

/// What serves people, too.
const OTHERS: [&str; 8] = [
    "sss",
    "ldap",
    "winbind",
    "nis",
    "nisplus",
    "hesiod",
    "db",
    "extrausers",
];

fn order(host: &Host) -> Vec<Finding> {
    each(host, |found, at| {
        let Some(local) = found.position("files").or_else(|| found.position("compat")) else {
            return Finding::error(format!("`{}` names no local files", found.database));
        };
        if local > at {
            return Finding::error(format!(
                "`{}` asks `muster` before the local files",
                found.database
            ));
        }
        let earlier = OTHERS
            .iter()
            .find(|other| found.position(other).is_some_and(|place| place < at));
        match earlier {
            Some(other) => Finding::warning(format!(
                "`{}` asks `{other}` before `muster`: where both know a name, `{other}` wins",
                found.database
            )),
            None => Finding::fine(format!(
                "`{}` asks the local files, then `muster`",
                found.database
            )),
        }
    })
}

fn reached(host: &Host) -> Vec<Finding> {
    each(host, |found, at| match found.ended_before(at) {
        Some(action) => Finding::error(format!(
            "`{}` ends the search before `muster`: {action}",
            found.database
        )),
        None => Finding::fine(format!("`{}` reaches `muster`", found.database)),
    })
}

/// Looks at passwd and group, as far as they name muster.
fn each(host: &Host, look: impl Fn(&Services, usize) -> Finding) -> Vec<Finding> {
    let mut findings = Vec::new();
    for database in ["passwd", "group"] {
        let found = match services(host, database) {
            Ok(found) => found,
            Err(findings) => return findings,
        };
        let found = found.and_then(|found| found.position("muster").map(|at| (found, at)));
        findings.push(match found {
            Some((found, at)) => found.shown(look(&found, at)),
            None => Finding::skipped(format!("`{database}` does not name `muster`")).at(FILE),
        });
    }
    findings
}

fn initgroups(host: &Host) -> Vec<Finding> {
    vec![match services(host, "initgroups") {
        Err(findings) => return findings,
        Ok(None) => Finding::fine("there is no line `initgroups`: `group` counts").at(FILE),
        Ok(Some(found)) if found.position("muster").is_some() => {
            found.shown(Finding::fine("`initgroups` names `muster`"))
        }
        Ok(Some(found)) => found.shown(Finding::error("`initgroups` does not name `muster`")),
    }]
}

fn module(host: &Host) -> Vec<Finding> {
    let places = LIBRARIES.map(|folder| format!("{folder}/{MODULE}"));
    let Some(place) = places.iter().find(|place| host.has(place)) else {
        return vec![Finding::error(format!("there is no {MODULE}")).at(LIBRARIES.join(" "))];
    };
    vec![root_owned(host, place)]
}

/// A file that every process runs: nobody but root may write to it.
pub(super) fn root_owned(host: &Host, place: &str) -> Finding {
    match host.meta(place) {
        Err(error) => Finding::error(format!("it cannot be looked at: {error}")).at(place),
        Ok(meta) if meta.uid != host.owner => Finding::error("it is not root's")
            .at(place)
            .value(format!("owner {}", meta.uid)),
        Ok(meta) if meta.mode & 0o022 != 0 => Finding::error("others than root can write to it")
            .at(place)
            .value(format!("mode {:04o}", meta.mode)),
        Ok(meta) => Finding::fine("it is there and root's")
            .at(place)
            .value(format!("mode {:04o}", meta.mode)),
    }
}

fn nscd(host: &Host) -> Vec<Finding> {
    let running = host.facts.processes.iter().find(|one| one.name == "nscd");
    let settings = host.text("/etc/nscd.conf").unwrap_or_default();
    let kept: Vec<_> = kept_by_nscd(&settings);
    let Some(nscd) = running else {
        return vec![match (host.is_live(), kept.first(), settings.is_empty()) {
            (false, Some((line, what)), false) => {
                Finding::note(format!("nscd is set up to keep {what} once it runs"))
                    .at("/etc/nscd.conf")
                    .line(*line)
            }
            _ => Finding::fine("no nscd runs").at("nscd"),
        }];
    };
    if kept.is_empty() {
        let says = "nscd runs and keeps neither users nor groups";
        return vec![
            Finding::fine(says)
                .at("nscd")
                .value(format!("process {}", nscd.pid)),
        ];
    }
    let keeps = kept.iter().map(|(line, what)| {
        Finding::warning(format!("nscd (process {}) keeps {what}", nscd.pid))
            .at("/etc/nscd.conf")
            .line(*line)
            .value(format!("enable-cache {what} yes"))
            .fix(Fix::ForgetNames)
    });
    keeps.collect()
}

fn kept_by_nscd(settings: &str) -> Vec<(usize, String)> {
    let enabled = settings.lines().enumerate().filter_map(|(number, line)| {
        let mut words = line.split_whitespace();
        let is_on = words.next() == Some("enable-cache");
        let what = words
            .next()
            .filter(|what| matches!(*what, "passwd" | "group"))?;
        (is_on && words.next() == Some("yes")).then(|| (number + 1, what.to_owned()))
    });
    enabled.collect()
}
