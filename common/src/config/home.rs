//! Reads `[home]`: templates for homes, shells and full names.

use std::path::Path;

use super::absolute;
use super::raw::{Said, Value};
use super::reading::{Reading, Section, Unfit, plain_word, text};
use super::settings::Home;
use crate::template::Template;

/// Folders in which nobody has a home.
const NO_HOMES: [&str; 13] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys",
    "/tmp", "/usr",
];

/// The longest full name in bytes that is shown; more is cut off.
pub const FULL_NAME_MAX: usize = 255;

/// `[home]`
pub(super) fn home(reading: &mut Reading<'_>, top: &Said) -> Option<Home> {
    let section = Section::below(top, "home");
    let folder = reading.value(&section, "path", path);
    let login_shell = reading.value(&section, "shell", |value| {
        template(&shell(&text(value)?)?, &["directory"])
    });
    let gecos = reading.value(&section, "gecos", |value| {
        let text = full_name(&text(value)?)?;
        template(&text, &["display_name", "name", "directory"])
    });
    Some(Home {
        folder: folder?.value,
        shell: login_shell?.value,
        gecos: gecos?.value,
    })
}

/// The folder in front of `/{name}`.
fn path(value: &Value) -> Result<Template, Unfit> {
    let text = text(value)?;
    let folder = text.strip_suffix("/{name}").ok_or(Unfit::NotWanted)?;
    let template = template(folder, &["directory"])?;
    // A directory's name is one plain word, so what holds for one holds for all.
    home_folder(&template.fill(|_| "directory"))?;
    Ok(template)
}

fn template(text: &str, places: &[&str]) -> Result<Template, Unfit> {
    let known = places.iter().map(|place| format!("{{{place}}}"));
    let known = known.collect::<Vec<_>>().join(", ");
    Template::new(text, places)
        .map_err(|error| Unfit::Wanted(format!("no place but {known}; {error}")))
}

/// An absolute path of plain components that is outside the system's folders.
pub(super) fn home_folder(folder: &str) -> Result<(), Unfit> {
    let Some(components) = folder.strip_prefix('/') else {
        return Err(Unfit::NotWanted);
    };
    let plain =
        |component: &str| plain_word(component, 255).is_ok() && !matches!(component, "." | "..");
    if !components.split('/').all(plain) {
        return Err(Unfit::NotWanted);
    }
    let inside = |system: &&&str| Path::new(folder).starts_with(system);
    match NO_HOMES.iter().find(inside) {
        Some(system) => Err(Unfit::Wanted(format!("homes outside {system}"))),
        None => Ok(()),
    }
}

/// An absolute path that fits a field.
pub(super) fn shell(text: &str) -> Result<String, Unfit> {
    absolute(text)
        .map(|_| text.to_owned())
        .ok_or(Unfit::NotWanted)
}

/// A full name that fits a field.
pub(super) fn full_name(text: &str) -> Result<String, Unfit> {
    let fits = text.len() <= FULL_NAME_MAX && crate::text::fits_field(text);
    fits.then(|| text.to_owned()).ok_or(Unfit::NotWanted)
}
