//! JSON objects, an entry at a time: names may be there twice, which a map would not show, and nothing is held that
//! is not wanted.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// What becomes of the entries of an object.
pub(super) trait Entries {
    /// Takes the value of an entry out of the map.
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: String, map: &mut A) -> Result<(), A::Error>;
}

/// Reads JSON that is an object.
pub(super) fn read(json: &[u8], entries: &mut impl Entries) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    Each(entries).deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Reads an object that is a value.
pub(super) struct Each<'a, T>(pub(super) &'a mut T);

impl<'de, T: Entries> DeserializeSeed<'de> for Each<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Entries> Visitor<'de> for Each<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key()? {
            self.0.entry(name, &mut map)?;
        }
        Ok(())
    }
}

/// How many entries an object has.
impl Entries for usize {
    fn entry<'de, A: MapAccess<'de>>(&mut self, _: String, map: &mut A) -> Result<(), A::Error> {
        *self = self.saturating_add(1);
        map.next_value::<IgnoredAny>().map(drop)
    }
}

/// The entries of the object that an object has under a name.
pub(super) struct Under<'a, T> {
    pub(super) name: &'static str,
    pub(super) entries: &'a mut T,
}

impl<T: Entries> Entries for Under<'_, T> {
    fn entry<'de, A: MapAccess<'de>>(&mut self, name: String, map: &mut A) -> Result<(), A::Error> {
        match name == self.name {
            true => map.next_value_seed(Each(self.entries)),
            false => map.next_value::<IgnoredAny>().map(drop),
        }
    }
}
