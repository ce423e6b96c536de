//! A chunk, through its codecs.

use std::sync::Arc;

use h5meta::filter::{self, Failure};

use super::array::{Array, Elements};

/// Why a chunk is not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Undecoded {
    /// There is no decoder here for what is named.
    Unknown(Arc<str>),
    /// Its bytes are not what its array says.
    Wrong(Arc<str>),
}

/// Decodes a chunk to see whether it has the bytes of its array, of which `most` are held.
pub(super) fn decode(stored: &[u8], array: &Array, most: u64) -> Result<(), Undecoded> {
    let filters = array.pipeline.as_ref().map_err(|why| Undecoded::Unknown(Arc::clone(why)))?;
    let failed = |failure: Failure| match failure {
        Failure::Unknown(_) => Undecoded::Unknown(failure.to_string().into()),
        Failure::Invalid(why) => Undecoded::Wrong(why.into()),
    };
    filter::check(filters).map_err(failed)?;
    match array.elements {
        Elements::Fixed(_) => {
            let size = array.chunk_bytes().filter(|size| *size <= most);
            let size = size.and_then(|size| usize::try_from(size).ok());
            let size =
                size.ok_or_else(|| Undecoded::Unknown(format!("more than {most} bytes").into()))?;
            let decoded = filter::decode_all(stored, filters, 0, size).map_err(failed)?.len();
            // Readers take neither fewer bytes nor more. Without filters that has been looked at.
            match decoded == size || filters.is_empty() {
                true => Ok(()),
                false => Err(wrong(&format!("{decoded} bytes in place of {size}"))),
            }
        }
        Elements::Text if filters.is_empty() => text(stored, array.chunk_elements()),
        Elements::Text => Err(Undecoded::Unknown("compressed strings".into())),
    }
}

fn wrong(why: &str) -> Undecoded {
    Undecoded::Wrong(why.into())
}

/// Strings of `vlen-utf8`: how many, then each with its length before it.
fn text(stored: &[u8], elements: Option<u64>) -> Result<(), Undecoded> {
    let number = |bytes: &mut &[u8]| {
        let (number, rest) = bytes.split_first_chunk().ok_or_else(|| wrong("strings cut short"))?;
        *bytes = rest;
        Ok(u32::from_le_bytes(*number))
    };
    let mut bytes = stored;
    let count = number(&mut bytes)?;
    if Some(u64::from(count)) != elements {
        return Err(wrong("another number of strings than elements"));
    }
    for _ in 0..count {
        let length = usize::try_from(number(&mut bytes)?).unwrap_or(usize::MAX);
        let (string, rest) =
            bytes.split_at_checked(length).ok_or_else(|| wrong("strings cut short"))?;
        std::str::from_utf8(string).map_err(|_| wrong("a string that is not UTF-8"))?;
        bytes = rest;
    }
    if bytes.is_empty() { Ok(()) } else { Err(wrong("bytes behind the last string")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_chunk_has_the_bytes_of_its_array() {
        let decoded = |elements: u64, dtype| {
            let document = json!({"zarr_format": 2, "shape": [elements], "chunks": [elements], "dtype": dtype,
                "order": "C", "filters": [{"id": "shuffle", "elementsize": 4}], "compressor": null,
                "fill_value": null});
            decode(&[7; 40], &Array::new("a", &document).unwrap(), 1000)
        };
        assert_eq!(decoded(10, "<i4"), Ok(()));
        for (elements, dtype) in [(10, "<i2"), (5, "<i4"), (9, "<f4"), (11, "<f4")] {
            assert!(matches!(decoded(elements, dtype), Err(Undecoded::Wrong(_))), "{elements}");
        }
    }
}
