//! A sound host, on which one row of the tables after the other is broken and made good.

use std::collections::BTreeMap;

use muster_tests::world::{Sim, World};

use crate::kept::Kept;
use crate::report::{Report, ask};
use crate::table::{Breakage, Broken, Deed, Mended};

/// Two who may log in, and nobody about whom there is anything to say.
const PEOPLE: &str = r#"{
  "applications": [{"name": "linux-hosts", "password": "application-secret", "permissions": []}],
  "users": [
    {"name": "ada", "display_name": "Ada Lovelace", "email": "ada@example.org", "password": "analytical engine"},
    {"name": "grace", "display_name": "Grace Hopper", "email": "grace@example.org", "password": "first compiler"}
  ],
  "groups": [
    {"name": "linux-users", "users": ["grace"], "groups": ["engineers"]},
    {"name": "engineers", "users": ["ada"]}
  ]
}"#;
/// Where the authority of the directory lies.
pub const AUTHORITY: &str = "/etc/muster/ca.pem";

/// A drop-in of the configuration.
pub const DROP_IN: &str = "/etc/muster/muster.d/10-more.toml";

/// All that could be changed by `--fix`, with owner, mode, size and the time of the last change.
const LISTING: &str = "find /etc /var/lib/muster /run/muster -path /var/lib/muster/private -prune \
    -o -printf '%p %m %u:%g %s %C@\\n' | sort";

/// A host, how it was found sound, and what went otherwise than it should.
pub struct Scene {
    world: World,
    sound: Report,
    complaints: Vec<String>,
}

impl Scene {
    /// A sound host.
    pub fn new() -> Option<Self> {
        let mut world = World::new()?;
        world.start_simulator(Sim::Crowd, PEOPLE);
        world.write(AUTHORITY, world.read(&Sim::Crowd.ca()));
        configure(&world);
        world.start_muster();
        world.sync().said();
        as_after_a_start_of_systemd(&world);
        world.run(["sh", "-ec", SSHD]).said();
        let sound = ask(&world, "", &[]);
        let complaints = sound.not_fine();
        assert!(complaints.is_empty(), "{complaints:#?}");
        Some(Self {
            world,
            sound,
            complaints,
        })
    }

    /// Breaks what stands in the row, asks, makes it good, asks again.
    pub fn prove(&mut self, broken: &Broken) {
        let felt: Vec<&Breakage> = broken
            .breakages
            .iter()
            .filter(|one| !one.felt.is_empty())
            .collect();
        for one in &felt {
            self.expect(broken, one.felt, true, "a sound host");
        }
        let kept = self.keep(broken);
        for one in broken.breakages {
            self.carry_out(one.breaks);
        }
        for one in &felt {
            self.expect(broken, one.felt, false, "the broken host");
        }
        self.judge(broken);
        if broken.is_fixable() {
            self.fix(broken, &kept);
        }
        for (path, was) in &kept {
            was.put_back(&self.world.path(path));
        }
        for one in broken.breakages.iter().rev() {
            self.carry_out(one.undo);
        }
        for one in &felt {
            self.expect(broken, one.felt, true, "the host that was made good");
        }
        let after = ask(&self.world, "", &[]);
        for check in self.sound.differing(&after, |_| false) {
            self.complain(
                broken,
                &format!("{check} is not as before: {}", after.shown(&check)),
            );
        }
    }

    /// Fails if anything went otherwise than it should.
    pub fn end(self) {
        let complaints = self.complaints;
        assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    }

    fn complain(&mut self, broken: &Broken, what: &str) {
        self.complaints.push(format!("{}: {what}", broken.name));
    }

    fn expect(&mut self, broken: &Broken, script: &str, succeeds: bool, host: &str) {
        let output = self.world.run(["sh", "-c", script]);
        if output.succeeded() != succeeds {
            self.complain(
                broken,
                &format!("on {host}, should succeed: {succeeds}: {output}"),
            );
        }
    }

    fn carry_out(&mut self, deed: Deed) {
        match deed {
            Deed::Nothing => {}
            Deed::Sh(script) => {
                self.world.run(["sh", "-ec", script]).said();
            }
            Deed::By(deed) => deed(&mut self.world),
        }
    }

    fn keep(&self, broken: &Broken) -> BTreeMap<&'static str, Kept> {
        let touched = broken.breakages.iter().flat_map(|one| one.touches);
        touched
            .map(|path| (*path, Kept::of(&self.world.path(path))))
            .collect()
    }

    /// Each of them is found, and nothing else is.
    fn judge(&mut self, broken: &Broken) {
        let found = ask(&self.world, broken.clock, &[]);
        for one in broken.breakages {
            let proved = one.mended == Mended::ByFix || !broken.needs_fix.is_empty();
            if !proved && found.offers_to_fix(one.check) {
                self.complain(
                    broken,
                    &format!("{} is fixable, which is not proved", one.check),
                );
            }
            if !found.tells_of(one) {
                let (level, shown) = (found.level(one.check), found.shown(one.check));
                self.complain(
                    broken,
                    &format!("{} is {level}, not as {one:?}: {shown}", one.check),
                );
            }
        }
        for check in self.sound.differing(&found, |check| broken.concerns(check)) {
            self.complain(
                broken,
                &format!("{check} differs, too: {}", found.shown(&check)),
            );
        }
    }

    /// `--fix --dry-run` changes nothing; `--fix` makes good what it can, to the last bit of a mode.
    fn fix(&mut self, broken: &Broken, kept: &BTreeMap<&'static str, Kept>) {
        let before = self.world.run(["sh", "-c", LISTING]).said().to_owned();
        let dry = ask(&self.world, "", &["--fix", "--dry-run"]);
        if !dry.aside.contains("would run")
            || self.world.run(["sh", "-c", LISTING]).said() != before
        {
            self.complain(
                broken,
                &format!("--dry-run says nothing, or does something: {}", dry.aside),
            );
        }
        if !broken.needs_fix.is_empty() {
            self.expect(broken, broken.needs_fix, false, "the host before --fix");
        }
        let fixed = ask(&self.world, "", &["--fix"]);
        if !broken.needs_fix.is_empty() {
            self.expect(broken, broken.needs_fix, true, "the host after --fix");
        }
        for one in broken
            .breakages
            .iter()
            .filter(|one| one.mended == Mended::ByFix)
        {
            let (check, is) = (one.check, fixed.level(one.check));
            if is != self.sound.level(check) {
                self.complain(
                    broken,
                    &format!("{check} is {is} after --fix: {}", fixed.shown(check)),
                );
            }
            for path in one.touches {
                if kept.get(path) != Some(&Kept::of(&self.world.path(path))) {
                    self.complain(broken, &format!("{path} is not as it was, after --fix"));
                }
            }
        }
    }
}

/// Nothing is asked of the directory but what a row has asked: what is broken for a moment is nobody's else to find.
fn configure(world: &World) {
    let url = world.url_of(Sim::Crowd);
    let secret = world.secret("crowd", "application-secret");
    world.write_config(&format!(
        r#"version = 1

[[directory]]
name = "corp"
kind = "crowd"
url = "{url}"
application = "linux-hosts"
password_file = "{secret}"
ca_file = "{AUTHORITY}"

[access]
allow = ["group:corp/linux-users"]

[sync]
interval = "12h"
changes_interval = "1h"
"#
    ));
    world.run(["mkdir", "-p", "/etc/muster/muster.d"]).said();
    world.write(DROP_IN, "[access]\n");
}

/// There is no systemd in a world: what it leaves on a host that it has started, and that keeps its time, is made by hand.
fn as_after_a_start_of_systemd(world: &World) {
    let units = "musterd.socket musterd-lookup.socket muster-publish.socket musterd.service";
    let script = format!(
        "SYSTEMD_OFFLINE=1 systemctl enable {units}
        mkdir -p /run/systemd/system /run/systemd/timesync /var/log/audit
        touch /run/systemd/timesync/synchronized
        rm -f /var/log/audit/audit.log /var/log/syslog /var/log/messages
        echo 'kernel: all is well' >/var/log/kern.log"
    );
    world.run(["sh", "-ec", &script]).said();
}

/// sshd as docs/logins has it.
const SSHD: &str = "sed -i -E '/^#?(KbdInteractiveAuthentication|UsePAM|LoginGraceTime|AuthorizedKeys)/d' /etc/ssh/sshd_config
    cat >>/etc/ssh/sshd_config <<'LINES'
UsePAM yes
KbdInteractiveAuthentication yes
LoginGraceTime 2m
AuthorizedKeysCommand /usr/bin/muster ssh-keys %u
AuthorizedKeysCommandUser muster-keys
LINES
    mkdir -p /run/sshd";
