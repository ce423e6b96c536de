//! What an object is: the messages of its header, put together.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::attributes::unsupported;
use super::super::elsewhere::External;
use super::super::groups::SymbolTableState;
use super::super::objects::{ObjectId, ObjectState};
use super::super::{Walk, limit};
use super::{Problems, elsewhere, shown};
use crate::error::{Error, Kind, Result};
use crate::heap::local;
use crate::message::{
    Dataspace, Datatype, FillValue, Filter, Layout, Link, LinkTarget, MaybeShared, Message,
};
use crate::model::{Dataset, Effect, Group, NamedLink, ObjectKind, Storage};
use crate::spec::Structure;
use crate::superblock::Superblock;
use crate::symbol_table::Entry;
use crate::wire::{FileOffset, to_u64, to_usize};

/// What each object is.
pub(super) fn kinds(
    walk: &Walk,
    superblock: &Superblock,
    problems: &mut Problems,
) -> HashMap<ObjectId, ObjectKind> {
    // The superblock extension is no object of the file, though it has a header like one.
    let extension = superblock.extension.and_then(|address| walk.objects.find(address));
    walk.objects
        .iter()
        .filter(|(id, _)| extension != Some(*id))
        .map(|(id, state)| {
            let mut problem = |effect, error| problems.push((Some(id), effect, error));
            (id, Facts::of(state).kind(walk, state, superblock, &mut problem))
        })
        .collect()
}

/// The messages of a header that say what the object is; of two the first counts.
#[derive(Default)]
struct Facts<'a> {
    dataspace: Option<&'a MaybeShared<Dataspace>>,
    datatype: Option<&'a MaybeShared<Arc<Datatype>>>,
    layout: Option<&'a Layout>,
    fill_value: Option<&'a MaybeShared<FillValue>>,
    fill_value_old: Option<&'a MaybeShared<FillValue>>,
    filters: Option<&'a MaybeShared<Arc<[Filter]>>>,
    external: Option<&'a External>,
    symbol_table: Option<&'a SymbolTableState>,
    links: Vec<&'a Link>,
    new_style: bool,
    shared_attributes: bool,
}

impl<'a> Facts<'a> {
    fn of(state: &'a ObjectState) -> Self {
        let mut facts = Self::default();
        for block in state.blocks() {
            facts.layout = facts.layout.or(block.layout.as_ref());
            facts.symbol_table = facts.symbol_table.or(block.symbol_table.as_ref());
            facts.external = facts.external.or(block.external.as_ref());
        }
        for message in state.blocks().flat_map(|block| &block.messages) {
            match message {
                Message::Dataspace(space) => _ = facts.dataspace.get_or_insert(space),
                Message::Datatype(datatype) => _ = facts.datatype.get_or_insert(datatype),
                Message::FillValue(fill) => _ = facts.fill_value.get_or_insert(fill),
                Message::FillValueOld(fill) => _ = facts.fill_value_old.get_or_insert(fill),
                Message::FilterPipeline(filters) => _ = facts.filters.get_or_insert(filters),
                Message::Link(link) => facts.links.push(link),
                Message::LinkInfo(_) => facts.new_style = true,
                Message::Attribute(MaybeShared::At(_)) => facts.shared_attributes = true,
                _ => {}
            }
        }
        facts
    }

    fn kind(
        self,
        walk: &Walk,
        state: &ObjectState,
        superblock: &Superblock,
        problem: &mut dyn FnMut(Effect, Error),
    ) -> ObjectKind {
        let at = superblock.locate(state.address).unwrap_or(FileOffset(0));
        let over = |name, max| limit(name, max, Structure::ObjectHeader).at(at);
        if state.messages > walk.limits.messages {
            problem(Effect::Object, over("messages", walk.limits.messages));
            return ObjectKind::Unreadable;
        }
        if self.shared_attributes {
            problem(Effect::Attribute(String::new()), unsupported("a shared attribute"));
        }
        if self.new_style || self.symbol_table.is_some() || !self.links.is_empty() {
            let mut links: Vec<NamedLink> = self.links.iter().map(|link| named(link)).collect();
            if let Some(table) = self.symbol_table {
                links.extend(old_style_links(table, problem));
            }
            links.sort_by(|a, b| (&a.name, &a.target).cmp(&(&b.name, &b.target)));
            if to_u64(links.len()) > walk.limits.links {
                problem(Effect::Links, over("links", walk.limits.links));
                links.truncate(to_usize(walk.limits.links));
            }
            return ObjectKind::Group(Group { links });
        }
        match (self.datatype, self.dataspace, self.layout) {
            (Some(datatype), None, None) => {
                let resolved = walk.resolve_datatype(datatype).cloned();
                if resolved.is_none() {
                    problem(Effect::Object, unsupported("a datatype shared in another way"));
                }
                ObjectKind::NamedDatatype(resolved)
            }
            (None, None, None) if state.format.is_none() => ObjectKind::Unreadable,
            (None, None, None) => {
                let kind = Kind::Invalid { value: 0, why: "neither group, dataset nor datatype" };
                problem(Effect::Object, Error::new(kind, Structure::ObjectHeader, 0));
                ObjectKind::Unreadable
            }
            _ => {
                let dataset = self.dataset(walk, superblock, problem);
                let rank =
                    dataset.dataspace.as_ref().map_or(0, |space| to_u64(space.shape().len()));
                if rank > walk.limits.dimensions {
                    problem(Effect::Data, over("dimensions", walk.limits.dimensions));
                }
                ObjectKind::Dataset(Box::new(dataset))
            }
        }
    }

    fn dataset(
        &self,
        walk: &Walk,
        superblock: &Superblock,
        problem: &mut dyn FnMut(Effect, Error),
    ) -> Dataset {
        let dataspace = here(self.dataspace, "a shared dataspace", problem).cloned();
        let committed = matches!(self.datatype, Some(MaybeShared::At(_)));
        let datatype = self.datatype.and_then(|datatype| walk.resolve_datatype(datatype)).cloned();
        if datatype.is_none() && committed {
            problem(Effect::Data, unsupported("a shared datatype that cannot be found"));
        }
        // The newer message counts; files have both for the sake of older readers.
        let fill_value = self.fill_value.or(self.fill_value_old);
        let fill_value = here(fill_value, "a shared fill value", problem).cloned();
        let filters = here(self.filters, "a shared filter pipeline", problem).cloned();
        let mut dataset = Dataset {
            dataspace,
            datatype,
            committed,
            fill_value: fill_value.unwrap_or(FillValue::Undefined),
            filters: filters.unwrap_or_default(),
            storage: Storage::Unreadable,
        };
        dataset.storage = match self.storage(&dataset, superblock) {
            Ok(storage) => storage,
            Err(error) => {
                problem(Effect::Data, error);
                Storage::Unreadable
            }
        };
        dataset
    }

    fn storage(&self, dataset: &Dataset, superblock: &Superblock) -> Result<Storage> {
        let Some(layout) = self.layout else {
            let kind = Kind::Invalid { value: 0, why: "a dataset without a layout" };
            return Err(Error::new(kind, Structure::Layout, 0));
        };
        Ok(match layout {
            Layout::Compact { data } => Storage::Compact { data: data.clone() },
            Layout::Contiguous { address, size } => match (self.external, address) {
                (Some(external), _) => {
                    Storage::External { files: elsewhere::external_files(external, superblock)? }
                }
                (None, None) => Storage::Contiguous { at: None, size: 0 },
                (None, Some(address)) => {
                    let size = size.or_else(|| dataset.size()).unwrap_or(u64::MAX);
                    Storage::Contiguous { at: Some(superblock.locate(*address)?), size }
                }
            },
            Layout::Chunked { chunk_shape, index, unfiltered_edges, .. } => {
                // The chunks come later: see `chunks`.
                Storage::Chunked {
                    chunk_shape: chunk_shape.clone(),
                    index: *index,
                    unfiltered_edges: *unfiltered_edges,
                    chunks: None,
                }
            }
            // The mappings come later: see `elsewhere`.
            Layout::Virtual { .. } => Storage::Virtual { mappings: None },
        })
    }
}

/// A message that must be in the header itself.
fn here<'a, T>(
    message: Option<&'a MaybeShared<T>>,
    what: &'static str,
    problem: &mut dyn FnMut(Effect, Error),
) -> Option<&'a T> {
    let message = message?;
    if message.here().is_none() {
        problem(Effect::Data, unsupported(what));
    }
    message.here()
}

fn named(link: &Link) -> NamedLink {
    NamedLink { name: shown(&link.name), target: link.target.clone() }
}

/// The links of a symbol table: its entries, joined with the names in its local heap.
fn old_style_links(
    table: &SymbolTableState,
    problem: &mut dyn FnMut(Effect, Error),
) -> Vec<NamedLink> {
    // Without a heap there is a problem already.
    let Some(names) = &table.names else { return Vec::new() };
    if share_bytes(&table.entries, names) {
        let kind = Kind::Invalid { value: 0, why: "names that share their bytes" };
        problem(Effect::Links, Error::new(kind, Structure::LocalHeap, 0));
        return Vec::new();
    }
    let mut links = Vec::with_capacity(table.entries.len());
    for entry in &table.entries {
        let name = local::string(names, entry.name);
        let target = match (entry.soft_link, entry.header) {
            (Some(offset), _) => {
                local::string(names, offset).map(|path| LinkTarget::Soft(path.to_vec()))
            }
            (None, Some(address)) => Ok(LinkTarget::Hard(address)),
            (None, None) => {
                let kind = Kind::Invalid { value: u64::MAX, why: "a link without an address" };
                Err(Error::new(kind, Structure::SymbolTableNode, 0))
            }
        };
        match name.and_then(|name| Ok(NamedLink { name: shown(name), target: target? })) {
            Ok(link) => links.push(link),
            Err(error) => problem(Effect::Links, error),
        }
    }
    links
}

/// Whether names are longer in all than their heap. An honest heap has each once; entries that all
/// name one long string would take the square of the file.
fn share_bytes(entries: &[Entry], names: &[u8]) -> bool {
    let offsets = entries.iter().flat_map(|entry| [Some(entry.name), entry.soft_link]);
    let mut strings = offsets.flatten().filter_map(|offset| local::string(names, offset).ok());
    let within =
        |sum: usize, string: &[u8]| sum.checked_add(string.len()).filter(|&sum| sum <= names.len());
    strings.try_fold(0, within).is_none()
}
