//! Pages meant for people that came instead of an answer, made fit for a log.

use super::QUOTE_MAX;
use crate::text;

/// Text of a page that was meant for people, for an administrator's log: without
/// tags, on one line, at most 200 bytes.
pub fn quoted(body: &[u8]) -> String {
    let start = body.get(..1024).unwrap_or(body);
    let mut inside_tag = false;
    let plain: String = String::from_utf8_lossy(start)
        .chars()
        .filter_map(|c| match c {
            '<' => {
                inside_tag = true;
                Some(' ')
            }
            '>' if inside_tag => {
                inside_tag = false;
                None
            }
            _ if inside_tag => None,
            c if c.is_whitespace() => Some(' '),
            c => Some(c),
        })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    text::safe(&words.join(" "), QUOTE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_for_people_is_quoted_without_its_tags() {
        let page =
            b"<html><body><h1>Forbidden</h1>\r\n\x1b[31mClient with address \"10.0.0.9\"</body>";
        assert_eq!(
            quoted(page),
            "Forbidden [31mClient with address \"10.0.0.9\""
        );
        assert!(quoted(&[b'a'; 5000]).len() <= QUOTE_MAX + 3);
    }
}
