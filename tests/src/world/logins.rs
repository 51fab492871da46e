//! Ways in: ssh, su, sudo, and pamtester for a single stack.

use super::{Output, World};

/// One try, no questions, nothing remembered.
const SSH: [&str; 12] = [
    "ssh",
    "-F/dev/null",
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    "-oLogLevel=ERROR",
    "-oNumberOfPasswordPrompts=1",
    "-oPubkeyAuthentication=no",
    "-oPreferredAuthentications=password",
    "-oConnectTimeout=20",
    "-l",
    "",
    "127.0.0.1",
];

impl World {
    /// Logs in by ssh with a password and runs a command there.
    #[track_caller]
    pub fn ssh(&self, user: &str, password: &str, command: &str) -> Output {
        let mut words = vec!["sshpass", "-p", password];
        words.extend(SSH.map(|word| if word.is_empty() { user } else { word }));
        words.push(command);
        self.run(words)
    }

    /// Runs one stack of a PAM service: `authenticate`, `acct_mgmt`, `open_session` and so on.
    #[track_caller]
    pub fn pam(&self, service: &str, user: &str, password: &str, stacks: &[&str]) -> Output {
        let words = ["pamtester", "-v", service, user]
            .into_iter()
            .chain(stacks.iter().copied());
        self.run_with(&format!("{password}\n"), words)
    }

    /// Runs a command as a user whom `setpriv` does not know: through su, as root.
    #[track_caller]
    pub fn su(&self, user: &str, command: &str) -> Output {
        self.run(["su", "-", user, "-c", command])
    }

    /// su from an unprivileged local user, with the other's password on its stdin.
    #[track_caller]
    pub fn su_from_larry(&self, user: &str, password: &str, command: &str) -> Output {
        let words = [
            "setpriv",
            "--reuid",
            "larry",
            "--regid",
            "larry",
            "--init-groups",
            "su",
            "-",
            user,
            "-c",
            command,
        ];
        self.run_with(&format!("{password}\n"), words)
    }
}
