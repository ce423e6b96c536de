//! What a `.zarray` of version 2 says.

use std::sync::Arc;

use h5meta::message::Filter;
use serde_json::Value;

use crate::error::squeeze;
use crate::kerchunk::filter_of;

/// Dimensions of an array of numpy's.
const MOST_DIMENSIONS: usize = 64;

/// Codecs of an array: HDF5 has no more filters.
const MOST_CODECS: usize = 32;

/// A Zarr array.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) path: String,
    shape: Vec<u64>,
    chunk_shape: Vec<u64>,
    pub(super) elements: Elements,
    /// First applied first, as HDF5 has them.
    pub(super) pipeline: Result<Vec<Filter>, Arc<str>>,
}

/// The elements of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elements {
    /// Of so many bytes each.
    Fixed(u64),
    /// Strings, as the codec `vlen-utf8` has them.
    Text,
}

impl Array {
    pub(super) fn new(path: &str, document: &Value) -> Result<Self, String> {
        if document["zarr_format"] != 2 {
            return Err("no array of Zarr version 2".into());
        }
        if document["order"] != "C" {
            return Err(format!("order {}, not \"C\"", document["order"]));
        }
        let separator = document.get("dimension_separator").and_then(Value::as_str);
        if !matches!(separator, None | Some(".")) {
            return Err("another dimension separator than a dot".into());
        }
        let shape = numbers(&document["shape"]).ok_or("its shape is no list of numbers")?;
        let chunk_shape =
            numbers(&document["chunks"]).ok_or("its chunks are no list of numbers")?;
        if shape.len() > MOST_DIMENSIONS {
            return Err(format!("{} dimensions, more than numpy has", shape.len()));
        }
        if shape.len() != chunk_shape.len() || chunk_shape.contains(&0) {
            return Err("chunks of no extent, or of other dimensions than its shape".into());
        }
        let mut codecs: Vec<&Value> =
            document["filters"].as_array().into_iter().flatten().collect();
        codecs.extend(Some(&document["compressor"]).filter(|compressor| !compressor.is_null()));
        let elements = match document["dtype"].as_str() {
            Some("|O") => Elements::Text,
            _ => Elements::Fixed(size(&document["dtype"]).ok_or("a dtype that is none")?),
        };
        let is_text = |codec: &Value| codec["id"] == "vlen-utf8";
        let texts = codecs.iter().filter(|codec| is_text(codec)).count();
        if elements == Elements::Text
            && (texts != 1 || !codecs.first().is_some_and(|it| is_text(it)))
        {
            return Err("objects that no codec says the form of".into());
        }
        let pipeline = match codecs.len() > MOST_CODECS {
            true => Err(format!("more than {MOST_CODECS} codecs")),
            false => codecs.into_iter().skip(texts).map(filter_of).collect(),
        };
        // It is said of each of its chunks, and quotes what the sidecar says.
        let pipeline = pipeline.map_err(|why| squeeze(&why).into());
        Ok(Self { path: path.to_owned(), shape, chunk_shape, elements, pipeline })
    }

    pub(super) fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Chunks along each dimension.
    pub(super) fn grid(&self) -> Vec<u64> {
        let along = self.shape.iter().zip(&self.chunk_shape);
        along.map(|(all, one)| all.div_ceil(*one)).collect()
    }

    /// Chunks in all, if they can be counted.
    pub(super) fn chunks(&self) -> Option<u64> {
        self.grid().iter().try_fold(1_u64, |product, n| product.checked_mul(*n))
    }

    /// Elements of a chunk, if they can be counted.
    pub(super) fn chunk_elements(&self) -> Option<u64> {
        self.chunk_shape.iter().try_fold(1_u64, |product, n| product.checked_mul(*n))
    }

    /// How often the bytes of a chunk are gone over to decode it.
    pub(super) fn passes(&self) -> u64 {
        self.pipeline.as_ref().map_or(1, |filters| filters.len().max(1) as u64)
    }

    /// Bytes of a chunk without its codecs, if they can be counted.
    pub(super) fn chunk_bytes(&self) -> Option<u64> {
        match self.elements {
            Elements::Fixed(size) => self.chunk_elements()?.checked_mul(size),
            Elements::Text => None,
        }
    }

    /// Whether a chunk of this name can be: `0.2`, a scalar's `0`.
    pub(super) fn has(&self, name: &str) -> bool {
        let grid = self.grid();
        if grid.is_empty() {
            return name == "0";
        }
        let mut parts = name.split('.');
        let is_inside = |along: &u64, part: &str| {
            part.parse::<u64>().is_ok_and(|at| at < *along && at.to_string() == part)
        };
        grid.iter().all(|along| parts.next().is_some_and(|part| is_inside(along, part)))
            && parts.next().is_none()
    }
}

fn numbers(value: &Value) -> Option<Vec<u64>> {
    value.as_array()?.iter().map(Value::as_u64).collect()
}

/// Bytes of an element of a numpy type: `<f4`, `|S5`, or a list of fields.
fn size(dtype: &Value) -> Option<u64> {
    match dtype {
        Value::String(name) => {
            let mut letters = name.chars();
            let (order, kind) = (letters.next()?, letters.next()?);
            let digits = letters.as_str().split('[').next()?;
            let number: u64 = digits.parse().ok()?;
            match (order, kind) {
                ('<' | '>', 'U') => number.checked_mul(4),
                ('<' | '>' | '|', kind) => {
                    let is_size = match kind {
                        'b' => number == 1,
                        'i' | 'u' => matches!(number, 1 | 2 | 4 | 8),
                        'f' => matches!(number, 2 | 4 | 8 | 12 | 16),
                        'c' => matches!(number, 8 | 16 | 24 | 32),
                        'M' | 'm' => number == 8,
                        'S' | 'V' => true,
                        _ => false,
                    };
                    is_size.then_some(number)
                }
                _ => None,
            }
        }
        Value::Array(fields) => fields.iter().try_fold(0_u64, |sum, field| {
            let field = field.as_array()?;
            // Fields of fields are none that Zarr readers read: nothing here recurses on what it reads.
            let size = size(field.get(1).filter(|dtype| dtype.is_string())?)?;
            let elements = match field.get(2) {
                Some(shape) => numbers(shape)?.iter().try_fold(1_u64, |n, m| n.checked_mul(*m))?,
                None => 1,
            };
            sum.checked_add(size.checked_mul(elements)?)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_have_sizes() {
        let cases = [("<f4", 4), ("|S5", 5), (">U3", 12), ("|b1", 1), ("<M8[ns]", 8), ("|V16", 16)];
        for (name, bytes) in cases {
            assert_eq!(size(&json!(name)), Some(bytes), "{name}");
        }
        assert_eq!(size(&json!([["a", "<i4"], ["b", "<f8", [2, 3]]])), Some(52));
        for none in [
            json!("f"),
            json!("<x4"),
            json!("<i3"),
            json!("|b8"),
            json!(4),
            json!([["a", [["b", "<i4"]]]]),
        ] {
            assert_eq!(size(&none), None, "{none}");
        }
    }

    #[test]
    fn codecs_are_few_and_what_is_said_of_them_short() {
        let array = |filters: Value| {
            let document = json!({"zarr_format": 2, "shape": [5], "chunks": [5], "dtype": "|u1", "order": "C",
                "filters": filters, "compressor": {"id": "zlib"}});
            Array::new("a", &document).unwrap()
        };
        let shuffle = json!({"id": "shuffle", "elementsize": 4});
        assert_eq!(array(json!(vec![&shuffle; 31])).passes(), 32);
        let many = array(json!(vec![&shuffle; 32]));
        assert_eq!(&*many.pipeline.unwrap_err(), "more than 32 codecs");
        let wrong = array(json!([{"id": "shuffle", "x": "y".repeat(1 << 20)}]));
        assert!(wrong.pipeline.unwrap_err().len() < 1000);
    }

    #[test]
    fn keys_are_on_the_grid() {
        let document = |shape, chunks| {
            json!({"zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": "<i4", "order": "C",
                "filters": null, "compressor": null})
        };
        let array = Array::new("a", &document(json!([5, 2]), json!([2, 2]))).unwrap();
        assert_eq!((array.chunks(), array.chunk_bytes()), (Some(3), Some(16)));
        assert!(
            array.has("2.0")
                && !array.has("3.0")
                && !array.has("0")
                && !array.has("00.0")
                && !array.has("0.0.0")
        );
        let scalar = Array::new("a", &document(json!([]), json!([]))).unwrap();
        assert!(scalar.has("0") && !scalar.has("1") && !scalar.has(""));
        let huge = json!([u64::MAX, u64::MAX]);
        assert_eq!(Array::new("a", &document(huge, json!([1, 1]))).unwrap().chunks(), None);
        assert!(Array::new("a", &document(json!([5]), json!([0]))).is_err());
        let ones = |n: usize| json!(vec![1; n]);
        assert!(Array::new("a", &document(ones(64), ones(64))).is_ok());
        assert!(Array::new("a", &document(ones(65), ones(65))).is_err());
    }
}
