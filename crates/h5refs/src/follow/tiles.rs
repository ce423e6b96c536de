//! The chunks that the mappings of a virtual dataset show, as chunks of its own: if they all are of one
//! shape and went through the same filters, and lie on one grid.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use h5meta::message::Dataspace;
use h5meta::model::{Dataset, Storage};

use super::bytes;
use super::lines::{Line, aligned, shown_at};
use super::mapped::{Mapped, Shown};
use crate::kerchunk::{
    CodecSet, Codecs, Place, Tile, Tiling, check_place, chunked_codecs, fill, grid, is_inside,
    lost, same_type,
};
use crate::limits::of_file;

/// Elements of a chunk where nothing is stored, and any shape will do.
const CHUNK_OF_NOTHING: u64 = 1 << 20;

/// What all virtual datasets of a file may cost: mappings are short, and may all show the same chunks.
#[derive(Debug)]
pub(super) struct Budget {
    most: u64,
    /// Bytes of the files that there are: a chunk of a real one takes more than a few, in its index alone.
    length: Option<u64>,
    looked_at: u64,
    shown: u64,
}

/// Bytes of files for each chunk that is shown: what it takes in memory is some hundreds, whatever it is of.
const STORED: u64 = 128;

/// Chunks that are looked at for each that may be shown, of few and of many: that takes far less.
const LOOKS: u64 = 400;
const MOST_LOOKS: u64 = 50;

impl Budget {
    /// Shows `most` chunks at most, and fewer if the files are short: to begin with, the file itself.
    pub(super) fn new(most: u64, length: Option<u64>) -> Self {
        Self { most, length, looked_at: 0, shown: 0 }
    }

    /// Counts another file in.
    fn grow(&mut self, length: Option<u64>) {
        self.length = self.length.zip(length).map(|(all, more)| all.saturating_add(more));
    }

    fn to_show(&self) -> u64 {
        self.most.min(of_file(u64::MAX, self.length) / STORED)
    }

    fn look_at(&mut self, chunks: u64) -> Result<(), String> {
        self.looked_at = self.looked_at.saturating_add(chunks);
        let most = self.to_show().saturating_mul(LOOKS).min(self.most.saturating_mul(MOST_LOOKS));
        (self.looked_at <= most).then_some(()).ok_or_else(|| TOO_MANY.into())
    }

    fn show(&mut self) -> Result<(), String> {
        self.shown = self.shown.saturating_add(1);
        (self.shown <= self.to_show()).then_some(()).ok_or_else(|| TOO_MANY.into())
    }
}

const TOO_MANY: &str = "more chunks of other files than are followed";

/// The chunks of a virtual dataset.
///
/// # Errors
/// Why its sources' chunks are not its own.
pub(super) fn tiling(
    dataset: &Dataset,
    mapped: &Mapped<'_>,
    set: CodecSet,
    budget: &mut Budget,
    sources: &mut BTreeMap<Arc<str>, Arc<dyn crate::source::Source>>,
) -> Result<Tiling, String> {
    let mut common: Option<(Vec<u64>, Codecs)> = None;
    let mut tiles: Vec<Tile> = Vec::new();
    for shown in &mapped.shown {
        let called = || shown.source.shown();
        if let Some(file) = &shown.source.file
            && sources.insert(Arc::clone(&file.url), Arc::clone(&file.source)).is_none()
        {
            budget.grow(file.index.file_length);
        }
        budget.look_at(shown.source.chunks(mapped.own))?;
        let chunks = Chunks::of(shown, mapped, dataset, set)
            .map_err(|why| format!("{}: {why}", called()))?;
        let axes = Axes::of(shown, &chunks).map_err(|why| format!("{}: {why}", called()))?;
        let chunk_shape = axes.chunk_shape(&chunks, &mapped.shape).ok_or_else(|| {
            format!("{}: its chunks are not whole chunks of the virtual dataset", called())
        })?;
        let (shape, codecs) =
            common.get_or_insert_with(|| (chunk_shape.clone(), chunks.codecs.clone()));
        if *shape != chunk_shape || *codecs != chunks.codecs {
            return Err(format!(
                "{}: chunks of another shape, or other filters, than other sources",
                called()
            ));
        }
        if chunks.lacks_any && fill(chunks.dataset) != fill(dataset) {
            return Err(format!("{}: another fill value than the virtual dataset", called()));
        }
        let file = shown.source.file.as_ref().map(|file| &file.url);
        for chunk in &chunks.list {
            if let Some(offset) = axes.offset(chunk.offset()) {
                budget.show()?;
                tiles.push(Tile { offset, place: chunk.place(file) });
            }
        }
    }
    tiles.sort_by(|a, b| a.offset.cmp(&b.offset));
    if tiles.windows(2).any(|pair| pair[0].offset == pair[1].offset) {
        return Err("two of its mappings show the same chunk".into());
    }
    let (chunk_shape, codecs) =
        common.unwrap_or_else(|| (chunk_of_nothing(&mapped.shape), Codecs::default()));
    Ok(Tiling { chunk_shape, codecs, tiles })
}

/// The chunks of a source, as far as they may be shown.
struct Chunks<'a> {
    dataset: &'a Dataset,
    shape: Vec<u64>,
    codecs: Codecs,
    list: Vec<Chunk>,
    /// Whether any of them is nowhere, and reads as the fill value.
    lacks_any: bool,
    /// What is shown, counted from the first of these chunks.
    from: Vec<Line>,
}

/// A chunk, and where its bytes are.
enum Chunk {
    Stored(Vec<u64>, Range<u64>),
    Here(Vec<u64>, Bytes),
}

impl Chunk {
    fn offset(&self) -> &[u64] {
        match self {
            Self::Stored(offset, _) | Self::Here(offset, _) => offset,
        }
    }

    fn place(&self, file: Option<&Arc<str>>) -> Place {
        match (self, file) {
            (Self::Stored(_, range), None) => Place::Own(range.clone()),
            (Self::Stored(_, range), Some(file)) => Place::Other(Arc::clone(file), range.clone()),
            (Self::Here(_, bytes), _) => Place::Here(bytes.clone()),
        }
    }
}

impl<'a> Chunks<'a> {
    fn of(
        shown: &'a Shown,
        mapped: &Mapped<'a>,
        target: &Dataset,
        set: CodecSet,
    ) -> Result<Self, String> {
        let (file, object) = shown.source.get(mapped.own).ok_or("it is no longer there")?;
        let dataset = file.dataset;
        if let Some(error) = lost(file.problems, &object.path) {
            return Err(error.to_string());
        }
        match (&dataset.datatype, &target.datatype) {
            (Some(one), Some(other)) if same_type(one, other) => {}
            _ => return Err("another datatype than the virtual dataset".into()),
        }
        let shape = dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default();
        let length = file.index.file_length.unwrap_or(u64::MAX);
        let inside = |at: u64, size: u64| match at.checked_add(size) {
            Some(end) if end <= length => Ok(at..end),
            _ => Err(format!("bytes {at:#x} + {size} lie past the end of the file")),
        };
        match &dataset.storage {
            Storage::Compact { .. } | Storage::Contiguous { .. } => {
                let run = run(dataset, shape, &shown.from)?;
                let origin = vec![0; shape.len()];
                let list = match &dataset.storage {
                    Storage::Compact { data } => {
                        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                        let part = data.get(index(run.start)..index(run.end));
                        let part = part.ok_or("compact data that does not fit its shape")?;
                        vec![Chunk::Here(origin, Bytes::copy_from_slice(part))]
                    }
                    Storage::Contiguous { at: Some(at), size } if run.end <= *size => {
                        let start = at.0.saturating_add(run.start);
                        vec![Chunk::Stored(origin, inside(start, run.end - run.start)?)]
                    }
                    Storage::Contiguous { at: None, .. } => Vec::new(),
                    _ => return Err("fewer bytes are stored than its shape needs".into()),
                };
                let list = if run.is_empty() { Vec::new() } else { list };
                let shape: Vec<u64> = shown.from.iter().map(|line| line.length.max(1)).collect();
                let from = shown.from.iter().map(|line| Line::whole(line.length)).collect();
                let (codecs, lacks_any) = (Codecs::default(), list.is_empty());
                Ok(Self { dataset, shape, codecs, list, lacks_any, from })
            }
            Storage::Chunked { chunk_shape, chunks: Some(chunks), .. } => {
                let codecs = chunked_codecs(dataset, set)?;
                let whole = bytes(dataset, chunk_shape);
                let (mut list, mut there) = (Vec::new(), 0_u128);
                for chunk in chunks.iter().filter(|chunk| is_inside(chunk, shape)) {
                    there += 1;
                    let mut lines = shown.from.iter().zip(chunk.offset);
                    if lines.all(|(line, &at)| line.selects(at)) {
                        check_place(&chunk, chunk_shape)?;
                        codecs.check_size(&chunk, whole)?;
                        let range = inside(chunk.at.0, chunk.size)?;
                        list.push(Chunk::Stored(chunk.offset.to_vec(), range));
                    }
                }
                let lacks_any = grid(shape, chunk_shape).is_none_or(|all| there < all);
                let (shape, from) = (chunk_shape.clone(), shown.from.clone());
                Ok(Self { dataset, shape, codecs, list, lacks_any, from })
            }
            Storage::Virtual { .. } | Storage::External { .. } => {
                Err("its data is elsewhere in turn, where it is not followed".into())
            }
            _ => Err("its layout, or where its chunks are, could not be read".into()),
        }
    }
}

/// The bytes of a contiguous dataset that a selection is, if it is one run of them.
fn run(dataset: &Dataset, shape: &[u64], lines: &[Line]) -> Result<Range<u64>, String> {
    let whole = bytes(dataset, shape).ok_or("more bytes than can be counted")?;
    let mut size = bytes(dataset, &[]).unwrap_or(0);
    let (mut start, mut length) = (0_u64, size);
    let mut is_whole = true;
    for (line, &extent) in lines.iter().zip(shape).rev() {
        if !(line.is_run() && (is_whole || line.length <= 1)) {
            return Err("a part of a contiguous dataset that is not one run of its bytes".into());
        }
        is_whole = is_whole && line.length == extent;
        start = line.start().saturating_mul(size).saturating_add(start);
        (size, length) = (size.saturating_mul(extent), length.saturating_mul(line.length));
    }
    match start.checked_add(length) {
        Some(end) if end <= whole => Ok(start..end),
        _ => Err("a selection past its end".into()),
    }
}

/// Which dimension of a source is which of the virtual dataset. Dimensions of one element have no part in
/// it where the two have others: a row of a grid may be all of a line.
struct Axes<'a> {
    /// A dimension of the source and one of the virtual dataset.
    pairs: Vec<(usize, usize)>,
    from: &'a [Line],
    to: &'a [Line],
}

impl<'a> Axes<'a> {
    fn of(shown: &'a Shown, chunks: &'a Chunks<'_>) -> Result<Self, String> {
        let (from, to) = (&chunks.from[..], &shown.to[..]);
        let lengths = |lines: &[Line]| lines.iter().map(|line| line.length).collect::<Vec<_>>();
        let pairs = if lengths(from) == lengths(to) {
            (0..from.len()).map(|n| (n, n)).collect()
        } else {
            let wide = |lines: &[Line]| {
                let wide = lines.iter().enumerate().filter(|(_, line)| line.length != 1);
                wide.map(|(n, line)| (n, line.length)).collect::<Vec<_>>()
            };
            let (from, to) = (wide(from), wide(to));
            if !from.iter().map(|(_, n)| n).eq(to.iter().map(|(_, n)| n)) {
                return Err("it is shown in another shape".into());
            }
            from.iter().zip(&to).map(|((from, _), (to, _))| (*from, *to)).collect()
        };
        Ok(Self { pairs, from, to })
    }

    /// The shape that the source's chunks have in the virtual dataset, if they are chunks of it.
    fn chunk_shape(&self, chunks: &Chunks<'_>, extent: &[u64]) -> Option<Vec<u64>> {
        let mut shape = vec![1; extent.len()];
        for (n, &along) in chunks.shape.iter().enumerate() {
            match self.pairs.iter().find(|(from, _)| *from == n) {
                Some(&(_, to)) => {
                    if !aligned(self.from.get(n)?, self.to.get(to)?, along, *extent.get(to)?) {
                        return None;
                    }
                    *shape.get_mut(to)? = along;
                }
                None if along == 1 => {}
                None => return None,
            }
        }
        Some(shape)
    }

    /// Where a chunk of the source is shown, if it is.
    fn offset(&self, at: &[u64]) -> Option<Vec<u64>> {
        let mut offset: Vec<u64> = self.to.iter().map(Line::start).collect();
        for (n, (line, &at)) in self.from.iter().zip(at).enumerate() {
            match self.pairs.iter().find(|(from, _)| *from == n) {
                Some(&(_, to)) => *offset.get_mut(to)? = shown_at(line, self.to.get(to)?, at)?,
                None if at == line.start() => {}
                None => return None,
            }
        }
        Some(offset)
    }
}

fn chunk_of_nothing(shape: &[u64]) -> Vec<u64> {
    let mut left = CHUNK_OF_NOTHING;
    let mut chunk: Vec<u64> = Vec::with_capacity(shape.len());
    for &extent in shape.iter().rev() {
        let along = extent.clamp(1, left);
        left /= along;
        chunk.push(along);
    }
    chunk.reverse();
    chunk
}
