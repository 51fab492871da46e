//! The usual scene: a Crowd with people of every kind, muster configured for it, everything running.

use super::{Output, Sim, World};
use std::os::unix::fs::{PermissionsExt, chown};

/// The people of the usual scene.
///
/// `ada` (a fixed id, in `engineers`, which is inside `linux-users`), `grace` and `vera` (derived ids, in
/// `linux-users`) may log in; `charles` is in no allowed group; `emil` is disabled. The others must not be served:
/// `root` and `larry` are local, `below` and `twin` have ids that are not free, `Zoë Müller` does not fit; nor must
/// the groups `sudo` and `bad:name`.
pub const PEOPLE: &str = include_str!("people/crowd.json");

/// Passwords of those who have one that matters: at Crowd, save for Larry's and root's.
pub mod password {
    #![expect(missing_docs, reason = "the names are the people's")]
    pub const ADA: &str = "analytical engine";
    pub const GRACE: &str = "first compiler";
    pub const VERA: &str = "dark matter";
    pub const CHARLES: &str = "difference engine";
    pub const EMIL: &str = "locked out";
    pub const LARRY: &str = "local-secret";
    pub const ROOT: &str = "root-secret";
}

const CONFIG: &str = "/etc/muster/muster.toml";
const SECRETS: &str = "/etc/muster/secrets";
const SNAPSHOT: &str = "/var/lib/muster/public/snapshot";

impl World {
    /// A world in the usual scene, or none, said loudly, where worlds cannot be.
    #[track_caller]
    pub fn usual() -> Option<Self> {
        let mut world = Self::new()?;
        world.start_usual();
        Some(world)
    }

    /// The usual scene in this world.
    #[track_caller]
    pub fn start_usual(&mut self) {
        self.start_simulator(Sim::Crowd, PEOPLE);
        self.configure("");
        self.start_muster();
        self.sync().said();
        self.start_sshd();
    }

    /// Syncs now; returns when the result is served.
    #[track_caller]
    pub fn sync(&self) -> Output {
        self.run(["muster", "sync"])
    }

    /// Publisher and broker, until the first snapshot is there.
    #[track_caller]
    pub fn start_muster(&mut self) {
        self.start_publisher();
        self.start_broker();
        self.until("the first snapshot is published", |world| {
            world.path(SNAPSHOT).exists()
        });
    }

    /// Configures muster for the simulated Crowd, with more lines behind.
    #[track_caller]
    pub fn configure(&mut self, more: &str) {
        self.configure_with("", more);
    }

    /// The same with more keys of the directory.
    #[track_caller]
    pub fn configure_directory(&mut self, keys: &str) {
        self.configure_with(keys, "");
    }

    #[track_caller]
    fn configure_with(&mut self, keys: &str, more: &str) {
        let (url, ca) = (self.url_of(Sim::Crowd), Sim::Crowd.ca());
        let secret = self.secret("crowd", "application-secret");
        self.write_config(&format!(
            r#"version = 1

[[directory]]
name = "corp"
kind = "crowd"
url = "{url}"
application = "linux-hosts"
password_file = "{secret}"
ca_file = "{ca}"
{keys}
[access]
allow = ["group:corp/linux-users"]
{more}"#
        ));
    }

    /// Writes muster's configuration.
    #[track_caller]
    pub fn write_config(&self, text: &str) {
        self.write(CONFIG, text);
    }

    /// Writes a secret of ours for root and the broker only, and gives its file.
    #[track_caller]
    pub fn secret(&self, name: &str, secret: &str) -> String {
        let file = format!("{SECRETS}/{name}");
        let gid = self.run(["id", "-g", "muster"]);
        let gid = gid.said().parse().unwrap_or_else(|_| panic!("{gid}"));
        self.write(&file, secret);
        for (path, mode) in [(file.as_str(), 0o640), (SECRETS, 0o750)] {
            let path = self.path(path);
            chown(&path, Some(0), Some(gid))
                .and_then(|()| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        file
    }
}
