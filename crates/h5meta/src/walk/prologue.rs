//! What must be known before the root group is looked at: driver information, which says whether the
//! file is whole; the superblock extension; and the metadata cache image, without which some metadata
//! is not where addresses say.
//!
//! Most files have none of these, and then the root group comes next. Most that have an extension have
//! it at the very front, so that the wait for it costs no round trip.

use bytes::Bytes;

use super::objects::{HEADER_HINT, HeaderBlock, ObjectId, ObjectState};
use super::{Then, Walk};
use crate::error::{Error, Kind, Result};
use crate::message::Message;
use crate::model::Effect;
use crate::spec::Structure;
use crate::superblock::{BLOCK_PREFIX, CacheImage, DriverInfo, Superblock};
use crate::wire::FileOffset;

/// Blocks that the root group waits for.
#[derive(Debug, Default)]
pub(super) struct Prologue {
    outstanding: usize,
}

impl Walk {
    pub(super) fn superblock(&mut self, at: FileOffset, bytes: &Bytes) -> Result<()> {
        let superblock = Superblock::decode(bytes, at, self.checksums)?;
        let (driver_info, extension) = (superblock.driver_info, superblock.extension);
        self.superblock = Some(superblock);
        // One more than there are, so that none is the last before all are wanted.
        self.prologue.outstanding = 1;
        if let Some(address) = driver_info {
            self.prologue_wants();
            if let Err(error) = self.want(address, BLOCK_PREFIX, HEADER_HINT, Then::DriverInfo) {
                self.fail(Then::DriverInfo, error)?;
            }
        }
        if let Some(address) = extension {
            self.prologue_wants();
            self.object(address)?;
        }
        self.prologue_part_done();
        Ok(())
    }

    fn prologue_wants(&mut self) {
        self.prologue.outstanding = self.prologue.outstanding.saturating_add(1);
    }

    /// A part of the prologue has arrived, or never will. After the last one comes the root group.
    pub(super) fn prologue_part_done(&mut self) {
        self.prologue.outstanding = self.prologue.outstanding.saturating_sub(1);
        if self.prologue.outstanding == 0
            && let Err(error) = self.root_group()
        {
            self.exhaust(error);
        }
    }

    fn root_group(&mut self) -> Result<()> {
        let Some(superblock) = &self.superblock else { return Ok(()) };
        let (root, cached) = (superblock.root, superblock.root_cache);
        let root = self.object(root)?;
        self.objects.set_root(root);
        if let Some(cached) = cached {
            self.guess_group(cached);
        }
        Ok(())
    }

    /// The driver information block has arrived.
    pub(super) fn driver_info(&mut self, bytes: &Bytes) -> Result<()> {
        let info = DriverInfo::decode_block(bytes)?;
        self.charge_bytes(info.block_size())?;
        info.check_whole()?;
        self.prologue_part_done();
        Ok(())
    }

    /// Driver information cannot be read, or says that the file is not whole.
    pub(super) fn driver_info_lost(&mut self, error: Error) -> Result<()> {
        if matches!(error.kind(), Kind::Part(_)) {
            return Err(error);
        }
        self.problems.push((None, Effect::Detail, error));
        self.prologue_part_done();
        Ok(())
    }

    /// If the object is the superblock extension: what it says counts from now on.
    pub(super) fn extension_done(&mut self, id: ObjectId) {
        let Some(superblock) = &mut self.superblock else { return };
        if superblock.extension.and_then(|address| self.objects.find(address)) != Some(id) {
            return;
        }
        crate::coverage::mark(Structure::SuperblockExtension, "object header");
        let (mut table, mut image, mut whole) = (None, None, Ok(()));
        let blocks = self.objects.get(id).into_iter().flat_map(ObjectState::blocks);
        for message in blocks.flat_map(|block| &block.messages) {
            match message {
                Message::BtreeK(k) => superblock.btree_k = *k,
                Message::FileSpaceInfo(info) => superblock.file_space = Some(*info),
                Message::SharedMessageTable(at) => table = table.or(Some(*at)),
                Message::CacheImage(at) => image = image.or(*at),
                Message::DriverInfo(info) => whole = whole.and(info.check_whole()),
                _ => {}
            }
        }
        let place = superblock.extension.and_then(|address| superblock.locate(address).ok());
        if let Err(error) = whole {
            self.exhaust(error.at(place.unwrap_or(FileOffset(0))));
            return;
        }
        if let Some(image) = image {
            self.prologue_wants();
            let then = Then::CacheImage(image);
            if let Err(error) = self.want(image.address, image.length, image.length, then) {
                self.exhaust(error);
            }
        }
        if let Some(table) = table {
            self.shared_table(HeaderBlock::first(id), table);
        }
        self.prologue_part_done();
    }

    /// The metadata cache image has arrived: what is in it counts, and not what is in its place.
    pub(super) fn cache_image(&mut self, image: CacheImage, bytes: &Bytes) -> Result<()> {
        let entries = image.entries(bytes, self.sizes()?, self.checksums)?;
        self.charge_bytes(image.length)?;
        for entry in entries {
            let at = self.locate(entry.address)?;
            if !self.extents.lay_over(at, entry.bytes) {
                let value = entry.address.0;
                let kind = Kind::Invalid { value, why: "entries that overlap" };
                return Err(Error::new(kind, Structure::CacheImage, 0));
            }
        }
        self.prologue_part_done();
        Ok(())
    }
}
