//! What is known of modules: whose success proves who somebody is, and what they may return.

use super::code::Code;
use super::read::Entry;

/// Ours.
pub(crate) const OURS: &str = "pam_muster";

/// A success of one of these in the auth stack proves who somebody is, or that root asks.
const PROVING: &[&str] = &[
    "pam_unix",
    "pam_unix2",
    "pam_unix_auth",
    "pam_pwdfile",
    "pam_userdb",
    "pam_sss",
    "pam_sss_gss",
    "pam_ldap",
    "pam_ldapd",
    "pam_krb5",
    "pam_winbind",
    "pam_himmelblau",
    "pam_kanidm",
    "pam_aad",
    "pam_authd",
    "pam_fprintd",
    "pam_u2f",
    "pam_yubico",
    "pam_pkcs11",
    "pam_p11",
    "pam_oath",
    "pam_google_authenticator",
    "pam_duo",
    "pam_radius_auth",
    "pam_tacplus",
    "pam_ssh_agent_auth",
    "pam_systemd_home",
    "pam_timestamp",
    "pam_rootok",
    "pam_usb",
    "pam_howdy",
    "pam_oauth2_device",
    "pam_cap_rootok",
    "pam_tcb",
    "pam_nispwd",
    OURS,
];

/// A success of one of these proves nothing about the person.
const NEUTRAL: &[&str] = &[
    "pam_env",
    "pam_faildelay",
    "pam_nologin",
    "pam_securetty",
    "pam_faillock",
    "pam_tally2",
    "pam_tally",
    "pam_deny",
    "pam_permit",
    "pam_group",
    "pam_cap",
    "pam_gnome_keyring",
    "pam_kwallet",
    "pam_kwallet5",
    "pam_keyinit",
    "pam_limits",
    "pam_access",
    "pam_time",
    "pam_listfile",
    "pam_localuser",
    "pam_succeed_if",
    "pam_wheel",
    "pam_usertype",
    "pam_shells",
    "pam_echo",
    "pam_warn",
    "pam_debug",
    "pam_mail",
    "pam_motd",
    "pam_issue",
    "pam_lastlog",
    "pam_loginuid",
    "pam_namespace",
    "pam_selinux",
    "pam_selinux_permit",
    "pam_sepermit",
    "pam_systemd",
    "pam_umask",
    "pam_mkhomedir",
    "pam_oddjob_mkhomedir",
    "pam_xauth",
    "pam_time",
    "pam_tty_audit",
    "pam_setquota",
    "pam_stress",
    "pam_ftp",
    "pam_ck_connector",
    "pam_elogind",
    "pam_apparmor",
    "pam_cgroup",
    "pam_cgfs",
    "pam_mount",
    "pam_ecryptfs",
    "pam_ssh_add",
    "pam_postgresok",
    "pam_slurm",
];

/// What a module's success is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    Proof,
    Nothing,
    NotKnown,
}

/// What this module's success in the auth stack is worth.
pub(crate) fn worth(entry: &Entry) -> Worth {
    match entry.name() {
        name if PROVING.contains(&name) => Worth::Proof,
        name if NEUTRAL.contains(&name) => Worth::Nothing,
        _ => Worth::NotKnown,
    }
}

/// Whether it asks for the secret of a local account.
pub(crate) fn is_local(entry: &Entry) -> bool {
    matches!(
        entry.name(),
        "pam_unix" | "pam_unix2" | "pam_unix_auth" | "pam_pwdfile" | "pam_tcb" | "pam_systemd_home"
    )
}

/// Whether it knows people elsewhere, and does not know a local account or root.
pub(crate) fn is_elsewhere(entry: &Entry) -> bool {
    matches!(worth(entry), Worth::Proof) && !is_local(entry) && entry.name() != "pam_rootok"
}

/// Whether it tells people apart by what the stack cannot know: the proofs try both answers.
pub(crate) fn is_selector(entry: &Entry) -> bool {
    matches!(
        entry.name(),
        "pam_succeed_if"
            | "pam_localuser"
            | "pam_usertype"
            | "pam_listfile"
            | "pam_access"
            | "pam_wheel"
            | "pam_time"
            | "pam_rootok"
    )
}

/// Every outcome that a module can have at all, whoever it is.
pub(crate) fn possible(entry: &Entry) -> Vec<Code> {
    match entry.name() {
        "pam_permit" => vec![Code::SUCCESS],
        "pam_deny" => vec![Code::AUTH_ERR, Code::ACCT_EXPIRED],
        _ => Code::all().collect(),
    }
}

/// The same where the person is of a directory and is not root: whoever knows local accounts or root alone says no.
pub(crate) fn possible_for_strangers(entry: &Entry) -> Vec<Code> {
    let no = || vec![Code::AUTH_ERR, Code::PERM_DENIED, Code::IGNORE];
    match entry.name() {
        "pam_localuser" | "pam_rootok" => no(),
        // An expired password is one of shadow(5), which strangers are not in.
        "pam_unix" => {
            let all = Code::all();
            all.filter(|code| *code != Code::NEW_AUTHTOK_REQD).collect()
        }
        "pam_succeed_if" if is_about_low_ids(&entry.arguments) => no(),
        "pam_usertype" if entry.arguments.iter().any(|one| one == "issystem") => no(),
        _ => possible(entry),
    }
}

/// `uid < 1000`, `uid <= 999`, `uid = 0`, `user = root`: never somebody of a directory.
fn is_about_low_ids(arguments: &[String]) -> bool {
    let conditions = arguments.windows(3).any(|three| match three {
        [what, how, limit] => {
            let limit = limit.parse::<u32>();
            match (what.as_str(), how.as_str()) {
                ("uid", "<" | "lt") => limit.is_ok_and(|limit| limit <= 1000),
                ("uid", "<=" | "le" | "=" | "eq") => limit.is_ok_and(|limit| limit < 1000),
                _ => false,
            }
        }
        _ => false,
    });
    conditions
        || arguments
            .windows(3)
            .any(|three| three.join(" ") == "user = root")
}
