//! Pages: what one reply carries of a long list.

/// The most records on one.
pub const PAGE: u32 = 1000;
/// The most bytes of text on one: a reply has room for six times as many, as much as JSON
/// may need to escape them.
const WEIGHT_MAX: usize = 512 << 10;

/// As many of `found` as one page takes, at least one, and whether there are more. Whoever
/// asks the store asks for one more than [`PAGE`].
pub fn page<T>(mut found: Vec<T>, weight_of: impl Fn(&T) -> usize) -> (Vec<T>, bool) {
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let mut weight = 0usize;
    let light = found.iter().take(most).take_while(|record| {
        let first = weight == 0;
        weight = weight.saturating_add(weight_of(record));
        first || weight <= WEIGHT_MAX
    });
    let fits = light.count();
    let more = found.len() > fits;
    found.truncate(fits);
    (found, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_so_many_records_or_so_many_bytes_and_never_none() {
        let check = |records: usize, each: usize, expected: (usize, bool)| {
            let (page, more) = page(vec![(); records], |()| each);
            assert_eq!((page.len(), more), expected, "{records} of {each}");
        };
        check(0, 1, (0, false));
        check(1000, 10, (1000, false));
        check(1001, 10, (1000, true));
        check(3, WEIGHT_MAX / 2, (2, true));
        check(2, WEIGHT_MAX * 2, (1, true));
    }
}
