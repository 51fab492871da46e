//! Ways in: ssh, su, sudo, and pamtester for a single stack.

use super::{Output, World};

/// One try, no questions, nothing remembered.
const SSH: [&str; 7] = [
    "ssh",
    "-F/dev/null",
    "-oStrictHostKeyChecking=no",
    "-oUserKnownHostsFile=/dev/null",
    "-oLogLevel=ERROR",
    "-oNumberOfPasswordPrompts=1",
    "-oConnectTimeout=20",
];
const KEY: &str = "/run/world/key";

impl World {
    /// Logs in by ssh with a password and runs a command there.
    #[track_caller]
    pub fn ssh(&self, user: &str, password: &str, command: &str) -> Output {
        let sshpass = ["sshpass", "-p", password];
        let by_password = [
            "-oPubkeyAuthentication=no",
            "-oPreferredAuthentications=password",
        ];
        let there = ["-l", user, "127.0.0.1", command];
        self.run(sshpass.iter().chain(&SSH).chain(&by_password).chain(&there))
    }

    /// Logs in by ssh with a key, which is put into the user's home first.
    #[track_caller]
    pub fn ssh_by_key(&self, user: &str, command: &str) -> Output {
        if !self.path(KEY).exists() {
            self.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY])
                .said();
        }
        let home = format!("/home/{user}");
        let folder = format!("{home}/.ssh");
        self.run(["install", "-d", "-o", user, "-g", user, &home, &folder])
            .said();
        let keys = format!("{folder}/authorized_keys");
        self.run([
            "install",
            "-m600",
            "-o",
            user,
            "-g",
            user,
            &format!("{KEY}.pub"),
            &keys,
        ])
        .said();
        let by_key = ["-i", KEY, "-oPreferredAuthentications=publickey"];
        let there = ["-l", user, "127.0.0.1", command];
        self.run(SSH.iter().chain(&by_key).chain(&there))
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
