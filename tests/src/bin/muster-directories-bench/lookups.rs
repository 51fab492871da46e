//! Names that a Gafaelfawr is asked about when somebody wants to know: how many a second, and how long each takes.

use std::path::Path;
use std::time::Duration;

use muster_tests::world::{Sim, World};

use crate::{ASKING, Pace, install, with_gafaelfawr};

/// How many users the server has; those beyond are nobody.
const USERS: &str = "20000";
/// How long all look-ups of one row may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// How many want one name at once.
pub(crate) const CROWD: u32 = 500;

/// What the asking program said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) known: u64,
    pub(crate) unknown: u64,
    /// Neither: nobody could be asked, or nobody answered in time.
    pub(crate) neither: u64,
    pub(crate) a_second: u64,
    /// Milliseconds.
    pub(crate) median: f64,
    pub(crate) almost_all: f64,
    pub(crate) longest: f64,
}

/// One row of the document.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) callers: u32,
    pub(crate) asked: Asked,
    /// How many requests the server had for it.
    pub(crate) requests: usize,
}

/// Every row, and the broker's memory at its peak in kB.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) rows: Vec<Row>,
    pub(crate) crowds: Vec<Row>,
    pub(crate) peak: u64,
}

/// A row before it is measured: what it is called, the names' beginning, the first number, how many, by how many.
type Plan = (&'static str, &'static str, u32, u32, u32);

const UNKNOWN: &str = "nobody, cold: the server is asked";
const KEPT: &str = "nobody, kept as unknown";
const FOUND: &str = "somebody, cold: asked, kept, published";
const SERVED: &str = "somebody, known already";

/// How long the broker needs until an account may cause as many questions as it ever may: 2,000, of which 500 come
/// back in a second. No row causes more.
const RECOVERY: Duration = Duration::from_secs(5);

/// In this order. That nobody is there is kept of 1,000 names for 30 s: such rows ask for their names just before, and
/// come first, since a name is not kept while others that were asked for as often take all places.
const PLANS: [Plan; 12] = [
    (KEPT, "nobody", 0, 900, 1),
    (KEPT, "nobody", 0, 900, 8),
    (KEPT, "nobody", 0, 900, 64),
    (UNKNOWN, "nobody", 10_000, 1_000, 1),
    (UNKNOWN, "nobody", 20_000, 1_500, 8),
    (UNKNOWN, "nobody", 30_000, 1_500, 64),
    (FOUND, "user", 0, 100, 1),
    (FOUND, "user", 1_000, 800, 8),
    (FOUND, "user", 2_000, 1_500, 64),
    (SERVED, "user", 2_000, 1_500, 1),
    (SERVED, "user", 2_000, 1_500, 8),
    (SERVED, "user", 2_000, 1_500, 64),
];

pub(crate) fn measured(place: &Path, asking: &Path, pace: Pace) -> Measured {
    println!("names, by a Gafaelfawr that is asked about each");
    let world = with_gafaelfawr(place, USERS);
    install(&world, asking);
    // Whatever the first question needs besides is not this one's cost.
    asked(&world, &["nobody", "99999", "1", "1"]);
    let rows = PLANS.into_iter().map(|plan| row(&world, plan, pace));
    let rows = rows.collect();
    let crowds = [
        ("the same nobody", "nemo"),
        ("the same somebody", "user19999"),
    ];
    std::thread::sleep(RECOVERY);
    let crowds = crowds.into_iter().map(|(what, name)| {
        let callers = CROWD.to_string();
        counted(&world, what, CROWD, &["same", name, &callers])
    });
    Measured {
        rows,
        crowds: crowds.collect(),
        peak: world.memory_of("musterd").peak,
    }
}

fn row(world: &World, (what, prefix, first, count, callers): Plan, pace: Pace) -> Row {
    let count = match pace {
        Pace::Full => count,
        Pace::Quick => count / 10,
    };
    let [first, count, at_once] = [first, count, callers].map(|number| number.to_string());
    let words = [prefix, &first, &count, &at_once];
    std::thread::sleep(RECOVERY);
    if what == KEPT {
        asked(world, &words);
    }
    counted(world, what, callers, &words)
}

fn counted(world: &World, what: &'static str, callers: u32, words: &[&str]) -> Row {
    world.requests_of(Sim::Gafaelfawr);
    let asked = asked(world, words);
    println!("{what}, {callers} at once: {asked:?}");
    Row {
        what,
        callers,
        asked,
        requests: world.requests_of(Sim::Gafaelfawr),
    }
}

fn asked(world: &World, words: &[&str]) -> Asked {
    let said = world.run_within(PATIENCE, [ASKING].iter().chain(words));
    read(said.said()).unwrap_or_else(|| panic!("{said}"))
}

/// What the asking program prints.
fn read(said: &str) -> Option<Asked> {
    let fields: Vec<&str> = said.trim().split('\t').collect();
    let [
        known,
        unknown,
        neither,
        a_second,
        median,
        almost_all,
        longest,
    ] = fields.as_slice()
    else {
        return None;
    };
    Some(Asked {
        known: known.parse().ok()?,
        unknown: unknown.parse().ok()?,
        neither: neither.parse().ok()?,
        a_second: a_second.parse().ok()?,
        median: median.parse().ok()?,
        almost_all: almost_all.parse().ok()?,
        longest: longest.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_asking_program_prints_is_read_whole_or_not_at_all() {
        let asked = read("0\t499\t1\t1354\t0.720\t1.100\t60000.000\n").unwrap();
        assert_eq!(
            (asked.known, asked.unknown, asked.neither, asked.a_second),
            (0, 499, 1, 1354)
        );
        assert!(asked.median < asked.almost_all && asked.almost_all < asked.longest);
        assert_eq!(read("usage: lookup_rate"), None);
        assert_eq!(read("0\t499\t1\t1354\t0.720\t1.100"), None);
    }
}
