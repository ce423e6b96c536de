//! Data in other files, in the document: names as libhdf5's users have them, selections as its
//! functions take them.

use h5meta::heap::virtual_dataset::Mapping;
use h5meta::model::ExternalFile;
use h5meta::selection::{Selection, Span};
use serde_json::{Value, json};

use super::text;

/// `[name, offset, size]` of each file; a size of 2^64 - 1 is as much as is needed.
pub(super) fn external(files: &[ExternalFile]) -> Value {
    let file =
        |file: &ExternalFile| json!([text(&file.name), file.offset, file.size.unwrap_or(u64::MAX)]);
    files.iter().map(file).collect()
}

/// `[file, dataset]` of each mapping.
pub(super) fn sources(mappings: &[Mapping]) -> Value {
    let source =
        |mapping: &Mapping| json!([text(&mapping.source_file), text(&mapping.source_dataset)]);
    mappings.iter().map(source).collect()
}

/// The selections of each mapping, in the source and in the virtual dataset.
pub(super) fn selections(mappings: &[Mapping]) -> Value {
    let pair = |mapping: &Mapping| json!({ "source": selection(&mapping.source), "virtual": selection(&mapping.target) });
    mappings.iter().map(pair).collect()
}

/// `"all"`, `"none"`, `{"points": [...]}`, `{"blocks": [[first, last], ...]}`, or a regular hyperslab
/// with a list for each of `start`, `stride`, `count` and `block`, where null is unlimited.
pub(super) fn selection(selection: &Selection) -> Value {
    match selection {
        Selection::All => json!("all"),
        Selection::None => json!("none"),
        Selection::Points(points) => json!({ "points": points.iter().collect::<Vec<_>>() }),
        Selection::Blocks(blocks) => json!({ "blocks": blocks.iter().collect::<Vec<_>>() }),
        Selection::Regular(spans) => {
            let each = |field: fn(&Span) -> Value| spans.iter().map(field).collect::<Value>();
            json!({
                "start": each(|span| json!(span.start)),
                "stride": each(|span| json!(span.stride)),
                "count": each(|span| json!(span.count)),
                "block": each(|span| json!(span.block)),
            })
        }
        _ => Value::Null,
    }
}
