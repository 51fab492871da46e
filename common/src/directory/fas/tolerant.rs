//! Values of JSON that are looked at while they arrive, and passed over without being kept
//! where they are not what they should be: whatever else stands in their place, and however
//! long it is, costs no memory.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::model::Id;

/// Most entries of one object or list: far more than any FAS has people.
pub(super) const ENTRIES_MAX: usize = 1 << 20;

/// What is made of a value, which may be any.
pub(super) trait Tolerant<'de>: Sized {
    /// Of what is not described by any other method.
    fn other() -> Self;

    fn text(_text: &str) -> Self {
        Self::other()
    }

    fn number(_number: u64) -> Self {
        Self::other()
    }

    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::other())
    }

    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::other())
    }
}

/// Reads a value of any kind.
pub(super) fn tolerant<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Tolerant<'de>,
{
    deserializer.deserialize_any(Reading(PhantomData))
}

struct Reading<T>(PhantomData<T>);

impl<'de, T: Tolerant<'de>> Visitor<'de> for Reading<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_bool<E: Error>(self, _value: bool) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_i64<E: Error>(self, _negative: i64) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_f64<E: Error>(self, _broken: f64) -> Result<T, E> {
        Ok(T::other())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok(T::number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::object(object)
    }
}

/// A value in a list or object of values.
struct Each<T>(T);

impl<'de, T: Tolerant<'de>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tolerant(deserializer).map(Self)
    }
}

impl Tolerant<'_> for Option<String> {
    fn other() -> Self {
        None
    }

    fn text(text: &str) -> Self {
        Some(text.to_owned())
    }
}

impl Tolerant<'_> for Option<Id> {
    fn other() -> Self {
        None
    }

    fn text(text: &str) -> Self {
        Id::read(text)
    }

    fn number(number: u64) -> Self {
        u32::try_from(number).ok().map(Id)
    }
}

/// An object of this kind, if it is an object at all.
pub(super) struct Entry<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Tolerant<'de> for Entry<T> {
    fn other() -> Self {
        Self(None)
    }

    fn object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|entry| Self(Some(entry)))
    }
}

/// Ids, and how many others stood among them. Longer than [`ENTRIES_MAX`] is an error.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) ids: Vec<Id>,
    pub(super) others: usize,
}

impl<'de> Tolerant<'de> for Option<Ids> {
    fn other() -> Self {
        None
    }

    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut all = Ids::default();
        while let Some(Each(id)) = list.next_element::<Each<Option<Id>>>()? {
            match id {
                Some(id) => all.ids.push(id),
                None => all.others = all.others.saturating_add(1),
            }
            within(all.ids.len().saturating_add(all.others))?;
        }
        Ok(Some(all))
    }
}

/// Everything in an object, by its key, each read by itself. Not an object, or one of more
/// than [`ENTRIES_MAX`], is an error.
pub(super) struct Entries<T>(pub(super) BTreeMap<String, Option<T>>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collecting(PhantomData))
    }
}

struct Collecting<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Collecting<T> {
    type Value = Entries<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((key, Each(Entry(entry)))) = object.next_entry::<String, Each<Entry<T>>>()? {
            all.insert(key, entry);
            within(all.len())?;
        }
        Ok(Entries(all))
    }
}

fn within<E: Error>(count: usize) -> Result<(), E> {
    if count > ENTRIES_MAX {
        return Err(E::custom("more entries than can be believed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn read<T: for<'de> Tolerant<'de>>(json: &str) -> T {
        let read = serde_json::from_str::<Each<T>>(json);
        read.unwrap_or_else(|error| panic!("{json}: {error}")).0
    }

    #[test]
    fn what_is_not_as_it_should_be_is_passed_over_whatever_it_is() {
        for other in ["null", "true", "-1", "1.5", "[[[]]]", r#"{"a":{"b":[7]}}"#] {
            assert_eq!(read::<Option<String>>(other), None, "{other}");
            assert!(read::<Option<Id>>(other).is_none(), "{other}");
        }
        assert_eq!(read::<Option<String>>("7"), None);
        assert_eq!(read::<Option<String>>(r#""a\u0062""#).unwrap(), "ab");
        assert_eq!(read::<Option<Id>>("7"), Some(Id(7)));
        assert_eq!(read::<Option<Id>>(r#""7""#), Some(Id(7)));
        assert!(read::<Option<Id>>("4294967296").is_none());
        let ids: Option<Ids> = read(r#"[7,"8","x",[9],{"id":9},null]"#);
        let ids = ids.unwrap();
        assert_eq!((ids.ids, ids.others), (vec![Id(7), Id(8)], 4));
        assert!(read::<Option<Ids>>(r#"{"0":7}"#).is_none());
    }

    /// JSON that is made while it is read: so many times the same, between a beginning and an end.
    fn endless(
        start: &'static str,
        again: &'static str,
        times: u64,
        end: &'static str,
    ) -> impl Read {
        let size = times * u64::try_from(again.len()).unwrap();
        let middle = Repeated {
            text: again.as_bytes(),
            place: 0,
        }
        .take(size);
        start.as_bytes().chain(middle).chain(end.as_bytes())
    }

    struct Repeated {
        text: &'static [u8],
        place: usize,
    }

    impl Read for Repeated {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            for byte in buffer.iter_mut() {
                *byte = self.text[self.place];
                self.place = (self.place + 1) % self.text.len();
            }
            Ok(buffer.len())
        }
    }

    #[test]
    fn more_than_can_be_believed_is_refused_before_it_is_held() {
        let beyond = u64::try_from(ENTRIES_MAX).unwrap() * 2;
        let long = endless("[7", ",7", beyond, "]");
        assert!(serde_json::from_reader::<_, Each<Option<Ids>>>(long).is_err());
        let long = endless("[7", ",null", beyond, "]");
        assert!(serde_json::from_reader::<_, Each<Option<Ids>>>(long).is_err());
        // In the place of a name it is only passed over, and never held.
        let long = endless("[7", ",7", beyond, "]");
        let read = serde_json::from_reader::<_, Each<Option<String>>>(long);
        assert_eq!(read.unwrap().0, None);
    }
}
