//! A plot as SVG: both axes logarithmic, legible on white and on dark, each line with its name at its end.

use std::fmt::Write as _;

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
    "#d9480f", "#868e96", "#1c7ed6", "#2f9e44", "#9c36b5", "#e8590c", "#0c8599", "#c2255c",
    "#f08c00", "#5f3dc4",
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

/// The whole document.
pub(crate) fn svg(title: &str, [x_label, y_label]: [&str; 2], series: &[Series]) -> String {
    let points = || series.iter().flat_map(|line| &line.points);
    let x_axis = Axis::over(points().map(|(x, _)| *x));
    let y_axis = Axis::over(points().map(|(_, y)| *y));
    let x = |value: f64| LEFT + x_axis.share(value) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - y_axis.share(value) * (HEIGHT - TOP - BOTTOM);
    let mut body = String::new();
    for power in x_axis.first..=x_axis.last {
        let at = x(10f64.powi(power));
        body += &line([at, TOP], [at, HEIGHT - BOTTOM]);
        body += &text([at, HEIGHT - BOTTOM + 18.0], "middle", "", &count(power));
    }
    for power in y_axis.first..=y_axis.last {
        let at = y(10f64.powi(power));
        body += &line([LEFT, at], [WIDTH - RIGHT, at]);
        body += &text([LEFT - 8.0, at + 4.0], "end", "", &time(power));
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    body += &text([middle, 24.0], "middle", " font-weight=\"bold\"", title);
    body += &text([middle, HEIGHT - 14.0], "middle", "", x_label);
    let turned = format!(" transform=\"rotate(-90 18 {})\"", HEIGHT / 2.0);
    body += &text([18.0, HEIGHT / 2.0], "middle", &turned, y_label);
    let ends: Vec<f64> = series
        .iter()
        .map(|line| line.points.last().map_or(0.0, |(_, at)| y(*at)))
        .collect();
    for ((line, colour), name_at) in series.iter().zip(COLOURS.iter().cycle()).zip(apart(&ends)) {
        body += &curve(line, colour, &x, &y);
        let end = line.points.last().map_or(LEFT, |(at, _)| x(*at));
        let place = [WIDTH - RIGHT + 12.0, name_at + 4.0];
        let _ = writeln!(
            body,
            "<path d=\"M{end:.1} {:.1} L{:.1} {:.1}\" stroke=\"{colour}\" stroke-width=\"0.7\" stroke-dasharray=\"2 3\"/>",
            line.points.last().map_or(0.0, |(_, at)| y(*at)),
            place[0] - 3.0,
            name_at
        );
        body += &text(
            place,
            "start",
            &format!(" style=\"fill:{colour}\""),
            &line.name,
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"none\">\n<title>{}</title>\n\
         <style>text{{fill:#1b1f24}}.grid{{stroke:#888;stroke-opacity:.35}}\
         @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}}}</style>\n{body}</svg>\n",
        escaped(title)
    )
}

fn curve(line: &Series, colour: &str, x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) -> String {
    let places: Vec<String> = line
        .points
        .iter()
        .map(|(a, b)| format!("{:.1},{:.1}", x(*a), y(*b)))
        .collect();
    let mut text = format!(
        "<polyline points=\"{}\" stroke=\"{colour}\" stroke-width=\"2\"/>\n",
        places.join(" ")
    );
    for (a, b) in &line.points {
        let _ = writeln!(
            text,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
            x(*a),
            y(*b)
        );
    }
    text
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
