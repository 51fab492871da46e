//! The plan of a run: what is measured of whom, how often, how long.

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Some minutes: the same rows, fewer rounds, the large numbers for the cheap peers only.
    Quick,
    /// Up to forty minutes.
    Full,
}

/// The number of people of the side-by-side rows.
pub(crate) const USERS: u32 = 10_000;
/// The numbers of people of the curve.
pub(crate) const SIZES: [u32; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Most of those who are asked for side by side: caches are warmed with them.
pub(crate) const ASKED: usize = 2_000;
/// Most of those who are asked for on the curve.
pub(crate) const SPREAD: usize = 50_000;
/// Callers at once.
pub(crate) const CROWDS: [u32; 4] = [1, 2, 4, 8];

impl Pace {
    pub(crate) fn said(word: &str) -> Option<Self> {
        match word {
            "quick" => Some(Self::Quick),
            "full" => Some(Self::Full),
            _ => None,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }

    /// How often each time is taken, in turn with the others.
    pub(crate) const fn rounds(self) -> usize {
        match self {
            Self::Quick => 3,
            Self::Full => 7,
        }
    }

    /// Milliseconds of one timing.
    pub(crate) const fn milliseconds(self) -> u32 {
        match self {
            Self::Quick => 40,
            Self::Full => 100,
        }
    }

    /// Runs of a whole program in one round.
    pub(crate) const fn spawns(self) -> u32 {
        match self {
            Self::Quick => 7,
            Self::Full => 15,
        }
    }

    /// The most people on the curve of a peer that could be measured with `most`.
    pub(crate) fn largest(self, most: u32, cheap: bool) -> u32 {
        match self {
            Self::Quick if !cheap => most.min(USERS),
            _ => most,
        }
    }
}
