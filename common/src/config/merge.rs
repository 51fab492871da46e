//! What several files say together: sections key by key, repeated sections one after the other, and
//! of everything else the last word.

use super::raw::{Said, Value};

/// What `earlier` and then `later` say. A value stands where it was said; a section where it was said first.
pub(super) fn merge(mut earlier: Said, later: Said) -> Said {
    match (&mut earlier.value, later.value) {
        (Value::Table(entries), Value::Table(more)) => {
            for new in more {
                match entries.iter_mut().find(|entry| entry.name == new.name) {
                    None => entries.push(new),
                    Some(entry) => merge_into(&mut entry.said, new.said),
                }
            }
            earlier
        }
        (Value::List(tables), Value::List(more)) if are_tables(tables) && are_tables(&more) => {
            tables.extend(more);
            earlier
        }
        (_, value) => Said {
            line: later.line,
            value,
        },
    }
}

fn merge_into(place: &mut Said, later: Said) {
    let earlier = std::mem::replace(
        place,
        Said {
            line: later.line,
            value: Value::Other("missing value"),
        },
    );
    *place = merge(earlier, later);
}

/// `[[section]]`, once or several times.
fn are_tables(values: &[Said]) -> bool {
    values
        .iter()
        .all(|said| matches!(said.value, Value::Table(_)))
        && !values.is_empty()
}
