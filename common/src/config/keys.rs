//! The one table of keys: it tells which keys there are, what stands when one
//! is left out, what its errors ask for, and what docs/configuration.md says.

/// What stands when a key is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The key has to be said.
    Refused,
    /// Nothing stands; the words say what that means.
    Nothing(&'static str),
    /// This value, in TOML's own spelling.
    Stands(&'static str),
}

/// One key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The section's path and the name, with dots; `NAME` stands for any name.
    pub path: &'static str,
    /// What an error asks for.
    pub wanted: &'static str,
    /// What stands when it is left out.
    pub absent: Absent,
    /// The kinds of directory that have it; empty for a key that all have.
    pub of: &'static [&'static str],
    /// What it does, for the reference page.
    pub says: &'static str,
}

impl Key {
    /// Whether a directory of this kind may have it.
    pub fn suits(&self, kind: &str) -> bool {
        self.of.is_empty() || self.of.contains(&kind)
    }
}

/// One section of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its path with dots; empty for the lines above all sections.
    pub path: &'static str,
    /// How it is written.
    pub header: &'static str,
    /// Whether it may be written several times (`[[…]]`).
    pub repeats: bool,
    /// What it is about, for the reference page.
    pub says: &'static str,
}

const fn section(path: &'static str, header: &'static str, says: &'static str) -> Section {
    Section {
        path,
        header,
        repeats: false,
        says,
    }
}

/// Every section, in the order of the reference page.
pub const SECTIONS: &[Section] = &[
    section("", "", "Above all sections."),
    section(
        "ids",
        "[ids]",
        "Which user and group ids may be served. Users and groups share one space. Ids below 1000, 61184–65519, 65534, 65535 and 4294967295 are refused whatever stands here.",
    ),
    section(
        "names",
        "[names]",
        "How names are served. The canonical form is ASCII lower case, `[a-z_][a-z0-9_.-]{0,31}`; what does not fit is not served and is listed by `muster status`.",
    ),
    Section {
        path: "directory",
        header: "[[directory]]",
        repeats: true,
        says: "One web directory. Their order is their precedence for new names; a name that has an owner stays with it. `crowd` and `fas` are read whole, in the background. `local` is this host's own registry and known whole. `gafaelfawr` is, where the server can list people; otherwise it is asked name by name, when somebody wants to know one: write it behind the others, since then it holds no name that it has not been asked about. `apicrud` knows whom `people` names.",
    },
    section(
        "directory.attributes",
        "[directory.attributes]",
        "Only for the kind `crowd`. The names of Crowd's custom attributes that hold POSIX values. Crowd has none of its own; where they are missing, ids are derived and `[home]` serves.",
    ),
    section(
        "access",
        "[access]",
        "Who may log in. A rule is `\"everyone\"`, `\"directory:NAME\"` (everybody of that directory), `\"user:DIRECTORY/NAME\"` or `\"group:DIRECTORY/NAME\"`; with a single directory `DIRECTORY/` may be left out. Groups of a `fas` directory have types: `\"group:DIRECTORY/@type:TYPE\"` is everybody in any group of that type, and `\"group:DIRECTORY/@all\"` everybody in `directory.cla_group` and in one further group that stands for no agreement (neither of the type `cla` nor called `cla_…`). Only active people with approved memberships count. A group whose type is not known matches denies, and no allow. A deny always wins; without any allow rule nobody is let in.",
    ),
    section(
        "access.service",
        "[access.service]",
        "Rules of single PAM services, one section each.",
    ),
    section(
        "access.service.NAME",
        "[access.service.NAME]",
        "Rules of the PAM service NAME (`sshd`, `sudo`, `login`, …; at most 63 services). A service without a section of its own uses `[access]`.",
    ),
    section(
        "access.host",
        "[access.host]",
        "Rules of kinds of hosts, one section each.",
    ),
    section(
        "access.host.NAME",
        "[access.host.TAG]",
        "Rules that are added to those of `[access]` on hosts with the tag TAG (`host.tags`). A deny wins, whichever section it stands in; a service with an allow list of its own keeps that one. On other hosts the section is checked and otherwise ignored, so that one file serves many hosts.",
    ),
    Section {
        path: "restricted",
        header: "[[restricted]]",
        repeats: true,
        says: "Groups whose people sshd lets in for one purpose. Whom an allow rule of sshd lets in anyway is not restricted; everybody else is by the first of these tables that names them; a deny wins over all. `muster ssh-keys` puts command and options in front of their SSH keys, and where a command is said sshd takes no password of theirs: it would open the shell. Other services let in by their own rules alone.",
    },
    section("host", "[host]", "What kind of host this is."),
    section(
        "offline",
        "[offline]",
        "Logging in while a directory cannot be reached, by a verifier kept from the last login that the directory itself granted.",
    ),
    section(
        "home",
        "[home]",
        "Homes and shells of users for whom the directory gives none, and how full names are shown.",
    ),
    section(
        "override",
        "[override]",
        "What this host says in the directories' place.",
    ),
    section(
        "override.user",
        "[override.user]",
        "Overrides of single users, one section each.",
    ),
    section(
        "override.user.NAME",
        "[override.user.NAME]",
        "What this host says of the user NAME, in the canonical form. What is left out stays as the directory and the templates say.",
    ),
    section(
        "sync",
        "[sync]",
        "Reading the directories in the background.",
    ),
    section("login", "[login]", "Logging in."),
    section(
        "throttle",
        "[throttle]",
        "What wrong tries cost. Never a lock that a stranger can set for good.",
    ),
];

const fn key(path: &'static str, wanted: &'static str, absent: Absent, says: &'static str) -> Key {
    Key {
        path,
        wanted,
        absent,
        of: &[],
        says,
    }
}

/// A key that only directories of these kinds have.
const fn key_of(
    of: &'static [&'static str],
    path: &'static str,
    wanted: &'static str,
    absent: Absent,
    says: &'static str,
) -> Key {
    Key {
        of,
        ..key(path, wanted, absent, says)
    }
}

const CROWD: &[&str] = &["crowd"];
const FAS: &[&str] = &["fas"];
const GAFAELFAWR: &[&str] = &["gafaelfawr"];
const APICRUD: &[&str] = &["apicrud"];
const LOCAL: &[&str] = &["local"];
/// All that have a server.
const SERVED: &[&str] = &["crowd", "fas", "gafaelfawr", "apicrud"];

const DURATION: &str = "a span of time such as \"30s\", \"15m\", \"12h\" or \"7d\"";
const RULES: &str =
    "a list of rules: \"everyone\", \"user:DIRECTORY/NAME\" or \"group:DIRECTORY/NAME\"";
const ATTRIBUTE: &str = "the name of an attribute, text of 1 to 255 characters";
const RANGE: &str = "the first and the last id, [FIRST, LAST]";
const FILE: &str = "an absolute path";

/// Every key, section by section.
pub const KEYS: &[Key] = &[
    key(
        "version",
        "the number 1",
        Absent::Refused,
        "The version of the configuration's format.",
    ),
    key(
        "ids.accept",
        RANGE,
        Absent::Stands("[10000, 2147352575]"),
        "Ids that a directory may give.",
    ),
    key(
        "ids.derive",
        RANGE,
        Absent::Stands("[1879048192, 2147352575]"),
        "Ids that are made from immutable keys where the directory gives none; at least 1,000,000 of them. The default is clear of systemd's containers and of the usual subordinate ids. Change it before the first login, never after.",
    ),
    key(
        "names.extra",
        "text of further characters, such as \"@+\"",
        Absent::Stands("\"\""),
        "Further characters that names may hold after the first one.",
    ),
    key(
        "names.enumerate",
        "true or false",
        Absent::Stands("false"),
        "Whether `getent passwd` and `getent group` list everybody.",
    ),
    key(
        "names.forms",
        "a list of \"case\" and of texts that start with \"@\", such as [\"case\", \"@example.org\"]",
        Absent::Stands("[]"),
        "Other forms of a user's name by which NSS finds the user, too: `\"case\"` upper case letters, `\"@example.org\"` the name with that behind it. The answer always bears the canonical name, and logging in wants it: PAM refuses any other form.",
    ),
    key(
        "directory.name",
        "a name of at most 32 letters, digits, `.`, `_` or `-`",
        Absent::Refused,
        "The directory's name, used in rules, logs and commands.",
    ),
    key(
        "directory.kind",
        "\"crowd\", \"fas\", \"gafaelfawr\", \"apicrud\" or \"local\"",
        Absent::Refused,
        "The service's kind: Atlassian Crowd, the Fedora Account System (FAS2), Gafaelfawr, a service built on apicrud, or `local`: this host's own registry (docs/tokens.md), which has no server and wants nothing but a name and a kind.",
    ),
    key_of(
        SERVED,
        "directory.url",
        "an https:// URL without user, password, query or fragment",
        Absent::Refused,
        "The service's base URL (a Gafaelfawr can be found by `repertoire` instead). For Crowd it ends with the context path, usually `/crowd`; for FAS with its path, usually `/accounts/`; for Gafaelfawr it is the host alone: the API lies below `/auth/api/v1` there; for apicrud it ends with the API's base, usually `/api/v1`.",
    ),
    key_of(
        CROWD,
        "directory.application",
        "the application's name in Crowd",
        Absent::Refused,
        "The name of the application that Crowd knows this host by.",
    ),
    key_of(
        FAS,
        "directory.user",
        "the name of the service account in FAS",
        Absent::Refused,
        "The account that muster reads FAS with. It needs the group `thirdparty` for SSH keys, and nothing more.",
    ),
    key_of(
        &["crowd", "fas"],
        "directory.password_file",
        "an absolute path, or \"credential:NAME\"",
        Absent::Refused,
        "The file with the password of the application or the service account (root:muster 0640 or stricter), or `credential:NAME` for the file NAME in systemd's `$CREDENTIALS_DIRECTORY`. The configuration itself holds no secret.",
    ),
    key_of(
        CROWD,
        "directory.change_passwords",
        "true or false",
        Absent::Stands("false"),
        "Whether people can change their passwords with `passwd` here. The application needs the permission \"Modify users\" then, and whoever holds its password could set anybody's: muster itself always proves the old one first. Without it `passwd` names `password_page`.",
    ),
    key_of(
        FAS,
        "directory.session_cookie",
        "the name of a cookie, text of 1 to 64 letters, digits, `.`, `_` or `-`",
        Absent::Stands("\"tg-visit\""),
        "The name of the server's session cookie (`visit.cookie.name` there).",
    ),
    key_of(
        FAS,
        "directory.otp",
        "\"none\", \"append\" or \"field\"",
        Absent::Stands("\"none\""),
        "How the server takes one-time codes, for which people are asked after the password: `append` puts the code behind the password, as checkers in front of FAS want it; `field` sends it by itself, for FAS's own Yubikeys, and lets nobody in without one. FAS asks for no code of its own accord: with `none` the password alone is enough there, also for people with a Yubikey.",
    ),
    key_of(
        FAS,
        "directory.force_refresh",
        "true or false",
        Absent::Stands("true"),
        "Whether group memberships are read past the server's own cache of 15 minutes. `false` is kinder to a server that many hosts read, and lets removals wait that much longer.",
    ),
    key_of(
        FAS,
        "directory.cla_group",
        "a group's name",
        Absent::Stands("\"cla_done\""),
        "The group of everybody who has signed the agreement: what the rule `\"group:DIRECTORY/@all\"` asks for.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.repertoire",
        "an https:// URL without user, password, query or fragment, and no url beside it",
        Absent::Nothing("url says where the server is"),
        "Instead of `url`: the base URL of the Repertoire that knows where Gafaelfawr is, such as `https://data.example.org/repertoire`. It is asked every five minutes; while it does not answer, what it said last stands.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.repertoire_allow",
        "a list of hosts, each \"HOST\" or \"HOST:PORT\"",
        Absent::Stands("[]"),
        "Hosts where Repertoire may say that Gafaelfawr is, beside its own: people's tokens are sent there. Without a port it is that of https.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.lists",
        "\"auto\", \"always\" or \"never\"",
        Absent::Stands("\"auto\""),
        "Whether everybody is read from `/users` and `/groups`, which servers of 15.4.0 and newer with LDAP behind them have. `auto` does so where the server can; `always` takes it for a fault if it cannot; `never` asks name by name. A name that is missing does not exist only while the last reading of everybody has succeeded; until then, and after a failure, it is asked for.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.token_file",
        "an absolute path, or \"credential:NAME\"",
        Absent::Refused,
        "The file with the service token that muster asks with: that of a `bot-` user, with the scope `admin:userinfo` (root:muster 0640 or stricter), or `credential:NAME`.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.scopes",
        "a list of one or more scopes, such as [\"exec:login\"]",
        Absent::Stands("[\"exec:login\"]"),
        "The scopes that a person's token must have to log in with, see `scopes_match`.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.scopes_match",
        "\"all\" or \"any\"",
        Absent::Stands("\"all\""),
        "Whether a token must have `all` of `scopes`, or `any` one of them.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.token_types",
        "a list of one or more of \"user\", \"session\", \"notebook\" and \"service\"",
        Absent::Stands("[\"user\"]"),
        "The types of token that are taken. `internal` and `oidc` never are: services that a person visits hold such tokens.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.require_expiry",
        "true or false",
        Absent::Stands("false"),
        "Whether tokens that never expire are refused.",
    ),
    key_of(
        GAFAELFAWR,
        "directory.max_token_lifetime",
        DURATION,
        Absent::Nothing("any"),
        "How long a token may live from its making to its expiry (5 minutes to 10 years); tokens that never expire are refused then, too.",
    ),
    key_of(
        APICRUD,
        "directory.people",
        "a list of texts \"NAME=ID\", such as [\"ada.l=u-8Zk3pQ1x\"]",
        Absent::Refused,
        "Who is known on this host: the account's name and the id that apicrud gave the person (`uid` in its list of accounts). apicrud lists accounts to its administrators only, and an administrator's password does not belong on a host. Nobody else exists here; an account whose id is another is another person, and is not let in.",
    ),
    key_of(
        APICRUD,
        "directory.roles",
        "a list of texts \"ROLE=GROUP\", such as [\"admin=apicrud-admins\"]",
        Absent::Stands("[]"),
        "Which roles make somebody a member of which groups: `admin`, `user`, or `RESOURCE-ID-LEVEL`. Roles without a group do nothing. apicrud tells roles at a login only: what the last one told stands until the next, for at most `access.max_staleness`.",
    ),
    key_of(
        LOCAL,
        "directory.lock_after",
        "a whole number from 3 to 1000",
        Absent::Nothing("wrong tries cost time alone, as `[throttle]` says"),
        "After how many wrong secrets in a row an account takes none any more, until `muster token unlock`. Anybody who can reach a login can lock an account by it: a token cannot be guessed, so that only passwords may want it.",
    ),
    key(
        "directory.groups",
        "a list of one or more names of groups, such as [\"linux-*\"]",
        Absent::Nothing("everybody"),
        "The groups whose members this host carries, those of groups in them included; of groups it carries these and those in them. `*` stands for any text. Who is not carried is not known here.",
    ),
    key(
        "directory.users",
        "a list of one or more names of users, such as [\"ada\"]",
        Absent::Nothing("everybody"),
        "Users whom this host carries, beside the members of `groups`. Without `groups` it carries these alone, with all their groups.",
    ),
    key_of(
        SERVED,
        "directory.offline",
        "true or false",
        Absent::Stands("true"),
        "Whether its people can log in while it cannot be reached, as `[offline]` says. A login offline asks for the secret alone: where a one-time code is wanted as well, consider `false`.",
    ),
    key_of(
        SERVED,
        "directory.password_page",
        "an https:// URL of at most 200 characters without user or password",
        Absent::Nothing("people are told to use the directory's own pages"),
        "Where people change their passwords by themselves; `passwd` and a login with an expired password name it.",
    ),
    key(
        "directory.namespace",
        "text of 1 to 64 letters, digits, `.`, `_` or `-`",
        Absent::Nothing("the kind"),
        "What derived ids are made from beside the key. All hosts that shall agree on ids need the same; two directories of one kind need different ones.",
    ),
    key_of(
        SERVED,
        "directory.ca_file",
        FILE,
        Absent::Nothing("the system's certificate authorities"),
        "A PEM file with the only certificate authorities that the server's certificate may come from.",
    ),
    key_of(
        SERVED,
        "directory.plain_http",
        "\"loopback\"",
        Absent::Nothing("`http://` is refused"),
        "`\"loopback\"` allows an `http://` URL to this very host. A risk: any local user can take a free port.",
    ),
    key_of(
        SERVED,
        "directory.connect_timeout",
        DURATION,
        Absent::Stands("\"3s\""),
        "How long connecting may take, TLS included (1 to 30 seconds).",
    ),
    key_of(
        SERVED,
        "directory.timeout",
        DURATION,
        Absent::Stands("\"10s\""),
        "How long one request may take (1 second to 5 minutes).",
    ),
    key_of(
        SERVED,
        "directory.requests_at_once",
        "a whole number from 1 to 64",
        Absent::Stands("4"),
        "How many requests that read may be under way at the server. Logins have places of their own.",
    ),
    key_of(
        CROWD,
        "directory.attributes.uid",
        ATTRIBUTE,
        Absent::Stands("\"uidNumber\""),
        "The user id.",
    ),
    key_of(
        CROWD,
        "directory.attributes.gid",
        ATTRIBUTE,
        Absent::Stands("\"gidNumber\""),
        "The primary group's id of a user, and the id of a group.",
    ),
    key_of(
        CROWD,
        "directory.attributes.shell",
        ATTRIBUTE,
        Absent::Stands("\"loginShell\""),
        "The login shell: one of /etc/shells, or `nologin` or `false`.",
    ),
    key_of(
        CROWD,
        "directory.attributes.home",
        ATTRIBUTE,
        Absent::Stands("\"homeDirectory\""),
        "The home folder; it must lie directly in the folder of `home.path` and be nobody else's.",
    ),
    key_of(
        CROWD,
        "directory.attributes.ssh_keys",
        ATTRIBUTE,
        Absent::Stands("\"sshPublicKey\""),
        "The SSH public keys, one a value.",
    ),
    key_of(
        CROWD,
        "directory.attributes.gecos",
        ATTRIBUTE,
        Absent::Stands("\"gecos\""),
        "The full name; without it Crowd's own counts.",
    ),
    key(
        "access.allow",
        RULES,
        Absent::Stands("[]"),
        "Who is let in by services without an `allow` of their own.",
    ),
    key(
        "access.deny",
        RULES,
        Absent::Stands("[]"),
        "Who is never let in, by no service.",
    ),
    key(
        "access.max_staleness",
        DURATION,
        Absent::Stands("\"7d\""),
        "How long a compiled decision counts without a sync or login that renews it (1 minute to 365 days).",
    ),
    key(
        "access.service.NAME.allow",
        RULES,
        Absent::Nothing("`access.allow`"),
        "Who is let in by this service, instead of `access.allow`.",
    ),
    key(
        "access.service.NAME.deny",
        RULES,
        Absent::Stands("[]"),
        "Who is not let in by this service, beside `access.deny`.",
    ),
    key(
        "access.host.NAME.allow",
        RULES,
        Absent::Stands("[]"),
        "Who is let in on hosts with this tag, beside `access.allow`.",
    ),
    key(
        "access.host.NAME.deny",
        RULES,
        Absent::Stands("[]"),
        "Who is not let in on hosts with this tag, beside `access.deny`.",
    ),
    key(
        "restricted.groups",
        RULES,
        Absent::Refused,
        "Whom sshd lets in, restricted: rules as in `[access]`.",
    ),
    key(
        "restricted.shell",
        FILE,
        Absent::Nothing("the shell of everybody else"),
        "Their login shell; it need not stand in /etc/shells. sshd runs the command by it, so one that runs nothing leaves the command no way.",
    ),
    key(
        "restricted.command",
        "a command without control characters that does not end with a backslash",
        Absent::Nothing("no command is forced, and passwords are taken as well"),
        "What every SSH key of theirs runs, whatever was asked for (that is in `SSH_ORIGINAL_COMMAND`). `{name}` is the person's name; who has a name with other characters than letters, digits and `_.@+-` is not let in then.",
    ),
    key(
        "restricted.options",
        "a list of sshd's key options",
        Absent::Stands("[\"restrict\"]"),
        "What further stands in front of their keys: `restrict`, `no-pty`, `no-port-forwarding`, `no-agent-forwarding`, `no-X11-forwarding`, `no-user-rc`, and behind `restrict` also `pty`, `port-forwarding`, `agent-forwarding`, `X11-forwarding`, `user-rc`.",
    ),
    key(
        "host.tags",
        "a list of tags such as \"web\"",
        Absent::Stands("[]"),
        "The kinds of host that this one is.",
    ),
    key(
        "offline.enabled",
        "true or false",
        Absent::Stands("true"),
        "Whether anybody can log in while the directory cannot be reached.",
    ),
    key(
        "offline.max_age",
        DURATION,
        Absent::Nothing("`\"7d\"`, or `access.max_staleness` if that is shorter"),
        "How long after the last login online (1 minute to 365 days, at most `access.max_staleness`).",
    ),
    key(
        "offline.not_for",
        "a list of PAM services in lower case, such as [\"sudo\"]",
        Absent::Stands("[]"),
        "PAM services that let nobody in offline.",
    ),
    key(
        "offline.hash_memory",
        "a number of MiB from 19 to 256",
        Absent::Stands("19"),
        "How much memory argon2id takes to make or check a verifier of a password. Verifiers that were made at another cost are made anew with the next login online.",
    ),
    key(
        "offline.hash_passes",
        "a number from 2 to 16",
        Absent::Stands("2"),
        "How often argon2id goes over that memory.",
    ),
    key(
        "home.path",
        "an absolute path that ends with \"/{name}\", such as \"/home/{name}\" or \"/home/{directory}/{name}\"",
        Absent::Stands("\"/home/{name}\""),
        "Homes; `{name}` is the user's name, and `{directory}` further in front the directory's. Homes that a directory gives must be one plain component in the same folder; otherwise this is used.",
    ),
    key(
        "home.shell",
        "an absolute path",
        Absent::Stands("\"/bin/bash\""),
        "The login shell; `{directory}` is the directory's name. Like those that a directory gives it must stand in /etc/shells.",
    ),
    key(
        "home.gecos",
        "text of at most 255 bytes without `:`, such as \"{display_name}\"",
        Absent::Stands("\"{display_name}\""),
        "The full name that is shown; `{display_name}` is what the directory says, `{name}` the user's name, `{directory}` the directory's.",
    ),
    key(
        "override.user.NAME.uid",
        "an id that can be served",
        Absent::Nothing("what the directory or the ledger says"),
        "The user id, also outside `ids.accept`. Files keep their old owner.",
    ),
    key(
        "override.user.NAME.gid",
        "an id that can be served",
        Absent::Nothing("what the directory says, or the private group"),
        "The primary group: the id of a group that is served, whether or not it lists the user. Access rules do not count it as a membership.",
    ),
    key(
        "override.user.NAME.gecos",
        "text of at most 255 bytes without `:`",
        Absent::Nothing("`home.gecos`"),
        "The full name.",
    ),
    key(
        "override.user.NAME.home",
        "an absolute path outside the system's folders",
        Absent::Nothing("what the directory says, or `home.path`"),
        "The home, wherever it lies.",
    ),
    key(
        "override.user.NAME.shell",
        FILE,
        Absent::Nothing("what the directory says, or `home.shell`"),
        "The login shell; it need not stand in /etc/shells.",
    ),
    key(
        "sync.interval",
        DURATION,
        Absent::Stands("\"15m\""),
        "How often a directory that does not tell what changes is read whole (10 seconds to 24 hours, shorter than `access.max_staleness`); also the longest wait after failures.",
    ),
    key(
        "sync.full_interval",
        DURATION,
        Absent::Stands("\"12h\""),
        "How often a directory that tells what changes (`crowd`) is read whole all the same, since it does not tell everything (10 seconds to 7 days; never more often than `sync.interval`).",
    ),
    key(
        "sync.changes_interval",
        DURATION,
        Absent::Stands("\"4s\""),
        "How long such a directory is left alone at most before it is asked again what has changed (1 second to 1 hour); hosts draw from three quarters of it up. A host waits longer by itself where the server is slow or asks for a pause: it takes up at most a hundredth of one request's time.",
    ),
    key(
        "sync.shrink_percent",
        "a whole number from 1 to 100",
        Absent::Stands("20"),
        "The share of persons, groups or persons in groups that a sync may remove unasked. One that would remove more, and more than ten, is held and reported, and so is one without anybody: `muster sync --accept-shrink DIRECTORY` lets it through.",
    ),
    key(
        "login.timeout",
        DURATION,
        Absent::Stands("\"20s\""),
        "How long a login may take, the person's typing not counted (5 to 28 seconds: the PAM module gives up after 30).",
    ),
    key(
        "throttle.hourly_tries",
        "a whole number from 1 to 1000",
        Absent::Stands("30"),
        "Wrong tries a person has in an hour.",
    ),
    key(
        "throttle.first_delay",
        DURATION,
        Absent::Stands("\"1s\""),
        "The delay after the first wrong try; each further one doubles it (0 to 60 seconds).",
    ),
    key(
        "throttle.longest_delay",
        DURATION,
        Absent::Stands("\"15s\""),
        "Where the delay stops growing (0 to 60 seconds).",
    ),
];

/// The key of the table with this path.
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The keys at `path`, or in the section of that path.
pub fn below(path: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter()
        .filter(move |key| key.path == path || directly_below(path, key.path).is_some())
}

/// The section of the table with this path.
pub fn find_section(path: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.path == path)
}

/// The names that may stand directly below the section `path`.
pub fn names_below(path: &str) -> Vec<&'static str> {
    let all = KEYS
        .iter()
        .map(|key| key.path)
        .chain(SECTIONS.iter().map(|section| section.path));
    let mut names: Vec<_> = all.filter_map(|full| directly_below(path, full)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn directly_below<'a>(section: &str, full: &'a str) -> Option<&'a str> {
    let rest = match section {
        "" => full,
        _ => full.strip_prefix(section)?.strip_prefix('.')?,
    };
    (!rest.is_empty() && !rest.contains('.')).then_some(rest)
}

/// The candidate that `word` is most likely a slip of the pen of.
pub fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = if word.len() < 4 { 1 } else { 2 };
    candidates
        .filter(|candidate| *candidate != "NAME")
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(slips, _)| *slips <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i.saturating_add(1)];
        for ((y, above_left), above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let replaced = above_left.saturating_add(usize::from(x != *y));
            let left = next.last().copied().unwrap_or_default();
            next.push(
                replaced
                    .min(above.saturating_add(1))
                    .min(left.saturating_add(1)),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The table as the reference page docs/configuration.md.
pub fn reference() -> String {
    let mut page = String::from(INTRODUCTION);
    for section in SECTIONS {
        let keys: Vec<_> = KEYS
            .iter()
            .filter(|key| directly_below(section.path, key.path).is_some())
            .collect();
        if keys.is_empty() {
            continue;
        }
        let title = match section.header {
            "" => "Top level".to_owned(),
            header => format!("`{header}`"),
        };
        page.push_str(&format!("\n## {title}\n\n{}\n\n", section.says));
        page.push_str("| key | wanted | if left out | what it does |\n|---|---|---|---|\n");
        for key in keys {
            page.push_str(&row(section, key));
        }
    }
    page.push_str(EXAMPLE_TITLE);
    for example in [EXAMPLE, EXAMPLE_OF_SEVERAL] {
        page.push_str("```toml\n");
        page.push_str(example);
        page.push_str("```\n");
    }
    page
}

fn row(section: &Section, key: &Key) -> String {
    let name = directly_below(section.path, key.path).unwrap_or(key.path);
    let absent = match key.absent {
        Absent::Refused => "must be said".to_owned(),
        Absent::Nothing(words) => words.to_owned(),
        Absent::Stands(value) => format!("`{value}`"),
    };
    let kinds = match key.of {
        [] => String::new(),
        kinds => format!("({}) ", kinds.join(", ")),
    };
    format!(
        "| `{name}` | {} | {absent} | {kinds}{} |\n",
        key.wanted, key.says
    )
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Made from the table in common/src/config/keys.rs; a test compares. Change the table, then run the test with UPDATE_GOLDENS=1. -->

`/etc/muster/muster.toml`, root:root 0644, is read by `musterd` and, on its own account, by `muster-publish`. Unknown keys are refused, and every problem is reported at once, each with file, line, key, what was found and what is wanted. `muster config check` reads it without using it. It holds no secret.

Files called `*.toml` in `/etc/muster/muster.d`, root's and 0644 as well, are read behind it, in the byte order of their names (`10-site.toml` before `9-host.toml`); hidden files and those with another ending are not. Together they are one configuration:

- sections are merged key by key; of a key that several say, a list too, the last word counts and replaces the earlier ones;
- `[[directory]]` and `[[restricted]]` add up, those of later files behind those of earlier ones: no file changes a directory of another, and a directory's name that is said twice is a problem;
- `version` need not be said again;
- a file that cannot be read or trusted, or has a problem, refuses the whole: the folder and each file must be root's and writable by root alone.

A list of rules in a later file replaces `access.allow` or `access.deny`. What shall be added to them on some hosts belongs into `[access.host.TAG]`, and the drop-in says `host.tags`. `muster config show` tells what counts, and which line says it. Any other configuration has its drop-ins beside it in the same way: those of `new.toml` lie in `new.d`.

Spans of time are a whole number and one of `s`, `m`, `h`, `d`, `w`.
";

const EXAMPLE_TITLE: &str = "\n## Examples\n\n";

/// A whole configuration, also a test.
pub const EXAMPLE: &str = r#"version = 1

[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux-hosts"
password_file = "/etc/muster/secrets/crowd"

[access]
allow = ["group:corp/linux-users"]
deny = ["user:corp/mallory"]

[access.service.sudo]
allow = ["group:corp/linux-admins"]

[offline]
max_age = "7d"

[home]
path = "/home/{name}"
shell = "/bin/bash"
"#;

/// Three services on one host: rules name the directory. Also a test.
pub const EXAMPLE_OF_SEVERAL: &str = r#"version = 1

[[directory]]
name = "corp"
kind = "crowd"
url = "https://crowd.example.org/crowd"
application = "linux-hosts"
password_file = "/etc/muster/secrets/crowd"

[[directory]]
name = "fedora"
kind = "fas"
url = "https://admin.example.org/accounts/"
user = "hosts"
password_file = "/etc/muster/secrets/fas"

[[directory]]
name = "rubin"
kind = "gafaelfawr"
url = "https://data.example.org"
token_file = "/etc/muster/secrets/gafaelfawr"
scopes = ["exec:login"]

[access]
allow = ["group:corp/linux-users", "group:fedora/sysadmin-main", "group:rubin/staff"]

[access.service.sudo]
allow = ["group:fedora/sysadmin-main"]
"#;
