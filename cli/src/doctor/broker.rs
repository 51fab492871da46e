//! What the broker says of itself and of the directories.

use muster_common::paths;
use muster_common::wire::message::{DirectoryStatus, StatusReply};

use super::catalogue::Check;
use super::finding::Finding;
use super::host::Host;

const PLACE: &str = "muster status";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "broker",
        examines: "the broker answers within five seconds",
        risk: "names resolve from the snapshot, but nobody logs in by password, and nothing is refreshed",
        repair: "systemctl restart musterd; journalctl -u musterd",
        run: answers,
    },
    Check {
        name: "broker-version",
        examines: "the broker that runs is the one that is installed",
        risk: "an upgrade, with what it repairs, has not begun to count",
        repair: "systemctl restart muster-publish musterd",
        run: version,
    },
    Check {
        name: "publishing",
        examines: "what the broker knows becomes the snapshot",
        risk: "who is new is unknown, and who is gone stays",
        repair: "journalctl -u muster-publish; df /var/lib/muster/public",
        run: publishing,
    },
    Check {
        name: "directories",
        examines: "each directory is online",
        risk: "logins are offline ones, of those who have logged in before; later of nobody",
        repair: "reach the server by the URL that is named, with this host's credentials; then `muster sync`",
        run: |host| each(host, online),
    },
    Check {
        name: "freshness",
        examines: "each directory has vouched for everybody within half of `[access] max_staleness`",
        risk: "past `max_staleness` nobody of that directory is let in any more",
        repair: "muster sync",
        run: |host| each(host, fresh),
    },
    Check {
        name: "server-version",
        examines: "each server says which version it is, so that what it lacks is known",
        risk: "a server that is older than what muster was tried with may answer otherwise",
        repair: "compare the version with docs/directories.md, and ask the server's people",
        run: |host| each(host, server),
    },
    Check {
        name: "transport",
        examines: "each directory is asked by https; plain http is there for a server on this very host only",
        risk: "passwords and tokens can be read on the way; on loopback by whoever takes the server's port while it is down",
        repair: "set an https:// URL in /etc/muster/muster.toml",
        run: transport,
    },
    Check {
        name: "ledger",
        examines: "no two persons, groups or directories claim one name or id",
        risk: "somebody is left out, or named otherwise than in the directory",
        repair: "settle it: `muster name`, `muster id pin`",
        run: ledger,
    },
    Check {
        name: "shut-out",
        examines: "whom root has shut out of this host",
        risk: "somebody wonders why no password is right",
        repair: "muster unrevoke NAME, once the reason is gone",
        run: shut_out,
    },
];

fn status(host: &Host) -> Result<&StatusReply, Finding> {
    match &host.facts.broker {
        Some(Ok(status)) => Ok(status),
        Some(Err(_)) => Err(Finding::skipped("the broker does not answer").at(PLACE)),
        None => Err(Finding::skipped("nothing runs in an image").at(PLACE)),
    }
}

fn answers(host: &Host) -> Vec<Finding> {
    vec![match &host.facts.broker {
        None => Finding::skipped("nothing runs in an image").at(PLACE),
        Some(Err(why)) => Finding::error(why).at(paths::RUN_DIR),
        Some(Ok(status)) => Finding::fine("it answers")
            .at(PLACE)
            .value(format!("musterd {}", status.version)),
    }]
}

fn version(host: &Host) -> Vec<Finding> {
    vec![match status(host) {
        Err(finding) => finding,
        Ok(status) if status.version == host.facts.version => {
            Finding::fine("it is the installed one")
                .at(PLACE)
                .value(&status.version)
        }
        Ok(status) => Finding::warning(format!(
            "{} runs, {} is installed",
            status.version, host.facts.version
        ))
        .at(PLACE),
    }]
}

fn publishing(host: &Host) -> Vec<Finding> {
    vec![match status(host) {
        Err(finding) => finding,
        Ok(StatusReply {
            publish_error: Some(why),
            ..
        }) => Finding::error("the last try failed").at(PLACE).value(why),
        Ok(status) if status.generation == 0 => {
            let mut problems = status.problems.iter();
            let why = problems.find(|line| line.starts_with("no names are served"));
            Finding::error("the broker sees nothing that has been published")
                .at(PLACE)
                .value(why.map_or("", String::as_str))
        }
        Ok(status) => Finding::fine("the last try went well")
            .at(PLACE)
            .value(format!("generation {}", status.generation)),
    }]
}

fn each(host: &Host, look: fn(&Host, &DirectoryStatus) -> Finding) -> Vec<Finding> {
    match status(host) {
        Err(finding) => vec![finding],
        Ok(status) if status.directories.is_empty() => {
            vec![Finding::fine("no directory is configured").at(PLACE)]
        }
        Ok(status) => status
            .directories
            .iter()
            .map(|one| look(host, one).at(format!("{PLACE}: {}", one.name)))
            .collect(),
    }
}

fn online(_: &Host, directory: &DirectoryStatus) -> Finding {
    let why = directory.error.as_deref().unwrap_or(&directory.url);
    match directory.state.as_str() {
        "online" => Finding::fine("it is online").value(&directory.url),
        "never asked" => Finding::note("it has not been asked yet").value(&directory.url),
        "unreachable" => Finding::warning("it is unreachable").value(why),
        state => Finding::error(format!("it is {state}")).value(why),
    }
}

fn fresh(host: &Host, directory: &DirectoryStatus) -> Finding {
    let Ok(config) = &host.config else {
        return Finding::skipped("the configuration cannot be read");
    };
    // Whoever is only asked by name is never vouched for as a whole.
    if directory.synced == 0 && directory.state == "online" {
        return Finding::fine("it is asked by name").value(&directory.url);
    }
    let most = config.access_max_staleness.as_secs();
    let age = host.facts.now.saturating_sub(directory.synced);
    let seen = |finding: Finding| finding.value(format!("{age} s of {most} s"));
    match age {
        _ if directory.synced == 0 => Finding::error("it has never been read"),
        age if age > most => seen(Finding::error(
            "what is known of it is too old: nobody of it is let in",
        )),
        age if age > most / 2 => seen(Finding::warning("what is known of it grows old")),
        _ => seen(Finding::fine("what is known of it is fresh")),
    }
}

fn server(_: &Host, directory: &DirectoryStatus) -> Finding {
    match &directory.server {
        Some(server) => Finding::fine("it says what it is").value(server),
        None => {
            Finding::note("it does not say what it is, or has not been asked").value(&directory.url)
        }
    }
}

fn transport(host: &Host) -> Vec<Finding> {
    let Ok(config) = &host.config else {
        return vec![Finding::skipped("the configuration cannot be read").at(paths::CONFIG)];
    };
    if config.directories.is_empty() {
        return vec![Finding::fine("no directory is configured").at(paths::CONFIG)];
    }
    let findings = config.directories.iter().map(|directory| {
        let Some(server) = &directory.server else {
            return Finding::fine(format!("{} is on this host", directory.name)).at(paths::CONFIG);
        };
        let url = &server.url;
        let finding = match url.scheme() {
            "https" => Finding::fine(format!("{} is asked by https", directory.name)),
            _ => Finding::warning(format!("{} is asked by plain http", directory.name)),
        };
        finding.at(paths::CONFIG).value(url.as_str())
    });
    findings.collect()
}

fn ledger(host: &Host) -> Vec<Finding> {
    let problems = match status(host) {
        Err(finding) => return vec![finding],
        Ok(status) => &status.problems,
    };
    match problems.is_empty() {
        true => vec![Finding::fine("there are no problems").at(PLACE)],
        false => problems
            .iter()
            .map(|line| Finding::warning(line).at(PLACE))
            .collect(),
    }
}

fn shut_out(host: &Host) -> Vec<Finding> {
    match status(host) {
        Err(finding) => vec![finding],
        Ok(status) if status.revoked.is_empty() => {
            vec![Finding::fine("nobody is shut out").at(PLACE)]
        }
        Ok(status) => {
            let found = status.revoked.iter();
            found
                .map(|one| Finding::note(format!("{} is shut out", one.user)).at(PLACE))
                .collect()
        }
    }
}
