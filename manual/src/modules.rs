//! pam_muster(8) and nss_muster(8): arguments and outcomes from the PAM module's own tables.

use muster_common::paths;
use muster_common::wire::message::Outcome;
use pam_muster::args::ARGUMENTS;
use pam_muster::outcome::{Decision, Stack, row};

use crate::page::Page;

/// The page of the PAM module.
pub(crate) fn pam() -> Page {
    let mut page = Page::new("pam_muster", "8", "logs people of web directories in");
    page.heading("SYNOPSIS")
        .paragraph("`pam_muster.so` [ARGUMENT …]")
        .heading("DESCRIPTION")
        .paragraph(
            "Asks for the password (or takes the one that an earlier module asked for) and has musterd(8) judge it. \
             `account` decides by the access rules and by the snapshot, also after a login by key. `password` proves the \
             present password to the directory and carries the new one there, where the directory takes one from a host; \
             otherwise it names the page to go to. `setcred` and the \
             session stack succeed for everybody. Whoever is not muster's is PAM_USER_UNKNOWN, so that the other \
             modules decide; root's login does not depend on it.",
        )
        .heading("ARGUMENTS");
    for (name, says) in ARGUMENTS {
        page.term(name, "", &format!("{}.", upper_first(says)));
    }
    page.paragraph("Any other argument is logged and has no effect.");
    page.heading("RETURN VALUES");
    let outcomes = Outcome::ALL.into_iter().map(Decision::Outcome);
    for decision in outcomes.chain([Decision::NotAsked, Decision::NoNewPassword]) {
        let row = row(Stack::Auth, decision);
        let code = format!("PAM_{:?}", row.code);
        let told = row
            .person
            .map(|text| format!(" The person is told: “{text}”"))
            .unwrap_or_default();
        page.term(&code, "", &format!("{}.{told}", upper_first(row.log)));
    }
    page.heading("LOGS").paragraph(
        "One line to syslog, facility AUTHPRIV, for each decision about somebody of muster's.",
    );
    page.heading("EXAMPLE")
        .paragraph("On Debian `pam-auth-update --enable muster` writes the stacks. By hand:")
        .typed(
            "auth     sufficient  pam_muster.so\nauth     required    pam_unix.so use_first_pass\n\
             account  [success=ok user_unknown=ignore default=bad]  pam_muster.so\naccount  required    pam_unix.so",
        );
    page.see_also(&[
        ("muster", "1"),
        ("musterd", "8"),
        ("nss_muster", "8"),
        ("pam.d", "5"),
        ("pam-auth-update", "8"),
    ])
}

/// The page of the NSS module.
pub(crate) fn nss() -> Page {
    let mut page = Page::new(
        "nss_muster",
        "8",
        "users and groups of web directories, from the snapshot",
    );
    page.heading("SYNOPSIS")
        .paragraph("`libnss_muster.so.2`")
        .heading("DESCRIPTION")
        .paragraph(
            "The module of glibc that resolves users and groups, by name and id, from one file that each process maps. \
             A known name costs no system call. It asks musterd(8) only for names of directories that are asked name \
             by name. Local users and groups always win: `muster` stands behind `files`.",
        )
        .heading("EXAMPLE")
        .paragraph("In /etc/nsswitch.conf, where the package puts it:")
        .typed("passwd: files muster\ngroup:  files muster")
        .paragraph("`shadow: files muster` is understood, too: every user has an entry that no password opens.")
        .heading("FILES")
        .term(paths::SNAPSHOT, "", "The snapshot, written by muster-publish(8) or by `muster snapshot build`.")
        .term(paths::LOOKUP_SOCKET, "", "Where names are asked for that are not in it.");
    page.see_also(&[
        ("muster", "1"),
        ("musterd", "8"),
        ("muster-publish", "8"),
        ("pam_muster", "8"),
        ("nsswitch.conf", "5"),
    ])
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
