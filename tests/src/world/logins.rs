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
        let method = "-oPreferredAuthentications=password";
        self.ssh_with(&["sshpass", "-p", password], &[method], user, command)
    }

    /// The same by keyboard-interactive, where sshd asks libpam in a process of its own and shows PAM's questions.
    #[track_caller]
    pub fn ssh_by_dialogue(&self, user: &str, password: &str, command: &str) -> Output {
        let method = "-oPreferredAuthentications=keyboard-interactive";
        self.ssh_with(&["sshpass", "-p", password], &[method], user, command)
    }

    /// Logs in by ssh with a key, which is put into the user's home first.
    #[track_caller]
    pub fn ssh_by_key(&self, user: &str, command: &str) -> Output {
        if !self.path(KEY).exists() {
            self.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY])
                .said();
        }
        let public = format!("{KEY}.pub");
        let home = format!("/home/{user}");
        let folder = format!("{home}/.ssh");
        let keys = format!("{folder}/authorized_keys");
        let install = ["install", "-o", user, "-g", user];
        self.run(install.iter().chain(&["-d", &home, &folder]))
            .said();
        self.run(install.iter().chain(&["-m600", &public, &keys]))
            .said();
        self.ssh_by_that_key(user, command)
    }

    /// The same, once the key is in the home of whomever sshd takes `user` for.
    #[track_caller]
    pub fn ssh_by_that_key(&self, user: &str, command: &str) -> Output {
        let method = "-oPreferredAuthentications=publickey";
        self.ssh_with(&[], &["-i", KEY, method], user, command)
    }

    #[track_caller]
    fn ssh_with(&self, before: &[&str], options: &[&str], user: &str, command: &str) -> Output {
        let there = ["-l", user, "127.0.0.1", command];
        self.run(before.iter().chain(&SSH).chain(options).chain(&there))
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
