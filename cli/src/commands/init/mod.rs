//! `muster init`: sets a host up for one directory. It asks, tests and writes, in this order; nothing that is
//! there is replaced.

mod answers;
mod kinds;
mod put;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use muster_common::config::{self, Config, ConfigErrors, DirectoryConfig};
use muster_common::connect::connect_with;
use muster_common::directory::ServerVersion;
use muster_common::secret::Secret;
use serde_json::json;
use zeroize::Zeroizing;

use self::answers::{Answers, Terminal, collect};
use self::put::Readers;
use self::text::Part;
use crate::failure::Failure;
use crate::options::{InitOptions, Options};
use crate::{prompt, show};

/// Standard input in a file's place.
const STDIN: &str = "-";

/// Where everything goes.
struct Places {
    /// The first file of the configuration.
    config: PathBuf,
    /// The file that is written, and what it is.
    file: PathBuf,
    part: Part,
    /// The folder of the secrets, and the secret's file in it.
    secrets: PathBuf,
    secret: PathBuf,
    /// Whether the kind wants a secret, and a file holds it.
    wants_secret: bool,
    /// Whether the secret lies there already.
    is_kept: bool,
}

/// Sets the host up.
pub fn run(options: &Options, init: &InitOptions) -> Result<ExitCode, Failure> {
    let config = std::path::absolute(&init.config)?;
    let part = part(&config)?;
    let answers = collect(init, &mut Terminal)?;
    let places = places(config, part, &answers, init.secret_file.as_deref())?;
    let ca_file = init.ca_file.as_ref().map(std::path::absolute).transpose()?;
    let source = match &answers.credential {
        Some(name) => format!("credential:{name}"),
        None => places.secret.to_string_lossy().into_owned(),
    };
    let text = text::text(&answers, part, &source, ca_file.as_deref());
    // What is wrong is told before anybody types a secret.
    let checked = config::load_with(&places.config, &places.file, &text)
        .map_err(|errors| not_a_setup(&errors))?;
    let directory = directory(&checked, &answers.name)?;
    let secret = secret(init, &answers, &places)?;
    let is_new = places.wants_secret && !places.is_kept;
    let keep = secret.as_ref().filter(|_| is_new).map(line_of);
    let server = match !init.no_test && can_be_asked(directory, secret.as_ref()) {
        true => Some(test(directory, secret)?),
        false => None,
    };
    write(&places, &text, keep.as_ref().map(|line| line.as_slice()))?;
    tell(options, &places, server.as_ref(), &checked, &answers)?;
    Ok(ExitCode::SUCCESS)
}

/// Which file is to be written: a configuration that has directories is somebody's work.
fn part(config: &Path) -> Result<Part, Failure> {
    if std::fs::symlink_metadata(config).is_err() {
        return Ok(Part::First);
    }
    let present = config::load(config).map_err(|errors| not_a_setup(&errors))?;
    match present.directories.first() {
        None => Ok(Part::DropIn),
        Some(directory) => Err(Failure::Setup(format!(
            "{} has the directory {} already, and nothing was written: another one is a [[directory]] more, \
             there or in a drop-in, see muster.toml(5)",
            config.display(),
            directory.name
        ))),
    }
}

fn places(
    config: PathBuf,
    part: Part,
    answers: &Answers,
    secret_file: Option<&Path>,
) -> Result<Places, Failure> {
    let name = &answers.name;
    let folder = config.parent().unwrap_or(Path::new("/"));
    let secrets = folder.join("secrets");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(plain) {
        let name = muster_common::text::safe(name, 64);
        return Err(Failure::Setup(format!(
            "{name:?} cannot be a directory's name: letters, digits, '_', '-' and '.' can"
        )));
    }
    let file = match (part, config::drop_in_folder(&config)) {
        (Part::First, _) => config.clone(),
        (Part::DropIn, Some(folder)) => folder.join(format!("{name}.toml")),
        (Part::DropIn, None) => {
            return Err(Failure::Setup(format!(
                "{} is there, and has no folder of drop-ins: its name does not end in .toml",
                config.display()
            )));
        }
    };
    let kept = secret_file.map(std::path::absolute).transpose()?;
    let kept = kept.filter(|path| path.parent() == Some(&secrets));
    let places = Places {
        file,
        part,
        wants_secret: answers.kind.secret.is_some() && answers.credential.is_none(),
        is_kept: kept.is_some(),
        secret: kept.unwrap_or_else(|| secrets.join(name)),
        secrets,
        config,
    };
    for path in [&places.file, &places.secret] {
        let is_awaited = *path == places.secret && (places.is_kept || !places.wants_secret);
        if !is_awaited && std::fs::symlink_metadata(path).is_ok() {
            return Err(Failure::Setup(format!(
                "{} is there already, and nothing was written: take it away, or choose another --name",
                path.display()
            )));
        }
    }
    Ok(places)
}

fn not_a_setup(errors: &ConfigErrors) -> Failure {
    Failure::Setup(format!(
        "{}\n        Nothing was written.",
        errors.problems().join("\n")
    ))
}

fn directory<'a>(config: &'a Config, name: &str) -> Result<&'a DirectoryConfig, Failure> {
    let mut found = config.directories.iter();
    found
        .find(|directory| directory.name.as_str() == name)
        .ok_or_else(|| Failure::Setup(format!("no directory is called {name}")))
}

/// Nothing for a kind that knows us without one, and for a credential that this process was not given.
fn secret(
    init: &InitOptions,
    answers: &Answers,
    places: &Places,
) -> Result<Option<Secret>, Failure> {
    let Some((_, question)) = answers.kind.secret else {
        return Ok(None);
    };
    if let Some(name) = &answers.credential {
        let given = std::env::var_os("CREDENTIALS_DIRECTORY").is_some();
        let source = config::SecretSource::Credential(name.clone());
        let secret = given.then(|| config::read_secret(&source)).transpose();
        return secret.map_err(|error| Failure::Setup(muster_common::text::with_causes(&error)));
    }
    let secret = match init.secret_file.as_deref() {
        // As the broker reads it: with a wrong owner or mode it is refused here.
        Some(_) if places.is_kept => {
            let source = config::SecretSource::File(places.secret.clone());
            let secret = config::read_secret(&source);
            secret.map_err(|error| Failure::Setup(muster_common::text::with_causes(&error)))
        }
        Some(file) if file != Path::new(STDIN) => prompt::secret_in(file),
        _ => prompt::secret(question),
    };
    secret.map(Some)
}

fn line_of(secret: &Secret) -> Zeroizing<Vec<u8>> {
    let mut line = Zeroizing::new(Vec::with_capacity(secret.expose().len().saturating_add(1)));
    line.extend_from_slice(secret.expose());
    line.push(b'\n');
    line
}

/// Whether there is a server, and the secret that it wants.
fn can_be_asked(directory: &DirectoryConfig, secret: Option<&Secret>) -> bool {
    let wants_secret = directory.kind.secret_file().is_some();
    directory.server.is_some() && (secret.is_some() || !wants_secret)
}

/// Asks the server whether it is one of this kind and takes the credentials.
fn test(directory: &DirectoryConfig, secret: Option<Secret>) -> Result<ServerVersion, Failure> {
    let client = connect_with(directory, secret)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answer = runtime.block_on(client.probe());
    answer.map_err(|source| Failure::Directory {
        url: directory
            .server
            .as_ref()
            .map_or_else(String::new, |server| show::plain(server.url.as_str())),
        source,
    })
}

fn write(places: &Places, text: &str, secret: Option<&[u8]>) -> Result<(), Failure> {
    if let Some(secret) = secret {
        put::folder(&places.secrets, Readers::Broker)?;
        put::file(&places.secret, secret, Readers::Broker)?;
    }
    let configuration = || {
        if let (Part::DropIn, Some(folder)) = (places.part, places.file.parent()) {
            put::folder(folder, Readers::All)?;
        }
        put::file(&places.file, text.as_bytes(), Readers::All)
    };
    configuration().inspect_err(|_| {
        if secret.is_some() {
            // It was made a moment ago, and nothing names it.
            let _gone = std::fs::remove_file(&places.secret);
        }
    })
}

fn tell(
    options: &Options,
    places: &Places,
    server: Option<&ServerVersion>,
    config: &Config,
    answers: &Answers,
) -> Result<(), Failure> {
    let server = server.map(|version| show::plain(&version.0));
    if options.json {
        return Ok(show::json(&json!({
            "file": places.file,
            "secret_file": places.wants_secret.then_some(&places.secret),
            "credential": answers.credential,
            "server": server,
            "warnings": config.warnings,
        }))?);
    }
    match server {
        Some(server) if answers.kind.secret.is_some() => {
            println!("{server} takes the credentials.");
        }
        Some(server) => println!("{server} answers."),
        None if answers.kind.name != kinds::LOCAL => println!("The server was not asked."),
        None => {}
    }
    println!("Written: {}", places.file.display());
    if places.wants_secret && !places.is_kept {
        println!("         {}", places.secret.display());
    }
    for warning in &config.warnings {
        println!("warning: {warning}");
    }
    println!("{NEXT_STEPS}");
    if let Some(name) = &answers.credential {
        let name = show::plain(name);
        println!(
            "\nBefore 2.: systemctl edit musterd.service, with\n  [Service]\n  LoadCredential={name}:/etc/credstore/{name}"
        );
    }
    if answers.kind.name == kinds::LOCAL {
        println!("{REGISTER}");
    }
    Ok(())
}

const NEXT_STEPS: &str = "
Next steps:
  1. muster config check
  2. systemctl enable musterd.service && systemctl restart musterd.service; muster status
  3. getent passwd NAME; if it says nothing: `muster` belongs right after `files` in /etc/nsswitch.conf
  4. muster explain NAME --service sshd says whether NAME may log in, and why
  5. with a root shell kept open: pam-auth-update --enable muster (Debian), authselect select custom/muster (Fedora);
     muster login-test NAME --service sshd";

const REGISTER: &str = "
People are made by root: muster token register NAME EMAIL; see docs/tokens.md.";

#[cfg(test)]
mod tests;
