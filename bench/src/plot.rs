//! A plot as SVG: both axes logarithmic, legible on white and on dark, each line with its name at its end.

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 520.0;
/// Room for the axes' labels, and on the right for the lines' names.
const LEFT: f64 = 78.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 58.0;
/// The lines' names keep this distance.
const LINE_HEIGHT: f64 = 16.0;
/// Middle tones: they stand out from white and from near black.
const COLOURS: [&str; 10] = [
    "#d9480f", "#868e96", "#1c7ed6", "#2f9e44", "#9c36b5", "#0c8599", "#f08c00", "#c2255c",
    "#5f3dc4", "#846358",
];

/// One line: its name, and points of (x, y), both above zero.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// The range of one axis, in powers of ten.
#[derive(Debug, Clone, Copy)]
struct Axis {
    first: i32,
    last: i32,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::MAX, f64::MIN);
        for value in values {
            least = least.min(value.log10());
            most = most.max(value.log10());
        }
        if least > most {
            (least, most) = (0.0, 1.0);
        }
        let first = rounded(least.floor());
        Self {
            first,
            last: rounded(most.ceil()).max(first + 1),
        }
    }

    /// 0 at its beginning, 1 at its end.
    fn share(self, value: f64) -> f64 {
        (value.log10() - f64::from(self.first)) / f64::from(self.last - self.first)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "powers of ten of times and counts are small"
)]
fn rounded(power: f64) -> i32 {
    power as i32
}

/// The two axes on the page.
#[derive(Debug, Clone, Copy)]
struct Frame {
    horizontal: Axis,
    vertical: Axis,
}

impl Frame {
    fn around(series: &[Series]) -> Self {
        let points = || series.iter().flat_map(|line| &line.points);
        Self {
            horizontal: Axis::over(points().map(|(x, _)| *x)),
            vertical: Axis::over(points().map(|(_, y)| *y)),
        }
    }

    /// Where a point lies on the page.
    fn place(self, (x, y): (f64, f64)) -> [f64; 2] {
        let across = self.horizontal.share(x) * (WIDTH - LEFT - RIGHT);
        let up = self.vertical.share(y) * (HEIGHT - TOP - BOTTOM);
        [LEFT + across, HEIGHT - BOTTOM - up]
    }

    /// Lines and numbers at each power of ten.
    fn grid(self) -> String {
        let mut body = String::new();
        for power in self.horizontal.first..=self.horizontal.last {
            let [at, _] = self.place((10f64.powi(power), 1.0));
            body += &line([at, TOP], [at, HEIGHT - BOTTOM]);
            body += &text([at, HEIGHT - BOTTOM + 18.0], "middle", "", &count(power));
        }
        for power in self.vertical.first..=self.vertical.last {
            let [_, at] = self.place((1.0, 10f64.powi(power)));
            body += &line([LEFT, at], [WIDTH - RIGHT, at]);
            body += &text([LEFT - 8.0, at + 4.0], "end", "", &time(power));
        }
        body
    }

    /// A line with its points, and its name at the height given.
    fn curve(self, line: &Series, colour: &str, name_at: f64) -> String {
        let places: Vec<[f64; 2]> = line.points.iter().map(|point| self.place(*point)).collect();
        let listed: Vec<String> = places
            .iter()
            .map(|[x, y]| format!("{x:.1},{y:.1}"))
            .collect();
        let mut body = format!(
            "<polyline points=\"{}\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
            listed.join(" ")
        );
        for [x, y] in &places {
            body += &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>\n");
        }
        let name = WIDTH - RIGHT + 12.0;
        if let Some([x, y]) = places.last() {
            body += &format!(
                "<path d=\"M{x:.1} {y:.1} L{:.1} {name_at:.1}\" stroke=\"{colour}\" stroke-width=\"0.7\" \
                 stroke-dasharray=\"2 3\"/>\n",
                name - 3.0
            );
        }
        body + &text(
            [name, name_at + 4.0],
            "start",
            &format!(" style=\"fill:{colour}\""),
            &line.name,
        )
    }
}

/// The whole document.
pub(crate) fn svg(title: &str, labels: [&str; 2], series: &[Series]) -> String {
    let frame = Frame::around(series);
    let mut body = frame.grid() + &titles(title, labels);
    let end = |line: &Series| {
        line.points
            .last()
            .map_or(TOP, |point| frame.place(*point)[1])
    };
    let ends: Vec<f64> = series.iter().map(end).collect();
    let colours = COLOURS.iter().cycle().zip(apart(&ends));
    let lines: Vec<_> = series.iter().zip(colours).collect();
    // The first lies on top of the others.
    for (line, (colour, name_at)) in lines.into_iter().rev() {
        body += &frame.curve(line, colour, name_at);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"none\">\n<title>{}</title>\n\
         <style>text{{fill:#1b1f24}}.grid{{stroke:#888;stroke-opacity:.35}}\
         @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}}}</style>\n{body}</svg>\n",
        escaped(title)
    )
}

fn titles(title: &str, [x_label, y_label]: [&str; 2]) -> String {
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    let turned = format!(" transform=\"rotate(-90 18 {})\"", HEIGHT / 2.0);
    text([middle, 24.0], "middle", " font-weight=\"bold\"", title)
        + &text([middle, HEIGHT - 14.0], "middle", "", x_label)
        + &text([18.0, HEIGHT / 2.0], "middle", &turned, y_label)
}

fn line(from: [f64; 2], to: [f64; 2]) -> String {
    let ([a, b], [c, d]) = (from, to);
    format!("<path class=\"grid\" d=\"M{a:.1} {b:.1} L{c:.1} {d:.1}\"/>\n")
}

fn text([x, y]: [f64; 2], anchor: &str, more: &str, text: &str) -> String {
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{more}>{}</text>\n",
        escaped(text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Where the names stand so that none lies on another, in the order of the ends given.
fn apart(ends: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by(|&a, &b| ends[a].total_cmp(&ends[b]));
    let mut places = ends.to_vec();
    let mut free = TOP;
    for at in order {
        places[at] = places[at].max(free);
        free = places[at] + LINE_HEIGHT;
    }
    places
}

/// A power of ten as a count.
fn count(power: i32) -> String {
    match power {
        6.. => format!("{}M", 10i64.pow(power.unsigned_abs() - 6)),
        3.. => format!("{}k", 10i64.pow(power.unsigned_abs() - 3)),
        _ => format!("{}", 10f64.powi(power)),
    }
}

/// A power of ten of nanoseconds.
fn time(power: i32) -> String {
    let (unit, less) = match power {
        9.. => ("s", 9),
        6.. => ("ms", 6),
        3.. => ("µs", 3),
        _ => ("ns", 0),
    };
    format!("{} {unit}", 10f64.powi(power - less))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> String {
        let line = |name: &str, points: &[(f64, f64)]| Series {
            name: name.to_owned(),
            points: points.to_vec(),
        };
        let lines = [
            line("a & b", &[(10.0, 50.0), (1e6, 60.0)]),
            line("<second>", &[(10.0, 900.0), (1e5, 5e6)]),
            line("alone", &[]),
        ];
        svg("how it grows", ["people", "time"], &lines)
    }

    #[test]
    fn every_element_is_closed_in_its_order() {
        let svg = some();
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap();
            let name = tag.split([' ', '/']).find(|word| !word.is_empty()).unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(name);
            }
            assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
        }
        assert!(open.is_empty());
    }

    #[test]
    fn every_series_has_its_line_its_points_and_its_name() {
        let svg = some();
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert_eq!(svg.matches("<circle").count(), 4);
        for label in [
            "a &amp; b",
            "&lt;second&gt;",
            "alone",
            "people",
            "time",
            ">1M<",
            ">10 ms<",
        ] {
            assert!(svg.contains(label), "{label}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn names_of_lines_that_end_together_stand_apart() {
        let mut places = apart(&[100.0, 101.0, 300.0, 99.0]);
        places.sort_by(f64::total_cmp);
        assert!(
            places
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= LINE_HEIGHT)
        );
    }
}
