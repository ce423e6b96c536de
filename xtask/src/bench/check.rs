//! Whether what a row made is right: the same byte ranges for every dataset, whoever found them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use h5meta::model::Storage;
use h5refs::fetch::Counters;
use h5refs::sidecar;
use h5refs::source::{Opener, SourceOptions};
use h5refs::verify::{self, verify};
use h5sidecar::human::{count, plural};
use serde_json::Value;

/// Start and length, in bytes.
type Range = (u64, u64);

/// The chunks of a file: by dataset, their ranges in order.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    chunked: BTreeMap<String, Vec<Range>>,
    /// Datasets of one run of bytes, which not everyone lists.
    contiguous: BTreeMap<String, Vec<Range>>,
}

/// What a row found.
#[derive(Debug, Default)]
struct Found {
    ranges: BTreeMap<String, Vec<Range>>,
    /// Chunks that are in the sidecar themselves, so that nobody can see where they were.
    inlined: BTreeMap<String, usize>,
}

impl Chunks {
    /// As our reader finds them, and with it every sidecar that is checked against its file.
    pub(crate) async fn of(file: &Path) -> anyhow::Result<Self> {
        let opener = Opener::new(SourceOptions::default());
        let source = opener.open(&file.display().to_string()).await?;
        let (options, counters) = (sidecar::Options::default(), Counters::default());
        let (index, problems) = sidecar::index(&*source, &options, &counters).await?;
        ensure!(problems.is_empty(), "{}: {problems:?}", file.display());
        let mut all = Self::default();
        for (object, dataset) in index.datasets() {
            let path = object.path.clone();
            match &dataset.storage {
                Storage::Chunked { chunks: Some(chunks), .. } => {
                    let mut ranges: Vec<Range> =
                        chunks.iter().map(|chunk| (chunk.at.0, chunk.size)).collect();
                    ranges.sort_unstable();
                    all.chunked.insert(path, ranges);
                }
                Storage::Contiguous { at: Some(at), size } => {
                    all.contiguous.insert(path, vec![(at.0, *size)]);
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// The chunked datasets, with their ranges.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Vec<Range>)> {
        self.chunked.iter()
    }

    /// Whether a list of chunks is right: a line for each, of path, offset and size.
    pub(crate) fn check_list(&self, list: &Path) -> anyhow::Result<String> {
        let mut found = Found::default();
        for line in std::fs::read_to_string(list)?.lines() {
            let mut fields = line.split('\t');
            let mut field = || fields.next().with_context(|| format!("{line}: too short"));
            let (path, offset, size) = (field()?, field()?.parse()?, field()?.parse()?);
            found.ranges.entry(path.to_owned()).or_default().push((offset, size));
        }
        self.same(found)
    }

    /// Whether kerchunk's references are right, whoever made them.
    pub(crate) fn check_references(&self, sidecar: &Path) -> anyhow::Result<String> {
        let document: Value = serde_json::from_slice(&std::fs::read(sidecar)?)?;
        let mut found = Found::default();
        for (key, reference) in document["refs"].as_object().context("no refs")? {
            let Some((path, name)) = key.rsplit_once('/') else { continue };
            if name.starts_with(".z") {
                continue;
            }
            let path = format!("/{path}");
            match reference.as_array().map(Vec::as_slice) {
                Some([_, offset, size]) => {
                    let range = offset.as_u64().zip(size.as_u64()).context("no numbers")?;
                    found.ranges.entry(path).or_default().push(range);
                }
                Some(_) => bail!("{key}: the whole file"),
                None => *found.inlined.entry(path).or_default() += 1,
            }
        }
        self.same(found)
    }

    fn same(&self, mut found: Found) -> anyhow::Result<String> {
        let inlined: usize = found.inlined.values().sum();
        for (path, expected) in &self.chunked {
            let mut ranges = found.ranges.remove(path).unwrap_or_default();
            let unseen = found.inlined.remove(path).unwrap_or_default();
            ranges.sort_unstable();
            let wrong = ranges.iter().find(|range| expected.binary_search(range).is_err());
            if let Some((offset, size)) = wrong {
                bail!("{path}: no chunk has {size} bytes at {offset}");
            }
            let all = ranges.len() + unseen;
            ranges.dedup();
            if all != expected.len() || ranges.len() + unseen != all {
                bail!("{path}: {all} chunks in place of {}", expected.len());
            }
        }
        for (path, ranges) in &found.ranges {
            if self.contiguous.get(path) != Some(ranges) {
                bail!("{path}: it is not at {ranges:?}");
            }
        }
        let chunks: usize = self.chunked.values().map(Vec::len).sum();
        let chunks = u64::try_from(chunks)?;
        let inlined = match inlined {
            0 => String::new(),
            inlined => format!(", {} inlined", count(u64::try_from(inlined)?)),
        };
        let datasets = plural(self.chunked.len() as u64, "dataset");
        Ok(format!("the {} of {datasets}{inlined}", plural(chunks, "chunk")))
    }
}

/// Whether a sidecar fits its file, as `h5sidecar verify` has it.
pub(crate) async fn check_sidecar(sidecar: &Path, file: &Path) -> anyhow::Result<String> {
    let opener = Opener::new(SourceOptions::default());
    let mut options = verify::Options::default();
    options.file = Some(file.display().to_string());
    let place = sidecar.display().to_string();
    let verified = verify(&place, &opener, &options, &Counters::default()).await?;
    if let Some(fault) = verified.faults.first() {
        bail!("{}: {}: {}", plural(verified.faults.len() as u64, "fault"), fault.key, fault.reason);
    }
    Ok(format!("verified, {} decoded", plural(verified.decoded, "chunk")))
}
