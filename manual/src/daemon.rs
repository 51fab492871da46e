//! musterd(8) and muster-publish(8).

use muster_common::paths;

use crate::page::Page;

const LOG: &str =
    "How much is logged: `error`, `warn`, `info` (as without it), `debug` or `trace`.";
const CONFIG_OPTION: &str = "Reads this file instead of `/etc/muster/muster.toml`.";

/// The page of the broker.
pub(crate) fn broker() -> Page {
    let mut page = Page::new(
        "musterd",
        "8",
        "broker of muster: people and groups from web directories",
    );
    page.heading("SYNOPSIS")
        .paragraph("`musterd` [`--config` FILE]")
        .heading("DESCRIPTION")
        .paragraph(
            "Reads web directories in the background, judges logins for pam_muster(8) and answers muster(1). It is the \
             only part with network and secrets, and runs as the user `muster` without any capability. What names \
             resolve to is written by muster-publish(8), which checks all that the broker says.",
        )
        .paragraph(
            "systemd starts it by `musterd.service` and hands its sockets over. Started by hand as root it binds them \
             itself and becomes the user `muster`. SIGTERM and SIGINT stop it; logins under way may go on for 3 seconds. \
             While it is stopped names resolve as before, and nobody can log in by muster.",
        )
        .heading("OPTIONS");
    options(&mut page);
    page.heading("ENVIRONMENT")
        .term("MUSTER_LOG", "", LOG)
        .term(
            "CREDENTIALS_DIRECTORY",
            "",
            "Where systemd puts what `LoadCredential=` loads: secrets that the configuration calls `credential:NAME`.",
        );
    page.heading("EXIT STATUS")
        .term("0", "", "Stopped as it was told.")
        .term(
            "1",
            "",
            "Something on this host is missing; the log says what.",
        )
        .term(
            "78",
            "",
            "The configuration cannot be used. systemd does not try again.",
        );
    page.heading("FILES")
        .term(paths::CONFIG, "", "The configuration, see muster.toml(5).")
        .term(
            paths::PRIVATE_DIR,
            "",
            "What it knows: the store, the key of the verifiers. The user `muster` alone reads it.",
        )
        .term(
            paths::ROOT_SOCKET,
            "",
            "Logins and administration: root only.",
        )
        .term(paths::LOOKUP_SOCKET, "", "Look-ups, by everybody.");
    logs(&mut page);
    page.see_also(&[
        ("muster", "1"),
        ("muster.toml", "5"),
        ("muster-publish", "8"),
        ("nss_muster", "8"),
        ("pam_muster", "8"),
    ])
}

/// The page of the publisher.
pub(crate) fn publisher() -> Page {
    let mut page = Page::new(
        "muster-publish",
        "8",
        "publisher of muster: writes what names resolve to",
    );
    page.heading("SYNOPSIS")
        .paragraph("`muster-publish` [`--config` FILE]")
        .heading("DESCRIPTION")
        .paragraph(
            "Takes what the broker knows, checks every record against root's own policy (ids that are allowed, names \
             that are nobody else's) and puts it in place as one file. It runs as root without network and without \
             capabilities. systemd starts it by `muster-publish.socket`; it listens to root and the user `muster` only.",
        )
        .heading("OPTIONS");
    options(&mut page);
    page.heading("ENVIRONMENT").term("MUSTER_LOG", "", LOG);
    page.heading("FILES")
        .term(
            paths::SNAPSHOT,
            "",
            "The snapshot: everybody reads it, root replaces it as a whole.",
        )
        .term(paths::PUBLISH_SOCKET, "", "Where the broker hands over.");
    logs(&mut page);
    page.see_also(&[
        ("muster", "1"),
        ("muster.toml", "5"),
        ("musterd", "8"),
        ("nss_muster", "8"),
    ])
}

/// The page of muster-userdb.
pub(crate) fn user_database() -> Page {
    let mut page = Page::new(
        "muster-userdb",
        "8",
        "people of muster's directories for systemd's user database",
    );
    page.heading("SYNOPSIS")
        .paragraph("`muster-userdb` [`--socket` PATH]")
        .heading("DESCRIPTION")
        .paragraph(
            "Answers `io.systemd.UserDatabase` from the snapshot that names resolve from, for userdbctl(1) and whoever else \
             asks systemd for users. It is off until `systemctl enable --now muster-userdb.socket`. It runs without \
             privileges and without network, ends when nobody has asked for a minute, and says nothing of local accounts, \
             reserved names and ids below 1000. SSH keys are shown to root alone.",
        )
        .heading("OPTIONS")
        .term("--socket", "PATH", "Where to listen, if not on a socket of systemd's.")
        .term("--version", "", "Prints the version.");
    page.heading("ENVIRONMENT").term("MUSTER_LOG", "", LOG);
    page.heading("FILES")
        .term(paths::SNAPSHOT, "", "The snapshot.")
        .term(
            "/run/systemd/userdb/org.muster1.UserDatabase",
            "",
            "The socket; its name stands in each record.",
        );
    page.see_also(&[("musterd", "8"), ("nss_muster", "8"), ("userdbctl", "1")])
}

fn options(page: &mut Page) {
    page.term("--config", "FILE", CONFIG_OPTION)
        .term("--version", "", "Prints the version.");
}

fn logs(page: &mut Page) {
    page.heading("LOGS").paragraph(
        "It writes to stderr, which systemd keeps in the journal (`journalctl -u musterd -u muster-publish`); there is \
         no log file and nothing to rotate. Who logged in, and who did not, is said to syslog by pam_muster(8).",
    );
}
