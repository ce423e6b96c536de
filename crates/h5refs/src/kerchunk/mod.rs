//! An index as kerchunk references: Zarr version 2 metadata, and a byte range for every chunk.
//!
//! | file | what |
//! |---|---|
//! | `array` | a dataset as a Zarr array, or why it cannot be one |
//! | `stored` | whether what is stored can be what a dataset says |
//! | `dtype` | HDF5 datatypes as Zarr data types |
//! | `compound` | those of several members, laid flat |
//! | `codec` | HDF5 filters as Zarr codecs |
//! | `pipeline` | whether one set of codecs says what was done to every chunk |
//! | `transcode` | chunks that are decoded here, where it does not |
//! | `convert` | numbers that numpy has none of |
//! | `encode` | filters applied, to chunks that went through others than the rest |
//! | `absent` | chunks that were never written |
//! | `subchunk` | large contiguous datasets in pieces |
//! | `fill_value` | what elements that were never written read as |
//! | `attrs` | attributes as JSON |
//! | `text` | chunks of variable-length strings and references, whose text goes into the sidecar |
//! | `dims` | `_ARRAY_DIMENSIONS` |
//! | `elsewhere` | data in other files |
//! | `counts` | how much of a file is referenced, and what is not |
//! | `select` | which objects are wanted |
//! | `tree` | the objects of a sidecar, with the paths that links give them |
//! | `names` | paths that cannot be in a sidecar |
//! | `key` | what references are found by |
//! | `pending` | references that wait for bytes |
//! | `place` | references in their places |
//!
//! Nothing here does I/O: small chunks that are to be inlined are named, and put in place by whoever
//! fetched them.

mod absent;
mod array;
mod attrs;
mod codec;
mod compound;
mod convert;
mod counts;
mod dims;
mod dtype;
mod elsewhere;
mod encode;
mod fill_value;
mod key;
mod names;
mod pending;
mod pipeline;
mod place;
mod select;
mod stored;
mod subchunk;
mod text;
mod transcode;
mod tree;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use h5meta::model::{Dataset, Index, Object, ObjectKind, Problem};
use rayon::slice::ParallelSliceMut as _;
use serde_json::{Map, Value, json};

pub(crate) use self::array::lost;
pub use self::codec::{CodecSet, IMAGECODECS, name as filter_name};
pub(crate) use self::codec::{Codecs, check_place, filter_of};
pub use self::counts::{Counts, NotReferenced};
pub use self::elsewhere::first_names;
pub(crate) use self::elsewhere::{Place, Tile, Tiling, Tilings, grid, same_fill, same_type};
pub(crate) use self::key::{Key, prefix};
pub(crate) use self::names::unsayable;
pub(crate) use self::pipeline::{chunked_codecs, is_inside};
pub use self::select::Selection;
pub(crate) use self::text::{Ids, Raw, TextChunk};
pub(crate) use self::transcode::ToDecode;
pub(crate) use self::tree::Tree;
pub use self::tree::Which;
use crate::limits::{Budgets, Room};
pub use crate::links::LeftOut;

use self::array::{Array, File};
use self::dims::Dimensions;

/// How references are made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The objects that are wanted. Default all.
    pub selection: Selection,
    /// The paths that they are wanted under. Default all.
    pub links: Which,
    /// Bytes that further paths may add to the sidecar, about. Default 256 MiB.
    pub max_linked: u64,
    /// Chunks of fewer stored bytes than this go into the sidecar itself. Default 500, as kerchunk's.
    pub inline_threshold: u64,
    /// Bytes of variable-length strings that one dataset may put into the sidecar: no Zarr reader can
    /// follow them in the file. Default 64 MiB.
    pub max_inline_vlen: u64,
    /// Bytes that one dataset which no codecs can say may put into the sidecar decoded; of as many or more
    /// it is reported. Default 1 MiB.
    pub transcode_below: u64,
    /// The codecs that readers have. Default numcodecs'.
    pub codecs: CodecSet,
    /// Bytes of the pieces that contiguous datasets are cut into. Default none: they stay whole.
    pub subchunk: Option<u64>,
    /// Bytes that one file may put into its sidecar in all; never many times its own length. Default 1 GiB.
    pub inline_bytes: u64,
    /// Bytes that chunks may be decoded to for that, in all; the same holds. Default 1 GiB.
    pub decoded_bytes: u64,
    /// Bytes of attributes, types, fill values and dimension names in all; the same holds. Default 1 GiB.
    pub document_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            links: Which::default(),
            max_linked: 256 << 20,
            inline_threshold: 500,
            max_inline_vlen: 64 << 20,
            transcode_below: 1 << 20,
            codecs: CodecSet::default(),
            subchunk: None,
            inline_bytes: 1 << 30,
            decoded_bytes: 1 << 30,
            document_bytes: 1 << 30,
        }
    }
}

/// A reference and its key.
pub(crate) type Entry = (Key, Reference);

/// What a key of the sidecar refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A JSON document.
    Document(String),
    /// The bytes themselves.
    Inline(Box<[u8]>),
    /// Bytes of the file.
    Range(Range<u64>),
    /// Bytes of the file that are to be inlined.
    ToInline(Range<u64>),
    /// Bytes of another file.
    Elsewhere(Box<Elsewhere>),
    /// Bytes of the file that are to be decoded and inlined.
    ToDecode(Box<ToDecode>),
    /// Strings that are to be looked up.
    Text(Box<TextChunk>),
}

/// Bytes of another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    pub(crate) file: Arc<str>,
    pub(crate) range: Range<u64>,
    /// Whether they are to be inlined.
    pub(crate) inline: bool,
}

// There may be millions: what is larger is boxed.
const _: () = assert!(size_of::<Entry>() <= 64);

impl Reference {
    /// The bytes it refers to, and the file that they are in, `None` for the one that the references are of.
    /// `None` for what is, or shall be, in the sidecar itself.
    pub(crate) fn place(&self) -> Option<(Option<&str>, &Range<u64>)> {
        match self {
            // What was to be inlined, and was not, is where it is.
            Self::Range(range) | Self::ToInline(range) => Some((None, range)),
            Self::Elsewhere(at) => Some((Some(&at.file), &at.range)),
            Self::Document(_) | Self::Inline(_) | Self::ToDecode(_) | Self::Text(_) => None,
        }
    }
}

/// The references of one file.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// By key, once sorted.
    entries: Vec<Entry>,
    /// What is not in the sidecar.
    pub not_referenced: Vec<NotReferenced>,
    /// Links that are not.
    pub links: Vec<LeftOut>,
    /// How much is.
    pub counts: Counts,
    tree: Tree,
    /// What may still be looked up, decoded and inlined.
    pub(crate) budgets: Budgets,
}

impl References {
    /// The references of an index, which follows no other file. The problems are in order, as the walk gives them.
    #[must_use]
    pub fn new(index: &Index, problems: &[Problem], options: &Options) -> Self {
        let room = Room::of_file(index.file_length);
        let tilings = BTreeMap::new();
        Self::following(index, problems, Tree::default(), &tilings, options, &room)
    }

    /// The references of an index, for which there is this room; of datasets whose data is in other files, what was
    /// found there.
    pub(crate) fn following(
        index: &Index,
        problems: &[Problem],
        mut tree: Tree,
        tilings: &Tilings,
        options: &Options,
        room: &Room,
    ) -> Self {
        let mut references = Self::default();
        let dimensions = Dimensions::of(index);
        let encoded = RefCell::default();
        let file = File { dimensions: &dimensions, index, problems, options, encoded };
        let mut budgets = Budgets::new(options, room);
        references.entries.reserve(counts::room(index));
        let places = tree.linked.iter_mut().flat_map(|linked| &mut linked.places);
        dims::rename(places, &dimensions, index);
        for object in &index.objects {
            let is_needed = tree.needs(&object.path);
            match &object.kind {
                ObjectKind::Dataset(_) if !is_needed => {
                    references.counts.datasets += 1;
                    references.counts.not_selected += 1;
                }
                _ if !is_needed => {}
                ObjectKind::Group(_) => match unsayable(&object.path) {
                    None => references.group(object, index, &mut budgets),
                    Some(why) => references.not_referenced.push(NotReferenced {
                        path: object.path.clone(),
                        reason: why.into(),
                        lost: true,
                    }),
                },
                ObjectKind::Dataset(dataset) => {
                    references.counts.datasets += 1;
                    let tiling = tilings.get(&object.path);
                    match Array::new(object, dataset, tiling, &file, &mut budgets) {
                        Ok(array) => {
                            let threshold = options.inline_threshold;
                            references.array(object, dataset, &array, threshold, &mut budgets);
                        }
                        Err(why) => references.not_referenced.push(why),
                    }
                }
                _ => {}
            }
        }
        references.sort();
        references.tree = tree;
        references.budgets = budgets;
        references
    }

    /// Takes arrays out, and says why.
    pub(crate) fn take_out(&mut self, lost: BTreeMap<String, String>) {
        if lost.is_empty() {
            return;
        }
        let before = self.entries.len();
        self.entries.retain(|(key, _)| !lost.contains_key(key.path()));
        let arrays = lost.len() as u64;
        // Their two documents are no chunks.
        let chunks = (before.saturating_sub(self.entries.len()) as u64).saturating_sub(2 * arrays);
        self.counts.arrays = self.counts.arrays.saturating_sub(arrays);
        self.counts.inlined_chunks = self.counts.inlined_chunks.saturating_sub(chunks);
        self.not_referenced.extend(lost.into_iter().map(|(array, reason)| NotReferenced {
            path: format!("/{array}"),
            reason,
            lost: true,
        }));
        self.not_referenced.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// The codecs that readers need, by name.
    #[must_use]
    pub fn codecs(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for (key, reference) in &self.entries {
            if let Reference::Document(text) = reference
                && key.rest == ".zarray"
                && let Ok(array) = serde_json::from_str::<Value>(text)
            {
                let filters = array["filters"].as_array().into_iter().flatten();
                names.extend(filters.filter_map(|codec| codec["id"].as_str()).map(str::to_owned));
            }
        }
        names
    }

    /// Adds an attribute to the root group.
    pub(crate) fn set_attribute(&mut self, name: &str, value: Value) {
        let root = Key::new(&prefix(""), ".zattrs");
        let entry = self.find(&root).and_then(|n| self.entries.get_mut(n));
        if let Some((_, Reference::Document(text))) = entry
            && let Ok(Value::Object(mut attributes)) = serde_json::from_str(text)
        {
            attributes.insert(name.to_owned(), value);
            *text = Value::Object(attributes).to_string();
        }
    }

    /// The references by key, in order.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where the entry of a key is.
    fn find(&self, key: &Key) -> Option<usize> {
        self.entries.binary_search_by(|(other, _)| other.cmp(key)).ok()
    }

    fn group(&mut self, group: &Object, index: &Index, budgets: &mut Budgets) {
        self.counts.groups += 1;
        let prefix = prefix(&group.path);
        let attrs =
            match budgets.documents.charge(attrs::size(group, index, budgets.documents.left())) {
                Ok(()) => attrs::attributes(group, index, &[]),
                Err(why) => {
                    self.not_referenced.push(NotReferenced {
                        path: group.path.clone(),
                        reason: format!("its attributes: {why}"),
                        lost: true,
                    });
                    Map::new()
                }
            };
        self.document(Key::new(&prefix, ".zattrs"), &attrs.into());
        self.document(Key::new(&prefix, ".zgroup"), &json!({ "zarr_format": 2 }));
    }

    fn array(
        &mut self,
        object: &Object,
        dataset: &Dataset,
        array: &Array,
        threshold: u64,
        budgets: &mut Budgets,
    ) {
        self.counts.arrays += 1;
        let prefix = prefix(&object.path);
        let first = self.entries.len();
        let metadata = Reference::Document(array.metadata.clone());
        self.entries.push((Key::new(&prefix, ".zarray"), metadata));
        self.document(Key::new(&prefix, ".zattrs"), &array.attributes);
        array.chunks(dataset, |key, chunk| {
            let mut is_small = |range: &Range<u64>| {
                let size = range.end - range.start;
                size < threshold && budgets.inline.charge(size).is_ok()
            };
            let chunk = match chunk {
                Reference::Range(range) if is_small(&range) => Reference::ToInline(range),
                Reference::Elsewhere(mut at) => {
                    at.inline = is_small(&at.range);
                    Reference::Elsewhere(at)
                }
                chunk => chunk,
            };
            let inlined = match &chunk {
                Reference::Range(_) => false,
                Reference::Elsewhere(at) => at.inline,
                _ => true,
            };
            match inlined {
                true => self.counts.inlined_chunks += 1,
                false => self.counts.referenced_chunks += 1,
            }
            self.entries.push((Key::new(&prefix, key), chunk));
        });
        // A chunk `10` is before a chunk `2`, and `.zarray` before both.
        self.entries[first..].sort_unstable_by(|(a, _), (b, _)| a.rest.cmp(&b.rest));
    }

    fn document(&mut self, key: Key, document: &Value) {
        self.entries.push((key, Reference::Document(document.to_string())));
    }

    /// Objects come in order of their paths, which nearly always is that of their keys.
    fn sort(&mut self) {
        if !self.entries.is_sorted_by(|(a, _), (b, _)| a <= b) {
            self.entries.par_sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        }
    }
}
