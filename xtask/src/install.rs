//! `cargo xtask install --destdir DIR`: every file of muster in its place below a folder, with its mode.
//! It never touches what an administrator edits: nsswitch.conf, PAM's stacks, an existing muster.toml.

use crate::artifacts::{self, Speed};
use crate::dist;
use crate::layout::{Distribution, Existing, FOLDERS, Layout, Package, Put, SECRETS, files};
use crate::program::{Failure, Outcome, headline};
use crate::requirements;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Builds muster and installs it.
pub(crate) fn run(words: &[String]) -> Outcome {
    let order = parse(words)?;
    if !order.built {
        build(&order)?;
    }
    headline(&format!(
        "installing below {}",
        order.layout.destdir.display()
    ));
    let installed = match order.only {
        Some(package) => install_package(&order.layout, order.speed, package)?,
        None => install(&order.layout, order.speed)?,
    };
    for path in installed {
        println!("{path}");
    }
    if order.only.is_none() {
        print!("{}", next_steps(&order.layout));
    }
    Ok(())
}

/// What is installed, and where.
struct Order {
    layout: Layout,
    speed: Speed,
    /// Everything has been built already.
    built: bool,
    /// Only the files of this package, for those who make packages.
    only: Option<Package>,
}

/// Builds only.
pub(crate) fn run_build(words: &[String]) -> Outcome {
    let speed = match words {
        [] => Speed::Release,
        [word] if word == "--dev" => Speed::Dev,
        [word] if word == "--shipped" => Speed::Shipped,
        _ => return Err(Failure::new("build knows --dev and --shipped, one of them")),
    };
    requirements::for_building()?;
    dist::build(speed)
}

fn build(order: &Order) -> Outcome {
    requirements::for_building()?;
    headline("building");
    if order.layout.i386 {
        requirements::for_i386()?;
        artifacts::build_i386_module()?;
    }
    dist::build(order.speed)
}

/// Puts the files of one package in their places, as [`install`] does, and nothing else.
fn install_package(
    layout: &Layout,
    speed: Speed,
    package: Package,
) -> Result<Vec<String>, Failure> {
    let mut files = files(layout, speed);
    files.retain(|put| put.package == Some(package));
    put_all(layout, files)
}

/// Puts every file in its place and returns the list of them. Everything must have been built.
pub(crate) fn install(layout: &Layout, speed: Speed) -> Result<Vec<String>, Failure> {
    for folder in FOLDERS {
        make_folder(
            &layout.place(folder),
            if folder == SECRETS { 0o700 } else { 0o755 },
        )?;
    }
    put_all(layout, files(layout, speed))
}

fn put_all(layout: &Layout, files: Vec<Put>) -> Result<Vec<String>, Failure> {
    let mut installed = Vec::new();
    for put in files {
        let place = layout.place(&put.to);
        if put.existing == Existing::Kept && place.exists() {
            continue;
        }
        copy(layout, &put, &place)?;
        installed.push(put.to);
    }
    Ok(installed)
}

fn parse(words: &[String]) -> Result<Order, Failure> {
    let mut layout = Layout::below(PathBuf::new());
    let mut speed = Speed::Release;
    let (mut built, mut only) = (false, None);
    let mut rest = words.iter();
    while let Some(option) = rest.next() {
        let mut value = || {
            rest.next()
                .cloned()
                .ok_or_else(|| Failure::new(format!("{option} wants a value")))
        };
        match option.as_str() {
            "--destdir" => layout.destdir = std::path::absolute(value()?).unwrap_or_default(),
            "--prefix" => layout.prefix = value()?.trim_end_matches('/').to_owned(),
            "--libdir" => layout.libdir = value()?.trim_end_matches('/').to_owned(),
            "--unitdir" => layout.unitdir = Some(value()?.trim_end_matches('/').to_owned()),
            "--distribution" => layout.distribution = distribution(&value()?)?,
            "--i386" => layout.i386 = true,
            "--dev" => speed = Speed::Dev,
            "--shipped" => speed = Speed::Shipped,
            "--built" => built = true,
            "--only" => only = Some(package(&value()?)?),
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
    Ok(Order {
        layout,
        speed,
        built,
        only,
    })
}

fn distribution(name: &str) -> Result<Distribution, Failure> {
    match name {
        "debian" => Ok(Distribution::Debian),
        "fedora" => Ok(Distribution::Fedora),
        _ => Err(Failure::new("--distribution wants debian or fedora")),
    }
}

fn package(name: &str) -> Result<Package, Failure> {
    Package::named(name).ok_or_else(|| Failure::new(format!("there is no package {name:?}")))
}

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
    let place = match layout.destdir == Path::new("/") {
        true => "",
        false => " on the host that gets these files",
    };
    format!(
        "
Next steps{place} (the README has more):
  1. systemd-sysusers muster.conf && systemd-tmpfiles --create muster.conf && ldconfig
  2. muster init, or write /etc/muster/muster.toml, and its secrets below /etc/muster/secrets (root:muster 0640); muster config check
  3. systemctl daemon-reload
     systemctl enable --now muster-publish.socket musterd.socket musterd-lookup.socket musterd.service
  4. /etc/nsswitch.conf: put `muster` right after `files`, for passwd and for group; getent passwd SOMEBODY
  5. with a root shell kept open: pam-auth-update --enable muster; muster login-test SOMEBODY --service sshd
"
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
    fn another_prefix_reaches_the_units() {
        let unit = with_prefix(b"ExecStart=/usr/sbin/musterd\n".to_vec(), "/opt/muster");
        assert_eq!(unit, b"ExecStart=/opt/muster/sbin/musterd\n");
    }
}
