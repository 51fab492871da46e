//! Reads `[ids]`: ranges that are representable, roomy and out of others' way.

use std::ops::RangeInclusive;

use super::raw::{Said, Value};
use super::reading::{Reading, Section, Unfit, number};
use super::settings::Ids;
use crate::account::{ID_FLOOR, RESERVED_IDS, check_id};

/// The smallest space for derived ids: below, clashes are the rule.
const DERIVE_LEAST: u32 = 1_000_000;
/// What systemd gives to containers (its UIDS-GIDS document).
const CONTAINERS: RangeInclusive<u32> = 524_288..=1_879_048_191;
/// What useradd grants as subordinate ids by default (login.defs).
const SUBORDINATE: RangeInclusive<u32> = 100_000..=600_100_000;
/// `[ids]`
pub(super) fn ids(reading: &mut Reading<'_>, top: &Said) -> Option<Ids> {
    let section = Section::below(top, "ids");
    let accept = reading.value(&section, "accept", id_range);
    let derive = reading.value(&section, "derive", |value| {
        let range = id_range(value)?;
        roomy(&range)?;
        Ok(range)
    });
    if let Some(derive) = &derive {
        for (taken, whose) in [
            (CONTAINERS, "systemd's containers"),
            (SUBORDINATE, "the subordinate ids that useradd grants"),
        ] {
            if overlap(&derive.value, &taken) {
                let (first, last) = (taken.start(), taken.end());
                let words = format!("overlaps {whose} ({first} to {last})");
                reading.warn(&derive.place, &words);
            }
        }
    }
    Some(Ids {
        accept: accept?.value,
        derive: derive?.value,
    })
}

fn id_range(value: &Value) -> Result<RangeInclusive<u32>, Unfit> {
    let Value::List(ends) = value else {
        return Err(Unfit::NotWanted);
    };
    let [first, last] = ends.as_slice() else {
        return Err(Unfit::NotWanted);
    };
    let (first, last) = (number(&first.value)?, number(&last.value)?);
    for end in [first, last] {
        check_id(end).map_err(|error| {
            Unfit::Wanted(format!(
                "ids of {ID_FLOOR} and above that are not reserved; {error}"
            ))
        })?;
    }
    if first > last {
        return Err(Unfit::Wanted("the first id not above the last".to_owned()));
    }
    Ok(first..=last)
}

/// Derived ids need room, and none of them may be one that can never be served.
fn roomy(range: &RangeInclusive<u32>) -> Result<(), Unfit> {
    if range.end().saturating_sub(*range.start()) < DERIVE_LEAST.saturating_sub(1) {
        let wanted = format!("at least {DERIVE_LEAST} ids, or derived ids clash");
        return Err(Unfit::Wanted(wanted));
    }
    match RESERVED_IDS.iter().find(|taken| overlap(range, taken)) {
        Some(taken) => Err(Unfit::Wanted(format!(
            "ids clear of the reserved ones from {} to {}",
            taken.start(),
            taken.end()
        ))),
        None => Ok(()),
    }
}

fn overlap(a: &RangeInclusive<u32>, b: &RangeInclusive<u32>) -> bool {
    a.start() <= b.end() && b.start() <= a.end()
}
