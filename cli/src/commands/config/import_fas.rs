//! `muster config import-fas`: fasClient's configuration as muster's.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use muster_common::config;
use muster_common::import_fas::{Imported, import};
use muster_common::secret::Secret;
use serde_json::json;
use zeroize::Zeroizing;

use crate::commands::read::read;
use crate::failure::{EXIT_NO, Failure};
use crate::options::Options;
use crate::show;

/// No fas.conf is longer.
const FILE_MAX: u64 = 1 << 20;
/// Where the password belongs on a host.
const PASSWORD_FILE: &str = "/etc/muster/secrets/fas";
/// For the owner and the group that the broker runs with.
const PASSWORD_MODE: u32 = 0o640;

/// Writes the configuration to `out`, or prints it. Files that are there are not replaced.
pub fn run(options: &Options, file: &Path, out: Option<&Path>) -> Result<ExitCode, Failure> {
    let bytes = Zeroizing::new(read(file, FILE_MAX)?);
    let text = std::str::from_utf8(&bytes).map_err(|_not_text| Failure::File {
        path: file.to_owned(),
        source: io::ErrorKind::InvalidData.into(),
    })?;
    let password_file = out.map(password_file).transpose()?;
    let password_file = password_file.unwrap_or_else(|| PASSWORD_FILE.into());
    let mut imported = import(text, file, &password_file)?;
    match out {
        Some(out) => write(&mut imported, out, &password_file)?,
        None => imported.remarks.push(format!(
            "global.password: not written anywhere; --out puts it into a file of its own, or put it into {PASSWORD_FILE}, root:muster, mode 0640"
        )),
    }
    let problems = match config::parse(&imported.config, out.unwrap_or(Path::new("muster.toml"))) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems(),
    };
    tell(options, &imported, out, &problems)?;
    Ok(ExitCode::from(if problems.is_empty() {
        0
    } else {
        EXIT_NO
    }))
}

/// In the folder of secrets beside the configuration, or else beside it.
fn password_file(out: &Path) -> Result<PathBuf, Failure> {
    let out = std::path::absolute(out)?;
    let folder = out.parent().unwrap_or(Path::new("/"));
    let secrets = folder.join("secrets");
    Ok(match secrets.is_dir() {
        true => secrets.join("fas"),
        false => folder.join("fas.secret"),
    })
}

fn write(imported: &mut Imported, out: &Path, password_file: &Path) -> Result<(), Failure> {
    put(out, imported.config.as_bytes(), 0o644)?;
    let Some(password) = imported.password.as_ref().and_then(Secret::expose_text) else {
        let line = format!(
            "global.password: none is said: put one into {}",
            password_file.display()
        );
        imported.remarks.push(line);
        return Ok(());
    };
    put(password_file, password.as_bytes(), PASSWORD_MODE)?;
    imported.remarks.push(format!(
        "global.password: it is in {} now: let the broker read it (chgrp muster), and take it out of fasClient's file",
        password_file.display()
    ));
    Ok(())
}

/// Makes a file that is not there yet, with exactly this mode.
fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let written = || {
        let mut options = File::options();
        // Nobody else reads it before it has its mode.
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(bytes)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_all()
    };
    written().map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

fn tell(
    options: &Options,
    imported: &Imported,
    out: Option<&Path>,
    problems: &[String],
) -> Result<(), Failure> {
    if options.json {
        return Ok(show::json(&json!({
            "out": out,
            "config": imported.config,
            "remarks": imported.remarks,
            "problems": problems,
        }))?);
    }
    if out.is_none() {
        print!("{}", imported.config);
    }
    for line in &imported.remarks {
        eprintln!("note: {line}");
    }
    for line in problems {
        eprintln!("problem: {line}");
    }
    Ok(())
}
