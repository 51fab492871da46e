//! The host's own users and groups, read from their files and never through NSS:
//! the broker must not recurse into itself, and local accounts always win.

use std::collections::HashSet;
use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

/// No host's passwd, group or subid file is larger; whatever is, is not read.
const FILE_MAX: u64 = 64 << 20;

/// Shells by which nobody runs anything. Whoever is given one is shut out on purpose, and shells(5) never lists them.
const CLOSED_SHELLS: [&str; 4] = [
    "/usr/sbin/nologin",
    "/sbin/nologin",
    "/bin/false",
    "/usr/bin/false",
];

/// What /etc says about the host itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalFiles {
    /// Names in passwd(5).
    pub user_names: HashSet<String>,
    /// Ids in passwd(5).
    pub uids: HashSet<u32>,
    /// Homes in passwd(5), without a slash at the end.
    pub homes: HashSet<String>,
    /// Names in group(5).
    pub group_names: HashSet<String>,
    /// Ids in group(5).
    pub gids: HashSet<u32>,
    /// Ids granted to local users in subuid(5) and subgid(5).
    pub subordinate: Vec<RangeInclusive<u32>>,
    /// The lines of shells(5).
    pub shells: HashSet<String>,
    /// Ids that useradd(8) and groupadd(8) choose from.
    pub login_defs: LoginDefs,
}

/// What login.defs(5) says about ids; a range of which either end is not said is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginDefs {
    /// UID_MIN to UID_MAX.
    pub uids: Option<RangeInclusive<u32>>,
    /// GID_MIN to GID_MAX.
    pub gids: Option<RangeInclusive<u32>>,
    /// SYS_UID_MIN to SYS_UID_MAX.
    pub system_uids: Option<RangeInclusive<u32>>,
    /// SYS_GID_MIN to SYS_GID_MAX.
    pub system_gids: Option<RangeInclusive<u32>>,
}

impl LoginDefs {
    fn of(text: &str) -> Self {
        let said = |key: &str| {
            let mut lines = text.lines().map(str::split_whitespace);
            let value =
                lines.find_map(|mut words| (words.next() == Some(key)).then(|| words.next()));
            value.flatten()?.parse::<u32>().ok()
        };
        let range = |first: &str, last: &str| Some(said(first)?..=said(last)?);
        Self {
            uids: range("UID_MIN", "UID_MAX"),
            gids: range("GID_MIN", "GID_MAX"),
            system_uids: range("SYS_UID_MIN", "SYS_UID_MAX"),
            system_gids: range("SYS_GID_MIN", "SYS_GID_MAX"),
        }
    }
}

impl LocalFiles {
    /// Reads the files below `root` (`/` on a host). passwd and group must be
    /// there; subuid, subgid, shells and login.defs may be missing.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut found = Self::default();
        let passwd = read_capped(&at(root, crate::paths::PASSWD))?;
        for [name, id] in columns(&passwd, [0, 2]) {
            found.user_names.insert(name.to_owned());
            found.uids.extend(id.parse::<u32>().ok());
        }
        let homes = columns(&passwd, [5]).map(|[home]| home.trim_end_matches('/').to_owned());
        found.homes.extend(homes);
        for [name, id] in columns(&read_capped(&at(root, crate::paths::GROUP))?, [0, 2]) {
            found.group_names.insert(name.to_owned());
            found.gids.extend(id.parse::<u32>().ok());
        }
        for file in [crate::paths::SUBUID, crate::paths::SUBGID] {
            let text = read_or_empty(&at(root, file))?;
            found
                .subordinate
                .extend(columns(&text, [1, 2]).filter_map(|[start, count]| granted(start, count)));
        }
        let shells = read_or_empty(&at(root, crate::paths::SHELLS))?;
        found.shells.extend(
            shells
                .lines()
                .map(str::trim)
                .filter(|line| line.starts_with('/'))
                .map(str::to_owned),
        );
        // Only a remark hangs on it: a host whose login.defs cannot be read is served all the same.
        let login_defs = read_capped(&at(root, crate::paths::LOGIN_DEFS)).unwrap_or_default();
        found.login_defs = LoginDefs::of(&login_defs);
        Ok(found)
    }

    /// Whether `id` is a local user's, a local group's, or granted as a subordinate id.
    pub fn holds_id(&self, id: u32) -> bool {
        self.uids.contains(&id)
            || self.gids.contains(&id)
            || self.subordinate.iter().any(|range| range.contains(&id))
    }

    /// Whether a directory may give somebody this shell.
    pub fn allows_shell(&self, shell: &str) -> bool {
        self.shells.contains(shell) || CLOSED_SHELLS.contains(&shell)
    }

    /// Whether `name` is a local user's or a local group's.
    pub fn holds_name(&self, name: &str) -> bool {
        self.user_names.contains(name) || self.group_names.contains(name)
    }
}

/// Whether passwd(5) at `path` lists the user `name`.
pub fn has_user(path: &Path, name: &str) -> io::Result<bool> {
    let text = read_capped(path)?;
    let found = columns(&text, [0]).any(|[listed]| listed == name);
    Ok(found)
}

/// Whether passwd(5) at `path` lists a user with the id `uid`.
pub fn has_uid(path: &Path, uid: u32) -> io::Result<bool> {
    let text = read_capped(path)?;
    let found = columns(&text, [2]).any(|[listed]| listed.parse() == Ok(uid));
    Ok(found)
}

/// The user and primary group id of `name` in passwd(5) at `path`.
pub fn ids_of_user(path: &Path, name: &str) -> io::Result<Option<(u32, u32)>> {
    let text = read_capped(path)?;
    let found = columns(&text, [0, 2, 3]).find(|[listed, ..]| *listed == name);
    Ok(found.and_then(|[_, uid, gid]| Some((uid.parse().ok()?, gid.parse().ok()?))))
}

/// The id of the group `name` in group(5) at `path`.
pub fn group_id(path: &Path, name: &str) -> io::Result<Option<u32>> {
    let text = read_capped(path)?;
    let found = columns(&text, [0, 2]).find(|[listed, _]| *listed == name);
    Ok(found.and_then(|[_, id]| id.parse().ok()))
}

fn at(root: &Path, absolute: &str) -> std::path::PathBuf {
    root.join(absolute.trim_start_matches('/'))
}

fn granted(start: &str, count: &str) -> Option<RangeInclusive<u32>> {
    let start: u32 = start.parse().ok()?;
    let count: u32 = count.trim().parse().ok()?;
    let last = start.saturating_add(count.checked_sub(1)?);
    Some(start..=last)
}

/// The wanted columns of each `:`-separated line; comments and NIS lines (`+`, `-`) are passed over.
fn columns<const N: usize>(text: &str, wanted: [usize; N]) -> impl Iterator<Item = [&str; N]> {
    text.lines()
        .filter(|line| !line.starts_with(['#', '+', '-']))
        .filter_map(move |line| {
            let mut found = [""; N];
            for (place, column) in found.iter_mut().zip(wanted) {
                *place = line.split(':').nth(column)?;
            }
            Some(found)
        })
}

fn read_or_empty(path: &Path) -> io::Result<String> {
    match read_capped(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    }
}

/// Local files may hold Latin-1 gecos: bytes that are not UTF-8 are replaced, names compare as bytes would.
fn read_capped(path: &Path) -> io::Result<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(FILE_MAX)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        for (name, text) in files {
            std::fs::write(root.path().join("etc").join(name), text).unwrap();
        }
        root
    }

    #[test]
    fn local_names_ids_and_grants_are_read_from_the_files() {
        let root = host(&[
            (
                "passwd",
                "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000:B\u{f6}b:/home/bob/:/bin/sh\n+nis::::::\n",
            ),
            ("group", "root:x:0:\nsudo:x:27:bob\n"),
            ("subuid", "bob:100000:65536\n"),
            ("shells", "# shells\n/bin/sh\n"),
            (
                "login.defs",
                "#UID_MIN 5\nUID_MIN\t\t 1000\nUID_MAX 60000 \nGID_MIN 1000\nSYS_UID_MIN x\nSYS_UID_MAX 999\n",
            ),
        ]);
        let local = LocalFiles::read(root.path()).unwrap();
        let uids = Some(1000..=60_000);
        let expected = LoginDefs {
            uids,
            ..LoginDefs::default()
        };
        assert_eq!(local.login_defs, expected);
        assert!(local.holds_name("bob") && local.holds_name("sudo") && !local.holds_name("ada"));
        assert!(
            local.holds_id(0)
                && local.holds_id(27)
                && local.holds_id(165_535)
                && !local.holds_id(165_536)
        );
        assert!(local.shells.contains("/bin/sh"));
        assert!(local.homes.contains("/home/bob"));
        assert!(local.allows_shell("/bin/sh") && local.allows_shell("/sbin/nologin"));
        assert!(!local.allows_shell("/bin/evil") && !local.allows_shell(""));
        assert!(has_user(&root.path().join("etc/passwd"), "root").unwrap());
        assert!(!has_user(&root.path().join("etc/passwd"), "roo").unwrap());
        assert_eq!(
            ids_of_user(&root.path().join("etc/passwd"), "bob").unwrap(),
            Some((1000, 1000))
        );
        assert_eq!(
            group_id(&root.path().join("etc/group"), "sudo").unwrap(),
            Some(27)
        );
        assert_eq!(group_id(&root.path().join("etc/group"), "x").unwrap(), None);
    }

    #[test]
    fn a_missing_passwd_is_an_error_and_not_an_empty_host() {
        let root = host(&[("group", "")]);
        assert!(LocalFiles::read(root.path()).is_err());
    }
}
