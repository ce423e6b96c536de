//! The whole index as one JSON document, for scripts that compare it with what libhdf5 says.
//!
//! `{"objects": [...], "problems": [...]}`; an object's fields are named as libhdf5's users name them
//! (`path`, `type`, `attrs`, `links`, `shape`, `layout`, `filters`, `chunks`, ...).

mod datatype;
mod describe;
mod elsewhere;
mod value;

use std::cell::RefCell;

use h5meta::message::{ChunkIndex, Dataspace, FillValue, Filter, LinkTarget};
use h5meta::model::{
    Attribute, Chunk, Dataset, Index, NamedLink, Object, ObjectKind, Problem, Storage,
};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

pub use self::datatype::datatype;
pub use self::describe::describe;
use self::value::{Element, Lists};
pub(crate) use self::value::{float, nested, number_of, reference, text};

/// The document of an index, and of what could not be read. It is made as it is written, for it may be far longer
/// than the file: what the file has once for many, it has everywhere.
pub fn document<'a>(index: &'a Index, problems: &'a [Problem]) -> impl Serialize + 'a {
    let superblock = &index.superblock;
    Document {
        superblock_version: superblock.version,
        userblock: superblock.base.0,
        sizes: [superblock.sizes.o(), superblock.sizes.l()],
        fs_strategy: superblock.file_space.map_or(0, |space| space.strategy as u8),
        page_size: superblock.file_space.and_then(|space| space.page_size),
        size: index.file_length,
        objects: Each(|| index.objects.iter().map(|object| Fields { object, index })),
        problems: Each(|| problems.iter().map(problem)),
    }
}

#[derive(Serialize)]
struct Document<O: Serialize, P: Serialize> {
    superblock_version: u8,
    userblock: u64,
    sizes: [usize; 2],
    fs_strategy: u8,
    page_size: Option<u64>,
    size: Option<u64>,
    objects: O,
    problems: P,
}

/// What is made one after the other, as it is written.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq((self.0)())
    }
}

/// A problem, as the document and the report have it.
#[must_use]
pub fn problem(problem: &Problem) -> Value {
    json!({
        "path": problem.path,
        "structure": problem.error.structure().name(),
        "offset": problem.error.offset().map(|at| at.0),
        "reason": problem.error.reason(),
        "message": problem.error.to_string(),
    })
}

struct Fields<'a> {
    object: &'a Object,
    index: &'a Index,
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self { object, index } = *self;
        let mut out = out.serialize_map(None)?;
        out.serialize_entry("path", &object.path)?;
        if !object.aliases.is_empty() {
            out.serialize_entry("aliases", &object.aliases)?;
        }
        out.serialize_entry("addr", &object.address.0)?;
        out.serialize_entry("hdr", &json!({ "version": object.header_version }))?;
        let attributes = || object.attributes.iter().map(|it| Named { attribute: it, index });
        out.serialize_entry("attrs", &Each(attributes))?;
        match &object.kind {
            ObjectKind::Group(group) => {
                out.serialize_entry("type", "group")?;
                out.serialize_entry("links", &Each(|| group.links.iter().map(link)))?;
            }
            ObjectKind::Dataset(dataset) => {
                out.serialize_entry("type", "dataset")?;
                self::dataset(dataset, &mut out)?;
            }
            ObjectKind::NamedDatatype(named) => {
                out.serialize_entry("type", "datatype")?;
                let rendered = named.as_ref().map(|named| datatype(named, Some(true)));
                out.serialize_entry("dtype", &rendered)?;
            }
            _ => out.serialize_entry("type", "unreadable")?,
        }
        out.end()
    }
}

struct Named<'a> {
    attribute: &'a Attribute,
    index: &'a Index,
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self { attribute, index } = *self;
        let mut out = out.serialize_map(None)?;
        out.serialize_entry("name", &attribute.name)?;
        out.serialize_entry("shape", &shape(Some(&attribute.dataspace)))?;
        out.serialize_entry("dtype", &datatype(&attribute.datatype, None))?;
        if let Some(values) = &attribute.values {
            let datatype = &attribute.datatype;
            let elements = values.iter().map(|value| Element { value, datatype, index });
            let (shape, elements) = (attribute.dataspace.shape(), &RefCell::new(elements));
            out.serialize_entry("value", &Lists { shape, elements })?;
        }
        out.end()
    }
}

fn link(link: &NamedLink) -> Value {
    match &link.target {
        LinkTarget::Hard(_) => json!([link.name, "hard"]),
        LinkTarget::Soft(path) => json!([link.name, "soft", text(path)]),
        LinkTarget::External { file, path } => {
            json!([link.name, "external", [text(file), text(path)]])
        }
        _ => json!([link.name, "ud"]),
    }
}

fn dataset<M: SerializeMap>(dataset: &Dataset, out: &mut M) -> Result<(), M::Error> {
    let mut set = |name: &str, value: Value| out.serialize_entry(name, &value);
    let space = match &dataset.dataspace {
        Some(Dataspace::Null) => json!("null"),
        Some(Dataspace::Scalar) => json!("scalar"),
        Some(Dataspace::Simple { .. }) => json!("simple"),
        None => Value::Null,
    };
    set("space", space)?;
    set("shape", shape(dataset.dataspace.as_ref()))?;
    if let Some(Dataspace::Simple { max_shape, .. }) = &dataset.dataspace {
        set("maxshape", json!(max_shape))?;
    } else if dataset.dataspace == Some(Dataspace::Scalar) {
        set("maxshape", json!([]))?;
    }
    let committed = Some(dataset.committed);
    let rendered = dataset.datatype.as_ref().map(|each| datatype(each, committed));
    set("dtype", rendered.unwrap_or(Value::Null))?;
    set("filters", dataset.filters.iter().map(filter).collect())?;
    set("fill", fill_value(&dataset.fill_value))?;
    match &dataset.storage {
        Storage::Compact { data } => {
            set("layout", json!("compact"))?;
            set("storage_size", json!(data.len()))?;
            set("hex", json!(hex(data)))?;
        }
        Storage::Contiguous { at, size } => {
            set("layout", json!("contiguous"))?;
            set("offset", json!(at.map(|at| at.0)))?;
            set("storage_size", json!(size))?;
            set("size", json!(size))?;
        }
        Storage::Chunked { chunk_shape, index, chunks, .. } => {
            set("layout", json!("chunked"))?;
            set("chunk_shape", json!(chunk_shape))?;
            set("index_type", json!(index_type(*index)))?;
            if let Some(chunks) = chunks {
                set("storage_size", json!(chunks.stored_size()))?;
                set("nchunks", json!(chunks.len()))?;
                out.serialize_entry("chunks", &Each(|| chunks.iter().map(chunk)))?;
            }
        }
        Storage::External { files } => {
            set("layout", json!("contiguous"))?;
            set("offset", Value::Null)?;
            set("external", elsewhere::external(files))?;
        }
        Storage::Virtual { mappings } => {
            set("layout", json!("virtual"))?;
            if let Some(mappings) = mappings {
                set("virtual", elsewhere::sources(mappings))?;
                set("virtual_selections", elsewhere::selections(mappings))?;
            }
        }
        _ => set("layout", Value::Null)?,
    }
    Ok(())
}

fn shape(dataspace: Option<&Dataspace>) -> Value {
    match dataspace {
        Some(Dataspace::Null) | None => Value::Null,
        Some(dataspace) => json!(dataspace.shape()),
    }
}

/// The parameters are `cd_values` in libhdf5's interface and `values` in its users' scripts: both.
fn filter(filter: &Filter) -> Value {
    let mut rendered = json!({
        "id": filter.id,
        "flags": filter.flags,
        "values": filter.client_data,
        "cd_values": filter.client_data,
    });
    if let Some(name) = &filter.name {
        rendered["name"] = json!(name);
    }
    rendered
}

fn fill_value(fill: &FillValue) -> Value {
    match fill {
        FillValue::Default => json!({ "status": "default" }),
        FillValue::Undefined => json!({ "status": "undefined" }),
        FillValue::Value(bytes) => json!({ "status": "user", "hex": hex(bytes) }),
    }
}

fn chunk(chunk: Chunk<'_>) -> Value {
    json!([chunk.offset, chunk.at.0, chunk.size, chunk.filter_mask])
}

/// The name of a chunk index, as listings have it.
#[must_use]
pub fn index_type(index: ChunkIndex) -> &'static str {
    match index {
        ChunkIndex::BtreeV1 { .. } => "btree_v1",
        ChunkIndex::Single { .. } => "single",
        ChunkIndex::Implicit { .. } => "implicit",
        ChunkIndex::FixedArray { .. } => "fixed_array",
        ChunkIndex::ExtensibleArray { .. } => "extensible_array",
        ChunkIndex::BtreeV2 { .. } => "btree_v2",
        _ => "unknown",
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}");
        hex
    })
}
