//! Reads `[names]`: the canonical form, other forms, whether everybody is listed.

use super::raw::Said;
use super::reading::{Meant, Reading, Section, Unfit, boolean, text};
use crate::name::{NameRule, SUFFIX_MAX};
use crate::snapshot::content::Forms;

/// What `[names]` says.
pub(super) struct Names {
    pub(super) rule: Option<NameRule>,
    pub(super) enumerate: Option<bool>,
    pub(super) forms: Option<Forms>,
}

/// `[names]`
pub(super) fn names(reading: &mut Reading<'_>, top: &Said) -> Names {
    let section = Section::below(top, "names");
    let rule = reading.value(&section, "extra", |value| {
        NameRule::with_extra(&text(value)?)
            .map_err(|error| Unfit::Wanted(format!("characters that names may hold; this {error}")))
    });
    let enumerate = reading.value(&section, "enumerate", boolean);
    let forms = reading.texts(&section, "forms");
    Names {
        rule: rule.map(|rule| rule.value),
        enumerate: enumerate.map(|truth| truth.value),
        forms: forms.and_then(|texts| meant(reading, &texts)),
    }
}

fn meant(reading: &mut Reading<'_>, texts: &[Meant<String>]) -> Option<Forms> {
    let mut forms = Forms::default();
    let mut all_fit = true;
    for Meant { value, place, .. } in texts {
        match value.as_str() {
            "case" => forms.fold_case = true,
            suffix if is_suffix(suffix) => forms.suffixes.push(suffix.to_owned()),
            other => {
                let found = format!("\"{}\"", crate::text::safe(other, 120));
                let wanted = format!(
                    "\"case\", or \"@\" and up to {} further characters that can be typed",
                    SUFFIX_MAX.saturating_sub(1)
                );
                reading.refuse::<()>(place, found, wanted);
                all_fit = false;
            }
        }
    }
    all_fit.then_some(forms)
}

fn is_suffix(text: &str) -> bool {
    text.starts_with('@')
        && (2..=SUFFIX_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}
