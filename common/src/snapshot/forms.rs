//! Other forms of a person's name, by which NSS finds the person, too: `Ada` and
//! `ada@example.org` for `ada`, where the configuration says so. Nothing here allocates.

use std::mem::MaybeUninit;

use super::format::{FLAG_FOLD_CASE, Section, service};
use super::reader::{Damaged, Place, Snapshot};
use crate::name::{NAME_MAX, SUFFIX_MAX, UserName};

impl Snapshot {
    /// Whether people can be found by other forms of their names at all.
    #[inline]
    pub const fn has_forms(&self) -> bool {
        self.folds_case() || self.count(Section::Suffixes) > 0
    }

    /// Whether `typed` may differ from a name by ASCII case.
    pub(super) const fn folds_case(&self) -> bool {
        self.flags() & FLAG_FOLD_CASE != 0
    }

    /// The name of which `typed` would be another form; `None` if it is the form of no name
    /// but itself. Whether anybody has that name is another question.
    pub fn canonical(&self, typed: &[u8]) -> Result<Option<UserName>, Damaged> {
        if !self.has_forms() {
            return Ok(None);
        }
        let stem = self.without_suffix(typed)?;
        let mut folded = [0; NAME_MAX];
        let Some(folded) = folded.get_mut(..stem.len()) else {
            return Ok(None);
        };
        folded.copy_from_slice(stem);
        if self.folds_case() {
            folded.make_ascii_lowercase();
        }
        Ok(UserName::from_bytes(folded)
            .ok()
            .filter(|name| name.as_bytes() != typed))
    }

    /// `typed` without the first of the configured suffixes that it ends with.
    fn without_suffix<'t>(&self, typed: &'t [u8]) -> Result<&'t [u8], Damaged> {
        for position in 0..self.count(Section::Suffixes) {
            let mut room = [MaybeUninit::uninit(); SUFFIX_MAX];
            let suffix = self.suffix(position, &mut room)?;
            let Some(start) = typed.len().checked_sub(suffix.len()) else {
                continue;
            };
            let (stem, end) = typed.split_at_checked(start).unwrap_or_default();
            let is_suffix = match self.folds_case() {
                true => end.eq_ignore_ascii_case(suffix),
                false => end == suffix,
            };
            if is_suffix {
                return Ok(stem);
            }
        }
        Ok(typed)
    }

    fn suffix<'r>(
        &self,
        position: u32,
        room: &'r mut [MaybeUninit<u8>; SUFFIX_MAX],
    ) -> Result<&'r [u8], Damaged> {
        let outside = Damaged("a suffix lies outside");
        let Place(at) = self.record(Section::Suffixes, position)?;
        let length = self
            .view()
            .chunk::<{ service::TEXT }>(at)
            .ok_or(outside)?
            .u64::<{ service::LENGTH }>();
        let length = usize::try_from(length).map_err(|_| outside)?;
        let target = room.get_mut(..length).ok_or(outside)?;
        let suffix = self.view().copy(at.saturating_add(service::TEXT), target);
        suffix.filter(|text| !text.is_empty()).ok_or(outside)
    }
}
