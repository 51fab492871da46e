//! What runs in a world: sshd, the publisher and the broker; started, stopped for a while, killed.

use super::World;

/// sshd as Debian configures it, on the world's own loopback; root may try a password, as on the console.
const SSHD: &str = "\
ListenAddress 127.0.0.1
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication yes
PermitRootLogin yes
PrintMotd no
LogLevel VERBOSE
AcceptEnv LANG LC_*
";
/// nscd that keeps what it has heard of users and groups, also across its own look at the files.
const NSCD: &str = "\
enable-cache passwd yes
positive-time-to-live passwd 3600
negative-time-to-live passwd 3600
enable-cache group yes
positive-time-to-live group 3600
negative-time-to-live group 3600
reload-count unlimited
paranoia no
";
const SSHD_CONFIG: &str = "/etc/ssh/sshd_world";

/// A process that was started in a world and stays.
#[derive(Debug, Clone)]
pub struct Process {
    /// The program's name.
    pub name: &'static str,
    /// Its number inside.
    pub pid: u32,
}

impl Process {
    /// The file that its stdout and stderr go to.
    pub(super) fn log(&self) -> String {
        format!("/run/world/{}.log", self.name)
    }
}

impl World {
    /// Starts a program that stays; its output goes to a log of its own.
    #[track_caller]
    pub fn spawn(&mut self, name: &'static str, words: &[&str]) -> Process {
        let start = format!("setsid \"$@\" </dev/null >>/run/world/{name}.log 2>&1 & echo $!");
        let pid = self.run(["sh", "-c", &start, "sh"].iter().chain(words));
        let pid = pid.said().parse().unwrap_or_else(|_| panic!("{pid}"));
        let process = Process { name, pid };
        self.processes.retain(|other| other.name != name);
        self.processes.push(process.clone());
        process
    }

    /// Starts muster-userdb as its socket unit would, for nobody's rights.
    #[track_caller]
    pub fn start_userdb(&mut self) {
        const SOCKET: &str = "/run/systemd/userdb/org.muster1.UserDatabase";
        self.run(["mkdir", "-p", "/run/systemd/userdb"]).said();
        let unprivileged = [
            "setpriv",
            "--reuid=nobody",
            "--regid=nogroup",
            "--clear-groups",
            "--bounding-set=-all",
            "--no-new-privs",
            "muster-userdb",
        ];
        let listen = format!("--listen={SOCKET}");
        let activated = ["systemd-socket-activate", listen.as_str()];
        let words: Vec<&str> = activated.iter().chain(&unprivileged).copied().collect();
        self.spawn("muster-userdb", &words);
        self.until("the door is there", |world| world.path(SOCKET).exists());
        self.run(["chmod", "666", SOCKET]).said();
    }

    /// Starts the real nscd, which keeps users and groups for an hour; false, said loudly, where there is none.
    #[track_caller]
    pub fn start_nscd(&mut self) -> bool {
        if !self.path("/usr/sbin/nscd").exists() {
            eprintln!("SKIPPED: nscd is not installed in the worlds' base");
            return false;
        }
        self.write("/etc/nscd.conf", NSCD);
        self.run(["mkdir", "-p", "/run/nscd"]).said();
        self.spawn("nscd", &["/usr/sbin/nscd", "--foreground"]);
        self.until("nscd listens", |world| {
            world.path("/run/nscd/socket").exists()
        });
        true
    }

    /// Starts the real sshd and waits until it listens.
    #[track_caller]
    pub fn start_sshd(&mut self) {
        self.start_sshd_with("");
    }

    /// The same with more lines in its configuration.
    #[track_caller]
    pub fn start_sshd_with(&mut self, lines: &str) {
        self.write(SSHD_CONFIG, format!("{SSHD}{lines}"));
        self.spawn("sshd", &["/usr/sbin/sshd", "-D", "-e", "-f", SSHD_CONFIG]);
        self.until("sshd listens", |world| {
            world
                .read("/run/world/sshd.log")
                .contains("Server listening")
        });
    }

    /// Starts the publisher and waits for its socket.
    #[track_caller]
    pub fn start_publisher(&mut self) {
        self.spawn("muster-publish", &["muster-publish"]);
        self.until("the publisher listens", |world| {
            world.path("/run/muster/publish.sock").exists()
        });
    }

    /// Starts the broker and waits until it listens. The sockets alone tell nothing: those of
    /// a broker that was killed are still there.
    #[track_caller]
    pub fn start_broker(&mut self) {
        let said = |world: &Self| {
            let log = world.read("/run/world/musterd.log");
            log.lines()
                .filter(|line| line.contains(" is ready"))
                .count()
        };
        let before = said(self);
        self.spawn("musterd", &["musterd"]);
        self.until("the broker listens", |world| said(world) > before);
    }

    /// The process of this name that was started last.
    #[track_caller]
    pub fn process(&self, name: &str) -> Process {
        let found = self.processes.iter().find(|process| process.name == name);
        found
            .cloned()
            .unwrap_or_else(|| panic!("{name} was not started"))
    }

    /// Sends a signal: `STOP`, `CONT`, `TERM`, `KILL`.
    #[track_caller]
    pub fn signal(&self, name: &str, signal: &str) {
        let pid = self.process(name).pid.to_string();
        self.run(["kill", "-s", signal, &pid]).said();
    }

    /// Kills without warning and waits until it is gone.
    #[track_caller]
    pub fn kill(&self, name: &str) {
        self.signal(name, "KILL");
        self.wait_for_end(name);
    }

    /// Waits until a process has ended.
    #[track_caller]
    pub fn wait_for_end(&self, name: &str) {
        self.until(&format!("{name} has ended"), |world| {
            !world.is_running(name)
        });
    }

    /// Whether a process still runs (a zombie does not).
    #[track_caller]
    pub fn is_running(&self, name: &str) -> bool {
        let status = self.read(&format!("/proc/{}/status", self.process(name).pid));
        !(status.is_empty() || status.contains("State:\tZ"))
    }

    /// What the installation's next steps say: the user, the folders, the PAM stacks; and homes at the first login.
    #[track_caller]
    pub(super) fn prepare(&mut self) {
        self.run(["systemd-sysusers", "muster.conf"]).said();
        self.run(["systemd-tmpfiles", "--create", "muster.conf"])
            .said();
        self.run([
            "pam-auth-update",
            "--force",
            "--enable",
            "muster",
            "mkhomedir",
        ])
        .said();
    }

    /// Starts the broker as its unit does: as its own user, without root, with the sockets handed over.
    #[track_caller]
    pub fn start_broker_by_sockets(&mut self) {
        let sockets = [
            "--fdname=root.sock:lookup.sock",
            "--listen=/run/muster/root.sock",
            "--listen=/run/muster/lookup.sock",
        ];
        let unprivileged = [
            "setpriv",
            "--reuid=muster",
            "--regid=muster",
            "--clear-groups",
            "--bounding-set=-all",
            "--no-new-privs",
        ];
        let words = [
            &["systemd-socket-activate"],
            sockets.as_slice(),
            &unprivileged,
            &["musterd"],
        ]
        .concat();
        self.spawn("musterd", &words);
        self.until("the broker's sockets are there", |world| {
            world.path("/run/muster/lookup.sock").exists()
        });
        // As systemd would have made it.
        self.run(["chmod", "666", "/run/muster/lookup.sock"]).said();
        self.run(["chmod", "600", "/run/muster/root.sock"]).said();
    }
}
