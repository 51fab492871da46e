//! What a row of the tables says: one thing that is broken, what doctor must say of it, and how it is made good.

use muster_tests::world::World;

pub use Deed::{By, Sh};

/// Something that is done in a world.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    /// Nothing.
    Nothing,
    /// A script of root's.
    Sh(&'static str),
    /// What a script alone cannot do.
    By(fn(&mut World)),
}

/// Who makes it good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// Whoever broke it: `touches` is put back, then `undo` is done.
    ByHand,
    /// `muster doctor --fix`, after which every file of `touches` is as it was.
    ByFix,
}

/// One thing that is broken.
#[derive(Debug, Clone, Copy)]
pub struct Breakage {
    /// The check that has to find it.
    pub check: &'static str,
    /// How bad it is.
    pub level: &'static str,
    /// What is said of it, in part.
    pub says: &'static str,
    /// The place of the evidence, in part.
    pub seen: &'static str,
    /// The repair, in part.
    pub repair: &'static str,
    /// Breaks it.
    pub breaks: Deed,
    /// A script that succeeds on a sound host and fails on this one: what people feel of it.
    pub felt: &'static str,
    /// The files that it changes.
    pub touches: &'static [&'static str],
    /// Makes good what is no file.
    pub undo: Deed,
    /// Who makes it good.
    pub mended: Mended,
}

/// What a row leaves out.
pub const PLAIN: Breakage = Breakage {
    check: "",
    level: "error",
    says: "",
    seen: "",
    repair: "",
    breaks: Deed::Nothing,
    felt: "",
    touches: &[],
    undo: Deed::Nothing,
    mended: Mended::ByHand,
};

/// A host on which several things are broken that have nothing to do with each other.
#[derive(Debug, Clone, Copy)]
pub struct Broken {
    /// What they have in common.
    pub name: &'static str,
    /// What is broken.
    pub breakages: &'static [Breakage],
    /// Checks that say something else than on the sound host because of it, too.
    pub also: &'static [&'static str],
    /// By how much doctor's clock is wrong, as libfaketime takes it; empty: it is right.
    pub clock: &'static str,
    /// A script that fails until `muster doctor --fix` has been here.
    pub needs_fix: &'static str,
}

/// What a host leaves out.
pub const HOST: Broken = Broken {
    name: "",
    breakages: &[],
    also: &[],
    clock: "",
    needs_fix: "",
};

impl Broken {
    /// Whether `--fix` has something to do.
    pub fn is_fixable(&self) -> bool {
        let mut all = self.breakages.iter();
        !self.needs_fix.is_empty() || all.any(|one| one.mended == Mended::ByFix)
    }

    /// Whether a check may say something else than on the sound host.
    pub fn concerns(&self, check: &str) -> bool {
        self.also.contains(&check) || self.breakages.iter().any(|one| one.check == check)
    }
}
