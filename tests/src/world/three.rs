//! Three services on one host: Crowd and FAS, which are read whole, and Gafaelfawr, which
//! is asked by name.

use super::World;
use super::simulators::Sim;
use super::usual::PEOPLE;

/// The people of FAS: `dennis` (a sponsor of `sysadmin-main`) may log in; `brian` has only
/// applied for it; `left` is not active; `early` has an id below the range.
pub const FAS_PEOPLE: &str = include_str!("people/fas.json");

/// The people of Gafaelfawr: `rosalind` (in `g_astro`) may log in, `jocelyn` may not;
/// `nobodyposix` has no uid, and `g_zero` is a group with the id 0.
pub const GAFAELFAWR_PEOPLE: &str = include_str!("people/gafaelfawr.json");

/// Passwords and tokens of those whose matter.
pub mod secret {
    #![expect(missing_docs, reason = "the names are the people's")]
    pub const DENNIS: &str = "the c language";
    pub const BRIAN: &str = "hello world";
    pub const LEFT: &str = "left behind";
    pub const ROSALIND: &str = "gt-rosalind-laptop-key-00.rosalind-laptop-secret";
    /// What of it may be logged.
    pub const ROSALINDS_KEY: &str = "rosalind-laptop-key-00";
    pub const ROSALIND_WITHOUT_SCOPE: &str = "gt-rosalind-reader-key-00.rosalind-reader-secret";
    pub const ROSALINDS_NOTEBOOK: &str = "gt-rosalind-notebook-key0.rosalind-notebook-secr";
    pub const JOCELYN: &str = "gt-jocelyn-laptop-key-000.jocelyn-laptop-secret0";
    pub const SERVICE_TOKEN: &str = "gt-bot-muster-key-0000000.bot-muster-secret-0000";
    pub const SERVICE_PASSWORD: &str = "service-secret";
}

impl World {
    /// A world with three services, or none, said loudly, where worlds cannot be.
    #[track_caller]
    pub fn three() -> Option<Self> {
        let mut world = Self::new()?;
        world.start_three();
        Some(world)
    }

    /// Three services, muster configured for them, everything running.
    #[track_caller]
    pub fn start_three(&mut self) {
        self.start_three_with(GAFAELFAWR_PEOPLE);
        self.start_sshd();
    }

    /// The same without sshd, and with another data set for Gafaelfawr.
    #[track_caller]
    pub fn start_three_with(&mut self, rubin: &str) {
        self.start_three_listing(rubin, "never");
    }

    /// The same with this word for `lists`.
    #[track_caller]
    pub fn start_three_listing(&mut self, rubin: &str, lists: &str) {
        self.start_simulator(Sim::Crowd, PEOPLE);
        self.start_simulator(Sim::Fas, FAS_PEOPLE);
        self.start_simulator(Sim::Gafaelfawr, rubin);
        self.configure_three(lists);
        self.start_muster();
        // What one of them says to it shows in `status`; the others are read all the same.
        self.sync();
    }

    #[track_caller]
    fn configure_three(&self, lists: &str) {
        let [corp, fedora, rubin] = Sim::ALL.map(|sim| {
            let (kind, url, ca) = (sim.kind(), self.url_of(sim), sim.ca());
            format!("kind = \"{kind}\"\nurl = \"{url}\"\nca_file = \"{ca}\"")
        });
        let crowd = self.secret("crowd", "application-secret");
        let fas = self.secret("fas", secret::SERVICE_PASSWORD);
        let gafaelfawr = self.secret("gafaelfawr", secret::SERVICE_TOKEN);
        self.write_config(&format!(
            r#"version = 1

[[directory]]
name = "corp"
{corp}
application = "linux-hosts"
password_file = "{crowd}"

[[directory]]
name = "fedora"
{fedora}
user = "hosts"
password_file = "{fas}"

[[directory]]
name = "rubin"
{rubin}
token_file = "{gafaelfawr}"
lists = "{lists}"

[access]
allow = ["group:corp/linux-users", "group:fedora/sysadmin-main", "group:rubin/g_astro"]
"#
        ));
    }
}
