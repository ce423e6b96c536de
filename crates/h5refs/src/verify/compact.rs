//! Documents as text: a tree of values takes a hundred times the memory, and little is asked of most of them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Bytes that a document may take as values. No array's comes near.
const MOST_OF_VALUES: usize = 16 << 20;

/// A document's JSON as short as it goes, of which no more than `most` bytes: the same values are the same text,
/// however they were written, but for the order of names.
///
/// # Errors
/// What is no JSON, or longer.
pub(super) fn compact(json: &str, most: usize) -> serde_json::Result<Box<str>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let text = Compact { most }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(text)
}

/// A document that is an object, as values.
///
/// # Errors
/// It is none, or too large for what it is.
pub(super) fn values(text: &str) -> Result<Value, String> {
    if !text.starts_with('{') {
        return Err("no object".into());
    }
    let bytes = text.bytes().fold(text.len(), |sum, byte| {
        sum.saturating_add(match byte {
            // A map of one name takes as much as one of eleven. In texts these begin nothing, and count all the same.
            b'{' => 640,
            // A list is held three times over while it grows.
            b'[' | b',' => 96,
            _ => 0,
        })
    });
    match bytes > MOST_OF_VALUES {
        true => Err("larger than such a document can be".into()),
        false => serde_json::from_str(text).map_err(|error| error.to_string()),
    }
}

/// Whether two documents say the same.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other || values(one).is_ok_and(|one| values(other) == Ok(one))
}

/// Reads a value as its text.
pub(super) struct Compact {
    pub(super) most: usize,
}

impl<'de> DeserializeSeed<'de> for Compact {
    type Value = Box<str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Box<str>, D::Error> {
        let mut text = Vec::new();
        deserializer.deserialize_any(Part { text: &mut text, most: self.most })?;
        String::from_utf8(text).map(Into::into).map_err(D::Error::custom)
    }
}

/// Writes a value behind what is written already. Its depth is bounded by serde_json.
struct Part<'a> {
    text: &'a mut Vec<u8>,
    most: usize,
}

impl Part<'_> {
    fn next(&mut self) -> Part<'_> {
        Part { text: self.text, most: self.most }
    }

    fn put<E: serde::de::Error>(&mut self, bytes: &[u8]) -> Result<(), E> {
        if bytes.len() > self.most.saturating_sub(self.text.len()) {
            return Err(E::custom("a document that is longer than this sidecar's can be"));
        }
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn scalar<E: serde::de::Error>(&mut self, value: impl Into<Value>) -> Result<(), E> {
        // It is a number, or a word.
        self.put(value.into().to_string().as_bytes())
    }

    fn string<E: serde::de::Error>(&mut self, text: &str) -> Result<(), E> {
        // It may be escaped anew, to no more than it was.
        if text.len() > self.most.saturating_sub(self.text.len()) {
            return self.put(text.as_bytes());
        }
        serde_json::to_writer(&mut *self.text, text).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.put(b"null")
    }

    fn visit_bool<E: serde::de::Error>(mut self, value: bool) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_i64<E: serde::de::Error>(mut self, value: i64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_u64<E: serde::de::Error>(mut self, value: u64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_f64<E: serde::de::Error>(mut self, value: f64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_str<E: serde::de::Error>(mut self, value: &str) -> Result<(), E> {
        self.string(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.put(b"[")?;
        let start = self.text.len();
        while list.next_element_seed(Comma(self.next(), start))?.is_some() {}
        self.put(b"]")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.put(b"{")?;
        let start = self.text.len();
        while map.next_key_seed(Comma(self.next(), start))?.is_some() {
            self.put(b":")?;
            map.next_value_seed(self.next())?;
        }
        self.put(b"}")
    }
}

/// A value with a comma before it, if anything is written since the start of its list or map.
struct Comma<'a>(Part<'a>, usize);

impl<'de> DeserializeSeed<'de> for Comma<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self(mut part, start) = self;
        if part.text.len() > start {
            part.put(b",")?;
        }
        deserializer.deserialize_any(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_values_are_the_same_text() {
        let text = r#" {"a" : [1, -2,3.50,1e3 , true,null,[ ],{ }], "b\u00e9" : "\u0041\"\n" }"#;
        let short = r#"{"a":[1,-2,3.5,1000.0,true,null,[],{}],"bé":"A\"\n"}"#;
        assert_eq!(&*compact(text, 100).unwrap(), short);
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), values(short).unwrap());
        assert!(compact(text, short.len() - 1).is_err());
        for none in ["", "{", "[1]]", "{\"a\"}", "{} {}"] {
            assert!(compact(none, 100).is_err(), "{none}");
        }
        let deep = "[".repeat(1 << 20);
        assert!(compact(&deep, usize::MAX).is_err());
    }

    #[test]
    fn documents_are_compared_by_their_values() {
        assert!(is_same(r#"{"a":1,"b":[2]}"#, r#"{"b":[2],"a":1}"#));
        assert!(!is_same(r#"{"a":1,"b":[2]}"#, r#"{"b":[3],"a":1}"#));
        assert!(is_same("[1]", "[1]") && !is_same("[1]", "[2]"));
        let large = format!("{{\"a\":[{}0]}}", "{},".repeat(30_000));
        assert!(values(&large).is_err() && is_same(&large, &large));
    }
}
