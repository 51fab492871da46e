//! `cargo xtask install --destdir DIR`: every file of muster in its place below a folder, with its mode.
//! It never touches what an administrator edits: nsswitch.conf, PAM's stacks, an existing muster.toml.

use crate::artifacts::{self, Speed};
use crate::program::{Failure, Outcome, headline, output, program, tree};
use crate::requirements;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where the parts of muster go.
pub(crate) struct Layout {
    /// What stands before every path: `/` on the host itself, a staging folder for packages and worlds.
    pub(crate) destdir: PathBuf,
    /// Where programs and their files go: `/usr`.
    pub(crate) prefix: String,
    /// Where glibc looks for NSS modules; PAM's are in `security` below it.
    pub(crate) libdir: String,
}

/// One file: what it is made from and where it goes.
struct Put {
    from: PathBuf,
    to: String,
    mode: u32,
    existing: Existing,
}

/// What happens to a file that is already there.
#[derive(PartialEq, Eq)]
enum Existing {
    Replaced,
    Kept,
}

const FOLDERS: [&str; 4] = [
    "/etc/muster",
    "/etc/muster/secrets",
    "/var/lib/muster",
    "/var/lib/muster/public",
];
/// Readable by root alone until tmpfiles.d gives it to the group `muster`.
const SECRETS: &str = "/etc/muster/secrets";

/// Builds muster and installs it.
pub(crate) fn run(words: &[String]) -> Outcome {
    let (layout, speed) = parse(words)?;
    requirements::for_building()?;
    headline("building");
    artifacts::build_modules()?;
    match speed {
        Speed::Release => artifacts::build_programs()?,
        Speed::Dev => artifacts::build_everything_for_tests()?,
    }
    headline(&format!("installing below {}", layout.destdir.display()));
    for path in install(&layout, speed)? {
        println!("{path}");
    }
    print!("{}", next_steps(&layout));
    Ok(())
}

/// Puts every file in its place and returns the list of them. Everything must have been built.
pub(crate) fn install(layout: &Layout, speed: Speed) -> Result<Vec<String>, Failure> {
    for folder in FOLDERS {
        make_folder(
            &layout.place(folder),
            if folder == SECRETS { 0o700 } else { 0o755 },
        )?;
    }
    let mut installed = Vec::new();
    for put in files(layout, speed) {
        let place = layout.place(&put.to);
        if put.existing == Existing::Kept && place.exists() {
            continue;
        }
        copy(layout, &put, &place)?;
        installed.push(put.to);
    }
    Ok(installed)
}

impl Layout {
    /// The places of this machine's distribution, below a folder.
    pub(crate) fn below(destdir: PathBuf) -> Self {
        Self {
            destdir,
            prefix: "/usr".to_owned(),
            libdir: library_folder(),
        }
    }

    fn place(&self, path: &str) -> PathBuf {
        self.destdir.join(path.trim_start_matches('/'))
    }
}

fn parse(words: &[String]) -> Result<(Layout, Speed), Failure> {
    let mut layout = Layout::below(PathBuf::new());
    let mut speed = Speed::Release;
    let mut rest = words.iter();
    while let Some(option) = rest.next() {
        let mut value = || {
            rest.next()
                .cloned()
                .ok_or_else(|| Failure::new(format!("{option} wants a folder")))
        };
        match option.as_str() {
            "--destdir" => layout.destdir = std::path::absolute(value()?).unwrap_or_default(),
            "--prefix" => layout.prefix = value()?.trim_end_matches('/').to_owned(),
            "--libdir" => layout.libdir = value()?.trim_end_matches('/').to_owned(),
            "--dev" => speed = Speed::Dev,
            other => return Err(Failure::new(format!("install does not know {other:?}"))),
        }
    }
    if layout.destdir.as_os_str().is_empty() {
        return Err(Failure::new(
            "install wants --destdir DIR (\"/\" is this machine itself)",
        ));
    }
    if !(layout.prefix.starts_with('/') && layout.libdir.starts_with('/')) {
        return Err(Failure::new("--prefix and --libdir want absolute paths"));
    }
    Ok((layout, speed))
}

/// Debian's multiarch folder, or lib64 as on Fedora, or plain lib.
fn library_folder() -> String {
    let multiarch = output(&mut program("cc", ["-print-multiarch"])).unwrap_or_default();
    let multiarch = format!("/usr/lib/{}", multiarch.trim());
    [multiarch.trim_end_matches('/'), "/usr/lib64"]
        .into_iter()
        .find(|folder| Path::new(folder).join("libc.so.6").exists())
        .unwrap_or("/usr/lib")
        .to_owned()
}

/// The one table of what goes where.
fn files(layout: &Layout, speed: Speed) -> Vec<Put> {
    let Layout { prefix, libdir, .. } = layout;
    let packaging = tree().join("packaging");
    let modules = artifacts::folder(Speed::Release);
    let programs = artifacts::folder(speed);
    let put = |from: PathBuf, to: String, mode| Put {
        from,
        to,
        mode,
        existing: Existing::Replaced,
    };
    let mut files = vec![
        put(
            modules.join("libnss_muster.so"),
            format!("{libdir}/libnss_muster.so.2"),
            0o644,
        ),
        put(
            modules.join("libpam_muster.so"),
            format!("{libdir}/security/pam_muster.so"),
            0o644,
        ),
        put(
            programs.join("muster"),
            format!("{prefix}/bin/muster"),
            0o755,
        ),
        put(
            programs.join("musterd"),
            format!("{prefix}/sbin/musterd"),
            0o755,
        ),
        put(
            programs.join("muster-publish"),
            format!("{prefix}/sbin/muster-publish"),
            0o755,
        ),
        put(
            packaging.join("sysusers.d/muster.conf"),
            format!("{prefix}/lib/sysusers.d/muster.conf"),
            0o644,
        ),
        put(
            packaging.join("tmpfiles.d/muster.conf"),
            format!("{prefix}/lib/tmpfiles.d/muster.conf"),
            0o644,
        ),
        put(
            packaging.join("pam-configs/muster"),
            "/usr/share/pam-configs/muster".to_owned(),
            0o644,
        ),
        put(
            packaging.join("examples/muster.toml"),
            format!("{prefix}/share/doc/muster/muster.toml"),
            0o644,
        ),
    ];
    for unit in UNITS {
        let from = packaging.join("systemd").join(unit);
        files.push(put(
            from,
            format!("{prefix}/lib/systemd/system/{unit}"),
            0o644,
        ));
    }
    files.push(Put {
        from: packaging.join("examples/muster.toml"),
        to: "/etc/muster/muster.toml".to_owned(),
        mode: 0o644,
        existing: Existing::Kept,
    });
    files
}

const UNITS: [&str; 5] = [
    "musterd.service",
    "musterd.socket",
    "musterd-lookup.socket",
    "muster-publish.service",
    "muster-publish.socket",
];

fn make_folder(folder: &Path, mode: u32) -> Outcome {
    fs::create_dir_all(folder).map_err(|error| Failure::at(folder, &error))?;
    set_mode(folder, mode)
}

fn set_mode(path: &Path, mode: u32) -> Outcome {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|error| Failure::at(path, &error))
}

/// By rename, since the library may be mapped and the program may be running.
fn copy(layout: &Layout, put: &Put, place: &Path) -> Outcome {
    let folder = place.parent().unwrap_or(&layout.destdir);
    fs::create_dir_all(folder).map_err(|error| Failure::at(folder, &error))?;
    let content = fs::read(&put.from).map_err(|error| Failure::at(&put.from, &error))?;
    let content = if put.to.ends_with(".service") {
        with_prefix(content, &layout.prefix)
    } else {
        content
    };
    let new = place.with_extension("new");
    fs::write(&new, content).map_err(|error| Failure::at(&new, &error))?;
    set_mode(&new, put.mode)?;
    fs::rename(&new, place).map_err(|error| Failure::at(place, &error))
}

/// The units say /usr/sbin; another prefix changes that.
fn with_prefix(unit: Vec<u8>, prefix: &str) -> Vec<u8> {
    match String::from_utf8(unit) {
        Ok(text) => text
            .replace("=/usr/sbin/", &format!("={prefix}/sbin/"))
            .into_bytes(),
        Err(unchanged) => unchanged.into_bytes(),
    }
}

fn next_steps(layout: &Layout) -> String {
    let there = match layout.destdir == Path::new("/") {
        true => "Next steps",
        false => "Next steps on the host that gets these files",
    };
    format!(
        "\n{there}:
  1. systemd-sysusers muster.conf && systemd-tmpfiles --create muster.conf && ldconfig
  2. write /etc/muster/muster.toml and its secrets (root:muster 0640, in /etc/muster/secrets); muster config check
  3. systemctl daemon-reload && systemctl enable --now muster-publish.socket musterd.socket musterd-lookup.socket musterd.service
  4. in /etc/nsswitch.conf put `muster` right after `files`, for passwd and for group; try: getent passwd SOMEBODY
  5. Debian: pam-auth-update --enable muster; elsewhere add pam_muster.so to the stacks as {}/share/doc or the README says
     (keep a root shell open until a login has worked: muster login-test SOMEBODY --service sshd)
",
        layout.prefix
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_destdir_is_required() {
        let failure = parse(&words("--dev")).err().unwrap().to_string();
        assert!(failure.contains("--destdir"), "{failure}");
    }

    #[test]
    fn an_unknown_option_is_named() {
        let failure = parse(&words("--destdir /x --force"))
            .err()
            .unwrap()
            .to_string();
        assert!(failure.contains("--force"), "{failure}");
    }

    #[test]
    fn every_packaged_file_in_the_table_is_in_the_tree() {
        let layout = Layout::below("/nowhere".into());
        for put in files(&layout, Speed::Dev) {
            if put.from.starts_with(tree()) && !put.from.starts_with(artifacts::folder(Speed::Dev))
            {
                let built = put.from.starts_with(artifacts::folder(Speed::Release));
                assert!(built || put.from.is_file(), "{}", put.from.display());
            }
        }
    }

    #[test]
    fn another_prefix_reaches_the_units() {
        let unit = with_prefix(b"ExecStart=/usr/sbin/musterd\n".to_vec(), "/opt/muster");
        assert_eq!(unit, b"ExecStart=/opt/muster/sbin/musterd\n");
    }
}
