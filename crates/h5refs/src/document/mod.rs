//! The whole index as one JSON document, for scripts that compare it with what libhdf5 says.
//!
//! `{"objects": [...], "problems": [...]}`; an object's fields are named as libhdf5's users name them
//! (`path`, `type`, `attrs`, `links`, `shape`, `layout`, `filters`, `chunks`, ...).

mod datatype;
mod describe;
mod elsewhere;
mod value;

use h5meta::message::{ChunkIndex, Dataspace, FillValue, Filter, LinkTarget};
use h5meta::model::{
    Attribute, ChunkTable, Dataset, Index, NamedLink, Object, ObjectKind, Problem, Storage,
};
use serde_json::{Map, Value, json};

pub use self::datatype::datatype;
pub use self::describe::describe;
pub(crate) use self::value::{float, number_of, text, value};

/// The document of an index, and of what could not be read.
#[must_use]
pub fn document(index: &Index, problems: &[Problem]) -> Value {
    let superblock = &index.superblock;
    json!({
        "superblock_version": superblock.version,
        "userblock": superblock.base.0,
        "sizes": [superblock.sizes.o(), superblock.sizes.l()],
        "fs_strategy": superblock.file_space.map_or(0, |space| space.strategy as u8),
        "page_size": superblock.file_space.and_then(|space| space.page_size),
        "size": index.file_length,
        "objects": index.objects.iter().map(|each| object(each, index)).collect::<Vec<_>>(),
        "problems": problems.iter().map(problem).collect::<Vec<_>>(),
    })
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

fn object(object: &Object, index: &Index) -> Value {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| _ = fields.insert(name.into(), value);
    set("path", json!(object.path));
    if !object.aliases.is_empty() {
        set("aliases", json!(object.aliases));
    }
    set("addr", json!(object.address.0));
    set("hdr", json!({ "version": object.header_version }));
    let attributes = object.attributes.iter().map(|each| attribute(each, index));
    set("attrs", attributes.collect());
    match &object.kind {
        ObjectKind::Group(group) => {
            set("type", json!("group"));
            set("links", group.links.iter().map(link).collect());
        }
        ObjectKind::Dataset(dataset) => {
            set("type", json!("dataset"));
            fields.append(&mut self::dataset(dataset));
        }
        ObjectKind::NamedDatatype(named) => {
            set("type", json!("datatype"));
            set("dtype", named.as_ref().map_or(Value::Null, |named| datatype(named, Some(true))));
        }
        _ => set("type", json!("unreadable")),
    }
    Value::Object(fields)
}

fn attribute(attribute: &Attribute, index: &Index) -> Value {
    let mut fields = Map::new();
    fields.insert("name".into(), json!(attribute.name));
    fields.insert("shape".into(), shape(Some(&attribute.dataspace)));
    fields.insert("dtype".into(), datatype(&attribute.datatype, None));
    if let Some(values) = &attribute.values {
        let rendered = values.iter().map(|each| value(each, &attribute.datatype, index));
        let nested = nest(rendered.collect(), attribute.dataspace.shape());
        fields.insert("value".into(), nested);
    }
    Value::Object(fields)
}

/// Values in C order as lists of lists, the innermost of the last dimension; a scalar is no list.
fn nest(values: Vec<Value>, shape: &[u64]) -> Value {
    let mut values = values;
    for extent in shape.iter().skip(1).rev() {
        let extent = usize::try_from(*extent).unwrap_or(usize::MAX);
        if extent == 0 {
            // Lists without elements are as many as the dimensions before say: one is enough.
            return json!([]);
        }
        values = values.chunks(extent).map(|row| Value::from(row.to_vec())).collect();
    }
    match (shape, values.as_slice()) {
        ([], [one]) => one.clone(),
        _ => values.into(),
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

fn dataset(dataset: &Dataset) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| _ = fields.insert(name.into(), value);
    let space = match &dataset.dataspace {
        Some(Dataspace::Null) => json!("null"),
        Some(Dataspace::Scalar) => json!("scalar"),
        Some(Dataspace::Simple { .. }) => json!("simple"),
        None => Value::Null,
    };
    set("space", space);
    set("shape", shape(dataset.dataspace.as_ref()));
    if let Some(Dataspace::Simple { max_shape, .. }) = &dataset.dataspace {
        set("maxshape", json!(max_shape));
    } else if dataset.dataspace == Some(Dataspace::Scalar) {
        set("maxshape", json!([]));
    }
    let committed = Some(dataset.committed);
    let rendered = dataset.datatype.as_ref().map(|each| datatype(each, committed));
    set("dtype", rendered.unwrap_or(Value::Null));
    set("filters", dataset.filters.iter().map(filter).collect());
    set("fill", fill_value(&dataset.fill_value));
    match &dataset.storage {
        Storage::Compact { data } => {
            set("layout", json!("compact"));
            set("storage_size", json!(data.len()));
            set("hex", json!(hex(data)));
        }
        Storage::Contiguous { at, size } => {
            set("layout", json!("contiguous"));
            set("offset", json!(at.map(|at| at.0)));
            set("storage_size", json!(size));
            set("size", json!(size));
        }
        Storage::Chunked { chunk_shape, index, chunks, .. } => {
            set("layout", json!("chunked"));
            set("chunk_shape", json!(chunk_shape));
            set("index_type", json!(index_type(*index)));
            if let Some(chunks) = chunks {
                set("storage_size", json!(chunks.stored_size()));
                set("nchunks", json!(chunks.len()));
                set("chunks", self::chunks(chunks));
            }
        }
        Storage::External { files } => {
            set("layout", json!("contiguous"));
            set("offset", Value::Null);
            set("external", elsewhere::external(files));
        }
        Storage::Virtual { mappings } => {
            set("layout", json!("virtual"));
            if let Some(mappings) = mappings {
                set("virtual", elsewhere::sources(mappings));
                set("virtual_selections", elsewhere::selections(mappings));
            }
        }
        _ => set("layout", Value::Null),
    }
    fields
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

fn chunks(chunks: &ChunkTable) -> Value {
    chunks
        .iter()
        .map(|chunk| json!([chunk.offset, chunk.at.0, chunk.size, chunk.filter_mask]))
        .collect()
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
