//! Data in other files: the names of external files are in a local heap, the mappings of a virtual
//! dataset in the global heap. Both are wanted as soon as a header names them, and joined at the end.

use bytes::Bytes;

use super::objects::HeaderBlock;
use super::{Then, Walk};
use crate::error::{Error, Result};
use crate::heap::local;
use crate::message::ExternalFiles;
use crate::wire::{Address, to_usize};

/// An external data files message, and what its local heap says so far.
#[derive(Debug)]
pub(super) struct External {
    pub(super) files: ExternalFiles,
    /// The heap's data segment, or why it cannot be read; `None` until it is here.
    pub(super) names: Option<Result<Bytes>>,
}

impl Walk {
    /// Raw data is in external files: their names are wanted.
    pub(super) fn external_files(&mut self, id: HeaderBlock, files: ExternalFiles) -> Result<()> {
        let Some(block) = self.objects.block_mut(id) else { return Ok(()) };
        if block.external.is_some() {
            return Ok(());
        }
        let heap = files.heap;
        block.external = Some(External { files, names: None });
        let (min, hint) = self.local_heap_size();
        if let Err(error) = self.want(heap, min, hint, Then::ExternalHeap(id)) {
            self.external_lost(id, error);
        }
        Ok(())
    }

    pub(super) fn external_heap(&mut self, id: HeaderBlock, bytes: &Bytes) -> Result<()> {
        let header = local::Header::decode(bytes, self.sizes()?)?;
        let then = Then::ExternalHeapData(id, header.data_size);
        self.want(header.data, header.data_size, header.data_size, then)
    }

    pub(super) fn external_heap_data(
        &mut self,
        id: HeaderBlock,
        size: u64,
        bytes: &Bytes,
    ) -> Result<()> {
        self.charge_bytes(size)?;
        let names = bytes.slice(..to_usize(size).min(bytes.len()));
        self.external_names(id, Ok(names));
        Ok(())
    }

    /// The names of external files cannot be read.
    pub(super) fn external_lost(&mut self, id: HeaderBlock, error: Error) {
        self.external_names(id, Err(error));
    }

    fn external_names(&mut self, id: HeaderBlock, names: Result<Bytes>) {
        let block = self.objects.block_mut(id);
        if let Some(external) = block.and_then(|block| block.external.as_mut()) {
            external.names = Some(names);
        }
    }

    /// A dataset is virtual: its mappings are wanted. A collection that cannot be had is found
    /// missing when they are looked up.
    pub(super) fn virtual_dataset(&mut self, collection: Option<Address>) {
        if let Some(address) = collection.filter(|address| address.0 != 0) {
            self.want_collection(address, None);
        }
    }
}
