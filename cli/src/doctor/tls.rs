//! TLS: whether the servers' certificates are believed, and until when they and their authorities count.

use muster_common::certificate::{Certificate, date};
use muster_common::directory::http::handshake::Untrusted;
use muster_common::paths;

use super::catalogue::Check;
use super::facts::{Handshake, Shaken};
use super::finding::Finding;
use super::host::Host;

const DAY: u64 = 86_400;
/// So long before its end a certificate is warned of, in days.
const SOON: u64 = 14;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "tls-chain",
        examines: "the certificate of each server that is asked by https is believed, by the authorities of `ca_file` or the host's",
        risk: "the directory cannot be asked: logins are offline ones, and nothing is refreshed; or somebody stands in the server's place",
        repair: "set `ca_file` to the authority of this server, or have the server show its right certificate",
        run: chain,
    },
    Check {
        name: "tls-expiry",
        examines: "the certificates that each server shows count for 14 days more",
        risk: "from that day the directory cannot be asked",
        repair: "have the server's people renew its certificate",
        run: expiry,
    },
    Check {
        name: "tls-authorities",
        examines: "the certificates in each `ca_file` count for 14 days more",
        risk: "the server's next certificate comes from another authority, and is not believed",
        repair: "put the authority's new certificate into the `ca_file`, beside the old one",
        run: authorities,
    },
];

fn each(host: &Host, look: impl Fn(&Handshake) -> Vec<Finding>) -> Vec<Finding> {
    if !host.is_live() {
        return vec![Finding::skipped("nothing is asked for an image").at(paths::CONFIG)];
    }
    if host.config.is_err() {
        return vec![Finding::skipped("the configuration cannot be read").at(paths::CONFIG)];
    }
    let findings: Vec<Finding> = host.facts.handshakes.iter().flat_map(look).collect();
    match findings.is_empty() {
        true => vec![Finding::fine("no server is asked by https").at(paths::CONFIG)],
        false => findings,
    }
}

fn chain(host: &Host) -> Vec<Finding> {
    each(host, |one| {
        let name = &one.directory;
        let finding = match &one.shaken {
            Shaken::Believed(_) => Finding::fine(format!("{name}: its certificate is believed")),
            Shaken::NotReached(why) => Finding::warning(format!("{name}: {why}")).repair(
                "reach the server from this host: name, route, firewall; then run this again",
            ),
            Shaken::Broken(why) => Finding::error(format!("{name}: {why}")),
            Shaken::Untrusted(why) => {
                let finding = Finding::error(format!("{name}: {why}"));
                match repair(why) {
                    Some(repair) => finding.repair(repair),
                    None => finding,
                }
            }
        };
        vec![finding.at(&one.url)]
    })
}

fn repair(why: &Untrusted) -> Option<&'static str> {
    match why {
        Untrusted::UnknownAuthority => Some(
            "set `ca_file` to the authority of this server, or have the server show its intermediate certificates too",
        ),
        Untrusted::WrongName { .. } => {
            Some("set `url` to a name that the certificate has, or have it made for this one")
        }
        Untrusted::Expired(_) => Some("have the server's people renew its certificate"),
        Untrusted::NotYetValid(_) => Some("set this host's clock, or the server's: timedatectl"),
        Untrusted::Other(_) => None,
    }
}

fn expiry(host: &Host) -> Vec<Finding> {
    let now = host.facts.now;
    each(host, |one| {
        let findings = match &one.shaken {
            Shaken::Believed(chain) => chain.iter().map(|one| judged(one, now)).collect(),
            Shaken::Untrusted(Untrusted::Expired(ended)) => {
                vec![Finding::error("it has expired").value(date(*ended))]
            }
            _ => vec![Finding::skipped(format!(
                "{}: there was no handshake that went well",
                one.directory
            ))],
        };
        let findings = findings.into_iter();
        findings.map(|finding| finding.at(&one.url)).collect()
    })
}

/// How a certificate is off at `now`.
fn judged(certificate: &Certificate, now: u64) -> Finding {
    let finding = match certificate.not_after.checked_sub(now) {
        None => Finding::error("it has expired"),
        Some(left) if left < SOON * DAY => {
            Finding::warning(format!("it expires in {} days", left / DAY))
        }
        Some(left) => Finding::fine(format!("it counts for {} days more", left / DAY)),
    };
    let until = date(certificate.not_after);
    finding.value(format!("{}, until {until}", certificate.subject))
}

fn authorities(host: &Host) -> Vec<Finding> {
    let Ok(config) = &host.config else {
        return vec![Finding::skipped("the configuration cannot be read").at(paths::CONFIG)];
    };
    let mut files: Vec<&std::path::Path> = config
        .directories
        .iter()
        .filter_map(|one| one.server.as_ref()?.ca_file.as_deref())
        .collect();
    files.sort_unstable();
    files.dedup();
    match files.is_empty() {
        true => vec![Finding::fine("the host's own authorities are used").at(paths::CONFIG)],
        false => files
            .into_iter()
            .flat_map(|file| of_file(host, &file.to_string_lossy()))
            .collect(),
    }
}

fn of_file(host: &Host, place: &str) -> Vec<Finding> {
    let text = match host.text(place) {
        Ok(text) => text,
        Err(error) => {
            return vec![Finding::skipped(format!("it cannot be read: {error}")).at(place)];
        }
    };
    match Certificate::all_of_pem(text.as_bytes()) {
        Err(error) => vec![Finding::error(error.to_string()).at(place)],
        Ok(all) if all.is_empty() => vec![Finding::error("it holds no certificate").at(place)],
        Ok(all) => of_certificates(&all, host.facts.now, place),
    }
}

/// One that has expired is an error only where no other one stands beside it.
fn of_certificates(all: &[Certificate], now: u64, place: &str) -> Vec<Finding> {
    let lasts = all.iter().any(|one| one.not_after >= now);
    let findings = all.iter().map(|one| {
        let finding = match one.not_after < now && lasts {
            true => Finding::warning("it has expired; another one stands beside it")
                .value(&one.subject)
                .repair("take what has expired out of the file"),
            false => judged(one, now),
        };
        finding.at(place)
    });
    findings.collect()
}
