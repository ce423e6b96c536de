//! Data in other files, followed: the files that external storage and virtual datasets name are opened,
//! and their chunks become chunks of the dataset.
//!
//! | file | what |
//! |---|---|
//! | `name` | where the name of another file leads |
//! | `place` | where other files may be |
//! | `files` | the other files, each opened once |
//! | `object` | a dataset of another file by its path |
//! | `external` | runs of bytes as chunks |
//! | `budget` | what all that may cost |
//! | `lines` | selections along one dimension |
//! | `mapped` | the mappings of a virtual dataset, with the extent that they give it |
//! | `tiles` | the chunks that mappings show |
//!
//! A dataset is followed if all of it can be said exactly: where chunks do not align, or sources differ,
//! it is reported with the reason. External links are never followed, nor virtual datasets of virtual
//! datasets.

mod budget;
mod external;
mod files;
mod lines;
mod mapped;
mod name;
mod object;
mod place;
mod tiles;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use h5meta::Problem;
use h5meta::message::Dataspace;
use h5meta::model::{Dataset, Index, ObjectKind, Storage};

use self::files::Files;
use crate::error::Result;
use crate::fetch::{self, Counters, Reading};
use crate::kerchunk::{CodecSet, Tiling, Tilings};
use crate::limits::Room;
use crate::source::{Opener, Source};

/// Whether other files are opened, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Follow {
    /// Opens them.
    pub opener: Arc<Opener>,
    /// Files that one file may lead to. Default 1000.
    pub max_files: u64,
    /// Where they may be beside below the directory of the file itself: directories, and, for remote files, URLs
    /// that theirs begin with, of the same store.
    pub below: Vec<String>,
    /// Chunks of them that it may show, and fewer of short files. Default 20 million.
    pub max_chunks: u64,
}

impl Follow {
    /// Follows with this opener.
    #[must_use]
    pub fn new(opener: Arc<Opener>) -> Self {
        Self { opener, max_files: 1000, below: Vec::new(), max_chunks: 20_000_000 }
    }
}

/// Another file that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct FollowedFile {
    /// Where.
    pub file: String,
    /// Whether it is there and could be read. What a missing file would show reads as fill values.
    pub found: bool,
    /// Why it could not be read, though it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What following came to.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) tilings: Tilings,
    pub(crate) files: Vec<FollowedFile>,
    /// By what references call them.
    pub(crate) sources: BTreeMap<Arc<str>, Arc<dyn Source>>,
    /// What room is left in the sidecar.
    pub(crate) room: Room,
}

impl Followed {
    /// Nothing is followed.
    pub(crate) fn nothing(index: &Index) -> Self {
        Self {
            tilings: Tilings::new(),
            files: Vec::new(),
            sources: BTreeMap::new(),
            room: Room::of_file(index.file_length),
        }
    }

    /// Reads ranges of several files, by what references call them.
    ///
    /// # Errors
    /// The storage errors of their sources.
    pub(crate) async fn read(
        &self,
        ranges: BTreeMap<Arc<str>, Vec<Range<u64>>>,
        origin: Origin<'_>,
    ) -> Result<Vec<(Arc<str>, Vec<Bytes>)>> {
        let Origin { reading, counters, .. } = origin;
        let reads = ranges.into_iter().filter_map(|(file, ranges)| {
            let source = Arc::clone(self.sources.get(&file)?);
            Some(async move {
                let chunks =
                    fetch::read_ranges(&*source, &ranges, reading.policy, counters).await?;
                Ok((file, chunks))
            })
        });
        futures::stream::iter(reads).buffered(files::AT_ONCE).try_collect().await
    }
}

/// What following needs to know of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) location: &'a str,
    /// What references call it.
    pub(crate) url: &'a str,
    pub(crate) reading: Reading<'a>,
    pub(crate) counters: &'a Counters,
    pub(crate) codecs: CodecSet,
}

/// Follows every dataset whose data is in other files. Virtual datasets get the extent that their sources
/// give them.
///
/// # Errors
/// `Changed` if one of the other files changed while it was read.
pub(crate) async fn follow(
    index: &mut Index,
    problems: &[Problem],
    origin: Origin<'_>,
    follow: &Follow,
) -> Result<Followed> {
    let Origin { location, url, reading, counters, codecs } = origin;
    let mut files = Files::new(follow, location, url, reading, counters);
    let mut followed = Followed::nothing(index);
    files.budget.read(index.file_length);
    let mut extents = Vec::new();
    for (n, object) in index.objects.iter().enumerate() {
        let ObjectKind::Dataset(dataset) = &object.kind else { continue };
        let tiling = match &dataset.storage {
            Storage::External { files: runs } => {
                external::tiling(dataset, runs, &mut files, &mut followed.sources).await
            }
            Storage::Virtual { mappings: Some(mappings) } => {
                let own = mapped::Own { index, problems, dataset };
                match mapped::follow(own, mappings, &mut files).await {
                    Ok(mapped) => {
                        extents.push((n, mapped.shape.clone()));
                        let (budget, sources) = (&mut files.budget, &mut followed.sources);
                        tiles::tiling(dataset, &mapped, codecs, budget, sources)
                    }
                    Err(why) => Err(why),
                }
            }
            _ => continue,
        };
        followed.tilings.insert(object.path.clone(), tiling);
    }
    for (n, extent) in extents {
        if let Some(ObjectKind::Dataset(dataset)) =
            index.objects.get_mut(n).map(|object| &mut object.kind)
        {
            set_extent(dataset, extent);
        }
    }
    if let Some(changed) = files.changed() {
        return Err(changed);
    }
    followed.files = files.report();
    followed.room = files.budget.room();
    Ok(followed)
}

fn set_extent(dataset: &mut Dataset, extent: Vec<u64>) {
    if let Some(Dataspace::Simple { shape, .. }) = &mut dataset.dataspace {
        *shape = extent;
    }
}

/// Bytes of a dataset's elements of this shape.
fn bytes(dataset: &Dataset, shape: &[u64]) -> Option<u64> {
    let size = dataset.datatype.as_ref()?.size;
    shape.iter().try_fold(u64::from(size), |product, &n| product.checked_mul(n))
}

/// The chunks of a dataset without filters.
fn unfiltered(chunk_shape: Vec<u64>, tiles: Vec<crate::kerchunk::Tile>) -> Tiling {
    Tiling { chunk_shape, codecs: crate::kerchunk::Codecs::default(), tiles }
}
