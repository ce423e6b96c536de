//! The mappings of a virtual dataset, resolved: which part of which dataset is shown where, and how large
//! the virtual dataset is with the sources that are there.
//!
//! As libhdf5 has it by default (`H5D_VDS_LAST_AVAILABLE`): an unlimited mapping reaches as far as its
//! source does, one of numbered blocks up to the first block without a source, and the virtual dataset
//! as far as the farthest of them. A source that is not there shows nothing.

use std::sync::Arc;

use h5meta::heap::virtual_dataset::Mapping;
use h5meta::message::Dataspace;
use h5meta::model::{Dataset, Index, Object, ObjectKind, Storage};
use h5meta::selection::{Selection, Span};
use h5meta::{Address, Problem};

use super::files::{Files, Hdf5};
use super::lines::{Line, selected};
use super::name::Name;
use super::object;

/// The file of the virtual dataset, and the dataset.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub(super) index: &'a Index,
    pub(super) problems: &'a [Problem],
    pub(super) dataset: &'a Dataset,
}

/// A virtual dataset with the sources that are there.
pub(super) struct Mapped<'a> {
    pub(super) own: Own<'a>,
    /// Elements along each dimension.
    pub(super) shape: Vec<u64>,
    pub(super) shown: Vec<Shown>,
}

/// A part of a source, and where it is shown: lines of as many elements, but for lines of one.
pub(super) struct Shown {
    pub(super) source: Source,
    pub(super) from: Vec<Line>,
    pub(super) to: Vec<Line>,
}

/// A source dataset that is there.
#[derive(Clone)]
pub(super) struct Source {
    /// `None` is the virtual dataset's own file.
    pub(super) file: Option<Arc<Hdf5>>,
    /// Its own. A path may be long, and many mappings may show parts of one dataset.
    at: Address,
}

impl Source {
    /// The dataset, with the file that it is in.
    pub(super) fn get<'a>(&'a self, own: Own<'a>) -> Option<(Own<'a>, &'a Object)> {
        let (index, problems) = match &self.file {
            Some(file) => (&file.index, &*file.problems),
            None => (own.index, own.problems),
        };
        let object = index.object_at(self.at)?;
        let ObjectKind::Dataset(dataset) = &object.kind else { return None };
        Some((Own { index, problems, dataset }, object))
    }

    /// How many chunks it has to look at.
    pub(super) fn chunks(&self, own: Own<'_>) -> u64 {
        match self.get(own).map(|(file, _)| &file.dataset.storage) {
            Some(Storage::Chunked { chunks: Some(chunks), .. }) => chunks.len() as u64,
            _ => 1,
        }
    }

    /// What to call it.
    pub(super) fn shown(&self, own: Own<'_>) -> String {
        let path = self.get(own).map_or("", |(_, object)| &object.path);
        match &self.file {
            Some(file) => format!("{path} in {}", file.url),
            None => path.to_owned(),
        }
    }
}

/// A side of a mapping, before the extent is known.
enum Side {
    All,
    Lines(Vec<Line>),
}

/// The mappings with their sources.
///
/// # Errors
/// Why they cannot be followed.
pub(super) async fn follow<'a>(
    own: Own<'a>,
    mappings: &[Mapping],
    files: &mut Files<'_>,
) -> Result<Mapped<'a>, String> {
    let stored = own.dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default();
    let named = mappings.iter().map(Named::of).collect::<Result<Vec<_>, String>>()?;
    // Of numbered files the first has to be there; where they end is for the others to say.
    let fixed = named.iter().map(|named| named.file.of_block(0));
    let others: Vec<String> = fixed.filter(|name| !files.is_own(name)).collect();
    files.read_all(&others).await;

    let mut extent =
        Extent { stored, least: vec![0; stored.len()], found: vec![None; stored.len()] };
    let mut parts: Vec<(Source, Vec<Line>, Side)> = Vec::new();
    for named in &named {
        let Mapping { source: from, target: to, .. } = named.mapping;
        if matches!((from, to), (Selection::None, _) | (_, Selection::None)) {
            continue;
        }
        let (from, to) = (spans(from)?, spans(to)?);
        extent.at_least(to.as_deref())?;
        match (unlimited(to.as_deref())?, unlimited(from.as_deref())?, named.of_blocks) {
            (None, None, false) => {
                let Some((source, shape)) = named.source(0, own, files).await? else { continue };
                parts.push((source, from_lines(from.as_deref(), &shape, None)?, side(to, None)?));
            }
            (Some(dim), Some(from_dim), false) => {
                extent.reaches(dim, 0);
                let Some((source, shape)) = named.source(0, own, files).await? else { continue };
                let (Some(from), Some(to)) = (from, to) else { continue };
                let reach = shape.get(from_dim).copied().unwrap_or(0);
                let length = from.get(from_dim).map_or(0, |span| selected(span, reach));
                let from = from_lines(Some(&from), &shape, Some((from_dim, length)))?;
                let to = lines(&to, Some((dim, length)))?;
                extent.reaches(dim, to.get(dim).and_then(Line::end).unwrap_or(0));
                parts.push((source, from, Side::Lines(to)));
            }
            (Some(dim), None, true) => {
                extent.reaches(dim, 0);
                let Some(to) = to else { continue };
                for block in 0.. {
                    // Each mapping may have a block for each dataset.
                    files.budget.find(to.len(), named.length())?;
                    let Some((source, shape)) = named.source(block, own, files).await? else {
                        break;
                    };
                    let to = block_lines(&to, dim, block)?;
                    extent.reaches(dim, to.get(dim).and_then(Line::end).unwrap_or(0));
                    parts.push((
                        source,
                        from_lines(from.as_deref(), &shape, None)?,
                        Side::Lines(to),
                    ));
                }
            }
            _ => return Err("a mapping whose selections and names do not go together".into()),
        }
    }
    let shape = extent.shape();
    let mut shown = Vec::with_capacity(parts.len());
    for (source, from, to) in parts {
        let to = match to {
            Side::All => shape.iter().map(|&extent| Line::whole(extent)).collect(),
            Side::Lines(lines) => lines,
        };
        check_inside(&to, &shape, "a mapping reaches out of the virtual dataset")?;
        let is_empty = |lines: &[Line]| lines.iter().any(|line| line.length == 0);
        // What shows nothing need not go with the others.
        if !(is_empty(&from) && is_empty(&to)) {
            shown.push(Shown { source, from, to });
        }
    }
    Ok(Mapped { own, shape, shown })
}

/// A mapping with its names.
struct Named<'a> {
    mapping: &'a Mapping,
    file: Name,
    dataset: Name,
    of_blocks: bool,
}

impl<'a> Named<'a> {
    fn of(mapping: &'a Mapping) -> Result<Self, String> {
        let file = Name::parse(&mapping.source_file)?;
        let dataset = Name::parse(&mapping.source_dataset)?;
        let of_blocks = file.is_of_blocks() || dataset.is_of_blocks();
        Ok(Self { mapping, file, dataset, of_blocks })
    }

    /// Bytes of the names.
    fn length(&self) -> usize {
        self.mapping.source_file.len().saturating_add(self.mapping.source_dataset.len())
    }

    /// The source of a block, if it is there, and its shape.
    async fn source(
        &self,
        block: u64,
        own: Own<'_>,
        files: &mut Files<'_>,
    ) -> Result<Option<(Source, Vec<u64>)>, String> {
        let (name, path) = (self.file.of_block(block), self.dataset.of_block(block));
        let file = match files.is_own(&name) {
            true => None,
            false => match files.hdf5(&name).await? {
                Some(file) => Some(file),
                None => return Ok(None),
            },
        };
        let index = file.as_ref().map_or(own.index, |file| &file.index);
        let found = object::dataset(index, &path, &mut files.resolver);
        let found = found.map_err(|why| format!("{name}: {why}"))?;
        let Some((object, dataset)) = found else { return Ok(None) };
        let shape = dataset.dataspace.as_ref().map(Dataspace::shape).unwrap_or_default().to_vec();
        let at = object.address;
        Ok(Some((Source { file, at }, shape)))
    }
}

/// How far a virtual dataset reaches.
struct Extent<'a> {
    stored: &'a [u64],
    /// What limited selections need.
    least: Vec<u64>,
    /// What unlimited ones find.
    found: Vec<Option<u64>>,
}

impl Extent<'_> {
    fn at_least(&mut self, spans: Option<&[Span]>) -> Result<(), String> {
        let Some(spans) = spans else { return Ok(()) };
        if spans.len() != self.stored.len() {
            return Err("a mapping of another number of dimensions than the virtual dataset".into());
        }
        for (least, span) in
            self.least.iter_mut().zip(spans).filter(|(_, span)| !span.is_unlimited())
        {
            let line = Line::of(span, None).ok_or(BEYOND)?;
            *least = (*least).max(line.end().unwrap_or(0));
        }
        Ok(())
    }

    fn reaches(&mut self, dim: usize, end: u64) {
        if let Some(found) = self.found.get_mut(dim) {
            *found = Some(found.unwrap_or(0).max(end));
        }
    }

    fn shape(&self) -> Vec<u64> {
        let dims = self.stored.iter().zip(&self.least).zip(&self.found);
        dims.map(|((&stored, &least), found)| found.map_or(stored, |found| found.max(least)))
            .collect()
    }
}

const BEYOND: &str = "a selection beyond all numbers";

/// A selection's spans; `None` is all.
fn spans(selection: &Selection) -> Result<Option<Vec<Span>>, String> {
    match selection {
        Selection::All => Ok(None),
        Selection::Points(_) => Err("a mapping of single points".into()),
        other => other.spans().map(Some).ok_or_else(|| "a mapping of several boxes".into()),
    }
}

/// The dimension along which a selection is unlimited, if it is along one.
fn unlimited(spans: Option<&[Span]>) -> Result<Option<usize>, String> {
    let mut unlimited =
        spans.unwrap_or_default().iter().enumerate().filter(|(_, span)| span.is_unlimited());
    let first = unlimited.next().map(|(dim, _)| dim);
    match unlimited.next() {
        None => Ok(first),
        Some(_) => Err("a mapping that is unlimited along two dimensions".into()),
    }
}

/// The lines of a selection of a source, which must be inside it.
fn from_lines(
    spans: Option<&[Span]>,
    shape: &[u64],
    unlimited: Option<(usize, u64)>,
) -> Result<Vec<Line>, String> {
    let Some(spans) = spans else {
        return Ok(shape.iter().map(|&extent| Line::whole(extent)).collect());
    };
    if spans.len() != shape.len() {
        return Err("a mapping of another number of dimensions than its source".into());
    }
    let lines = lines(spans, unlimited)?;
    check_inside(&lines, shape, "a mapping reaches out of its source")?;
    Ok(lines)
}

/// The lines of a selection; along the unlimited dimension of so many elements.
fn lines(spans: &[Span], unlimited: Option<(usize, u64)>) -> Result<Vec<Line>, String> {
    let line = |(dim, span): (usize, &Span)| {
        let length = unlimited.filter(|(unlimited, _)| *unlimited == dim).map(|(_, length)| length);
        Line::of(span, length).ok_or_else(|| BEYOND.to_owned())
    };
    spans.iter().enumerate().map(line).collect()
}

/// The lines of one block of a selection that is unlimited along `dim`.
fn block_lines(spans: &[Span], dim: usize, block: u64) -> Result<Vec<Line>, String> {
    let line = |(n, span): (usize, &Span)| {
        let line = if n == dim { Line::of_block(span, block) } else { Line::of(span, None) };
        line.ok_or_else(|| BEYOND.to_owned())
    };
    spans.iter().enumerate().map(line).collect()
}

fn side(spans: Option<Vec<Span>>, unlimited: Option<(usize, u64)>) -> Result<Side, String> {
    spans.map_or(Ok(Side::All), |spans| lines(&spans, unlimited).map(Side::Lines))
}

fn check_inside(lines: &[Line], shape: &[u64], why: &str) -> Result<(), String> {
    let mut ends = lines.iter().map(Line::end).zip(shape);
    match ends.all(|(end, extent)| end.is_some_and(|end| end <= *extent)) {
        true => Ok(()),
        false => Err(why.into()),
    }
}
