//! `muster config show`: the configuration that counts, and where each value comes from.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use muster_common::config::{self, Setting, Shown, Standing};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::options::Options;
use crate::show;

/// Shows the configuration at `file` with its drop-ins.
pub fn run(options: &Options, file: &Path) -> Result<ExitCode, Failure> {
    let shown = config::show(file)?;
    match options.json {
        true => show::json(&as_json(&shown))?,
        false => io::stdout()
            .lock()
            .write_all(shown.to_string().as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(shown: &Shown) -> Value {
    let sections = shown.sections.iter().map(|section| {
        let keys: Vec<_> = section.settings.iter().map(setting).collect();
        json!({ "section": section.header, "keys": keys })
    });
    json!({ "files": shown.files, "sections": sections.collect::<Vec<_>>() })
}

fn setting(setting: &Setting) -> Value {
    let name = setting.name;
    match &setting.value {
        Standing::Said {
            value, file, line, ..
        } => json!({ "key": name, "value": value, "from": format!("{}:{line}", file.display()) }),
        Standing::Default { value, .. } => {
            json!({ "key": name, "value": value, "from": "default" })
        }
        Standing::LeftOut(words) => json!({ "key": name, "value": null, "left_out": words }),
    }
}
