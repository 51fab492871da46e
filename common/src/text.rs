//! Text from servers and users, made safe to show and to log.

/// Whether `c` could move a cursor, hide text or turn its direction.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` without control, escape and bidirectional characters, cut to at most
/// `most` bytes at a character's border (`…` marks the cut).
pub fn safe(text: &str, most: usize) -> String {
    // Nearly every name is like this.
    if text.len() <= most && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len().min(most));
    for c in text.chars().filter(|&c| !is_unsafe(c)) {
        if shown.len().saturating_add(c.len_utf8()) > most {
            shown.push('…');
            break;
        }
        shown.push(c);
    }
    shown
}

/// Whether `text` can stand in a passwd(5) field: no control or direction character, no `:`.
pub fn fits_field(text: &str) -> bool {
    if text.is_ascii() {
        return !text.bytes().any(|c| c == b':' || c.is_ascii_control());
    }
    !text.chars().any(|c| c == ':' || is_unsafe(c))
}

/// The longest line that an error and its causes make, in bytes.
const CAUSES_MAX: usize = 500;

/// The error and what lies below it, in one line that is safe to show; a cause that is
/// quoted already is not said twice.
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let line = causes.fold(error.to_string(), |line, cause| {
        let cause = cause.to_string();
        if line.contains(&cause) {
            line
        } else {
            format!("{line}: {cause}")
        }
    });
    safe(&line, CAUSES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_direction_marks_are_removed_and_length_is_capped() {
        assert_eq!(safe("a\x1b[31mb\u{202e}c\r\nd", 100), "a[31mbcd");
        assert_eq!(safe("ééé", 4), "éé…");
        assert_eq!(safe("short", 5), "short");
    }

    #[test]
    fn a_colon_or_newline_does_not_fit_a_passwd_field() {
        assert!(fits_field("Ada Lovelace"));
        assert!(!fits_field("Ada:0:0"));
        assert!(!fits_field("Ada\nroot"));
    }
}
