//! One man page, in the order in which it is read.

use roff::{Inline, Roff, bold, italic, roman};

/// A man page that grows from its name downwards.
pub(crate) struct Page {
    name: &'static str,
    section: &'static str,
    roff: Roff,
}

impl Page {
    /// A page with its title and the line that apropos(1) finds.
    pub(crate) fn new(name: &'static str, section: &'static str, about: &str) -> Self {
        let mut roff = Roff::new();
        let version = concat!("muster ", env!("CARGO_PKG_VERSION"));
        roff.control("TH", [name, section, "", version, "muster"]);
        roff.control("SH", ["NAME"]);
        roff.text([roman(format!("{name} - {about}"))]);
        Self {
            name,
            section,
            roff,
        }
    }

    /// The file that man(1) looks for.
    pub(crate) fn file(&self) -> String {
        format!("{}.{}", self.name, self.section)
    }

    /// The page in man(7)'s language.
    pub(crate) fn text(&self) -> String {
        self.roff.to_roff()
    }

    pub(crate) fn heading(&mut self, text: &str) -> &mut Self {
        self.roff.control("SH", [text]);
        self
    }

    pub(crate) fn subheading(&mut self, text: &str) -> &mut Self {
        self.roff.control("SS", [text]);
        self
    }

    /// A paragraph, in which `` `…` `` is bold.
    pub(crate) fn paragraph(&mut self, text: &str) -> &mut Self {
        self.roff.control("PP", []);
        self.roff.text(marked(text));
        self
    }

    /// A term and what is said of it.
    pub(crate) fn term(&mut self, term: &str, value: &str, says: &str) -> &mut Self {
        self.roff.control("TP", []);
        let mut line = vec![bold(term)];
        if !value.is_empty() {
            line.extend([roman(" "), italic(value)]);
        }
        self.roff.text(line);
        self.roff.text(marked(says));
        self
    }

    /// Lines as they are typed.
    pub(crate) fn typed(&mut self, text: &str) -> &mut Self {
        self.roff.control("PP", []);
        self.roff.control("RS", ["4"]);
        self.roff.control("nf", []);
        for line in text.lines() {
            self.roff.text([roman(line)]);
        }
        self.roff.control("fi", []);
        self.roff.control("RE", []);
        self
    }

    /// The last heading: the other pages.
    pub(crate) fn see_also(mut self, pages: &[(&str, &str)]) -> Self {
        self.heading("SEE ALSO");
        let mut line = Vec::new();
        for (at, (name, section)) in pages.iter().enumerate() {
            if at > 0 {
                line.push(roman(", "));
            }
            line.extend([bold(*name), roman(format!("({section})"))]);
        }
        self.roff.text(line);
        self
    }
}

/// Markdown's `` `…` `` as bold text.
fn marked(text: &str) -> Vec<Inline> {
    text.split('`')
        .enumerate()
        .filter(|(_, part)| !part.is_empty())
        .map(|(at, part)| match at % 2 {
            0 => roman(part),
            _ => bold(part),
        })
        .collect()
}
