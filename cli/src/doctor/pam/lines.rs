//! The lines of a file of PAM's: without comments, continued ones as one, and in words.

/// A line, however many it was written in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of its first one.
    pub(super) number: usize,
    /// What it says.
    pub(super) text: String,
    /// Whether an empty line or a comment lies in it: older versions of libpam read on behind that, newer ones do not.
    pub(super) doubtful: bool,
}

/// The lines of `text`, and the number of one that is to be continued where nothing follows: libpam refuses such a file.
pub(super) fn joined(text: &str) -> (Vec<Line>, Option<usize>) {
    let mut found = Vec::new();
    let mut begun: Option<Line> = None;
    for (at, written) in text.lines().enumerate() {
        let said = written.trim();
        if said.is_empty() || said.starts_with('#') {
            if let Some(line) = &mut begun {
                line.doubtful = true;
            }
            continue;
        }
        let mut line = begun.take().unwrap_or_else(|| Line {
            number: at + 1,
            text: String::new(),
            doubtful: false,
        });
        // Whatever stands before a comment ends with it, a backslash too.
        let (said, goes_on) = match (said.split_once('#'), said.strip_suffix('\\')) {
            (Some((before, _)), _) => (before.trim_end(), false),
            (None, Some(before)) => (before, true),
            (None, None) => (said, false),
        };
        line.text.push_str(said);
        match goes_on {
            true => {
                line.text.push(' ');
                begun = Some(line);
            }
            false => found.push(line),
        }
    }
    (found, begun.map(|line| line.number))
}

/// Words, and whatever stands between `[` and `]` as one; `\]` is a bracket inside.
pub(super) struct Tokens<'a>(pub(super) &'a str);

impl Iterator for Tokens<'_> {
    /// The word, and whether it stood between brackets.
    type Item = (String, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.0.trim_start();
        if text.is_empty() {
            return None;
        }
        let Some(inside) = text.strip_prefix('[') else {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            let (word, rest) = text.split_at(end);
            self.0 = rest;
            return Some((word.to_owned(), false));
        };
        let mut word = String::new();
        let mut letters = inside.char_indices().peekable();
        self.0 = "";
        while let Some((at, letter)) = letters.next() {
            match letter {
                ']' => {
                    self.0 = inside.get(at + 1..).unwrap_or_default();
                    break;
                }
                '\\' if letters.peek().is_some_and(|(_, next)| *next == ']') => {
                    letters.next();
                    word.push(']');
                }
                other => word.push(other),
            }
        }
        Some((word, true))
    }
}
