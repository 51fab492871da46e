//! The checks of PAM's stacks.

use super::kinds::OURS;
use super::prove::{self, Broken};
use super::read::{self, Entry, FOLDERS, Handler, Service, Type};
use crate::doctor::catalogue::Check;
use crate::doctor::finding::Finding;
use crate::doctor::fix::Fix;
use crate::doctor::host::Host;
use crate::doctor::nsswitch::{LIBRARIES, root_owned};

/// The programs that people log in by; on a host some are not there.
const USUAL: [&str; 6] = ["sshd", "login", "su", "sudo", "cron", "crond"];

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "pam-services",
        examines: "the stacks of sshd, login, su, sudo and cron have pam_muster.so, as far as they are there",
        risk: "people of a directory cannot log in by that program",
        repair: "pam-auth-update --enable muster (Fedora, EL: authselect select custom/muster)",
        run: services,
    },
    Check {
        name: "pam-syntax",
        examines: "libpam understands every line of every service that uses muster, includes too",
        risk: "libpam refuses everybody at a line that it does not understand",
        repair: "correct the line",
        run: syntax,
    },
    Check {
        name: "pam-module",
        examines: "pam_muster.so lies where libpam looks, root's and writable for nobody else",
        risk: "the stacks fail, for local accounts too; or whoever can write to it is root at the next login",
        repair: "install libpam-muster again",
        run: module,
    },
    Check {
        name: "pam-modules-there",
        examines: "every module that those stacks name is there",
        risk: "a module that is missing fails: it may shut everybody out",
        repair: "install what brings the module, or take its line out",
        run: modules_there,
    },
    Check {
        name: "pam-proof",
        examines: "no combination of outcomes lets anybody in without a success of ours or of another module that proves who it is",
        risk: "logins without a password",
        repair: "let the stack end in `auth requisite pam_deny.so` for whom no module has proved",
        run: proof,
    },
    Check {
        name: "pam-local-accounts",
        examines: "root and local accounts get in with the right password whatever muster says of anybody (auth)",
        risk: "nobody, not even root, logs in while muster is out of order",
        repair: "use `[success=end default=ignore]` or `sufficient` for pam_muster.so in auth",
        run: |host| locals(host, Type::Auth),
    },
    Check {
        name: "pam-account-local",
        examines: "account management lets root and local accounts in, of whom muster says `user_unknown`",
        risk: "local accounts are shut out",
        repair: "use `[success=ok user_unknown=ignore default=bad]` for pam_muster.so in account",
        run: |host| locals(host, Type::Account),
    },
    Check {
        name: "pam-account-closed",
        examines: "a refusal of ours in account management refuses, and no path lets a directory's person in without asking ours",
        risk: "who is locked, denied or revoked still gets in, by key or cron",
        repair: "use `[success=ok user_unknown=ignore default=bad]` for pam_muster.so, before anything `sufficient`",
        run: closed,
    },
    Check {
        name: "pam-people",
        examines: "a directory's person with the right password gets in, whatever pam_unix.so says of a stranger",
        risk: "nobody of a directory can log in",
        repair: "pam-auth-update --enable muster (Fedora, EL: authselect apply-changes)",
        run: people,
    },
    Check {
        name: "pam-files",
        examines: "the folders and files of PAM's configuration are root's and writable for nobody else",
        risk: "whoever can write to them is root",
        repair: "chown root:root and chmod 0644 the file",
        run: files,
    },
];

/// Every service that has ours in its auth or account stack, or might have it behind where libpam gives it up.
fn ours(host: &Host) -> Vec<(String, Service)> {
    // Debian's common-* are pieces that services include, not services.
    let names = read::names(host)
        .into_iter()
        .filter(|name| !name.starts_with("common-"));
    let all = names.map(|name| (name.clone(), read::service(host, &name)));
    all.filter(|(_, service)| {
        let mut stacks = [Type::Auth, Type::Account].into_iter();
        service.aborts() || stacks.any(|one| has_ours(service, one))
    })
    .collect()
}

fn has_ours(service: &Service, stack: Type) -> bool {
    let all = service.entries.iter().chain(&service.lost);
    all.filter(|entry| entry.stack == stack)
        .any(|entry| entry.name() == OURS)
}

/// Looks at each service with ours in `stack`; services with the same trouble at the same line are one finding.
fn each(
    host: &Host,
    stack: Type,
    fine: &str,
    look: impl Fn(&str, &[&Entry]) -> Option<Finding>,
) -> Vec<Finding> {
    let services = ours(host);
    let with: Vec<_> = services
        .iter()
        .filter(|(_, one)| has_ours(one, stack))
        .collect();
    if with.is_empty() {
        let says = format!("no service has pam_muster.so in {}", stack.word());
        return vec![Finding::skipped(says).at(FOLDERS[0])];
    }
    let findings: Vec<Finding> = with
        .iter()
        .filter_map(|(name, service)| look(name, &service.stack(stack)))
        .collect();
    match findings.is_empty() {
        true => {
            let names: Vec<&str> = with.iter().map(|(name, _)| name.as_str()).collect();
            vec![Finding::fine(fine).at(FOLDERS[0]).value(names.join(" "))]
        }
        false => findings,
    }
}

fn shown(finding: Finding, broken: &Broken) -> Finding {
    match &broken.last {
        Some((file, line, _)) => finding.at(file).line(*line).value(&broken.path),
        None => finding.at(FOLDERS[0]).value(&broken.path),
    }
}

fn services(host: &Host) -> Vec<Finding> {
    let names = read::names(host);
    let there: Vec<&str> = USUAL
        .into_iter()
        .filter(|one| names.iter().any(|name| name == one))
        .collect();
    if there.is_empty() {
        return vec![Finding::skipped("none of the usual programs is there").at(FOLDERS[0])];
    }
    let findings = there.iter().map(|name| {
        let service = read::service(host, name);
        let lacks: Vec<&str> = [Type::Auth, Type::Account]
            .into_iter()
            .filter(|stack| !has_ours(&service, *stack))
            .map(Type::word)
            .collect();
        match lacks.as_slice() {
            [] => Finding::fine(format!("{name} asks muster")).at(&service.file),
            // Where only account is missing, a refusal never counts: that is open, not closed.
            ["account"] => {
                Finding::error(format!("{name} asks muster in auth, and not in account"))
                    .at(&service.file)
            }
            lacks => Finding::warning(format!(
                "{name} does not ask muster in {}",
                lacks.join(" and ")
            ))
            .at(&service.file),
        }
    });
    findings.collect()
}

fn syntax(host: &Host) -> Vec<Finding> {
    let mut complaints: Vec<_> = ours(host)
        .into_iter()
        .flat_map(|(_, one)| one.complaints)
        .collect();
    complaints.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    complaints.dedup();
    if complaints.is_empty() {
        return vec![Finding::fine("every line is understood").at(FOLDERS[0])];
    }
    complaints
        .into_iter()
        .map(|one| Finding::error(one.says).at(one.file).line(one.line))
        .collect()
}

fn places(module: &str) -> Vec<String> {
    if module.starts_with('/') {
        return vec![module.to_owned()];
    }
    LIBRARIES
        .iter()
        .map(|folder| format!("{folder}/security/{module}"))
        .collect()
}

fn module(host: &Host) -> Vec<Finding> {
    let places = places("pam_muster.so");
    vec![match places.iter().find(|place| host.has(place)) {
        Some(place) => root_owned(host, place),
        None => Finding::error("there is no pam_muster.so").at(places.join(" ")),
    }]
}

fn modules_there(host: &Host) -> Vec<Finding> {
    let mut missing: Vec<Entry> = ours(host)
        .into_iter()
        .flat_map(|(_, service)| service.entries)
        .filter(|entry| entry.handler == Handler::Module && !entry.may_lack)
        .filter(|entry| !places(&entry.module).iter().any(|place| host.has(place)))
        .collect();
    missing.sort_by(|a, b| a.module.cmp(&b.module));
    missing.dedup_by(|a, b| a.module == b.module);
    if missing.is_empty() {
        return vec![Finding::fine("every module is there").at(FOLDERS[0])];
    }
    let findings = missing.iter().map(|entry| {
        Finding::error(format!("there is no {}", entry.module))
            .at(&entry.file)
            .line(entry.line)
            .value(&entry.text)
    });
    findings.collect()
}

fn proof(host: &Host) -> Vec<Finding> {
    each(
        host,
        Type::Auth,
        "nobody gets in without a proof",
        |name, stack| {
            let (perhaps, broken) = prove::granted_without_proof(stack)?;
            let finding = match perhaps {
                false => Finding::error(format!("{name} lets in without a proof")),
                true => Finding::note(format!(
                    "{name} relies on a module that is not known here to prove who somebody is"
                )),
            };
            Some(shown(finding, &broken))
        },
    )
}

fn locals(host: &Host, stack: Type) -> Vec<Finding> {
    let fine = "root and local accounts do not depend on muster";
    each(host, stack, fine, |name, entries| {
        let broken = prove::locals_depend_on_us(entries, stack == Type::Account)?;
        let says = format!("{name} refuses root and local accounts because of muster");
        Some(shown(Finding::error(says), &broken))
    })
}

fn closed(host: &Host) -> Vec<Finding> {
    each(
        host,
        Type::Account,
        "a refusal refuses, and nobody of a directory passes unasked",
        |name, stack| {
            let (despite, broken) = prove::account_open(stack)?;
            let says = match despite {
                true => format!("{name} lets in whom muster refuses"),
                false => format!("{name} can let a directory's person in without asking muster"),
            };
            Some(shown(Finding::error(says), &broken))
        },
    )
}

fn people(host: &Host) -> Vec<Finding> {
    let mut findings = Vec::new();
    for stack in [Type::Auth, Type::Account] {
        findings.extend(each(
            host,
            stack,
            "people of a directory get in",
            |name, entries| {
                let broken = prove::ours_get_in(entries, stack == Type::Account).err()?;
                let says = format!("{name} refuses in {} whom muster lets in", stack.word());
                Some(shown(Finding::error(says), &broken))
            },
        ));
    }
    findings
}

fn files(host: &Host) -> Vec<Finding> {
    let folders = FOLDERS.iter().filter(|folder| host.has(folder));
    let mut places: Vec<String> = Vec::new();
    for folder in folders {
        places.push((*folder).to_owned());
        let names = host.names_in(folder).unwrap_or_default();
        places.extend(names.iter().map(|name| format!("{folder}/{name}")));
    }
    let wrong: Vec<Finding> = places
        .iter()
        .filter_map(|place| {
            let meta = host.meta(place).ok()?;
            if meta.uid != host.owner {
                return Some(
                    Finding::error("it is not root's")
                        .at(place)
                        .value(format!("owner {}", meta.uid)),
                );
            }
            let open = meta.mode & 0o022 != 0;
            let mode = meta.mode & !0o022;
            open.then(|| {
                Finding::error("others than root can write to it")
                    .at(place)
                    .value(format!("mode {:04o}", meta.mode))
                    .fix(Fix::Mode {
                        path: host.path(place),
                        mode,
                    })
            })
        })
        .collect();
    match wrong.is_empty() {
        true => vec![Finding::fine(format!("{} files are root's", places.len())).at(FOLDERS[0])],
        false => wrong,
    }
}
