//! A dataset as a Zarr array, or why it cannot be one.

use std::cell::RefCell;
use std::ops::Range;

use bytes::Bytes;
use h5meta::Error;
use h5meta::message::Dataspace;
use h5meta::message::datatype::Class;
use h5meta::model::{Dataset, Effect, Index, Object, Problem, Storage};
use serde_json::{Value, json};
use smol_str::{SmolStr, SmolStrBuilder};

use super::absent::{Absent, Encoded};
use super::attrs::{self, as_text, find, is_scale};
use super::codec::Codecs;
use super::compound::least_written;
use super::convert::Conversion;
use super::dims::Dimensions;
use super::dtype::{check_sizes, dtype};
use super::elsewhere::{self, Tiling};
use super::fill_value::{Fill, fill_value};
use super::names::unsayable;
use super::pipeline::{self, check_rank, chunked_codecs, is_inside};
use super::stored::{self, Missing};
use super::subchunk;
use super::text::{Meaning, Raw, Text};
use super::transcode::Transcoding;
use super::{NotReferenced, Options, Reference};
use crate::limits::Budgets;

/// What netCDF-C names a dimension that has no variable, followed by its length.
const DIMENSION_ONLY: &str = "This is a netCDF dimension but not a netCDF variable";

/// Bytes that a chunk takes in a sidecar, about, with what it is held as; and its key, for each dimension.
const CHUNK: u64 = 64;
const COORDINATE: u64 = 4;

/// A dataset as a Zarr array.
#[derive(Clone, Debug)]
pub(super) struct Array {
    /// `.zarray`.
    pub(super) metadata: String,
    /// `.zattrs`.
    pub(super) attributes: Value,
    /// Elements along each dimension, without those of an array type.
    pub(super) shape: Vec<u64>,
    /// The same of a chunk.
    pub(super) chunk_shape: Vec<u64>,
    /// Zeros at the end of each key, for the dimensions of an array type.
    further: usize,
    pub(super) codecs: Codecs,
    /// Of variable-length strings, or references.
    text: Option<Text>,
    /// The chunks of a dataset whose data is in other files.
    pub(super) tiling: Option<Tiling>,
    /// Of a dataset that no set of codecs can say.
    pub(super) plain: Option<Transcoding>,
    /// Compact data whose elements are others now.
    converted: Option<Bytes>,
    /// The chunks that are missing, if they are to be there.
    absent: Option<Absent>,
}

/// The file of a dataset, and how it is referenced.
pub(super) struct File<'a> {
    pub(super) dimensions: &'a Dimensions,
    pub(super) index: &'a Index,
    pub(super) problems: &'a [Problem],
    pub(super) options: &'a Options,
    /// Chunks that were never written, made so far.
    pub(super) encoded: RefCell<Encoded>,
}

impl Array {
    pub(super) fn new(
        object: &Object,
        dataset: &Dataset,
        tiling: Option<&Result<Tiling, String>>,
        file: &File<'_>,
        budgets: &mut Budgets,
    ) -> Result<Self, NotReferenced> {
        let not_referenced =
            |lost| move |reason| NotReferenced { path: object.path.clone(), reason, lost };
        if is_scale(object) && is_dimension_only(object) {
            return Err(not_referenced(false)("a netCDF dimension without a variable".into()));
        }
        if dataset.dataspace == Some(Dataspace::Null) {
            return Err(not_referenced(false)("a null dataspace: no elements".into()));
        }
        if let Some(reason) = unsayable(&object.path) {
            return Err(not_referenced(true)(reason.into()));
        }
        if let Some(error) = lost(file.problems, &object.path) {
            return Err(not_referenced(true)(error.to_string()));
        }
        Self::of_storage(object, dataset, tiling, file, budgets).map_err(not_referenced(true))
    }

    fn of_storage(
        object: &Object,
        dataset: &Dataset,
        tiling: Option<&Result<Tiling, String>>,
        File { dimensions, index, options, encoded, .. }: &File<'_>,
        budgets: &mut Budgets,
    ) -> Result<Self, String> {
        let (Some(dataspace), Some(datatype)) = (&dataset.dataspace, &dataset.datatype) else {
            return Err("its dataspace or datatype could not be read".into());
        };
        let shape = dataspace.shape().to_vec();
        // What numpy has no number for becomes one that it has, where it is decoded here.
        let sizes = index.superblock.sizes;
        check_sizes(datatype)?;
        // What cannot be written need not be made: thousands of datasets may share a type of a thousand names.
        budgets.documents.has(least_written(datatype))?;
        let (dtype, conversion) = match dtype(datatype) {
            Ok(dtype) => (dtype, None),
            Err(why) => match Conversion::new(datatype, sizes) {
                Some((conversion, dtype)) => (dtype, Some((conversion, why))),
                None => return Err(why),
            },
        };
        let element_size = u64::from(datatype.size);
        let meaning = match datatype.class {
            Class::VariableString(_) => Some(Meaning::Strings),
            Class::Reference(_) => Some(Meaning::Objects),
            _ => None,
        };
        let chunk_shape = match &dataset.storage {
            Storage::Contiguous { at: Some(at), .. }
                if meaning.is_none() && conversion.is_none() =>
            {
                let most = options.subchunk.unwrap_or(u64::MAX);
                let end = dataset.size().and_then(|size| at.0.checked_add(size));
                let spare = index.file_length.zip(end).map(|(all, end)| all.checked_sub(end));
                let split = match spare {
                    // It ends behind the file, which is said of it later.
                    Some(None) => None,
                    spare => {
                        subchunk::split(&shape, element_size, most, spare.flatten().unwrap_or(0))
                    }
                };
                // Many datasets may be the same run of bytes.
                let split = split.filter(|pieces| {
                    let bytes = subchunk::count(&shape, pieces).saturating_mul(CHUNK);
                    budgets.pieces.charge(bytes).is_ok()
                });
                split.unwrap_or_else(|| shape.clone())
            }
            Storage::Compact { .. } | Storage::Contiguous { .. } => shape.clone(),
            Storage::Chunked { chunk_shape, chunks, .. } => {
                if chunks.is_none() {
                    return Err("its chunks could not be found".into());
                }
                check_rank(&shape, chunk_shape)?;
                // Chunks that need no index may be all the same byte.
                let count = chunks.as_ref().map_or(0, |chunks| chunks.len() as u64);
                let each = COORDINATE.saturating_mul(shape.len() as u64).saturating_add(CHUNK);
                budgets.room.take(count.saturating_mul(each))?;
                chunk_shape.clone()
            }
            storage @ (Storage::External { .. } | Storage::Virtual { .. }) => {
                let tiling = tiling.ok_or_else(|| elsewhere::not_followed(storage))?.as_ref()?;
                check_rank(&shape, &tiling.chunk_shape)?;
                tiling.chunk_shape.clone()
            }
            _ => return Err("its layout could not be read".into()),
        };
        let text = meaning.map(|meaning| Text::new(meaning, datatype.size, dataset, options));
        let text = text.transpose()?;
        let tiling = tiling.and_then(|tiling| tiling.as_ref().ok()).cloned();
        if tiling.is_some() && text.is_some() {
            return Err("variable-length strings or references in other files".into());
        }
        let mut plain = None;
        let mut converted = None;
        let codecs = match (&text, &tiling, conversion) {
            (_, _, Some((conversion, why))) => {
                let converting = Transcoding::converting(dataset, conversion, options, &why)?;
                if let Storage::Compact { data } = &dataset.storage {
                    converted = Some(converting.converted(data)?.into());
                }
                plain = Some(converting);
                Codecs::default()
            }
            (_, Some(tiling), _) => tiling.codecs.clone(),
            // The text is in the sidecar, without the filters that its IDs went through.
            (Some(_), ..) => Codecs { filters: vec![json!({ "id": "vlen-utf8" })], trailing: 0 },
            // Only chunks are filtered, whatever the header of another layout says.
            (None, None, None) => match chunked_codecs(dataset, options.codecs) {
                Ok(codecs) => codecs,
                Err(why) => {
                    let (transcoding, codecs) = Transcoding::new(dataset, options, &why)?;
                    plain = Some(transcoding);
                    codecs
                }
            },
        };
        if plain.is_some() || text.is_some() {
            // What is read for it: chunks may be all the same bytes, and many.
            budgets.decoded.charge(stored::bytes(dataset))?;
        }
        if let Some(plain) = &plain {
            budgets.decode(plain.total)?;
        }
        let mut array = Self {
            metadata: String::new(),
            attributes: Value::Null,
            shape,
            chunk_shape,
            further: dtype.shape.len(),
            codecs,
            text,
            tiling,
            plain,
            converted,
            absent: None,
        };
        let missing = array.check_chunks(dataset, element_size, index.file_length)?;
        let fill = |missing| fill_value(object, dataset, &dtype, missing, index.superblock.sizes);
        let most = options.transcode_below.min(budgets.inline.left());
        let encoded = &mut encoded.borrow_mut();
        let absent = |mask| Absent::new(dataset, mask, most, encoded, &mut budgets.decoded);
        let fill = array.fill(dataset, missing, fill, absent)?;
        if let Some(absent) = &array.absent {
            budgets.inline.charge(absent.total)?;
        }
        let whole = |own: &[u64]| own.iter().chain(&dtype.shape).copied().collect::<Vec<u64>>();
        // Zarr readers refuse chunks without extent, which a dimension of no elements would give.
        let chunks = whole(&array.chunk_shape).into_iter().map(|n| n.max(1)).collect::<Vec<u64>>();
        let compact = matches!(dataset.storage, Storage::Compact { .. });
        let filters = match array.codecs.filters.as_slice() {
            [] => Value::Null,
            filters => filters.into(),
        };
        let metadata = json!({
            "zarr_format": 2,
            "shape": whole(&array.shape),
            "chunks": chunks,
            "dtype": dtype.name,
            "fill_value": if compact { Value::Null } else { fill.value },
            "order": "C",
            "filters": filters,
            "compressor": null,
            "dimension_separator": ".",
        });
        let names = dimensions.names(&object.path, &dtype.shape);
        let most = budgets.documents.left();
        budgets.documents.charge(attrs::size(object, index, most))?;
        let written = names.iter().map(|name| attrs::written(name.as_bytes()));
        budgets.documents.charge(written.sum())?;
        array.metadata = metadata.to_string();
        budgets.documents.charge(array.metadata.len() as u64)?;
        let taken: &[&str] = if fill.from_attribute && !compact { &["_FillValue"] } else { &[] };
        let mut attributes = attrs::attributes(object, index, taken);
        attributes.insert("_ARRAY_DIMENSIONS".into(), names.iter().map(|name| &**name).collect());
        array.attributes = attributes.into();
        Ok(array)
    }

    /// The fill value, `of` what is missing or not. Where some chunks are missing, these, which `absent` makes by
    /// the mask of their filters, are put into the sidecar if that keeps the fill value one that readers may mask.
    fn fill(
        &mut self,
        dataset: &Dataset,
        missing: Missing,
        of: impl Fn(bool) -> Result<Fill, String>,
        absent: impl FnOnce(Option<u32>) -> Option<Absent>,
    ) -> Result<Fill, String> {
        let converts = self.plain.as_ref().is_some_and(Transcoding::converts);
        if missing != Missing::Some || self.text.is_some() || self.tiling.is_some() || converts {
            return of(missing != Missing::None);
        }
        let (masked, read) = (of(false)?, of(true));
        // That NaN is masked nobody sees.
        if read.as_ref().is_ok_and(|read| read.value == masked.value || read.value == "NaN") {
            return read;
        }
        let mask = match &self.plain {
            Some(plain) => plain.common(),
            None => pipeline::mask(dataset),
        };
        self.absent = absent(mask);
        if self.absent.is_some() { Ok(masked) } else { read }
    }

    /// Every chunk with its key, in the order of the file's grid.
    pub(super) fn chunks(&self, dataset: &Dataset, mut each: impl FnMut(SmolStr, Reference)) {
        let origin = vec![0; self.shape.len()];
        for tile in self.tiling.iter().flat_map(|tiling| &tiling.tiles) {
            each(self.key(&tile.offset), tile.reference(self.codecs.trailing));
        }
        match &dataset.storage {
            Storage::Compact { data } if !self.is_empty() => {
                each(self.key(&origin), self.here(data));
            }
            Storage::Contiguous { at: Some(at), .. } if !self.is_empty() => {
                if let Some(plain) = &self.plain {
                    return each(self.key(&origin), Reference::ToDecode(plain.run(at.0).into()));
                }
                // More may be allocated than the shape needs.
                let element_size: u64 = dataset.datatype.as_ref().map_or(0, |it| it.size.into());
                let size = self.chunk_shape.iter().fold(element_size, |n, &m| n.saturating_mul(m));
                for (offset, from) in subchunk::pieces(&self.shape, &self.chunk_shape, element_size)
                {
                    let start = at.0.saturating_add(from);
                    each(self.key(&offset), self.stored(start..start.saturating_add(size), 0));
                }
            }
            Storage::Chunked { chunks: Some(chunks), .. } => {
                for chunk in chunks.iter().filter(|chunk| is_inside(chunk, &self.shape)) {
                    let size = chunk.size.saturating_sub(self.codecs.trailing);
                    let range = chunk.at.0..chunk.at.0.saturating_add(size);
                    let reference = match &self.plain {
                        Some(plain) if !plain.is_common(&chunk, &self.shape) => {
                            Reference::ToDecode(plain.chunk(&chunk, &self.shape).into())
                        }
                        _ => self.stored(range, chunk.filter_mask),
                    };
                    each(self.key(chunk.offset), reference);
                }
                if let Some(absent) = &self.absent {
                    let present = chunks.iter();
                    absent.each(present, &self.shape, &self.chunk_shape, |offset, bytes| {
                        each(self.key(offset), Reference::Inline((*bytes).into()));
                    });
                }
            }
            _ => {}
        }
    }

    /// A chunk whose bytes are in its object's header.
    fn here(&self, data: &[u8]) -> Reference {
        let bytes = Bytes::copy_from_slice(data);
        match (&self.text, &self.converted) {
            (Some(text), _) => {
                Reference::Text(text.chunk(Raw::Here(bytes), 0, &self.chunk_shape).into())
            }
            (None, Some(converted)) => Reference::Inline((**converted).into()),
            (None, None) => Reference::Inline((*bytes).into()),
        }
    }

    /// A chunk somewhere in the file.
    fn stored(&self, range: Range<u64>, filter_mask: u32) -> Reference {
        match &self.text {
            Some(text) => {
                let chunk = text.chunk(Raw::Stored(range), filter_mask, &self.chunk_shape);
                Reference::Text(chunk.into())
            }
            None => Reference::Range(range),
        }
    }

    /// `0.3.1`; a scalar's is `0`.
    fn key(&self, offset: &[u64]) -> SmolStr {
        let mut key = SmolStrBuilder::new();
        let mut digits = itoa::Buffer::new();
        let own = offset.iter().zip(&self.chunk_shape).map(|(at, extent)| at / (*extent).max(1));
        let mut separator = "";
        for coordinate in own.chain(std::iter::repeat_n(0, self.further)) {
            key.push_str(separator);
            key.push_str(digits.format(coordinate));
            separator = ".";
        }
        if separator.is_empty() { "0".into() } else { key.finish() }
    }

    fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }
}

/// What keeps an object's data, or what is needed to read it, from being known, if anything does: of all problems of
/// a file, which are in the order of their paths.
pub(crate) fn lost<'a>(problems: &'a [Problem], path: &str) -> Option<&'a Error> {
    let first = problems.partition_point(|problem| problem.path.as_str() < path);
    let own = problems[first..].iter().take_while(|problem| problem.path == path);
    let mut lost = own.filter(|own| matches!(own.effect, Effect::Data | Effect::Object));
    lost.next().map(|problem| &problem.error)
}

fn is_dimension_only(object: &Object) -> bool {
    let name = find(object, "NAME").and_then(as_text);
    name.is_some_and(|name| name.starts_with(DIMENSION_ONLY))
}
