//! Data in other files: joined from the headers and the heaps that they name.

use std::collections::HashMap;

use super::super::Walk;
use super::super::attributes::Slot;
use super::super::elsewhere::External;
use super::super::objects::ObjectId;
use super::Problems;
use crate::error::{Error, Kind, Result};
use crate::heap::local;
use crate::heap::virtual_dataset::{self, Mapping};
use crate::message::Layout;
use crate::model::{Effect, ExternalFile, ObjectKind, Storage};
use crate::spec::Structure;
use crate::superblock::Superblock;
use crate::wire::{Address, FileOffset, to_u64};

/// The external files of a dataset.
///
/// # Errors
/// What is wrong with the heap of their names, or with a name.
pub(super) fn external_files(
    external: &External,
    superblock: &Superblock,
) -> Result<Vec<ExternalFile>> {
    let names = match &external.names {
        Some(names) => names.clone()?,
        None => return Err(missing(0, "a heap of file names that never came")),
    };
    let at = superblock.locate(external.files.heap)?;
    // Honest slots name each file once or a few times; that all of many name one long string is not.
    let mut budget = to_u64(names.len()).saturating_mul(16).saturating_add(1 << 16);
    let file = |slot: &crate::message::external_files::Slot| {
        let name = local::string(&names, slot.name).map_err(|error| error.at(at))?;
        let left = budget.checked_sub(to_u64(name.len()));
        budget = left.ok_or_else(|| missing(slot.name, "file names that share their bytes"))?;
        let size = Some(slot.size).filter(|&size| size != u64::MAX);
        Ok(ExternalFile { name: names.slice_ref(name), offset: slot.offset, size })
    };
    external.files.slots.iter().map(file).collect()
}

fn missing(value: u64, why: &'static str) -> Error {
    Error::new(Kind::Invalid { value, why }, Structure::LocalHeap, 0)
}

/// Puts the mappings of each virtual dataset in place.
pub(super) fn take_mappings(
    walk: &mut Walk,
    superblock: &Superblock,
    kinds: &mut HashMap<ObjectId, ObjectKind>,
    problems: &mut Problems,
) -> Result<()> {
    let mut wanted = Vec::new();
    for (id, state) in walk.objects.iter() {
        let layout = state.blocks().find_map(|block| block.layout.as_ref());
        if let Some(&Layout::Virtual { collection, object }) = layout {
            wanted.push((id, collection, object));
        }
    }
    for (id, collection, object) in wanted {
        let Some(ObjectKind::Dataset(dataset)) = kinds.get_mut(&id) else { continue };
        match mappings(walk, superblock, collection, object) {
            Ok(found) => dataset.storage = Storage::Virtual { mappings: Some(found) },
            Err(error) => problems.push((Some(id), Effect::Data, error)),
        }
        // Datasets that share their mappings would be read again and again.
        if let Some(error) = &walk.exhausted {
            return Err(error.clone());
        }
    }
    Ok(())
}

fn mappings(
    walk: &mut Walk,
    superblock: &Superblock,
    collection: Option<Address>,
    object: u32,
) -> Result<Vec<Mapping>> {
    // Nothing was ever mapped.
    let Some(address) = collection.filter(|address| address.0 != 0) else { return Ok(Vec::new()) };
    let lacking = |why| {
        let kind = Kind::Invalid { value: object.into(), why };
        Error::new(kind, Structure::GlobalHeap, 0)
    };
    let at = superblock.locate(address)?;
    let (start, block) = match walk.attributes.collection_at(address) {
        Some(Slot::Here(collection)) => collection
            .place(object)
            .zip(collection.object(object).cloned())
            .ok_or_else(|| lacking("an object the collection lacks").at(at))?,
        Some(Slot::Lost(error)) => return Err(error.clone().at(at)),
        Some(Slot::Wanted(_)) | None => return Err(lacking("a collection that never came").at(at)),
    };
    walk.charge_bytes(to_u64(block.len()))?;
    let at = FileOffset(at.0.saturating_add(start));
    virtual_dataset::decode(&block, superblock.sizes, walk.checksums).map_err(|error| error.at(at))
}
