//! Who is measured, and what is asked.

use crate::people::{JOINERS, LARGE, PRIMARY};

/// Lines of a machine's own passwd file, as `rooms.sh` makes it.
const LOCAL: usize = 10;

/// One way of resolving names.
#[derive(Debug)]
pub(crate) struct Peer {
    /// As `rooms.sh` and the figures call it.
    pub(crate) name: &'static str,
    /// As the document calls it.
    pub(crate) title: &'static str,
    /// The service whose module can be asked at its own door.
    pub(crate) module: Option<&'static str>,
    /// The file in the tree without which it is not there.
    pub(crate) needs: &'static str,
    /// The Debian packages it comes from; empty: not from a package of its own.
    pub(crate) packages: &'static str,
    /// The most people that it is measured with.
    pub(crate) most: u32,
    pub(crate) cost: Cost,
    /// The questions that its module has no function for.
    pub(crate) lacks: &'static [&'static str],
}

/// How a peer's instructions are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// A call is short enough to be stepped through.
    Stepped,
    /// A call reads whole files: callgrind counts.
    Long,
}

pub(crate) const MUSTER: &str = "muster";
pub(crate) const FLOOR: &str = "floor";
pub(crate) const TEN: &str = "files10";
pub(crate) const SSSD: &str = "sssd";
pub(crate) const NSCD: &str = "nscd";

const fn peer(name: &'static str, title: &'static str, module: Option<&'static str>) -> Peer {
    Peer {
        name,
        title,
        module,
        needs: "",
        packages: "",
        most: 1_000_000,
        cost: Cost::Stepped,
        lacks: &[],
    }
}

impl Peer {
    /// Muster and the floor: cheap with any number of people, and looked at closely.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self.name, MUSTER | FLOOR)
    }

    /// Whether the machine's own lines stand before the people.
    fn has_local_lines(&self) -> bool {
        matches!(self.name, "files" | NSCD)
    }
}

/// All of them, the plainest first.
pub(crate) const PEERS: [Peer; 10] = [
    peer(MUSTER, "muster", Some("muster")),
    peer(FLOOR, "the floor (C)", Some("floor")),
    Peer {
        most: 10,
        ..peer(TEN, "`files`, 10 lines", Some("files"))
    },
    Peer {
        needs: "usr/sbin/sssd",
        packages: "sssd-ldap libnss-sss libpam-sss",
        most: 10_000,
        ..peer(SSSD, "SSSD, memory cache", Some("sss"))
    },
    Peer {
        needs: "usr/sbin/nscd",
        packages: "nscd",
        most: 10_000,
        ..peer(NSCD, "nscd before `files`", None)
    },
    Peer {
        needs: "usr/sbin/makedb",
        // makedb takes minutes for more.
        most: 100_000,
        ..peer("nss_db", "glibc's nss_db", Some("db"))
    },
    Peer {
        needs: "usr/sbin/nslcd",
        packages: "libnss-ldapd libpam-ldapd nslcd",
        most: 10_000,
        ..peer("nslcd", "nslcd and slapd", Some("ldap"))
    },
    Peer {
        needs: "usr/share/doc/libnss-cache",
        packages: "libnss-cache",
        cost: Cost::Long,
        lacks: &["groups20", "groups200"],
        ..peer("cache", "libnss-cache", Some("cache"))
    },
    Peer {
        needs: "usr/lib/libnss_extrausers.so.2",
        packages: "libnss-extrausers",
        most: 100_000,
        cost: Cost::Long,
        lacks: &["groups20", "groups200"],
        ..peer("extrausers", "libnss-extrausers", Some("extrausers"))
    },
    Peer {
        most: 100_000,
        cost: Cost::Long,
        ..peer("files", "`files`, all lines", Some("files"))
    },
];

/// One thing that is asked, again and again.
#[derive(Debug)]
pub(crate) struct Question {
    /// As the figures call it.
    pub(crate) name: &'static str,
    /// As the document calls it.
    pub(crate) title: &'static str,
    /// Calls that are stepped through, where stepping is worth its time.
    pub(crate) calls: u32,
    pub(crate) length: Length,
}

/// How many instructions an answer takes that is made without detours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// Some hundreds or thousands.
    Short,
    /// Ten thousands: worth stepping only where that is the point.
    Long,
    /// Millions.
    Endless,
}

pub(crate) const QUESTIONS: [Question; 9] = [
    question("name", "by name", 64, Length::Short),
    question("uid", "by id", 64, Length::Short),
    question("unknown", "unknown name, repeated", 64, Length::Short),
    question("fresh", "unknown name, always another", 8, Length::Short),
    question("groups20", "initgroups, 20 groups", 8, Length::Short),
    question("groups200", "initgroups, 200 groups", 8, Length::Short),
    question("members1000", "getgrnam, 1,000 members", 1, Length::Long),
    question("members10000", "getgrnam, 10,000 members", 1, Length::Long),
    question("list", "enumeration, a user", 1, Length::Endless),
];

const fn question(name: &'static str, title: &'static str, calls: u32, length: Length) -> Question {
    Question {
        name,
        title,
        calls,
        length,
    }
}

impl Question {
    /// The load program's words for it; `asked` is the file of those who are asked for.
    pub(crate) fn words(&self, peer: &Peer, asked: &str, users: u32) -> [String; 2] {
        let [(in20, few), (in200, many)] = JOINERS;
        let [(thousand, medium), (tenthousand, large)] = LARGE;
        let gid = PRIMARY.1;
        let (what, argument) = match self.name {
            "name" | "uid" => (self.name, asked.to_owned()),
            "unknown" => ("unknown", "nosuchuser".to_owned()),
            "fresh" => ("fresh", "no".to_owned()),
            "groups20" => ("groups", format!("{in20}:{gid}:{few}")),
            "groups200" => ("groups", format!("{in200}:{gid}:{many}")),
            "members1000" => ("members", format!("{thousand}:0:{medium}")),
            "members10000" => ("members", format!("{tenthousand}:0:{large}")),
            _ => {
                let local = if peer.has_local_lines() { LOCAL } else { 0 };
                ("list", (users as usize + JOINERS.len() + local).to_string())
            }
        };
        [what.to_owned(), argument]
    }

    /// Whether its instructions are stepped through; if not, callgrind counts them.
    pub(crate) fn is_stepped(&self, peer: &Peer) -> bool {
        match self.length {
            Length::Short => peer.cost == Cost::Stepped,
            Length::Long => peer.is_ours(),
            Length::Endless => false,
        }
    }

    /// Whether it can be asked of so many people at all.
    pub(crate) fn suits(&self, peer: &Peer, users: u32) -> bool {
        match self.name {
            "name" | "uid" | "unknown" | "fresh" => true,
            _ if peer.name == TEN => false,
            "members1000" => users >= 1_000,
            "members10000" => users >= 10_000,
            // SSSD is not configured to list a directory.
            "list" => peer.name != SSSD,
            _ => true,
        }
    }
}
